//! The work of each step of a collection, counted by the tables themselves.

use super::*;
use crate::base::work;
use crate::capi::i31::gcroots_i31_new;
use crate::capi::weak::*;
use crate::capi::weakmap::*;
use crate::heap::{Budget, Progress};

const COUNT: usize = 100_000;

const STEP: u64 = 64 << 10;

const NULL: gcroots_ref_t = gcroots_ref_t {
    store_id: 0,
    generation: 0,
    index: 0,
};

/// Runs a collection in steps, and requires of each that it does not exceed its budget by
/// more than a tenth. Returns the number of steps.
fn collect(store: *mut gcroots_store_t) -> u64 {
    // SAFETY: the store is valid, and no foreign code runs.
    let core = unsafe { enter(NonNull::new(store).unwrap()) }.unwrap();
    work::take();
    core.gc_start().unwrap();
    assert_eq!(work::take(), 0, "the work begins with the first step");
    let mut steps = 0;
    loop {
        let progress = core.continue_collection(Budget::of(STEP)).unwrap();
        let done = work::take();
        assert!(done <= STEP * 11 / 10, "{done} in step {steps}");
        steps += 1;
        if progress == Progress::Complete {
            return steps;
        }
    }
}

/// Makes many of something in a store with `make`, and requires that the steps of the next
/// collections keep their budget, also while tables shrink.
fn steps_keep_their_budget(make: impl Fn(*mut gcroots_store_t)) {
    for collector in [
        GCROOTS_COLLECTOR_DRC,
        GCROOTS_COLLECTOR_COPYING,
        GCROOTS_COLLECTOR_CHECK,
    ] {
        let store = store_starting_at(collector, 0, 0);
        // SAFETY: the store is valid in all calls.
        unsafe {
            let scope = with_out(|out| gcroots_scope_enter(store, out)).unwrap();
            make(store);
            assert_eq!(gcroots_scope_exit(store, scope), GCROOTS_OK);
        }
        let steps: Vec<u64> = (0..5).map(|_| collect(store)).collect();
        println!("collector {collector}: {steps:?} steps");
        assert!(steps[0] > 10);
        // SAFETY: the store is valid.
        assert_eq!(unsafe { gcroots_store_free(store) }, GCROOTS_OK);
    }
}

fn externref(store: *mut gcroots_store_t) -> gcroots_ref_t {
    // SAFETY: the store is valid.
    with_out(|out| unsafe { gcroots_externref_new(store, core::ptr::null_mut(), None, out) })
        .unwrap()
}

#[test]
fn with_dying_host_data() {
    steps_keep_their_budget(|store| {
        for _ in 0..COUNT {
            externref(store);
        }
    });
}

#[test]
fn with_dying_identity_hashes_and_weak_handles() {
    steps_keep_their_budget(|store| {
        for _ in 0..COUNT {
            let object = externref(store);
            // SAFETY: the store is valid.
            with_out(|out| unsafe { gcroots_ref_hash(store, object, out) }).unwrap();
            // SAFETY: the store is valid.
            with_out(|out| unsafe { gcroots_weak_new(store, object, out) }).unwrap();
        }
    });
}

#[test]
fn with_dying_entries_of_weak_maps() {
    steps_keep_their_budget(|store| {
        // SAFETY: the store is valid, in all calls.
        let map = with_out(|out| unsafe { gcroots_weakmap_new(store, out) }).unwrap();
        for number in 0..COUNT {
            let key = match number % 8 {
                // SAFETY: the store is valid.
                0 => with_out(|out| unsafe { gcroots_i31_new(store, number as i32, out) }),
                _ => Ok(externref(store)),
            };
            // SAFETY: the store is valid.
            let set = unsafe { gcroots_weakmap_set(store, map, key.unwrap(), NULL) };
            assert_eq!(set, GCROOTS_OK);
        }
    });
}

#[test]
fn with_one_key_in_many_weak_maps() {
    steps_keep_their_budget(|store| {
        let key = externref(store);
        // SAFETY: the store is valid.
        let kept = with_out(|out| unsafe { gcroots_ref_to_manually_rooted(store, key, out) });
        kept.unwrap();
        for _ in 0..COUNT / 4 {
            // SAFETY: the store is valid, in both calls.
            let map = with_out(|out| unsafe { gcroots_weakmap_new(store, out) }).unwrap();
            // SAFETY: the store is valid.
            let set = unsafe { gcroots_weakmap_set(store, map, key, NULL) };
            assert_eq!(set, GCROOTS_OK);
        }
    });
}

#[test]
fn with_queued_roots() {
    steps_keep_their_budget(|store| {
        let roots: Vec<gcroots_manually_rooted_t> = (0..COUNT)
            .map(|_| {
                let object = externref(store);
                // SAFETY: the store is valid.
                with_out(|out| unsafe { gcroots_ref_to_manually_rooted(store, object, out) })
                    .unwrap()
            })
            .collect();
        for mut root in roots {
            // SAFETY: the handle may be of any root.
            unsafe { gcroots_manually_rooted_unroot_later(&raw mut root) };
        }
    });
}
