//! Scoped roots: a stack of slots. Leaving a scope truncates it.
//!
//! A slot keeps its generation when it is popped, and the next push takes the generation
//! after it. A slot that has issued its last generation is retired (ROOTS-2,
//! `roots.never-stale`); pushes jump over runs of retired slots.
//!
//! Cost: a push is one comparison and three stores; leaving a scope is one store.

use core::cell::Cell;
use core::mem::offset_of;

use super::handle::{Handle, RETIRED, SLOTS_MAX};
use super::slots::SlotArray;
use crate::base::side_meter::SideMeter;
use crate::error::{Error, Result};
use crate::heap::{GcRef, RootSlot};

/// The last generation that is issued.
const LAST: u32 = RETIRED - 1;

/// The stack of scoped roots.
///
/// Invariants:
///
/// * A slot below the length is retired, or has the generation of its newest push.
/// * A retired slot has a jump in the place of its reference: the number of slots to one
///   that may be usable.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct LifoRoots {
    len: Cell<u32>,
    /// The slots below this one refer to no young object (the stack markers of Cheng, Harper
    /// and Lee, PLDI 1998).
    old: Cell<u32>,
    slots: SlotArray,
    /// The number of retired slots.
    retired: Cell<u32>,
    /// The greatest number of roots at once, as of the last retirement or give-back.
    live_max: Cell<u32>,
}

/// The slot of the next push. It is read before the caller writes anything.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NextSlot<'a> {
    slot: &'a RootSlot,
    index: u32,
    generation: u32,
}

impl LifoRoots {
    /// Where compiled code finds the length, the number of old slots, and the address of the
    /// slots.
    pub(crate) const LEN_AT: usize = offset_of!(LifoRoots, len);
    pub(crate) const OLD_AT: usize = offset_of!(LifoRoots, old);
    pub(crate) const SLOTS_AT: usize = offset_of!(LifoRoots, slots) + SlotArray::FIRST_AT;

    /// An empty stack, which allocates nothing. Its slots count as having issued all
    /// generations up to `generation`.
    pub(crate) fn starting_at(generation: u32) -> LifoRoots {
        LifoRoots {
            slots: SlotArray::new(generation),
            len: Cell::new(0),
            retired: Cell::new(0),
            live_max: Cell::new(0),
            old: Cell::new(0),
        }
    }

    /// The same stack, bounded by a meter.
    pub(crate) fn limited_by(mut self, side: &SideMeter) -> LifoRoots {
        self.slots.limit_by(side);
        self
    }

    /// The length of the stack, with its retired slots.
    #[inline(always)]
    pub(crate) fn len(&self) -> u32 {
        self.len.get()
    }

    /// Truncates the stack to a length that it had before.
    #[inline(always)]
    pub(crate) fn truncate(&self, len: u32) {
        debug_assert!(len <= self.len());
        self.len.set(len);
        self.lower_old(len);
    }

    /// Notes that the slots from `index` on may refer to young objects from now on.
    #[inline(always)]
    fn lower_old(&self, index: u32) {
        if index < self.old.get() {
            self.old.set(index);
        }
    }

    /// Notes that no root refers to a young object.
    pub(crate) fn forget_young(&self) {
        self.old.set(self.len());
    }

    /// The slots that may refer to young objects.
    pub(crate) fn young_span(&self) -> &[RootSlot] {
        &self.span()[self.old.get() as usize..]
    }

