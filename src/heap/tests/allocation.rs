//! Allocating, and the size of the heap.

use super::*;

#[test]
fn allocation_tells_collect_or_grow_from_never() {
    on_each_collector(|mut f| {
        let largest = f.heap.largest_object();
        assert_eq!(f.try_allocate(f.pair, largest + 1), Allocation::Never);
        assert_eq!(f.try_allocate(f.pair, u64::MAX), Allocation::Never);
        let expected = Allocation::CollectOrGrow { bytes: largest };
        assert_eq!(f.try_allocate(f.pair, largest - 7), expected);
        f.heap.grow(&f.mutator, largest).unwrap();
        assert_eq!(f.heap.committed_bytes(), f.heap.limit_bytes());
        assert!(matches!(
            f.try_allocate(f.pair, largest),
            Allocation::Done(_)
        ));
        let refused = Error::HeapLimit {
            requested: 8,
            limit: f.heap.limit_bytes(),
        };
        assert_eq!(f.heap.grow(&f.mutator, 8), Err(refused));
    });
}

#[test]
fn an_uninitialised_object_is_given_back() {
    on_each_collector(|mut f| {
        let first = f.allocate(f.pair, PAIR_BYTES);
        let second = f.allocate(f.pair, PAIR_BYTES);
        // The first object is not the newest. It becomes a free block, which walks skip.
        f.heap.deallocate_uninit(&f.mutator, first, PAIR_BYTES);
        assert_eq!(f.verify().unwrap(), 1);
        // The second object is the newest. Its memory is used again at once.
        f.heap.deallocate_uninit(&f.mutator, second, PAIR_BYTES);
        assert_eq!(f.verify().unwrap(), 0);
        assert_eq!(f.allocate(f.pair, PAIR_BYTES), second);
    });
}

#[test]
fn a_reset_heap_is_empty_and_new_objects_are_zeros() {
    on_each_collector(|mut f| {
        let object = f.new_pair(GcRef::NULL, GcRef::NULL, 5);
        f.collect();
        f.heap.reset();
        f.heap.open(&f.mutator);
        assert_eq!(
            (f.mutator.bump.used_bytes(), f.mutator.bump.objects()),
            (0, 0)
        );
        assert_eq!(f.verify().unwrap(), 0);
        let again = f.allocate(f.pair, PAIR_BYTES);
        assert_eq!(f.get(again, PAIR_NUMBER), 0);
        let _ = object;
    });
}

#[test]
fn the_heap_shrinks_when_little_survives() {
    on_each_collector_with_limit(64 << 20, |mut f| {
        for number in 0..500_000 {
            f.new_pair(GcRef::NULL, GcRef::NULL, number);
        }
        let before = f.heap.committed_bytes();
        assert!(before >= 500_000 * PAIR_BYTES);
        if f.collect().is_some() {
            assert!(f.heap.committed_bytes() < before / 8);
            // The heap grows again.
            for number in 0..500_000 {
                f.new_pair(GcRef::NULL, GcRef::NULL, number);
            }
        }
    });
}
