//! The pending exception: what was thrown and not yet taken.
//!
//! It stands in a root slot of its own, which every collection scans with the other
//! roots. Exceptions are rare, so that it goes through the heap's barriers as well, which
//! other root slots do not.

use super::Store;
use crate::error::{Error, Result};
use crate::heap::{GcRef, Kind};
use crate::roots::Handle;

impl Store {
    /// The pending exception, or null.
    #[inline(always)]
    pub(super) fn pending_exception(&self) -> GcRef {
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
        self.set_pending(exception)
    }

    /// Makes this the pending exception, or with null none.
    ///
    /// Errors: [`Error::Internal`].
    fn set_pending(&self, exception: GcRef) -> Result<()> {
        let mut cold = self.cold.borrow_mut();
        let heap = cold.heap()?;
        let exception = heap.clone_gc_ref(exception);
        let old = self.pending_exception();
        self.pending.reference.set(exception.raw());
        heap.drop_gc_ref(old);
        self.count_release();
        Ok(())
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
        self.set_pending(GcRef::NULL)?;
        Ok(taken)
    }

    /// Refuses while an exception is pending.
    ///
    /// Errors: [`Error::Exception`].
    #[inline(always)]
    pub(super) fn require_no_exception(&self, thrown: bool) -> Result<()> {
        if self.pending_exception().is_null() {
            return Ok(());
        }
        Err(Error::Exception { thrown })
    }

    /// Checks that what is pending is an exception; it has been found to be an object.
    pub(super) fn check_pending_exception(&self) -> Result<()> {
        let pending = self.pending_exception();
        if pending.is_null() || self.header(pending).kind() == Some(Kind::Exn) {
            return Ok(());
        }
        let bits = pending.raw().into();
        Err(Error::internal("a pending object of another kind", bits))
    }
}
