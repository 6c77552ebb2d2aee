//! From a handle to a reference. Every function that takes a handle begins here, so
//! these checks keep `handles.any-bits` and `roots.never-stale`.

use crate::error::{Error, Result};
use crate::heap::GcRef;
use crate::roots::Handle;
use crate::store::Store;

impl Store {
    /// This store's handle for a slot word.
    #[inline(always)]
    pub(in crate::store) fn handle(&self, slot: u64) -> Handle {
        Handle {
            store_id: self.id,
            slot,
        }
    }

    /// The id that is in this store's handles.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// The reference of a live root of this store. Does not check the store id.
    #[inline(always)]
    fn find(&self, handle: Handle) -> Option<GcRef> {
        if handle.is_manual() {
            self.manual.get(handle.index(), handle.generation())
        } else {
            self.lifo.get(handle.index(), handle.generation())
        }
    }

    /// The fast form of [`Store::resolve`]. `None` for a null handle too.
    #[inline(always)]
    pub(in crate::store) fn resolve_fast(&self, handle: Handle) -> Option<GcRef> {
        if handle.store_id != self.id {
            return None;
        }
        self.find(handle)
    }

    /// The fast form of [`Store::resolve`] for callers that need an object: they refuse
    /// null and odd bits (an `i31`) anyway. A handle without a live root may therefore
    /// resolve to null or to odd bits here, which saves a comparison (ROOTS-5).
    #[inline(always)]
    pub(in crate::store) fn resolve_or_odd(&self, handle: Handle) -> Option<GcRef> {
        if handle.store_id != self.id {
            return None;
        }
        if handle.is_manual() {
            self.manual.get_or_odd(handle.index(), handle.generation())
        } else {
            self.lifo.get_or_odd(handle.index(), handle.generation())
        }
    }

    /// The reference of the object that a handle to be stored names, or null for a null
    /// handle. The fast form of [`Store::resolve`] where null is common.
    #[inline(always)]
    pub(in crate::store) fn resolve_or_null_fast(&self, handle: Handle) -> Option<GcRef> {
        if handle.is_null() {
            return Some(GcRef::NULL);
        }
        self.resolve_fast(handle)
    }

    /// Requires that a handle or a scope belongs to this store.
    ///
    /// Errors: [`Error::WrongStore`].
    pub(in crate::store) fn require_mine(
        &self,
        store_id: u64,
        parameter: &'static str,
    ) -> Result<()> {
        if store_id != self.id {
            return Err(Error::WrongStore {
                parameter,
                handle: store_id,
                store: self.id,
            });
        }
        Ok(())
    }

    /// The reference that a handle names; null for a null handle.
    ///
    /// Errors: [`Error::WrongStore`], [`Error::Unrooted`].
    pub(in crate::store) fn resolve(
        &self,
        handle: Handle,
        parameter: &'static str,
    ) -> Result<GcRef> {
        if handle.is_null() {
            return Ok(GcRef::NULL);
        }
        self.require_mine(handle.store_id, parameter)?;
        self.find(handle).ok_or(unrooted(handle, parameter))
    }

    /// The reference that a manual handle names; null for a null handle.
    ///
    /// Errors: as [`Store::resolve`]; [`Error::Unrooted`] for a scoped handle.
    pub(in crate::store) fn resolve_manual(&self, handle: Handle) -> Result<GcRef> {
        let parameter = "handle";
        let reference = self.resolve(handle, parameter)?;
        if !handle.is_null() && !handle.is_manual() {
            return Err(unrooted_as("manual root", handle, parameter));
        }
        Ok(reference)
    }

    /// The reference that a handle names, which must not be null.
    ///
    /// Errors: as [`Store::resolve`]; [`Error::NullReference`].
    pub(in crate::store) fn object(
        &self,
        handle: Handle,
        parameter: &'static str,
    ) -> Result<GcRef> {
        let reference = self.resolve(handle, parameter)?;
        if reference.is_null() {
            return Err(Error::NullReference { parameter });
        }
        Ok(reference)
    }
}

/// The error for a handle of this store that names no live root.
pub(in crate::store) fn unrooted(handle: Handle, parameter: &'static str) -> Error {
    let kind = if handle.is_manual() {
        "manual root"
    } else {
        "scoped root"
    };
    unrooted_as(kind, handle, parameter)
}

/// The error for a handle of this store that names no live item of kind `kind`, such as
/// "weak handle" or "tag".
pub(in crate::store) fn unrooted_as(
    kind: &'static str,
    handle: Handle,
    parameter: &'static str,
) -> Error {
    Error::Unrooted {
        parameter,
        kind,
        slot: handle.index(),
        generation: handle.generation(),
    }
}