    /// The slot of the next push. `None` if the push needs the slow path: the slot is
    /// retired, has no generation left, or is the sentinel (ROOTS-3).
    #[inline(always)]
    pub(crate) fn next_slot(&self) -> Option<NextSlot<'_>> {
        self.next_slot_at(self.len())
    }

    /// The slot of the next push after the stack is truncated to `len`, a length that it
    /// had before. `None` as for [`LifoRoots::next_slot`].
    #[inline(always)]
    pub(crate) fn next_slot_at(&self, len: u32) -> Option<NextSlot<'_>> {
        debug_assert!(len <= self.len());
        // SAFETY: the length is at most the capacity.
        let slot = unsafe { self.slots.slot_unchecked(len) };
        let old = slot.generation.get();
        (old < LAST).then(|| NextSlot {
            slot,
            index: len,
            generation: old + 1,
        })
    }

    /// The slot that [`LifoRoots::next_slot`] has found, if nothing was pushed or popped since.
    #[inline(always)]
    pub(crate) fn next_slot_again(&self) -> NextSlot<'_> {
        let index = self.len();
        // SAFETY: the length is at most the capacity.
        let slot = unsafe { self.slots.slot_unchecked(index) };
        let old = slot.generation.get();
        debug_assert!(old < LAST);
        NextSlot {
            slot,
            index,
            generation: old.wrapping_add(1),
        }
    }

    /// Completes a push into `next`; returns the handle's slot word.
    #[inline(always)]
    pub(crate) fn push_into(&self, next: NextSlot<'_>, reference: GcRef) -> u64 {
        next.slot.generation.set(next.generation);
        next.slot.reference.set(reference.raw());
        // Not `index + 1`: an increment in memory is one instruction.
        self.len.set(self.len.get() + 1);
        Handle::slot_word(next.generation, next.index)
    }

    /// Makes sure that a push at `len` has a slot, and returns its index. Jumps over retired
    /// slots, retires slots without a generation left, and grows the array.
    ///
    /// Errors: [`Error::Limit`], [`Error::SystemMemory`]. Nothing has changed then: slots
    /// that would be retired may still hold roots.
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

    /// Retires all slots from `from` to `to`, and makes the run one jump.
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

    /// Truncates the stack to `len`, a length that it had before, and pushes a root; returns
    /// the handle's slot word.
    ///
    /// Errors: [`Error::Limit`], [`Error::SystemMemory`]. Nothing has changed then
    /// (ROOTS-14).
    pub(crate) fn push_at(&self, len: u32, reference: GcRef) -> Result<u64> {
        debug_assert!(len <= self.len());
        let index = self.reserve_at(len)?;
        self.len.set(index);
        self.lower_old(index);
        match self.next_slot() {
            Some(next) => Ok(self.push_into(next, reference)),
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

    /// The referent of the root with these bits, if it is alive. For a retired slot this may
    /// return something odd. Callers that refuse odd references save a comparison.
    #[inline(always)]
    pub(crate) fn get_or_odd(&self, index: u32, generation: u32) -> Option<GcRef> {
        if index >= self.len() {
            return None;
        }
        // SAFETY: below the length, which is at most the capacity.
        let slot = unsafe { self.slots.slot_unchecked(index) };
        (slot.generation.get() == generation).then(|| GcRef::from_raw(slot.reference.get()))
    }

    /// The referent of the root with these bits, if it is alive.
    #[inline(always)]
    pub(crate) fn get(&self, index: u32, generation: u32) -> Option<GcRef> {
        self.find(index, generation)
            .map(|slot| GcRef::from_raw(slot.reference.get()))
    }

    /// Makes the root with these bits refer to `reference`. Returns false if the root is not
    /// alive.
    pub(crate) fn set(&self, index: u32, generation: u32, reference: GcRef) -> bool {
        let slot = self.find(index, generation);
        if let Some(slot) = slot {
            slot.reference.set(reference.raw());
            self.lower_old(index);
        }
        slot.is_some()
    }

    /// The slots that a collector scans.
    pub(crate) fn span(&self) -> &[RootSlot] {
        self.slots.first(self.len())
    }

    /// The number of roots.
    pub(crate) fn live(&self) -> u32 {
        if self.retired.get() == 0 {
            return self.len();
        }
        let alive = |slot: &&RootSlot| slot.generation.get() != RETIRED;
        self.span().iter().filter(alive).count() as u32
    }

    /// The greatest number of roots at once. Pushes use slots in order, so it is the number
    /// of slots used so far. A retirement takes its slot out, a give-back takes out many; both save
    /// the number first.
    pub(crate) fn live_max(&self) -> u32 {
        let without_retired = self.slots.ever_used(|_| false) - self.retired.get();
        without_retired.max(self.live_max.get())
    }

    /// Gives back the slots above the stack, in whole pages (ROOTS-28). The next pushes may
    /// need memory.
    pub(crate) fn give_back(&self) {
        self.live_max.set(self.live_max());
        self.slots.give_back(self.slots.kept(self.len()));
    }

    /// The bytes of memory that the stack has.
    pub(crate) fn side_bytes(&self) -> u64 {
        self.slots.side_bytes()
    }

    /// Checks the stack's invariants.
    pub(crate) fn check(&self) -> Result<()> {
        self.slots.check(|_| false)?;
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
            } else if index < self.len() && generation == self.slots.floor(index) {
                return Err(Error::internal("a root of no generation", index.into()));
            }
        }
        if self.old.get() > self.len() {
            return Err(Error::internal(
                "old roots beyond the stack",
                self.old.get().into(),
            ));
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

/// The bits in the place of a retired slot's reference: a jump over `slots` slots. They are
/// odd, so collectors take them for an `i31` (ROOTS-5).
const fn jump(slots: u32) -> u32 {
    slots << 1 | 1
}
