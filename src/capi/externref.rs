//! Host objects
//!
//! An externref is an object that stands for something of the host. It holds:
//! - a pointer of the host, which the library never follows
//! - a finalizer, which runs once: after the collection that finds the object dead, or
//!   when the store is deleted
//!
//! A finalizer gets the pointer. With options, it can get an `env` and the store as well.
//! It runs on the thread that collects or deletes the store. It may call the
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
use core::ptr::NonNull;

use super::boundary::{call, enter, fast, required, required_const, write_out};
use super::manually_rooted::gcroots_manually_rooted_t;
use super::reference::gcroots_ref_t;
use super::status::{GCROOTS_OK, gcroots_status_t};
use super::store::{gcroots_finalizer_t, gcroots_store_t};
use crate::error::{Error, Result};
use crate::host::{StoreFinalizer, value_tag};
use crate::roots::Handle;
use crate::store::host_code;
use crate::store::{ExternRefOptions, ManualRoot, Store};

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
    /// external memory makes collections more frequent. It makes no call fail, unless
    /// gcroots_config_set_external_limit() sets a limit.
    pub external_bytes: usize,
    /// Runs with `env`, the store and `data` after the object's death, under the rules of
    /// `finalizer`; NULL for no such finalizer. One of the two must be NULL. An externref
    /// with this finalizer takes a small allocation of its own, which counts as memory
    /// beside the heap: `side_bytes` in gcroots_stats_t.
    pub finalizer_with_store: gcroots_externref_finalizer_t,
    /// Passed to `finalizer_with_store` (borrowed, nullable). It must live until the last
    /// finalizer that gets it has returned.
    pub env: *mut c_void,
}

/// Releases `data`, the pointer of an externref of `store`. It is called once, after the
/// object has died. While the store is deleted, calls with `store` return
/// GCROOTS_ERROR_BUSY. It must return.
pub type gcroots_externref_finalizer_t =
    Option<unsafe extern "C" fn(env: *mut c_void, store: *mut gcroots_store_t, data: *mut c_void)>;

/// The sizes that the library knows: of the whole structure, and of one without the members
/// from `finalizer_with_store` on, which are zero then.
const SIZE: usize = size_of::<gcroots_externref_options_t>();
const SIZE_WITHOUT_ENV: usize =
    core::mem::offset_of!(gcroots_externref_options_t, finalizer_with_store);

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
            store.externref_new_fast::<Handle>(data, finalizer_or_null)
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
        store_finalizer: None,
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
    // SAFETY: the caller passes a store or NULL, and `out` valid for writing or NULL.
    if unsafe {
        fast(store, out, |store| {
            store.externref_new_fast::<ManualRoot>(data, finalizer_or_null)
        })
    } {
        return GCROOTS_OK;
    }
    new_manually_rooted_slow(store, data, finalizer_or_null, out)
}

#[cold]
#[inline(never)]
extern "C" fn new_manually_rooted_slow(
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
///         GCROOTS_ERROR_INVALID_ARGUMENT if both finalizers are given;
///         GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
///         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the object, its root
///         or its host data, or if its external bytes do not fit below their limit;
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
            let entered = enter(store)?;
            let options = read_options(store, options)?;
            let made = match entered.externref_new_with_fast(&options) {
                Some(made) => made,
                None => host_code::allocating(store.cast(), |store| store.externref_new(options))?,
            };
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
///         GCROOTS_ERROR_INVALID_ARGUMENT if both finalizers are given;
///         GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
///         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the object, its root
///         or its host data, or if its external bytes do not fit below their limit;
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
            let entered = enter(store)?;
            let options = read_options(store, options)?;
            let make = |store: &Store| store.externref_new_manually_rooted(options);
            let made = match entered.externref_new_with_fast(&options) {
                Some(ManualRoot(made)) => made,
                None => host_code::allocating(store.cast(), make)?,
            };
            write_out(out, made)
        }
    })
}

