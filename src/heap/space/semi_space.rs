//! The semi-space: two halves of the same size.
//!
//! The mutator allocates in one half, the *from* half. A collection evacuates the live
//! objects from there into the other one, the *to* half, and then flips the two. Between
//! collections the to half is empty. The terms are Cheney's and Fenichel and Yochelson's
//! ("A LISP Garbage-Collector for Virtual-Memory Computer Systems", CACM 12(11), 1969).
//!
//! Both halves are committed to the same length, so the to half always has room for all
//! that lives (HEAP-22). Sizes here are bytes of one half, unless they say otherwise.
//!
//! The from half grows at its end, in place. The to half is empty, so it may move. Small
//! halves lie close together, and the pages between them are accessible too, though nothing
//! uses them. So the system needs one mapping for both (HEAP-51). Large halves lie apart:
//!
//! ```text
//! small   [ half ... | half ...        :                        ]
//! large   [ half ..............        : half ..............    ]
//!         0          near            limit       2 * limit + near
//! ```
//!
//! A half starts at 0, at `near`, or from the limit to the limit plus `near`. From each of
//! these places it can grow to the limit, and the other half has a place. Access to null
//! references relies on the first page, which is always accessible.

use core::ops::Range;

use super::bounds::Bounds;
use super::release_all_but;
use crate::error::{Error, Result};
use crate::heap::budget::{Budget, Progress};
use crate::heap::gc_heap::KEPT_BYTES;
use crate::heap::memory::{COMMIT_UNIT, DECOMMIT_CHUNK, DECOMMIT_COST, Region, Reservation};
use crate::heap::reference::{GRANULE, HEAP_MAX};
use crate::heap::segment_starts::SegmentStarts;

/// The greatest capacity of halves that lie close together.
const NEAR: u64 = 1 << 20;

/// Two halves of the same size. See the module.
#[derive(Debug)]
pub(crate) struct SemiSpace {
    /// Committed to the same length, unless the system refused to take pages back.
    halves: [Region; 2],
    /// The first starts of blocks in the segments of each half.
    starts: [SegmentStarts; 2],
    /// Which half is the from half.
    from: usize,
    /// Where the second of two small halves starts. 0 if halves always lie apart.
    near: u64,
    /// The pages between small halves may be inaccessible.
    has_gap: bool,
    bounds: Bounds,
}

impl SemiSpace {
    /// The least limit of a heap that consists of one semi-space.
    pub(crate) const LEAST_LIMIT: u64 = 8 * COMMIT_UNIT;

    /// The address space that two halves of `half` bytes, a multiple of [`COMMIT_UNIT`],
    /// take.
    pub(crate) fn reserved_bytes(half: u64) -> u64 {
        2 * half + near(half)
    }

