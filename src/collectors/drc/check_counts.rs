//! The check of counts, for verification.

use super::DrcHeap;
use crate::base::fallible;
use crate::error::{Error, Result};
use crate::heap::{GRANULE, GcHeap, GcRef, LayoutTable, Mutator, STICKY};

/// For each granule, how many slots refer to an object that starts there.
struct SlotCounts {
    start: u64,
    counts: Vec<u32>,
}

impl SlotCounts {
    /// Counts of zero for the granules between `start` and `end`.
    ///
    /// Errors: [`Error::SystemMemory`].
    fn new(start: u64, end: u64) -> Result<SlotCounts> {
        let granules = ((end - start) / GRANULE) as usize;
        let mut counts = fallible::with_room(granules)?;
        counts.extend(core::iter::repeat_n(0, granules));
        Ok(SlotCounts { start, counts })
    }

    /// The count of the object at `offset`.
    fn of(&mut self, offset: u64) -> &mut u32 {
        &mut self.counts[((offset - self.start) / GRANULE) as usize]
    }
}

impl DrcHeap {
    /// Checks that each object counts the slots that refer to it, and that the next count
    /// collection finds each object with count zero: the object is in the zero-count
    /// table, or it was made since the last one.
    ///
    /// Errors: [`Error::Internal`], [`Error::SystemMemory`].
    pub(super) fn check_counts(&self, mutator: &Mutator, layouts: &LayoutTable) -> Result<()> {
        let mut counts = self.count_slots(mutator, layouts)?;
        let space = &self.blocks.space;
        self.each_object(mutator, layouts, &mut |offset, _| {
            let object = GcRef::from_offset(offset);
            let header = self.counted_header(object)?;
            let count = *counts.of(offset);
            if header.count() != count && header.count() != STICKY {
                return Err(Error::internal("a wrong count of references", offset));
            }
            let is_found = header.is_in_zero_counts()
                || space.is_young(offset)
                || self.is_in_taken_gap(object);
            if count == 0 && !is_found && !self.must_trace {
                return Err(Error::internal(
                    "a count of zero that is not listed",
                    offset,
                ));
            }
            Ok(())
        })
    }

    /// Counts the slots that refer to each object.
    fn count_slots(&self, mutator: &Mutator, layouts: &LayoutTable) -> Result<SlotCounts> {
        let (start, end) = self.bounds(mutator);
        let mut counts = SlotCounts::new(start, end)?;
        self.each_object(mutator, layouts, &mut |offset, measured| {
            measured.each_reference(|at| {
                let referent = self.slot_at(offset + at)?;
                if referent.is_object() {
                    *counts.of(referent.offset()) += 1;
                }
                Ok(())
            })
        })?;
        Ok(counts)
    }
}
