//! Minor collections of a heap with a nursery.

use super::*;

/// Calls `test` on a heap with a nursery.
fn on_a_nursery(test: impl Fn(Fixture)) {
    on_collector(collectors::GENERATIONAL, u64::MAX, 64 << 20, |mut f| {
        // The first heap is too small for a nursery.
        f.collect().unwrap().unwrap();
        let budget = &mut Budget::unlimited();
        f.heap.set_headroom(&f.mutator, 1 << 20, true, budget);
        test(f);
    });
}

impl Fixture {
    /// Runs a minor collection.
    fn collect_young(&mut self) -> Result<CollectionStats> {
        let (heap, mutator) = (&mut *self.heap, &self.mutator);
        let kind = heap.collection_kind(mutator, CollectionKind::Minor);
        assert_eq!(kind, CollectionKind::Minor, "there are young objects");
        let mut gc = GarbageCollection::begin(heap, mutator, kind)?.unwrap();
        assert_eq!(self.run_step(&mut gc, u64::MAX)?, Progress::Complete);
        Ok(gc.stats())
    }

    /// Makes an old array of references, which is rooted, and a young pair that it refers to.
    fn old_array_and_young_pair(&mut self) -> (GcRef, GcRef) {
        let array = self.new_array(self.references, 2, 4);
        let root = self.root(array);
        self.new_pair(GcRef::NULL, GcRef::NULL, 0);
        self.collect_young().unwrap();
        let array = self.rooted(root);
        let pair = self.new_pair(GcRef::NULL, GcRef::NULL, 7);
        self.set_reference(array, ARRAY_ELEMENTS, pair);
        (array, pair)
    }
}

#[test]
fn young_objects_move_once_and_old_ones_stay() {
    on_a_nursery(|mut f| {
        let (array, pair) = f.old_array_and_young_pair();
        (0..100).for_each(|_| {
            f.new_pair(GcRef::NULL, GcRef::NULL, 1);
        });
        let stats = f.collect_young().unwrap();
        assert_eq!((stats.objects, stats.moved_bytes), (2, PAIR_BYTES));
        assert_eq!(f.mutator.bump.objects(), 2);
        let moved = f.reference(array, ARRAY_ELEMENTS);
        assert!(moved != pair && f.get(moved, PAIR_NUMBER) == 7);
        assert_eq!(f.verify().unwrap(), 2);
        f.new_pair(GcRef::NULL, GcRef::NULL, 1);
        assert_eq!(f.collect_young().unwrap().moved_bytes, 0);
        assert_eq!(f.reference(array, ARRAY_ELEMENTS), moved);
    });
}

#[test]
fn the_room_of_a_long_list_is_not_needed_twice() {
    on_a_nursery(|mut f| {
        let root = f.root(GcRef::NULL);
        for number in 0..1000 {
            let next = f.new_pair(f.rooted(root), GcRef::NULL, number);
            f.roots[root].reference.set(next.raw());
        }
        f.collect_young().unwrap();
        let mut pair = f.rooted(root);
        for number in (0..1000).rev() {
            assert_eq!(f.get(pair, PAIR_NUMBER), number);
            pair = f.reference(pair, 8);
        }
        assert!(pair.is_null());
        assert_eq!(f.verify().unwrap(), 1000);
    });
}

#[test]
fn a_reference_that_nothing_remembers_is_found() {
    on_a_nursery(|mut f| {
        let (array, pair) = f.old_array_and_young_pair();
        f.collect_young().unwrap();
        let pair = f.new_pair(pair, GcRef::NULL, 0);
        // Without the barrier.
        f.set(array, ARRAY_ELEMENTS + 4, pair.raw());
        assert!(matches!(f.collect_young(), Err(Error::Internal { .. })));
    });
}

#[test]
fn a_minor_collection_finds_overwritten_young_objects() {
    let spoils: [fn(&Fixture, GcRef); 5] = [
        |f, pair| f.set(pair, 4, 77),
        |f, pair| f.set(pair, 0, 0),
        |f, pair| f.set(pair, 0, Kind::Free as u32),
        // Forwarded to nowhere.
        |f, pair| f.set(pair, 0, 1 << 31),
        |f, pair| {
            let region = f.heap.region();
            let (bits, length) = (f.bytes.bits(), u32::MAX);
            region.store_u64(pair.offset(), bits).unwrap();
            f.set(pair, ARRAY_LENGTH, length);
        },
    ];
    for spoil in spoils {
        on_a_nursery(|mut f| {
            let (_, pair) = f.old_array_and_young_pair();
            spoil(&f, pair);
            assert!(matches!(f.collect_young(), Err(Error::Internal { .. })));
        });
    }
}

#[test]
fn a_minor_collection_refuses_references_to_unused_memory() {
    on_a_nursery(|mut f| {
        let (array, pair) = f.old_array_and_young_pair();
        let unused = GcRef::from_offset(f.mutator.bump.next() + 8);
        assert!(unused != pair);
        f.set(array, ARRAY_ELEMENTS, unused.raw());
        assert!(matches!(f.collect_young(), Err(Error::Internal { .. })));
    });
}
