//! Scoped roots: a stack of slots that leaving a scope truncates.

use core::cell::Cell;

use super::handle::{Handle, RETIRED, SLOTS_MAX};
use super::slots::SlotArray;
use crate::error::{Error, Result};
use crate::heap::{GcRef, RootSlot};

/// The last generation that is issued.
const LAST: u32 = RETIRED - 1;

/// The stack of scoped roots.
///
/// Invariants: slots below the length have been pushed (their generation is
/// that of the newest push) or are retired; a retired slot's reference is an odd
/// link, the number of slots to the next one that may not be retired.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct LifoRoots {
    slots: SlotArray,
    len: Cell<u32>,
    retired: Cell<u32>,
    /// The most roots at once, as of the last retirement.
    live_max: Cell<u32>,
}

/// Where the next push goes, read before anything is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NextSlot<'a> {
    slot: &'a RootSlot,
    index: u32,
    generation: u32,
}

impl LifoRoots {
    /// An empty stack, which allocates nothing. Its slots have issued all
    /// generations up to this one.
    pub(crate) fn starting_at(generation: u32) -> LifoRoots {
        LifoRoots {
            slots: SlotArray::new(generation),
            len: Cell::new(0),
            retired: Cell::new(0),
            live_max: Cell::new(0),
        }
    }

    /// The stack's length, retired slots included.
    #[inline(always)]
    pub(crate) fn len(&self) -> u32 {
        self.len.get()
    }

    /// Shortens the stack to a length that it had.
    #[inline(always)]
    pub(crate) fn truncate(&self, len: u32) {
        debug_assert!(len <= self.len());
        self.len.set(len);
    }

