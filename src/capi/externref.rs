//! Host objects
//!
//! An externref is an object that stands for something of the host. It holds:
//! - a pointer of the host, which the library never follows
//! - a finalizer, which runs once: after the collection that finds the object dead, or
//!   when the store is deleted
//!
//! A finalizer runs on the thread that collects or deletes the store. It may call the
//! store, allocate and collect; while the store is deleted, such calls return
//! GCROOTS_ERROR_BUSY. It must return.
//!
//! Locks: each allocation may collect, and a collection runs finalizers before the call
//! returns. A thread that allocates while it holds a lock, and has a finalizer that takes
//! the same lock, waits for itself for ever. Two ways avoid this:
//! - hold no lock that a finalizer takes during a call that may collect
//! - let finalizers wait for gcroots_store_run_finalizers(), with
//!   gcroots_config_set_finalizers(), and hold no such lock then
//!
//! An externref made through the Rust API holds a Rust value instead of a pointer.
//! Functions that read or set the pointer return GCROOTS_ERROR_TYPE_MISMATCH for it.

use core::ffi::c_void;
use core::mem::MaybeUninit;

use super::boundary::{call, enter, fast, required, required_const, write_out};
use super::manually_rooted::gcroots_manually_rooted_t;
use super::reference::gcroots_ref_t;
use super::status::{GCROOTS_OK, gcroots_status_t};
use super::store::{gcroots_finalizer_t, gcroots_store_t};
use crate::error::Error;
use crate::host::value_tag;
use crate::store::host_code;
use crate::store::{ExternRefOptions, Store};

/// The options of gcroots_externref_new_with() and
/// gcroots_externref_new_with_manually_rooted(). Zero is the default for each member
/// except `struct_size`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gcroots_externref_options_t {
    /// sizeof(gcroots_externref_options_t).
    pub struct_size: usize,
    /// The host's pointer (taken on success, nullable).
    pub data: *mut c_void,
    /// Runs with `data` after the object's death; NULL for no finalizer.
    pub finalizer: gcroots_finalizer_t,
    /// An address that identifies the host's type, such as that of a `static const
    /// char`. The library compares it and never follows it. NULL for no tag.
    pub tag: *const c_void,
    /// The size of the memory outside the heap that the object keeps alive. More
    /// external memory makes collections more frequent. It never makes an allocation
    /// fail.
    pub external_bytes: usize,
}

/// Makes an externref, and roots it in the current scope. May collect. Hold no lock that
/// a finalizer takes.
///
/// If the call fails, the caller keeps `data` and the finalizer never runs.
///
/// \param data the host's pointer (taken on success, nullable)
/// \param finalizer_or_null runs with `data` after the object's death
/// \param[out] out the new handle
/// \return GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
///         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the object, its root
///         or its host data;
///         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root, or too
///         many externrefs and functions
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_externref_new(
    store: *mut gcroots_store_t,
    data: *mut c_void,
    finalizer_or_null: gcroots_finalizer_t,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and `out` valid for writing or
    // NULL.
    if unsafe {
        fast(store, out, |store| {
            store.externref_new_fast(data, finalizer_or_null)
        })
    } {
        return GCROOTS_OK;
    }
    externref_new_slow(store, data, finalizer_or_null, out)
}

#[cold]
#[inline(never)]
extern "C" fn externref_new_slow(
    store: *mut gcroots_store_t,
    data: *mut c_void,
    finalizer: gcroots_finalizer_t,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    let options = untagged(data, finalizer);
    call("gcroots_externref_new", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe {
            enter(store)?;
            let made = host_code::allocating(store.cast(), |store| store.externref_new(options))?;
            write_out(out, made)
        }
    })
}

fn untagged(data: *mut c_void, finalizer: gcroots_finalizer_t) -> ExternRefOptions {
    ExternRefOptions {
        data,
        finalizer,
        tag: core::ptr::null(),
        external_bytes: 0,
    }
}

