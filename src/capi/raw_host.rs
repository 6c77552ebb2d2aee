//! Externrefs, exceptions and calls by raw references
//!
//! See the section "Raw references".

use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use super::boundary::{
    call, enter, enter_again, enter_fast, fast, required, required_const, write_out,
};
use super::exceptions::gcroots_tag_t;
use super::func::answering;
use super::raw::gcroots_raw_val_t;
use super::status::{GCROOTS_OK, gcroots_status_t};
use super::store::{gcroots_finalizer_t, gcroots_store_t};
use crate::base::thread;
use crate::heap::{FastPath, GcRef};
use crate::store::host_code::Returned;
use crate::store::raw::{self, InPlace, RawCall};

/// Makes an externref. May collect. Hold no lock that a finalizer takes.
///
/// \param data the host's pointer (taken with the finalizer, otherwise borrowed), nullable
/// \param finalizer_or_null called with `data` after the externref has died. It never runs
///        if this call fails; `data` is still the caller's then
/// \param[out] out the bits of the new externref
/// \return GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
///         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the object or for the root
///         that the call needs meanwhile;
///         GCROOTS_ERROR_LIMIT if the store has no slot left for that root, or too many
///         externrefs
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_raw_externref_new(
    store: *mut gcroots_store_t,
    data: *mut c_void,
    finalizer_or_null: gcroots_finalizer_t,
    out: *mut MaybeUninit<u32>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, a finalizer for `data`, and `out` valid for
    // writing or NULL.
    if unsafe {
        fast::<GcRef, _>(store, out, |store| {
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
    finalizer_or_null: gcroots_finalizer_t,
    out: *mut MaybeUninit<u32>,
) -> gcroots_status_t {
    call("gcroots_raw_externref_new", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller of `gcroots_raw_externref_new` passes a store, a finalizer for
        // `data`, and `out` valid for writing.
        unsafe {
            enter(store)?;
            let made = raw::externref_new(store.cast(), data, finalizer_or_null)?;
            write_out(out, made)
        }
    })
}

/// Gets the host's pointer of an externref. Never collects.
///
/// \param object the bits of an externref
/// \param[out] out the pointer (borrowed)
/// \return GCROOTS_ERROR_INVALID_ARGUMENT if `object` refers to no object;
///         GCROOTS_ERROR_NULL_REFERENCE if `object` is 0;
///         GCROOTS_ERROR_TYPE_MISMATCH if `object` does not refer to an externref, or to one
///         that was made through the Rust API
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_raw_externref_data(
    store: *mut gcroots_store_t,
    object: u32,
    out: *mut MaybeUninit<*mut c_void>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and `out` valid for writing or NULL.
    if unsafe { fast(store, out, |store| store.raw_externref_data_fast(object)) } {
        return GCROOTS_OK;
    }
    externref_data_slow(store, object, out)
}

#[cold]
#[inline(never)]
extern "C" fn externref_data_slow(
    store: *mut gcroots_store_t,
    object: u32,
    out: *mut MaybeUninit<*mut c_void>,
) -> gcroots_status_t {
    call("gcroots_raw_externref_data", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller of `gcroots_raw_externref_data` passes a store, and `out` valid
        // for writing.
        unsafe { write_out(out, enter(store)?.raw_externref_data(object)?) }
    })
}

/// Makes an exception from one value for each field. May collect. Hold no lock that a
/// finalizer takes.
///
/// The new exception is not pending: gcroots_raw_throw() makes it so.
///
/// \param fields the values (borrowed), nullable if `count` is 0. They are read only if
///        `count` is the number of fields of the tag, and not any more once the call
///        collects or runs host code. Each value is checked completely before the next one
/// \param count the number of values
/// \param[out] out the bits of the new exception
/// \return GCROOTS_ERROR_NULL_REFERENCE if the `store_id` of `tag` is 0;
///         GCROOTS_ERROR_WRONG_STORE if `tag` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `tag` does not name a tag;
///         GCROOTS_ERROR_INVALID_ARGUMENT if `count` is not the number of fields;
///         GCROOTS_ERROR_INVALID_ARGUMENT if the reference in a value refers to no object;
///         GCROOTS_ERROR_NULL_REFERENCE if a value is 0 and its field is not nullable;
///         GCROOTS_ERROR_TYPE_MISMATCH if a value is not of its field's type;
///         GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
///         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the object or for the
///         roots that the call needs meanwhile;
///         GCROOTS_ERROR_LIMIT if the store has no slots left for those roots
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_raw_exn_new(
    store: *mut gcroots_store_t,
    tag: gcroots_tag_t,
    fields: *const gcroots_raw_val_t,
    count: usize,
    out: *mut MaybeUninit<u32>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, `count` values, and `out` valid for writing
    // or NULL.
    if unsafe { exn_new_fast::<false>(store, tag, fields, count, out) } {
        return GCROOTS_OK;
    }
    exn_new_slow(store, tag, fields, count, out)
}

/// The fast form of [`gcroots_raw_exn_new`]. Returns `false`, with nothing changed, if the
/// slow form is needed.
///
/// # Safety
///
/// As for the arguments of [`gcroots_raw_exn_new`].
#[inline(always)]
unsafe fn exn_new_fast<const IN_LINE: bool>(
    store: *mut gcroots_store_t,
    tag: gcroots_tag_t,
    fields: *const gcroots_raw_val_t,
    count: usize,
    out: *mut MaybeUninit<u32>,
) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        fast::<GcRef, _>(store, out, |store| {
            if fields.is_null() {
                return None;
            }
            let path = FastPath::of(IN_LINE);
            let field = |index| InPlace::new(path, fields.add(index).cast());
            store.exn_new_fast(path, tag.into(), count, field)
        })
    }
}

