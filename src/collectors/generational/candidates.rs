//! Which blocks are evacuated.
//!
//! A block is a *candidate* if few of its bytes are likely to be alive. The choice uses what is
//! known before the trace: what the last collection found alive in a block, and which share of
//! the objects made since then survives usually. A block with a pinned object is never one.

use super::{GenerationalHeap, WHOLE};
use crate::heap::{BLOCK_BYTES, BlockRecord, BlockState};

/// The classes by which candidates are chosen, each of the same number of live bytes.
const CLASSES: usize = 32;

/// Only blocks of the first classes are worth emptying: those that are at most half full.
const SPARSE_CLASSES: usize = CLASSES / 2;

impl GenerationalHeap {
    /// Chooses the candidates: the sparsest blocks first, as far as their live bytes are
    /// expected to fit into the free blocks. All blocks that may be, if every object is to
    /// move.
    pub(crate) fn choose_candidates(&mut self) {
        let space = &self.blocks.space;
        let free = space.free_blocks() - space.promotion_reserve().min(space.free_blocks());
        let free = free as u64 * BLOCK_BYTES;
        let mut expected = [0_u64; CLASSES];
        self.fresh_bytes = 0;
        for record in self.small_blocks().filter(|record| !record.is_pinned()) {
            let live = self.expected_live(record);
            expected[class_of(live)] += live.max(1);
        }
        let mut room = free;
        let mut classes = 0;
        while classes < SPARSE_CLASSES && expected[classes] <= room {
            room -= expected[classes];
            classes += 1;
        }
        if self.moves_all {
            classes = CLASSES;
        }
        let mut fresh = 0;
        for record in self.small_blocks() {
            let is_sparse = class_of(self.expected_live(record)) < classes;
            record.set_candidate(is_sparse && !record.is_pinned());
            fresh += u64::from(record.is_fresh()) * BLOCK_BYTES;
        }
        self.fresh_bytes = fresh;
        self.blocks.space.make_nursery_candidates();
    }

    /// The records of the blocks that have small objects.
    fn small_blocks(&self) -> impl Iterator<Item = &BlockRecord> {
        let records = self.blocks.space.records();
        let used = records.iter().take(self.blocks.space.used_end());
        let old = used.skip(self.blocks.space.first_old_block());
        old.filter(|record| record.state() == BlockState::Small)
    }

    /// The bytes of a block that are expected to be alive.
    fn expected_live(&self, record: &BlockRecord) -> u64 {
        let kept = record.live();
        let new = record.new_bytes();
        (kept + new * self.survival / WHOLE).min(BLOCK_BYTES)
    }

    /// Learns, after a sweep, which share of the bytes in fresh blocks survived.
    pub(super) fn learn_survival(&mut self) {
        if self.fresh_bytes == 0 {
            return;
        }
        let survived = self.blocks.sweep.fresh_live + self.blocks.marks.moved_fresh;
        let share = (survived * WHOLE / self.fresh_bytes).min(WHOLE);
        self.survival = (self.survival + share).div_ceil(2);
    }
}

/// The class of a block with this number of live bytes.
fn class_of(live: u64) -> usize {
    ((live * CLASSES as u64 / BLOCK_BYTES) as usize).min(CLASSES - 1)
}