/// Reads options whose size is known, and no byte beyond that size.
///
/// # Safety
///
/// `options` must point to `struct_size` readable bytes.
unsafe fn read_options(
    store: NonNull<gcroots_store_t>,
    options: NonNull<gcroots_externref_options_t>,
) -> Result<ExternRefOptions> {
    // SAFETY: the caller's promise; `struct_size` is the first member.
    let size = unsafe { options.cast::<usize>().read() };
    if !matches!(size, SIZE | SIZE_WITHOUT_ENV) {
        return Err(Error::InvalidArgument {
            parameter: "options->struct_size",
            value: size as u64,
            allowed: "sizeof(gcroots_externref_options_t)",
        });
    }
    let mut read = MaybeUninit::<gcroots_externref_options_t>::zeroed();
    // SAFETY: the caller's promise; `size` is at most that of the target. Zeros are valid
    // options.
    let options = unsafe {
        read.as_mut_ptr()
            .cast::<u8>()
            .copy_from_nonoverlapping(options.as_ptr().cast(), size);
        read.assume_init()
    };
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
        store_finalizer: store_finalizer(store, &options)?,
        tag: options.tag,
        external_bytes: options.external_bytes as u64,
    })
}

/// The finalizer that gets the store, if the options have one.
///
/// Errors: [`Error::InvalidArgument`] if they have two finalizers.
fn store_finalizer(
    store: NonNull<gcroots_store_t>,
    options: &gcroots_externref_options_t,
) -> Result<Option<StoreFinalizer>> {
    // SAFETY: the two types differ only in the type of the pointer to the store, which the
    // library does not follow for the finalizer.
    let given = unsafe {
        core::mem::transmute::<
            gcroots_externref_finalizer_t,
            Option<unsafe extern "C" fn(*mut c_void, *mut c_void, *mut c_void)>,
        >(options.finalizer_with_store)
    };
    let Some(function) = given else {
        return Ok(None);
    };
    if options.finalizer.is_some() {
        return Err(Error::InvalidArgument {
            parameter: "options->finalizer_with_store",
            value: function as usize as u64,
            allowed: "NULL, because `options->finalizer` is not",
        });
    }
    let store = store.as_ptr().cast();
    Ok(Some(StoreFinalizer::new(function, options.env, store)))
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
/// \param tag the tag that the externref must have (nullable); NULL matches only
///        externrefs without a tag
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
/// Never collects, unless gcroots_config_set_external_limit() sets a limit: then it may
/// collect, as gcroots_externref_new_with() does.
///
/// A higher value makes the next collection come earlier.
///
/// \param bytes the new size, which replaces the old one
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an externref;
///         GCROOTS_ERROR_OUT_OF_MEMORY if there is a limit of external bytes and the higher
///         value does not fit below it;
///         GCROOTS_ERROR_NO_GC if that would need a collection inside a no-GC span
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_externref_set_external_bytes(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    bytes: usize,
) -> gcroots_status_t {
    call("gcroots_externref_set_external_bytes", || {
        let store = required(store, "store")?;
        let change = |store: &Store| store.externref_set_external_bytes(r#ref.into(), bytes as u64);
        // SAFETY: the caller passes a store.
        unsafe {
            enter(store)?;
            host_code::changing_external_bytes(store.cast(), change)
        }
    })
}

/// Adds a difference to the size of the memory outside the heap that an externref keeps
/// alive. Never collects, unless gcroots_config_set_external_limit() sets a limit: then it may
/// collect, as gcroots_externref_new_with() does.
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
///         GCROOTS_ERROR_LIMIT if the sum would be greater than SIZE_MAX;
///         GCROOTS_ERROR_OUT_OF_MEMORY if there is a limit of external bytes and the sum does
///         not fit below it;
///         GCROOTS_ERROR_NO_GC if that would need a collection inside a no-GC span
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_externref_adjust_external_bytes(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    difference: i64,
) -> gcroots_status_t {
    call("gcroots_externref_adjust_external_bytes", || {
        let store = required(store, "store")?;
        let change =
            |store: &Store| store.externref_adjust_external_bytes(r#ref.into(), difference);
        // SAFETY: the caller passes a store.
        unsafe {
            enter(store)?;
            host_code::changing_external_bytes(store.cast(), change)
        }
    })
}
