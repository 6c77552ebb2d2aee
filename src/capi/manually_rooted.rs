//! Manual roots
//!
//! A manual root lives until it is unrooted. Manual roots may be unrooted in any order,
//! and do not depend on scopes.
//!
//! The handle owns the root. After the root was unrooted, each copy of the handle is
//! stale: using it, or unrooting it again, returns GCROOTS_ERROR_UNROOTED. The functions
//! of this section take null handles. For a scoped handle those that take a
//! gcroots_manually_rooted_t return GCROOTS_ERROR_UNROOTED.

use core::mem::MaybeUninit;

use super::boundary::{call, enter, fast, fast_without_output, required, write_out};
use super::reference::gcroots_ref_t;
use super::status::{GCROOTS_OK, gcroots_status_t};
use super::store::gcroots_store_t;
use crate::roots::{Handle, unroot_later};

/// Owns a manual root. To read the object, pass `ref` (borrowed) to functions that take a
/// gcroots_ref_t.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct gcroots_manually_rooted_t {
    /// The handle.
    pub r#ref: gcroots_ref_t,
}

const _: () = assert!(size_of::<gcroots_manually_rooted_t>() == 16);

impl From<Handle> for gcroots_manually_rooted_t {
    #[inline(always)]
    fn from(handle: Handle) -> gcroots_manually_rooted_t {
        gcroots_manually_rooted_t {
            r#ref: handle.into(),
        }
    }
}

impl From<gcroots_manually_rooted_t> for Handle {
    #[inline(always)]
    fn from(handle: gcroots_manually_rooted_t) -> Handle {
        handle.r#ref.into()
    }
}

/// Makes a manual root for the object that a handle refers to. Never collects.
///
/// \param ref a scoped or manual handle (borrowed), or null
/// \param[out] out the new root (owned); release it with
///             gcroots_manually_rooted_unroot(). Null if `ref` is null or a local that
///             holds null.
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the new root;
///         GCROOTS_ERROR_LIMIT if the store has no slot left for a manual root
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn gcroots_ref_to_manually_rooted(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    out: *mut MaybeUninit<gcroots_manually_rooted_t>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and `out` valid for writing or
    // NULL.
    if unsafe { fast(store, out, |store| store.root_fast(r#ref.into())) } {
        return GCROOTS_OK;
    }
    to_manually_rooted_slow(store, r#ref, out)
}

#[cold]
#[inline(never)]
extern "C" fn to_manually_rooted_slow(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    out: *mut MaybeUninit<gcroots_manually_rooted_t>,
) -> gcroots_status_t {
    call("gcroots_ref_to_manually_rooted", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.root(r#ref.into())?) }
    })
}

/// Makes another manual root for the object of a manual root. Never collects.
///
/// \param handle a manual handle (borrowed), or null
/// \param[out] out the new root (owned); release it with
///             gcroots_manually_rooted_unroot(). Null if `handle` is null.
/// \return GCROOTS_ERROR_WRONG_STORE if `handle` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `handle` is stale or scoped;
///         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the new root;
///         GCROOTS_ERROR_LIMIT if the store has no slot left for a manual root
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn gcroots_manually_rooted_clone(
    store: *mut gcroots_store_t,
    handle: gcroots_manually_rooted_t,
    out: *mut MaybeUninit<gcroots_manually_rooted_t>,
) -> gcroots_status_t {
    call("gcroots_manually_rooted_clone", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.clone_root(handle.into())?) }
    })
}

/// Ends a manual root and sets the handle to null. Copies of the handle become stale.
/// Does nothing if the handle is null. Never collects.
///
/// \param[in,out] handle (the root is taken)
/// \return GCROOTS_ERROR_WRONG_STORE if `handle` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `handle` is stale or scoped. After a failure the
///         handle is unchanged.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_manually_rooted_unroot(
    store: *mut gcroots_store_t,
    handle: *mut gcroots_manually_rooted_t,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and `handle` valid for reading
    // and writing or NULL. It has the same bits as a core handle.
    unsafe {
        let handle = handle.cast::<Handle>();
        let unrooted = !handle.is_null()
            && fast_without_output(store, |store| store.unroot_fast(handle.read()));
        if unrooted {
            handle.write(Handle::NULL);
            return GCROOTS_OK;
        }
    }
    unroot_slow(store, handle)
}

