//! Weak handles (ROOTS-16).

use crate::error::Result;
use crate::heap::GcRef;
use crate::roots::Handle;
use crate::store::Store;
use crate::store::handles::resolve::unrooted_as;

impl Store {
    /// A new weak handle for the referent of `handle`. Null for null.
    ///
    /// Errors: as [`Store::resolve`]; [`Error::Limit`], [`Error::SystemMemory`].
    ///
    /// [`Error::Limit`]: crate::error::Error::Limit
    /// [`Error::SystemMemory`]: crate::error::Error::SystemMemory
    pub(crate) fn weak_new(&self, handle: Handle) -> Result<Handle> {
        let reference = self.resolve(handle, "ref")?;
        if reference.is_null() {
            return Ok(Handle::NULL);
        }
        let handle = self.handle(self.weak.create(reference)?);
        if let Some(heap) = self.cold.borrow_mut().heap.as_deref_mut()
            && reference.is_object()
        {
            heap.note_weak(reference)?;
        }
        Ok(handle)
    }

    /// The reference that a weak handle names. Null if the object has died, and for a
    /// null handle.
    ///
    /// Errors: [`Error::WrongStore`], [`Error::Unrooted`].
    ///
    /// [`Error::WrongStore`]: crate::error::Error::WrongStore
    /// [`Error::Unrooted`]: crate::error::Error::Unrooted
    fn resolve_weak(&self, weak: Handle) -> Result<GcRef> {
        if weak.is_null() {
            return Ok(GcRef::NULL);
        }
        self.require_mine(weak.store_id, "weak")?;
        let found = if weak.is_manual() {
            None
        } else {
            self.weak.get(weak.index(), weak.generation())
        };
        found.ok_or(unrooted_as("weak handle", weak, "weak"))
    }

    /// A new scoped root for the referent of a weak handle. Null if the object has died.
    ///
    /// Errors: as [`Store::resolve_weak`] and [`Store::push_root`].
    pub(crate) fn weak_upgrade(&self, weak: Handle) -> Result<Handle> {
        let reference = self.resolve_weak(weak)?;
        if self.is_unswept(reference) {
            return Ok(Handle::NULL);
        }
        self.push_unless_null(reference)
    }

    /// Ends a weak handle. Does nothing for null.
    ///
    /// Errors: as [`Store::resolve_weak`].
    pub(crate) fn weak_free(&self, weak: Handle) -> Result<()> {
        self.resolve_weak(weak)?;
        if !weak.is_null() {
            self.weak.release(weak.index(), weak.generation());
        }
        Ok(())
    }
}
