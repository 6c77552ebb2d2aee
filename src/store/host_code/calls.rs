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
use super::call_value::{STATUS_OK, VALUES_ON_STACK, ValueInPlace};
use crate::base::fallible;
#[cfg(feature = "capi")]
use crate::error::Error;
use crate::error::Result;
use crate::heap::GcRef;
use crate::host::CallValue;
use crate::store::objects::functions::Function;
use crate::store::{RawValue, Store, Value};
use crate::types::FieldLayout;
#[cfg(feature = "capi")]
use crate::types::Storage;

/// A call whose callback has returned. It must be ended: [`end`].
#[derive(Clone, Copy)]
pub(crate) struct Returned<'a> {
    /// What the callback returned.
    status: u32,
    /// The slots of the results.
    slots: &'a [FieldLayout],
    results: NonNull<CallValue>,
    /// Whether the callback's scope has ended. The results are resolved then.
    pub(in crate::store) has_left_scope: bool,
}

/// Calls a host function. If the callback succeeds, writes its results, last of all.
/// Otherwise returns the callback's status. May collect, if the callback does.
///
/// Errors: those of [`Store::check_call`] and [`Store::begin_call`]; after the callback
/// has returned, those of [`end`].
///
/// # Safety
///
/// The [contract of drivers](super#the-contract-of-drivers) holds for `store`.
/// `call.args` must be valid for reading `call.nargs` values, each as its kind says, and
/// `call.results` for writing `call.nresults` values. They may be the same memory.
#[inline(always)]
pub(crate) unsafe fn call(store: NonNull<Store>, call: Call) -> Result<u32> {
    // SAFETY: the caller's promise.
    unsafe {
        let ending = |returned: Returned<'_>| end(store, &call, returned);
        match call_fast(store, &call, Ok(STATUS_OK), ending) {
            Some(outcome) => outcome,
            None => call_slow(store, &call),
        }
    }
}

/// The fast form of [`call`]. `None` if it has not begun, with nothing changed. Returns
/// `succeeded` if the call succeeded. If the callback has returned, and ending the call
/// needs the slow form, returns what `ending` returns, which must [`end`] the call.
///
/// # Safety
///
/// The safety conditions of [`call`] hold.
#[inline(always)]
pub(crate) unsafe fn call_fast<T>(
    store: NonNull<Store>,
    call: &Call,
    succeeded: T,
    ending: impl FnOnce(Returned<'_>) -> T,
) -> Option<T> {
    // SAFETY: the caller's promise. The borrow ends before the callback begins.
    // `call.results` has room for the results.
    unsafe {
        let function = store.as_ref().function_fast(call.func)?;
        let argument = |index| ValueInPlace::new(call.args.add(index).as_ptr());
        let finish = |returned: Returned<'_>| {
            if !deliver_fast(store.as_ref(), call, &returned) {
                return ending(returned);
            }
            succeeded
        };
        let counts = (call.nargs, call.nresults);
        call_function_fast(store, function, counts, argument, finish)
    }
}

/// Roots the results of a call whose callback's scope has ended, and writes them. Returns
/// `false`, with nothing changed, if that scope has not ended or there is no room.
///
/// # Safety
///
/// The safety conditions of [`call`] hold, and `returned` is from this call.
#[inline(always)]
unsafe fn deliver_fast(store: &Store, call: &Call, returned: &Returned<'_>) -> bool {
    let Returned { slots, results, .. } = *returned;
    // SAFETY: the caller's promise; once the scope has ended, the results are resolved.
    unsafe {
        if !returned.has_left_scope || store.root_results_fast(slots, results).is_none() {
            return false;
        }
        for index in 0..call.nresults {
            let words = results.add(index).cast::<[u64; 3]>().read();
            call.results.add(index).cast::<[u64; 3]>().write(words);
        }
    }
    true
}

