//! Manual roots of a store.

use crate::error::Result;
use crate::roots::Handle;
use crate::store::Store;
use crate::store::handles::references::unrooted;

impl Store {
    /// A new manual root for what `handle` refers to, without the slow path.
    /// `None` also for null.
    #[inline(always)]
    pub(crate) fn root_fast(&self, handle: Handle) -> Option<Handle> {
        let reference = self.resolve_fast(handle)?;
        if reference.is_null() || !self.manual.has_free() {
            return None;
        }
        Some(self.handle(self.manual.allocate(reference)))
    }

    /// A new manual root for what `handle`, of either kind, refers to; null
    /// for null.
    ///
    /// Errors: as [`Store::resolve`]; those of making a manual root.
    pub(crate) fn root(&self, handle: Handle) -> Result<Handle> {
        let reference = self.resolve(handle, "ref")?;
        if reference.is_null() {
            return Ok(Handle::NULL);
        }
        Ok(self.handle(self.manual.create(reference)?))
    }

    /// A new manual root for what another refers to; null for null.
    ///
    /// Errors: as [`Store::resolve_manual`]; those of making a manual root.
    pub(crate) fn clone_root(&self, handle: Handle) -> Result<Handle> {
        self.resolve_manual(handle)?;
        self.root(handle)
    }

    /// [`Store::unroot`] without the slow path; `false` if it is needed.
    #[inline(always)]
    pub(crate) fn unroot_fast(&self, handle: Handle) -> bool {
        handle.store_id == self.id
            && handle.is_manual()
            && self
                .manual
                .release_fast(handle.index(), handle.generation())
    }

    /// Ends a manual root; nothing happens for null.
    ///
    /// Errors: as [`Store::resolve_manual`].
    pub(crate) fn unroot(&self, handle: Handle) -> Result<()> {
        self.resolve_manual(handle)?;
        if !handle.is_null() && !self.manual.release(handle.index(), handle.generation()) {
            return Err(unrooted(handle, "handle"));
        }
        Ok(())
    }

    /// [`Store::to_rooted`] without the slow path.
    #[inline(always)]
    pub(crate) fn to_rooted_fast(&self, handle: Handle) -> Option<Handle> {
        if handle.store_id != self.id || !handle.is_manual() {
            return None;
        }
        // A manual root never refers to null.
        let reference = self.manual.get(handle.index(), handle.generation())?;
        let free = self.lifo.next_slot()?;
        if self.manual.has_queued() {
            return None;
        }
        Some(self.handle(self.lifo.push_into(free, reference)))
    }

    /// A new scoped root for what a manual one refers to; null for null.
    ///
    /// Errors: as [`Store::resolve_manual`]; those of a push.
    pub(crate) fn to_rooted(&self, handle: Handle) -> Result<Handle> {
        let reference = self.resolve_manual(handle)?;
        if reference.is_null() {
            return Ok(Handle::NULL);
        }
        self.push_root(reference)
    }

    /// Turns a manual root into a scoped one; null for null. Pushes first: on
    /// an error the manual root is as it was.
    ///
    /// Errors: as [`Store::to_rooted`].
    #[expect(clippy::wrong_self_convention, reason = "`self` is the store")]
    pub(crate) fn into_rooted(&self, handle: Handle) -> Result<Handle> {
        let rooted = self.to_rooted(handle)?;
        if !handle.is_null() {
            // Unless the push has ended it: a copy of it may have been queued.
            self.manual.release(handle.index(), handle.generation());
        }
        Ok(rooted)
    }
}
