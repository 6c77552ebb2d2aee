//! The beginning of a call: its arguments are checked and passed to the callback.

use core::ptr::NonNull;

use super::call_value::{VALUES_ON_STACK, check_kinds};
use crate::error::{Error, Result};
use crate::heap::GcRef;
use crate::host::CallValue;
use crate::roots::Handle;
use crate::store::Store;
use crate::store::objects::functions::Function;
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
        self.require_no_exception(false)?;
        let most = self.engine.config().call_depth();
        if self.call_depth.get() >= most {
            return Err(Error::Limit {
                what: "nested calls of host functions",
                limit: most.into(),
            });
        }
        Ok(function)
    }

    /// Enters the callback's scope and roots the function there. Writes the arguments to
    /// `args`, with their references rooted in that scope, and after them the results, as
    /// zeros and null.
    ///
    /// Errors: [`Error::SystemMemory`], [`Error::Limit`]; nothing has changed then.
    ///
    /// # Safety
    ///
    /// [`Store::check_call`] must have returned `function` for `call`, and `args` must have
    /// room for all arguments and results.
    pub(super) unsafe fn begin_call(
        &self,
        call: &Call,
        function: &Function<'_>,
        args: NonNull<CallValue>,
    ) -> Result<()> {
        self.scopes
            .enter_call(self.lifo.len(), self.mutator.no_gc_spans())?;
        // Before anything that can fail, because `end_call` subtracts it again.
        self.call_depth.set(self.call_depth.get() + 1);
        // SAFETY: the caller's promise.
        let passed = unsafe { self.pass_arguments(function, call.args, args) };
        passed.inspect_err(|_| self.end_call())?;
        // SAFETY: the caller's promise.
        unsafe { write_defaults(&function.ty.results, args.add(call.nargs)) };
        Ok(())
    }

    /// The fast form of [`Store::check_call`] and [`Store::begin_call`].
    ///
    /// # Safety
    ///
    /// The arguments must be readable, as [`call`](super::calls::call) requires. `args`
    /// must have room for [`VALUES_ON_STACK`] values.
    #[inline(always)]
    pub(super) unsafe fn begin_call_fast(
        &self,
        call: &Call,
        args: NonNull<CallValue>,
    ) -> Option<Function<'_>> {
        let function = self.function_fast(call.func)?;
        let (params, results) = (&function.ty.fields, &function.ty.results);
        let is_allowed = call.nargs == params.len()
            && call.nresults == results.len()
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
        let passed = unsafe {
            self.pass_arguments_fast(&function, call.args, args)
                .is_some()
        };
        if !passed {
            self.end_call();
            return None;
        }
        // SAFETY: the caller's promise.
        unsafe { write_defaults(results, args.add(call.nargs)) };
        Some(function)
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
    /// Errors: those of [`Store::push_undrained`].
    ///
    /// # Safety
    ///
    /// `from` must have the function's arguments, each valid for reading as its kind
    /// says, and `to` must have room for them.
    unsafe fn pass_arguments(
        &self,
        function: &Function<'_>,
        from: NonNull<CallValue>,
        to: NonNull<CallValue>,
    ) -> Result<()> {
        self.push_undrained(function.object)?;
        for (index, slot) in function.ty.fields.iter().enumerate() {
            // SAFETY: the caller's promise.
            unsafe {
                let value = self.resolve_call_value("argument", index, slot, from.add(index))?;
                let rooted = value.try_map(|reference| self.push_undrained(reference))?;
                to.add(index).write(rooted.into());
            }
        }
        Ok(())
    }

    /// The fast form of [`Store::pass_arguments`], except that it may leave roots in the
    /// current scope when it returns `None`.
    ///
    /// # Safety
    ///
    /// The safety conditions of [`Store::pass_arguments`] hold.
    #[inline(always)]
    unsafe fn pass_arguments_fast(
        &self,
        function: &Function<'_>,
        from: NonNull<CallValue>,
        to: NonNull<CallValue>,
    ) -> Option<()> {
        self.push_undrained_fast(function.object)?;
        for (index, slot) in function.ty.fields.iter().enumerate() {
            // SAFETY: the caller's promise.
            unsafe { self.pass_argument_fast(slot, from.add(index), to.add(index))? };
        }
        Some(())
    }

    /// Writes one argument as the callback gets it; a reference is rooted in the current
    /// scope.
    ///
    /// # Safety
    ///
    /// `from` must be valid for reading as its kind says, and `to` for writing.
    #[inline(always)]
    unsafe fn pass_argument_fast(
        &self,
        slot: &FieldLayout,
        from: NonNull<CallValue>,
        to: NonNull<CallValue>,
    ) -> Option<()> {
        // SAFETY: the caller's promise; the slot stores what the kind says.
        unsafe {
            if (*from.as_ptr()).kind != slot.storage as u32 {
                return None;
            }
            if slot.storage != Storage::Ref {
                to.write(CallValue::read(from.as_ptr())?.into());
                return Some(());
            }
            let reference = self.resolve_or_null_fast((*from.as_ptr()).of.handle)?;
            if !self.admits(&{ slot.admits }, reference) {
                return None;
            }
            let to = to.as_ptr();
            (*to).kind = Storage::Ref as u32;
            (*to).of.handle = match reference {
                GcRef::NULL => Handle::NULL,
                object => self.push_undrained_fast(object)?,
            };
        }
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
    fn push_undrained_fast(&self, reference: GcRef) -> Option<Handle> {
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
