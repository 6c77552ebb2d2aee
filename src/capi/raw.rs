//! Raw references
//!
//! For engines: interpreters and compilers that keep references and read objects
//! themselves. docs/engines.md is the introduction.
//!
//! A raw reference is 32 bits: 0 is null; one whose low bit is set is an i31, whose
//! integer are the other bits; any other is an object, at the address of the heap's base
//! plus 4 times the bits. It is a copy of what a root refers to and no root: the object is
//! kept alive by roots, of which root ranges are one kind, and the bits are valid until the
//! next collection, under GCROOTS_COLLECTOR_DRC and GCROOTS_COLLECTOR_NULL, which move
//! nothing, for as long as the object lives.

use core::ffi::c_void;
use core::mem::MaybeUninit;

use super::boundary::{call, enter, put, required};
use super::reference::gcroots_ref_t;
use super::status::gcroots_status_t;
use super::store::gcroots_store_t;

/// The raw reference for a handle of either kind; 0 for null. Never collects.
///
/// \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_ref_to_raw(
    store: *mut gcroots_store_t,
    ref_or_null: gcroots_ref_t,
    out: *mut MaybeUninit<u32>,
) -> gcroots_status_t {
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { put(out, enter(store)?.ref_to_raw(ref_or_null.into())?) }
    })
}

/// Makes a scoped root for a raw reference. Any 32 bits may be passed: what does not refer
/// to the start of an object that is in the heap now is refused, and so is what tables and
/// globals are made of. Bits from before a collection may refer to another object by now.
/// Takes constant time, but that a collection makes it find objects anew: then the first
/// call walks over the heap, as far as the bits say, and bits that refer into a large
/// object take time in proportion to it. Never collects.
///
/// \param[out] out the handle, in the current scope; null for 0
/// \return GCROOTS_ERROR_INVALID_ARGUMENT for bits that refer to no object;
///         GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_ref_from_raw(
    store: *mut gcroots_store_t,
    raw: u32,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { put(out, enter(store)?.any_from_raw(raw)?) }
    })
}

/// The address that raw references count from. It stays the same until the store is
/// deleted. Makes the store's heap if it has none yet. Never collects.
///
/// \param[out] out the address (borrowed)
/// \return GCROOTS_ERROR_OUT_OF_MEMORY
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_heap_base(
    store: *mut gcroots_store_t,
    out: *mut MaybeUninit<*mut c_void>,
) -> gcroots_status_t {
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { put(out, enter(store)?.heap_base()?.cast::<c_void>()) }
    })
}

/// The address of `count` elements of an array from `start` on, one after another as
/// memory has them, to read and, if they are mutable, to write. Only in a no-GC span, and
/// not for elements that are references. Never collects.
///
/// \param[out] out the address (borrowed): valid until no no-GC span of the store is open
/// \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED,
///         GCROOTS_ERROR_NULL_REFERENCE; GCROOTS_ERROR_TYPE_MISMATCH for what is no array,
///         or one of references; GCROOTS_ERROR_OUT_OF_BOUNDS; GCROOTS_ERROR_SCOPE_ORDER
///         if no no-GC span is open
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_array_span(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    start: u32,
    count: u32,
    out: *mut MaybeUninit<*mut c_void>,
) -> gcroots_status_t {
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe {
            let first = enter(store)?.array_span(r#ref.into(), start.into(), count.into())?;
            put(out, first.cast::<c_void>())
        }
    })
}
