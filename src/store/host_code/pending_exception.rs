//! The pending exception: an exception that was thrown and not yet taken.
//!
//! It is held in a root slot of its own. Every collection scans that slot with the other
//! roots, so it has no barrier (HOST-23).

use crate::error::{Error, Result};
use crate::heap::{GcRef, Kind};
use crate::roots::Handle;
use crate::store::Store;

impl Store {
    /// The pending exception, or null.
    #[inline(always)]
    pub(in crate::store) fn pending_exception(&self) -> GcRef {
        GcRef::from_raw(self.pending.reference.get())
    }

    /// Whether an exception is pending.
    pub(crate) fn has_pending_exception(&self) -> bool {
        !self.pending_exception().is_null()
    }

    /// Makes an exception pending. It replaces the one that was pending. Never collects.
    ///
    /// Errors: those of [`Store::object`], [`Error::TypeMismatch`].
    pub(crate) fn throw(&self, handle: Handle) -> Result<()> {
        self.typed(handle, Kind::Exn, "exn")?;
        let exception = self.resolve(handle, "exn")?;
        self.set_pending(exception);
        Ok(())
    }

    /// Sets the pending exception; with null, none is pending.
    pub(in crate::store) fn set_pending(&self, exception: GcRef) {
        self.pending.reference.set(exception.raw());
        self.count_release();
    }

    /// Roots the pending exception in the current scope. None is pending afterwards.
    /// Returns null if none was pending. Never collects.
    ///
    /// Errors: those of [`Store::push_root`].
    pub(crate) fn take_exception(&self) -> Result<Handle> {
        let exception = self.pending_exception();
        if exception.is_null() {
            return Ok(Handle::NULL);
        }
        let taken = self.push_root(exception)?;
        self.set_pending(GcRef::NULL);
        Ok(taken)
    }

    /// Same as [`Store::take_exception`], with a manual root.
    ///
    /// Errors: [`Error::Limit`], [`Error::SystemMemory`].
    #[cfg(feature = "capi")]
    pub(crate) fn take_exception_manually_rooted(&self) -> Result<Handle> {
        let exception = self.pending_exception();
        if exception.is_null() {
            return Ok(Handle::NULL);
        }
        let taken = self.handle(self.manual.create(exception)?);
        self.set_pending(GcRef::NULL);
        Ok(taken)
    }

    /// Fails while an exception is pending. `thrown` goes into the error.
    ///
    /// Errors: [`Error::Exception`].
    #[inline(always)]
    pub(in crate::store) fn require_no_exception(&self, thrown: bool) -> Result<()> {
        if self.pending_exception().is_null() {
            return Ok(());
        }
        Err(Error::Exception { thrown })
    }

    /// Checks that the pending object, if there is one, is an exception. The caller has
    /// checked that it is an object.
    ///
    /// Errors: [`Error::Internal`].
    pub(in crate::store) fn check_pending_exception(&self) -> Result<()> {
        let pending = self.pending_exception();
        if pending.is_null() || self.header(pending).kind() == Some(Kind::Exn) {
            return Ok(());
        }
        let bits = pending.raw().into();
        Err(Error::internal("a pending object of another kind", bits))
    }
}
