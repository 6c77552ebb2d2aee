//! 31-bit integers
//!
//! An i31 is a reference without an object: making one never collects, and two of the
//! same integer are equal.

use core::mem::MaybeUninit;

use super::boundary::{call, enter, fast, put, required};
use super::reference::gcroots_ref_t;
use super::status::{GCROOTS_OK, gcroots_status_t};
use super::store::gcroots_store_t;

/// A reference that is the lower 31 bits of an integer, rooted in the current scope.
/// Never collects.
///
/// \param value the highest bit is dropped
/// \param[out] out the handle
/// \return GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_i31_new(
    store: *mut gcroots_store_t,
    value: i32,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and `out` valid for writing or NULL.
    if unsafe { fast(store, out, |store| store.i31_new_fast(value as u32)) } {
        return GCROOTS_OK;
    }
    new_slow(store, value, out)
}

#[cold]
#[inline(never)]
extern "C" fn new_slow(
    store: *mut gcroots_store_t,
    value: i32,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: as above.
        unsafe { put(out, enter(store)?.i31_new(value as u32)?) }
    })
}

/// The integer of an i31, its sign extended: -2^30 to 2^30 - 1. Never collects.
///
/// \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED,
///         GCROOTS_ERROR_NULL_REFERENCE, GCROOTS_ERROR_TYPE_MISMATCH
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_i31_get_s(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    out: *mut MaybeUninit<i32>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and `out` valid for writing or NULL.
    unsafe { get(store, r#ref, out, |bits| (bits << 1) as i32 >> 1) }
}

/// The integer of an i31, a 0 before it: 0 to 2^31 - 1. Never collects.
///
/// \return as gcroots_i31_get_s()
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_i31_get_u(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    out: *mut MaybeUninit<u32>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and `out` valid for writing or NULL.
    unsafe { get(store, r#ref, out, |bits| bits) }
}

/// Reads an i31 and extends it.
///
/// # Safety
///
/// As for [`fast`].
#[inline(always)]
unsafe fn get<T>(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    out: *mut MaybeUninit<T>,
    extend: fn(u32) -> T,
) -> gcroots_status_t {
    // SAFETY: the caller's promise.
    if unsafe {
        fast(store, out, |store| {
            store.i31_get_fast(r#ref.into()).map(extend)
        })
    } {
        return GCROOTS_OK;
    }
    get_slow(store, r#ref, out, extend)
}

#[cold]
#[inline(never)]
fn get_slow<T>(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    out: *mut MaybeUninit<T>,
    extend: fn(u32) -> T,
) -> gcroots_status_t {
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller of `get` passes a store, and `out` valid for writing.
        unsafe { put(out, extend(enter(store)?.i31_get(r#ref.into())?)) }
    })
}