/// Calls a function with arguments of any form. `None` if the call has not begun, with
/// nothing changed. Otherwise returns what `finish` returns, which must end the call. If the
/// callback succeeded, its scope has usually ended by then: [`Returned::has_left_scope`].
///
/// # Safety
///
/// The [contract of drivers](super#the-contract-of-drivers) holds for `store`. `argument`
/// must not run host code.
#[inline(always)]
pub(in crate::store) unsafe fn call_function_fast<V: RawValue, T>(
    store: NonNull<Store>,
    function: Function<'_>,
    counts: (usize, usize),
    argument: impl Fn(usize) -> V,
    finish: impl FnOnce(Returned<'_>) -> T,
) -> Option<T> {
    let mut values: [MaybeUninit<CallValue>; VALUES_ON_STACK] =
        [const { MaybeUninit::uninit() }; VALUES_ON_STACK];
    let args = NonNull::from(&mut values).cast();
    // SAFETY: the caller's promise; there is room for `VALUES_ON_STACK` values. The borrows
    // end before the callback begins.
    unsafe {
        store
            .as_ref()
            .begin_call_fast(&function, counts, argument, args)?;
        let mut returned = run_callback(store, function, args);
        returned.has_left_scope = store.as_ref().leave_call_fast(&returned);
        Some(finish(returned))
    }
}

impl Store {
    /// Resolves the results of a call whose callback has succeeded, and leaves the callback's
    /// scope. Returns `false`, with nothing changed, if that needs the slow form,
    /// [`leave_call`].
    ///
    /// # Safety
    ///
    /// `returned` must be from [`run_callback`] of this store.
    #[inline(always)]
    unsafe fn leave_call_fast(&self, returned: &Returned<'_>) -> bool {
        let (status, slots) = (returned.status, returned.slots);
        // SAFETY: the caller's promise; the results were written when the call began.
        let resolved = unsafe { self.resolve_results_fast(status, slots, returned.results) };
        if resolved.is_some() {
            self.end_call();
        }
        resolved.is_some()
    }
}

/// Same as [`call`], with all checks in the documented order.
///
/// # Safety
///
/// The safety conditions of [`call`] hold.
#[cold]
#[inline(never)]
pub(crate) unsafe fn call_slow(store: NonNull<Store>, call: &Call) -> Result<u32> {
    // SAFETY: the caller's promise. The borrows end before the callback begins.
    unsafe {
        let function = store.as_ref().check_call(call)?;
        let params = &function.ty.fields;
        let argument = |index: usize| {
            let from = call.args.add(index);
            store
                .as_ref()
                .resolve_call_value("argument", index, &params[index], from)
        };
        call_function(store, function, argument, |returned| {
            end(store, call, returned)
        })
    }
}

/// Calls a function that may be called, with arguments that were checked. Returns what
/// `finish` returns, which must end the call.
///
/// Errors: those of [`Store::begin_call`] and of `finish`.
///
/// # Safety
///
/// The [contract of drivers](super#the-contract-of-drivers) holds for `store`. `argument`
/// must not run host code.
pub(in crate::store) unsafe fn call_function(
    store: NonNull<Store>,
    function: Function<'_>,
    argument: impl Fn(usize) -> Result<Value<GcRef>>,
    finish: impl FnOnce(Returned<'_>) -> Result<u32>,
) -> Result<u32> {
    let count = function.ty.fields.len() + function.ty.results.len();
    let mut values: Vec<CallValue> = fallible::with_room(count)?;
    let args = NonNull::from(values.spare_capacity_mut()).cast();
    // SAFETY: the caller's promise; the buffer has room for all values.
    unsafe {
        store.as_ref().begin_call(&function, argument, args)?;
        finish(run_callback(store, function, args))
    }
}

/// Runs the callback of a call that has begun. `function` borrows its type, which is not
/// part of the store and never changes.
///
/// # Safety
///
/// The contract of drivers holds for `store`. [`Store::begin_call`] or
/// [`Store::begin_call_fast`] must have written the values at `args`.
#[inline(always)]
unsafe fn run_callback<'a>(
    store: NonNull<Store>,
    function: Function<'a>,
    args: NonNull<CallValue>,
) -> Returned<'a> {
    let Function { ty, entry, .. } = function;
    let (nargs, slots) = (ty.fields.len(), &ty.results[..]);
    // SAFETY: the results lie after the arguments.
    let results = unsafe { args.add(nargs) };
    // SAFETY: whoever made the function promised that its callback may be called with
    // `env` and values of its type, which these are.
    let status = unsafe {
        (entry.callback)(
            entry.env,
            store.as_ptr().cast(),
            args.as_ptr(),
            nargs,
            results.as_ptr(),
            slots.len(),
        )
    };
    Returned {
        status,
        slots,
        results,
        has_left_scope: false,
    }
}

/// Ends a call whose callback has returned. If the callback succeeded, writes the results,
/// last of all. Otherwise returns the callback's status.
///
/// Errors: those of [`leave_call`] and [`Store::root_results`].
///
/// # Safety
///
/// The safety conditions of [`call`] hold, and `returned` is from this call.
#[cold]
#[inline(never)]
pub(crate) unsafe fn end(
    store: NonNull<Store>,
    call: &Call,
    returned: Returned<'_>,
) -> Result<u32> {
    let Returned { slots, results, .. } = returned;
    // SAFETY: the caller's promise; the results are resolved before they are rooted.
    unsafe {
        let status = leave_call(store, returned)?;
        if status == STATUS_OK {
            store.as_ref().root_results(slots, results)?;
            results.copy_to(call.results, call.nresults);
        }
        Ok(status)
    }
}

/// Leaves the callback's scope of a call, unless that has been done. Returns the callback's
/// status. If the callback succeeded, the results are resolved.
///
/// Errors: those of [`Store::resolve_results`]; the scope has ended then.
///
/// # Safety
///
/// `returned` must be from [`run_callback`] of this store.
pub(in crate::store) unsafe fn leave_call(
    store: NonNull<Store>,
    returned: Returned<'_>,
) -> Result<u32> {
    let Returned {
        status,
        slots,
        results,
        has_left_scope,
    } = returned;
    if has_left_scope {
        return Ok(STATUS_OK);
    }
    // SAFETY: the results were written when the call began, whatever the callback did.
    let resolved = unsafe { store.as_ref().resolve_results(status, slots, results) };
    // SAFETY: the caller's promise.
    unsafe { store.as_ref() }.end_call();
    resolved.map(|_| status)
}

#[cfg(feature = "capi")]
impl Returned<'_> {
    /// The results, which must be resolved.
    ///
    /// Errors: [`Error::Internal`] if a result has no kind.
    ///
    /// # Safety
    ///
    /// The memory of the call must still exist.
    #[inline(always)]
    pub(in crate::store) unsafe fn results(&self) -> impl Iterator<Item = Result<Value<GcRef>>> {
        let Returned { slots, results, .. } = *self;
        slots.iter().enumerate().map(move |(index, slot)| {
            // SAFETY: the results were written, and those that are references resolved.
            unsafe {
                let result = results.add(index).as_ptr();
                if slot.storage == Storage::Ref {
                    return Ok(Value::Ref((*result).resolved.assume_init()));
                }
                let value = CallValue::read(result);
                let value = value.ok_or(Error::internal("a result without a kind", 0))?;
                value.try_map(|_| Ok(GcRef::NULL))
            }
        })
    }
}
