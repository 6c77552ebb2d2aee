//! The size of a heap of blocks: opening, growing and shrinking it.

use super::BlockHeap;
use crate::error::Result;
use crate::heap::{BLOCK_BYTES, Budget, Mutator, Progress, heap_limit};

/// A heap below this size doubles when it grows.
const DOUBLES_BELOW: u64 = 4 << 20;

impl BlockHeap {
    /// See [`GcHeap::open`](crate::heap::GcHeap::open).
    pub(crate) fn open(&mut self, mutator: &Mutator) -> u64 {
        let (start, end) = (self.space.start(), self.space.end());
        // SAFETY: as in `update_end`.
        unsafe { mutator.set_memory(self.reservation.base(), start, end) };
        self.headroom = self.space.spare_blocks() as u64 * BLOCK_BYTES;
        self.headroom
    }

    /// Tells the mutator where the committed memory ends now.
    pub(crate) fn update_end(&self, mutator: &Mutator) {
        // SAFETY: the space is committed up to its end and belongs to this heap, which tells
        // the mutator whenever that changes. The mutator's window lies in a block in use.
        unsafe { mutator.set_heap_end(self.space.end()) };
    }

    /// See [`GcHeap::committed_after_growth`](crate::heap::GcHeap::committed_after_growth).
    pub(crate) fn committed_after_growth(&self, mutator: &Mutator, bytes: u64) -> Result<u64> {
        let committed = self.space.committed_bytes();
        if self.has_memory_for(mutator, bytes) {
            // Only the headroom is too small.
            return Ok(committed);
        }
        let step = if committed < DOUBLES_BELOW {
            committed
        } else {
            committed / 8
        };
        let blocks = bytes.div_ceil(BLOCK_BYTES).max(1) as usize;
        let wanted = self.space.after_growth(blocks, step);
        wanted.ok_or(heap_limit(bytes, self.space.limit_bytes()))
    }

    /// See [`GcHeap::grow`](crate::heap::GcHeap::grow).
    pub(crate) fn grow(&mut self, mutator: &Mutator, bytes: u64) -> Result<()> {
        let wanted = self.committed_after_growth(mutator, bytes)?;
        if wanted > self.space.committed_bytes() {
            let blocks = bytes.div_ceil(BLOCK_BYTES).max(1) as usize;
            let needed = self.space.after_growth(blocks, 0).unwrap_or(wanted);
            let grown = self.space.commit(wanted);
            grown.or_else(|_| self.space.commit(needed))?;
        }
        self.update_end(mutator);
        let allocated = mutator.bump.allocated_bytes();
        self.headroom = self.headroom.max(allocated.saturating_add(bytes));
        Ok(())
    }

    /// See [`GcHeap::set_headroom`](crate::heap::GcHeap::set_headroom). Memory goes back if more
    /// than `excess` bytes are committed beyond what is wanted.
    pub(crate) fn resize(
        &mut self,
        mutator: &Mutator,
        headroom: u64,
        (may_grow, excess): (bool, u64),
        budget: &mut Budget,
    ) -> Progress {
        // Half of the headroom is committed now, the rest when it is needed.
        let young = self.space.nursery_blocks() + self.space.promotion_reserve();
        let young_bytes = young as u64 * BLOCK_BYTES;
        let wanted = (mutator.bump.used_bytes() + young_bytes + headroom / 2)
            .min(self.space.limit_bytes())
            .next_multiple_of(BLOCK_BYTES);
        let committed = self.space.committed_bytes();
        if may_grow && wanted > committed {
            // If the system refuses, the next collection comes earlier. That is no error.
            let _ = self.space.commit(wanted.min(self.space.limit_bytes()));
        }
        let mut progress = Progress::Complete;
        if committed > wanted.saturating_add(excess) || self.shrinking {
            progress = self.space.decommit_towards(wanted, budget);
        }
        self.shrinking = progress == Progress::Continue;
        self.update_end(mutator);
        self.headroom = headroom;
        progress
    }

    /// See [`GcHeap::give_back`](crate::heap::GcHeap::give_back).
    pub(crate) fn give_back(&mut self, mutator: &Mutator) -> Result<()> {
        self.take_back(mutator)?;
        self.space.decommit_towards(0, &mut Budget::unlimited());
        self.space
            .release_free_pages((0, 0), &mut Budget::unlimited());
        self.update_end(mutator);
        self.stack.trim(self.space.committed_bytes());
        Ok(())
    }
}
