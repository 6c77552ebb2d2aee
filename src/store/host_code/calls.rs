//! The driver of host functions.
//!
//! One call goes through these steps:
//!
//! 1. The arguments are checked (`call_arguments.rs`).
//! 2. A scope for the callback begins. The function is a root there, so that its `env` is
//!    not finalized during the call (HOST-20), and so are the arguments.
//! 3. The callback runs.
//! 4. The results are checked and resolved in that scope (`call_results.rs`).
//! 5. The scope ends, and the results become roots of the caller's scope.

use core::mem::MaybeUninit;
use core::ptr::NonNull;

use super::call_arguments::Call;
use super::call_value::{STATUS_OK, VALUES_ON_STACK};
use crate::base::fallible;
use crate::error::Result;
use crate::host::CallValue;
use crate::store::Store;
use crate::store::objects::functions::Function;

/// Calls a host function. If the callback succeeds, writes its results, last of all.
/// Otherwise returns the callback's status. May collect, if the callback does.
///
/// Errors: those of [`Store::check_call`] and [`Store::begin_call`]; after the callback
/// has returned, those of [`Store::resolve_results`] and [`Store::root_results`].
///
/// # Safety
///
/// The [contract of drivers](super#the-contract-of-drivers) holds for `store`.
/// `call.args` must be valid for reading `call.nargs` values, each as its kind says, and
/// `call.results` for writing `call.nresults` values. They may be the same memory.
#[inline(always)]
pub(crate) unsafe fn call(store: NonNull<Store>, call: Call) -> Result<u32> {
    let mut values: [MaybeUninit<CallValue>; VALUES_ON_STACK] =
        [const { MaybeUninit::uninit() }; VALUES_ON_STACK];
    let args = NonNull::from(&mut values).cast();
    // SAFETY: the caller's promise; there is room for `VALUES_ON_STACK` values.
    unsafe {
        match store.as_ref().begin_call_fast(&call, args) {
            Some(function) => run_callback(store, &call, function, args),
            None => call_slow(store, &call),
        }
    }
}

/// Same as [`call`], with all checks in the documented order.
///
/// # Safety
///
/// The safety conditions of [`call`] hold.
#[cold]
#[inline(never)]
unsafe fn call_slow(store: NonNull<Store>, call: &Call) -> Result<u32> {
    // SAFETY: the caller's promise; the buffer has room for all values. The borrows end
    // before the callback begins.
    unsafe {
        let function = store.as_ref().check_call(call)?;
        let mut values: Vec<CallValue> = fallible::with_room(call.nargs + call.nresults)?;
        let args = NonNull::from(values.spare_capacity_mut()).cast();
        store.as_ref().begin_call(call, &function, args)?;
        run_callback(store, call, function, args)
    }
}

/// Runs the callback of a call that has begun, and ends the call. `function` borrows its
/// type, which is not part of the store and never changes.
///
/// # Safety
///
/// The safety conditions of [`call`] hold. [`Store::begin_call`] or
/// [`Store::begin_call_fast`] must have written the values at `args`.
#[inline(always)]
unsafe fn run_callback(
    pointer: NonNull<Store>,
    call: &Call,
    function: Function<'_>,
    args: NonNull<CallValue>,
) -> Result<u32> {
    // SAFETY: the caller's promise; each borrow ends before the callback begins.
    let store = || unsafe { pointer.as_ref() };
    let Function { ty, entry, .. } = function;
    // SAFETY: the results lie after the arguments.
    let results = unsafe { args.add(call.nargs) };
    // SAFETY: whoever made the function promised that its callback may be called with
    // `env` and values of its type, which these are.
    let status = unsafe {
        (entry.callback)(
            entry.env,
            pointer.as_ptr().cast(),
            args.as_ptr(),
            call.nargs,
            results.as_ptr(),
            call.nresults,
        )
    };
    // SAFETY: the results were written when the call began, whatever the callback did.
    // They are resolved before they are rooted. The caller's promise covers the copy.
    unsafe {
        let resolved = store().resolve_results_fast(status, &ty.results, results);
        if resolved.is_none() {
            let resolved = store().resolve_results(status, &ty.results, results);
            if !matches!(resolved, Ok(true)) {
                store().end_call();
                return resolved.map(|_| status);
            }
        }
        store().end_call();
        store().root_results(&ty.results, results)?;
        results.copy_to(call.results, call.nresults);
    }
    Ok(STATUS_OK)
}
