//! Functions
//!
//! A function is an object that stands for a callback of the host's. It has a function
//! type, and is called with values of that type, through C or Rust.
//!
//! A callback runs in a scope of its own, which ends when it returns with all that was
//! left inside it; its arguments are handles of that scope. It may call everything but
//! gcroots_store_free(), gcroots_store_detach() and gcroots_store_attach() on its store,
//! which answer GCROOTS_ERROR_BUSY; scopes and no-GC spans from outside are out of its
//! reach. It answers GCROOTS_OK, or a status that its caller gets. To throw, it calls
//! gcroots_store_throw() and answers whatever it likes.

use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use super::boundary::{call, enter, put, required, required_const};
use super::config::{configure, gcroots_config_t};
use super::reference::gcroots_ref_t;
use super::status::{GCROOTS_OK, gcroots_status_t};
use super::store::{gcroots_finalizer_t, gcroots_store_t};
use super::types::{borrowed, gcroots_type_t};
use super::value::gcroots_val_t;
use crate::error::{Error, Result};
use crate::host::Callback;
use crate::store::Store;
use crate::store::host_code::calls::{self, Call};
use crate::store::host_code::finalize;

/// What a function calls, on the thread of the call.
///
/// `args` are the arguments, of the function's type; handles in them end when the
/// callback returns. `results` are zeros and null, of the function's type, for the
/// callback to change: handles that it puts there are borrowed, of either kind. Both
/// arrays are the library's, until the callback returns, which it must.
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

/// Sets how many host functions may run inside each other in a store: 200 if not set.
/// Each needs about 1 KiB of the thread's stack beside what it uses itself. Never
/// collects.
///
/// \return GCROOTS_ERROR_INVALID_ARGUMENT for 0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_config_set_call_depth(
    config: *mut gcroots_config_t,
    depth: u32,
) -> gcroots_status_t {
    // SAFETY: the caller's promise.
    unsafe { configure(config, |config| config.set_call_depth(depth)) }
}

/// Makes a function, rooted in the current scope. May collect.
///
/// \param type its type (borrowed)
/// \param env given to the callback (taken, nullable)
/// \param finalizer_or_null runs once, with `env`, after the function was found dead or
///        when the store is deleted; not while it is running, nor if this call fails
/// \param[out] out the handle
/// \return GCROOTS_ERROR_WRONG_ENGINE; GCROOTS_ERROR_TYPE_MISMATCH for a type of no
///         functions; GCROOTS_ERROR_NO_GC, GCROOTS_ERROR_OUT_OF_MEMORY,
///         GCROOTS_ERROR_LIMIT
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_func_new(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    callback: gcroots_callback_t,
    env: *mut c_void,
    finalizer_or_null: gcroots_finalizer_t,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    call(|| {
        let (store, of) = (required(store, "store")?, required_const(r#type, "type")?);
        let (callback, out) = (required_callback(callback)?, required(out, "out")?);
        // SAFETY: the caller passes a store, a type that it holds a reference to, a
        // callback for it and `out` valid for writing.
        unsafe {
            enter(store)?;
            let of = borrowed(of);
            let make = |store: &Store| store.func_new(&of, callback, env, finalizer_or_null);
            put(out, finalize::allocating(store.cast(), make)?)
        }
    })
}

/// Calls a function. May collect, if the callback does.
///
/// If the callback answers GCROOTS_OK, its results are checked as the arguments are. A
/// status of its own, of any number, is answered as it is, with the last message of the
/// thread. While an exception is pending nothing is called, and one that is pending when
/// the callback has answered GCROOTS_OK is GCROOTS_ERROR_EXCEPTION. The function stays
/// alive meanwhile.
///
/// \param args the arguments (borrowed), nullable if there is none; read if `nargs` and
///             `nresults` are the numbers of the function's parameters and results
/// \param[out] results the results, nullable if there is none, written on success only;
///                     references are new handles of the current scope, or null. It may
///                     be the same memory as `args`
/// \return for `func` GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED,
///         GCROOTS_ERROR_NULL_REFERENCE, GCROOTS_ERROR_TYPE_MISMATCH;
///         GCROOTS_ERROR_INVALID_ARGUMENT for a number of arguments or results that is
///         not the function's, and then for an argument whose kind is none; for an
///         argument GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED,
///         GCROOTS_ERROR_NULL_REFERENCE for null where it is not taken, and
///         GCROOTS_ERROR_TYPE_MISMATCH; GCROOTS_ERROR_EXCEPTION if one is pending;
///         GCROOTS_ERROR_LIMIT for too many functions inside each other, and too many
///         roots; GCROOTS_ERROR_OUT_OF_MEMORY; then what the callback answers;
///         GCROOTS_ERROR_EXCEPTION if it threw; and as for the arguments for its results
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_func_call(
    store: *mut gcroots_store_t,
    func: gcroots_ref_t,
    args: *const gcroots_val_t,
    nargs: usize,
    results: *mut gcroots_val_t,
    nresults: usize,
) -> gcroots_status_t {
    let mut answered = GCROOTS_OK;
    let refused = call(|| {
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
        // SAFETY: the caller passes a store, and arrays as long as it says.
        unsafe {
            enter(store)?;
            answered = calls::call(store.cast(), call)?;
        }
        Ok(())
    });
    // One of both is GCROOTS_OK.
    refused | answered
}

/// The `env` of a function with this callback. Never collects.
///
/// \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED,
///         GCROOTS_ERROR_NULL_REFERENCE; GCROOTS_ERROR_TYPE_MISMATCH for what is no
///         function, and for one with another callback
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_func_env(
    store: *mut gcroots_store_t,
    func: gcroots_ref_t,
    callback: gcroots_callback_t,
    out: *mut MaybeUninit<*mut c_void>,
) -> gcroots_status_t {
    call(|| {
        let store = required(store, "store")?;
        let (callback, out) = (required_callback(callback)?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { put(out, enter(store)?.func_env(func.into(), callback)?) }
    })
}

/// A callback that must not be NULL.
fn required_callback(callback: gcroots_callback_t) -> Result<Callback> {
    // SAFETY: the types differ only in what C sees of a store and of a value.
    let callback =
        unsafe { core::mem::transmute::<gcroots_callback_t, Option<Callback>>(callback) };
    callback.ok_or(Error::NullArgument {
        parameter: "callback",
    })
}
