//! Tags and exceptions
//!
//! A tag identifies a kind of exception. It is made from a function type without results;
//! the parameters of that type are the fields of the tag's exceptions. Two tags are
//! different even if they are made from the same type. A tag lives as long as its store.
//!
//! An exception is an object with a tag and fields. Neither ever changes.

use core::mem::MaybeUninit;
use core::ptr::NonNull;

use super::boundary::{call, enter, fast, required, required_const, write_out};
use super::manually_rooted::gcroots_manually_rooted_t;
use super::reference::gcroots_ref_t;
use super::status::{GCROOTS_OK, gcroots_status_t};
use super::store::gcroots_store_t;
use super::types::{borrowed, gcroots_type_t, owned};
use super::value::{check_kinds, gcroots_val_t, in_place, read};
use crate::heap::FastPath;
use crate::roots::Handle;
use crate::store::Store;
use crate::store::host_code;

/// Names a tag. All handles of one tag have the same bits. A handle whose `store_id` is
/// 0 names no tag.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct gcroots_tag_t {
    /// The store's id.
    pub store_id: u64,
    /// The same for all tags. It tells tags from other handles.
    pub generation: u32,
    /// The tag's number in its store.
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

/// Makes a tag that differs from all other tags. Never collects.
///
/// \param type a function type without results (borrowed)
/// \param[out] out the tag. It lives as long as the store and is not released
/// \return GCROOTS_ERROR_WRONG_ENGINE if `type` belongs to another engine;
///         GCROOTS_ERROR_TYPE_MISMATCH if `type` is not a function type, or has
///         results;
///         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the tag;
///         GCROOTS_ERROR_LIMIT if the store has too many tags, or the type too many
///         references
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_tag_new(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    out: *mut MaybeUninit<gcroots_tag_t>,
) -> gcroots_status_t {
    call("gcroots_tag_new", || {
        let (store, of) = (required(store, "store")?, required_const(r#type, "type")?);
        let out = required(out, "out")?;
        // SAFETY: the caller passes a store, a type that it holds a reference to, and
        // `out` valid for writing.
        unsafe { write_out(out, enter(store)?.tag_new(&borrowed(of))?) }
    })
}

/// Returns the function type from which a tag was made. Never collects.
///
/// \param[out] out the type (owned); release it with gcroots_type_free()
/// \return GCROOTS_ERROR_NULL_REFERENCE if the `store_id` of `tag` is 0;
///         GCROOTS_ERROR_WRONG_STORE if `tag` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `tag` does not name a tag;
///         GCROOTS_ERROR_LIMIT if the type has too many references
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn gcroots_tag_type(
    store: *mut gcroots_store_t,
    tag: gcroots_tag_t,
    out: *mut MaybeUninit<*mut gcroots_type_t>,
) -> gcroots_status_t {
    call("gcroots_tag_type", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, owned(enter(store)?.tag_type(tag.into())?)) }
    })
}

/// Tests whether two handles name the same tag. Never collects.
///
/// \return GCROOTS_ERROR_NULL_REFERENCE if the `store_id` of `a` or `b` is 0;
///         GCROOTS_ERROR_WRONG_STORE if `a` or `b` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `a` or `b` does not name a tag
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_tag_eq(
    store: *mut gcroots_store_t,
    a: gcroots_tag_t,
    b: gcroots_tag_t,
    out: *mut MaybeUninit<bool>,
) -> gcroots_status_t {
    call("gcroots_tag_eq", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.tag_eq(a.into(), b.into())?) }
    })
}

/// Makes an exception from one value for each field, and roots it in the current scope.
/// May collect. Hold no lock that a finalizer takes.
///
/// The new exception is not pending: gcroots_store_throw() makes it so.
///
/// \param fields the values (borrowed), nullable if `count` is 0. They are read only if
///        `count` is the number of fields of the tag. Each value is checked completely
///        before the next one
/// \param count the number of values
/// \param[out] out the new handle
/// \return GCROOTS_ERROR_NULL_REFERENCE if the `store_id` of `tag` is 0;
///         GCROOTS_ERROR_WRONG_STORE if `tag` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `tag` does not name a tag;
///         GCROOTS_ERROR_INVALID_ARGUMENT if `count` is not the number of fields;
///         GCROOTS_ERROR_INVALID_ARGUMENT if the `kind` of a value is not a valid one;
///         GCROOTS_ERROR_WRONG_STORE if the handle in a value belongs to another store;
///         GCROOTS_ERROR_UNROOTED if the handle in a value is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if a value is null and its field is not
///         nullable;
///         GCROOTS_ERROR_TYPE_MISMATCH if a value is not of its field's type;
///         GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
///         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the object or its
///         root;
///         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_exn_new(
    store: *mut gcroots_store_t,
    tag: gcroots_tag_t,
    fields: *const gcroots_val_t,
    count: usize,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, `count` values, and `out` valid for
    // writing or NULL.
    if unsafe { exn_new_fast::<false>(store, tag, fields, count, out) } {
        return GCROOTS_OK;
    }
    exn_new_slow(store, tag, fields, count, out)
}

