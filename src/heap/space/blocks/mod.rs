//! The block space: blocks of lines, in which objects are marked in place or evacuated.
//!
//! **Idea.** The memory is divided into blocks of 32 KiB, and each block into lines of 128
//! bytes. A collection marks the lines of the objects that it reaches. All other lines are
//! free afterwards, wherever they lie: the mutator bumps through one *hole*, a run of free
//! lines, after the other. A block without live lines is free as a whole. An object of more than
//! half a block, for which the mutator's window has no room, is *large*: it has a run of blocks
//! to itself, and never moves.
//!
//! ```text
//! block | line | line | line | line | ...            starts: one bit for each granule
//!       |AAB   |      |   CCCCCC    | D              lines:  live free live live live
//!               hole
//! ```
//!
//! Where objects start is known from their marks. A dead object has no mark, so nothing walks
//! over it, and its memory needs no header. In a hole that was taken since the last
//! collection, the first start is noted, and the others are found by walking from it.
//!
//! What is known of a block lies beside the heap ([`tables`]), so that a collection writes to
//! no object that stays in place.
//!
//! A collector that counts references knows of each object when it dies. Its lines count their
//! objects, and need no trace to become free ([`counts`]).
//!
//! **Cost.** A collection costs what is alive, and a look at the record of each block in use.
//! About 6 percent of the address space holds tables, of which only the parts for blocks in
//! use take memory.
//!
//! **Sources.** Blackburn and McKinley, "Immix: A Mark-Region Garbage Collector with Space
//! Efficiency, Fast Collection, and Mutator Performance", PLDI 2008.
//!
//! **Rejected.** Marking the line after each small object's line too, instead of computing
//! where the object ends (a collection measures each object anyway, and holes stay larger).

mod acquire;
mod block_set;
mod check;
mod counts;
mod gaps;
mod granule_bits;
mod gray;
mod holes;
mod leaving;
mod marking_state;
mod marks;
mod nursery;
mod pinned;
mod promotion;
mod record;
mod sizes;
mod sweep;
mod tables;
#[cfg(test)]
mod tests;
mod walk;

pub(crate) use granule_bits::GranuleBits;
pub(crate) use holes::Hole;
pub(crate) use marking_state::MarkingState;
pub(crate) use nursery::{FIRST_NURSERY_BLOCKS, LARGEST_YOUNG};
pub(crate) use promotion::PromotionWindow;
pub(crate) use record::{BlockRecord, BlockState};
pub(crate) use sizes::{BLOCK_BYTES, LARGEST_SMALL, LINE_BYTES, MOST_SHARED};

use core::cell::Cell;

use super::bounds::Bounds;
use crate::error::Result;
use crate::heap::memory::{Region, Reservation};
use sizes::BLOCKS_FOR_RESERVE;
use tables::BlockTables;

/// Blocks of lines. See the [module](self).
#[derive(Debug)]
pub(crate) struct BlockSpace {
    tables: BlockTables,
    region: Region,
    /// In bytes, all multiples of [`BLOCK_BYTES`].
    bounds: Bounds,
    /// The number of free blocks.
    free: Cell<usize>,
    /// No block from here on was used since the space was empty.
    used_end: Cell<usize>,
    /// The blocks in front of all others, which are the nursery's.
    slot: usize,
    /// The number of blocks of the slot that the nursery has now.
    nursery: Cell<usize>,
    /// No block of the slot from here on was used since the space was empty.
    nursery_touched: Cell<usize>,
    /// The number of the last collection, from 1 to 127.
    cycle: u8,
    /// What the collection between whose steps the program runs does.
    marking: Cell<MarkingState>,
    /// Gaps are used, so what is freed in live lines becomes part of one.
    uses_gaps: Cell<bool>,
    /// The block at which a search for a hole of several lines continues.
    next_search: Cell<usize>,
}

impl BlockSpace {
    /// The least limit of a heap that consists of one such space.
    pub(crate) const LEAST_LIMIT: u64 = 2 * BLOCK_BYTES;

    /// The limit that is in force for a heap that consists of one such space, if `limit` is
    /// asked for. The space has a slot of `slot` blocks for a nursery.
    pub(crate) fn limit_for(limit: u64, slot: usize) -> u64 {
        let limit = limit.max(BlockSpace::LEAST_LIMIT) / BLOCK_BYTES * BLOCK_BYTES;
        let blocks = (limit / BLOCK_BYTES) as usize + slot;
        let beside = BlockTables::bytes_for(blocks) + slot as u64 * BLOCK_BYTES;
        // References reach the tables too.
        limit.min((crate::heap::HEAP_MAX - beside) / BLOCK_BYTES * BLOCK_BYTES)
    }

    /// The bytes of address space that a space with this limit and slot, and its tables, need.
    pub(crate) fn reserved_bytes(limit: u64, slot: usize) -> u64 {
        let blocks = (limit / BLOCK_BYTES) as usize + slot;
        BlockTables::bytes_for(blocks) + blocks as u64 * BLOCK_BYTES
    }

