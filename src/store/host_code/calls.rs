//! The driver of host functions.
//!
//! [`call`] takes the store as a raw pointer and holds no borrow of it while the
//! callback runs, which may call the store again. The callback runs in a scope of its
//! own, in which the arguments are new roots, and the function itself, so that its
//! `env` is not finalized meanwhile. Its results are checked and resolved in that scope,
//! and rooted in the caller's once it has ended.

use core::mem::MaybeUninit;
use core::ptr::NonNull;

use crate::base::fallible;
use crate::error::{Error, Result, ValueError};
use crate::heap::GcRef;
use crate::host::CallValue;
use crate::roots::Handle;
use crate::store::objects::functions::Function;
use crate::store::{Store, Value};
use crate::types::{FieldLayout, Storage};

/// Values, arguments and results together, that are passed without an allocation.
const FEW: usize = 16;

/// The status of a callback that succeeded.
const OK: u32 = 0;

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
/// As for [`run_pending`](crate::store::host_code::finalize::run_pending); `args` must be valid for reading
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
    unsafe fn begin_call(
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
    unsafe fn begin_call_fast(
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
            let reference = self.resolve_value_fast((*from.as_ptr()).of.handle)?;
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

    /// Leaves the callback's scope with all that was left inside it.
    #[inline(always)]
    fn end_call(&self) {
        let saved = self.scopes.exit_callback();
        self.lifo.truncate(saved.roots);
        self.mutator.restore_no_gc(saved.no_gc_spans);
        self.call_depth.set(self.call_depth.get() - 1);
    }

    /// Whether a callback that has returned succeeded. If so, what its results refer to
    /// is noted in them: see [`Store::root_all`].
    ///
    /// Errors: [`Error::Internal`] in a store that was poisoned meanwhile;
    /// [`Error::Exception`]; [`Error::InCall`] for a result's kind, then for each result.
    ///
    /// # Safety
    ///
    /// There must be a result for each slot, valid for reading as its kind says.
    #[cold]
    #[inline(never)]
    unsafe fn settle(
        &self,
        status: u32,
        slots: &[FieldLayout],
        results: NonNull<CallValue>,
    ) -> Result<bool> {
        self.enter()?;
        if status != OK {
            return Ok(false);
        }
        self.require_no_exception(true)?;
        // SAFETY: the caller's promise.
        unsafe {
            check_kinds("result", results, slots.len())?;
            for (index, slot) in slots.iter().enumerate() {
                let result = results.add(index);
                if let Value::Ref(reference) = self.take_value("result", index, slot, result)? {
                    (*result.as_ptr()).resolved.write(reference);
                }
            }
        }
        Ok(true)
    }

    /// [`Store::settle`], if everything is as usual.
    ///
    /// # Safety
    ///
    /// As for [`Store::settle`].
    #[inline(always)]
    unsafe fn settle_fast(
        &self,
        status: u32,
        slots: &[FieldLayout],
        results: NonNull<CallValue>,
    ) -> Option<()> {
        if status != OK || !self.enter_fast() || !self.pending_exception().is_null() {
            return None;
        }
        for (index, slot) in slots.iter().enumerate() {
            // SAFETY: the caller's promise; the slot stores what the kind says.
            unsafe {
                let result = results.add(index).as_ptr();
                if (*result).kind != slot.storage as u32 {
                    return None;
                }
                if slot.storage == Storage::Ref {
                    let reference = self.resolve_value_fast((*result).of.handle)?;
                    if !self.admits(slot.admits, reference) {
                        return None;
                    }
                    (*result).resolved.write(reference);
                }
            }
        }
        Some(())
    }

    /// Roots in the current scope what settled results refer to. If that fails, none of
    /// them.
    ///
    /// Errors: those of a push.
    ///
    /// # Safety
    ///
    /// The results must have been settled, and nothing have collected since.
    #[inline(always)]
    unsafe fn root_all(&self, slots: &[FieldLayout], results: NonNull<CallValue>) -> Result<()> {
        let before = self.lifo.len();
        for (index, slot) in slots.iter().enumerate() {
            if slot.storage != Storage::Ref {
                continue;
            }
            // SAFETY: the caller's promise.
            unsafe {
                let result = results.add(index).as_ptr();
                let rooted = self.push_or_null((*result).resolved.assume_init());
                (*result).of.handle = rooted.inspect_err(|_| self.lifo.truncate(before))?;
            }
        }
        Ok(())
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
