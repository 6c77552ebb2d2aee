//! Gray bits: the marked objects that have to be scanned and for which a mark stack has no
//! room.
//!
//! The bits lie beside the heap, with room for every object. So a trace needs no memory,
//! whatever the objects refer to, and scans each object once. The set of blocks that have gray
//! objects finds the next one without a search through the heap.

use super::BlockSpace;
use super::record::BlockState;
use crate::error::{Error, Result};
use crate::heap::reference::GRANULE;

impl BlockSpace {
    /// Notes that the object at `offset` has to be scanned.
    #[cold]
    pub(crate) fn set_gray(&self, offset: u64) {
        let block = self.block_of(offset);
        let granule = (offset - self.start_of(block)) / GRANULE;
        let word = &self.tables.gray_bits(block)[(granule / 64) as usize];
        word.set(word.get() | 1 << (granule % 64));
        self.tables.with_gray().insert(block);
    }

    /// Removes an object that has to be scanned. Passes others, all of the same block, to
    /// `push`, until that returns `false`. Those that it took are not gray any more.
    #[cold]
    pub(crate) fn take_gray(&self, mut push: impl FnMut(u64) -> bool) -> Option<u64> {
        let block = self.tables.with_gray().first_from(0)?;
        let mut first = None;
        let start = self.start_of(block);
        for (index, word) in self.tables.gray_bits(block).iter().enumerate() {
            let mut bits = word.get();
            while bits != 0 {
                let granule = index as u64 * 64 + u64::from(bits.trailing_zeros());
                let offset = start + granule * GRANULE;
                if first.is_none() {
                    first = Some(offset);
                } else if !push(offset) {
                    word.set(bits);
                    return first;
                }
                bits &= bits - 1;
            }
            word.set(0);
        }
        self.tables.with_gray().remove(block);
        first
    }

    /// Checks that a block which is in use may have an object at `offset`, a place in the
    /// committed memory.
    ///
    /// Errors: [`Error::Internal`].
    pub(crate) fn check_may_hold(&self, offset: u64) -> Result<()> {
        let block = self.block_of(offset);
        let is_possible = match self.records()[block].state() {
            BlockState::Small => true,
            BlockState::LargeHead => offset == self.start_of(block),
            BlockState::Free | BlockState::LargeTail => false,
        };
        if !is_possible {
            return Err(Error::internal("a reference to free memory", offset));
        }
        Ok(())
    }

    /// Checks that the object of `bytes` at `offset` is a large object within its run of blocks.
    /// Objects that do not end in their block must be large, and those that have more bytes
    /// together than their block.
    ///
    /// Errors: [`Error::Internal`].
    pub(crate) fn check_run(&self, offset: u64, bytes: u64) -> Result<()> {
        let block = self.block_of(offset);
        let record = &self.records()[block];
        let is_possible = record.state() == BlockState::LargeHead
            && bytes <= record.run() as u64 * super::BLOCK_BYTES;
        if !is_possible {
            return Err(Error::internal(
                "objects that overlap, or end in no block",
                offset,
            ));
        }
        Ok(())
    }
}
