//! Functions
//!
//! A function is an object that stands for a callback of the host. It has a function
//! type. C and Rust can both call it, with values of that type.
//!
//! A callback runs in a scope of its own. Its arguments are handles of that scope. When
//! the callback returns, that scope ends, and with it all scopes, roots and no-GC spans
//! that are still open inside.
//!
//! A callback may call its store, with two exceptions:
//! - gcroots_store_free(), gcroots_store_detach() and gcroots_store_attach() return
//!   GCROOTS_ERROR_BUSY
//! - it cannot end scopes and no-GC spans that were opened outside
//!
//! A callback returns GCROOTS_OK, or a status that its caller gets. It may pass on the status
//! of a call that has failed. For a failure of its own it returns GCROOTS_STATUS_EMBEDDER or a
//! greater number, after gcroots_set_error(). To throw an exception, it calls
//! gcroots_store_throw() and returns any status.

use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use super::boundary::{
    call, enter, enter_again, enter_fast, fast, report, required, required_const, write_out,
};
use super::config::{configure, gcroots_config_t};
use super::reference::gcroots_ref_t;
use super::status::{GCROOTS_OK, gcroots_status_t};
use super::store::{gcroots_finalizer_t, gcroots_store_t};
use super::types::{borrowed, gcroots_type_t};
use super::value::gcroots_val_t;
use crate::base::thread;
use crate::error::{Error, Result};
use crate::host::Callback;
use crate::roots::Handle;
use crate::store::Store;
use crate::store::host_code::{self, Call, Returned};
use crate::types::RegisteredType;

/// The code of a function. It runs on the thread that calls the function, and must
/// return.
///
/// - `args` holds the arguments, of the function's types. Handles in it are valid until
///   the callback returns.
/// - `results` holds zeros and nulls, of the function's types, which the callback
///   replaces. Handles that it writes there are borrowed, and of either kind.
///
/// The library owns both arrays. They are valid until the callback returns.
pub type gcroots_callback_t = Option<
    unsafe extern "C" fn(
        env: *mut c_void,
        store: *mut gcroots_store_t,
        args: *const gcroots_val_t,
        nargs: usize,
        results: *mut gcroots_val_t,
        nresults: usize,
    ) -> gcroots_status_t,
>;

/// Sets how deep calls of host functions may nest in one store. The default is 200.
/// Never collects.
///
/// Each nested call takes about 1 KiB of the thread's stack, in addition to what the
/// callback itself uses.
///
/// \return GCROOTS_ERROR_INVALID_ARGUMENT if `depth` is 0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_config_set_call_depth(
    config: *mut gcroots_config_t,
    depth: u32,
) -> gcroots_status_t {
    // SAFETY: the caller's promise.
    unsafe {
        configure("gcroots_config_set_call_depth", config, |config| {
            config.set_call_depth(depth)
        })
    }
}