#[cold]
#[inline(never)]
extern "C" fn unroot_slow(
    store: *mut gcroots_store_t,
    handle: *mut gcroots_manually_rooted_t,
) -> gcroots_status_t {
    call("gcroots_manually_rooted_unroot", || {
        let (store, handle) = (required(store, "store")?, required(handle, "handle")?);
        // SAFETY: the caller passes a store, and `handle` valid for reading and writing.
        unsafe {
            enter(store)?.unroot(handle.read().into())?;
            write_out(
                handle.cast::<MaybeUninit<gcroots_manually_rooted_t>>(),
                Handle::NULL,
            )
        }
    })
}

/// Sets the handle to null now, and has the root ended later by the store's owner.
///
/// Any thread may call this at any time, also inside callbacks. It does not need the
/// store, and does nothing if the store was deleted. The root ends when the owner next
/// collects or calls gcroots_store_drain_unroots(). It may end earlier, when the owner
/// makes a root: each new root ends a bounded number of those that wait. Until then copies
/// of the handle stay valid. A
/// handle that names no live manual root is ignored, and counted in gcroots_stats_t's
/// `stale_unroots`.
///
/// Never collects. Needs no memory.
///
/// \param[in,out] handle (the root is taken); it may be null
/// \return GCROOTS_OK for every handle; GCROOTS_ERROR_NULL_ARGUMENT if `handle` is a NULL
///         pointer. So a caller that passes the address of a handle may ignore the status
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_manually_rooted_unroot_later(
    handle: *mut gcroots_manually_rooted_t,
) -> gcroots_status_t {
    call("gcroots_manually_rooted_unroot_later", || {
        let handle = required(handle, "handle")?;
        // SAFETY: the caller passes `handle` valid for reading and writing.
        unsafe {
            unroot_later(handle.read().into());
            write_out(
                handle.cast::<MaybeUninit<gcroots_manually_rooted_t>>(),
                Handle::NULL,
            )
        }
    })
}

/// Makes a scoped root for the object of a manual root. Never collects.
///
/// \param handle a manual handle (borrowed), or null
/// \param[out] out the new handle, in the current scope; null if `handle` is null
/// \return GCROOTS_ERROR_WRONG_STORE if `handle` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `handle` is stale or scoped;
///         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the new root;
///         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_manually_rooted_to_rooted(
    store: *mut gcroots_store_t,
    handle: gcroots_manually_rooted_t,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and `out` valid for writing or
    // NULL.
    if unsafe { fast(store, out, |store| store.to_rooted_fast(handle.into())) } {
        return GCROOTS_OK;
    }
    to_rooted_slow(store, handle, out)
}

#[cold]
#[inline(never)]
extern "C" fn to_rooted_slow(
    store: *mut gcroots_store_t,
    handle: gcroots_manually_rooted_t,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    call("gcroots_manually_rooted_to_rooted", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.to_rooted(handle.into())?) }
    })
}

/// Turns a manual root into a scoped root: makes a scoped root for its object, ends the
/// manual root and sets its handle to null. After a failure the manual root is unchanged.
/// Never collects.
///
/// \param[in,out] handle (the root is taken); it may be null
/// \param[out] out the new handle, in the current scope; null if `handle` is null. It may
///             be `&handle->ref`, which is the new handle then.
/// \return GCROOTS_ERROR_WRONG_STORE if `handle` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `handle` is stale or scoped;
///         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the new root;
///         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_manually_rooted_into_rooted(
    store: *mut gcroots_store_t,
    handle: *mut gcroots_manually_rooted_t,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    call("gcroots_manually_rooted_into_rooted", || {
        let (store, handle) = (required(store, "store")?, required(handle, "handle")?);
        let out = required(out, "out")?;
        // SAFETY: the caller passes a store, `handle` valid for reading and
        // writing, and `out` for writing.
        unsafe {
            let rooted = enter(store)?.into_rooted(handle.read().into())?;
            write_out(
                handle.cast::<MaybeUninit<gcroots_manually_rooted_t>>(),
                Handle::NULL,
            )?;
            write_out(out, rooted)
        }
    })
}
