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

    /// Removes an object that has to be scanned. Returns its offset. Looks at the bits of one
    /// block.
    #[cold]
    pub(crate) fn take_gray(&self) -> Option<u64> {
        loop {
            let block = self.tables.with_gray().first_from(0)?;
            let words = self.tables.gray_bits(block).iter().enumerate();
            let gray = words.map(|(index, word)| (index as u64, word));
            if let Some((index, word)) = { gray }.find(|(_, word)| word.get() != 0) {
                let bits = word.get();
                word.set(bits & (bits - 1));
                let granule = index * 64 + u64::from(bits.trailing_zeros());
                return Some(self.start_of(block) + granule * GRANULE);
            }
            self.tables.with_gray().remove(block);
        }
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

    /// Checks that the object of `bytes` at `offset`, which does not end in its block, is a
    /// large object within its run of blocks.
    ///
    /// Errors: [`Error::Internal`].
    pub(crate) fn check_run(&self, offset: u64, bytes: u64) -> Result<()> {
        let block = self.block_of(offset);
        let record = &self.records()[block];
        let is_possible = record.state() == BlockState::LargeHead
            && bytes <= record.run() as u64 * super::BLOCK_BYTES;
        if !is_possible {
            return Err(Error::internal("an object beyond its block", offset));
        }
        Ok(())
    }
}
