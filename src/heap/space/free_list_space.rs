//! The free-list space: one interval in which blocks are freed and allocated again.
//!
//! Objects and free blocks lie one after another. The block at the end is the *wilderness*
//! (Lea's allocator): it is in no list, is allocated last, and grows and shrinks with the
//! committed memory. All other free blocks are in [`FreeLists`] (HEAP-27). A block is
//! allocated as a whole. Its owner bumps through it, and returns the part that it did not
//! use.

use core::ops::Range;

use super::contiguous::ContiguousSpace;
use super::free_block::is_released;
use super::free_lists::{FreeLists, ListEnds};
use super::free_pages::PageRelease;
use crate::error::Result;
use crate::heap::budget::{Budget, Progress};
use crate::heap::memory::{COMMIT_UNIT, Region, Reservation};
use crate::heap::segment_starts::SegmentStarts;

/// One interval with lists of its free blocks. See the module.
///
/// A block is given by the offsets of its start and of its end.
#[derive(Debug)]
pub(crate) struct FreeListSpace {
    memory: ContiguousSpace,
    lists: FreeLists,
    /// Where the wilderness begins. From here to the committed end nothing is in use. A
    /// block that was allocated from the wilderness ends at the committed end, and the
    /// wilderness is empty until the unused part of that block comes back.
    wilderness: u64,
    /// How often adjacent free blocks were coalesced.
    coalescings: u64,
}

impl FreeListSpace {
    /// The least limit of a heap that consists of one such space.
    pub(crate) const LEAST_LIMIT: u64 = ContiguousSpace::LEAST_LIMIT;

    /// An empty space. The parameters and errors are those of [`ContiguousSpace::new`].
    pub(crate) fn new(
        reservation: &Reservation,
        range: Range<u64>,
        initial: u64,
    ) -> Result<FreeListSpace> {
        let memory = ContiguousSpace::new(reservation, range, initial)?;
        Ok(FreeListSpace {
            wilderness: memory.first_object(),
            memory,
            lists: FreeLists::new(),
            coalescings: 0,
        })
    }

    /// The memory.
    #[inline(always)]
    pub(crate) fn region(&self) -> &Region {
        self.memory.region()
    }

    /// The memory as a contiguous space.
    pub(crate) fn memory(&self) -> &ContiguousSpace {
        &self.memory
    }

    /// The first starts of blocks in the segments of the space, to note blocks.
    pub(crate) fn starts_mut(&mut self) -> &mut SegmentStarts {
        self.memory.starts_mut()
    }

    /// Where the committed memory ends.
    pub(crate) fn committed_end(&self) -> u64 {
        self.region().committed_end()
    }

    /// Where the wilderness begins.
    #[inline(always)]
    pub(crate) fn wilderness(&self) -> u64 {
        self.wilderness
    }

    /// How often adjacent free blocks were coalesced, except by
    /// [`FreeListSpace::append_free`].
    pub(crate) fn coalescings(&self) -> u64 {
        self.coalescings
    }

    /// The bytes that are free: the blocks in lists, and the wilderness.
    pub(crate) fn free_bytes(&self) -> u64 {
        self.lists.bytes() + (self.committed_end() - self.wilderness)
    }

    /// Takes all of an empty space as one block.
    pub(crate) fn allocate_all(&mut self) -> (u64, u64) {
        debug_assert_eq!(self.lists.bytes(), 0);
        self.wilderness = self.committed_end();
        (self.memory.open(), self.wilderness)
    }

    /// Takes a block of at least `bytes`, if there is one.
    ///
    /// Cost: a fixed number of probes, as long as they find a block or the wilderness has
    /// room. In addition, coalesces all free blocks when enough blocks were freed to pay for
    /// that. Before it answers `None`, it visits all free blocks once or twice (HEAP-37).
    ///
    /// Errors: [`Error::Internal`](crate::error::Error::Internal) if a list leads to
    /// memory that is not a free block.
    pub(crate) fn allocate(&mut self, bytes: u64) -> Result<Option<(u64, u64)>> {
        if let Some(block) = self.allocate_listed(bytes)? {
            return Ok(Some(block));
        }
        if self.lists.is_coalescing_paid() {
            self.coalesce()?;
            if let Some(block) = self.allocate_listed(bytes)? {
                return Ok(Some(block));
            }
        }
        match self.allocate_wilderness(bytes) {
            Some(block) => Ok(Some(block)),
            None => self.allocate_any(bytes),
        }
    }

    /// Takes a block of at least `bytes`, wherever it is.
    #[cold]
    fn allocate_any(&mut self, bytes: u64) -> Result<Option<(u64, u64)>> {
        if self.lists.can_coalesce() {
            self.coalesce()?;
            if let Some(block) = self.allocate_listed(bytes)? {
                return Ok(Some(block));
            }
            if let Some(block) = self.allocate_wilderness(bytes) {
                return Ok(Some(block));
            }
        }
        let found = self.lists.search(self.memory.region(), bytes)?;
        Ok(found.map(from_start_to_end))
    }

    /// Takes a block of at least `bytes` out of a list, if a few probes find one.
    fn allocate_listed(&mut self, bytes: u64) -> Result<Option<(u64, u64)>> {
        let found = self.lists.allocate(self.memory.region(), bytes)?;
        Ok(found.map(from_start_to_end))
    }

