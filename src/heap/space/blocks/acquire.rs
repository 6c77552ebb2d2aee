//! Taking and freeing whole blocks, committing more, and giving memory back.

use super::record::BlockState;
use super::{BLOCK_BYTES, BlockSpace};
use crate::error::Result;
use crate::heap::budget::{Budget, Progress};
use crate::heap::gc_heap::KEPT_BYTES;
use crate::heap::memory::{DECOMMIT_CHUNK, DECOMMIT_COST};
use crate::heap::space::POISON;

impl BlockSpace {
    /// Takes the first free block, for small objects. `None` if no block is free.
    pub(crate) fn acquire(&self) -> Option<usize> {
        let block = self.tables.free().first_from(0)?;
        self.begin_use(block, BlockState::Small, 0);
        Some(block)
    }

    /// As [`BlockSpace::acquire`], for objects that move in a collection.
    pub(crate) fn acquire_target(&self) -> Option<usize> {
        let block = self.acquire()?;
        self.begin_marks(block, false);
        self.records()[block].set_target();
        Some(block)
    }

    /// Whether there are `count` free blocks in a row that the mutator may take.
    pub(crate) fn has_run(&self, count: usize) -> bool {
        count <= self.spare_blocks() && self.tables.free().first_run(count).is_some()
    }

    /// Takes `count` blocks in a row, for one object of `bytes` that starts in the first.
    pub(crate) fn acquire_run(&self, count: usize) -> Option<usize> {
        let first = self.tables.free().first_run(count)?;
        self.begin_use(first, BlockState::LargeHead, count as u32);
        for block in first + 1..first + count {
            self.begin_use(block, BlockState::LargeTail, 0);
        }
        self.records()[first].set_start(0);
        self.tables.young().insert(first);
        Some(first)
    }

    fn begin_use(&self, block: usize, state: BlockState, run: u32) {
        let was_free = self.tables.free().remove(block);
        debug_assert!(was_free);
        self.free.set(self.free.get() - 1);
        self.used_end.set(self.used_end.get().max(block + 1));
        self.records()[block].begin_use(state, run);
    }

    /// Frees a block, or the run of blocks of the large object that starts there. Fills them
    /// with [`POISON`] if `poison` is set. Returns the number of blocks.
    ///
    /// Errors: [`Error::Internal`](crate::error::Error::Internal) if the run does not end in
    /// the space.
    pub(crate) fn release(&self, first: usize, poison: bool) -> Result<usize> {
        let count = self.records()[first].run().max(1);
        let (start, end) = (self.start_of(first), self.start_of(first + count));
        if poison {
            self.region.fill(start, end, POISON)?;
        }
        self.tables.young().remove(first);
        self.remove_gaps(first, 0..BLOCK_BYTES);
        self.tables.with_gaps().remove(first);
        for block in first..first + count {
            self.records()[block].end_use();
            self.tables.recyclable().remove(block);
            self.tables.free().insert(block);
        }
        self.free.set(self.free.get() + count);
        Ok(count)
    }

    /// Commits the first `bytes` bytes, a multiple of [`BLOCK_BYTES`].
    ///
    /// Errors: [`Error::SystemMemory`](crate::error::Error::SystemMemory); nothing has changed
    /// then.
    pub(crate) fn commit(&mut self, bytes: u64) -> Result<()> {
        let before = self.blocks();
        self.region.commit_to(self.end_for(bytes))?;
        self.add_free_blocks(before);
        Ok(())
    }

    /// Adds the blocks from number `from` on, which were committed, to the free ones.
    pub(super) fn add_free_blocks(&self, from: usize) {
        for block in from..self.blocks() {
            self.tables.free().insert(block);
        }
        self.free.set(self.free.get() + self.blocks() - from);
    }

    /// The bytes to commit for `count` blocks in a row that the mutator may take and that are
    /// not free yet, with `step` more than now if the limit allows it. `None` if the blocks are
    /// beyond the limit.
    pub(crate) fn after_growth(&self, count: usize, step: u64) -> Option<u64> {
        let blocks = self.blocks();
        let reserves =
            |blocks: usize| BlockSpace::reserve_of(blocks - self.slot) + self.promotion_reserve();
        let row = if count > 1 { self.free_at_end() } else { 0 };
        let mut wanted = blocks + count - row.min(count);
        // A larger heap has a larger reserve.
        while self.free_blocks() + (wanted - blocks) < count + reserves(wanted) {
            wanted += 1;
        }
        let needed = self.committed_up_to(self.start_of(wanted));
        let stepped = (self.committed_bytes() + step).min(self.bounds.limit);
        let bytes = needed.max(stepped.next_multiple_of(BLOCK_BYTES));
        (needed <= self.bounds.limit).then_some(bytes)
    }

