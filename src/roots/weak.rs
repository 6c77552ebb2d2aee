//! Weak handles: slots that name objects without keeping them alive (ROOTS-16).
//!
//! Collections sweep these slots and do not trace them. A stale weak handle is refused like
//! that of a manual root (`roots.never-stale`).

use core::cell::Cell;

use super::free_list::FreeListSlots;
use crate::base::side_meter::SideMeter;
use crate::base::work;
use crate::error::Result;
use crate::heap::{Budget, GcRef, LOOKUP, Liveness, Progress, RootSlot, WeakTable};

/// A store's weak handles. A slot in use refers to an object or an `i31`, or to null if its
/// object has died.
#[derive(Debug)]
pub(crate) struct WeakHandles {
    pub(super) slots: FreeListSlots<0>,
    /// The number of slots that an unfinished sweep has visited.
    visited: Cell<usize>,
}

impl WeakHandles {
    /// No handles, which allocates nothing. Later slots count as having issued all
    /// generations up to `generation`, which must be even.
    pub(crate) fn starting_at(generation: u32) -> WeakHandles {
        WeakHandles {
            slots: FreeListSlots::starting_at(generation),
            visited: Cell::new(0),
        }
    }

    /// The same handles, bounded by a meter.
    pub(crate) fn limited_by(mut self, side: &SideMeter) -> WeakHandles {
        self.slots = self.slots.limited_by(side);
        self
    }

    /// Makes a handle; returns its slot word.
    ///
    /// Errors: [`Error::Limit`](crate::error::Error::Limit),
    /// [`Error::SystemMemory`](crate::error::Error::SystemMemory).
    pub(crate) fn create(&self, reference: GcRef) -> Result<u64> {
        self.slots.reserve()?;
        Ok(self.slots.allocate(reference))
    }

    /// The referent of the handle with these bits, or null if it has died. `None` if no such
    /// handle exists.
    pub(crate) fn get(&self, index: u32, generation: u32) -> Option<GcRef> {
        self.slots.get(index, generation)
    }

    /// Ends the handle with these bits. Returns false if no such handle exists.
    pub(crate) fn release(&self, index: u32, generation: u32) -> bool {
        self.slots.release(index, generation)
    }

    /// Notes that no handle names a young object.
    pub(crate) fn forget_young(&self) {
        self.slots.forget_young();
    }

    /// Sweeps the handles that may name young objects.
    fn sweep_young(&self, liveness: &Liveness<'_>) -> Result<Progress> {
        let slots = self.slots.span();
        for range in self.slots.young().ranges(slots.len()) {
            sweep_slots(&slots[range], liveness)?;
        }
        Ok(Progress::Complete)
    }

    /// Gives back the free slots at the end, in whole pages (ROOTS-28).
    pub(crate) fn give_back(&self) {
        self.slots.give_back();
    }

    /// The number of handles.
    pub(crate) fn live(&self) -> u64 {
        self.slots.live()
    }

    /// The greatest number of handles at once.
    pub(crate) fn live_max(&self) -> u32 {
        self.slots.live_max()
    }

    /// The number of slots that a sweep visits.
    pub(crate) fn swept(&self) -> u64 {
        self.slots.span().len() as u64
    }

    /// The referents of all handles, null ones included.
    pub(crate) fn references(&self) -> impl Iterator<Item = GcRef> {
        in_use(self.slots.span()).map(|slot| GcRef::from_raw(slot.reference.get()))
    }

    /// The bytes of memory that the slots have.
    pub(crate) fn side_bytes(&self) -> u64 {
        self.slots.side_bytes()
    }

    /// Trims free slots from the end of the swept part, if they are most of it (ROOTS-15), as
    /// far as the budget allows.
    pub(crate) fn trim(&self, budget: &mut Budget) -> Progress {
        self.slots.trim(budget)
    }

    /// Checks the slots.
    pub(crate) fn check(&self) -> Result<()> {
        self.slots.check()
    }
}

impl WeakTable for &WeakHandles {
    fn sweep(&mut self, liveness: &Liveness<'_>, budget: &mut Budget) -> Result<Progress> {
        if let Liveness::Promoted { .. } = liveness {
            return self.sweep_young(liveness);
        }
        let left = &self.slots.span()[self.visited.get()..];
        let now = budget.take(left.len(), LOOKUP);
        work::count(now * LOOKUP as usize);
        sweep_slots(&left[..now], liveness)?;
        if now < left.len() {
            self.visited.set(self.visited.get() + now);
            return Ok(Progress::Continue);
        }
        self.visited.set(0);
        Ok(Progress::Complete)
    }

    fn sweep_between(&mut self, liveness: &Liveness<'_>, budget: &mut Budget) -> Result<Progress> {
        let slots = self.slots.span();
        let left = &slots[self.visited.get().min(slots.len())..];
        let now = budget.take(left.len(), LOOKUP);
        work::count(now * LOOKUP as usize);
        sweep_slots(&left[..now], liveness)?;
        if now < left.len() {
            self.visited.set(slots.len() - left.len() + now);
            return Ok(Progress::Continue);
        }
        self.visited.set(0);
        Ok(Progress::Complete)
    }

    fn restart_sweep(&mut self) {
        self.visited.set(0);
    }
}

/// Updates the slots in use of a part of the table.
fn sweep_slots(slots: &[RootSlot], liveness: &Liveness<'_>) -> Result<()> {
    for slot in in_use(slots) {
        let old = GcRef::from_raw(slot.reference.get());
        if old.is_object() {
            let new = liveness.current_ref(old)?.unwrap_or(GcRef::NULL);
            slot.reference.set(new.raw());
        }
    }
    Ok(())
}

/// The slots that are in use.
fn in_use(slots: &[RootSlot]) -> impl Iterator<Item = &RootSlot> {
    slots.iter().filter(|slot| slot.generation.get() & 1 == 1)
}