    /// Takes the wilderness if it has `bytes`.
    fn allocate_wilderness(&mut self, bytes: u64) -> Option<(u64, u64)> {
        let block = (self.wilderness, self.committed_end());
        if bytes > block.1 - block.0 {
            return None;
        }
        self.wilderness = block.1;
        Some(block)
    }

    /// Coalesces adjacent free blocks.
    fn coalesce(&mut self) -> Result<()> {
        let (region, starts) = self.memory.memory_and_starts();
        self.wilderness = self.lists.coalesce(region, starts, self.wilderness)?;
        self.coalescings += 1;
        Ok(())
    }

    /// Returns the unused part of a block that was allocated: from `next` to the block's
    /// end.
    ///
    /// Errors: [`Error::Internal`](crate::error::Error::Internal) for memory outside the
    /// space.
    pub(crate) fn return_unused(&mut self, next: u64, end: u64) -> Result<()> {
        if end == self.committed_end() {
            self.wilderness = next;
        } else if next < end {
            // What lies before and after it is in use, as it was when the block was taken.
            self.lists.insert(self.memory.region(), next, end - next)?;
        }
        Ok(())
    }

    /// Frees the memory between `start` and `end`, which is one block from now on.
    ///
    /// Errors: [`Error::Internal`](crate::error::Error::Internal) for memory outside the
    /// space.
    pub(crate) fn free(&mut self, start: u64, end: u64) -> Result<()> {
        if end == self.wilderness && start < end {
            self.wilderness = start;
            self.lists.note_free_neighbour();
        } else if start < end {
            // The memory may have been several blocks.
            self.memory.starts_mut().note_block(start, end, end);
            self.lists.free(self.memory.region(), start, end - start)?;
        }
        Ok(())
    }

    /// Begins a sweep: forgets all free blocks except the wilderness.
    pub(crate) fn begin_sweep(&mut self) -> ListEnds {
        self.lists = FreeLists::new();
        ListEnds::new()
    }

    /// Frees the memory between `start` and `end` in a sweep, which visits the space from
    /// its start to its end. All memory between two live objects is one block.
    ///
    /// Errors: [`Error::Internal`](crate::error::Error::Internal) for memory outside the
    /// space.
    #[inline]
    pub(crate) fn append_free(&mut self, start: u64, end: u64, ends: &mut ListEnds) -> Result<()> {
        if end == self.wilderness || start == end {
            return self.free(start, end);
        }
        self.memory.starts_mut().note_block(start, end, end);
        self.lists
            .append(self.memory.region(), start, end - start, ends)
    }

    /// Begins to give back the pages inside of free blocks. All blocks are coalesced. Pages
    /// of `kept` bytes stay resident.
    pub(crate) fn begin_page_release(&self, kept: u64) -> PageRelease {
        PageRelease::new(&self.lists, kept)
    }

    /// Gives back pages inside of free blocks, as far as the budget allows. Between two calls
    /// no block is allocated or freed.
    ///
    /// Errors: [`Error::Internal`](crate::error::Error::Internal) if a list leads to memory
    /// that is not a free block.
    pub(crate) fn release_pages(
        &self,
        release: &mut PageRelease,
        budget: &mut Budget,
    ) -> Result<Progress> {
        release.run(&self.lists, self.region(), budget)
    }

    /// Whether the memory at `offset` is a free block of `bytes` whose pages were given back.
    /// They read as zeros.
    pub(crate) fn is_released(&self, offset: u64, bytes: u64) -> Result<bool> {
        Ok(bytes >= COMMIT_UNIT && is_released(self.region(), offset, bytes)?)
    }

    /// Where the committed memory has to end for `bytes` of free memory.
    pub(crate) fn end_for_free(&self, bytes: u64) -> u64 {
        self.wilderness + bytes.saturating_sub(self.lists.bytes())
    }

    /// As [`ContiguousSpace::grow`]. Nothing may be allocated from the wilderness.
    pub(crate) fn grow(&mut self, wanted: u64, needed: u64) -> Result<()> {
        self.memory.grow(wanted, needed)
    }

    /// As [`ContiguousSpace::commit`]. Nothing may be allocated from the wilderness.
    pub(crate) fn commit(&mut self, bytes: u64) -> Result<()> {
        self.memory.commit(bytes)
    }

    /// As [`ContiguousSpace::decommit_towards`]. `end` must not lie before the wilderness.
    pub(crate) fn decommit_towards(&mut self, end: u64, budget: &mut Budget) -> Progress {
        debug_assert!(end >= self.wilderness);
        self.memory.decommit_towards(end, budget)
    }

    /// As [`ContiguousSpace::reset`]. Forgets all blocks; the next call must be
    /// [`FreeListSpace::allocate_all`].
    pub(crate) fn reset(&mut self, poison: bool) {
        self.memory.reset(poison);
        self.lists = FreeLists::new();
    }

    /// Checks the lists.
    ///
    /// Errors: [`Error::Internal`](crate::error::Error::Internal).
    pub(crate) fn check(&self) -> Result<()> {
        self.lists.check(self.region(), self.wilderness)
    }
}

/// The offsets of a block's start and of its end.
fn from_start_to_end((start, bytes): (u64, u64)) -> (u64, u64) {
    (start, start + bytes)
}
