//! Raw references
//!
//! For engines: interpreters and compilers that keep references in their own memory and
//! read objects themselves. docs/engines.md is the introduction.
//!
//! A raw reference is 32 bits:
//!
//! - 0 is null.
//! - If the lowest bit is 1, it is an i31. The other bits are the integer.
//! - Otherwise it is an object. Its address is the heap's base plus 4 times the bits.
//!
//! A raw reference is a copy of what a root refers to, and is not a root itself. Roots
//! keep the object alive; the slots of root ranges are roots. The bits are valid until
//! the next collection. Under GCROOTS_COLLECTOR_DRC and GCROOTS_COLLECTOR_NULL, which
//! move no objects, they are valid as long as the object lives.

use core::ffi::c_void;
use core::mem::MaybeUninit;

use super::boundary::{call, enter, required, write_out};
use super::reference::gcroots_ref_t;
use super::status::gcroots_status_t;
use super::store::gcroots_store_t;

/// Gets the raw reference for a handle. Never collects.
///
/// \param ref_or_null a scoped or manual handle (borrowed), or null
/// \param[out] out the raw reference; 0 for null
/// \return GCROOTS_ERROR_WRONG_STORE if `ref_or_null` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref_or_null` is stale
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_ref_to_raw(
    store: *mut gcroots_store_t,
    ref_or_null: gcroots_ref_t,
    out: *mut MaybeUninit<u32>,
) -> gcroots_status_t {
    call("gcroots_ref_to_raw", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.ref_to_raw(ref_or_null.into())?) }
    })
}

/// Makes a scoped root for a raw reference. Never collects.
///
/// `raw` may be any 32 bits. The call fails unless they are null, an i31, or refer to the
/// start of an object that is in the heap now. Internal objects, such as those that hold
/// the contents of tables and globals, are refused as well. Bits from before a collection
/// may refer to another object now.
///
/// Cost: constant for an object that was found before. Otherwise the call passes objects
/// before it to find where it starts, at most those of 64 KiB. Between two collections the
/// calls together pass each object once. Bits that refer into a large object are refused in
/// constant time. Under `drc` an allocation that joins free memory counts as a collection
/// here.
///
/// \param[out] out the handle, in the current scope; null if `raw` is 0
/// \return GCROOTS_ERROR_INVALID_ARGUMENT if `raw` refers to no object, or to an internal
///         one;
///         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory to find the object,
///         or for the new root;
///         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_ref_from_raw(
    store: *mut gcroots_store_t,
    raw: u32,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    call("gcroots_ref_from_raw", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.any_from_raw(raw)?) }
    })
}

/// Gets the base of the heap: the address that raw references count from. It does not
/// change until the store is deleted. If the store has no heap yet, the call makes it.
/// Never collects.
///
/// \param[out] out the address (borrowed)
/// \return GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_heap_base(
    store: *mut gcroots_store_t,
    out: *mut MaybeUninit<*mut c_void>,
) -> gcroots_status_t {
    call("gcroots_heap_base", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.heap_base()?.cast::<c_void>()) }
    })
}

/// Gets the address of `count` elements of an array, from index `start` on, to read them
/// and, if they are mutable, to write them. They lie in memory one after another. Works
/// only in a no-GC span, and only for elements that are not references. Never collects.
///
/// \param ref a scoped or manual handle (borrowed) of an array
/// \param[out] out the address (borrowed); valid until the last open no-GC span of the
///             store ends
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` is not an array, or its elements are
///         references;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the elements are not all in the array;
///         GCROOTS_ERROR_SCOPE_ORDER if no no-GC span is open
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_array_span(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    start: u32,
    count: u32,
    out: *mut MaybeUninit<*mut c_void>,
) -> gcroots_status_t {
    call("gcroots_array_span", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe {
            let first = enter(store)?.array_span(r#ref.into(), start.into(), count.into())?;
            write_out(out, first.cast::<c_void>())
        }
    })
}