    /// The number of free blocks at the end of the committed memory.
    fn free_at_end(&self) -> usize {
        self.tables.free().run_before(self.blocks())
    }

    /// The bytes of committed memory before the free blocks at its end.
    pub(crate) fn bytes_in_use_end(&self) -> u64 {
        self.committed_up_to(self.start_of(self.blocks() - self.free_at_end()))
    }

    /// Decommits the free blocks at the end, but keeps the first `bytes` bytes and the reserve
    /// for promotion. Does as much as the budget allows.
    pub(crate) fn decommit_towards(&mut self, bytes: u64, budget: &mut Budget) -> Progress {
        let kept = bytes.max(self.bytes_in_use_end()).max(self.bounds.initial);
        let spare = self.free_blocks().saturating_sub(self.promotion_reserve());
        let end = self.end_for(kept.next_multiple_of(BLOCK_BYTES));
        let end = end.max(self.start_of(self.blocks() - spare));
        let before = self.blocks();
        let progress = self.region.decommit_towards(end, budget);
        // A page may be larger than a block. Then the end lies inside of a block.
        let bytes = self.region.committed_end() - self.start();
        let blocks = bytes.div_ceil(BLOCK_BYTES) as usize;
        for block in blocks..before {
            self.tables.free().remove(block);
            self.records_of(before)[block].end_use();
        }
        self.free.set(self.free.get() - (before - blocks));
        self.used_end.set(self.used_end.get().min(blocks));
        progress
    }

    /// The records of the first `count` blocks, committed or not.
    fn records_of(&self, count: usize) -> &[super::BlockRecord] {
        self.tables.records(count)
    }

    /// Gives back the pages of free blocks from number `from` on, except those of the first
    /// `kept` of them. Does as much as the budget allows. Returns where to continue, with how
    /// many kept; `None` if all are given back.
    pub(crate) fn release_free_pages(
        &self,
        (from, mut kept): (usize, usize),
        budget: &mut Budget,
    ) -> Option<(usize, usize)> {
        let mut at = from;
        while let Some(block) = self.tables.free().first_from(at) {
            if budget.is_spent() {
                return Some((block, kept));
            }
            at = block + 1;
            let record = &self.records()[block];
            if kept > 0 {
                kept -= 1;
            } else if !record.is_released() && block < self.used_end() {
                let start = self.start_of(block);
                self.region.discard_range(start..start + BLOCK_BYTES);
                record.set_released();
                budget.spend(DECOMMIT_COST * BLOCK_BYTES / DECOMMIT_CHUNK);
            }
        }
        None
    }

    /// Empties the space. Leaves committed what a new space has, and resident at most
    /// [`KEPT_BYTES`] of that (HEAP-9). Fills the resident part with [`POISON`] if `poison` is
    /// set.
    pub(crate) fn reset(&mut self, poison: bool) {
        let used_end = self.used_end();
        self.forget_gray();
        self.empty_nursery(false);
        self.set_nursery_blocks(self.first_nursery());
        for block in self.slot..used_end {
            self.records()[block].end_use();
            self.tables.free().insert(block);
        }
        self.tables.recyclable().clear();
        self.tables.with_gray().clear();
        self.tables.young().clear();
        self.clear_gaps();
        self.free.set(self.blocks() - self.slot);
        let _ = self.decommit_towards(0, &mut Budget::unlimited());
        // A first nursery keeps its pages too.
        let kept_old = KEPT_BYTES - self.first_nursery() as u64 * BLOCK_BYTES;
        let kept = self.slot + (kept_old / BLOCK_BYTES) as usize;
        if used_end > kept {
            self.tables.release_records_from(kept);
        }
        self.release_nursery_pages();
        super::super::release_all_but(&self.region, self.slot_end(), kept_old, poison);
        self.used_end.set(self.slot);
        self.cycle = 0;
    }
}
