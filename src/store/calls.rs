//! The driver of host functions.
//!
//! [`call`] takes the store as a raw pointer and holds no borrow of it while the
//! callback runs, which may call the store again. The callback runs in a scope of its
//! own, in which the arguments are new roots, and the function itself, so that its
//! `env` is not finalized meanwhile. Its results are checked and resolved in that scope,
//! and rooted in the caller's once it has ended.

use core::mem::MaybeUninit;
use core::ptr::NonNull;

use super::functions::Function;
use super::{Store, Value};
use crate::error::{Error, Result, ValueError};
use crate::fallible;
use crate::func::CallValue;
use crate::heap::GcRef;
use crate::roots::Handle;
use crate::types::FieldLayout;

/// Values that are passed without an allocation, arguments and results together.
const FEW: usize = 16;

/// The status of a callback that succeeded.
const OK: u32 = 0;

/// The greatest number of a status.
const LAST_STATUS: u32 = 17;

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
/// As for [`run_pending`](super::finalize::run_pending); `args` must be valid for reading
/// as many values as it says, each as its kind says, and `results` for writing as many
/// as it says. They may be the same memory.
pub(crate) unsafe fn call(pointer: NonNull<Store>, call: Call) -> Result<u32> {
    // SAFETY: the caller's promise; each borrow ends before the callback begins.
    let store = || unsafe { pointer.as_ref() };
    // SAFETY: the caller's promise.
    let function = unsafe { store().prepare_call(&call)? };
    let mut few = [const { MaybeUninit::uninit() }; FEW];
    let mut many = Vec::new();
    let args = room(&mut few, &mut many, call.nargs + call.nresults)?;
    // SAFETY: there is room for the arguments, and for the results after them.
    let results = unsafe { args.add(call.nargs) };
    // SAFETY: as above; the caller's promise.
    unsafe { store().begin_call(&call, &function, args, results)? };
    let (entry, raw) = (function.entry, pointer.as_ptr().cast());
    // SAFETY: whoever made the function promised that its callback may be called with
    // `env` and values of its type, which these are.
    let status = unsafe {
        (entry.callback)(
            entry.env,
            raw,
            args.as_ptr(),
            call.nargs,
            results.as_ptr(),
            call.nresults,
        )
    };
    // SAFETY: the results were written by `begin_call`, whatever the callback did.
    let settled = unsafe { store().settle(status, &function, results, call.nresults) };
    store().end_call();
    if settled? {
        // SAFETY: they were just settled; the caller's promise.
        unsafe {
            store().root_all(results, call.nresults)?;
            results.copy_to(call.results, call.nresults);
        }
    }
    Ok(status)
}

/// Room for `count` values, in `few` or in `many`.
///
/// Errors: [`Error::SystemMemory`].
#[inline(always)]
fn room(
    few: &mut [MaybeUninit<CallValue>; FEW],
    many: &mut Vec<CallValue>,
    count: usize,
) -> Result<NonNull<CallValue>> {
    if count <= FEW {
        return Ok(NonNull::from(few).cast());
    }
    many.try_reserve_exact(count)
        .map_err(|_| fallible::refused(count * size_of::<CallValue>()))?;
    Ok(NonNull::from(many.spare_capacity_mut()).cast())
}

