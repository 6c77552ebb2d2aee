//! Weak handles
//!
//! A weak handle names an object and does not keep it alive. To use the object, upgrade
//! the weak handle to a scoped root.
//!
//! A collection that finds the object dead clears its weak handles, before any finalizer
//! runs. A cleared handle stays until it is freed. Weak handles do not depend on scopes.
//! Under the null collector no object dies, and no weak handle is cleared.
//!
//! A weak handle is not a gcroots_ref_t, and its bits are not valid as one.

use core::mem::MaybeUninit;

use super::boundary::{call, enter, required, write_out};
use super::reference::gcroots_ref_t;
use super::status::gcroots_status_t;
use super::store::gcroots_store_t;
use crate::roots::Handle;

/// Names an object weakly. If `store_id` is 0, it is the null handle, whatever the other
/// fields are.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct gcroots_weak_t {
    /// The id of the store.
    pub store_id: u64,
    /// Tells apart the weak handles that have used the slot, one after another.
    pub generation: u32,
    /// The number of the slot.
    pub index: u32,
}

const _: () = assert!(size_of::<gcroots_weak_t>() == 16 && align_of::<gcroots_weak_t>() == 8);

impl From<Handle> for gcroots_weak_t {
    fn from(handle: Handle) -> gcroots_weak_t {
        let gcroots_ref_t {
            store_id,
            generation,
            index,
        } = handle.into();
        gcroots_weak_t {
            store_id,
            generation,
            index,
        }
    }
}

impl From<gcroots_weak_t> for Handle {
    fn from(weak: gcroots_weak_t) -> Handle {
        gcroots_ref_t {
            store_id: weak.store_id,
            generation: weak.generation,
            index: weak.index,
        }
        .into()
    }
}

/// Makes a weak handle for what a handle refers to. A weak handle for an i31 is never
/// cleared. Never collects.
///
/// \param ref a scoped or manual handle (borrowed), or null
/// \param[out] out the weak handle (owned); release it with gcroots_weak_free(). Null if
///             `ref` is null or a local that holds null.
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the weak handle;
///         GCROOTS_ERROR_LIMIT if the store has no slot left for a weak handle
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn gcroots_weak_new(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    out: *mut MaybeUninit<gcroots_weak_t>,
) -> gcroots_status_t {
    call("gcroots_weak_new", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.weak_new(r#ref.into())?) }
    })
}

/// Makes a scoped root for the object of a weak handle. Never collects.
///
/// \param weak a weak handle (borrowed), or null
/// \param[out] out the new handle, in the current scope; null if a collection has found
///             the object dead, or if `weak` is null
/// \return GCROOTS_ERROR_WRONG_STORE if `weak` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `weak` was freed;
///         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the new root;
///         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_weak_upgrade(
    store: *mut gcroots_store_t,
    weak: gcroots_weak_t,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    call("gcroots_weak_upgrade", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.weak_upgrade(weak.into())?) }
    })
}

/// Ends a weak handle and sets it to zeros. Copies of it become stale. Does nothing if it
/// is null. Never collects.
///
/// \param[in,out] weak (taken)
/// \return GCROOTS_ERROR_WRONG_STORE if `weak` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `weak` was freed. After a failure the handle is
///         unchanged.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_weak_free(
    store: *mut gcroots_store_t,
    weak: *mut gcroots_weak_t,
) -> gcroots_status_t {
    call("gcroots_weak_free", || {
        let (store, weak) = (required(store, "store")?, required(weak, "weak")?);
        // SAFETY: the caller passes a store, and `weak` valid for reading and
        // writing.
        unsafe {
            enter(store)?.weak_free(weak.read().into())?;
            write_out(weak.cast::<MaybeUninit<gcroots_weak_t>>(), Handle::NULL)
        }
    })
}
