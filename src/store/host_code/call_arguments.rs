//! The arguments of a call: checked, and passed to the callback.

use core::ptr::NonNull;

use super::call_value::{FEW, check_kinds};
use super::calls::Call;
use crate::error::{Error, Result};
use crate::heap::GcRef;
use crate::host::CallValue;
use crate::roots::Handle;
use crate::store::Store;
use crate::store::objects::functions::Function;
use crate::types::{FieldLayout, Storage};

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
    pub(super) unsafe fn prepare_call(&self, call: &Call) -> Result<Function<'_>> {
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
                what: "nested calls of host functions",
                limit: most.into(),
            });
        }
        Ok(function)
    }

    /// Enters the callback's scope, roots the function and its arguments there, and
    /// sets the results, after the arguments, to zeros and null.
    ///
    /// Errors: [`Error::SystemMemory`], [`Error::Limit`]; nothing has changed then.
    ///
    /// # Safety
    ///
    /// `call` must have been prepared, and `args` have room for all values.
    pub(super) unsafe fn begin_call(
        &self,
        call: &Call,
        function: &Function<'_>,
        args: NonNull<CallValue>,
    ) -> Result<()> {
        self.scopes
            .enter_call(self.lifo.len(), self.mutator.no_gc_spans())?;
        // Before anything that can fail, since `end_call` counts back.
        self.call_depth.set(self.call_depth.get() + 1);
        let rooted = self.push_or_null(function.object).and_then(|_| {
            for (index, slot) in function.of.fields.iter().enumerate() {
                // SAFETY: the caller's promise.
                unsafe {
                    let value = self.take_value("argument", index, slot, call.args.add(index))?;
                    let rooted = value.try_map(|reference| self.push_or_null(reference))?;
                    args.add(index).write(rooted.into());
                }
            }
            Ok(())
        });
        rooted.inspect_err(|_| self.end_call())?;
        // SAFETY: the caller's promise.
        unsafe { write_defaults(&function.of.results, args.add(call.nargs)) };
        Ok(())
    }

    /// [`Store::prepare_call`] and [`Store::begin_call`], if they need no slow path.
    ///
    /// # Safety
    ///
    /// As for [`call`]; `args` must have room for [`FEW`] values.
    #[inline(always)]
    pub(super) unsafe fn begin_call_fast(
        &self,
        call: &Call,
        args: NonNull<CallValue>,
    ) -> Option<Function<'_>> {
        let function = self.function_fast(call.func)?;
        let (params, results) = (&function.of.fields, &function.of.results);
        let usual = call.nargs == params.len()
            && call.nresults == results.len()
            && params.len() + results.len() <= FEW
            && self.pending_exception().is_null()
            && self.call_depth.get() < self.engine.config().call_depth()
            && !self.manual.has_queued();
        let (roots, spans) = (self.lifo.len(), self.mutator.no_gc_spans());
        if !usual || !self.scopes.enter_call_fast(roots, spans) {
            return None;
        }
        self.call_depth.set(self.call_depth.get() + 1);
        // SAFETY: the caller's promise.
        let passed = unsafe { self.pass_all_fast(&function, call.args, args).is_some() };
        if !passed {
            self.end_call();
            return None;
        }
        // SAFETY: the caller's promise.
        unsafe { write_defaults(results, args.add(call.nargs)) };
        Some(function)
    }

    /// Roots the function, and writes its arguments as the callback gets them, if
    /// everything is as usual.
    ///
    /// # Safety
    ///
    /// There must be the function's number of arguments in `from`, each valid for
    /// reading as its kind says, and room for them in `to`.
    #[inline(always)]
    unsafe fn pass_all_fast(
        &self,
        function: &Function<'_>,
        from: NonNull<CallValue>,
        to: NonNull<CallValue>,
    ) -> Option<()> {
        self.push_reserved(function.object)?;
        for (index, slot) in function.of.fields.iter().enumerate() {
            // SAFETY: the caller's promise.
            unsafe { self.pass_fast(slot, from.add(index), to.add(index))? };
        }
        Some(())
    }

    /// Writes an argument as the callback gets it, if everything is as usual.
    ///
    /// # Safety
    ///
    /// `from` must be valid for reading what its kind says, `to` for writing.
    #[inline(always)]
    unsafe fn pass_fast(
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
            if !self.admits(slot.admits, reference) {
                return None;
            }
            let to = to.as_ptr();
            (*to).kind = Storage::Ref as u32;
            (*to).of.handle = match reference {
                GcRef::NULL => Handle::NULL,
                object => self.push_reserved(object)?,
            };
        }
        Some(())
    }

    /// A new scoped root, which ends no root that other threads want unrooted, as the
    /// arguments may be; null for null.
    ///
    /// Errors: those of a push.
    #[inline(always)]
    pub(super) fn push_or_null(&self, reference: GcRef) -> Result<Handle> {
        if reference.is_null() {
            return Ok(Handle::NULL);
        }
        match self.push_reserved(reference) {
            Some(handle) => Ok(handle),
            None => Ok(self.handle(self.lifo.push(reference)?)),
        }
    }

    /// A new scoped root, likewise, if it needs no slow path.
    #[inline(always)]
    fn push_reserved(&self, reference: GcRef) -> Option<Handle> {
        let free = self.lifo.next_slot()?;
        Some(self.handle(self.lifo.push_into(free, reference)))
    }
}

/// Sets results to zeros and null.
///
/// # Safety
///
/// There must be room for a result for each slot.
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
