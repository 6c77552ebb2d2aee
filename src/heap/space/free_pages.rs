//! The pages inside of free blocks, which go back to the system.
//!
//! A page that lies as a whole behind the header and the link of a free block has nothing
//! that anything reads. After a sweep a [`PageRelease`] visits all blocks and gives such
//! pages back, except for a share that the program is likely to use soon (HEAP-38). The pages
//! stay committed, and read as zeros when they are used next.
//!
//! The header of a block has a mark if all its whole pages were given back. The next release
//! skips that block. Whoever allocates the block overwrites the header, and whoever frees the
//! memory again writes a header without the mark.

use super::free_block::{FREED, RELEASED, is_released, pages_of, write_header};
use super::free_lists::{FreeLists, LISTS};
use crate::error::{Error, Result};
use crate::heap::budget::{Budget, LOOKUP, Progress};
use crate::heap::memory::Region;
use crate::heap::walk_bound::WalkBound;

/// A release that is under way.
#[derive(Debug)]
pub(crate) struct PageRelease {
    /// The list that is visited.
    list: usize,
    /// The block that is visited, or 0 if the list has no more.
    block: u64,
    /// Where the release continues in that block, or 0 if it has not begun there.
    at: u64,
    /// The bytes of pages that still may stay resident.
    kept: u64,
    /// All pages of the block up to `at` were given back.
    whole: bool,
    bound: WalkBound,
}

impl PageRelease {
    /// A release that keeps pages of `kept` bytes.
    pub(super) fn new(lists: &FreeLists, kept: u64) -> PageRelease {
        PageRelease {
            list: 0,
            block: lists.first[0],
            at: 0,
            kept,
            whole: true,
            bound: WalkBound::new(lists.bytes()),
        }
    }

    /// Gives back pages, as far as the budget allows.
    ///
    /// Errors: [`Error::Internal`] if a list leads to memory that is not a free block.
    pub(super) fn run(
        &mut self,
        lists: &FreeLists,
        region: &Region,
        budget: &mut Budget,
    ) -> Result<Progress> {
        while self.list < LISTS {
            if self.block == 0 {
                self.list += 1;
                self.block = lists.first.get(self.list).copied().unwrap_or(0);
            } else if budget.is_spent() {
                return Ok(Progress::Continue);
            } else {
                self.visit_block(lists, region, budget)?;
            }
        }
        Ok(Progress::Complete)
    }

    /// Continues with the block that is visited. Goes on to the next block if that is
    /// complete.
    fn visit_block(
        &mut self,
        lists: &FreeLists,
        region: &Region,
        budget: &mut Budget,
    ) -> Result<()> {
        let (bytes, next) = lists.block(region, self.block)?;
        let (first, end) = pages_of(self.block, bytes);
        if self.at == 0 {
            self.bound.visit(self.block, bytes)?;
            budget.spend(LOOKUP);
            if first >= end || is_released(region, self.block, bytes)? {
                self.block = next;
                return Ok(());
            }
            self.begin_block(first, end);
        }
        // The block may have been overwritten since the last step.
        let end = end.max(first);
        if end > region.committed_end() {
            return Err(Error::internal("a free block of a wrong size", self.block));
        }
        match region.release_pages(self.at.clamp(first, end), end, budget) {
            Some(at) if at < end => self.at = at,
            done => {
                if self.whole && done.is_some() {
                    write_header(region, self.block, bytes, FREED | RELEASED)?;
                }
                (self.block, self.at) = (next, 0);
            }
        }
        Ok(())
    }

    /// Begins with a block whose whole pages are those from `first` to `end`. The first of
    /// them stay resident, as far as the share allows.
    fn begin_block(&mut self, first: u64, end: u64) {
        let kept = self.kept.min(end - first);
        self.kept -= kept;
        self.whole = kept == 0;
        self.at = Region::whole_pages(first + kept, end).0;
    }
}
