//! What the space knows of its blocks. The tables lie beside the heap in the same reservation.
//!
//! ```text
//! base                                  first block                     limit
//!  | sets of blocks | records | marks | gray bits | block 0 | block 1 | ...   |  ...  |
//!  |<------- accessible from the beginning ------>|<- committed ->|<- no access ----->|
//! ```
//!
//! The tables have room for all blocks below the limit. Pages of them that nothing has used
//! take no memory. So a heap has two mappings, however large it grows.

use core::cell::Cell;

use super::block_set::BlockSet;
use super::granule_bits::GranuleBits;
use super::record::BlockRecord;
use crate::base::pages;
use crate::error::Result;
use crate::heap::memory::{COMMIT_UNIT, Region, Reservation};

/// The number of sets.
const SETS: usize = 5;

/// Where the tables of a heap with a given limit lie, as offsets from the base.
#[derive(Clone, Copy, Debug)]
struct Places {
    /// The blocks below the limit.
    blocks: usize,
    records: u64,
    marks: u64,
    gray: u64,
    end: u64,
}

impl Places {
    fn of(blocks: usize) -> Places {
        let sets = (SETS * BlockSet::words_for(blocks) * size_of::<u64>()) as u64;
        let records = sets.next_multiple_of(align_of::<BlockRecord>() as u64);
        let marks = records + (blocks * size_of::<BlockRecord>()) as u64;
        let gray = marks + (blocks * size_of::<GranuleBits>()) as u64;
        let end = gray + (blocks * size_of::<GranuleBits>()) as u64;
        Places {
            blocks,
            records,
            marks,
            gray,
            end: end.next_multiple_of((pages::size() as u64).max(COMMIT_UNIT)),
        }
    }
}

/// The tables of a space.
#[derive(Debug)]
pub(super) struct BlockTables {
    region: Region,
    places: Places,
}

impl BlockTables {
    /// The bytes of the tables for this number of blocks.
    pub(super) fn bytes_for(blocks: usize) -> u64 {
        Places::of(blocks).end
    }

    /// The tables of `blocks` blocks, at the start of `reservation`.
    ///
    /// Errors: [`Error::SystemMemory`](crate::error::Error::SystemMemory),
    /// [`Error::Mappings`](crate::error::Error::Mappings).
    pub(super) fn new(reservation: &Reservation, blocks: usize) -> Result<BlockTables> {
        let places = Places::of(blocks);
        let mut region = reservation.region(0, places.end);
        region.commit_to(places.end)?;
        Ok(BlockTables { region, places })
    }

    /// Where the first block starts.
    pub(super) fn end(&self) -> u64 {
        self.places.end
    }

    /// The records of the first `count` blocks.
    #[inline(always)]
    pub(super) fn records(&self, count: usize) -> &[BlockRecord] {
        self.region
            .table(self.places.records, count.min(self.places.blocks))
    }

    /// The marks of the first `count` blocks: where the objects start that the collection under
    /// way has reached.
    #[inline(always)]
    pub(super) fn marks(&self, count: usize) -> &[GranuleBits] {
        self.region
            .table(self.places.marks, count.min(self.places.blocks))
    }

    /// The gray bits of a block.
    pub(super) fn gray_bits(&self, block: usize) -> &[Cell<u64>] {
        let bits: &[GranuleBits] = self.region.table(self.places.gray, self.places.blocks);
        bits[block].words()
    }

    fn set(&self, number: usize) -> BlockSet<'_> {
        let words = BlockSet::words_for(self.places.blocks);
        let at = (number * words * size_of::<u64>()) as u64;
        BlockSet::new(self.region.table(at, words), self.places.blocks)
    }

    /// The committed blocks that are not in use.
    pub(super) fn free(&self) -> BlockSet<'_> {
        self.set(0)
    }

    /// The blocks that have free lines which nobody has taken since the last collection.
    pub(super) fn recyclable(&self) -> BlockSet<'_> {
        self.set(1)
    }

    /// The blocks that have objects which were made since the last collection.
    pub(super) fn young(&self) -> BlockSet<'_> {
        self.set(3)
    }

    /// The blocks that have gaps.
    pub(super) fn with_gaps(&self) -> BlockSet<'_> {
        self.set(4)
    }

    /// The bits of the gaps of a block, while no trace is under way.
    pub(super) fn gap_bits(&self, block: usize) -> &[Cell<u64>] {
        self.gray_bits(block)
    }

    /// The blocks that have gray bits.
    pub(super) fn with_gray(&self) -> BlockSet<'_> {
        self.set(2)
    }

    /// Gives back the memory of the records of the blocks from `block` on. They become zeros,
    /// or stay as they are if the system refuses.
    pub(super) fn release_records_from(&self, block: usize) {
        let from = self.places.records + (block * size_of::<BlockRecord>()) as u64;
        self.region.discard_range(from..self.places.end);
    }
}
