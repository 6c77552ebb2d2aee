//! Tests of the exported functions in states that C cannot set up: slot generations near
//! their maximum, overwritten heaps, and panics.

mod barriers;
mod memory;
mod sandbox;
mod steps;
mod tables;

use core::ffi::{CStr, c_void};
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use crate::capi::boundary::{call, enter, report};
use crate::capi::casts::*;
use crate::capi::config::*;
use crate::capi::externref::*;
use crate::capi::local::*;
use crate::capi::manually_rooted::*;
use crate::capi::reference::*;
use crate::capi::scope::*;
use crate::capi::status::*;
use crate::capi::store::*;
use crate::capi::types::*;
use crate::collectors;
use crate::engine::{Config, EngineRef};
use crate::error::Error;
use crate::heap::GcRef;
use crate::store::Store;

const GREATEST: u32 = u32::MAX;

/// A store whose scoped and manual slots have issued all generations up to the given ones.
pub(super) fn store_starting_at(collector: u32, scoped: u32, manual: u32) -> *mut gcroots_store_t {
    let mut config = Config::new().unwrap();
    config.set_collector(collector).unwrap();
    let engine = EngineRef::new(config).unwrap();
    Store::starting_at(engine, scoped, manual)
        .unwrap()
        .cast()
        .as_ptr()
}

pub(super) fn on_each_collector(test: impl Fn(u32)) {
    collectors::ALL.into_iter().for_each(test);
}

/// Calls an exported function that has an `out`. Returns the output, or the status of a
/// failure.
pub(super) fn with_out<T: Copy>(
    function: impl FnOnce(*mut MaybeUninit<T>) -> u32,
) -> Result<T, u32> {
    let mut out = MaybeUninit::uninit();
    match function(&mut out) {
        // SAFETY: the function writes its output on success.
        GCROOTS_OK => Ok(unsafe { out.assume_init() }),
        status => Err(status),
    }
}

pub(super) fn ok(status: u32) {
    assert_eq!(status, GCROOTS_OK, "{}", last_error());
}

pub(super) fn last_error() -> String {
    // SAFETY: the message is this thread's, and ends in a NUL.
    let message = unsafe { CStr::from_ptr(gcroots_last_error()) };
    message.to_string_lossy().into_owned()
}

fn new_externref(store: *mut gcroots_store_t, data: usize) -> gcroots_ref_t {
    // SAFETY: the store is alive.
    with_out(|out| unsafe { gcroots_externref_new(store, data as *mut c_void, None, out) }).unwrap()
}