/// The fast form of [`gcroots_exn_new`]. Returns `false`, with nothing changed, if the
/// slow form is needed.
///
/// # Safety
///
/// As for the arguments of [`gcroots_exn_new`].
#[inline(always)]
unsafe fn exn_new_fast<const IN_LINE: bool>(
    store: *mut gcroots_store_t,
    tag: gcroots_tag_t,
    fields: *const gcroots_val_t,
    count: usize,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        fast::<Handle, _>(store, out, |store| {
            if fields.is_null() {
                return None;
            }
            let path = FastPath::of(IN_LINE);
            store.exn_new_fast(path, tag.into(), count, |index| in_place(fields.add(index)))
        })
    }
}

#[cold]
#[inline(never)]
extern "C" fn exn_new_slow(
    store: *mut gcroots_store_t,
    tag: gcroots_tag_t,
    fields: *const gcroots_val_t,
    count: usize,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, `count` values, and `out` valid for
    // writing or NULL.
    if unsafe { exn_new_fast::<true>(store, tag, fields, count, out) } {
        return GCROOTS_OK;
    }
    call("gcroots_exn_new", || {
        let store = required(store, "store")?;
        let fields = match count {
            0 => NonNull::dangling(),
            _ => required_const(fields, "fields")?,
        };
        let out = required(out, "out")?;
        // SAFETY: the caller passes a store, `count` values, and `out` valid for writing.
        unsafe {
            // With a wrong count no value may be read; `exn_new` reports the count.
            if enter(store)?.exn_field_count(tag.into()) == Some(count) {
                check_kinds(fields, count)?;
            }
            let value = |index| read(fields.add(index));
            let make = |store: &Store| store.exn_new(tag.into(), count, &value);
            write_out(out, host_code::allocating(store.cast(), make)?)
        }
    })
}

/// Returns the tag of an exception. Never collects.
///
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an exception
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_exn_tag(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    out: *mut MaybeUninit<gcroots_tag_t>,
) -> gcroots_status_t {
    call("gcroots_exn_tag", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.exn_tag(r#ref.into())?) }
    })
}

/// Reads a field of an exception. Never collects.
///
/// \param[out] out the value; a reference is a new handle of the current scope, or null
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an exception;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the exception has no field `index`;
///         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the new root;
///         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_exn_field(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    out: *mut MaybeUninit<gcroots_val_t>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and `out` valid for writing or NULL.
    if unsafe {
        fast(store, out, |store| {
            store.exn_field_fast(r#ref.into(), index)
        })
    } {
        return GCROOTS_OK;
    }
    exn_field_slow(store, r#ref, index, out)
}

#[cold]
#[inline(never)]
extern "C" fn exn_field_slow(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    out: *mut MaybeUninit<gcroots_val_t>,
) -> gcroots_status_t {
    call("gcroots_exn_field", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.exn_field(r#ref.into(), index)?) }
    })
}

/// Makes an exception the store's pending exception, and replaces any other. Never
/// collects.
///
/// The store keeps the exception alive until gcroots_store_take_exception() takes it.
/// While an exception is pending, gcroots_func_call() calls nothing and returns
/// GCROOTS_ERROR_EXCEPTION.
///
/// \param exn the exception (borrowed)
/// \return GCROOTS_ERROR_WRONG_STORE if `exn` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `exn` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `exn` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `exn` does not refer to an exception
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_store_throw(
    store: *mut gcroots_store_t,
    exn: gcroots_ref_t,
) -> gcroots_status_t {
    call("gcroots_store_throw", || {
        let store = required(store, "store")?;
        // SAFETY: the caller passes a store.
        unsafe { enter(store)?.throw(exn.into()) }
    })
}

/// Takes the pending exception. Afterwards no exception is pending. Never collects.
///
/// \param[out] out a new handle of the current scope, or null if no exception was
///             pending
/// \return GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the new root;
///         the exception stays pending;
///         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root; the
///         exception stays pending
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_store_take_exception(
    store: *mut gcroots_store_t,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    call("gcroots_store_take_exception", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.take_exception()?) }
    })
}

/// Takes the pending exception, and makes a manual root for it instead of a scoped one.
/// Afterwards no exception is pending. Never collects.
///
/// \param[out] out the new root (owned); release it with gcroots_manually_rooted_unroot().
///             Null if no exception was pending
/// \return GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the new root;
///         the exception stays pending;
///         GCROOTS_ERROR_LIMIT if the store has no slot left for a manual root; the
///         exception stays pending
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn gcroots_store_take_exception_manually_rooted(
    store: *mut gcroots_store_t,
    out: *mut MaybeUninit<gcroots_manually_rooted_t>,
) -> gcroots_status_t {
    call("gcroots_store_take_exception_manually_rooted", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.take_exception_manually_rooted()?) }
    })
}

/// Tests whether an exception is pending. Never collects.
///
/// \param[out] out whether gcroots_store_take_exception() would take an exception
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_store_has_exception(
    store: *mut gcroots_store_t,
    out: *mut MaybeUninit<bool>,
) -> gcroots_status_t {
    call("gcroots_store_has_exception", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.has_pending_exception()) }
    })
}
