//! The end of a call: its results are checked, resolved, and rooted in the caller's
//! scope.

use core::ptr::NonNull;

use super::call_value::{STATUS_OK, check_kinds};
use crate::error::Result;
use crate::heap::GcRef;
use crate::host::CallValue;
use crate::roots::Handle;
use crate::store::{Store, Value};
use crate::types::{FieldLayout, Storage};

impl Store {
    /// Checks the results of a callback that has returned. Writes the referent of each
    /// result that is a reference to its `resolved` field, for [`Store::root_results`].
    /// Returns `false` if the callback's status is not success.
    ///
    /// Errors, in this order:
    ///
    /// 1. [`Error::Internal`] if the store was poisoned during the call;
    /// 2. [`Error::Exception`] if an exception is pending;
    /// 3. [`Error::InCall`] for the first result of unknown kind;
    /// 4. [`Error::InCall`] for the first result that does not match the function's type.
    ///
    /// [`Error::Internal`]: crate::error::Error::Internal
    /// [`Error::Exception`]: crate::error::Error::Exception
    /// [`Error::InCall`]: crate::error::Error::InCall
    ///
    /// # Safety
    ///
    /// `results` must have one result for each slot, each valid for reading as its kind
    /// says.
    #[cold]
    #[inline(never)]
    pub(super) unsafe fn resolve_results(
        &self,
        status: u32,
        slots: &[FieldLayout],
        results: NonNull<CallValue>,
    ) -> Result<bool> {
        self.enter()?;
        if status != STATUS_OK {
            return Ok(false);
        }
        self.require_no_exception(true)?;
        // SAFETY: the caller's promise.
        unsafe {
            check_kinds("result", results, slots.len())?;
            for (index, slot) in slots.iter().enumerate() {
                let result = results.add(index);
                let value = self.resolve_call_value("result", index, slot, result)?;
                if let Value::Ref(reference) = value {
                    (*result.as_ptr()).resolved.write(reference);
                }
            }
        }
        Ok(true)
    }

    /// The fast form of [`Store::resolve_results`].
    ///
    /// # Safety
    ///
    /// The safety conditions of [`Store::resolve_results`] hold.
    #[inline(always)]
    pub(super) unsafe fn resolve_results_fast(
        &self,
        status: u32,
        slots: &[FieldLayout],
        results: NonNull<CallValue>,
    ) -> Option<()> {
        if status != STATUS_OK || !self.enter_fast() || !self.pending_exception().is_null() {
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
                    let reference = self.resolve_or_null_fast((*result).of.handle)?;
                    if !self.admits(&{ slot.admits }, reference) {
                        return None;
                    }
                    (*result).resolved.write(reference);
                }
            }
        }
        Some(())
    }

    /// Roots the referents of resolved results in the current scope. If one cannot be
    /// rooted, none is.
    ///
    /// Errors: those of [`Store::push_undrained`].
    ///
    /// # Safety
    ///
    /// [`Store::resolve_results`] must have resolved the results, and no collection may have
    /// run since.
    #[inline(always)]
    pub(super) unsafe fn root_results(
        &self,
        slots: &[FieldLayout],
        results: NonNull<CallValue>,
    ) -> Result<()> {
        let before = self.lifo.len();
        for (index, slot) in slots.iter().enumerate() {
            if slot.storage != Storage::Ref {
                continue;
            }
            // SAFETY: the caller's promise.
            unsafe {
                let result = results.add(index).as_ptr();
                let rooted = self.push_undrained((*result).resolved.assume_init());
                (*result).of.handle = rooted.inspect_err(|_| self.lifo.truncate(before))?;
            }
        }
        Ok(())
    }

    /// The fast form of [`Store::root_results`].
    ///
    /// # Safety
    ///
    /// The safety conditions of [`Store::root_results`] hold.
    #[inline(always)]
    pub(super) unsafe fn root_results_fast(
        &self,
        slots: &[FieldLayout],
        results: NonNull<CallValue>,
    ) -> Option<()> {
        let before = self.lifo.len();
        for (index, slot) in slots.iter().enumerate() {
            if slot.storage != Storage::Ref {
                continue;
            }
            // SAFETY: the caller's promise.
            unsafe {
                let result = results.add(index).as_ptr();
                let rooted = match (*result).resolved.assume_init() {
                    GcRef::NULL => Some(Handle::NULL),
                    object => self.push_undrained_fast(object),
                };
                let Some(rooted) = rooted else {
                    self.lifo.truncate(before);
                    return None;
                };
                (*result).of.handle = rooted;
            }
        }
        Some(())
    }
}
