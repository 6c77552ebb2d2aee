//! The check of the space's tables.

use super::marking_state::MarkingState;
use super::record::{BlockState, LineUse};
use super::{BLOCK_BYTES, BlockSpace, LARGEST_SMALL, LINE_BYTES};
use crate::error::{Error, Result};
use crate::heap::layout_table::LayoutTable;
use crate::heap::mutator::Mutator;

impl BlockSpace {
    /// Checks the tables, and that each object lies in lines that are not free. The caller has
    /// checked the objects.
    ///
    /// Errors: [`Error::Internal`].
    pub(crate) fn check(&self, mutator: &Mutator, layouts: &LayoutTable) -> Result<()> {
        self.check_tables()?;
        self.each_object(mutator, layouts, &mut |offset, object| {
            self.check_lines(offset, object.bytes)
        })
    }

    /// Checks the tables only.
    pub(super) fn check_tables(&self) -> Result<()> {
        self.check_sets()?;
        let mut block = 0;
        while block < self.blocks() {
            block += self.check_block(block)?;
        }
        Ok(())
    }

    fn check_sets(&self) -> Result<()> {
        let (free, recyclable) = (self.tables.free(), self.tables.recyclable());
        let gray = self.tables.with_gray();
        let is_consistent = free.is_consistent()
            && recyclable.is_consistent()
            && gray.is_consistent()
            && self.tables.young().is_consistent()
            && self.tables.with_gaps().is_consistent();
        let has_gray = gray.first_from(0).is_some();
        if !is_consistent || (has_gray && self.marking_state() != MarkingState::Marking) {
            return Err(Error::internal("a wrong set of blocks", 0));
        }
        let count = (0..self.blocks())
            .filter(|&block| free.contains(block))
            .count();
        if count != self.free_blocks() || free.first_from(self.blocks()).is_some() {
            return Err(Error::internal(
                "a wrong number of free blocks",
                count as u64,
            ));
        }
        Ok(())
    }

    /// Checks a block, and the blocks of a large object that starts there. Returns the number
    /// of blocks.
    fn check_block(&self, block: usize) -> Result<usize> {
        let wrong = |block: usize| Err(Error::internal("a wrong record of a block", block as u64));
        let record = &self.records()[block];
        if block < self.first_old_block() {
            return match self.is_young_block_right(block) {
                true => Ok(1),
                false => wrong(block),
            };
        }
        let is_free = record.state() == BlockState::Free;
        if self.tables.free().contains(block) != is_free
            || (!is_free && block >= self.used_end())
            || record.is_candidate()
            || record.is_target()
        {
            return wrong(block);
        }
        self.check_gaps(block)?;
        let has_holes = self.tables.recyclable().contains(block);
        let is_young = self.tables.young().contains(block);
        match record.state() {
            BlockState::Free if has_holes || is_young => wrong(block),
            BlockState::Free => Ok(1),
            BlockState::Small if !record.is_first_free_right() => wrong(block),
            BlockState::Small if record.leaving().is_some() && has_holes => wrong(block),
            BlockState::Small if record.leaving().is_some() => Ok(1),
            BlockState::Small if (record.free_lines() > 0) != has_holes => wrong(block),
            BlockState::Small if record.new_bytes() > 0 && !is_young => wrong(block),
            BlockState::Small => Ok(1),
            BlockState::LargeTail => wrong(block),
            BlockState::LargeHead => {
                let end = block + record.run();
                let Some(tails) = self.records().get(block + 1..end) else {
                    return wrong(block);
                };
                let is_tail = |tail: &super::BlockRecord| tail.state() == BlockState::LargeTail;
                if has_holes || !record.is_start(0) || !tails.iter().all(is_tail) {
                    return wrong(block);
                }
                Ok(end - block)
            }
        }
    }

    /// Checks that the lines of an object of `bytes` at `offset` are not free.
    fn check_lines(&self, offset: u64, bytes: u64) -> Result<()> {
        let block = self.block_of(offset);
        let record = &self.records()[block];
        let into = offset - self.start_of(block);
        if record.state() == BlockState::LargeHead {
            let room = record.run() as u64 * BLOCK_BYTES;
            if into != 0 || bytes <= LARGEST_SMALL || bytes > room {
                return Err(Error::internal("a large object out of place", offset));
            }
            return Ok(());
        }
        if self.is_in_gap(offset, bytes) {
            return Err(Error::internal("an object in a gap", offset));
        }
        let mut line = into / LINE_BYTES * LINE_BYTES;
        while line < into + bytes {
            if line >= BLOCK_BYTES || record.line_at(line) == LineUse::Free {
                return Err(Error::internal("an object in a free line", offset));
            }
            line += LINE_BYTES;
        }
        Ok(())
    }
}
