//! Locals
//!
//! A local is a scoped root that can be changed: gcroots_ref_assign() makes it refer to
//! another object, or to null. So a loop can use one root for all its iterations.
//!
//! A local that holds null behaves as null in every function, except that
//! gcroots_ref_is_null() and gcroots_ref_same_root() look at the bits only, and these are
//! not the bits of null.

use core::mem::MaybeUninit;

use super::boundary::{call, enter, required, write_out};
use super::reference::gcroots_ref_t;
use super::status::gcroots_status_t;
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
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.local_new(ref_or_null.into())?) }
    })
}
