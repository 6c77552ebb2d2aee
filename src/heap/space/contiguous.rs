//! The contiguous space: one interval of memory, committed from its start.
//!
//! The space grows at its end and gives memory back from its end. Who allocates in it,
//! and how, is the owner's business: `null` bumps through it.

use core::ops::Range;

use super::bounds::Bounds;
use super::release_all_but;
use crate::error::Result;
use crate::heap::budget::{Budget, Progress};
use crate::heap::gc_heap::KEPT_BYTES;
use crate::heap::memory::{COMMIT_UNIT, Region, Reservation};
use crate::heap::reference::GRANULE;
use crate::heap::segment_starts::SegmentStarts;

/// One interval of memory. See the module.
#[derive(Debug)]
pub(crate) struct ContiguousSpace {
    region: Region,
    bounds: Bounds,
    starts: SegmentStarts,
}

impl ContiguousSpace {
    /// The least limit of a heap that consists of one such space.
    pub(crate) const LEAST_LIMIT: u64 = 4 * COMMIT_UNIT;

    /// A space in a range of `reservation`, whose bounds are multiples of
    /// [`COMMIT_UNIT`]. About `initial` bytes are committed.
    ///
    /// Errors: [`Error::SystemMemory`](crate::error::Error::SystemMemory).
    pub(crate) fn new(
        reservation: &Reservation,
        range: Range<u64>,
        initial: u64,
    ) -> Result<ContiguousSpace> {
        let bounds = Bounds::new(range.end - range.start, initial);
        let mut region = reservation.region(range.start, range.end);
        let mut starts = SegmentStarts::default();
        starts.reserve(bounds.initial)?;
        region.commit_to(range.start + bounds.initial)?;
        Ok(ContiguousSpace {
            region,
            bounds,
            starts,
        })
    }

    /// The memory.
    #[inline(always)]
    pub(crate) fn region(&self) -> &Region {
        &self.region
    }

    /// The first starts of blocks in the segments of the space.
    pub(crate) fn starts(&self) -> &SegmentStarts {
        &self.starts
    }

    /// As [`ContiguousSpace::starts`], to note blocks.
    pub(crate) fn starts_mut(&mut self) -> &mut SegmentStarts {
        &mut self.starts
    }

    /// Empties the space, and returns where its first object is.
    pub(crate) fn open(&mut self) -> u64 {
        let first = self.first_object();
        self.starts.restart(first);
        first
    }

    /// Where the first object can be. The granule before it stays empty, because offset 0
    /// is the null reference.
    pub(crate) fn first_object(&self) -> u64 {
        self.region.start() + GRANULE
    }

    /// The most bytes that the space can have.
    pub(crate) fn limit_bytes(&self) -> u64 {
        self.bounds.limit
    }

    /// Where the memory ends that stays committed (HEAP-10).
    pub(crate) fn initial_end(&self) -> u64 {
        self.region.start() + self.bounds.initial
    }

    /// The bytes that objects may occupy in the memory that stays committed.
    pub(crate) fn initial_object_bytes(&self) -> u64 {
        self.bounds.initial - GRANULE
    }

    /// The largest object that an empty space of this limit has room for.
    pub(crate) fn largest_object(&self) -> u64 {
        self.bounds.limit - GRANULE
    }

    /// The bytes that are committed.
    pub(crate) fn committed_bytes(&self) -> u64 {
        self.region.committed_end() - self.region.start()
    }

    /// The bytes to commit when the first `needed` bytes are needed: at least `step` more
    /// than now, within the limit. `None` if `needed` is beyond the limit.
    pub(crate) fn after_growth(&self, needed: u64, step: u64) -> Option<u64> {
        self.bounds
            .after_growth(self.committed_bytes(), needed, step)
    }

    /// Commits the first `wanted` bytes. If the system refuses that, commits the first
    /// `needed` bytes.
    ///
    /// Errors: [`Error::SystemMemory`](crate::error::Error::SystemMemory); nothing has
    /// changed then.
    pub(crate) fn grow(&mut self, wanted: u64, needed: u64) -> Result<()> {
        self.commit(wanted).or_else(|_| self.commit(needed))
    }

    /// Commits the first `bytes` bytes, rounded up to whole units.
    ///
    /// Errors: [`Error::SystemMemory`](crate::error::Error::SystemMemory); nothing has
    /// changed then.
    pub(crate) fn commit(&mut self, bytes: u64) -> Result<()> {
        let bytes = bytes.next_multiple_of(COMMIT_UNIT);
        self.starts.reserve(bytes)?;
        self.region.commit_to(self.region.start() + bytes)
    }

    /// Decommits the pages from `end` on, as far as the budget allows.
    pub(crate) fn decommit_towards(&mut self, end: u64, budget: &mut Budget) -> Progress {
        self.region.decommit_towards(end, budget)
    }

    /// Leaves committed what a new space has, and resident at most [`KEPT_BYTES`] of that
    /// (HEAP-9). Fills the resident part with [`POISON`](super::POISON) if `poison` is set.
    pub(crate) fn reset(&mut self, poison: bool) {
        self.region.decommit_from(self.initial_end());
        self.starts.shrink(self.bounds.initial);
        release_all_but(&self.region, self.region.start(), KEPT_BYTES, poison);
    }
}