    /// A semi-space of two halves of `half` bytes each, a multiple of [`COMMIT_UNIT`]. It
    /// takes the first [`SemiSpace::reserved_bytes`] of `reservation`. About `initial` bytes
    /// of each half are committed.
    ///
    /// Errors: [`Error::SystemMemory`],
    /// [`Error::Mappings`].
    pub(crate) fn new(reservation: &Reservation, half: u64, initial: u64) -> Result<SemiSpace> {
        let bounds = Bounds::new(half, initial);
        let mut space = SemiSpace {
            halves: [
                reservation.region(0, half),
                reservation.region(half, 2 * half),
            ],
            starts: Default::default(),
            from: 0,
            near: near(half),
            has_gap: false,
            bounds,
        };
        space.commit(bounds.initial)?;
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

    /// The first starts of blocks in the segments of the from half.
    pub(crate) fn starts(&self) -> &SegmentStarts {
        &self.starts[self.from]
    }

    /// As [`SemiSpace::starts`], to note blocks.
    pub(crate) fn starts_mut(&mut self) -> &mut SegmentStarts {
        &mut self.starts[self.from]
    }

    /// The from half, the to half, and the first starts of blocks in the to half.
    #[inline(always)]
    pub(crate) fn halves_and_to_starts(&mut self) -> (&Region, &Region, &mut SegmentStarts) {
        let (from, to) = (self.from, 1 - self.from);
        (&self.halves[from], &self.halves[to], &mut self.starts[to])
    }

    /// As [`SemiSpace::starts_mut`], for the to half.
    pub(crate) fn to_starts_mut(&mut self) -> &mut SegmentStarts {
        &mut self.starts[1 - self.from]
    }

    /// The bytes of memory that the space has for the starts of blocks.
    pub(crate) fn side_bytes(&self) -> u64 {
        self.starts.iter().map(SegmentStarts::side_bytes).sum()
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
    /// Errors: [`Error::SystemMemory`]; nothing has
    /// changed then.
    pub(crate) fn grow(&mut self, wanted: u64, needed: u64) -> Result<()> {
        self.commit(wanted).or_else(|_| self.commit(needed))
    }

    /// Commits `capacity` bytes, rounded up to whole units, of both halves, or changes
    /// nothing. The to half, which must be empty, may move.
    ///
    /// Errors: [`Error::SystemMemory`],
    /// [`Error::Mappings`].
    pub(crate) fn commit(&mut self, capacity: u64) -> Result<()> {
        let capacity = capacity.next_multiple_of(COMMIT_UNIT);
        if capacity <= self.capacity() {
            return Ok(());
        }
        for starts in &mut self.starts {
            starts.reserve(capacity)?;
        }
        if capacity <= self.near && self.from().start() <= self.near {
            self.open_gap(capacity)?;
        }
        let before = committed(self.from());
        let end = self.from().start() + capacity;
        self.halves[self.from].commit_to(end)?;
        let moved = self.move_to_half(capacity);
        if moved.is_err() {
            // What the from half has gained may belong to the to half.
            let kept = committed(self.to());
            let from = &mut self.halves[self.from];
            for gained in outside(before.end..end, [kept.clone(), 0..0]) {
                from.decommit_range(gained);
            }
            from.forget_from(before.end);
        }
        moved
    }

    /// Moves the to half, which must be empty, to its place for this capacity, and commits
    /// the capacity there, or changes nothing. The from half has the capacity.
    ///
    /// Errors: those of [`SemiSpace::commit`].
    fn move_to_half(&mut self, capacity: u64) -> Result<()> {
        let (start, limit) = (self.place_of_to_half(capacity), self.bounds.limit);
        let old = committed(self.to());
        let to = &mut self.halves[1 - self.from];
        if start == old.start {
            return to.commit_to(start + capacity);
        }
        let mut moved = to.sibling(start, start + limit);
        moved.commit_to(start + capacity)?;
        *to = moved;
        self.has_gap = capacity > self.near;
        let from = committed(self.from());
        for left in outside(old, [from.clone(), committed(self.to())]) {
            if left.end <= from.start && from.start <= self.near {
                self.from().discard_range(left);
            } else {
                self.from().decommit_range(left);
            }
        }
        Ok(())
    }

    /// Makes the pages between two small halves of `capacity` bytes accessible.
    ///
    /// Errors: those of [`SemiSpace::commit`].
    fn open_gap(&mut self, capacity: u64) -> Result<()> {
        self.from().open_range(0..self.near + capacity)?;
        self.has_gap = false;
        Ok(())
    }

    /// Brings halves that have become small together again. The to half must be empty. If
    /// the system refuses, the halves stay as they are.
    pub(crate) fn settle(&mut self) {
        let capacity = self.capacity();
        if self.may_settle() && self.open_gap(capacity).is_ok() {
            let _ = self.move_to_half(capacity);
        }
    }

    /// What [`SemiSpace::settle`] costs a step: the pages of the to half go back.
    pub(crate) fn cost_of_settling(&self) -> u64 {
        if self.may_settle() {
            committed_bytes(self.to()).div_ceil(DECOMMIT_CHUNK) * DECOMMIT_COST
        } else {
            0
        }
    }

    /// Whether the halves are small and not together.
    fn may_settle(&self) -> bool {
        self.has_gap && self.capacity() <= self.near && self.from().start() <= self.near
    }

    /// Where the to half starts when both halves have `capacity` bytes.
    fn place_of_to_half(&self, capacity: u64) -> u64 {
        let from = self.from().start();
        if from > self.near {
            0
        } else if capacity <= self.near {
            self.near - from
        } else {
            self.bounds.limit.max(from + capacity)
        }
    }

    /// Whether a half that starts at `offset` can grow to the limit and leaves a place for
    /// the other half.
    fn may_start_at(&self, offset: u64) -> bool {
        let limit = self.bounds.limit;
        offset == 0 || offset == self.near || (limit..=limit + self.near).contains(&offset)
    }

    /// Decommits each half beyond its first `capacity` bytes, as far as the budget allows.
    pub(crate) fn decommit_towards(&mut self, capacity: u64, budget: &mut Budget) -> Progress {
        let mut progress = Progress::Complete;
        let before = self.committed_bytes();
        for half in &mut self.halves {
            let end = half.start() + capacity;
            if half.decommit_towards(end, budget) == Progress::Continue {
                progress = Progress::Continue;
            }
        }
        self.has_gap |= self.committed_bytes() < before;
        progress
    }

    /// Releases the contents of the from half from `next` on, and those of the to half.
    pub(crate) fn release_unused(&self, next: u64) {
        self.from().release_from(next);
        self.to().release_from(self.to().start());
    }

    /// Checks that the halves lie where they may, and do not overlap, and that the first
    /// page is accessible.
    ///
    /// Errors: [`Error::Internal`].
    pub(crate) fn check(&self) -> Result<()> {
        let (from, to) = (committed(self.from()), committed(self.to()));
        let overlap = from.start < to.end && to.start < from.end;
        let is_placed = self.may_start_at(from.start) && self.may_start_at(to.start);
        let has_first_page = from.start <= self.near || to.start <= self.near;
        if overlap || !is_placed || !has_first_page {
            return Err(Error::internal("a half of the heap out of place", to.start));
        }
        Ok(())
    }

    /// Leaves committed what a new space has, and resident at most [`KEPT_BYTES`] of that
    /// in both halves together (HEAP-9). Fills the resident part with
    /// [`POISON`](super::POISON) if `poison` is set.
    pub(crate) fn reset(&mut self, poison: bool) {
        let _ = self.decommit_towards(self.bounds.initial, &mut Budget::unlimited());
        if self.from().start() > self.to().start() {
            self.flip();
        }
        for half in &self.halves {
            release_all_but(half, half.start(), KEPT_BYTES / 2, poison);
        }
        for starts in &mut self.starts {
            starts.shrink(self.bounds.initial);
        }
    }
}

/// Where the second of two small halves starts, if halves have at most `half` bytes.
fn near(half: u64) -> u64 {
    NEAR.min(half).min(HEAP_MAX - 2 * half)
}

/// The bytes of `half` that are committed.
fn committed_bytes(half: &Region) -> u64 {
    half.committed_end() - half.start()
}

/// The committed part of `half`.
fn committed(half: &Region) -> Range<u64> {
    half.start()..half.committed_end()
}

/// The parts of `range` outside of two ranges that do not overlap.
fn outside(range: Range<u64>, mut holes: [Range<u64>; 2]) -> [Range<u64>; 3] {
    holes.sort_unstable_by_key(|hole| hole.start);
    let [low, high] = holes;
    [
        range.start..range.end.min(low.start),
        range.start.max(low.end)..range.end.min(high.start),
        range.start.max(low.end).max(high.end)..range.end,
    ]
}
