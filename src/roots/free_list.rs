//! Slots with a free list, released in any order: what manual roots, weak handles, and
//! the handles of weak maps, tables and globals have in common.

use core::cell::Cell;

use super::handle::{Handle, RETIRED, SLOTS_MAX};
use super::slots::SlotArray;
use crate::error::{Error, Result};
use crate::heap::{GcRef, RootSlot};

/// The generation (even: free) of a slot that has issued all others.
const RETIRED_EVEN: u32 = RETIRED - 1;

/// The free list's end: no slot has this number.
const END: u32 = SLOTS_MAX;

/// Free slots linked at a time, so that the collector does not scan a whole
/// new array.
const REFILL: u32 = 256;

/// Slots that are taken and released in any order. `KIND` are bits that the
/// indices in their handles have, above those of all slots.
///
/// Invariants: a slot below `used` is in use (odd generation), on the free list
/// (even, its reference an odd link to the next), or retired (even and
/// exhausted, its reference null).
#[derive(Debug)]
#[repr(C)]
pub(crate) struct FreeListSlots<const KIND: u32> {
    slots: SlotArray,
    used: Cell<u32>,
    free: Cell<u32>,
    created: Cell<u64>,
    released: Cell<u64>,
    retired: Cell<u32>,
    /// The most slots in use at once, as of the last retirement.
    live_max: Cell<u32>,
}

impl<const KIND: u32> FreeListSlots<KIND> {
    /// So many slots can be told apart from those of other kinds.
    pub(super) const MOST: u32 = match KIND {
        0 => SLOTS_MAX,
        kind => (1 << kind.trailing_zeros()) - 1,
    };

    /// No slots, which allocates nothing. They will have issued all generations
    /// up to this one, an even one.
    pub(crate) fn starting_at(generation: u32) -> FreeListSlots<KIND> {
        assert!(generation.is_multiple_of(2));
        FreeListSlots {
            slots: SlotArray::new(generation),
            used: Cell::new(0),
            free: Cell::new(END),
            created: Cell::new(0),
            released: Cell::new(0),
            retired: Cell::new(0),
            live_max: Cell::new(0),
        }
    }

    /// Whether a slot can be taken without the slow path.
    #[inline(always)]
    pub(crate) fn has_free(&self) -> bool {
        self.free.get() != END
    }

    /// Takes a slot, given [`FreeListSlots::has_free`]; returns its slot word.
    #[inline(always)]
    pub(crate) fn allocate(&self, reference: GcRef) -> u64 {
        let index = self.free.get();
        debug_assert!(index < self.used.get());
        // SAFETY: the free list holds slots below `used`, which is at most the
        // capacity.
        let slot = unsafe { self.slots.slot_unchecked(index) };
        self.free.set(slot.reference.get() >> 1);
        let generation = slot.generation.get() + 1;
        slot.set_shared_generation(generation);
        slot.reference.set(reference.raw());
        self.created.set(self.created.get() + 1);
        Handle::slot_word(generation, index | KIND)
    }

    /// Makes sure that a slot can be taken.
    ///
    /// Errors: [`Error::Limit`], [`Error::SystemMemory`].
    pub(crate) fn reserve(&self) -> Result<()> {
        while !self.has_free() {
            self.reserve_unused()?;
            self.refill();
        }
        Ok(())
    }

    /// Makes room for one slot more than were ever used.
    ///
    /// Errors: [`Error::Limit`], [`Error::SystemMemory`].
    pub(super) fn reserve_unused(&self) -> Result<()> {
        self.slots
            .grow_to(u64::from(self.used.get()) + 1, Self::MOST)
    }

    /// Puts slots that were never used on the free list, given that there are
    /// such: [`FreeListSlots::reserve_unused`].
    pub(super) fn refill(&self) {
        let used = self.used.get();
        let end = used.saturating_add(REFILL).min(self.slots.capacity());
        self.used.set(end);
        self.link_free(used, end);
    }

    /// How many slots there are.
    pub(super) fn capacity(&self) -> u32 {
        self.slots.capacity()
    }

    /// The generation of the slot at `index`, below the capacity. Any thread may
    /// ask while the slots cannot grow.
    pub(super) fn shared_generation(&self, index: u32) -> u32 {
        self.slots.slot(index).shared_generation()
    }

    /// Puts the free slots from `from` to `to` before the free list, in their
    /// order.
    fn link_free(&self, from: u32, to: u32) {
        for index in (from..to).rev() {
            let slot = self.slots.slot(index);
            let generation = slot.generation.get();
            if generation & 1 == 0 && generation != RETIRED_EVEN {
                slot.reference.set(free_link(self.free.get()));
                self.free.set(index);
            }
        }
    }

    #[inline(always)]
    fn find(&self, index: u32, generation: u32) -> Option<&RootSlot> {
        if index >= self.used.get() {
            return None;
        }
        // SAFETY: below `used`, which is at most the capacity.
        let slot = unsafe { self.slots.slot_unchecked(index) };
        (slot.generation.get() == generation && generation & 1 == 1).then_some(slot)
    }

