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
    #[inline]
    pub(in crate::store) fn push_root(&self, reference: GcRef) -> Result<Handle> {
        match self.push_fast(reference) {
            Some(handle) => Ok(handle),
            None => self.push_root_slow(reference),
        }
    }

    #[cold]
    #[inline(never)]
    fn push_root_slow(&self, reference: GcRef) -> Result<Handle> {
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

    /// The fast form of [`Store::local_new`].
    #[inline(always)]
    pub(crate) fn local_new_fast(&self, handle: Handle) -> Option<Handle> {
        let reference = self.resolve_or_null_fast(handle)?;
        self.push_fast(reference)
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
    /// Errors: as [`Store::require_scoped`] for `target`; as [`Store::resolve`] for
    /// `source`.
    pub(crate) fn assign(&self, target: Handle, source: Handle) -> Result<()> {
        self.require_scoped(target)?;
        let reference = self.resolve(source, "src_or_null")?;
        self.set_scoped(target, reference);
        Ok(())
    }

    /// Requires that `target` names a scoped root, which may refer to null.
    ///
    /// Errors: [`Error::NullReference`] for the null handle; as [`Store::resolve`];
    /// [`Error::InvalidArgument`] if `target` is manual.
    pub(crate) fn require_scoped(&self, target: Handle) -> Result<()> {
        let parameter = "dst";
        if target.is_null() {
            return Err(Error::NullReference { parameter });
        }
        self.resolve(target, parameter)?;
        if target.is_manual() {
            return Err(Error::InvalidArgument {
                parameter,
                value: target.index().into(),
                allowed: "the slot of a scoped handle, not of a manual one",
            });
        }
        Ok(())
    }

    /// Sets the scoped root that `target` names ([`Store::require_scoped`]).
    fn set_scoped(&self, target: Handle, reference: GcRef) {
        self.count_release();
        self.lifo
            .set(target.index(), target.generation(), reference);
    }

    /// Sets the scoped root that `target` names ([`Store::require_scoped`]) to the
    /// reference at `at` in the heap, or to null.
    ///
    /// Errors: [`Error::Internal`].
    pub(in crate::store) fn load_into(&self, at: u64, target: Handle) -> Result<()> {
        self.set_scoped(target, self.reference_at(at)?);
        Ok(())
    }

    /// The fast form of [`Store::load_into`]. `None` if `target` does not name a scoped
    /// root.
    #[inline(always)]
    pub(in crate::store) fn load_into_fast(&self, at: u64, target: Handle) -> Option<()> {
        let reference = GcRef::from_raw(self.mutator.memory.load(at)?);
        let is_sound = self.mutator.memory.may_hold(reference);
        if !is_sound || target.store_id != self.id || target.is_manual() {
            return None;
        }
        let (index, generation) = (target.index(), target.generation());
        if !self.lifo.set(index, generation, reference) {
            return None;
        }
        self.count_release();
        Some(())
    }
}
