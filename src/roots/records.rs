//! The slots of tables and globals. Each refers to the object that holds the elements or
//! the value (OBJECTS-12), and has a record that describes it.

use core::cell::{Cell, RefCell};

use super::free_list::FreeListSlots;
use super::handle::Handle;
use crate::base::dirty_groups::DirtyGroups;
use crate::base::fallible;
use crate::base::room;
use crate::base::side_meter::SideMeter;
use crate::error::{Error, Result};
use crate::heap::{Budget, CollectionKind, GcRef, Progress, RootSlot, Shrinking};

/// Slots with records. Their handles have the bits `KIND` (ROOTS-17).
///
/// Invariant: each slot in use refers to an object and has a record.
#[derive(Debug)]
pub(crate) struct RecordSlots<const KIND: u32, R> {
    slots: FreeListSlots<KIND>,
    records: RefCell<Vec<R>>,
    shrinking: Cell<Shrinking>,
}

impl<const KIND: u32, R: Copy> RecordSlots<KIND, R> {
    /// No slots, which allocates nothing. Later slots count as having issued all generations
    /// up to `generation`, which must be even.
    pub(crate) fn starting_at(generation: u32) -> RecordSlots<KIND, R> {
        RecordSlots {
            slots: FreeListSlots::starting_at(generation),
            records: RefCell::new(Vec::new()),
            shrinking: Cell::new(Shrinking::new()),
        }
    }

    /// The same slots, bounded by a meter.
    pub(crate) fn limited_by(mut self, side: &SideMeter) -> RecordSlots<KIND, R> {
        self.slots = self.slots.limited_by(side);
        self
    }

    /// The index of the slot that a handle of this store names. The slot may be free, and
    /// the index is beyond all slots for a handle of another kind.
    #[inline(always)]
    pub(crate) fn index(handle: Handle) -> u32 {
        // The index of a handle of another kind keeps or gets a high bit, which is beyond all
        // slots.
        handle.index_and_kind() ^ KIND
    }

    /// Makes sure that a slot and a place for its record are free. New places hold copies of
    /// `record`.
    ///
    /// Errors: [`Error::Limit`], [`Error::SystemMemory`].
    pub(crate) fn reserve(&self, record: R) -> Result<()> {
        self.slots.reserve()?;
        let mut records = self.records.borrow_mut();
        let missing = self.slots.span().len().saturating_sub(records.len());
        self.slots.side().reserve(&mut records, missing)?;
        records.extend(core::iter::repeat_n(record, missing));
        Ok(())
    }

    /// Takes a slot, given [`RecordSlots::reserve`]; returns its slot word.
    pub(crate) fn allocate(&self, object: GcRef, record: R) -> u64 {
        let slot = self.slots.allocate(object);
        let index = (slot >> 32) as u32 ^ KIND;
        self.records.borrow_mut()[index as usize] = record;
        slot
    }

    /// The object and the record of the slot that a handle of this store names, if the slot
    /// is in use.
    #[inline(always)]
    pub(crate) fn get(&self, handle: Handle) -> Option<(GcRef, R)> {
        let index = Self::index(handle);
        let object = self.slots.get(index, handle.generation())?;
        let record = *self.records.try_borrow().ok()?.get(index as usize)?;
        Some((object, record))
    }

    /// Replaces the object and the record of the slot that a handle names. The slot must be
    /// in use.
    pub(crate) fn set(&self, handle: Handle, object: GcRef, record: R) {
        let index = Self::index(handle);
        self.slots.set(index, handle.generation(), object);
        self.records.borrow_mut()[index as usize] = record;
    }

    /// Releases the slot that a handle of this store names. Returns false if the slot is not
    /// in use.
    pub(crate) fn release(&self, handle: Handle) -> bool {
        self.slots.release(Self::index(handle), handle.generation())
    }

    /// All slots that may be in use, for a collector.
    pub(crate) fn span(&self) -> &[RootSlot] {
        self.slots.span()
    }

    /// The slots of the span that may refer to young objects.
    pub(crate) fn young(&self) -> &DirtyGroups {
        self.slots.young()
    }

    /// Notes that no slot refers to a young object.
    pub(crate) fn forget_young(&self) {
        self.slots.forget_young();
    }

    /// Calls `visit` with the object and the record of each slot in use.
    ///
    /// Errors: those of `visit`.
    pub(crate) fn each(&self, mut visit: impl FnMut(GcRef, &R) -> Result<()>) -> Result<()> {
        let records = self.records.borrow();
        let slots = self.span().iter().zip(records.iter());
        let mut in_use = slots.filter(|(slot, _)| slot.generation.get() & 1 == 1);
        in_use.try_for_each(|(slot, record)| visit(GcRef::from_raw(slot.reference.get()), record))
    }

    /// Gives back the free slots at the end, in whole pages (ROOTS-28), and their records.
    pub(crate) fn give_back(&self) {
        self.slots.give_back();
        let mut records = self.records.borrow_mut();
        records.truncate(self.span().len());
        let used = records.len();
        room::give_back(&mut *records, used);
    }

    /// Trims the slots, as far as the budget allows.
    pub(crate) fn trim_slots(&self, budget: &mut Budget) -> Progress {
        self.slots.trim(budget)
    }

    /// Forgets the records of slots that were trimmed, and in a major collection gives back
    /// their memory, as far as the budget allows.
    pub(crate) fn trim_records(&self, kind: CollectionKind, budget: &mut Budget) -> Progress {
        let (mut records, mut shrinking) = (self.records.borrow_mut(), self.shrinking.get());
        shrinking.note(records.len());
        records.truncate(self.span().len());
        let used = records.len();
        let progress = match kind {
            CollectionKind::Minor => Progress::Complete,
            CollectionKind::Major => shrinking.end_major(&mut *records, used, budget),
        };
        self.shrinking.set(shrinking);
        progress
    }

    /// The bytes of memory that the slots and the records have.
    pub(crate) fn side_bytes(&self) -> u64 {
        self.slots.side_bytes() + fallible::bytes(&self.records.borrow())
    }

    /// Checks the slots, and that each in use has an object and a record.
    ///
    /// Errors: [`Error::Internal`].
    pub(crate) fn check(&self) -> Result<()> {
        self.slots.check()?;
        let mut sound = 0;
        self.each(|object, _| {
            sound += u64::from(object.is_object());
            Ok(())
        })?;
        if sound != self.slots.live() {
            return Err(Error::internal("a slot without an object or record", sound));
        }
        Ok(())
    }
}