    /// What a push needs, if it needs no slow path.
    #[inline(always)]
    pub(crate) fn next_slot(&self) -> Option<NextSlot<'_>> {
        let index = self.len();
        // SAFETY: the length is at most the capacity.
        let slot = unsafe { self.slots.slot_unchecked(index) };
        let old = slot.generation.get();
        (old < LAST).then(|| NextSlot {
            slot,
            index,
            generation: old + 1,
        })
    }

    /// Completes the push that `ready` is for; returns the handle's slot word.
    #[inline(always)]
    pub(crate) fn push_into(&self, free: NextSlot<'_>, reference: GcRef) -> u64 {
        free.slot.generation.set(free.generation);
        free.slot.reference.set(reference.raw());
        // Read anew, which makes one instruction of it.
        self.len.set(self.len.get() + 1);
        Handle::slot_word(free.generation, free.index)
    }

    /// Makes sure that a push at `len` has a slot: skips retired slots, retires
    /// exhausted ones, grows. Returns where the push goes. On an error nothing
    /// has changed: an exhausted slot may still hold a root.
    fn reserve_at(&self, len: u32) -> Result<u32> {
        let mut index = len;
        loop {
            let slot = self.slots.slot(index);
            match slot.generation.get() {
                RETIRED if index == self.slots.capacity() => {
                    self.slots.grow_to(u64::from(index) + 1, SLOTS_MAX)?;
                }
                RETIRED => index += slot.reference.get() >> 1,
                LAST => index += 1,
                _ => break,
            }
        }
        self.retire(len, index);
        Ok(index)
    }

    /// Retires the slots from `from` to `to` that are not yet, and makes the
    /// run one jump.
    fn retire(&self, from: u32, to: u32) {
        let mut index = from;
        while index < to {
            let slot = self.slots.slot(index);
            if slot.generation.get() == LAST {
                slot.generation.set(RETIRED);
                slot.reference.set(jump(1));
                self.live_max.set(self.live_max());
                self.retired.set(self.retired.get() + 1);
            }
            index += slot.reference.get() >> 1;
        }
        if from < to {
            self.slots.slot(from).reference.set(jump(to - from));
        }
    }

    /// Pushes a root; returns the handle's slot word.
    ///
    /// Errors: [`Error::Limit`], [`Error::SystemMemory`].
    pub(crate) fn push(&self, reference: GcRef) -> Result<u64> {
        self.push_at(self.len(), reference)
    }

    /// Truncates the stack to `len`, a length that it had, and pushes a root;
    /// returns the handle's slot word. Room is secured first: on an error
    /// nothing has changed.
    ///
    /// Errors: [`Error::Limit`], [`Error::SystemMemory`].
    pub(crate) fn push_at(&self, len: u32, reference: GcRef) -> Result<u64> {
        debug_assert!(len <= self.len());
        let index = self.reserve_at(len)?;
        self.len.set(index);
        match self.next_slot() {
            Some(free) => Ok(self.push_into(free, reference)),
            None => Err(Error::internal(
                "a missing reserved root slot",
                index.into(),
            )),
        }
    }

    /// Makes sure that the next push needs no memory.
    ///
    /// Errors: [`Error::Limit`], [`Error::SystemMemory`].
    pub(crate) fn reserve_one(&self) -> Result<()> {
        self.reserve_at(self.len()).map(|_| ())
    }

    /// Makes sure that `count` pushes will need no memory.
    ///
    /// Errors: [`Error::Limit`], [`Error::SystemMemory`].
    pub(crate) fn reserve(&self, count: u64) -> Result<()> {
        let (mut index, mut found) = (self.len(), 0);
        while found < count && index < self.slots.capacity() {
            let slot = self.slots.slot(index);
            match slot.generation.get() {
                RETIRED => index += slot.reference.get() >> 1,
                LAST => index += 1,
                _ => {
                    index += 1;
                    found += 1;
                }
            }
        }
        self.slots
            .grow_to(u64::from(index).saturating_add(count - found), SLOTS_MAX)
    }

    /// The slot of the root with these bits, if it is alive.
    #[inline(always)]
    fn find(&self, index: u32, generation: u32) -> Option<&RootSlot> {
        if index >= self.len() {
            return None;
        }
        // SAFETY: below the length, which is at most the capacity.
        let slot = unsafe { self.slots.slot_unchecked(index) };
        (slot.generation.get() == generation && generation != RETIRED).then_some(slot)
    }

    /// What the root with these bits refers to if it is alive; of a retired slot
    /// something odd, which saves a comparison where odd is refused anyway.
    #[inline(always)]
    pub(crate) fn get_or_odd(&self, index: u32, generation: u32) -> Option<GcRef> {
        if index >= self.len() {
            return None;
        }
        // SAFETY: below the length, which is at most the capacity.
        let slot = unsafe { self.slots.slot_unchecked(index) };
        (slot.generation.get() == generation).then(|| GcRef::from_raw(slot.reference.get()))
    }

    /// What the root with these bits refers to, if it is alive.
    #[inline(always)]
    pub(crate) fn get(&self, index: u32, generation: u32) -> Option<GcRef> {
        self.find(index, generation)
            .map(|slot| GcRef::from_raw(slot.reference.get()))
    }

    /// Makes the root with these bits refer to `reference`; `false` if it is
    /// not alive.
    pub(crate) fn set(&self, index: u32, generation: u32, reference: GcRef) -> bool {
        self.find(index, generation)
            .inspect(|slot| slot.reference.set(reference.raw()))
            .is_some()
    }

    /// The slots that hold roots, for a collector.
    pub(crate) fn span(&self) -> &[RootSlot] {
        self.slots.first(self.len())
    }

    /// How many roots there are.
    pub(crate) fn live(&self) -> u32 {
        if self.retired.get() == 0 {
            return self.len();
        }
        let alive = |slot: &&RootSlot| slot.generation.get() != RETIRED;
        self.span().iter().filter(alive).count() as u32
    }

    /// The most roots that there were at once.
    pub(crate) fn live_max(&self) -> u32 {
        let without_retired = self.slots.ever_used() - self.retired.get();
        without_retired.max(self.live_max.get())
    }

    /// Checks the stack's invariants.
    pub(crate) fn check(&self) -> Result<()> {
        self.slots.check()?;
        if self.len() > self.slots.capacity() {
            return Err(Error::internal(
                "a root stack beyond its array",
                self.len().into(),
            ));
        }
        let mut retired = 0;
        for (index, slot) in (0..).zip(self.slots.first(self.slots.capacity())) {
            let (generation, reference) = (slot.generation.get(), slot.reference.get());
            if generation == RETIRED {
                retired += 1;
                let next = u64::from(index) + u64::from(reference >> 1);
                if reference & 1 == 0 || reference == 1 || next > self.slots.capacity().into() {
                    return Err(Error::internal("a wrong link over retired roots", next));
                }
            } else if index < self.len() && generation == self.slots.first_generation() {
                return Err(Error::internal("a root of no generation", index.into()));
            }
        }
        if retired != self.retired.get() {
            return Err(Error::internal(
                "a wrong number of retired roots",
                retired.into(),
            ));
        }
        Ok(())
    }
}

/// What stands in a retired slot for its reference: odd, so that collectors
/// take it for an `i31`.
const fn jump(slots: u32) -> u32 {
    slots << 1 | 1
}
