//! 31-bit integers
//!
//! An i31 is a reference that holds an integer and refers to no object. Making one never
//! collects. Two i31 references with the same integer are equal.

use core::mem::MaybeUninit;

use super::boundary::{call, enter, fast, required, write_out};
use super::reference::gcroots_ref_t;
use super::status::{GCROOTS_OK, gcroots_status_t};
use super::store::gcroots_store_t;

/// Makes an i31 from the lower 31 bits of an integer, and roots it in the current
/// scope. Never collects.
///
/// \param value the integer; its highest bit is ignored
/// \param[out] out the new handle
/// \return GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the new root;
///         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
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
    call("gcroots_i31_new", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.i31_new(value as u32)?) }
    })
}

/// Returns the integer of an i31, sign-extended: -2^30 to 2^30 - 1. Never collects.
///
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an i31
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_i31_get_s(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    out: *mut MaybeUninit<i32>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and `out` valid for writing or NULL.
    unsafe {
        get("gcroots_i31_get_s", store, r#ref, out, |bits| {
            (bits << 1) as i32 >> 1
        })
    }
}

/// Returns the integer of an i31, zero-extended: 0 to 2^31 - 1. Never collects.
///
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an i31
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_i31_get_u(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    out: *mut MaybeUninit<u32>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and `out` valid for writing or NULL.
    unsafe { get("gcroots_i31_get_u", store, r#ref, out, |bits| bits) }
}

/// Reads an i31 and extends its 31 bits with `extend`. `name` is that of the exported
/// function.
///
/// # Safety
///
/// `store` must be NULL or point to a live store. `out` must be NULL or valid for writing.
#[inline(always)]
unsafe fn get<T>(
    name: &'static str,
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
    get_slow(name, store, r#ref, out, extend)
}

#[cold]
#[inline(never)]
fn get_slow<T>(
    name: &'static str,
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    out: *mut MaybeUninit<T>,
    extend: fn(u32) -> T,
) -> gcroots_status_t {
    call(name, || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller of `get` passes a store, and `out` valid for writing.
        unsafe { write_out(out, extend(enter(store)?.i31_get(r#ref.into())?)) }
    })
}
