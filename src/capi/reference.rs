//! References
//!
//! A handle is 16 bytes of plain data that name a root in a store. Copying the bytes
//! makes no new root. Any bits may be passed to functions: the library checks that they
//! name a live root of the store.
//!
//! A function that takes a gcroots_ref_t takes scoped and manual handles (borrowed). Pass
//! the `ref` of a gcroots_manually_rooted_t for a manual one.

use core::mem::MaybeUninit;

use super::boundary::{call, enter, required, write_out};
use super::status::gcroots_status_t;
use super::store::gcroots_store_t;
use crate::roots::Handle;

/// Names a root. If `store_id` is 0, it is the null reference, whatever the other fields
/// are.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct gcroots_ref_t {
    /// The id of the store.
    pub store_id: u64,
    /// Tells apart the roots that have used the slot, one after another.
    pub generation: u32,
    /// The number of the slot. The highest bit is set in manual handles.
    pub index: u32,
}

const _: () = assert!(size_of::<gcroots_ref_t>() == 16 && align_of::<gcroots_ref_t>() == 8);

impl From<Handle> for gcroots_ref_t {
    #[inline(always)]
    fn from(handle: Handle) -> gcroots_ref_t {
        // SAFETY: both are plain data of the same layout. (Copied as a whole and not by
        // fields, for the reason that `Handle` gives.)
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

/// Returns whether two handles are copies of one handle, that is, have the same bits. All
/// null handles are the same. Never collects.
///
/// No store is asked. Two different handles may refer to the same object: see
/// gcroots_ref_eq().
#[unsafe(no_mangle)]
pub extern "C" fn gcroots_ref_same_root(a: gcroots_ref_t, b: gcroots_ref_t) -> bool {
    a == b || (a.store_id == 0 && b.store_id == 0)
}

/// Tests whether two handles refer to the same object or the same i31, or both to null.
/// Never collects.
///
/// \return GCROOTS_ERROR_WRONG_STORE if `a` or `b` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `a` or `b` is stale
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_ref_eq(
    store: *mut gcroots_store_t,
    a: gcroots_ref_t,
    b: gcroots_ref_t,
    out: *mut MaybeUninit<bool>,
) -> gcroots_status_t {
    call("gcroots_ref_eq", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.ref_eq(a.into(), b.into())?) }
    })
}

/// Gets a hash of an object's identity. It stays the same when the object moves, and does
/// not depend on what the object or its host data contain. The hash of null is 0. Never
/// collects.
///
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory; this can happen only
///         the first time that an object's hash is asked for
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_ref_hash(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    out: *mut MaybeUninit<u64>,
) -> gcroots_status_t {
    call("gcroots_ref_hash", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.ref_hash(r#ref.into())?) }
    })
}

/// Makes a scoped root refer to another object, or to null. All copies of `dst` see the
/// change. Never collects.
///
/// \param dst a scoped handle of any open scope
/// \param src_or_null a scoped or manual handle (borrowed), or null
/// \return GCROOTS_ERROR_NULL_REFERENCE if `dst` is null;
///         GCROOTS_ERROR_WRONG_STORE if `dst` or `src_or_null` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `dst` or `src_or_null` is stale;
///         GCROOTS_ERROR_INVALID_ARGUMENT if `dst` is a manual handle
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_ref_assign(
    store: *mut gcroots_store_t,
    dst: gcroots_ref_t,
    src_or_null: gcroots_ref_t,
) -> gcroots_status_t {
    call("gcroots_ref_assign", || {
        let store = required(store, "store")?;
        // SAFETY: the caller passes a store.
        unsafe { enter(store) }?.assign(dst.into(), src_or_null.into())
    })
}