#[cold]
#[inline(never)]
extern "C" fn exn_new_slow(
    store: *mut gcroots_store_t,
    tag: gcroots_tag_t,
    fields: *const gcroots_raw_val_t,
    count: usize,
    out: *mut MaybeUninit<u32>,
) -> gcroots_status_t {
    // SAFETY: the caller of `gcroots_raw_exn_new` passes a store or NULL, `count` values, and
    // `out` valid for writing or NULL.
    if unsafe { exn_new_fast::<true>(store, tag, fields, count, out) } {
        return GCROOTS_OK;
    }
    call("gcroots_raw_exn_new", || {
        let store = required(store, "store")?;
        let fields = match count {
            0 => NonNull::dangling(),
            _ => required_const(fields, "fields")?,
        };
        let out = required(out, "out")?;
        // SAFETY: the caller passes a store, `count` values, and `out` valid for writing.
        unsafe {
            enter(store)?;
            let made = raw::exn_new(store.cast(), tag.into(), fields.cast(), count)?;
            write_out(out, made)
        }
    })
}

/// Gets the tag of an exception. Never collects.
///
/// \param exn the bits of an exception
/// \return GCROOTS_ERROR_INVALID_ARGUMENT if `exn` refers to no object;
///         GCROOTS_ERROR_NULL_REFERENCE if `exn` is 0;
///         GCROOTS_ERROR_TYPE_MISMATCH if `exn` does not refer to an exception
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_raw_exn_tag(
    store: *mut gcroots_store_t,
    exn: u32,
    out: *mut MaybeUninit<gcroots_tag_t>,
) -> gcroots_status_t {
    call("gcroots_raw_exn_tag", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.raw_exn_tag(exn)?) }
    })
}

/// Reads a field of an exception. Never collects.
///
/// \param exn the bits of an exception
/// \param[out] out the value; the bytes that the field does not have are 0
/// \return GCROOTS_ERROR_INVALID_ARGUMENT if `exn` refers to no object;
///         GCROOTS_ERROR_NULL_REFERENCE if `exn` is 0;
///         GCROOTS_ERROR_TYPE_MISMATCH if `exn` does not refer to an exception;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the exception has no field `field`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_raw_exn_field(
    store: *mut gcroots_store_t,
    exn: u32,
    field: u32,
    out: *mut MaybeUninit<gcroots_raw_val_t>,
) -> gcroots_status_t {
    call("gcroots_raw_exn_field", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.raw_exn_field(exn, field as usize)?) }
    })
}

/// Makes an exception pending. It replaces the one that was pending. A pending exception
/// stays alive. Never collects.
///
/// \param exn the bits of an exception
/// \return GCROOTS_ERROR_INVALID_ARGUMENT if `exn` refers to no object;
///         GCROOTS_ERROR_NULL_REFERENCE if `exn` is 0;
///         GCROOTS_ERROR_TYPE_MISMATCH if `exn` does not refer to an exception
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_raw_throw(
    store: *mut gcroots_store_t,
    exn: u32,
) -> gcroots_status_t {
    call("gcroots_raw_throw", || {
        let store = required(store, "store")?;
        // SAFETY: the caller passes a store.
        unsafe { enter(store) }?.raw_throw(exn)
    })
}

