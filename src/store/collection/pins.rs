//! Pinning an object, which may take a collection first (ROOTS-42).

use crate::error::{Error, Result};
use crate::heap::{CollectionKind, GcRef, Pinning};
use crate::roots::{Handle, Pins};
use crate::store::protocol::Attempt;
use crate::store::{Cold, Store};

impl Store {
    /// Pins the object that a handle names. Collects if the object is young.
    ///
    /// Errors: as [`Store::object`]; [`Error::TypeMismatch`] for an `i31`;
    /// [`Error::Unsupported`]; [`Error::NoGc`] for a young object; [`Error::Limit`],
    /// [`Error::SystemMemory`]; those of [`Cold::collect`].
    pub(crate) fn pin(&self, handle: Handle) -> Attempt<Handle> {
        let object = self.movable(handle)?;
        let cold = &mut *self.cold.borrow_mut();
        let is_young = cold.pinning(self)?.must_move_first(object);
        if is_young {
            self.require_gc_allowed()?;
        }
        self.pins.reserve()?;
        if is_young {
            cold.collect_young(self)?;
        }
        // A collection has moved the object, and may have ended a queued root.
        let object = self.movable(handle)?;
        cold.pinning(self)?.pin(object);
        Ok(self.handle(self.pins.allocate(object)))
    }

    /// The object that a handle names.
    ///
    /// Errors: as [`Store::object`]; [`Error::TypeMismatch`] for an `i31`.
    fn movable(&self, handle: Handle) -> Result<GcRef> {
        let reference = self.object(handle, "ref")?;
        match reference.is_object() {
            true => Ok(reference),
            false => Err(Error::TypeMismatch {
                needed: "an object",
                found: "an i31",
            }),
        }
    }
}

impl Cold {
    /// The pins of the heap.
    ///
    /// Errors: [`Error::Unsupported`] if the heap cannot keep an object where it is.
    fn pinning(&mut self, store: &Store) -> Result<&dyn Pinning> {
        let pinning = self.heap()?.pinning();
        pinning.ok_or_else(|| Error::Unsupported {
            what: "pins",
            collector: store.engine.config().runtime().name(),
        })
    }

    /// Checks that the heap moves no pinned object.
    ///
    /// Errors: [`Error::Internal`].
    pub(super) fn check_pins(&self, pins: &Pins) -> Result<()> {
        let pinning = self.heap.as_deref().and_then(|heap| heap.pinning());
        pins.objects().try_for_each(|object| match pinning {
            Some(pinning) if pinning.stays(object) => Ok(()),
            _ => Err(Error::internal(
                "a pinned object that may move",
                object.raw().into(),
            )),
        })
    }

    /// Moves all young objects to where they stay.
    fn collect_young(&mut self, store: &Store) -> Attempt<()> {
        let kind = self
            .heap()?
            .collection_kind(&store.mutator, CollectionKind::Minor);
        self.collect_on_demand(store, kind, None)
    }
}
