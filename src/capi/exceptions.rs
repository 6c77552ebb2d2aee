//! Tags and exceptions
//!
//! A tag tells exceptions apart: a function type without results, whose parameters are
//! an exception's fields, and an identity of its own. It lives as long as its store. An
//! exception is an object that has a tag and fields, which never change.

use core::mem::MaybeUninit;
use core::ptr::NonNull;

use super::boundary::{call, enter, put, required, required_const};
use super::reference::gcroots_ref_t;
use super::status::gcroots_status_t;
use super::store::gcroots_store_t;
use super::types::{borrowed, gcroots_type_t, owned};
use super::value::{check_kinds, gcroots_val_t, read};
use crate::roots::Handle;
use crate::store::Store;
use crate::store::host_code::finalize;

/// Names a tag. `store_id` 0 names none. All handles of one tag have the same bits.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct gcroots_tag_t {
    /// The store's id.
    pub store_id: u64,
    /// Tells tags from what is none.
    pub generation: u32,
    /// Which of the store's tags.
    pub index: u32,
}

const _: () = assert!(size_of::<gcroots_tag_t>() == 16 && align_of::<gcroots_tag_t>() == 8);

impl From<Handle> for gcroots_tag_t {
    fn from(handle: Handle) -> gcroots_tag_t {
        let gcroots_ref_t {
            store_id,
            generation,
            index,
        } = handle.into();
        gcroots_tag_t {
            store_id,
            generation,
            index,
        }
    }
}

impl From<gcroots_tag_t> for Handle {
    fn from(tag: gcroots_tag_t) -> Handle {
        let gcroots_tag_t {
            store_id,
            generation,
            index,
        } = tag;
        gcroots_ref_t {
            store_id,
            generation,
            index,
        }
        .into()
    }
}

/// Makes a tag, another than all before. Never collects.
///
/// \param type a function type without results (borrowed)
/// \param[out] out the tag, which lives as long as the store
/// \return GCROOTS_ERROR_WRONG_ENGINE; GCROOTS_ERROR_TYPE_MISMATCH for another type;
///         GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_tag_new(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    out: *mut MaybeUninit<gcroots_tag_t>,
) -> gcroots_status_t {
    call(|| {
        let (store, of) = (required(store, "store")?, required_const(r#type, "type")?);
        let out = required(out, "out")?;
        // SAFETY: the caller passes a store, a type that it holds a reference to, and
        // `out` valid for writing.
        unsafe { put(out, enter(store)?.tag_new(&borrowed(of))?) }
    })
}

/// The type that a tag was made of. Never collects.
///
/// \param[out] out the type (owned); release it with gcroots_type_free()
/// \return for the tag GCROOTS_ERROR_NULL_REFERENCE, GCROOTS_ERROR_WRONG_STORE, and
///         GCROOTS_ERROR_UNROOTED for what is no tag; GCROOTS_ERROR_LIMIT
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn gcroots_tag_type(
    store: *mut gcroots_store_t,
    tag: gcroots_tag_t,
    out: *mut MaybeUninit<*mut gcroots_type_t>,
) -> gcroots_status_t {
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { put(out, owned(enter(store)?.tag_type(tag.into())?)) }
    })
}

/// Makes an exception of these values, one for each field, rooted in the current scope.
/// May collect.
///
/// \param fields the values (borrowed), nullable if there is none; read if `count` is
///               the number of the tag's fields
/// \param[out] out the handle
/// \return for the tag as gcroots_tag_type(); GCROOTS_ERROR_INVALID_ARGUMENT for a
///         `count` that is not the tag's, and then for a value whose kind is none; for a
///         value GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED,
///         GCROOTS_ERROR_NULL_REFERENCE for null in a field that is never null, and
///         GCROOTS_ERROR_TYPE_MISMATCH; GCROOTS_ERROR_NO_GC,
///         GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_exn_new(
    store: *mut gcroots_store_t,
    tag: gcroots_tag_t,
    fields: *const gcroots_val_t,
    count: usize,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    call(|| {
        let store = required(store, "store")?;
        let fields = match count {
            0 => NonNull::dangling(),
            _ => required_const(fields, "fields")?,
        };
        let out = required(out, "out")?;
        // SAFETY: the caller passes a store, as many values as it says, and `out` valid
        // for writing.
        unsafe {
            // A wrong count is refused below, and nothing is read.
            if enter(store)?.exn_field_count(tag.into()) == Some(count) {
                check_kinds(fields, count)?;
            }
            let value = |index| read(fields.add(index));
            let make = |store: &Store| store.exn_new(tag.into(), count, &value);
            put(out, finalize::allocating(store.cast(), make)?)
        }
    })
}

/// The tag of an exception. Never collects.
///
/// \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED,
///         GCROOTS_ERROR_NULL_REFERENCE, GCROOTS_ERROR_TYPE_MISMATCH
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_exn_tag(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    out: *mut MaybeUninit<gcroots_tag_t>,
) -> gcroots_status_t {
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { put(out, enter(store)?.exn_tag(r#ref.into())?) }
    })
}

/// The value of an exception's field. Never collects.
///
/// \param[out] out its `of.ref`, if it is a reference, is a new handle or null
/// \return as gcroots_exn_tag(); GCROOTS_ERROR_OUT_OF_BOUNDS;
///         GCROOTS_ERROR_OUT_OF_MEMORY and GCROOTS_ERROR_LIMIT if a handle is needed
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_exn_field(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    out: *mut MaybeUninit<gcroots_val_t>,
) -> gcroots_status_t {
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { put(out, enter(store)?.exn_field(r#ref.into(), index)?) }
    })
}

/// Makes an exception pending, in place of another. While one is pending
/// gcroots_func_call() calls nothing. It stays alive until it is taken. Never collects.
///
/// \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED,
///         GCROOTS_ERROR_NULL_REFERENCE, GCROOTS_ERROR_TYPE_MISMATCH for what is no
///         exception
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_store_throw(
    store: *mut gcroots_store_t,
    exn: gcroots_ref_t,
) -> gcroots_status_t {
    call(|| {
        let store = required(store, "store")?;
        // SAFETY: the caller passes a store.
        unsafe { enter(store)?.throw(exn.into()) }
    })
}

/// Takes the pending exception: then none is. Never collects.
///
/// \param[out] out a new handle of the current scope; null if none was pending
/// \return GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT; it is still pending then
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_store_take_exception(
    store: *mut gcroots_store_t,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { put(out, enter(store)?.take_exception()?) }
    })
}
