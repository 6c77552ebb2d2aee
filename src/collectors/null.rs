//! The collector that never collects.
//!
//! **Idea.** Allocation is a bump through one space until the limit; memory
//! comes back when the store is deleted.
//!
//! **Cost.** None beyond the bump. For programs that end before their memory
//! does, and to tell the cost of collecting from that of everything else.
//!
//! **Sources.** Known as the null or epsilon collector (JEP 318).

use crate::base::fallible;
use crate::error::Result;
use crate::heap::{
    Budget, COMMIT_UNIT, CollectionSteps, GRANULE, GcHeap, GcRuntime, HeapOptions, KEPT_BYTES,
    Mutator, Progress, Region, Reservation, WriteBarrier, heap_limit,
};

/// The kind of collector.
pub(crate) struct Null;

impl GcRuntime for Null {
    fn name(&self) -> &'static str {
        "null"
    }

    fn collects(&self) -> bool {
        false
    }

    fn moves(&self) -> bool {
        false
    }

    fn least_limit(&self) -> u64 {
        4 * COMMIT_UNIT
    }

    fn new_heap(&self, options: HeapOptions) -> Result<Box<dyn GcHeap>> {
        let limit = options.limit.max(self.least_limit()) / COMMIT_UNIT * COMMIT_UNIT;
        let reservation = Reservation::new(limit)?;
        let mut space = reservation.region(0, limit);
        let initial = options
            .initial
            .clamp(1, limit)
            .next_multiple_of(COMMIT_UNIT);
        space.commit_to(initial)?;
        Ok(fallible::boxed(NullHeap {
            space,
            reservation,
            limit,
            initial,
        })?)
    }
}

struct NullHeap {
    space: Region,
    reservation: Reservation,
    limit: u64,
    initial: u64,
}

impl WriteBarrier for NullHeap {
    fn region(&self) -> &Region {
        &self.space
    }
}

impl GcHeap for NullHeap {
    fn open(&mut self, mutator: &Mutator) {
        // Offset 0 is the null reference.
        // SAFETY: the region is committed up to there and belongs to this heap,
        // which tells the area whenever that changes.
        unsafe {
            mutator.set_heap(
                self.reservation.base(),
                GRANULE,
                GRANULE,
                self.space.committed_end(),
                0,
            )
        };
    }

    fn committed_bytes(&self) -> u64 {
        self.space.committed_end()
    }

    fn limit_bytes(&self) -> u64 {
        self.limit
    }

    fn largest_object(&self) -> u64 {
        self.limit - GRANULE
    }

    fn committed_after_growth(&self, mutator: &Mutator, bytes: u64) -> Result<u64> {
        let needed = mutator.bump.next().saturating_add(bytes);
        if needed > self.limit {
            return Err(heap_limit(bytes, self.limit));
        }
        let committed = self.space.committed_end();
        if needed <= committed {
            return Ok(committed);
        }
        let doubled = (2 * committed).min(self.limit);
        Ok(needed.next_multiple_of(COMMIT_UNIT).max(doubled))
    }

    fn grow(&mut self, mutator: &Mutator, bytes: u64) -> Result<()> {
        let wanted = self.committed_after_growth(mutator, bytes)?;
        let needed = (mutator.bump.next() + bytes).next_multiple_of(COMMIT_UNIT);
        self.space
            .commit_to(wanted)
            .or_else(|_| self.space.commit_to(needed))?;
        // SAFETY: as in `open`.
        unsafe { mutator.set_end(self.space.committed_end()) };
        Ok(())
    }

    fn reserve_keys(&mut self, _count: usize) -> Result<()> {
        Ok(())
    }

    fn collection(&mut self) -> Option<&mut dyn CollectionSteps> {
        None
    }

    fn set_headroom(
        &mut self,
        mutator: &Mutator,
        _headroom: u64,
        _may_grow: bool,
        _budget: &mut Budget,
    ) -> Progress {
        mutator.bump.set_budget_end(mutator.bump.end());
        Progress::Complete
    }

    fn reset(&mut self) {
        self.space.decommit_from(self.initial);
        self.space.release_from(KEPT_BYTES);
    }
}
