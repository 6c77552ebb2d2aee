//! Gaps: the free bytes between objects in live lines.
//!
//! A collection frees whole lines. Bytes that dead objects had in lines with live objects stay
//! unused, as long as there is other memory. A heap that is nearly full and must not grow uses
//! them too: each granule of a gap has a bit beside the heap, and an allocation for which there
//! is no hole takes the first gap that is long enough. It looks at 64 blocks with gaps, so a heap
//! of that size refuses nothing that a collector of single objects would allocate.
//!
//! The bits share their memory with the gray bits, which only a trace uses.

use core::cell::Cell;
use core::ops::Range;

use super::record::BlockState;
use super::{BLOCK_BYTES, BlockSpace, Hole, LINE_BYTES};
use crate::error::{Error, Result};
use crate::heap::layout_table::LayoutTable;
use crate::heap::reference::{GRANULE, LEAST_BYTES};

/// The most blocks whose bits an allocation reads.
const MOST_BLOCKS: usize = 64;

impl BlockSpace {
    /// Begins to use gaps. [`BlockSpace::list_gaps`] finds those of each block.
    pub(crate) fn use_gaps(&self) {
        self.uses_gaps.set(true);
    }

    /// Whether gaps are used.
    pub(crate) fn uses_gaps(&self) -> bool {
        self.uses_gaps.get()
    }

    /// Finds the gaps of a block, whose lines are as a collection left them.
    ///
    /// Errors: [`Error::Internal`] if the heap is found overwritten.
    pub(crate) fn list_gaps(&self, block: usize, layouts: &LayoutTable) -> Result<()> {
        self.remove_gaps(block, 0..BLOCK_BYTES);
        let (record, start) = (&self.records()[block], self.start_of(block));
        if record.state() != BlockState::Small {
            return Ok(());
        }
        let mut at = 0;
        while at < BLOCK_BYTES {
            let next = record.first_start_from(at).unwrap_or(BLOCK_BYTES);
            self.add_gap(start + at, next - at);
            at = next;
            if next < BLOCK_BYTES {
                at = self.end_of_object(block, next, layouts)?;
            }
        }
        Ok(())
    }

    /// Adds the `bytes` at `offset`, which no object has, as far as their lines are live.
    pub(crate) fn add_gap(&self, offset: u64, bytes: u64) {
        let block = self.block_of(offset);
        let into = offset - self.start_of(block);
        let (record, bits) = (&self.records()[block], self.tables.gap_bits(block));
        let (mut at, end) = (into, (into + bytes).min(BLOCK_BYTES));
        while at < end {
            let line_end = ((at / LINE_BYTES + 1) * LINE_BYTES).min(end);
            if record.is_live_at(at) {
                set_bits(bits, at / GRANULE..line_end / GRANULE, true);
                self.tables.with_gaps().insert(block);
            }
            at = line_end;
        }
    }

    /// Checks that gaps lie in live lines only.
    ///
    /// Errors: [`Error::Internal`].
    pub(super) fn check_gaps(&self, block: usize) -> Result<()> {
        if !self.tables.with_gaps().contains(block) {
            return Ok(());
        }
        let (record, bits) = (&self.records()[block], self.tables.gap_bits(block));
        let end = BLOCK_BYTES / GRANULE;
        let mut at = next_bit(bits, 0, true);
        while at < end {
            if !self.uses_gaps() || !record.is_live_at(at * GRANULE) {
                return Err(Error::internal("a gap in a free line", block as u64));
            }
            at = next_bit(bits, at + 1, true);
        }
        Ok(())
    }

    /// Whether a gap has some of the `bytes` at `offset`.
    pub(super) fn is_in_gap(&self, offset: u64, bytes: u64) -> bool {
        let block = self.block_of(offset);
        let first = (offset - self.start_of(block)) / GRANULE;
        self.tables.with_gaps().contains(block)
            && next_bit(self.tables.gap_bits(block), first, true) < first + bytes / GRANULE
    }

    /// Removes what gaps have of these bytes of a block.
    pub(super) fn remove_gaps(&self, block: usize, bytes: Range<u64>) {
        if self.tables.with_gaps().contains(block) {
            let granules = bytes.start / GRANULE..bytes.end / GRANULE;
            set_bits(self.tables.gap_bits(block), granules, false);
        }
    }

    /// Removes all gaps, and uses none from now on.
    pub(crate) fn clear_gaps(&self) {
        self.uses_gaps.set(false);
        while let Some(block) = self.tables.with_gaps().first_from(0) {
            self.remove_gaps(block, 0..BLOCK_BYTES);
            self.tables.with_gaps().remove(block);
        }
    }

    /// Whether there is a gap of `bytes` that [`BlockSpace::take_gap`] finds.
    pub(crate) fn has_gap(&self, bytes: u64) -> bool {
        self.find_gap(bytes).is_some()
    }

    /// Takes exactly `bytes` of a gap, where an object is to start. `None` if the first blocks
    /// with gaps have none of that size.
    pub(crate) fn take_gap(&self, bytes: u64) -> Option<Hole> {
        let (block, first) = self.find_gap(bytes)?;
        let into = first * GRANULE;
        self.remove_gaps(block, into..into + bytes);
        self.records()[block].set_start(into);
        let start = self.start_of(block) + into;
        Some(Hole {
            start,
            end: start + bytes,
        })
    }

    /// The first gap of at least `bytes` in the first blocks with gaps: its block, and the
    /// number of its first granule in that.
    fn find_gap(&self, bytes: u64) -> Option<(usize, u64)> {
        let granules = bytes.max(u64::from(LEAST_BYTES)) / GRANULE;
        let mut from = 0;
        for _ in 0..MOST_BLOCKS {
            let block = self.tables.with_gaps().first_from(from)?;
            if let Some(first) = first_run(self.tables.gap_bits(block), granules) {
                return Some((block, first));
            }
            from = block + 1;
        }
        None
    }
}

/// Sets or clears the bits of these granules.
fn set_bits(bits: &[Cell<u64>], granules: Range<u64>, on: bool) {
    for granule in granules {
        if let Some(word) = bits.get((granule / 64) as usize) {
            let bit = 1 << (granule % 64);
            word.set(if on {
                word.get() | bit
            } else {
                word.get() & !bit
            });
        }
    }
}

/// The first of `count` set bits in a row.
fn first_run(bits: &[Cell<u64>], count: u64) -> Option<u64> {
    let end = bits.len() as u64 * 64;
    let mut at = 0;
    while at < end {
        let first = next_bit(bits, at, true);
        let after = next_bit(bits, first, false);
        if after - first >= count {
            return Some(first);
        }
        at = after.max(first + 1);
    }
    None
}

/// The first bit from `from` on that is set, or is not, as asked. The number of bits if no bit
/// is so.
fn next_bit(bits: &[Cell<u64>], from: u64, set: bool) -> u64 {
    let mut at = from;
    while let Some(word) = bits.get((at / 64) as usize) {
        let word = if set { word.get() } else { !word.get() };
        let left = word & u64::MAX << (at % 64);
        if left != 0 {
            return at / 64 * 64 + u64::from(left.trailing_zeros());
        }
        at = (at / 64 + 1) * 64;
    }
    bits.len() as u64 * 64
}
