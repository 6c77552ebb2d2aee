//! Weak handles: slots that name objects without keeping them alive.

use super::free_list::FreeListSlots;
use crate::error::Result;
use crate::heap::{GcRef, RootSlot, Survivors, WeakTable};

/// A store's weak handles. A slot in use refers to an object, to an `i31`, or,
/// once its object has died, to null.
#[derive(Debug)]
pub(crate) struct WeakHandles(FreeListSlots<0>);

impl WeakHandles {
    /// No handles, which allocates nothing. Slots have issued all generations up
    /// to this one, an even one.
    pub(crate) fn starting_at(generation: u32) -> WeakHandles {
        WeakHandles(FreeListSlots::starting_at(generation))
    }

    /// Makes a handle; returns its slot word.
    ///
    /// Errors: [`Error::Limit`](crate::error::Error::Limit),
    /// [`Error::SystemMemory`](crate::error::Error::SystemMemory).
    pub(crate) fn create(&self, reference: GcRef) -> Result<u64> {
        self.0.secure()?;
        Ok(self.0.take_ready(reference))
    }

    /// What the handle with these bits refers to, null if that has died; `None`
    /// if there is no such handle.
    pub(crate) fn get(&self, index: u32, generation: u32) -> Option<GcRef> {
        self.0.get(index, generation)
    }

    /// Ends the handle with these bits; `false` if there is none.
    pub(crate) fn release(&self, index: u32, generation: u32) -> bool {
        self.0.release(index, generation)
    }

    /// How many handles there are.
    pub(crate) fn live(&self) -> u64 {
        self.0.live()
    }

    /// The most handles that there were at once.
    pub(crate) fn live_max(&self) -> u32 {
        self.0.live_max()
    }

    /// How many slots a sweep goes over.
    pub(crate) fn swept(&self) -> u64 {
        self.0.span().len() as u64
    }

    fn in_use(&self) -> impl Iterator<Item = &RootSlot> {
        let in_use = |slot: &&RootSlot| slot.generation.get() & 1 == 1;
        self.0.span().iter().filter(in_use)
    }

    /// What the handles refer to.
    pub(crate) fn references(&self) -> impl Iterator<Item = GcRef> {
        self.in_use()
            .map(|slot| GcRef::from_raw(slot.reference.get()))
    }

    /// Checks the slots.
    pub(crate) fn check(&self) -> Result<()> {
        self.0.check()
    }
}

impl WeakTable for &WeakHandles {
    fn sweep(&mut self, survivors: &Survivors<'_>) -> Result<()> {
        for slot in self.in_use() {
            let old = GcRef::from_raw(slot.reference.get());
            if old.is_object() {
                let new = survivors.get(old)?.unwrap_or(GcRef::NULL);
                slot.reference.set(new.raw());
            }
        }
        self.0.trim();
        Ok(())
    }
}