impl Store {
    /// The function to be called, with nothing changed yet.
    ///
    /// Errors: as [`Store::function`]; [`Error::WrongArity`]; [`Error::InCall`] for an
    /// argument's kind, then for each argument; [`Error::Exception`] if one is pending;
    /// [`Error::Limit`].
    ///
    /// # Safety
    ///
    /// As for [`call`].
    unsafe fn prepare_call(&self, call: &Call) -> Result<Function<'_>> {
        self.manual.unroot_some();
        let function = self.function(call.func)?;
        let arity = |parameter, count: usize, needed: &[FieldLayout]| {
            if count == needed.len() {
                return Ok(());
            }
            Err(Error::WrongArity {
                parameter,
                count: count as u64,
                needed: needed.len() as u64,
            })
        };
        arity("nargs", call.nargs, &function.of.fields)?;
        arity("nresults", call.nresults, &function.of.results)?;
        // SAFETY: the caller's promise.
        unsafe {
            check_kinds("argument", call.args, call.nargs)?;
            for (index, field) in function.of.fields.iter().enumerate() {
                self.take_value("argument", index, field, call.args.add(index))?;
            }
        }
        self.require_no_exception(false)?;
        let most = self.engine.config().call_depth();
        if self.call_depth.get() >= most {
            return Err(Error::Limit {
                what: "host functions inside each other",
                limit: most.into(),
            });
        }
        Ok(function)
    }

    /// Enters the callback's scope, roots the function and its arguments there, and
    /// sets the results to zeros and null.
    ///
    /// Errors: [`Error::SystemMemory`], [`Error::Limit`]; nothing has changed then.
    ///
    /// # Safety
    ///
    /// `call` must have been prepared, and `args` and `results` be valid for writing.
    unsafe fn begin_call(
        &self,
        call: &Call,
        function: &Function<'_>,
        args: NonNull<CallValue>,
        results: NonNull<CallValue>,
    ) -> Result<()> {
        self.scopes
            .enter_call(self.lifo.len(), self.area.no_gc_spans())?;
        // Before anything that can fail, since `end_call` counts back.
        self.call_depth.set(self.call_depth.get() + 1);
        let rooted = self.push_or_null(function.object).and_then(|_| {
            for (index, field) in function.of.fields.iter().enumerate() {
                // SAFETY: the caller's promise.
                unsafe {
                    let value = self.take_value("argument", index, field, call.args.add(index))?;
                    let rooted = value.try_map(|reference| self.push_or_null(reference))?;
                    args.add(index).write(rooted.into());
                }
            }
            Ok(())
        });
        rooted.inspect_err(|_| self.end_call())?;
        for (index, result) in function.of.results.iter().enumerate() {
            // SAFETY: the caller's promise.
            unsafe {
                results
                    .add(index)
                    .write(CallValue::default_of(result.storage))
            };
        }
        Ok(())
    }

    /// Leaves the callback's scope with all that was left inside it.
    fn end_call(&self) {
        let saved = self.scopes.exit_callback();
        self.lifo.truncate(saved.roots);
        self.area.restore_no_gc(saved.no_gc_spans);
        self.call_depth.set(self.call_depth.get() - 1);
    }

    /// Whether a callback that has returned succeeded. If so, its results hold in place
    /// of handles what those refer to: see [`Store::root_all`].
    ///
    /// Errors: [`Error::Internal`] in a store that was poisoned meanwhile;
    /// [`Error::InvalidArgument`] for a status that is none; [`Error::Exception`];
    /// [`Error::InCall`] for a result's kind, then for each result.
    ///
    /// # Safety
    ///
    /// `results` must be `count` results of the function, each valid for reading as its
    /// kind says.
    unsafe fn settle(
        &self,
        status: u32,
        function: &Function<'_>,
        results: NonNull<CallValue>,
        count: usize,
    ) -> Result<bool> {
        self.enter()?;
        if status > LAST_STATUS {
            return Err(Error::InvalidArgument {
                parameter: "status that the function returned",
                value: status.into(),
                allowed: "0 to 17",
            });
        }
        if status != OK {
            return Ok(false);
        }
        self.require_no_exception(true)?;
        // SAFETY: the caller's promise.
        unsafe {
            check_kinds("result", results, count)?;
            for (index, field) in function.of.results.iter().enumerate() {
                let result = results.add(index);
                let value = self.take_value("result", index, field, result)?;
                result.write(value.try_map(|reference| Ok(in_place(reference)))?.into());
            }
        }
        Ok(true)
    }

    /// Roots in the current scope what stands in these values in place of handles. If
    /// that fails, none of them.
    ///
    /// Errors: those of a push.
    ///
    /// # Safety
    ///
    /// The values must have been settled, and nothing have collected since.
    unsafe fn root_all(&self, values: NonNull<CallValue>, count: usize) -> Result<()> {
        let before = self.lifo.len();
        (0..count)
            .try_for_each(|index| {
                // SAFETY: the caller's promise.
                unsafe {
                    let value = values.add(index);
                    if let Some(Value::Ref(place)) = CallValue::read(value.as_ptr()) {
                        let handle = self.push_or_null(GcRef::from_raw(place.slot as u32))?;
                        value.write(Value::Ref(handle).into());
                    }
                }
                Ok(())
            })
            .inspect_err(|_| self.lifo.truncate(before))
    }

    /// A new scoped root, which ends no root that other threads want unrooted, as the
    /// arguments may be; null for null.
    ///
    /// Errors: those of a push.
    #[inline(always)]
    fn push_or_null(&self, reference: GcRef) -> Result<Handle> {
        if reference.is_null() {
            return Ok(Handle::NULL);
        }
        let slot = match self.lifo.ready() {
            Some(ready) => self.lifo.push_ready(ready, reference),
            None => self.lifo.push(reference)?,
        };
        Ok(self.handle(slot))
    }

    /// The argument or result at `index`, which has a kind, if the slot takes it.
    ///
    /// Errors: [`Error::InCall`], [`Error::Internal`].
    ///
    /// # Safety
    ///
    /// `value` must be valid for reading what its kind says.
    #[inline(always)]
    unsafe fn take_value(
        &self,
        what: &'static str,
        index: usize,
        slot: &FieldLayout,
        value: NonNull<CallValue>,
    ) -> Result<Value<GcRef>> {
        // SAFETY: the caller's promise.
        let value = unsafe { read(what, index, value)? };
        self.resolve_value(value)
            .and_then(|value| {
                self.admit(slot, index as u64, value)?;
                Ok(value)
            })
            .map_err(|error| error.in_call(what, index))
    }
}

/// What stands in a settled result for a handle.
#[inline(always)]
fn in_place(reference: GcRef) -> Handle {
    Handle {
        store_id: 0,
        slot: reference.raw().into(),
    }
}

/// Checks the kinds of `count` arguments or results.
///
/// Errors: as for [`read`].
///
/// # Safety
///
/// There must be as many values.
#[inline(always)]
unsafe fn check_kinds(what: &'static str, first: NonNull<CallValue>, count: usize) -> Result<()> {
    (0..count).try_for_each(|index| {
        // SAFETY: the caller's promise.
        unsafe { read(what, index, first.add(index)) }.map(|_| ())
    })
}

/// Reads the argument or result at `index`.
///
/// Errors: [`Error::InCall`] if its kind is none.
///
/// # Safety
///
/// `value` must be valid for reading what its kind says.
#[inline(always)]
unsafe fn read(what: &'static str, index: usize, value: NonNull<CallValue>) -> Result<Value> {
    // SAFETY: the caller's promise.
    unsafe {
        CallValue::read(value.as_ptr()).ok_or(Error::InCall {
            what,
            index: index as u64,
            why: ValueError::Kind {
                kind: (*value.as_ptr()).kind,
            },
        })
    }
}
