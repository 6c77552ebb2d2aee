//! The pending exception: what was thrown and not yet taken.
//!
//! It stands in a root slot of its own, which every collection scans with the other roots
//! and which, as other root slots, has no barrier.

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

    /// Makes an exception the pending one, in place of another. Never collects.
    ///
    /// Errors: those of [`Store::object`], [`Error::TypeMismatch`].
    pub(crate) fn throw(&self, handle: Handle) -> Result<()> {
        self.typed(handle, Kind::Exn, "exn")?;
        let exception = self.resolve(handle, "exn")?;
        self.set_pending(exception);
        Ok(())
    }

    /// Makes `exception` the pending exception; null ends the pending one.
    fn set_pending(&self, exception: GcRef) {
        self.pending.reference.set(exception.raw());
        self.count_release();
    }

    /// Roots the pending exception in the current scope, and none is pending then;
    /// null if none was. Never collects.
    ///
    /// Errors: those of a push.
    pub(crate) fn take_exception(&self) -> Result<Handle> {
        let exception = self.pending_exception();
        if exception.is_null() {
            return Ok(Handle::NULL);
        }
        let taken = self.push_root(exception)?;
        self.set_pending(GcRef::NULL);
        Ok(taken)
    }

    /// Refuses while an exception is pending.
    ///
    /// Errors: [`Error::Exception`].
    #[inline(always)]
    pub(in crate::store) fn require_no_exception(&self, thrown: bool) -> Result<()> {
        if self.pending_exception().is_null() {
            return Ok(());
        }
        Err(Error::Exception { thrown })
    }

    /// Checks that what is pending is an exception; it has been found to be an object.
    pub(in crate::store) fn check_pending_exception(&self) -> Result<()> {
        let pending = self.pending_exception();
        if pending.is_null() || self.header(pending).kind() == Some(Kind::Exn) {
            return Ok(());
        }
        let bits = pending.raw().into();
        Err(Error::internal("a pending object of another kind", bits))
    }
}