/// Makes an externref and a manual root for it: both or neither. May collect. Hold no
/// lock that a finalizer takes.
///
/// This is gcroots_externref_new() and gcroots_ref_to_manually_rooted() in one step,
/// without a scoped root.
///
/// If the call fails, the caller keeps `data` and the finalizer never runs.
///
/// \param data the host's pointer (taken on success, nullable)
/// \param finalizer_or_null runs with `data` after the object's death
/// \param[out] out the new root (owned); release it with
///             gcroots_manually_rooted_unroot()
/// \return GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
///         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the object, its root
///         or its host data;
///         GCROOTS_ERROR_LIMIT if the store has no slot left for a manual root, or too
///         many externrefs and functions
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn gcroots_externref_new_manually_rooted(
    store: *mut gcroots_store_t,
    data: *mut c_void,
    finalizer_or_null: gcroots_finalizer_t,
    out: *mut MaybeUninit<gcroots_manually_rooted_t>,
) -> gcroots_status_t {
    let options = untagged(data, finalizer_or_null);
    call("gcroots_externref_new_manually_rooted", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe {
            enter(store)?;
            let make = |store: &Store| store.externref_new_manually_rooted(options);
            write_out(out, host_code::allocating(store.cast(), make)?)
        }
    })
}

/// Makes an externref with options, such as a tag and external bytes, and roots it in the
/// current scope. May collect. Hold no lock that a finalizer takes.
///
/// If the call fails, the caller keeps `options->data` and the finalizer never runs.
///
/// \param options the options (borrowed). Only the first `struct_size` bytes are read
/// \param[out] out the new handle
/// \return GCROOTS_ERROR_INVALID_ARGUMENT if this library does not know `struct_size`;
///         GCROOTS_ERROR_INVALID_ARGUMENT if the tag is the one address that the
///         library reserves for the values of its Rust API;
///         GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
///         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the object, its root
///         or its host data;
///         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root, or too
///         many externrefs and functions
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_externref_new_with(
    store: *mut gcroots_store_t,
    options: *const gcroots_externref_options_t,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    call("gcroots_externref_new_with", || {
        let store = required(store, "store")?;
        let options = required_const(options, "options")?;
        let out = required(out, "out")?;
        // SAFETY: the caller passes a store, options of `struct_size` bytes, and `out`
        // valid for writing.
        unsafe {
            enter(store)?;
            let options = read_options(options)?;
            let made = host_code::allocating(store.cast(), |store| store.externref_new(options))?;
            write_out(out, made)
        }
    })
}

/// Makes an externref with options and a manual root for it: both or neither. May
/// collect. Hold no lock that a finalizer takes.
///
/// This is gcroots_externref_new_with() and gcroots_ref_to_manually_rooted() in one step,
/// without a scoped root.
///
/// If the call fails, the caller keeps `options->data` and the finalizer never runs.
///
/// \param options the options (borrowed). Only the first `struct_size` bytes are read
/// \param[out] out the new root (owned); release it with
///             gcroots_manually_rooted_unroot()
/// \return GCROOTS_ERROR_INVALID_ARGUMENT if this library does not know `struct_size`;
///         GCROOTS_ERROR_INVALID_ARGUMENT if the tag is the one address that the
///         library reserves for the values of its Rust API;
///         GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
///         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the object, its root
///         or its host data;
///         GCROOTS_ERROR_LIMIT if the store has no slot left for a manual root, or too
///         many externrefs and functions
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn gcroots_externref_new_with_manually_rooted(
    store: *mut gcroots_store_t,
    options: *const gcroots_externref_options_t,
    out: *mut MaybeUninit<gcroots_manually_rooted_t>,
) -> gcroots_status_t {
    call("gcroots_externref_new_with_manually_rooted", || {
        let store = required(store, "store")?;
        let options = required_const(options, "options")?;
        let out = required(out, "out")?;
        // SAFETY: the caller passes a store, options of `struct_size` bytes, and `out`
        // valid for writing.
        unsafe {
            enter(store)?;
            let options = read_options(options)?;
            let make = |store: &Store| store.externref_new_manually_rooted(options);
            write_out(out, host_code::allocating(store.cast(), make)?)
        }
    })
}

