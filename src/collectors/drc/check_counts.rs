//! The check of counts, for verification.

use super::DrcHeap;
use super::count_collection::contains;
use crate::base::fallible;
use crate::error::{Error, Result};
use crate::heap::{
    GRANULE, GcHeap, GcRef, LayoutTable, Mutator, STICKY, WriteBarrier, each_object,
};

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
    /// table, in a young range, or in the mutator's window.
    ///
    /// Errors: [`Error::Internal`], [`Error::SystemMemory`].
    pub(super) fn check_counts(&self, mutator: &Mutator, layouts: &LayoutTable) -> Result<()> {
        let (start, end) = self.bounds(mutator);
        let mut counts = self.count_slots(start, end, layouts)?;
        let young_ranges = self.ordered_young_ranges()?;
        let window = mutator.bump.start()..mutator.bump.next();
        each_object(self.region(), start, end, layouts, |offset, _| {
            let header = self.counted_header(GcRef::from_offset(offset))?;
            let count = *counts.of(offset);
            if header.count() != count && header.count() != STICKY {
                return Err(Error::internal("a wrong count of references", offset));
            }
            let is_found = header.is_in_zero_counts()
                || window.contains(&offset)
                || contains(&young_ranges, offset);
            if count == 0 && !is_found && !self.must_trace {
                return Err(Error::internal(
                    "a count of zero that is not listed",
                    offset,
                ));
            }
            Ok(())
        })
    }

    /// Counts the slots that refer to each object between `start` and `end`.
    fn count_slots(&self, start: u64, end: u64, layouts: &LayoutTable) -> Result<SlotCounts> {
        let mut counts = SlotCounts::new(start, end)?;
        each_object(self.region(), start, end, layouts, |offset, measured| {
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

    /// A copy of the young ranges, in order.
    fn ordered_young_ranges(&self) -> Result<Vec<(u64, u64)>> {
        let mut ranges = fallible::with_room(self.young_ranges.len())?;
        ranges.extend(self.young_ranges.iter().copied());
        ranges.sort_unstable();
        Ok(ranges)
    }
}
