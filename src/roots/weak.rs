//! Weak handles: slots that name objects without keeping them alive.

use core::cell::Cell;

use super::free_list::FreeListSlots;
use crate::error::Result;
use crate::heap::{Budget, GcRef, LOOKUP, Liveness, Progress, RootSlot, WeakTable};

/// A store's weak handles. A slot in use refers to an object, to an `i31`, or,
/// once its object has died, to null.
#[derive(Debug)]
pub(crate) struct WeakHandles {
    slots: FreeListSlots<0>,
    /// How many slots the sweep that is under way has gone over.
    gone_over: Cell<usize>,
}

impl WeakHandles {
    /// No handles, which allocates nothing. Slots have issued all generations up
    /// to this one, an even one.
    pub(crate) fn starting_at(generation: u32) -> WeakHandles {
        WeakHandles {
            slots: FreeListSlots::starting_at(generation),
            gone_over: Cell::new(0),
        }
    }

    /// Makes a handle; returns its slot word.
    ///
    /// Errors: [`Error::Limit`](crate::error::Error::Limit),
    /// [`Error::SystemMemory`](crate::error::Error::SystemMemory).
    pub(crate) fn create(&self, reference: GcRef) -> Result<u64> {
        self.slots.reserve()?;
        Ok(self.slots.allocate(reference))
    }

    /// What the handle with these bits refers to, null if that has died; `None`
    /// if there is no such handle.
    pub(crate) fn get(&self, index: u32, generation: u32) -> Option<GcRef> {
        self.slots.get(index, generation)
    }

    /// Ends the handle with these bits; `false` if there is none.
    pub(crate) fn release(&self, index: u32, generation: u32) -> bool {
        self.slots.release(index, generation)
    }

    /// How many handles there are.
    pub(crate) fn live(&self) -> u64 {
        self.slots.live()
    }

    /// The most handles that there were at once.
    pub(crate) fn live_max(&self) -> u32 {
        self.slots.live_max()
    }

    /// How many slots a sweep goes over.
    pub(crate) fn swept(&self) -> u64 {
        self.slots.span().len() as u64
    }

    /// What the handles refer to.
    pub(crate) fn references(&self) -> impl Iterator<Item = GcRef> {
        in_use(self.slots.span()).map(|slot| GcRef::from_raw(slot.reference.get()))
    }

    /// Checks the slots.
    pub(crate) fn check(&self) -> Result<()> {
        self.slots.check()
    }
}

impl WeakTable for &WeakHandles {
    fn sweep(&mut self, liveness: &Liveness<'_>, budget: &mut Budget) -> Result<Progress> {
        let left = &self.slots.span()[self.gone_over.get()..];
        let now = budget.take(left.len(), LOOKUP);
        for slot in in_use(&left[..now]) {
            let old = GcRef::from_raw(slot.reference.get());
            if old.is_object() {
                let new = liveness.current_ref(old)?.unwrap_or(GcRef::NULL);
                slot.reference.set(new.raw());
            }
        }
        if now < left.len() {
            self.gone_over.set(self.gone_over.get() + now);
            return Ok(Progress::Continue);
        }
        self.gone_over.set(0);
        self.slots.trim();
        Ok(Progress::Complete)
    }
}

fn in_use(slots: &[RootSlot]) -> impl Iterator<Item = &RootSlot> {
    slots.iter().filter(|slot| slot.generation.get() & 1 == 1)
}
