//! The nursery: the blocks in front of all others, in which new objects are made.
//!
//! ```text
//! first block                 first old block
//!  | young | young |  unused  | old | old | free | ...
//!  |<-- nursery -->|          |
//!  |<--------- slot --------->|
//! ```
//!
//! The slot has address space for the largest nursery. It lies in front, so that one comparison
//! tells whether a reference is to a young object. The nursery's blocks count as committed; the
//! rest of the slot is accessible, but nothing has touched it.
//!
//! The mutator bumps through one block of the nursery after the other. A minor collection moves
//! the objects that are alive to other blocks (*promotes* them, see
//! [`promotion`](super::promotion)), and all blocks are empty again. So there must be free
//! blocks for all that the nursery may hold: the [promotion
//! reserve](BlockSpace::promotion_reserve).

use super::record::{BlockState, LINES};
use super::{BLOCK_BYTES, BlockSpace, Hole, LARGEST_SMALL};
use crate::error::Result;
use crate::heap::space::POISON;

/// The largest object, in bytes, that the heap makes in the nursery. A fast path may make a larger
/// one, for which the mutator's window has room.
pub(crate) const LARGEST_YOUNG: u64 = LARGEST_SMALL;

/// The blocks of the largest slot.
const MOST_BLOCKS: usize = (4 << 20) / BLOCK_BYTES as usize;

/// A slot is at most one of this number of the heap's blocks.
const BLOCKS_FOR_SLOT: usize = 8;

/// The blocks of the nursery of an empty heap, unless the heap is small. It keeps its pages when
/// the space is reset.
pub(crate) const FIRST_NURSERY_BLOCKS: usize = 2;

/// The least number of blocks of a new heap that has a nursery.
const LEAST_BLOCKS: u64 = 12;

impl BlockSpace {
    /// The blocks of the slot in a space of this limit.
    pub(crate) fn slot_for(limit: u64) -> usize {
        ((limit / BLOCK_BYTES) as usize / BLOCKS_FOR_SLOT).min(MOST_BLOCKS)
    }

    /// The number of the first block that is not in the slot.
    #[inline(always)]
    pub(crate) fn first_old_block(&self) -> usize {
        self.slot
    }

    /// The blocks that the nursery has.
    pub(crate) fn nursery_blocks(&self) -> usize {
        self.nursery.get()
    }

    /// The offset at which the slot ends.
    #[inline(always)]
    pub(crate) fn slot_end(&self) -> u64 {
        self.start_of(self.slot)
    }

    /// Whether `offset` lies in the slot.
    #[inline(always)]
    pub(crate) fn is_in_slot(&self, offset: u64) -> bool {
        offset.wrapping_sub(self.start()) < self.slot as u64 * BLOCK_BYTES
    }

    /// The blocks that the nursery of an empty heap has.
    pub(super) fn first_nursery(&self) -> usize {
        match self.bounds.initial >= LEAST_BLOCKS * BLOCK_BYTES {
            true => FIRST_NURSERY_BLOCKS.min(self.slot),
            false => 0,
        }
    }

    /// Gives the nursery this number of blocks. It must be empty.
    pub(crate) fn set_nursery_blocks(&self, blocks: usize) {
        debug_assert!(blocks <= self.slot);
        self.nursery.set(blocks);
    }

    /// The largest nursery, of at most `wanted` blocks, for which there is room: its own blocks
    /// if no more than `limit` bytes are to be committed, and free blocks for promotion. At
    /// least one more block stays free.
    pub(crate) fn nursery_that_fits(&self, wanted: usize, limit: u64) -> usize {
        let others = self.blocks() - self.slot;
        let limit = (limit.min(self.bounds.limit) / BLOCK_BYTES) as usize;
        let free = self
            .free_blocks()
            .saturating_sub(BlockSpace::reserve_of(others));
        let mut blocks = wanted.min(self.slot).min(limit.saturating_sub(others));
        while blocks > 0 && free <= promotion_reserve_of(blocks) {
            blocks /= 2;
        }
        blocks
    }

    /// Commits memory for a nursery of `wanted` blocks, if it is below the limit.
    ///
    /// Errors: [`Error::SystemMemory`](crate::error::Error::SystemMemory); nothing has changed
    /// then.
    pub(crate) fn commit_for_nursery(&mut self, wanted: usize) -> Result<()> {
        let before = self.nursery_blocks();
        self.set_nursery_blocks(wanted.min(self.slot));
        let committed = match self.after_growth(1, 0) {
            Some(bytes) => self.commit(bytes),
            None => Ok(()),
        };
        self.set_nursery_blocks(before);
        committed
    }

    /// The free blocks that are kept for promotion.
    pub(crate) fn promotion_reserve(&self) -> usize {
        promotion_reserve_of(self.nursery_blocks())
    }

    /// Takes the block of this number, of those that the nursery has, for new objects.
    pub(crate) fn take_nursery_block(&self, number: usize) -> Hole {
        debug_assert!(number < self.nursery_blocks());
        let record = &self.records()[number];
        record.begin_use(BlockState::Small, 0);
        record.take_lines(0, LINES);
        record.set_start(0);
        self.nursery_touched
            .set(self.nursery_touched.get().max(number + 1));
        let start = self.start_of(number);
        Hole {
            start,
            end: start + BLOCK_BYTES,
        }
    }

    /// Lets a collection that looks at all blocks move the young objects, as those of
    /// candidates for evacuation.
    pub(crate) fn make_nursery_candidates(&self) {
        for record in self.nursery_in_use() {
            record.set_candidate(true);
        }
    }

    fn nursery_in_use(&self) -> impl Iterator<Item = &super::BlockRecord> {
        let records = self.records()[..self.nursery_blocks()].iter();
        records.take_while(|record| record.state() != BlockState::Free)
    }

    /// Empties the nursery, whose live objects have moved. Fills it with [`POISON`] if `poison`
    /// is set.
    pub(crate) fn empty_nursery(&self, poison: bool) {
        for (number, record) in self.nursery_in_use().enumerate() {
            record.end_use();
            if poison {
                let start = self.start_of(number);
                let filled = self.region.fill(start, start + BLOCK_BYTES, POISON);
                debug_assert!(filled.is_ok());
            }
        }
    }

    /// Gives back the pages of the slot, except those of a first nursery.
    pub(super) fn release_nursery_pages(&self) {
        if self.nursery_touched.get() > FIRST_NURSERY_BLOCKS {
            let from = self.start_of(FIRST_NURSERY_BLOCKS);
            let end = self.start_of(self.nursery_touched.get());
            self.region.discard_range(from..end);
        }
        self.nursery_touched.set(0);
    }

    /// Whether the record of a block of the slot is as it must be.
    pub(super) fn is_young_block_right(&self, block: usize) -> bool {
        let record = &self.records()[block];
        let is_in_set = self.tables.free().contains(block)
            || self.tables.recyclable().contains(block)
            || self.tables.young().contains(block)
            || self.tables.with_gaps().contains(block);
        let is_right = match record.state() {
            BlockState::Free => true,
            BlockState::Small => block < self.nursery_blocks() && record.new_bytes() == BLOCK_BYTES,
            BlockState::LargeHead | BlockState::LargeTail => false,
        };
        is_right && !is_in_set && !record.is_candidate() && !record.is_target()
    }
}

/// The free blocks that a nursery of `blocks` blocks needs for promotion. The object for which a
/// block has no room, and the objects in that block, have more bytes together than a block; so
/// the blocks that are left have at most half of their bytes unused.
const fn promotion_reserve_of(blocks: usize) -> usize {
    if blocks == 0 { 0 } else { 2 * blocks + 1 }
}
