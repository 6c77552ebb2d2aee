//! The semi-space: two halves of the same size.
//!
//! The mutator allocates in one half, the *from* half. A collection evacuates the live
//! objects from there into the other one, the *to* half, and then flips the two. Between
//! collections the to half is empty. The terms are Cheney's and Fenichel and Yochelson's
//! ("A LISP Garbage-Collector for Virtual-Memory Computer Systems", CACM 12(11), 1969).
//!
//! Both halves are committed to the same length, so the to half always has room for all
//! that lives (HEAP-22). Sizes here are bytes of one half, unless they say otherwise.

use super::bounds::Bounds;
use super::release_all_but;
use crate::error::Result;
use crate::heap::budget::{Budget, Progress};
use crate::heap::gc_heap::KEPT_BYTES;
use crate::heap::memory::{COMMIT_UNIT, Region, Reservation};
use crate::heap::reference::GRANULE;

/// Two halves of the same size. See the module.
#[derive(Debug)]
pub(crate) struct SemiSpace {
    /// Committed to the same length, unless the system refused to take pages back.
    halves: [Region; 2],
    /// Which half is the from half.
    from: usize,
    bounds: Bounds,
}

impl SemiSpace {
    /// The least limit of a heap that consists of one semi-space.
    pub(crate) const LEAST_LIMIT: u64 = 8 * COMMIT_UNIT;

    /// A semi-space in `reservation`: from `start` on, two halves of `half` bytes each.
    /// Both are multiples of [`COMMIT_UNIT`]. About `initial` bytes of each half are
    /// committed.
    ///
    /// Errors: [`Error::SystemMemory`](crate::error::Error::SystemMemory).
    pub(crate) fn new(
        reservation: &Reservation,
        start: u64,
        half: u64,
        initial: u64,
    ) -> Result<SemiSpace> {
        let (middle, end) = (start + half, start + 2 * half);
        let mut space = SemiSpace {
            halves: [
                reservation.region(start, middle),
                reservation.region(middle, end),
            ],
            from: 0,
            bounds: Bounds::new(half, initial),
        };
        space.commit(space.bounds.initial)?;
        Ok(space)
    }

    /// The half in which the mutator allocates, and which a collection evacuates.
    #[inline(always)]
    pub(crate) fn from(&self) -> &Region {
        &self.halves[self.from]
    }

    /// The half into which a collection evacuates.
    #[inline(always)]
    pub(crate) fn to(&self) -> &Region {
        &self.halves[1 - self.from]
    }

    /// Makes the to half the from half, and the other way round.
    pub(crate) fn flip(&mut self) {
        self.from = 1 - self.from;
    }

    /// Where the first object of a half is. The granule before it stays empty: in one
    /// half because offset 0 is the null reference, in the other so that both have the
    /// same room.
    #[inline(always)]
    pub(crate) fn first_object(half: &Region) -> u64 {
        half.start() + GRANULE
    }

    /// Where the usable part of the from half ends: both halves are committed that far.
    pub(crate) fn usable_end(&self) -> u64 {
        self.from().start() + self.capacity()
    }

    /// The largest object that an empty half has room for.
    pub(crate) fn largest_object(&self) -> u64 {
        self.bounds.limit - GRANULE
    }

    /// The most bytes that a half can have.
    pub(crate) fn half_limit(&self) -> u64 {
        self.bounds.limit
    }

    /// The most bytes that both halves together can have.
    pub(crate) fn limit_bytes(&self) -> u64 {
        2 * self.bounds.limit
    }

    /// The bytes of each half that stay committed (HEAP-10).
    pub(crate) fn initial_bytes(&self) -> u64 {
        self.bounds.initial
    }

    /// The bytes that are committed in both halves together.
    pub(crate) fn committed_bytes(&self) -> u64 {
        self.halves.iter().map(committed_bytes).sum()
    }

    /// The bytes that are committed in each half.
    pub(crate) fn capacity(&self) -> u64 {
        committed_bytes(&self.halves[0]).min(committed_bytes(&self.halves[1]))
    }

    /// The capacity to commit when the first `needed` bytes of a half are needed: at least
    /// twice the present one, within the limit. `None` if `needed` is beyond the limit.
    pub(crate) fn after_growth(&self, needed: u64) -> Option<u64> {
        let capacity = self.capacity();
        self.bounds.after_growth(capacity, needed, capacity)
    }

    /// Commits the capacity `wanted`. If the system refuses that, commits the capacity
    /// `needed`.
    ///
    /// Errors: [`Error::SystemMemory`](crate::error::Error::SystemMemory); nothing has
    /// changed then.
    pub(crate) fn grow(&mut self, wanted: u64, needed: u64) -> Result<()> {
        self.commit(wanted).or_else(|_| self.commit(needed))
    }

    /// Commits `capacity` bytes, rounded up to whole units, of both halves, or changes
    /// nothing.
    ///
    /// Errors: [`Error::SystemMemory`](crate::error::Error::SystemMemory).
    pub(crate) fn commit(&mut self, capacity: u64) -> Result<()> {
        let before = self.capacity();
        let capacity = capacity.next_multiple_of(COMMIT_UNIT);
        let outcome = self
            .halves
            .iter_mut()
            .try_for_each(|half| half.commit_to(half.start() + capacity));
        if outcome.is_err() {
            self.decommit(before);
        }
        outcome
    }

    /// Decommits each half beyond its first `capacity` bytes.
    fn decommit(&mut self, capacity: u64) {
        for half in &mut self.halves {
            half.decommit_from(half.start() + capacity);
        }
    }

    /// Decommits each half beyond its first `capacity` bytes, as far as the budget allows.
    pub(crate) fn decommit_towards(&mut self, capacity: u64, budget: &mut Budget) -> Progress {
        let mut progress = Progress::Complete;
        for half in &mut self.halves {
            let end = half.start() + capacity;
            if half.decommit_towards(end, budget) == Progress::Continue {
                progress = Progress::Continue;
            }
        }
        progress
    }

    /// Releases the contents of the from half from `next` on, and those of the to half.
    pub(crate) fn release_unused(&self, next: u64) {
        self.from().release_from(next);
        self.to().release_from(self.to().start());
    }

    /// Leaves committed what a new space has, and resident at most [`KEPT_BYTES`] of that
    /// in both halves together (HEAP-9). Fills the resident part with
    /// [`POISON`](super::POISON) if `poison` is set.
    pub(crate) fn reset(&mut self, poison: bool) {
        self.decommit(self.bounds.initial);
        for half in &self.halves {
            release_all_but(half, KEPT_BYTES / 2, poison);
        }
    }
}

/// The bytes of `half` that are committed.
fn committed_bytes(half: &Region) -> u64 {
    half.committed_end() - half.start()
}
