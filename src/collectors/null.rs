//! The collector that never collects.
//!
//! **Idea.** Allocation is a bump through one space until the limit; memory
//! comes back when the store is deleted.
//!
//! **Cost.** None beyond the bump. For programs that end before their memory
//! does, and to tell the cost of collecting from that of everything else.
//!
//! **Sources.** Known as the null or epsilon collector (JEP 318).

use crate::error::Result;
use crate::fallible;
use crate::heap::{
    AllocationArea, COMMIT_UNIT, CollectionSteps, GRANULE, GcHeap, GcRuntime, HeapOptions, Region,
    Reservation, heap_limit,
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

    fn least_limit(&self) -> u64 {
        4 * COMMIT_UNIT
    }

    fn new_heap(&self, options: HeapOptions, area: &AllocationArea) -> Result<Box<dyn GcHeap>> {
        let limit = options.limit.max(self.least_limit()) / COMMIT_UNIT * COMMIT_UNIT;
        let reservation = Reservation::new(limit)?;
        let mut space = reservation.region(0, limit);
        space.commit_to(
            options
                .initial
                .clamp(1, limit)
                .next_multiple_of(COMMIT_UNIT),
        )?;
        let heap = fallible::boxed(NullHeap {
            space,
            reservation,
            limit,
        })?;
        heap.place(area);
        Ok(heap)
    }
}

struct NullHeap {
    space: Region,
    reservation: Reservation,
    limit: u64,
}

impl NullHeap {
    /// Points `area` at the empty space. Offset 0 is the null reference.
    fn place(&self, area: &AllocationArea) {
        // SAFETY: the region is committed up to there and belongs to this heap,
        // which tells the area whenever that changes.
        unsafe {
            area.place(
                self.reservation.base(),
                GRANULE,
                GRANULE,
                self.space.committed_end(),
                0,
            )
        };
    }
}

impl GcHeap for NullHeap {
    fn committed_bytes(&self) -> u64 {
        self.space.committed_end()
    }

    fn limit_bytes(&self) -> u64 {
        self.limit
    }

    fn largest_object(&self) -> u64 {
        self.limit - GRANULE
    }

    fn grow(&mut self, area: &AllocationArea, bytes: u64) -> Result<()> {
        let needed = area.next().saturating_add(bytes);
        if needed > self.limit {
            return Err(heap_limit(bytes, self.limit));
        }
        let committed = self.space.committed_end();
        if needed > committed {
            let needed = needed.next_multiple_of(COMMIT_UNIT);
            let doubled = (2 * committed).min(self.limit);
            self.space
                .commit_to(needed.max(doubled))
                .or_else(|_| self.space.commit_to(needed))?;
        }
        // SAFETY: as in `place`.
        unsafe { area.set_end(self.space.committed_end()) };
        Ok(())
    }

    fn collection(&mut self, _area: &AllocationArea) -> Option<&mut dyn CollectionSteps> {
        None
    }

    fn set_headroom(&mut self, area: &AllocationArea, _headroom: u64) {
        area.set_budget_end(area.end());
    }

    fn reset(&mut self, area: &AllocationArea) {
        self.space.release_from(self.space.start());
        self.place(area);
    }

    fn region(&self) -> &Region {
        &self.space
    }
}
