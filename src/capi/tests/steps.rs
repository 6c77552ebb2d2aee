//! The work of each step of a collection, counted by what does it: tables, tracing, copying,
//! sweeping, and what gives pages back.

use super::*;
use crate::base::work;
use crate::capi::arrays::*;
use crate::capi::i31::gcroots_i31_new;
use crate::capi::rec_group::*;
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

/// The microseconds of a call that are less than the pause budget.
const SHORT: u64 = 500;

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
        // A step that runs a minor collection first takes the time of that besides.
        let is_free = core.needs_minor();
        let progress = match core.is_collecting() {
            true => core.continue_collection(Budget::of(STEP)).unwrap(),
            false => core.continue_cycle(Budget::of(STEP)).unwrap(),
        };
        let done = work::take();
        assert!(is_free || done <= STEP * 11 / 10, "{done} in step {steps}");
        steps += 1;
        if progress == Progress::Complete {
            return steps;
        }
    }
}

/// Makes many of something in a store with `make`, and requires that the steps of the next
/// collections keep their budget, also while tables shrink.
fn steps_keep_their_budget(make: impl Fn(*mut gcroots_store_t)) {
    for collector in collectors::COLLECTING {
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

/// A field that holds a value of this storage.
fn field(storage: gcroots_storage_t) -> gcroots_field_type_t {
    gcroots_field_type_t {
        storage,
        heap: GCROOTS_HEAP_ANY,
        local: 0,
        is_mutable: 1,
        is_nullable: 1,
        r#type: core::ptr::null(),
    }
}

/// Registers the types of arrays of references and of bytes.
fn arrays(store: *mut gcroots_store_t) -> [*mut gcroots_type_t; 2] {
    let mut types = [core::ptr::null_mut(); 2];
    let elements = [field(GCROOTS_STORAGE_REF), field(GCROOTS_STORAGE_I8)];
    // SAFETY: the store is valid, and each count is the length of its list.
    unsafe {
        let engine = with_out(|out| gcroots_store_engine(store, out)).unwrap();
        let group = gcroots_rec_group_new();
        for element in &elements {
            let root = core::ptr::null();
            with_out(|out| gcroots_rec_group_add_array(group, root, element, out)).unwrap();
        }
        let groups = [group.cast_const()];
        let registered =
            gcroots_rec_group_register(engine, groups.as_ptr(), 1, types.as_mut_ptr(), 2);
        assert_eq!(registered, GCROOTS_OK);
        gcroots_rec_group_free(group);
    }
    types
}

fn array(store: *mut gcroots_store_t, of: *mut gcroots_type_t, length: usize) -> gcroots_ref_t {
    // SAFETY: the store and the type are valid.
    with_out(|out| unsafe { gcroots_array_new_default(store, of, length, out) }).unwrap()
}

/// Keeps an object alive for as long as the store.
fn keep(store: *mut gcroots_store_t, object: gcroots_ref_t) {
    // SAFETY: the store is valid.
    let kept = with_out(|out| unsafe { gcroots_ref_to_manually_rooted(store, object, out) });
    kept.unwrap();
}

/// Makes objects of the two array types, which end then.
fn with_arrays(
    store: *mut gcroots_store_t,
    make: impl FnOnce(*mut gcroots_type_t, *mut gcroots_type_t),
) {
    let [references, bytes] = arrays(store);
    make(references, bytes);
    // SAFETY: the types are valid, and are not used again.
    unsafe {
        gcroots_type_free(references);
        gcroots_type_free(bytes);
    }
}

#[test]
fn with_living_objects_that_a_long_array_holds() {
    steps_keep_their_budget(|store| {
        with_arrays(store, |references, bytes| {
            let holder = array(store, references, COUNT);
            keep(store, holder);
            for index in 0..COUNT {
                // SAFETY: the store is valid.
                let scope = with_out(|out| unsafe { gcroots_scope_enter(store, out) }).unwrap();
                let object = array(store, bytes, index % 64);
                // SAFETY: the store is valid.
                ok(unsafe { gcroots_array_set_ref(store, holder, index, object) });
                // SAFETY: the store is valid.
                ok(unsafe { gcroots_scope_exit(store, scope) });
            }
        });
    });
}

#[test]
fn with_living_objects_that_roots_hold() {
    steps_keep_their_budget(|store| {
        with_arrays(store, |_, bytes| {
            for number in 0..COUNT / 10 {
                keep(store, array(store, bytes, number % 300));
            }
        });
    });
}

#[test]
fn with_a_living_list() {
    steps_keep_their_budget(|store| {
        with_arrays(store, |references, _| {
            let mut last = NULL;
            for _ in 0..COUNT / 2 {
                let next = array(store, references, 3);
                // SAFETY: the store is valid.
                ok(unsafe { gcroots_array_set_ref(store, next, 0, last) });
                last = next;
            }
            keep(store, last);
        });
    });
}

/// The living objects are such that marking takes several calls.
#[test]
fn a_short_call_runs_a_minor_collection_at_its_beginning_or_not_at_all() {
    let store = store_starting_at(GCROOTS_COLLECTOR_GENERATIONAL, 0, 0);
    with_arrays(store, |references, _| {
        for _ in 0..COUNT / 10 {
            keep(store, array(store, references, 60));
        }
    });
    // SAFETY: the store is valid.
    ok(unsafe { gcroots_store_gc_start(store) });
    let minors = || {
        // SAFETY: the store is valid.
        let stats = with_out(|out| unsafe { gcroots_store_stats(store, out) });
        stats.unwrap().minor_collections
    };
    let (mut has_more, mut with_minor) = (true, 0);
    while has_more {
        externref(store);
        // SAFETY: the store is valid, and no foreign code runs.
        let begins = unsafe { enter(NonNull::new(store).unwrap()) }
            .unwrap()
            .needs_minor();
        let before = minors();
        // SAFETY: the store is valid.
        has_more = with_out(|out| unsafe { gcroots_store_gc_step_for(store, SHORT, out) }).unwrap();
        assert!(begins || minors() == before);
        with_minor += u64::from(minors() > before);
    }
    assert!(with_minor >= 2, "to begin and to end marking");
    // SAFETY: the store is valid.
    assert_eq!(unsafe { gcroots_store_free(store) }, GCROOTS_OK);
}
