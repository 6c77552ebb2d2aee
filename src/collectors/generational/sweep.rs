//! The end of a collection: freeing lines and blocks, and resizing the heap.

use super::GenerationalHeap;
use crate::base::work;
use crate::error::Result;
use crate::heap::{BLOCK_BYTES, BlockState, Budget, KEPT_BYTES, LayoutTable, Mutator, Progress};

/// What looking at the record of a block costs.
const BLOCK_COST: u64 = 64;

/// A heap is nearly full if less than one of this number of its bytes is free.
const NEARLY_FULL: u64 = 8;

/// What a sweep has found so far.
#[derive(Debug, Default)]
pub(super) struct SweepState {
    /// Whether the trace has begun.
    traced: bool,
    /// The block at which the sweep continues.
    block: usize,
    /// The number of objects that are alive.
    pub(super) objects: u64,
    /// The bytes of those objects.
    pub(super) live: u64,
    /// The bytes that are alive in fresh blocks.
    fresh_live: u64,
    /// The bytes of objects that the collection could not move: large ones, and those in
    /// candidates.
    unmovable: u64,
    /// Where giving back pages continues, and the number of blocks that keep them.
    releasing: Option<(usize, usize)>,
    is_swept: bool,
    /// The block at which listing gaps continues, if the heap needs its gaps.
    gaps: Option<usize>,
}

impl GenerationalHeap {
    /// Begins the trace, unless it has begun.
    pub(super) fn begin_trace(&mut self) {
        if !self.state.sweep.traced {
            self.state.sweep.traced = true;
            self.forget_windows();
            self.space.begin_cycle();
            self.choose_candidates();
        }
    }

    /// The bytes of objects that stayed in place although every object was to move.
    pub(super) fn unmovable_bytes(&self) -> u64 {
        self.state.sweep.unmovable
    }

    /// Frees what the trace has not reached, and gives back pages of free blocks. Does as much
    /// as the budget allows.
    pub(super) fn sweep(&mut self, layouts: &LayoutTable, budget: &mut Budget) -> Result<Progress> {
        while self.state.sweep.block < self.space.used_end() {
            if budget.is_spent() {
                return Ok(Progress::Continue);
            }
            self.sweep_block(layouts)?;
            let cost = if self.poison {
                BLOCK_BYTES / 4
            } else {
                BLOCK_COST
            };
            budget.spend(cost);
            work::count(cost as usize);
        }
        if !self.state.sweep.is_swept {
            self.state.sweep.is_swept = true;
            self.learn_survival(self.state.sweep.fresh_live);
            self.state.sweep.gaps = self.needs_gaps().then_some(0);
            self.state.sweep.releasing = Some((0, self.kept_free_blocks()));
        }
        while let Some(block) = self.state.sweep.gaps {
            if budget.is_spent() {
                return Ok(Progress::Continue);
            }
            self.space.list_gaps(block, &mut self.gaps, layouts)?;
            budget.spend(BLOCK_BYTES / 4);
            work::count((BLOCK_BYTES / 4) as usize);
            self.state.sweep.gaps = (block + 1 < self.space.used_end()).then_some(block + 1);
        }
        if let Some(at) = self.state.sweep.releasing {
            self.state.sweep.releasing = self.space.release_free_pages(at, budget);
        }
        Ok(match self.state.sweep.releasing {
            Some(_) => Progress::Continue,
            None => Progress::Complete,
        })
    }

    /// Whether the heap is nearly full and may be unable to grow.
    fn needs_gaps(&self) -> bool {
        let committed = self.space.committed_bytes();
        let may_not_grow = self.asks_to_grow || committed >= self.space.limit_bytes();
        let is_used = self.space.used_end() > 0;
        is_used && may_not_grow && self.space.free_bytes() < committed / NEARLY_FULL
    }

    fn sweep_block(&mut self, layouts: &LayoutTable) -> Result<()> {
        let block = self.state.sweep.block;
        let record = &self.space.records()[block];
        if record.has_marks_of(self.space.cycle()) {
            let live = record.live();
            self.state.sweep.objects += record.start_count();
            self.state.sweep.live += live;
            if record.is_fresh() && !record.is_target() {
                self.state.sweep.fresh_live += live;
            }
            if record.is_candidate() || record.state() == BlockState::LargeHead {
                self.state.sweep.unmovable += live;
            }
        }
        self.state.sweep.block += self.space.sweep(block, self.poison, layouts)?;
        Ok(())
    }

    /// The free blocks that keep their pages, because the program is likely to use them again:
    /// for as many bytes as it allocated before this collection.
    fn kept_free_blocks(&self) -> usize {
        let kept = self.state.allocated.max(KEPT_BYTES);
        (kept / BLOCK_BYTES) as usize
    }

    /// See [`GcHeap::set_headroom`](crate::heap::GcHeap::set_headroom).
    pub(super) fn resize(
        &mut self,
        mutator: &Mutator,
        headroom: u64,
        may_grow: bool,
        budget: &mut Budget,
    ) -> Progress {
        // Half of the headroom is committed now, the rest when it is needed. Memory goes back
        // only if there is more than twice as much, so that a heap whose size swings makes no
        // system calls at each collection.
        let wanted = (mutator.bump.used_bytes() + headroom / 2)
            .min(self.space.limit_bytes())
            .next_multiple_of(BLOCK_BYTES);
        let committed = self.space.committed_bytes();
        if may_grow && wanted > committed {
            // If the system refuses, the next collection comes earlier. That is no error.
            let _ = self.space.commit(wanted.min(self.space.limit_bytes()));
        }
        let mut progress = Progress::Complete;
        if committed > 2 * wanted || self.state.shrinking {
            progress = self.space.decommit_towards(wanted, budget);
        }
        self.state.shrinking = progress == Progress::Continue;
        self.update_end(mutator);
        self.headroom = headroom;
        progress
    }
}
