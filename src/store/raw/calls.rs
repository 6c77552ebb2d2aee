//! Calls of functions with raw references. The driver passes copies with roots of its own
//! to the driver of calls with handles.

use core::ptr::NonNull;

use crate::base::fallible;
use crate::error::{Error, Result};
use crate::host::CallValue;
use crate::store::Store;
use crate::store::host_code::{self, Call, check_arity};
use crate::store::raw::bits::FieldBits;
use crate::store::raw::held::{Given, Held};

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
/// [`check_arity`]; those of [`Given::check`] and [`Held::new`] for
/// the arguments; those of
/// [`host_code::call`].
///
/// # Safety
///
/// The contract of drivers holds for `store`: see [`host_code`]. If the numbers are those
/// of the function's type, `args` must have the arguments, and `results` must be valid for
/// writing the results. They may be the same memory.
pub(crate) unsafe fn call(store: NonNull<Store>, call: RawCall) -> Result<u32> {
    // SAFETY: the caller's promise; the borrow is shared.
    let calling = unsafe { store.as_ref() };
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
    // SAFETY: the caller's promise.
    let held = unsafe {
        given.check(calling, in_call)?;
        Held::new(calling, given)?
    };
    let func = held.roots().push(object)?;
    let mut args: Vec<CallValue> = Vec::new();
    let mut results: Vec<CallValue> = Vec::new();
    for &value in held.values() {
        fallible::push(&mut args, value.into())?;
    }
    for slot in &function.ty.results {
        fallible::push(&mut results, CallValue::default_of(slot.storage))?;
    }
    let with_handles = Call {
        func,
        args: NonNull::from(&mut args[..]).cast(),
        nargs: call.nargs,
        results: NonNull::from(&mut results[..]).cast(),
        nresults: call.nresults,
    };
    // SAFETY: the caller's promise; the values are of the function's types.
    let status = unsafe { host_code::call(store, with_handles)? };
    if status == STATUS_OK {
        results
            .iter()
            .try_for_each(|result| calling.result_bits(result).map(|_| ()))?;
        for (index, result) in results.iter().enumerate() {
            let bits = calling.result_bits(result)?;
            // SAFETY: the caller's promise.
            unsafe { call.results.add(index).write(bits) };
        }
    }
    Ok(status)
}

impl Store {
    /// A result that a call with handles has written. Its root still lives, and no
    /// collection has run since.
    ///
    /// Errors: [`Error::Internal`] if it has no kind; as [`Store::resolve`].
    fn result_bits(&self, result: &CallValue) -> Result<FieldBits> {
        // SAFETY: the call has written the value as its kind says.
        let value = unsafe { CallValue::read(result) };
        let value = value.ok_or(Error::internal("a result without a kind", 0))?;
        Ok(self.resolve_value(value)?.into())
    }
}
