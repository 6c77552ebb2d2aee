//! Locals
//!
//! A local is a scoped root that can be changed: gcroots_ref_assign() makes it refer to
//! another object, or to null. gcroots_struct_get_ref_into(), and the same function of
//! arrays, tables and globals, read a reference into a local. So a loop can use one root for
//! all its iterations.
//!
//! A local that holds null behaves as null in every function that takes the store. But its
//! bits are not those of null: for such a local, gcroots_ref_is_null() and
//! gcroots_ref_same_root(), which look at the bits only, return false. Test a local with
//! gcroots_local_is_null().

use core::mem::MaybeUninit;

use super::boundary::{call, enter, fast, required, write_out};
use super::reference::gcroots_ref_t;
use super::status::{GCROOTS_OK, gcroots_status_t};
use super::store::gcroots_store_t;

/// Makes a local in the current scope. Never collects.
///
/// \param ref_or_null a scoped or manual handle (borrowed), or null: what the local holds
///        at first
/// \param[out] out the handle of the local
/// \return GCROOTS_ERROR_WRONG_STORE if `ref_or_null` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref_or_null` is stale;
///         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the new root;
///         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_local_new(
    store: *mut gcroots_store_t,
    ref_or_null: gcroots_ref_t,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and `out` valid for writing or NULL.
    if unsafe { fast(store, out, |store| store.local_new_fast(ref_or_null.into())) } {
        return GCROOTS_OK;
    }
    new_slow(store, ref_or_null, out)
}

#[cold]
#[inline(never)]
extern "C" fn new_slow(
    store: *mut gcroots_store_t,
    ref_or_null: gcroots_ref_t,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    call("gcroots_local_new", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.local_new(ref_or_null.into())?) }
    })
}

/// Tests whether a local holds null. Never collects.
///
/// Cost: constant, a few instructions.
///
/// \param ref a local, or any other scoped or manual handle (borrowed), or null
/// \param[out] out whether `ref` is null, or a local that holds null
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_local_is_null(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    out: *mut MaybeUninit<bool>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and `out` valid for writing or NULL.
    if unsafe { fast(store, out, |store| store.is_null_fast(r#ref.into())) } {
        return GCROOTS_OK;
    }
    is_null_slow(store, r#ref, out)
}

#[cold]
#[inline(never)]
extern "C" fn is_null_slow(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    out: *mut MaybeUninit<bool>,
) -> gcroots_status_t {
    call("gcroots_local_is_null", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.is_null(r#ref.into())?) }
    })
}
