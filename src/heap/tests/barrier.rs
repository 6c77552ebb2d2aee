//! The write barrier.

use super::*;

#[test]
fn the_slow_barrier_of_a_tracing_collector_changes_the_slot_alone() {
    on_each_collector(|mut f| {
        let (a, b) = (
            f.allocate(f.pair, PAIR_BYTES),
            f.allocate(f.pair, PAIR_BYTES),
        );
        f.set_reference(a, 8, b);
        assert_eq!(f.reference(a, 8), b);
        assert_eq!(f.reference(a, 12), GcRef::NULL);
        assert_eq!(f.verify().unwrap(), 2);
    });
}

#[test]
fn a_descriptor_sends_the_values_of_its_interval_to_the_slow_barrier() {
    on_each_collector(|mut f| {
        let (holder, young) = (
            f.allocate(f.pair, PAIR_BYTES),
            f.allocate(f.pair, PAIR_BYTES),
        );
        let (old, odd) = (holder, GcRef::from_raw(u32::MAX));
        let (start, end) = (young.offset(), young.offset() + PAIR_BYTES);
        for (barrier, slow) in [
            (Barrier::NONE, [false; 4]),
            (Barrier::young(start, end, end), [true, false, false, false]),
            // A young large object.
            (
                Barrier::young(start, start, end),
                [true, false, false, false],
            ),
            // The holder is young itself.
            (Barrier::young(holder.offset(), end, end), [false; 4]),
            (Barrier::young(end, HEAP_MAX, HEAP_MAX), [false; 4]),
            (Barrier::SLOW, [true; 4]),
        ] {
            f.mutator.set_barrier(barrier);
            for (value, slow) in [young, old, GcRef::NULL, odd].into_iter().zip(slow) {
                f.set(holder, 8, GcRef::NULL.raw());
                let at = holder.offset() + 8;
                let written = f
                    .mutator
                    .write_gc_ref(FastPath::Leaf, holder.offset(), at, value);
                assert_eq!(written.is_none(), slow, "{barrier:?}, {value:?}");
                let now = if slow { GcRef::NULL } else { value };
                assert_eq!(f.reference(holder, 8), now);
            }
        }
        f.set(holder, 8, GcRef::NULL.raw());
    });
}

#[test]
fn an_object_is_logged_once_and_a_long_array_by_slot() {
    on_each_collector(|mut f| {
        let holder = f.allocate(f.pair, PAIR_BYTES);
        let array = f.new_array(f.references, LONG_ARRAY + 1, 4);
        let young = f.allocate(f.pair, PAIR_BYTES);
        let (at, element) = (holder.offset() + 8, array.offset() + ARRAY_ELEMENTS);
        f.mutator
            .set_barrier(Barrier::young(young.offset(), young.offset() + 8, HEAP_MAX));
        let store = |holder: GcRef, at| {
            f.mutator
                .write_gc_ref(FastPath::InLine, holder.offset(), at, young)
        };
        for _ in 0..100 {
            assert!(store(holder, at).is_some() && store(holder, at + 4).is_some());
        }
        assert!(store(array, element).is_some());
        assert_eq!(f.reference(holder, 8), young);
        let logged: Vec<Logged> = f.mutator.log.take().collect();
        let expected = [Logged::Object(holder.offset()), Logged::Slot(element)];
        assert_eq!(logged, expected);
        // The log is full after some stores, and takes the others once it was emptied.
        let full = (0..1000).position(|_| store(array, element).is_none());
        assert!(full.is_some());
        f.mutator.log.take().for_each(drop);
        assert!(store(array, element).is_some());
        let header = ObjectHeader::from_bits(f.heap.region().load_u64(holder.offset()).unwrap());
        assert!(header.is_remembered());
        let region = f.heap.region();
        region
            .store_u64(holder.offset(), header.remembered(false).bits())
            .unwrap();
        f.set(holder, 8, 0);
        f.set(holder, 12, 0);
        f.set(array, ARRAY_ELEMENTS, 0);
    });
}

#[test]
fn a_collection_finds_each_reference_that_bypassed_the_barrier() {
    // Objects of each form: alive and dead, the first and the last of the heap, and elements in
    // each chunk of an array.
    let length = (3 * ARRAY_CHUNK / 4) as u32;
    let last_element = ARRAY_ELEMENTS + 4 * u64::from(length - 1);
    for (object, at) in [
        (0, 8),
        (0, 12),
        (1, 8),
        (2, ARRAY_ELEMENTS),
        (2, 2 * ARRAY_CHUNK),
        (2, last_element),
        (3, 12),
    ] {
        for step in STEPS {
            on_collector(collectors::CHECK, step, 1 << 20, |mut f| {
                let objects = [
                    f.new_pair(GcRef::NULL, GcRef::NULL, 1),
                    f.new_pair(GcRef::NULL, GcRef::NULL, 2),
                    f.new_array(f.references, length, 4),
                    f.new_pair(GcRef::NULL, GcRef::NULL, 3),
                ];
                f.root(objects[0]);
                f.root(objects[2]);
                f.set(objects[object], at, objects[0].raw());
                let found = f.collect().unwrap().unwrap_err();
                let text = "a reference that was stored without a barrier";
                assert!(found.to_string().contains(text), "{found}");
            });
        }
    }
}
