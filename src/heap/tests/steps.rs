//! Collections that are abandoned, interrupted or refused.

use super::*;

#[test]
fn a_collection_without_a_step_leaves_the_heap_as_it_was() {
    on_each_collector(|mut f| {
        let pair = f.new_pair(GcRef::NULL, GcRef::NULL, 1);
        let kept = f.new_pair(pair, GcRef::NULL, 2);
        let root = f.root(kept);
        f.new_pair(kept, GcRef::NULL, 3);
        let Some(gc) = f.begin() else {
            return assert!(!f.collects);
        };
        assert!(gc.may_be_abandoned());
        assert_eq!(f.verify().unwrap(), 3);
        assert_eq!(
            (f.mutator.bump.objects(), f.mutator.bump.used_bytes()),
            (3, 3 * PAIR_BYTES)
        );
        // The abandoned collection does not hinder allocation, nor a later collection.
        let pair = f.new_pair(f.rooted(root), GcRef::NULL, 4);
        f.root(pair);
        assert_eq!(f.verify().unwrap(), 4);
        let mut gc = f.begin().unwrap();
        f.run_step(&mut gc, 0).unwrap();
        assert!(!gc.may_be_abandoned());
        while f.run_step(&mut gc, f.step).unwrap() == Progress::Continue {}
        f.heap
            .set_headroom(&f.mutator, 0, true, &mut Budget::unlimited());
        assert_eq!(f.verify().unwrap(), 3);
    });
}

#[test]
fn a_heap_is_reset_in_the_middle_of_a_collection() {
    on_each_collector(|mut f| {
        for steps in 0..30 {
            let mut head = GcRef::NULL;
            for number in 0..10 {
                head = f.new_pair(head, GcRef::NULL, number);
            }
            f.root(head);
            let Some(mut gc) = f.begin() else { return };
            for _ in 0..steps {
                f.run_step(&mut gc, 0).unwrap();
            }
            f.roots.clear();
            f.heap.reset();
            f.heap.open(&f.mutator);
            assert_eq!(f.verify().unwrap(), 0);
        }
    });
}

#[test]
fn a_no_gc_span_refuses_a_collection() {
    on_each_collector(|mut f| {
        let object = f.new_pair(GcRef::NULL, GcRef::NULL, 1);
        let root = f.root(object);
        f.mutator.enter_no_gc().unwrap();
        f.mutator.enter_no_gc().unwrap();
        f.mutator.restore_no_gc(1);
        assert!(f.collect().is_none());
        assert_eq!(f.rooted(root), object);
        f.mutator.restore_no_gc(0);
        assert_eq!(f.collect().is_some(), f.collects);
    });
}

#[test]
fn what_a_collection_leaves_behind_is_poisoned() {
    for step in STEPS {
        on_collector(collectors::COPYING, step, 1 << 20, |mut f| {
            let dead = f.new_array(f.bytes, 5000, 1);
            let end = f.mutator.bump.next();
            // After two collections the array's half is in use again.
            f.collect().unwrap().unwrap();
            f.collect().unwrap().unwrap();
            let poison = u32::from_ne_bytes([POISON; 4]);
            let words = (dead.offset()..end).step_by(4);
            let is_poisoned = |at| f.heap.region().load_u32(at).unwrap() == poison;
            assert!(words.into_iter().all(is_poisoned), "steps of {step}");
        });
    }
}

#[test]
fn memory_goes_back_when_more_than_twice_the_wanted_capacity_is_committed() {
    for step in STEPS {
        on_collector(collectors::COPYING, step, 1 << 20, |mut f| {
            let mut capacity_with = |units: u64, may_grow| {
                let headroom = units * COMMIT_UNIT - COMMIT_UNIT / 2;
                let mut set_headroom = || {
                    let mut budget = Budget::of(step);
                    f.heap
                        .set_headroom(&f.mutator, headroom, may_grow, &mut budget)
                };
                while set_headroom() == Progress::Continue {}
                f.heap.object_bytes().div_ceil(COMMIT_UNIT)
            };
            // Half of 64 KiB is committed at first.
            assert_eq!(capacity_with(10, false), 8);
            assert_eq!(capacity_with(40, true), 40);
            assert_eq!(capacity_with(20, true), 40);
            assert_eq!(capacity_with(19, true), 19);
            assert_eq!(capacity_with(30, true), 30);
            assert_eq!(capacity_with(15, true), 30);
            assert_eq!(capacity_with(14, true), 14);
            // The initial capacity stays.
            assert_eq!(capacity_with(1, true), 14);
            assert_eq!(capacity_with(17, true), 17);
            assert_eq!(capacity_with(1, true), 8);
        });
    }
}

#[test]
fn room_for_keys_counts_as_memory_beside_the_heap() {
    on_each_collector(|mut f| {
        let before = f.heap.side_bytes();
        f.heap.reserve_keys(1000).unwrap();
        let keys = f.heap.side_bytes() - before;
        assert_eq!(
            keys,
            if f.collects {
                1000 * size_of::<GcRef>() as u64
            } else {
                0
            }
        );
        for _ in 0..10 {
            while f.heap.trim_keys(0, &mut Budget::of(f.step)) == Progress::Continue {}
        }
        let left = f.heap.side_bytes() - before;
        assert!(left < 1000, "{left}");
    });
}