    /// An empty space that fills `reservation`, with a slot of `slot` blocks for a nursery, and
    /// with a limit from [`BlockSpace::limit_for`]. About `initial` bytes are committed.
    ///
    /// Errors: [`Error::SystemMemory`](crate::error::Error::SystemMemory),
    /// [`Error::Mappings`](crate::error::Error::Mappings).
    pub(crate) fn new(
        reservation: &Reservation,
        (limit, slot): (u64, usize),
        initial: u64,
    ) -> Result<BlockSpace> {
        let initial = initial.clamp(1, limit).next_multiple_of(BLOCK_BYTES);
        let blocks = (limit / BLOCK_BYTES) as usize + slot;
        let tables = BlockTables::new(reservation, blocks)?;
        let first = tables.end();
        let mut space = BlockSpace {
            region: reservation.region(first, first + blocks as u64 * BLOCK_BYTES),
            tables,
            bounds: Bounds::new(limit, initial),
            free: Cell::new(0),
            used_end: Cell::new(slot),
            slot,
            nursery: Cell::new(0),
            nursery_touched: Cell::new(0),
            cycle: 0,
            marking: Cell::new(MarkingState::Idle),
            uses_gaps: Cell::new(false),
            next_search: Cell::new(0),
        };
        space.set_nursery_blocks(space.first_nursery());
        space.region.commit_to(space.end_for(initial))?;
        space.add_free_blocks(slot);
        Ok(space)
    }

    /// The memory.
    #[inline(always)]
    pub(crate) fn region(&self) -> &Region {
        &self.region
    }

    /// Where the first block starts, which is the nursery's if there is one.
    #[inline(always)]
    pub(crate) fn start(&self) -> u64 {
        self.region.start()
    }

    /// Where the committed memory ends.
    pub(crate) fn end(&self) -> u64 {
        self.region.committed_end()
    }

    /// The records of the committed blocks.
    #[inline(always)]
    pub(crate) fn records(&self) -> &[BlockRecord] {
        self.tables.records(self.blocks())
    }

    /// The number of the last committed block plus one: the blocks of the slot and the others.
    #[inline(always)]
    pub(crate) fn blocks(&self) -> usize {
        ((self.region.committed_end() - self.region.start()) / BLOCK_BYTES) as usize
    }

    /// The number of committed blocks that are not in use.
    pub(crate) fn free_blocks(&self) -> usize {
        self.free.get()
    }

    /// The number of free blocks that the mutator may take. The others are the reserves for
    /// evacuation and for promotion.
    pub(crate) fn spare_blocks(&self) -> usize {
        let reserve = BlockSpace::reserve_of(self.blocks() - self.slot) + self.promotion_reserve();
        self.free_blocks().saturating_sub(reserve)
    }

    /// The number of blocks that a space of `blocks` blocks keeps for evacuation.
    pub(crate) fn reserve_of(blocks: usize) -> usize {
        blocks / BLOCKS_FOR_RESERVE
    }

    /// The bytes of the free blocks, and of the holes in blocks that are in use.
    pub(crate) fn free_bytes(&self) -> u64 {
        let records = &self.records()[self.slot..self.used_end()];
        let used = records.iter().filter(|r| r.state() == BlockState::Small);
        let lines: usize = used.map(BlockRecord::free_lines).sum();
        lines as u64 * LINE_BYTES + self.free_blocks() as u64 * BLOCK_BYTES
    }

    /// The number of blocks that may be in use: those after them were never used.
    pub(crate) fn used_end(&self) -> usize {
        self.used_end.get()
    }

    /// The block that `offset` lies in. `offset` must not be before the first block.
    #[inline(always)]
    pub(crate) fn block_of(&self, offset: u64) -> usize {
        ((offset - self.start()) / BLOCK_BYTES) as usize
    }

    /// Where a block starts.
    #[inline(always)]
    pub(crate) fn start_of(&self, block: usize) -> u64 {
        self.start() + block as u64 * BLOCK_BYTES
    }

    /// The most bytes that the space can have.
    pub(crate) fn limit_bytes(&self) -> u64 {
        self.bounds.limit
    }

    /// The bytes that stay committed (HEAP-10).
    pub(crate) fn initial_bytes(&self) -> u64 {
        self.bounds.initial
    }

    /// The bytes that are committed. Of the nursery's slot, the part counts that the nursery has.
    #[inline(always)]
    pub(crate) fn committed_bytes(&self) -> u64 {
        self.committed_up_to(self.region.committed_end())
    }

    /// The bytes that are committed if the region is committed up to `end`.
    fn committed_up_to(&self, end: u64) -> u64 {
        end - self.start() - (self.slot - self.nursery_blocks()) as u64 * BLOCK_BYTES
    }

    /// Where the region ends if `bytes` bytes are committed. The opposite of
    /// `committed_up_to`.
    fn end_for(&self, bytes: u64) -> u64 {
        self.start() + bytes + (self.slot - self.nursery_blocks()) as u64 * BLOCK_BYTES
    }
}
