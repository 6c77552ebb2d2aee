//! References
//!
//! A handle is 16 bytes of plain data that name a root in a store. Copying the
//! bytes makes no new root. Any bits may be passed: what is not a live root of
//! the store is refused. Functions that take a gcroots_ref_t take scoped and
//! manual handles (the `ref` of a gcroots_manually_rooted_t, borrowed).

use core::mem::MaybeUninit;

use super::boundary::{call, enter, put, required};
use super::status::gcroots_status_t;
use super::store::gcroots_store_t;
use crate::roots::Handle;

/// Names a root. `store_id` 0 is the null reference, whatever the rest.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct gcroots_ref_t {
    /// The store's id.
    pub store_id: u64,
    /// Which of the roots that were in the slot.
    pub generation: u32,
    /// The slot; the high bit says manual.
    pub index: u32,
}

const _: () = assert!(size_of::<gcroots_ref_t>() == 16 && align_of::<gcroots_ref_t>() == 8);

impl From<Handle> for gcroots_ref_t {
    #[inline(always)]
    fn from(handle: Handle) -> gcroots_ref_t {
        // SAFETY: both are plain data of the same layout. (In one piece, not by
        // fields: see `Handle`.)
        unsafe { core::mem::transmute(handle) }
    }
}

impl From<gcroots_ref_t> for Handle {
    #[inline(always)]
    fn from(handle: gcroots_ref_t) -> Handle {
        // SAFETY: both are plain data of the same layout.
        unsafe { core::mem::transmute(handle) }
    }
}

/// Whether two handles have the same bits, so that they are copies of one
/// handle; all null handles are the same. Looks at no store: two handles of one
/// object may well differ. Never collects.
#[unsafe(no_mangle)]
pub extern "C" fn gcroots_ref_same_root(a: gcroots_ref_t, b: gcroots_ref_t) -> bool {
    a == b || (a.store_id == 0 && b.store_id == 0)
}

/// Whether two references are to the same object; null equals null. Never
/// collects.
///
/// \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED; `a` first
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_ref_eq(
    store: *mut gcroots_store_t,
    a: gcroots_ref_t,
    b: gcroots_ref_t,
    out: *mut MaybeUninit<bool>,
) -> gcroots_status_t {
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { put(out, enter(store)?.ref_eq(a.into(), b.into())?) }
    })
}

/// A hash of the object (not of what the host data says), which stays when the
/// object moves; 0 for null. Never collects.
///
/// \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED,
///         GCROOTS_ERROR_OUT_OF_MEMORY the first time that an object's hash is
///         asked for
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_ref_hash(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    out: *mut MaybeUninit<u64>,
) -> gcroots_status_t {
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { put(out, enter(store)?.ref_hash(r#ref.into())?) }
    })
}

/// Makes a scoped root refer to another object, or to null; copies of `dst` see
/// it. Never collects.
///
/// \param dst a scoped handle of any open scope
/// \param src_or_null a handle of either kind, or null
/// \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED, and for `dst`
///         GCROOTS_ERROR_NULL_REFERENCE, GCROOTS_ERROR_INVALID_ARGUMENT if it
///         is manual
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_ref_assign(
    store: *mut gcroots_store_t,
    dst: gcroots_ref_t,
    src_or_null: gcroots_ref_t,
) -> gcroots_status_t {
    call(|| {
        let store = required(store, "store")?;
        // SAFETY: the caller passes a store.
        unsafe { enter(store) }?.assign(dst.into(), src_or_null.into())
    })
}