/// Reads options whose size is known, and no byte beyond that size.
///
/// # Safety
///
/// `options` must point to `struct_size` readable bytes.
unsafe fn read_options(
    options: core::ptr::NonNull<gcroots_externref_options_t>,
) -> crate::error::Result<ExternRefOptions> {
    // SAFETY: the caller's promise; `struct_size` is the first member.
    let size = unsafe { options.cast::<usize>().read() };
    if size != size_of::<gcroots_externref_options_t>() {
        return Err(Error::InvalidArgument {
            parameter: "options->struct_size",
            value: size as u64,
            allowed: "sizeof(gcroots_externref_options_t)",
        });
    }
    // SAFETY: the caller's promise.
    let options = unsafe { options.read() };
    if options.tag == value_tag() {
        return Err(Error::InvalidArgument {
            parameter: "options->tag",
            value: options.tag as u64,
            allowed: "another address",
        });
    }
    Ok(ExternRefOptions {
        data: options.data,
        finalizer: options.finalizer,
        tag: options.tag,
        external_bytes: options.external_bytes as u64,
    })
}

/// Returns the host's pointer of an externref. Never collects.
///
/// \param[out] out the pointer (borrowed)
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an externref made
///         through C
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_externref_data(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    out: *mut MaybeUninit<*mut c_void>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and `out` valid for writing or
    // NULL.
    if unsafe { fast(store, out, |store| store.externref_data_fast(r#ref.into())) } {
        return GCROOTS_OK;
    }
    externref_data_slow(store, r#ref, out)
}

#[cold]
#[inline(never)]
extern "C" fn externref_data_slow(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    out: *mut MaybeUninit<*mut c_void>,
) -> gcroots_status_t {
    call("gcroots_externref_data", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.externref_data(r#ref.into())?) }
    })
}

/// Returns the host's pointer of an externref that has the given tag. Never collects.
///
/// \param tag the tag that the externref must have; NULL matches only externrefs
///        without a tag
/// \param[out] out the pointer (borrowed)
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an externref made
///         through C;
///         GCROOTS_ERROR_TYPE_MISMATCH if the externref has another tag
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_externref_data_tagged(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    tag: *const c_void,
    out: *mut MaybeUninit<*mut c_void>,
) -> gcroots_status_t {
    call("gcroots_externref_data_tagged", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.externref_data_tagged(r#ref.into(), tag)?) }
    })
}

/// Replaces the host's pointer of an externref. Never collects.
///
/// The caller owns the old pointer again. The finalizer will get the new pointer.
///
/// \param data the new pointer (taken on success, nullable)
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an externref made
///         through C
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_externref_set_data(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    data: *mut c_void,
) -> gcroots_status_t {
    call("gcroots_externref_set_data", || {
        let store = required(store, "store")?;
        // SAFETY: the caller passes a store.
        unsafe { enter(store) }?.externref_set_data(r#ref.into(), data)
    })
}

/// Sets the size of the memory outside the heap that an externref keeps alive now.
/// Never collects.
///
/// A higher value makes the next collection come earlier.
///
/// \param bytes the new size, which replaces the old one
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an externref
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_externref_set_external_bytes(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    bytes: usize,
) -> gcroots_status_t {
    call("gcroots_externref_set_external_bytes", || {
        let store = required(store, "store")?;
        // SAFETY: the caller passes a store.
        unsafe { enter(store) }?.externref_set_external_bytes(r#ref.into(), bytes as u64)
    })
}

/// Adds a difference to the size of the memory outside the heap that an externref keeps
/// alive. Never collects.
///
/// The owner of a buffer that grows or shrinks passes the change, and need not know the
/// sum. gcroots_externref_set_external_bytes() sets the sum itself.
///
/// \param difference what is added; a negative number takes away
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an externref;
///         GCROOTS_ERROR_INVALID_ARGUMENT if the externref has fewer bytes than
///         `difference` takes away;
///         GCROOTS_ERROR_LIMIT if the sum would be greater than SIZE_MAX
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_externref_adjust_external_bytes(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    difference: i64,
) -> gcroots_status_t {
    call("gcroots_externref_adjust_external_bytes", || {
        let store = required(store, "store")?;
        // SAFETY: the caller passes a store.
        unsafe { enter(store) }?.externref_adjust_external_bytes(r#ref.into(), difference)
    })
}
