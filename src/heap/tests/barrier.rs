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
        let first = u64::from(young.raw());
        for (barrier, slow) in [
            (Barrier::NONE, [false; 4]),
            (Barrier::slow_for(first, 1), [true, false, false, false]),
            (
                Barrier::slow_for(first, 1 << 32),
                [true, false, false, true],
            ),
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
