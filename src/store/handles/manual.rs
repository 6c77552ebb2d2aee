//! Manual roots.

use crate::error::Result;
use crate::roots::Handle;
use crate::store::Store;
use crate::store::handles::resolve::unrooted;

impl Store {
    /// The fast form of [`Store::root`]. `None` for a null handle too.
    #[inline(always)]
    pub(crate) fn root_fast(&self, handle: Handle) -> Option<Handle> {
        let reference = self.resolve_fast(handle)?;
        if reference.is_null() || !self.manual.has_free() {
            return None;
        }
        Some(self.handle(self.manual.allocate(reference)))
    }

    /// A new manual root for the referent of `handle`, which may be scoped or manual.
    /// Null for null.
    ///
    /// Errors: as [`Store::resolve`]; [`Error::Limit`], [`Error::SystemMemory`].
    ///
    /// [`Error::Limit`]: crate::error::Error::Limit
    /// [`Error::SystemMemory`]: crate::error::Error::SystemMemory
    pub(crate) fn root(&self, handle: Handle) -> Result<Handle> {
        let reference = self.resolve(handle, "ref")?;
        if reference.is_null() {
            return Ok(Handle::NULL);
        }
        Ok(self.handle(self.manual.create(reference)?))
    }

    /// The fast form of [`Store::clone_root`]. `None` for a null handle too.
    #[inline(always)]
    pub(crate) fn clone_root_fast(&self, handle: Handle) -> Option<Handle> {
        if !handle.is_manual() {
            return None;
        }
        self.root_fast(handle)
    }

    /// A new manual root for the referent of another manual root. Null for null.
    ///
    /// Errors: as [`Store::resolve_manual`] and [`Store::root`].
    pub(crate) fn clone_root(&self, handle: Handle) -> Result<Handle> {
        self.resolve_manual(handle)?;
        self.root(handle)
    }

    /// The fast form of [`Store::unroot`].
    #[inline(always)]
    pub(crate) fn unroot_fast(&self, handle: Handle) -> bool {
        handle.store_id == self.id
            && handle.is_manual()
            && self
                .manual
                .release_fast(handle.index(), handle.generation())
    }

    /// Ends a manual root. Does nothing for null.
    ///
    /// Errors: as [`Store::resolve_manual`].
    pub(crate) fn unroot(&self, handle: Handle) -> Result<()> {
        self.resolve_manual(handle)?;
        if !handle.is_null() && !self.manual.release(handle.index(), handle.generation()) {
            return Err(unrooted(handle, "handle"));
        }
        Ok(())
    }

    /// Ends all manual roots that wait in the unroot queue. Never collects.
    pub(crate) fn drain_unroots(&self) {
        self.manual.unroot_queued();
    }

    /// The fast form of [`Store::to_rooted`].
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

    /// A new scoped root for the referent of a manual root. Null for null.
    ///
    /// Errors: as [`Store::resolve_manual`] and [`Store::push_root`].
    pub(crate) fn to_rooted(&self, handle: Handle) -> Result<Handle> {
        let reference = self.resolve_manual(handle)?;
        self.push_unless_null(reference)
    }

    /// Turns a manual root into a scoped root. Null for null. The push comes first: if it
    /// fails, the manual root is unchanged.
    ///
    /// Errors: as [`Store::to_rooted`].
    #[expect(clippy::wrong_self_convention, reason = "`self` is the store")]
    pub(crate) fn into_rooted(&self, handle: Handle) -> Result<Handle> {
        let rooted = self.to_rooted(handle)?;
        if !handle.is_null() {
            // Returns false if the push has already ended this root (ROOTS-11).
            self.manual.release(handle.index(), handle.generation());
        }
        Ok(rooted)
    }
}