    /// What the slot with these bits refers to if it is in use; if it is free
    /// something odd, if it is retired null, which saves a comparison where
    /// those are refused anyway.
    #[inline(always)]
    pub(crate) fn get_or_odd(&self, index: u32, generation: u32) -> Option<GcRef> {
        if index >= self.used.get() {
            return None;
        }
        // SAFETY: below `used`, which is at most the capacity.
        let slot = unsafe { self.slots.slot_unchecked(index) };
        (slot.generation.get() == generation).then(|| GcRef::from_raw(slot.reference.get()))
    }

    /// What the slot with these bits refers to, if it is in use.
    #[inline(always)]
    pub(crate) fn get(&self, index: u32, generation: u32) -> Option<GcRef> {
        self.find(index, generation)
            .map(|slot| GcRef::from_raw(slot.reference.get()))
    }

    /// Makes the slot with these bits refer to another object, if it is in use.
    pub(crate) fn set(&self, index: u32, generation: u32, reference: GcRef) {
        if let Some(slot) = self.find(index, generation) {
            slot.reference.set(reference.raw());
        }
    }

    /// Releases the slot with these bits, unless it is not in use, or was so for
    /// the last time: `false`.
    #[inline(always)]
    pub(crate) fn release_fast(&self, index: u32, generation: u32) -> bool {
        let Some(slot) = self.find(index, generation) else {
            return false;
        };
        let generation = generation + 1;
        if generation == RETIRED_EVEN {
            return false;
        }
        slot.set_shared_generation(generation);
        slot.reference.set(free_link(self.free.get()));
        self.free.set(index);
        self.released.set(self.released.get() + 1);
        true
    }

    /// Releases the slot with these bits; `false` if it is not in use.
    pub(crate) fn release(&self, index: u32, generation: u32) -> bool {
        self.release_fast(index, generation) || self.retire(index, generation)
    }

    /// Releases the slot with these bits for ever: it is neither used again nor
    /// linked. `false` if it is not in use.
    fn retire(&self, index: u32, generation: u32) -> bool {
        let Some(slot) = self.find(index, generation) else {
            return false;
        };
        self.live_max.set(self.live_max());
        self.retired.set(self.retired.get() + 1);
        self.released.set(self.released.get() + 1);
        slot.set_shared_generation(RETIRED_EVEN);
        slot.reference.set(0);
        true
    }

    /// Leaves free slots at the end out of what collections scan, if they are
    /// most of it, and links the others anew in their order. Generations stay.
    pub(crate) fn trim(&self) {
        let free = |slot: &RootSlot| slot.generation.get() & 1 == 0;
        let tail = self
            .span()
            .iter()
            .rev()
            .take_while(|slot| free(slot))
            .count() as u32;
        let used = self.used.get() - tail;
        if tail <= REFILL || tail < used {
            return;
        }
        self.used.set(used);
        self.free.set(END);
        self.link_free(0, used);
    }

    /// The slots that may be in use.
    pub(crate) fn span(&self) -> &[RootSlot] {
        self.slots.first(self.used.get())
    }

    /// How many slots are in use.
    pub(crate) fn live(&self) -> u64 {
        self.created.get() - self.released.get()
    }

    /// How many slots have been released.
    pub(crate) fn released(&self) -> u64 {
        self.released.get()
    }

    /// The most slots that were in use at once: never-used slots come last from
    /// the free list, so each slot that was ever used was needed.
    pub(crate) fn live_max(&self) -> u32 {
        let without_retired = self.slots.ever_used() - self.retired.get();
        without_retired.max(self.live_max.get())
    }

    /// Checks the invariants: each slot is in use, free or retired, and the
    /// list has all the free ones, once.
    pub(crate) fn check(&self) -> Result<()> {
        self.slots.check()?;
        let used = self.used.get();
        if used > self.slots.capacity() {
            return Err(Error::internal("slots beyond their array", used.into()));
        }
        let (mut alive, mut free) = (0, 0);
        for slot in self.span() {
            match slot.generation.get() {
                odd if odd & 1 == 1 => alive += 1,
                RETIRED_EVEN => {}
                _ => free += 1,
            }
        }
        let all = self.slots.first(self.slots.capacity());
        let exhausted = |slot: &&RootSlot| slot.generation.get() == RETIRED_EVEN;
        let retired = all.iter().filter(exhausted).count() as u32;
        if alive != self.live() || retired != self.retired.get() {
            return Err(Error::internal("a wrong number of slots in use", alive));
        }
        let mut next = self.free.get();
        while next != END {
            let slot = self.span().get(next as usize);
            let sound = slot.is_some_and(|slot| {
                slot.generation.get() & 1 == 0 && slot.reference.get() & 1 == 1
            });
            if !sound || free == 0 {
                return Err(Error::internal(
                    "a wrong link between free slots",
                    next.into(),
                ));
            }
            free -= 1;
            next = self.slots.slot(next).reference.get() >> 1;
        }
        if free != 0 {
            return Err(Error::internal("free slots that are not on the list", free));
        }
        Ok(())
    }
}

/// What stands in a free slot for its reference: odd, so that collectors take
/// it for an `i31`.
const fn free_link(next: u32) -> u32 {
    next << 1 | 1
}
