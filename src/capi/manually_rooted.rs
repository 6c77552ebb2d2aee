//! Manual roots
//!
//! A manual root lives until it is unrooted, in any order, across scopes. The
//! handle owns the root: unrooting it twice, or using it afterwards, answers
//! GCROOTS_ERROR_UNROOTED, through any copy of the handle. All functions here
//! take null, and answer GCROOTS_ERROR_UNROOTED to the bits of a scoped handle.

use core::mem::MaybeUninit;

use super::boundary::{call, enter, fast, fast_without_output, put, required};
use super::reference::gcroots_ref_t;
use super::status::{GCROOTS_OK, gcroots_status_t};
use super::store::gcroots_store_t;
use crate::roots::{Handle, unroot_later};

/// Owns a manual root. Pass `ref`, a borrow, to whatever reads.
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

/// Makes a manual root for the object of a handle of either kind; null for
/// null. Never collects.
///
/// \param[out] out the new root (owned); release it with
///             gcroots_manually_rooted_unroot()
/// \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED,
///         GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
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
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: as above.
        unsafe { put(out, enter(store)?.root(r#ref.into())?) }
    })
}

/// Roots the object of a manual root once more; null for null. Never collects.
///
/// \param[out] out the new root (owned); release it with
///             gcroots_manually_rooted_unroot()
/// \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED,
///         GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn gcroots_manually_rooted_clone(
    store: *mut gcroots_store_t,
    handle: gcroots_manually_rooted_t,
    out: *mut MaybeUninit<gcroots_manually_rooted_t>,
) -> gcroots_status_t {
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { put(out, enter(store)?.clone_root(handle.into())?) }
    })
}

/// Ends a manual root and sets the handle to null; copies of it become stale.
/// Does nothing for null. Never collects.
///
/// \param[in,out] handle (the root is taken)
/// \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED; the handle is
///         unchanged then
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_manually_rooted_unroot(
    store: *mut gcroots_store_t,
    handle: *mut gcroots_manually_rooted_t,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and `handle` valid for reading
    // and writing or NULL; it is the same bits as a core handle.
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
    call(|| {
        let (store, handle) = (required(store, "store")?, required(handle, "handle")?);
        // SAFETY: as above.
        unsafe {
            enter(store)?.unroot(handle.read().into())?;
            put(
                handle.cast::<MaybeUninit<gcroots_manually_rooted_t>>(),
                Handle::NULL,
            )
        }
    })
}

/// Ends a manual root later, and sets the handle to null now. Any thread may call
/// this at any time, without the store, also inside callbacks, and after the
/// store was deleted, when nothing happens. The root ends when the store's owner
/// next collects or makes a root (if many wait, one of the next); until then copies
/// of the handle are good. A
/// handle that names no live manual root is ignored and counted
/// (`stale_unroots`). Needs no memory. Never collects.
///
/// \param[in,out] handle (the root is taken); null is allowed
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_manually_rooted_unroot_later(
    handle: *mut gcroots_manually_rooted_t,
) -> gcroots_status_t {
    call(|| {
        let handle = required(handle, "handle")?;
        // SAFETY: the caller passes `handle` valid for reading and writing.
        unsafe {
            unroot_later(handle.read().into());
            put(
                handle.cast::<MaybeUninit<gcroots_manually_rooted_t>>(),
                Handle::NULL,
            )
        }
    })
}

/// Makes a scoped root for the object of a manual one; null for null. Never
/// collects.
///
/// \param[out] out the new handle, in the current scope
/// \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED,
///         GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
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
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: as above.
        unsafe { put(out, enter(store)?.to_rooted(handle.into())?) }
    })
}

/// Turns a manual root into a scoped one: gcroots_manually_rooted_to_rooted()
/// and gcroots_manually_rooted_unroot() in one. On a failure the manual root is
/// unchanged. Never collects.
///
/// \param[in,out] handle (the root is taken); set to null
/// \param[out] out the new handle, in the current scope; may be `&handle->ref`,
///             which is then the new handle
/// \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED,
///         GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_manually_rooted_into_rooted(
    store: *mut gcroots_store_t,
    handle: *mut gcroots_manually_rooted_t,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    call(|| {
        let (store, handle) = (required(store, "store")?, required(handle, "handle")?);
        let out = required(out, "out")?;
        // SAFETY: the caller passes a store, `handle` valid for reading and
        // writing, and `out` for writing.
        unsafe {
            let rooted = enter(store)?.into_rooted(handle.read().into())?;
            put(
                handle.cast::<MaybeUninit<gcroots_manually_rooted_t>>(),
                Handle::NULL,
            )?;
            put(out, rooted)
        }
    })
}
