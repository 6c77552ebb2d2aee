//! The results of a call: checked, resolved, and rooted in the caller's scope.

use core::ptr::NonNull;

use super::call_value::{OK, check_kinds};
use crate::error::Result;
use crate::host::CallValue;
use crate::store::{Store, Value};
use crate::types::{FieldLayout, Storage};

impl Store {
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
    pub(super) unsafe fn settle(
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
    pub(super) unsafe fn settle_fast(
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
                    let reference = self.resolve_or_null_fast((*result).of.handle)?;
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
    pub(super) unsafe fn root_all(
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
                let rooted = self.push_or_null((*result).resolved.assume_init());
                (*result).of.handle = rooted.inspect_err(|_| self.lifo.truncate(before))?;
            }
        }
        Ok(())
    }
}
