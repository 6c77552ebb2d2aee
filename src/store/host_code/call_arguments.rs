//! The beginning of a call: its arguments are checked and passed to the callback.

use core::ptr::NonNull;

use super::call_value::{VALUES_ON_STACK, check_kinds};
use crate::error::{Error, Result};
use crate::heap::GcRef;
use crate::host::CallValue;
use crate::roots::Handle;
use crate::store::objects::functions::Function;
use crate::store::{RawValue, ReferenceSource, Store, Value};
use crate::types::{FieldLayout, Storage};

/// A function and the memory of its arguments and results, as the caller passes them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub(crate) func: Handle,
    pub(crate) args: NonNull<CallValue>,
    pub(crate) nargs: usize,
    pub(crate) results: NonNull<CallValue>,
    pub(crate) nresults: usize,
}

impl Store {
    /// Checks a call, with nothing changed, and returns the function.
    ///
    /// Errors, in this order:
    ///
    /// 1. those of [`Store::function`];
    /// 2. [`Error::WrongArity`];
    /// 3. [`Error::InCall`] for the first argument of unknown kind;
    /// 4. [`Error::InCall`] for the first argument that its parameter does not take;
    /// 5. [`Error::Exception`] if an exception is pending (HOST-24);
    /// 6. [`Error::Limit`] if the calls are too deep (HOST-21).
    ///
    /// # Safety
    ///
    /// The arguments must be readable, as [`call`](super::calls::call) requires.
    pub(super) unsafe fn check_call(&self, call: &Call) -> Result<Function<'_>> {
        self.manual.unroot_some();
        let function = self.function(call.func)?;
        let (params, results) = (&function.ty.fields, &function.ty.results);
        check_arity("nargs", call.nargs, params)?;
        check_arity("nresults", call.nresults, results)?;
        // SAFETY: the caller's promise.
        unsafe {
            check_kinds("argument", call.args, call.nargs)?;
            for (index, slot) in params.iter().enumerate() {
                self.resolve_call_value("argument", index, slot, call.args.add(index))?;
            }
        }
        self.check_callable()?;
        Ok(function)
    }

    /// Checks that a function may be called now.
    ///
    /// Errors: [`Error::Exception`] if an exception is pending (HOST-24); [`Error::Limit`] if
    /// the calls are too deep (HOST-21).
    pub(in crate::store) fn check_callable(&self) -> Result<()> {
        self.require_no_exception(false)?;
        let most = self.engine.config().call_depth();
        if self.call_depth.get() >= most {
            return Err(Error::Limit {
                what: "nested calls of host functions",
                limit: most.into(),
            });
        }
        Ok(())
    }

    /// Enters the callback's scope and roots the function there. Writes the arguments to
    /// `args`, with their references rooted in that scope, and after them the results, as
    /// zeros and null.
    ///
    /// `argument` returns the argument at an index, which was checked before.
    ///
    /// Errors: those of `argument`; [`Error::SystemMemory`], [`Error::Limit`]; nothing has
    /// changed then.
    ///
    /// # Safety
    ///
    /// `args` must have room for all arguments and results.
    pub(super) unsafe fn begin_call(
        &self,
        function: &Function<'_>,
        argument: impl Fn(usize) -> Result<Value<GcRef>>,
        args: NonNull<CallValue>,
    ) -> Result<()> {
        self.scopes
            .enter_call(self.lifo.len(), self.mutator.no_gc_spans())?;
        // Before anything that can fail, because `end_call` subtracts it again.
        self.call_depth.set(self.call_depth.get() + 1);
        // SAFETY: the caller's promise.
        let passed = unsafe { self.pass_arguments(function, argument, args) };
        passed.inspect_err(|_| self.end_call())?;
        // SAFETY: the caller's promise.
        unsafe { write_defaults(&function.ty.results, args.add(function.ty.fields.len())) };
        Ok(())
    }

    /// The fast form of [`Store::check_call`] and [`Store::begin_call`], for `nargs`
    /// arguments and `nresults` results.
    ///
    /// # Safety
    ///
    /// `args` must have room for [`VALUES_ON_STACK`] values.
    #[inline(always)]
    pub(in crate::store) unsafe fn begin_call_fast<V: RawValue>(
        &self,
        function: &Function<'_>,
        (nargs, nresults): (usize, usize),
        argument: impl Fn(usize) -> V,
        args: NonNull<CallValue>,
    ) -> Option<()> {
        let (params, results) = (&function.ty.fields, &function.ty.results);
        let is_allowed = nargs == params.len()
            && nresults == results.len()
            && params.len() + results.len() <= VALUES_ON_STACK
            && self.pending_exception().is_null()
            && self.call_depth.get() < self.engine.config().call_depth()
            && !self.manual.has_queued();
        let (roots, spans) = (self.lifo.len(), self.mutator.no_gc_spans());
        if !is_allowed || !self.scopes.enter_call_fast(roots, spans) {
            return None;
        }
        self.call_depth.set(self.call_depth.get() + 1);
        // SAFETY: the caller's promise.
        let passed = unsafe { self.pass_arguments_fast(function, argument, args).is_some() };
        if !passed {
            self.end_call();
            return None;
        }
        // SAFETY: the caller's promise.
        unsafe { write_defaults(results, args.add(nargs)) };
        Some(())
    }

    /// Leaves the callback's scope. Ends the roots, scopes and no-GC spans that the
    /// callback left open.
    #[inline(always)]
    pub(super) fn end_call(&self) {
        let saved = self.scopes.exit_callback();
        self.lifo.truncate(saved.roots);
        self.mutator.restore_no_gc(saved.no_gc_spans);
        self.call_depth.set(self.call_depth.get() - 1);
    }

    /// Roots the function and its arguments in the current scope, and writes the
    /// arguments to `to` as the callback gets them.
    ///
    /// Errors: those of `argument` and of [`Store::push_undrained`].
    ///
    /// # Safety
    ///
    /// `to` must have room for the function's arguments.
    unsafe fn pass_arguments(
        &self,
        function: &Function<'_>,
        argument: impl Fn(usize) -> Result<Value<GcRef>>,
        to: NonNull<CallValue>,
    ) -> Result<()> {
        self.push_undrained(function.object)?;
        for index in 0..function.ty.fields.len() {
            let rooted = argument(index)?.try_map(|reference| self.push_undrained(reference))?;
            // SAFETY: the caller's promise.
            unsafe { to.add(index).write(rooted.into()) };
        }
        Ok(())
    }

    /// The fast form of [`Store::pass_arguments`], except that it may leave roots in the
    /// current scope when it returns `None`.
    ///
    /// # Safety
    ///
    /// `to` must have room for the function's arguments.
    #[inline(always)]
    unsafe fn pass_arguments_fast<V: RawValue>(
        &self,
        function: &Function<'_>,
        argument: impl Fn(usize) -> V,
        to: NonNull<CallValue>,
    ) -> Option<()> {
        self.push_undrained_fast(function.object)?;
        for (index, slot) in function.ty.fields.iter().enumerate() {
            // SAFETY: the caller's promise.
            unsafe { self.pass_argument_fast(slot, argument(index), to.add(index))? };
        }
        Some(())
    }

    /// Writes one argument as the callback gets it; a reference is rooted in the current
    /// scope.
    ///
    /// # Safety
    ///
    /// `to` must be valid for writing.
    #[inline(always)]
    unsafe fn pass_argument_fast(
        &self,
        slot: &FieldLayout,
        value: impl RawValue,
        to: NonNull<CallValue>,
    ) -> Option<()> {
        if !value.fits(slot.storage) {
            return None;
        }
        let words = match slot.storage {
            Storage::Ref => {
                let reference = value.reference().admitted_fast(self, &slot.admits)?;
                let handle = match reference {
                    GcRef::NULL => Handle::NULL,
                    object => self.push_undrained_fast(object)?,
                };
                [handle.store_id, handle.slot]
            }
            Storage::I32 | Storage::F32 => [value.bits32().into(), 0],
            Storage::I64 | Storage::F64 => [value.bits64(), 0],
            Storage::V128 => {
                let bytes = value.bits128();
                let (low, high) = (bytes.first_chunk()?, bytes.last_chunk()?);
                [u64::from_ne_bytes(*low), u64::from_ne_bytes(*high)]
            }
            // Arguments are never packed.
            Storage::I8 | Storage::I16 => return None,
        };
        // SAFETY: the caller's promise.
        unsafe { to.write(CallValue::of_words(slot.storage, words)) };
        Some(())
    }

    /// Roots `reference` in the current scope; null for null. Unlike [`Store::push_root`]
    /// it does not drain the unroot queue, because the call's own arguments may be
    /// queued.
    ///
    /// Errors: [`Error::SystemMemory`], [`Error::Limit`].
    #[inline(always)]
    pub(super) fn push_undrained(&self, reference: GcRef) -> Result<Handle> {
        if reference.is_null() {
            return Ok(Handle::NULL);
        }
        match self.push_undrained_fast(reference) {
            Some(handle) => Ok(handle),
            None => Ok(self.handle(self.lifo.push(reference)?)),
        }
    }

    /// The fast form of [`Store::push_undrained`], for a reference that is not null.
    #[inline(always)]
    pub(super) fn push_undrained_fast(&self, reference: GcRef) -> Option<Handle> {
        let free = self.lifo.next_slot()?;
        Some(self.handle(self.lifo.push_into(free, reference)))
    }
}

/// Checks that a call passes the number of values that the function's type has.
///
/// Errors: [`Error::WrongArity`].
pub(in crate::store) fn check_arity(
    parameter: &'static str,
    count: usize,
    needed: &[FieldLayout],
) -> Result<()> {
    if count == needed.len() {
        return Ok(());
    }
    Err(Error::WrongArity {
        parameter,
        count: count as u64,
        needed: needed.len() as u64,
    })
}

/// Sets all results to zeros and null.
///
/// # Safety
///
/// `results` must have room for one result for each slot.
#[inline(always)]
unsafe fn write_defaults(slots: &[FieldLayout], results: NonNull<CallValue>) {
    for (index, slot) in slots.iter().enumerate() {
        // SAFETY: the caller's promise.
        unsafe {
            results
                .add(index)
                .write(CallValue::default_of(slot.storage))
        };
    }
}