fn data(store: *mut gcroots_store_t, r#ref: gcroots_ref_t) -> Result<usize, u32> {
    // SAFETY: the store is alive.
    with_out(|out| unsafe { gcroots_externref_data(store, r#ref, out) })
        .map(|data: *mut c_void| data as usize)
}

fn enter_scope(store: *mut gcroots_store_t) -> gcroots_scope_t {
    // SAFETY: the store is alive.
    with_out(|out| unsafe { gcroots_scope_enter(store, out) }).unwrap()
}

pub(super) fn free(store: *mut gcroots_store_t) {
    // SAFETY: the store is alive, and not used after this.
    ok(unsafe { gcroots_store_free(store) });
}

#[test]
fn a_scoped_handle_stays_stale_beyond_the_last_generation() {
    on_each_collector(|collector| {
        let store = store_starting_at(collector, GREATEST - 4, 0);
        let mut stale = Vec::new();
        for round in 1..200 {
            let scope = enter_scope(store);
            let r#ref = new_externref(store, round);
            assert_eq!(data(store, r#ref), Ok(round));
            for &old in &stale {
                assert_eq!(data(store, old), Err(GCROOTS_ERROR_UNROOTED));
            }
            // SAFETY: the store is alive.
            ok(unsafe { gcroots_scope_exit(store, scope) });
            stale.push(r#ref);
        }
        // SAFETY: the store is alive.
        ok(unsafe { gcroots_store_verify(store) });
        free(store);
    });
}

#[test]
fn scopes_and_escapes_work_where_slots_retire() {
    on_each_collector(|collector| {
        let store = store_starting_at(collector, GREATEST - 3, 0);
        for round in 1..100 {
            let outer = enter_scope(store);
            let kept = new_externref(store, 7);
            let inner = enter_scope(store);
            let handles: Vec<_> = (0..round).map(|n| new_externref(store, 1000 + n)).collect();
            let last = handles[round - 1];
            // SAFETY: the store is alive.
            let escaped =
                with_out(|out| unsafe { gcroots_scope_escape(store, inner, last, out) }).unwrap();
            assert_eq!(data(store, escaped), Ok(1000 + round - 1));
            assert_eq!(data(store, kept), Ok(7));
            for &old in &handles {
                assert_eq!(data(store, old), Err(GCROOTS_ERROR_UNROOTED));
            }
            // SAFETY: the store is alive.
            unsafe {
                ok(gcroots_store_gc(store));
                ok(gcroots_store_verify(store));
                ok(gcroots_scope_exit(store, outer));
            }
        }
        free(store);
    });
}

#[test]
fn forged_handles_on_retired_and_free_slots_are_refused() {
    on_each_collector(|collector| {
        let store = store_starting_at(collector, GREATEST - 2, GREATEST - 3);
        // Retires some slots of each kind.
        let object = new_externref(store, 1);
        for _ in 0..10 {
            let scope = enter_scope(store);
            // SAFETY: the store is alive.
            unsafe {
                let mut root =
                    with_out(|out| gcroots_ref_to_manually_rooted(store, object, out)).unwrap();
                with_out(|out| gcroots_manually_rooted_to_rooted(store, root, out)).unwrap();
                ok(gcroots_manually_rooted_unroot(store, &mut root));
                ok(gcroots_scope_exit(store, scope));
            }
        }
        let live = new_externref(store, 2);
        for index in (0..40).chain((0..40).map(|i| i | 1 << 31)) {
            for generation in [0, 1, 2, GREATEST - 3, GREATEST - 2, GREATEST - 1, GREATEST] {
                let forged = gcroots_ref_t {
                    generation,
                    index,
                    ..live
                };
                if forged == live || forged == object {
                    continue;
                }
                assert_eq!(
                    data(store, forged),
                    Err(GCROOTS_ERROR_UNROOTED),
                    "{forged:?}"
                );
                let mut manual = gcroots_manually_rooted_t { r#ref: forged };
                // SAFETY: the store is alive.
                unsafe {
                    let status = gcroots_manually_rooted_unroot(store, &mut manual);
                    assert_eq!(status, GCROOTS_ERROR_UNROOTED, "{forged:?}");
                    let made = with_out(|out| gcroots_local_new(store, forged, out));
                    assert_eq!(made, Err(GCROOTS_ERROR_UNROOTED), "{forged:?}");
                    let rooted =
                        with_out(|out| gcroots_manually_rooted_to_rooted(store, manual, out));
                    assert_eq!(rooted, Err(GCROOTS_ERROR_UNROOTED), "{forged:?}");
                }
                assert_eq!(manual.r#ref, forged);
            }
        }
        // SAFETY: the store is alive.
        ok(unsafe { gcroots_store_verify(store) });
        free(store);
    });
}

#[test]
fn a_panic_answers_internal_and_poisons_the_store() {
    static FINALIZED: AtomicU32 = AtomicU32::new(0);
    unsafe extern "C" fn finalizer(_: *mut c_void) {
        FINALIZED.fetch_add(1, Ordering::Relaxed);
    }
    let store = store_starting_at(GCROOTS_COLLECTOR_COPYING, 0, 0);
    let other = store_starting_at(GCROOTS_COLLECTOR_COPYING, 0, 0);
    // SAFETY: the stores are alive.
    unsafe {
        let null = core::ptr::null_mut();
        with_out(|out| gcroots_externref_new(store, null, Some(finalizer), out)).unwrap();
        let status = call("gcroots_scope_enter", || {
            enter(NonNull::new(store).unwrap())?;
            panic!("a bug, for this test")
        });
        assert_eq!(status, GCROOTS_ERROR_INTERNAL);
        assert!(last_error().contains("a panic in the library"));
        let entered = with_out(|out| gcroots_scope_enter(store, out));
        assert_eq!(entered, Err(GCROOTS_ERROR_INTERNAL));
        assert_eq!(gcroots_store_gc(store), GCROOTS_ERROR_INTERNAL);
        assert_eq!(gcroots_store_detach(store), GCROOTS_ERROR_INTERNAL);
        let elsewhere = store as usize;
        let status = std::thread::spawn(move || gcroots_store_gc(elsewhere as *mut _)).join();
        assert_eq!(status.unwrap(), GCROOTS_ERROR_WRONG_THREAD);
        // The other store is unaffected.
        ok(gcroots_store_gc(other));
        assert_eq!(FINALIZED.load(Ordering::Relaxed), 0);
    }
    free(store);
    assert_eq!(FINALIZED.load(Ordering::Relaxed), 1);
    free(other);
}

/// The address of a handle's object in the heap.
fn address(store: *mut gcroots_store_t, r#ref: gcroots_ref_t) -> *mut u64 {
    // SAFETY: the store is alive.
    unsafe { &*store.cast::<Store>() }
        .address_for_tests(r#ref.into())
        .cast()
}

/// In the bit set of what a slot admits, the bits for null and i31 have numbers that an
/// overwritten kind could also have.
#[test]
fn an_overwritten_kind_is_of_no_type() {
    on_each_collector(|collector| {
        let store = store_starting_at(collector, 0, 0);
        let object = new_externref(store, 1);
        let header = address(store, object);
        // SAFETY: the store is alive; the object's header is overwritten on purpose, and
        // restored.
        unsafe {
            let sound = header.read();
            for kind in (0..=255).filter(|kind| ![1, 2, 3, 5, 6].contains(kind)) {
                header.write(sound & !0xff | kind);
                for heap in GCROOTS_HEAP_ANY..GCROOTS_HEAP_TYPE {
                    let of = gcroots_ref_type_t {
                        r#type: core::ptr::null(),
                        heap,
                        is_nullable: 0,
                    };
                    let is = with_out(|out| gcroots_ref_test(store, object, of, out));
                    assert_eq!(is, Ok(false), "kind {kind}, heap {heap}");
                }
            }
            header.write(sound);
            ok(gcroots_store_verify(store));
        }
        free(store);
    });
}

/// Overwrites a word of an object, and expects that a read, a collection and a
/// verification return INTERNAL. Each runs in a store of its own.
fn nonsense_is_found(word: usize, value: u64) {
    static FINALIZED: AtomicU32 = AtomicU32::new(0);
    unsafe extern "C" fn finalizer(_: *mut c_void) {
        FINALIZED.fetch_add(1, Ordering::Relaxed);
    }
    for way in 0..3 {
        let store = store_starting_at(GCROOTS_COLLECTOR_COPYING, 0, 0);
        let before = FINALIZED.load(Ordering::Relaxed);
        // SAFETY: the store is alive; its heap is overwritten on purpose.
        unsafe {
            let null = core::ptr::null_mut();
            let made = |_| with_out(|out| gcroots_externref_new(store, null, Some(finalizer), out));
            let refs: Vec<gcroots_ref_t> = (0..3).map(made).map(Result::unwrap).collect();
            address(store, refs[1]).add(word).write(value);
            let status = match way {
                0 => data(store, refs[1]).unwrap_err(),
                1 => gcroots_store_gc(store),
                _ => gcroots_store_verify(store),
            };
            // A read does not notice a wrong header, nor a collection a wrong index.
            if (way, word) != (0, 0) && (way, word) != (1, 1) {
                assert_eq!(status, GCROOTS_ERROR_INTERNAL, "{way} {word} {value:#x}");
                assert_eq!(data(store, refs[0]), Err(GCROOTS_ERROR_INTERNAL));
            }
        }
        free(store);
        assert_eq!(FINALIZED.load(Ordering::Relaxed), before + 3);
    }
}

/// Makes a store with one object, calls `leave` with both, and deletes the store. Then
/// makes another store of the same engine. Returns the word of its heap that lies `words`
/// words after the start of its first object.
fn left_for_the_next_store(
    poison: bool,
    words: usize,
    leave: impl FnOnce(*mut gcroots_store_t, gcroots_ref_t),
) -> u64 {
    let mut config = Config::new().unwrap();
    config.set_collector(GCROOTS_COLLECTOR_COPYING).unwrap();
    config.set_poison(poison);
    let engine = EngineRef::new(config).unwrap();
    let new_store = || {
        let store = Store::new(engine.try_clone().unwrap()).unwrap();
        store.cast::<gcroots_store_t>().as_ptr()
    };
    let first = new_store();
    let object = new_externref(first, 1);
    leave(first, object);
    free(first);
    let next = new_store();
    // SAFETY: the heap has committed more memory than that after its first object.
    let left = unsafe { address(next, new_externref(next, 2)).add(words).read() };
    // SAFETY: the store is alive.
    ok(unsafe { gcroots_store_verify(next) });
    free(next);
    left
}

#[test]
fn a_poisoned_stores_heap_is_not_used_again() {
    let mark = |store, object| {
        // SAFETY: the heap has committed more memory than that after its first object.
        unsafe { address(store, object).add(100).write(42) };
    };
    assert_eq!(left_for_the_next_store(false, 100, mark), 42);
    let left = left_for_the_next_store(false, 100, |store, object| {
        mark(store, object);
        // SAFETY: the store is alive; its heap is overwritten on purpose.
        unsafe { address(store, object).write(0) };
        // SAFETY: the store is alive.
        let status = unsafe { gcroots_store_verify(store) };
        assert_eq!(status, GCROOTS_ERROR_INTERNAL);
    });
    assert_eq!(left, 0, "a new heap is zeros");
}

#[test]
fn a_heap_for_the_next_store_is_filled_if_freed_memory_is() {
    let left = left_for_the_next_store(true, 2, |store, _| {
        new_externref(store, 3);
    });
    assert_eq!(left, 0xdbdb_dbdb_dbdb_dbdb);
}

#[test]
fn busy_comes_before_the_poison_of_a_finalizer() {
    static STORE: AtomicPtr<gcroots_store_t> = AtomicPtr::new(core::ptr::null_mut());
    static CALLS: AtomicU32 = AtomicU32::new(0);
    unsafe extern "C" fn poison(_: *mut c_void) {
        let store = STORE.load(Ordering::Relaxed);
        CALLS.fetch_add(1, Ordering::Relaxed);
        if CALLS.load(Ordering::Relaxed) > 1 {
            return;
        }
        // SAFETY: the store is alive; its heap is overwritten on purpose.
        unsafe {
            let object = new_externref(store, 1);
            address(store, object).write(0);
            assert_eq!(gcroots_store_verify(store), GCROOTS_ERROR_INTERNAL);
            assert_eq!(gcroots_store_detach(store), GCROOTS_ERROR_BUSY);
            assert_eq!(gcroots_store_attach(store), GCROOTS_ERROR_BUSY);
            assert_eq!(gcroots_store_free(store), GCROOTS_ERROR_BUSY);
        }
    }
    let store = store_starting_at(GCROOTS_COLLECTOR_COPYING, 0, 0);
    STORE.store(store, Ordering::Relaxed);
    let scope = enter_scope(store);
    // SAFETY: the store is alive.
    unsafe {
        let null = core::ptr::null_mut();
        for _ in 0..3 {
            with_out(|out| gcroots_externref_new(store, null, Some(poison), out)).unwrap();
        }
        ok(gcroots_scope_exit(store, scope));
        assert_eq!(gcroots_store_gc(store), GCROOTS_ERROR_INTERNAL);
    }
    assert_eq!(CALLS.load(Ordering::Relaxed), 1, "the others wait");
    free(store);
    assert_eq!(CALLS.load(Ordering::Relaxed), 3);
}

#[test]
fn an_overwritten_index_never_names_other_host_data() {
    for index in [0, 2, 3, 255, 256, 1 << 32, u64::MAX] {
        nonsense_is_found(1, index);
    }
}

#[test]
fn null_and_links_find_no_host_data() {
    // The fast path of a read leaves out these checks, and must still refuse both.
    let store = store_starting_at(GCROOTS_COLLECTOR_COPYING, 0, 0);
    // SAFETY: the store is alive.
    unsafe {
        let null = gcroots_ref_t {
            store_id: 0,
            generation: 0,
            index: 0,
        };
        // Once before the store has a heap, and once after.
        for _ in 0..2 {
            let local = with_out(|out| gcroots_local_new(store, null, out)).unwrap();
            assert_eq!(data(store, local), Err(GCROOTS_ERROR_NULL_REFERENCE));
            new_externref(store, 1);
        }
    }
    free(store);
}

#[test]
fn a_message_that_is_too_long_is_cut() {
    let long: &'static str = Box::leak("é".repeat(400).into_boxed_str());
    let status = report(
        "gcroots_version",
        Error::TypeMismatch {
            needed: long,
            found: "x",
        },
    );
    assert_eq!(status, GCROOTS_ERROR_TYPE_MISMATCH);
    let message = last_error();
    assert!(
        message.starts_with("gcroots_version: éé") && message.len() >= 254,
        "{message}"
    );
    assert!(!message.contains(char::REPLACEMENT_CHARACTER));
    let short = report("gcroots_version", Error::NullArgument { parameter: "out" });
    assert_eq!(
        (short, last_error().as_str()),
        (
            GCROOTS_ERROR_NULL_ARGUMENT,
            "gcroots_version: `out` is NULL"
        )
    );
}

#[test]
fn a_reference_out_of_the_area_poisons_a_collection() {
    let store = store_starting_at(GCROOTS_COLLECTOR_COPYING, 0, 0);
    let object = new_externref(store, 1);
    // SAFETY: the store is alive; its header is overwritten on purpose.
    unsafe {
        let beyond = GcRef::from_offset(1 << 30);
        let forged = crate::heap::ObjectHeader::forwarding(beyond).bits();
        address(store, object).write(forged);
        assert_eq!(gcroots_store_gc(store), GCROOTS_ERROR_INTERNAL);
        assert_eq!(gcroots_store_gc(store), GCROOTS_ERROR_INTERNAL);
    }
    free(store);
}
