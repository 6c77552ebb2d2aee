//! Weak handles
//!
//! A weak handle names an object and does not keep it alive. Collections clear it
//! when they find the object dead, before any finalizer runs. It lives until it is
//! freed, across scopes, whether its object does or not. Under the null collector,
//! where nothing dies, it is never cleared. It has bits of its own: it is not a
//! gcroots_ref_t, and must be upgraded to reach the object.

use core::mem::MaybeUninit;

use super::boundary::{call, enter, put, required};
use super::reference::gcroots_ref_t;
use super::status::gcroots_status_t;
use super::store::gcroots_store_t;
use crate::roots::Handle;

/// Names an object weakly. `store_id` 0 is the null handle, whatever the rest.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct gcroots_weak_t {
    /// The store's id.
    pub store_id: u64,
    /// Which of the handles that were in the slot.
    pub generation: u32,
    /// The slot.
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

/// Makes a weak handle for the object of a handle of either kind; null for null.
/// That of an i31 is never cleared. Never collects.
///
/// \param[out] out the weak handle (owned); release it with gcroots_weak_free()
/// \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED,
///         GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn gcroots_weak_new(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    out: *mut MaybeUninit<gcroots_weak_t>,
) -> gcroots_status_t {
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { put(out, enter(store)?.weak_new(r#ref.into())?) }
    })
}

/// Makes a scoped root for the object of a weak handle. Never collects.
///
/// \param[out] out the new handle, in the current scope; null if the object has
///             died, and for a null weak handle
/// \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED if it was freed,
///         GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_weak_upgrade(
    store: *mut gcroots_store_t,
    weak: gcroots_weak_t,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { put(out, enter(store)?.weak_upgrade(weak.into())?) }
    })
}

/// Ends a weak handle and zeroes it; copies of it become stale. Does nothing for
/// null. Never collects.
///
/// \param[in,out] weak (taken)
/// \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED; the handle is
///         unchanged then
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_weak_free(
    store: *mut gcroots_store_t,
    weak: *mut gcroots_weak_t,
) -> gcroots_status_t {
    call(|| {
        let (store, weak) = (required(store, "store")?, required(weak, "weak")?);
        // SAFETY: the caller passes a store, and `weak` valid for reading and
        // writing.
        unsafe {
            enter(store)?.weak_free(weak.read().into())?;
            put(weak.cast::<MaybeUninit<gcroots_weak_t>>(), Handle::NULL)
        }
    })
}
