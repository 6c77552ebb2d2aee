//! Tests of `heap.sandbox`. Whatever the contents of the heap are:
//! - functions return a status, and nothing panics
//! - no memory outside the heap is touched
//! - no call takes more steps than a multiple of the heap's size
//! - finalizers run once
//!
//! Each round makes a store with objects of many types, overwrites words of its heap, and
//! makes random calls. The words are random ones, or those that walks follow ([`writers`]).
//! In debug builds, unchecked reads assert that they stay among the objects. A read outside
//! the committed memory raises a signal.
//!
//! The environment variables `GCROOTS_SEED` (the first seed) and `GCROOTS_ROUNDS` (the
//! number of rounds) choose other rounds.

mod access;
mod headers;
mod making;
mod raw_calls;
mod rooting;
mod world;
mod writers;

use core::cell::Cell;
use core::ffi::c_void;
use core::mem::MaybeUninit;
use std::rc::Rc;

use super::{free, last_error, ok, with_out};
use access::*;
use making::*;
use rooting::*;
use world::*;

use crate::capi::arrays::*;
use crate::capi::casts::*;
use crate::capi::engine::*;
use crate::capi::exceptions::*;
use crate::capi::externref::*;
use crate::capi::func::*;
use crate::capi::global::*;
use crate::capi::i31::*;
use crate::capi::local::*;
use crate::capi::manually_rooted::*;
use crate::capi::no_gc::*;
use crate::capi::raw::*;
use crate::capi::rec_group::*;
use crate::capi::reference::*;
use crate::capi::root_range::*;
use crate::capi::root_visitor::*;
use crate::capi::scope::*;
use crate::capi::status::*;
use crate::capi::store::*;
use crate::capi::structs::*;
use crate::capi::table::*;
use crate::capi::types::*;
use crate::capi::value::*;
use crate::capi::weak::*;
use crate::collectors;
use crate::engine::{Config, EngineRef};
use crate::heap::{HEADER_BYTES, steps_of};
use crate::store::Store;

/// The number of stores for each collector and limit.
const ROUNDS: u64 = 500;
/// The number of handles that a store has before its heap is overwritten.
const OBJECTS: usize = 40;
/// Fewer words than this are overwritten at a time.
const OVERWRITTEN: u64 = 3;
/// Fewer calls than this are made before more words are overwritten.
const CALLS: u64 = 60;
/// At most this number of elements is copied out of the heap in one call.
const ELEMENTS: usize = 64;
/// A call takes at most this number of steps for each word of the heap, and this number in
/// addition. It may collect several times, and a debug build checks the heap after each
/// collection.
const STEPS_FOR_EACH_WORD: u64 = 200;
const MORE_STEPS: u64 = 100_000;
/// The number of slots of the root range. A root visitor reports the first slot as well.
const SLOTS: usize = 8;

/// A number from an environment variable.
fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// All operations except collections and verification, which find most corruption at once.
const CALLING: [Operation; 41] = [
    use_table,
    use_table,
    use_global,
    free_one,
    new_externref,
    new_struct,
    new_struct_of_values,
    new_struct_of_references,
    new_array,
    new_array_of_value,
    new_exception,
    new_function,
    call_function,
    throw_and_take,
    new_i31,
    struct_set,
    struct_set_ref,
    array_set,
    array_set_ref,
    array_fill,
    array_copy,
    array_write,
    set_numbers,
    get_value,
    get_ref,
    read_into,
    get_numbers,
    array_read,
    ask,
    root_again,
    raw_there_and_back,
    from_any_raw,
    set_slot,
    array_span,
    raw_calls::raw_make,
    raw_calls::raw_make,
    raw_calls::raw_externref,
    raw_calls::raw_read,
    raw_calls::raw_write,
    raw_calls::raw_write,
    raw_calls::raw_throw_or_call,
];

/// Does an operation, and expects that it does not panic and takes linear time. Returns
/// whether the store is still sound.
fn does(w: &mut World, operation: Operation) -> bool {
    // SAFETY: the store is alive.
    let (status, steps) = steps_of(1 << 28, || unsafe { operation(w) });
    let most = STEPS_FOR_EACH_WORD * w.core().committed_for_tests() / 8 + MORE_STEPS;
    assert!(steps <= most, "{steps} steps, but at most {most}");
    assert!(status <= GCROOTS_ERROR_INTERNAL, "{status}");
    if status != GCROOTS_ERROR_INTERNAL {
        return true;
    }
    assert!(!last_error().contains("panic"), "{}", last_error());
    // SAFETY: the store is alive.
    assert_eq!(unsafe { verify(w) }, GCROOTS_ERROR_INTERNAL, "not poisoned");
    false
}

/// Overwrites words of a store's heap, and makes calls until one finds corruption. Returns
/// whether the store is still sound.
fn overwrite_and_call(w: &mut World) -> bool {
    for _ in 0..w.random.below(OVERWRITTEN) {
        w.overwrite();
    }
    for _ in 0..w.random.below(CALLS) {
        let operation = match w.random.below(60) {
            0 => collect,
            1 => verify,
            2 => collect_in_steps,
            3..8 => weakly,
            8..12 => in_a_scope,
            _ => w.random.one_of(&CALLING),
        };
        if !does(w, operation) {
            return false;
        }
    }
    true
}

fn round(engine: &EngineRef, types: &[*mut gcroots_type_t], seed: u64) -> bool {
    let mut world = World::new(engine, types, seed);
    let sound = (0..6).all(|_| overwrite_and_call(&mut world)) && does(&mut world, collect);
    free(world.store);
    assert_eq!(world.finalized.get(), world.made, "finalizers");
    sound
}

fn rounds(collector: u32, limit: u64, first: u64, count: u64) {
    let mut config = Config::new().unwrap();
    config.set_collector(collector).unwrap();
    config.set_limit(limit).unwrap();
    config.set_poison(first.is_multiple_of(2));
    config.set_exact_slots(limit > 1 << 20);
    let engine = EngineRef::new(config).unwrap();
    let raw = engine.try_clone().unwrap().into_raw().cast().as_ptr();
    // SAFETY: the engine is alive.
    let types = unsafe { register(raw) };
    let mut found = 0;
    for seed in first..first + count {
        println!("collector {collector}, limit {limit}, seed {seed}");
        found += u64::from(!round(&engine, &types, seed));
    }
    println!("found nonsense in {found} of {count}");
    // SAFETY: this function owns the reference to the engine and the types.
    unsafe {
        types.iter().for_each(|&of| gcroots_type_free(of));
        gcroots_engine_free(raw);
    }
}

#[test]
fn an_overwritten_heap_is_a_status() {
    let first = setting("GCROOTS_SEED").unwrap_or(1);
    let count = setting("GCROOTS_ROUNDS").unwrap_or(ROUNDS);
    for collector in collectors::ALL {
        // In a small heap the committed parts of both spaces are adjacent. In a large heap,
        // as by default, uncommitted memory lies between them.
        for limit in [64 << 10, 64 << 20] {
            rounds(collector, limit, first, count);
        }
    }
}