/// Takes the pending exception. None is pending afterwards. Never collects.
///
/// \param[out] out the bits of the exception, 0 if none was pending. Nothing keeps it alive
///             any more
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_raw_take_exception(
    store: *mut gcroots_store_t,
    out: *mut MaybeUninit<u32>,
) -> gcroots_status_t {
    call("gcroots_raw_take_exception", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.raw_take_exception()) }
    })
}

/// Calls a function. Does what gcroots_func_call() does; the callback gets handles. May
/// collect, if the callback does. Hold no lock that a finalizer takes.
///
/// \param func the bits of a function
/// \param args the arguments (borrowed), nullable if `nargs` is 0. They are read only if
///        `nargs` and `nresults` are the numbers of the function's parameters and results,
///        and not any more once the callback runs. Each argument is checked completely
///        before the next one
/// \param[out] results the results, nullable if `nresults` is 0. They are written only on
///             success. `results` may be the same memory as `args`
/// \return GCROOTS_ERROR_INVALID_ARGUMENT if `func` refers to no object;
///         GCROOTS_ERROR_NULL_REFERENCE if `func` is 0;
///         GCROOTS_ERROR_TYPE_MISMATCH if `func` does not refer to a function;
///         GCROOTS_ERROR_INVALID_ARGUMENT if `nargs` or `nresults` is not the function's
///         number;
///         GCROOTS_ERROR_INVALID_ARGUMENT if the reference in an argument refers to no
///         object;
///         GCROOTS_ERROR_NULL_REFERENCE if an argument is 0 and its parameter is not
///         nullable;
///         GCROOTS_ERROR_TYPE_MISMATCH if an argument is not of its parameter's type;
///         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the roots that the call
///         needs meanwhile;
///         GCROOTS_ERROR_LIMIT if the store has no slots left for those roots;
///         what gcroots_func_call() returns from its check for a pending exception on
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_raw_func_call(
    store: *mut gcroots_store_t,
    func: u32,
    args: *const gcroots_raw_val_t,
    nargs: usize,
    results: *mut gcroots_raw_val_t,
    nresults: usize,
) -> gcroots_status_t {
    let passed = RawCall {
        func,
        args: NonNull::new(args.cast_mut())
            .unwrap_or(NonNull::dangling())
            .cast(),
        nargs,
        results: NonNull::new(results).unwrap_or(NonNull::dangling()).cast(),
        nresults,
    };
    let is_complete = (nargs == 0 || !args.is_null()) && (nresults == 0 || !results.is_null());
    // SAFETY: the caller passes a store or NULL, `nargs` arguments, and room for `nresults`
    // results, where they are not NULL.
    unsafe {
        if is_complete && let Some(entered) = enter_fast(store) {
            let messages = thread::messages();
            let ending = |returned: Returned<'_>| end_call(store, &passed, returned, messages);
            let entered = NonNull::from(entered);
            if let Some(status) = raw::call_fast(entered, &passed, GCROOTS_OK, ending) {
                return status;
            }
        }
    }
    call_slow(store, func, args, nargs, results, nresults)
}

#[cold]
#[inline(never)]
extern "C" fn call_slow(
    store: *mut gcroots_store_t,
    func: u32,
    args: *const gcroots_raw_val_t,
    nargs: usize,
    results: *mut gcroots_raw_val_t,
    nresults: usize,
) -> gcroots_status_t {
    answering("gcroots_raw_func_call", || {
        let store = required(store, "store")?;
        let args = match nargs {
            0 => NonNull::dangling(),
            _ => required_const(args, "args")?,
        };
        let results = match nresults {
            0 => NonNull::dangling(),
            _ => required(results, "results")?,
        };
        let call = RawCall {
            func,
            args: args.cast(),
            nargs,
            results: results.cast(),
            nresults,
        };
        // SAFETY: the caller of `gcroots_raw_func_call` passes a store, `nargs` arguments,
        // and room for `nresults` results.
        unsafe {
            enter(store)?;
            let messages = thread::messages();
            Ok((messages, raw::call(store.cast(), call)?))
        }
    })
}

/// Ends a call that has begun on the fast path.
///
/// # Safety
///
/// As for [`raw::end_call`]. The call must have entered the store.
#[cold]
#[inline(never)]
unsafe fn end_call(
    store: *mut gcroots_store_t,
    call: &RawCall,
    returned: Returned<'_>,
    messages: u64,
) -> gcroots_status_t {
    answering("gcroots_raw_func_call", || {
        let store = required(store, "store")?;
        // SAFETY: the caller's promise.
        unsafe {
            enter_again(store);
            Ok((messages, raw::end_call(store.cast(), call, returned)?))
        }
    })
}
