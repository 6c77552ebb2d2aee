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
            (Barrier::young(start, end), [true, false, false, false]),
            // The holder is young itself.
            (Barrier::young(holder.offset(), end), [false; 4]),
            (Barrier::young(end, HEAP_MAX), [false; 4]),
            (Barrier::SLOW, [true; 4]),
        ] {
            f.mutator.set_barrier(barrier);
            for (value, slow) in [young, old, GcRef::NULL, odd].into_iter().zip(slow) {
                f.set(holder, 8, GcRef::NULL.raw());
                let at = holder.offset() + 8;
                let written = f
                    .mutator
                    .write_gc_ref(FastPath::InLine, holder.offset(), at, value);
                assert_eq!(written.is_none(), slow, "{barrier:?}, {value:?}");
                let now = if slow { GcRef::NULL } else { value };
                assert_eq!(f.reference(holder, 8), now);
            }
        }
        f.set(holder, 8, GcRef::NULL.raw());
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
