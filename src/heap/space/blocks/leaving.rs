//! Blocks whose objects are to move away while the program runs between the steps of a full
//! collection. `collectors/block_heap/leaving.rs` moves them.

use super::record::{BlockState, LINES};
use super::{BLOCK_BYTES, BlockSpace};

impl BlockSpace {
    /// Notes that a block of small objects is leaving, as the one of this number. Nothing is made
    /// there from now on.
    pub(crate) fn begin_leaving(&self, block: usize, number: usize) {
        debug_assert!(self.records()[block].state() == BlockState::Small);
        self.records()[block].set_leaving(Some(number));
        self.tables.recyclable().remove(block);
    }

    /// Lets a leaving block stay. Its free lines may be used again.
    pub(crate) fn end_leaving(&self, block: usize) {
        if self.records()[block].leaving().is_some() {
            self.records()[block].set_leaving(None);
            self.update_recyclable(block);
        }
    }

    /// Notes that the objects of a leaving block move now. Its lines are not used again before the
    /// block is swept.
    pub(crate) fn end_leaving_for_good(&self, block: usize) {
        self.records()[block].set_leaving(None);
    }

    /// The first object of a block that the collection under way has marked and that does not lie
    /// before `into`, in bytes from the block's start.
    pub(crate) fn next_marked(&self, block: usize, into: u64) -> Option<u64> {
        if into >= BLOCK_BYTES || !self.records()[block].has_marks_of(self.cycle) {
            return None;
        }
        self.marks()[block].first_from(into)
    }

    /// Takes a free block for objects that move.
    pub(crate) fn acquire_for_copies(&self) -> Option<usize> {
        let block = self.acquire()?;
        let record = &self.records()[block];
        record.end_cycle();
        record.take_lines_for_live(0, LINES);
        Some(block)
    }

    /// Notes that an object of `bytes` has moved to `offset`.
    pub(crate) fn note_copy(&self, offset: u64, bytes: u64) {
        let block = self.block_of(offset);
        self.records()[block].set_start(offset - self.start_of(block));
        self.mark_black(offset, bytes);
    }

    /// Forgets the marked objects of a block, which have moved away. The others are dead.
    pub(crate) fn forget_marked(&self, block: usize) {
        self.records()[block].forget_marked(&self.marks()[block]);
    }
}
