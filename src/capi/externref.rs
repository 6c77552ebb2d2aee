//! Host objects
//!
//! An externref is an object that stands for something of the host's: a
//! pointer, which the library never follows, and a finalizer, which runs once,
//! after the collection that finds the object dead or when the store is
//! deleted, on the thread that drives that. A finalizer may call the store,
//! allocate and collect; it must return.
//!
//! An externref that Rust made in the same store holds a value of Rust's: functions
//! for data answer GCROOTS_ERROR_TYPE_MISMATCH to it.

use core::ffi::c_void;
use core::mem::MaybeUninit;

use super::boundary::{call, enter, fast, put, required, required_const};
use super::manually_rooted::gcroots_manually_rooted_t;
use super::reference::gcroots_ref_t;
use super::status::{GCROOTS_OK, gcroots_status_t};
use super::store::{gcroots_finalizer_t, gcroots_store_t};
use crate::error::Error;
use crate::externref::value_tag;
use crate::store::{ExternRefOptions, Store, finalize};

/// What gcroots_externref_new_with() makes an externref with. Zeros are the
/// defaults, except for `struct_size`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gcroots_externref_options_t {
    /// sizeof(gcroots_externref_options_t).
    pub struct_size: usize,
    /// The host's pointer (taken on success, nullable).
    pub data: *mut c_void,
    /// Runs with `data` after the object's death; NULL for none.
    pub finalizer: gcroots_finalizer_t,
    /// Tells the host's types apart: an address, compared and never followed, such
    /// as that of a `static const char`. NULL is untagged.
    pub tag: *const c_void,
    /// Memory outside the heap that the object keeps alive: it hastens
    /// collections and never refuses an allocation.
    pub external_bytes: usize,
}

/// Makes an externref, rooted in the current scope. May collect.
///
/// \param data the host's pointer (taken on success, nullable)
/// \param finalizer_or_null runs with `data` after the object's death
/// \param[out] out the handle
/// \return GCROOTS_ERROR_NO_GC, GCROOTS_ERROR_OUT_OF_MEMORY,
///         GCROOTS_ERROR_LIMIT; the finalizer never runs then
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
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: as above.
        unsafe {
            enter(store)?;
            let made = finalize::allocating(store.cast(), |store| store.externref_new(options))?;
            put(out, made)
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

/// Makes an externref and a manual root for it, as gcroots_externref_new() and
/// gcroots_ref_to_manually_rooted() do, but both or neither. May collect.
///
/// \param data the host's pointer (taken on success, nullable)
/// \param finalizer_or_null runs with `data` after the object's death
/// \param[out] out the new root (owned); release it with
///             gcroots_manually_rooted_unroot()
/// \return GCROOTS_ERROR_NO_GC, GCROOTS_ERROR_OUT_OF_MEMORY,
///         GCROOTS_ERROR_LIMIT; the finalizer never runs then
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn gcroots_externref_new_manually_rooted(
    store: *mut gcroots_store_t,
    data: *mut c_void,
    finalizer_or_null: gcroots_finalizer_t,
    out: *mut MaybeUninit<gcroots_manually_rooted_t>,
) -> gcroots_status_t {
    let options = untagged(data, finalizer_or_null);
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe {
            enter(store)?;
            let make = |store: &Store| store.externref_new_manually_rooted(options);
            put(out, finalize::allocating(store.cast(), make)?)
        }
    })
}

/// Makes an externref with a tag and external bytes, rooted in the current
/// scope. May collect.
///
/// \param options (borrowed); nothing beyond its `struct_size` is read
/// \param[out] out the handle
/// \return GCROOTS_ERROR_INVALID_ARGUMENT for a `struct_size` that this library
///         does not know, or as the tag the one address that the library keeps for
///         the values of its Rust API;
///         GCROOTS_ERROR_NO_GC, GCROOTS_ERROR_OUT_OF_MEMORY,
///         GCROOTS_ERROR_LIMIT; the finalizer never runs then
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_externref_new_with(
    store: *mut gcroots_store_t,
    options: *const gcroots_externref_options_t,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    call(|| {
        let store = required(store, "store")?;
        let options = required_const(options, "options")?;
        let out = required(out, "out")?;
        // SAFETY: the caller passes a store, `options` of the size that they
        // say, and `out` valid for writing.
        unsafe {
            enter(store)?;
            let options = read_options(options)?;
            let made = finalize::allocating(store.cast(), |store| store.externref_new(options))?;
            put(out, made)
        }
    })
}

/// Reads options of a known size, and not more than that.
///
/// # Safety
///
/// `options` must point to as many bytes as its first member says.
unsafe fn read_options(
    options: core::ptr::NonNull<gcroots_externref_options_t>,
) -> crate::error::Result<ExternRefOptions> {
    // SAFETY: the caller's promise; the size comes first.
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

/// The host's pointer of an externref (borrowed). Never collects.
///
/// \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED,
///         GCROOTS_ERROR_NULL_REFERENCE, GCROOTS_ERROR_TYPE_MISMATCH
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
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: as above.
        unsafe { put(out, enter(store)?.externref_data(r#ref.into())?) }
    })
}

/// The host's pointer of an externref that was made with this tag (borrowed).
/// A NULL tag matches the untagged ones only. Never collects.
///
/// \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED,
///         GCROOTS_ERROR_NULL_REFERENCE, GCROOTS_ERROR_TYPE_MISMATCH
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_externref_data_tagged(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    tag: *const c_void,
    out: *mut MaybeUninit<*mut c_void>,
) -> gcroots_status_t {
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { put(out, enter(store)?.externref_data_tagged(r#ref.into(), tag)?) }
    })
}

/// Replaces the host's pointer. The old one is the caller's again; the
/// finalizer will get the new one. Never collects.
///
/// \param data (taken on success, nullable)
/// \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED,
///         GCROOTS_ERROR_NULL_REFERENCE, GCROOTS_ERROR_TYPE_MISMATCH
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_externref_set_data(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    data: *mut c_void,
) -> gcroots_status_t {
    call(|| {
        let store = required(store, "store")?;
        // SAFETY: the caller passes a store.
        unsafe { enter(store) }?.externref_set_data(r#ref.into(), data)
    })
}

/// Says how much memory outside the heap an externref keeps alive now. More
/// hastens the next collection. Never collects.
///
/// \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED,
///         GCROOTS_ERROR_NULL_REFERENCE, GCROOTS_ERROR_TYPE_MISMATCH
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_externref_set_external_bytes(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    bytes: usize,
) -> gcroots_status_t {
    call(|| {
        let store = required(store, "store")?;
        // SAFETY: the caller passes a store.
        unsafe { enter(store) }?.externref_set_external_bytes(r#ref.into(), bytes as u64)
    })
}