/// Makes a function, and roots it in the current scope. May collect. Hold no lock that a
/// finalizer takes.
///
/// \param type the function's type (borrowed)
/// \param callback the code that a call runs
/// \param env a pointer that the callback receives (taken on success, nullable)
/// \param finalizer_or_null runs once with `env`: after a collection has found the
///        function dead, or when the store is deleted. It does not run while the
///        callback is running, and never if gcroots_func_new() fails
/// \param[out] out the new handle
/// \return GCROOTS_ERROR_WRONG_ENGINE if `type` belongs to another engine;
///         GCROOTS_ERROR_TYPE_MISMATCH if `type` is not a function type;
///         GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
///         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the object, its root
///         or its host data;
///         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root, or too
///         many externrefs and functions
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_func_new(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    callback: gcroots_callback_t,
    env: *mut c_void,
    finalizer_or_null: gcroots_finalizer_t,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, a type that it holds a reference to or
    // NULL, a callback for the type, and `out` valid for writing or NULL.
    if unsafe {
        fast::<Handle, _>(store, out, |store| {
            let of = r#type.cast::<RegisteredType>().as_ref()?;
            let callback = to_callback(callback)?;
            store.func_new_fast(of, callback, env, finalizer_or_null)
        })
    } {
        return GCROOTS_OK;
    }
    new_slow(store, r#type, callback, env, finalizer_or_null, out)
}

#[cold]
#[inline(never)]
extern "C" fn new_slow(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    callback: gcroots_callback_t,
    env: *mut c_void,
    finalizer_or_null: gcroots_finalizer_t,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    call("gcroots_func_new", || {
        let (store, of) = (required(store, "store")?, required_const(r#type, "type")?);
        let (callback, out) = (required_callback(callback)?, required(out, "out")?);
        // SAFETY: the caller passes a store, a type that it holds a reference to, a
        // callback for it and `out` valid for writing.
        unsafe {
            enter(store)?;
            let of = borrowed(of);
            let make = |store: &Store| store.func_new(&of, callback, env, finalizer_or_null);
            write_out(out, host_code::allocating(store.cast(), make)?)
        }
    })
}

/// Calls a function. May collect, if the callback does. Hold no lock that a finalizer
/// takes.
///
/// The call does the following:
/// 1. It checks the arguments.
/// 2. If an exception is pending, it returns GCROOTS_ERROR_EXCEPTION and calls nothing.
/// 3. It runs the callback. The function stays alive meanwhile.
/// 4. If the callback returns another status than GCROOTS_OK, of any number, it returns
///    that status. gcroots_last_error() is then the last message that was left during the
///    callback, by gcroots_set_error() or by a call that failed. Without such a message, it
///    says which status the callback returned.
/// 5. If an exception is pending now, it returns GCROOTS_ERROR_EXCEPTION.
/// 6. It checks the results as it checks arguments, and writes them.
///
/// \param args the arguments (borrowed), nullable if `nargs` is 0. They are read only
///        if `nargs` and `nresults` are the numbers of the function's parameters and
///        results. Each argument is checked completely before the next one
/// \param[out] results the results, nullable if `nresults` is 0. They are written only
///             on success. A reference is a new handle of the current scope, or null.
///             `results` may be the same memory as `args`
/// \return GCROOTS_ERROR_WRONG_STORE if `func` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `func` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `func` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `func` does not refer to a function;
///         GCROOTS_ERROR_INVALID_ARGUMENT if `nargs` or `nresults` is not the
///         function's number;
///         GCROOTS_ERROR_INVALID_ARGUMENT if the `kind` of an argument is not a valid
///         one;
///         GCROOTS_ERROR_WRONG_STORE if the handle in an argument belongs to another
///         store;
///         GCROOTS_ERROR_UNROOTED if the handle in an argument is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if an argument is null and its parameter is not
///         nullable;
///         GCROOTS_ERROR_TYPE_MISMATCH if an argument is not of its parameter's type;
///         GCROOTS_ERROR_EXCEPTION if an exception is pending; nothing was called;
///         GCROOTS_ERROR_LIMIT if the call depth is reached: see
///         gcroots_config_set_call_depth();
///         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the call;
///         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root;
///         the callback's status, if that is not GCROOTS_OK;
///         GCROOTS_ERROR_EXCEPTION if an exception is pending after the callback;
///         the status listed above for an argument, if a result fails the same check;
///         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the roots of the
///         results;
///         GCROOTS_ERROR_LIMIT if the store has no slots left for the roots of the
///         results
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_func_call(
    store: *mut gcroots_store_t,
    func: gcroots_ref_t,
    args: *const gcroots_val_t,
    nargs: usize,
    results: *mut gcroots_val_t,
    nresults: usize,
) -> gcroots_status_t {
    let passed = Call {
        func: func.into(),
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
            if let Some(status) = host_code::call_fast(entered, &passed, GCROOTS_OK, ending) {
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
    func: gcroots_ref_t,
    args: *const gcroots_val_t,
    nargs: usize,
    results: *mut gcroots_val_t,
    nresults: usize,
) -> gcroots_status_t {
    answering("gcroots_func_call", || {
        let store = required(store, "store")?;
        let args = match nargs {
            0 => NonNull::dangling(),
            _ => required_const(args, "args")?,
        };
        let results = match nresults {
            0 => NonNull::dangling(),
            _ => required(results, "results")?,
        };
        let call = Call {
            func: func.into(),
            args: args.cast(),
            nargs,
            results: results.cast(),
            nresults,
        };
        // SAFETY: the caller of `gcroots_func_call` passes a store, `nargs` arguments, and
        // room for `nresults` results.
        unsafe {
            enter(store)?;
            let messages = thread::messages();
            Ok((messages, host_code::call_slow(store.cast(), &call)?))
        }
    })
}

/// Ends a call that has begun on the fast path.
///
/// # Safety
///
/// As for [`host_code::end`]. The call must have entered the store.
#[cold]
#[inline(never)]
unsafe fn end_call(
    store: *mut gcroots_store_t,
    call: &Call,
    returned: Returned<'_>,
    messages: u64,
) -> gcroots_status_t {
    answering("gcroots_func_call", || {
        let store = required(store, "store")?;
        // SAFETY: the caller's promise.
        unsafe {
            enter_again(store);
            Ok((messages, host_code::end(store.cast(), call, returned)?))
        }
    })
}

/// Runs the body of the exported function called `name`, which calls a callback. The body
/// returns the status of the callback, and the number of messages before it ran.
pub(super) fn answering(
    name: &'static str,
    body: impl FnOnce() -> Result<(u64, gcroots_status_t)>,
) -> gcroots_status_t {
    let mut answered = GCROOTS_OK;
    let refused = call(name, || {
        let (messages, status) = body()?;
        if status != GCROOTS_OK {
            answered = status;
            require_message(name, messages, status);
        }
        Ok(())
    });
    // At least one of the two is GCROOTS_OK, which is 0.
    refused | answered
}

/// Sets the message that a callback returned `status`, if no message was left since the thread
/// had written `before` messages (HOST-28). `name` is the exported function.
#[cold]
#[inline(never)]
fn require_message(name: &'static str, before: u64, status: gcroots_status_t) {
    if thread::messages() == before {
        report(name, Error::Returned { status });
    }
}

/// Returns the `env` of a function that has the given callback. Never collects.
///
/// \param callback the callback that the function must have
/// \param[out] out the pointer (borrowed)
/// \return GCROOTS_ERROR_WRONG_STORE if `func` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `func` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `func` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `func` does not refer to a function;
///         GCROOTS_ERROR_TYPE_MISMATCH if the function has another callback
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_func_env(
    store: *mut gcroots_store_t,
    func: gcroots_ref_t,
    callback: gcroots_callback_t,
    out: *mut MaybeUninit<*mut c_void>,
) -> gcroots_status_t {
    call("gcroots_func_env", || {
        let store = required(store, "store")?;
        let (callback, out) = (required_callback(callback)?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.func_env(func.into(), callback)?) }
    })
}

/// Checks that a callback is not NULL, and converts it to the core's type.
///
/// Errors: [`Error::NullArgument`].
fn required_callback(callback: gcroots_callback_t) -> Result<Callback> {
    to_callback(callback).ok_or(Error::NullArgument {
        parameter: "callback",
    })
}

/// Converts a callback to the core's type.
#[inline(always)]
fn to_callback(callback: gcroots_callback_t) -> Option<Callback> {
    // SAFETY: the two types differ only in the names of the store and value types.
    unsafe { core::mem::transmute::<gcroots_callback_t, Option<Callback>>(callback) }
}
