//! Locals
//!
//! A slot of the current scope that may hold null and that
//! gcroots_ref_assign() changes, so that a loop need not make a root each time.
//! A local that holds null behaves as null everywhere, except that
//! gcroots_ref_is_null() and gcroots_ref_same_root() see bits only.

use core::mem::MaybeUninit;

use super::boundary::{call, enter, put, required};
use super::reference::gcroots_ref_t;
use super::status::gcroots_status_t;
use super::store::gcroots_store_t;

/// Makes a local in the current scope. Never collects.
///
/// \param ref_or_null what it holds at first: a handle of either kind, or null
/// \param[out] out the local's handle
/// \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED,
///         GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_local_new(
    store: *mut gcroots_store_t,
    ref_or_null: gcroots_ref_t,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { put(out, enter(store)?.local_new(ref_or_null.into())?) }
    })
}
