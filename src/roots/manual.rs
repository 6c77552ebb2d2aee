//! Manual roots: slots with a free list, unrooted in any order.

use core::cell::Cell;

use super::handle::{Handle, MANUAL_BIT, RETIRED, SLOTS_MAX};
use super::slots::SlotArray;
use crate::error::{Error, Result};
use crate::heap::{GcRef, RootSlot};

/// The generation (even: free) of a slot that has issued all others.
const EXHAUSTED: u32 = RETIRED - 1;

/// The free list's end: no slot has this number.
const END: u32 = SLOTS_MAX;

/// Free slots linked at a time, so that the collector does not scan a whole
/// new array.
const REFILL: u32 = 256;

/// The slots of manual roots.
///
/// Invariants: a slot below `used` is in use (odd generation), on the free list
/// (even, its reference an odd link to the next), or retired (even and
/// exhausted, its reference null).
#[derive(Debug)]
#[repr(C)]
pub(crate) struct ManualRoots {
    slots: SlotArray,
    used: Cell<u32>,
    free: Cell<u32>,
    created: Cell<u64>,
    released: Cell<u64>,
    retired: Cell<u32>,
    /// The most roots at once, as of the last retirement.
    live_max: Cell<u32>,
}

impl ManualRoots {
    /// No roots; allocates nothing.
    pub(crate) fn new() -> ManualRoots {
        ManualRoots::starting_at(0)
    }

    /// No roots; slots have issued all generations up to this one, an even one.
    pub(crate) fn starting_at(generation: u32) -> ManualRoots {
        assert!(generation.is_multiple_of(2));
        ManualRoots {
            slots: SlotArray::new(generation),
            used: Cell::new(0),
            free: Cell::new(END),
            created: Cell::new(0),
            released: Cell::new(0),
            retired: Cell::new(0),
            live_max: Cell::new(0),
        }
    }

    /// Whether a root can be made without the slow path.
    #[inline(always)]
    pub(crate) fn ready(&self) -> bool {
        self.free.get() != END
    }

    /// Makes a root, given [`ManualRoots::ready`]; returns the handle's slot
    /// word.
    #[inline(always)]
    pub(crate) fn create_ready(&self, reference: GcRef) -> u64 {
        let index = self.free.get();
        debug_assert!(index < self.used.get());
        // SAFETY: the free list holds slots below `used`, which is at most the
        // capacity.
        let slot = unsafe { self.slots.slot_unchecked(index) };
        self.free.set(slot.reference.get() >> 1);
        let generation = slot.generation.get() + 1;
        slot.generation.set(generation);
        slot.reference.set(reference.raw());
        self.created.set(self.created.get() + 1);
        Handle::slot_word(generation, index | MANUAL_BIT)
    }

    /// Makes a root; returns the handle's slot word.
    ///
    /// Errors: [`Error::Limit`], [`Error::SystemMemory`].
    pub(crate) fn create(&self, reference: GcRef) -> Result<u64> {
        self.secure()?;
        Ok(self.create_ready(reference))
    }

    /// Makes sure that a root can be made.
    pub(crate) fn secure(&self) -> Result<()> {
        while !self.ready() {
            let used = self.used.get();
            self.slots.grow_to(u64::from(used) + 1)?;
            let end = used.saturating_add(REFILL).min(self.slots.capacity());
            self.used.set(end);
            self.link_free(used, end);
        }
        Ok(())
    }

    /// Puts the free slots from `from` to `to` before the free list, in their
    /// order.
    fn link_free(&self, from: u32, to: u32) {
        for index in (from..to).rev() {
            let slot = self.slots.slot(index);
            let generation = slot.generation.get();
            if generation & 1 == 0 && generation != EXHAUSTED {
                slot.reference.set(link(self.free.get()));
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

    /// What the root with these bits refers to if it is alive; of a free slot
    /// something odd, of a retired one null, which saves a comparison where
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

    /// What the root with these bits refers to, if it is alive.
    #[inline(always)]
    pub(crate) fn get(&self, index: u32, generation: u32) -> Option<GcRef> {
        self.find(index, generation)
            .map(|slot| GcRef::from_raw(slot.reference.get()))
    }

    /// Ends the root with these bits; `false` if it is not alive.
    #[inline(always)]
    pub(crate) fn release(&self, index: u32, generation: u32) -> bool {
        let Some(slot) = self.find(index, generation) else {
            return false;
        };
        let generation = generation + 1;
        slot.generation.set(generation);
        self.released.set(self.released.get() + 1);
        if generation == EXHAUSTED {
            // Retired: neither used again nor linked.
            self.live_max.set(self.live_max());
            self.retired.set(self.retired.get() + 1);
            slot.reference.set(0);
        } else {
            slot.reference.set(link(self.free.get()));
            self.free.set(index);
        }
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

    /// The slots that may hold roots, for a collector.
    pub(crate) fn span(&self) -> &[RootSlot] {
        self.slots.first(self.used.get())
    }

    /// How many roots there are.
    pub(crate) fn live(&self) -> u64 {
        self.created.get() - self.released.get()
    }

    /// How many roots have ended.
    pub(crate) fn released(&self) -> u64 {
        self.released.get()
    }

    /// The most roots that there were at once: never-used slots come last from
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
            return Err(Error::internal(
                "manual roots beyond their array",
                used.into(),
            ));
        }
        let (mut alive, mut free) = (0, 0);
        for slot in self.span() {
            match slot.generation.get() {
                odd if odd & 1 == 1 => alive += 1,
                EXHAUSTED => {}
                _ => free += 1,
            }
        }
        let all = self.slots.first(self.slots.capacity());
        let exhausted = |slot: &&RootSlot| slot.generation.get() == EXHAUSTED;
        let retired = all.iter().filter(exhausted).count() as u32;
        if alive != self.live() || retired != self.retired.get() {
            return Err(Error::internal("a wrong number of manual roots", alive));
        }
        let mut next = self.free.get();
        while next != END {
            let slot = self.span().get(next as usize);
            let sound = slot.is_some_and(|slot| {
                slot.generation.get() & 1 == 0 && slot.reference.get() & 1 == 1
            });
            if !sound || free == 0 {
                return Err(Error::internal(
                    "a wrong link between free roots",
                    next.into(),
                ));
            }
            free -= 1;
            next = self.slots.slot(next).reference.get() >> 1;
        }
        if free != 0 {
            return Err(Error::internal("free roots that are not on the list", free));
        }
        Ok(())
    }
}

/// What stands in a free slot for its reference: odd, so that collectors take
/// it for an `i31`.
const fn link(next: u32) -> u32 {
    next << 1 | 1
}
