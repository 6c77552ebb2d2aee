//! Pins: roots whose objects stay where they are (ROOTS-42).
//!
//! These slots are roots like those of manual roots. The heap knows of each pin too, and moves
//! no object that has one. A stale pin is refused like the handle of a manual root
//! (`roots.never-stale`).

use super::free_list::FreeListSlots;
use crate::base::dirty_groups::DirtyGroups;
use crate::base::side_meter::SideMeter;
use crate::error::Result;
use crate::heap::{Budget, GcRef, Progress, RootSlot};

/// A store's pins. A slot in use refers to an object.
#[derive(Debug)]
pub(crate) struct Pins {
    slots: FreeListSlots<0>,
}

impl Pins {
    /// No pins, which allocates nothing. Later slots count as having issued all generations up
    /// to `generation`, which must be even.
    pub(crate) fn starting_at(generation: u32) -> Pins {
        Pins {
            slots: FreeListSlots::starting_at(generation),
        }
    }

    /// The same pins, bounded by a meter.
    pub(crate) fn limited_by(mut self, side: &SideMeter) -> Pins {
        self.slots = self.slots.limited_by(side);
        self
    }

    /// Makes sure that a pin can be made.
    ///
    /// Errors: [`Error::Limit`](crate::error::Error::Limit),
    /// [`Error::SystemMemory`](crate::error::Error::SystemMemory).
    pub(crate) fn reserve(&self) -> Result<()> {
        self.slots.reserve()
    }

    /// Makes a pin, given [`Pins::reserve`]; returns its slot word.
    pub(crate) fn allocate(&self, object: GcRef) -> u64 {
        self.slots.allocate(object)
    }

    /// The object of the pin with these bits. `None` if no such pin exists.
    pub(crate) fn get(&self, index: u32, generation: u32) -> Option<GcRef> {
        self.slots.get(index, generation)
    }

    /// Ends the pin with these bits. Returns false if no such pin exists.
    pub(crate) fn release(&self, index: u32, generation: u32) -> bool {
        self.slots.release(index, generation)
    }

    /// All slots that may hold pins, for a collector.
    pub(crate) fn span(&self) -> &[RootSlot] {
        self.slots.span()
    }

    /// The slots of the span that may refer to young objects.
    pub(crate) fn young(&self) -> &DirtyGroups {
        self.slots.young()
    }

    /// Notes that no pin refers to a young object.
    pub(crate) fn forget_young(&self) {
        self.slots.forget_young();
    }

    /// The objects that are pinned, once for each pin.
    pub(crate) fn objects(&self) -> impl Iterator<Item = GcRef> {
        let in_use = |slot: &&RootSlot| slot.generation.get() & 1 == 1;
        let slots = self.slots.span().iter().filter(in_use);
        slots.map(|slot| GcRef::from_raw(slot.reference.get()))
    }

    /// The number of pins that have ended.
    pub(crate) fn released(&self) -> u64 {
        self.slots.released()
    }

    /// Trims free slots from the end of the scanned part, if they are most of it (ROOTS-15), as
    /// far as the budget allows.
    pub(crate) fn trim(&self, budget: &mut Budget) -> Progress {
        self.slots.trim(budget)
    }

    /// Gives back the free slots, in whole pages (ROOTS-28, ROOTS-40).
    pub(crate) fn give_back(&self) {
        self.slots.give_back();
    }

    /// The bytes of memory that the slots have.
    pub(crate) fn side_bytes(&self) -> u64 {
        self.slots.side_bytes()
    }

    /// Checks the slots.
    pub(crate) fn check(&self) -> Result<()> {
        self.slots.check()
    }
}
