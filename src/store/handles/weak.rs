//! Weak handles of a store.

use crate::error::Result;
use crate::heap::GcRef;
use crate::roots::Handle;
use crate::store::Store;
use crate::store::handles::references::unrooted_as;

impl Store {
    /// A new weak handle for what `handle` refers to; null for null.
    ///
    /// Errors: as [`Store::resolve`]; those of making a weak handle.
    pub(crate) fn weak_new(&self, handle: Handle) -> Result<Handle> {
        let reference = self.resolve(handle, "ref")?;
        if reference.is_null() {
            return Ok(Handle::NULL);
        }
        Ok(self.handle(self.weak.create(reference)?))
    }

    /// What a weak handle refers to; null if that has died, and for a null one.
    ///
    /// Errors: [`Error::WrongStore`](crate::error::Error::WrongStore),
    /// [`Error::Unrooted`](crate::error::Error::Unrooted).
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

    /// A new scoped root for what a weak handle refers to; null if that has died.
    ///
    /// Errors: as [`Store::resolve_weak`]; those of a push.
    pub(crate) fn weak_upgrade(&self, weak: Handle) -> Result<Handle> {
        let reference = self.resolve_weak(weak)?;
        if reference.is_null() {
            return Ok(Handle::NULL);
        }
        self.push_root(reference)
    }

    /// Ends a weak handle; nothing happens for null.
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
