//! Scoped roots: pushes, locals and `assign`. A *local* is a scoped root that was made
//! to be assigned, as the slot of an interpreter's variable is. It may refer to null.

use crate::error::{Error, Result};
use crate::heap::GcRef;
use crate::roots::Handle;
use crate::store::Store;

impl Store {
    /// The fast form of [`Store::push_root`].
    #[inline(always)]
    pub(in crate::store) fn push_fast(&self, reference: GcRef) -> Option<Handle> {
        let free = self.lifo.next_slot()?;
        if self.manual.has_queued() {
            return None;
        }
        Some(self.handle(self.lifo.push_into(free, reference)))
    }

    /// A new scoped root in the current scope. Also drains a part of the unroot queue
    /// (ROOTS-12).
    ///
    /// Errors: [`Error::Limit`], [`Error::SystemMemory`].
    pub(in crate::store) fn push_root(&self, reference: GcRef) -> Result<Handle> {
        self.manual.unroot_some();
        Ok(self.handle(self.lifo.push(reference)?))
    }

    /// As [`Store::push_root`], but the null handle for a null reference.
    pub(in crate::store) fn push_unless_null(&self, reference: GcRef) -> Result<Handle> {
        if reference.is_null() {
            return Ok(Handle::NULL);
        }
        self.push_root(reference)
    }

    /// A new scoped root with the referent of `handle`, or with null.
    ///
    /// Errors: as [`Store::resolve`] and [`Store::push_root`].
    pub(crate) fn local_new(&self, handle: Handle) -> Result<Handle> {
        let reference = self.resolve(handle, "ref_or_null")?;
        self.push_root(reference)
    }

    /// Whether a handle is null, or names a root that refers to null. Never collects.
    ///
    /// Errors: as [`Store::resolve`].
    pub(crate) fn is_null(&self, handle: Handle) -> Result<bool> {
        Ok(self.resolve(handle, "ref")?.is_null())
    }

    /// The fast form of [`Store::is_null`].
    #[inline(always)]
    pub(crate) fn is_null_fast(&self, handle: Handle) -> Option<bool> {
        Some(self.resolve_or_null_fast(handle)?.is_null())
    }

    /// Sets a scoped root to the referent of `source`, or to null.
    ///
    /// Errors: as [`Store::object`] for `target`; [`Error::InvalidArgument`] if `target`
    /// is manual; as [`Store::resolve`] for `source`.
    pub(crate) fn assign(&self, target: Handle, source: Handle) -> Result<()> {
        if target.is_null() {
            return Err(Error::NullReference { parameter: "dst" });
        }
        self.resolve(target, "dst")?;
        if target.is_manual() {
            return Err(Error::InvalidArgument {
                parameter: "dst",
                value: target.index().into(),
                allowed: "the slot of a scoped handle, not of a manual one",
            });
        }
        let reference = self.resolve(source, "src_or_null")?;
        self.count_release();
        self.lifo
            .set(target.index(), target.generation(), reference);
        Ok(())
    }
}
