//! From handles to references: the checks that everything leans on
//! (`handles.any-bits`, `roots.never-stale`).

use crate::base::hashing::mix;
use crate::error::{Error, Result};
use crate::heap::{GcRef, HEADER_BYTES, LEAST_BYTES, ObjectHeader};
use crate::roots::Handle;
use crate::store::Store;

impl Store {
    /// This store's handle of a slot.
    #[inline(always)]
    pub(in crate::store) fn handle(&self, slot: u64) -> Handle {
        Handle {
            store_id: self.id,
            slot,
        }
    }

    #[inline(always)]
    fn find(&self, handle: Handle) -> Option<GcRef> {
        if handle.is_manual() {
            self.manual.get(handle.index(), handle.generation())
        } else {
            self.lifo.get(handle.index(), handle.generation())
        }
    }

    /// What a handle of this store refers to. `None` for a null handle too.
    #[inline(always)]
    pub(in crate::store) fn resolve_fast(&self, handle: Handle) -> Option<GcRef> {
        if handle.store_id != self.id {
            return None;
        }
        self.find(handle)
    }

    /// What a handle of this store refers to; something odd also where there is no
    /// root, which saves a comparison where odd is refused anyway.
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

    /// Refuses a handle or scope of another store.
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

    /// What a handle refers to; null for a null one.
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

    /// What a manual handle refers to; null for a null one.
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

    /// What a handle refers to, which must not be null.
    ///
    /// Errors: as [`Store::resolve`], [`Error::NullReference`].
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

    /// The header of an object that a root refers to.
    pub(in crate::store) fn header(&self, object: GcRef) -> ObjectHeader {
        debug_assert!(object.is_object() && self.mutator.memory.may_hold(object));
        let address = self.mutator.memory.address(object.offset());
        // SAFETY: roots refer to objects of the area.
        ObjectHeader::from_bits(unsafe { address.cast::<u64>().read() })
    }

    /// The header of an object that a root refers to; of null some bits of no kind.
    #[inline(always)]
    pub(in crate::store) fn header_or_nothing(&self, object: GcRef) -> ObjectHeader {
        debug_assert!(self.mutator.memory.may_hold(object));
        let address = self.mutator.memory.address(object.offset());
        // SAFETY: roots refer to null or objects of the area, and 16 bytes can be read
        // at its base.
        ObjectHeader::from_bits(unsafe { address.cast::<u64>().read() })
    }

    /// What stands after the header of an object that a root refers to, or of null: an
    /// externref's index, an array's length.
    #[inline(always)]
    pub(in crate::store) fn word_after_header(&self, offset: u64) -> u64 {
        debug_assert!(offset == 0 || self.mutator.memory.contains(offset, LEAST_BYTES.into()));
        let address = self.mutator.memory.address(offset + HEADER_BYTES);
        // SAFETY: roots refer to null or objects of the area; 16 bytes can be read
        // there, as that is the least size of an object.
        unsafe { address.cast::<u64>().read() }
    }

    /// [`Store::push_root`], if it needs no slow path.
    #[inline(always)]
    pub(in crate::store) fn push_fast(&self, reference: GcRef) -> Option<Handle> {
        let free = self.lifo.next_slot()?;
        if self.manual.has_queued() {
            return None;
        }
        Some(self.handle(self.lifo.push_into(free, reference)))
    }

    /// A new scoped root. The owner's part of unrooting from other threads: see
    /// [`ManualRoots`](crate::roots::ManualRoots).
    ///
    /// Errors: those of a push.
    pub(in crate::store) fn push_root(&self, reference: GcRef) -> Result<Handle> {
        self.manual.unroot_some();
        Ok(self.handle(self.lifo.push(reference)?))
    }

    /// Whether two handles refer to the same object, or both to null.
    ///
    /// Errors: as [`Store::resolve`], for `a` before `b`.
    pub(crate) fn ref_eq(&self, a: Handle, b: Handle) -> Result<bool> {
        Ok(self.resolve(a, "a")? == self.resolve(b, "b")?)
    }

    /// A hash of the object, stable across moves; 0 for null. Never collects.
    ///
    /// Errors: as [`Store::resolve`]; [`Error::SystemMemory`] when an object is
    /// asked for the first time.
    pub(crate) fn ref_hash(&self, handle: Handle) -> Result<u64> {
        let reference = self.resolve(handle, "ref")?;
        if !reference.is_object() {
            return Ok(mix(reference.raw().into()));
        }
        let header = self.header(reference);
        let hashes = &mut self.cold.borrow_mut().hashes;
        if header.is_hashed() {
            return hashes.get(reference).ok_or(Error::internal(
                "a hashed object without a hash",
                reference.raw().into(),
            ));
        }
        let hash = hashes.insert(reference)?;
        let address = self.mutator.memory.address(reference.offset());
        // SAFETY: roots refer to objects of the area.
        unsafe { address.cast::<u64>().write(header.with_hashed().bits()) };
        Ok(hash)
    }

    /// A new slot of the current scope that refers to what `handle` does, also
    /// to null.
    ///
    /// Errors: as [`Store::resolve`]; those of a push.
    pub(crate) fn local_new(&self, handle: Handle) -> Result<Handle> {
        let reference = self.resolve(handle, "ref_or_null")?;
        self.push_root(reference)
    }

    /// Makes a scoped root refer to what `source` does.
    ///
    /// Errors: as [`Store::object`] for `target`, [`Error::InvalidArgument`] if
    /// it is manual; as [`Store::resolve`] for `source`.
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

/// The error for a handle of this store that names no live root.
pub(in crate::store) fn unrooted(handle: Handle, parameter: &'static str) -> Error {
    let kind = if handle.is_manual() {
        "manual root"
    } else {
        "scoped root"
    };
    unrooted_as(kind, handle, parameter)
}

/// The error for a handle of this store that does not name what it should.
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

#[cfg(test)]
impl Store {
    /// The address of the object that a live handle refers to, for tests that
    /// overwrite it.
    pub(crate) fn address_for_tests(&self, handle: Handle) -> *mut u8 {
        let object = self.object(handle, "ref").unwrap();
        self.mutator.memory.address(object.offset())
    }
    /// The addresses of the objects of tables and globals.
    pub(crate) fn hidden_for_tests(&self) -> Vec<*mut u8> {
        let mut hidden = Vec::new();
        let mut add = |object: GcRef| {
            hidden.push(self.mutator.memory.address(object.offset()));
            Ok(())
        };
        self.tables.each(|object, _| add(object)).unwrap();
        self.globals.each(|object, _| add(object)).unwrap();
        hidden
    }

    /// The heap's base, and where the objects and the committed memory end from there.
    pub(crate) fn bounds_for_tests(&self) -> (*mut u8, u64, u64) {
        (
            self.mutator.memory.address(0),
            self.mutator.bump.next(),
            self.mutator.bump.end(),
        )
    }
}
