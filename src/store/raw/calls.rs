//! Calls of functions with raw references. The callback gets handles, as from a call with
//! handles. The results become bits when the callback's scope has ended.

use core::ptr::NonNull;

use crate::error::{Error, Result};
use crate::heap::FastPath;
use crate::store::Store;
use crate::store::host_code::{self, Returned, check_arity};
use crate::store::objects::functions::Function;
use crate::store::raw::bits::{FieldBits, InPlace};
use crate::store::raw::held::Given;

/// The status of a callback that succeeded.
const STATUS_OK: u32 = 0;

/// A function and the memory of its arguments and results, as the caller passes them.
#[derive(Clone, Copy)]
pub(crate) struct RawCall {
    pub(crate) func: u32,
    pub(crate) args: NonNull<FieldBits>,
    pub(crate) nargs: usize,
    pub(crate) results: NonNull<FieldBits>,
    pub(crate) nresults: usize,
}

/// Calls a host function. If the callback succeeds, writes its results, last of all.
/// Otherwise returns the callback's status. May collect, if the callback does.
///
/// Errors: as [`Store::raw_object`] for the function; [`Error::TypeMismatch`]; those of
/// [`check_arity`]; those of [`Given::check`] for the arguments; those of
/// [`Store::check_callable`]; those of [`host_code::call_function`]; those of [`end_call`].
///
/// # Safety
///
/// The contract of drivers holds for `store`: see [`host_code`]. If the numbers are those
/// of the function's type, `args` must have the arguments, and `results` must be valid for
/// writing the results. They may be the same memory.
pub(crate) unsafe fn call(store: NonNull<Store>, call: RawCall) -> Result<u32> {
    // SAFETY: the caller's promise; the borrow is shared.
    let calling = unsafe { store.as_ref() };
    calling.manual.unroot_some();
    let object = calling.raw_object(call.func, "func")?;
    let function = calling.function_at(object)?;
    check_arity("nargs", call.nargs, &function.ty.fields)?;
    check_arity("nresults", call.nresults, &function.ty.results)?;
    let given = Given {
        first: call.args,
        fields: &function.ty.fields,
        count: call.nargs,
        parameter: "args",
    };
    let in_call = |error: Error, index| error.in_call("argument", index);
    // SAFETY: the caller's promise. The arguments are checked again when they are passed,
    // because other threads may have written to the caller's memory.
    unsafe {
        given.check(calling, in_call)?;
        calling.check_callable()?;
        let argument = |index| {
            let value = given.read(calling, index);
            value.map_err(|error| in_call(error, index))
        };
        host_code::call_function(store, function, argument, |returned| {
            end_call(store, &call, returned)
        })
    }
}

/// The fast form of [`call`]. `None` if it has not begun, with nothing changed. Returns
/// `succeeded` if the call succeeded. If the callback has returned, and ending the call
/// needs the slow form, returns what `ending` returns, which must end it with [`end_call`].
///
/// # Safety
///
/// The safety conditions of [`call`] hold. If `args` or `results` has no values, its
/// number must be 0.
#[inline(always)]
pub(crate) unsafe fn call_fast<T>(
    store: NonNull<Store>,
    call: &RawCall,
    succeeded: T,
    ending: impl FnOnce(Returned<'_>) -> T,
) -> Option<T> {
    // SAFETY: the caller's promise. The borrows end before the callback begins.
    unsafe {
        let function = store.as_ref().raw_function_fast(call.func)?;
        let argument = |index| InPlace::new(FastPath::InLine, call.args.add(index).as_ptr());
        let finish = |returned: Returned<'_>| {
            if returned.has_left_scope && write_results(call, returned).is_ok() {
                return succeeded;
            }
            ending(returned)
        };
        let counts = (call.nargs, call.nresults);
        host_code::call_function_fast(store, function, counts, argument, finish)
    }
}

/// Ends a call whose callback has returned. If the callback succeeded, writes the results,
/// last of all. Otherwise returns the callback's status.
///
/// Errors: those of [`host_code::leave_call`].
///
/// # Safety
///
/// The safety conditions of [`call`] hold, and `returned` is from this call.
#[cold]
#[inline(never)]
pub(crate) unsafe fn end_call(
    store: NonNull<Store>,
    call: &RawCall,
    returned: Returned<'_>,
) -> Result<u32> {
    // SAFETY: the caller's promise.
    unsafe {
        let status = host_code::leave_call(store, returned)?;
        if status == STATUS_OK {
            write_results(call, returned)?;
        }
        Ok(status)
    }
}

/// Writes the results of a call, which are resolved.
///
/// Errors: [`Error::Internal`] if one has no kind. Nothing is written then.
///
/// # Safety
///
/// The safety conditions of [`call`] hold, and `returned` is from this call.
#[inline(always)]
unsafe fn write_results(call: &RawCall, returned: Returned<'_>) -> Result<()> {
    // SAFETY: the caller's promise.
    unsafe {
        returned
            .results()
            .try_for_each(|result| result.map(|_| ()))?;
        for (index, result) in returned.results().enumerate() {
            call.results.add(index).write(result?.into());
        }
    }
    Ok(())
}

impl Store {
    /// The function with these bits.
    #[inline(always)]
    fn raw_function_fast(&self, func: u32) -> Option<Function<'_>> {
        let object = self.raw_reference_fast(func)?;
        object.is_object().then(|| self.function_at(object).ok())?
    }
}
