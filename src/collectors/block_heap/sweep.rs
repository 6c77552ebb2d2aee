//! The end of a trace: freeing lines and blocks, and giving pages back.

use super::BlockHeap;
use crate::base::work;
use crate::error::Result;
use crate::heap::{BLOCK_BYTES, BlockState, Budget, KEPT_BYTES, LayoutTable, Progress};

/// What looking at the record of a block costs.
const BLOCK_COST: u64 = 64;

/// A heap is nearly full if less than one of this number of its bytes is free.
const NEARLY_FULL: u64 = 8;

/// What a sweep has found so far.
#[derive(Debug, Default)]
pub(crate) struct SweepState {
    /// The bytes that were allocated since the last collection.
    allocated: u64,
    /// The bytes in use before the collection, or 0.
    used: u64,
    /// The block at which the sweep continues.
    block: usize,
    /// The number of objects that are alive.
    pub(crate) objects: u64,
    /// The bytes of those objects.
    pub(crate) live: u64,
    /// The bytes that are alive in fresh blocks.
    pub(crate) fresh_live: u64,
    /// The bytes of objects that the collection could not move: large ones, and those in
    /// candidates and in blocks with pins.
    pub(crate) unmovable: u64,
    /// Where giving back pages continues, and the number of blocks that keep them.
    releasing: Option<(usize, usize)>,
    is_swept: bool,
    /// The block at which listing gaps continues, if the heap needs its gaps.
    gaps: Option<usize>,
}

impl SweepState {
    /// The state before a sweep of the blocks from `block` on. See [`BlockHeap::begin_trace`].
    pub(super) fn new(block: usize, allocated: u64, used: u64) -> SweepState {
        SweepState {
            block,
            allocated,
            used,
            ..SweepState::default()
        }
    }
}

impl BlockHeap {
    /// Frees what the trace has not reached, and gives back pages of free blocks. Does as much
    /// as the budget allows.
    pub(crate) fn sweep<const COUNTS: bool>(
        &mut self,
        layouts: &LayoutTable,
        budget: &mut Budget,
    ) -> Result<Progress> {
        while self.sweep.block < self.space.used_end() {
            if budget.is_spent() {
                return Ok(Progress::Continue);
            }
            self.sweep_block::<COUNTS>(layouts)?;
            let cost = if self.poison {
                BLOCK_BYTES / 4
            } else {
                BLOCK_COST
            };
            budget.spend(cost);
            work::count(cost as usize);
        }
        if !self.sweep.is_swept {
            self.sweep.is_swept = true;
            if self.needs_gaps() {
                self.space.use_gaps();
                self.sweep.gaps = Some(self.space.first_old_block());
            }
            self.sweep.releasing = Some(self.first_release());
        }
        while let Some(block) = self.sweep.gaps {
            if budget.is_spent() {
                return Ok(Progress::Continue);
            }
            self.space.list_gaps(block, layouts)?;
            budget.spend(BLOCK_BYTES / 4);
            work::count((BLOCK_BYTES / 4) as usize);
            self.sweep.gaps = (block + 1 < self.space.used_end()).then_some(block + 1);
        }
        Ok(self.release_pages(budget))
    }

    /// Where giving back pages begins, and the number of free blocks that keep them.
    fn first_release(&self) -> (usize, usize) {
        (0, (self.kept_free_bytes() / BLOCK_BYTES) as usize)
    }

    /// Gives back the pages of free blocks after a sweep, as far as the budget allows.
    fn release_pages(&mut self, budget: &mut Budget) -> Progress {
        if let Some(at) = self.sweep.releasing {
            self.sweep.releasing = self.space.release_free_pages(at, budget);
        }
        Progress::complete_if(self.sweep.releasing.is_none())
    }

    /// As [`BlockHeap::release_pages`], after a sweep between whose steps the program runs.
    pub(crate) fn release_pages_between(&mut self, budget: &mut Budget) -> Progress {
        if !self.sweep.is_swept {
            self.sweep.is_swept = true;
            self.sweep.releasing = Some(self.first_release());
        }
        self.release_pages(budget)
    }

    /// Whether the heap is nearly full and may be unable to grow.
    fn needs_gaps(&self) -> bool {
        let committed = self.space.committed_bytes();
        let may_not_grow = self.asks_to_grow || committed >= self.space.limit_bytes();
        let is_used = self.space.used_end() > self.space.first_old_block();
        is_used && may_not_grow && self.space.free_bytes() < committed / NEARLY_FULL
    }

    fn sweep_block<const COUNTS: bool>(&mut self, layouts: &LayoutTable) -> Result<()> {
        let block = self.sweep.block;
        let record = &self.space.records()[block];
        if record.has_marks_of(self.space.cycle()) {
            let live = record.marked_live();
            self.sweep.objects += self.space.marks()[block].count();
            self.sweep.live += live;
            if record.is_fresh() && !record.is_target() {
                self.sweep.fresh_live += live;
            }
            let is_large = record.state() == BlockState::LargeHead;
            if record.is_candidate() || record.is_pinned() || is_large {
                self.sweep.unmovable += live;
            }
        }
        let how = (self.poison, COUNTS);
        self.sweep.block += self.space.sweep(block, how, layouts)?;
        Ok(())
    }

    /// The bytes of free blocks that keep their pages, because the program is likely to use them
    /// again: as many as it allocated before this collection, or as this collection freed.
    pub(crate) fn kept_free_bytes(&self) -> u64 {
        let freed = self.sweep.used.saturating_sub(self.sweep.live);
        self.sweep.allocated.max(freed).max(KEPT_BYTES)
    }
}
