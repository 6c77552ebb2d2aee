//! The driver of host functions.
//!
//! A callback runs in a scope of its own. The function is a root there, so that its `env`
//! is not finalized meanwhile (HOST-15), and so are the arguments. When the callback has
//! returned, its results are checked and resolved in that scope, the scope ends, and the
//! results become roots of the caller's scope.
//!
//! Arguments: `call_arguments.rs`; results: `call_results.rs`.

use core::mem::MaybeUninit;
use core::ptr::NonNull;

use super::call_value::{FEW, OK};
use crate::base::fallible;
use crate::error::Result;
use crate::host::CallValue;
use crate::roots::Handle;
use crate::store::Store;
use crate::store::objects::functions::Function;

/// What a function is called with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub(crate) func: Handle,
    pub(crate) args: NonNull<CallValue>,
    pub(crate) nargs: usize,
    pub(crate) results: NonNull<CallValue>,
    pub(crate) nresults: usize,
}

/// Calls a host function, and writes its results if it succeeds, last of all. Returns
/// the callback's status if that is none of success. May collect, if the callback does.
///
/// Errors: as [`Store::prepare_call`]; [`Error::SystemMemory`], and [`Error::Limit`] of
/// roots; when the callback has returned [`Error::Internal`] if the store was poisoned,
/// and those of [`Store::settle`].
///
/// # Safety
///
/// As for [`run_pending`](crate::store::host_code::finalizers::run_pending); `args` must be valid for reading
/// as many values as it says, each as its kind says, and `results` for writing as many
/// as it says. They may be the same memory.
#[inline(always)]
pub(crate) unsafe fn call(store: NonNull<Store>, call: Call) -> Result<u32> {
    let mut few: [MaybeUninit<CallValue>; FEW] = [const { MaybeUninit::uninit() }; FEW];
    let args = NonNull::from(&mut few).cast();
    // SAFETY: the caller's promise; there is room for few values.
    unsafe {
        match store.as_ref().begin_call_fast(&call, args) {
            Some(function) => run(store, &call, function, args),
            None => call_slow(store, &call),
        }
    }
}

/// [`call`] with all checks, in the documented order.
///
/// # Safety
///
/// As for [`call`].
#[cold]
#[inline(never)]
unsafe fn call_slow(store: NonNull<Store>, call: &Call) -> Result<u32> {
    // SAFETY: the caller's promise; there is room for all values. The borrows end before
    // the callback begins.
    unsafe {
        let function = store.as_ref().prepare_call(call)?;
        let mut values = Vec::new();
        let args = room(&mut values, call.nargs + call.nresults)?;
        store.as_ref().begin_call(call, &function, args)?;
        run(store, call, function, args)
    }
}

/// Runs the callback of a call that has begun, and ends the call. What `function` borrows
/// is its type, which is no part of the store and never changes.
///
/// # Safety
///
/// As for [`call`]; at `args` there must be the values that the call began with.
#[inline(always)]
unsafe fn run(
    pointer: NonNull<Store>,
    call: &Call,
    function: Function<'_>,
    args: NonNull<CallValue>,
) -> Result<u32> {
    // SAFETY: the caller's promise; each borrow ends before the callback begins.
    let store = || unsafe { pointer.as_ref() };
    let Function { of, entry, .. } = function;
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
    // SAFETY: the results were written when the call began, whatever the callback did;
    // once settled they are rooted; the caller's promise.
    unsafe {
        if store().settle_fast(status, &of.results, results).is_none() {
            let settled = store().settle(status, &of.results, results);
            if !matches!(settled, Ok(true)) {
                store().end_call();
                return settled.map(|_| status);
            }
        }
        store().end_call();
        store().root_all(&of.results, results)?;
        results.copy_to(call.results, call.nresults);
    }
    Ok(OK)
}

/// Room for `count` values.
///
/// Errors: [`Error::SystemMemory`].
fn room(values: &mut Vec<CallValue>, count: usize) -> Result<NonNull<CallValue>> {
    values
        .try_reserve_exact(count)
        .map_err(|_| fallible::refused(count * size_of::<CallValue>()))?;
    Ok(NonNull::from(values.spare_capacity_mut()).cast())
}

impl Store {
    /// Leaves the callback's scope with all that was left inside it.
    #[inline(always)]
    pub(super) fn end_call(&self) {
        let saved = self.scopes.exit_callback();
        self.lifo.truncate(saved.roots);
        self.mutator.restore_no_gc(saved.no_gc_spans);
        self.call_depth.set(self.call_depth.get() - 1);
    }
}
