//! A bit for each granule of a block.

use core::cell::Cell;
use core::ops::Range;

use super::sizes::{BLOCK_BYTES, LINE_BYTES};
use crate::heap::memory::TableElement;
use crate::heap::reference::GRANULE;

/// The words with a bit for each granule of a block.
const WORDS: usize = (BLOCK_BYTES / GRANULE / u64::BITS as u64) as usize;

/// The bits of the granules of one line, the first in the lowest.
const LINE_BITS: u64 = (1 << (LINE_BYTES / GRANULE)) - 1;

/// A bit for each granule of a block. Places are in bytes from the block's start.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct GranuleBits([Cell<u64>; WORDS]);

// SAFETY: all fields are cells of numbers.
unsafe impl TableElement for GranuleBits {}

impl GranuleBits {
    /// The words, each with the bits of 64 granules.
    pub(super) fn words(&self) -> &[Cell<u64>] {
        &self.0
    }

    /// The word with the bit of the granule at `into`.
    #[inline(always)]
    fn word_and_bit(&self, into: u64) -> (&Cell<u64>, u64) {
        let granule = into / GRANULE % (WORDS as u64 * 64);
        let word = &self.0[(granule / 64) as usize];
        (word, 1 << (granule % 64))
    }

    /// Whether the bit is set.
    #[inline(always)]
    pub(crate) fn has(&self, into: u64) -> bool {
        let (word, bit) = self.word_and_bit(into);
        word.get() & bit != 0
    }

    /// Sets a bit. Whether it was not set.
    #[inline(always)]
    pub(crate) fn set(&self, into: u64) -> bool {
        let (word, bit) = self.word_and_bit(into);
        let before = word.get();
        let is_new = before & bit == 0;
        if is_new {
            word.set(before | bit);
        }
        is_new
    }

    /// Clears a bit.
    pub(super) fn clear(&self, into: u64) {
        let (word, bit) = self.word_and_bit(into);
        word.set(word.get() & !bit);
    }

    /// Clears the bits of these lines.
    pub(super) fn clear_lines(&self, lines: Range<usize>) {
        for line in lines {
            let (word, first) = self.word_and_bit(line as u64 * LINE_BYTES);
            word.set(word.get() & !(first * LINE_BITS));
        }
    }

    /// Clears the bits that `other` has.
    pub(super) fn remove(&self, other: &GranuleBits) {
        for (word, removed) in self.0.iter().zip(&other.0) {
            word.set(word.get() & !removed.get());
        }
    }

    /// Clears all bits.
    pub(super) fn clear_all(&self) {
        self.0.iter().for_each(|word| word.set(0));
    }

    /// Takes over the bits of `other`, except those of lines that `keeps` names: these stay as
    /// they are.
    pub(super) fn copy_from(&self, other: &GranuleBits, keeps: impl Fn(usize) -> bool) {
        const LINES_OF_WORD: usize = (64 * GRANULE / LINE_BYTES) as usize;
        for (index, (word, new)) in self.0.iter().zip(&other.0).enumerate() {
            let kept = (0..LINES_OF_WORD)
                .filter(|line| keeps(index * LINES_OF_WORD + line))
                .fold(0, |bits, line| {
                    bits | LINE_BITS << (line as u64 * LINE_BYTES / GRANULE)
                });
            word.set(word.get() & kept | new.get() & !kept);
        }
    }

    /// The number of bits that are set in the lines that `counts` names.
    pub(super) fn count_in(&self, counts: impl Fn(usize) -> bool) -> u64 {
        const LINES_OF_WORD: usize = (64 * GRANULE / LINE_BYTES) as usize;
        let words = self
            .0
            .iter()
            .enumerate()
            .filter(|(_, word)| word.get() != 0);
        words
            .map(|(index, word)| {
                (0..LINES_OF_WORD)
                    .filter(|line| counts(index * LINES_OF_WORD + line))
                    .map(|line| word.get() >> (line as u64 * LINE_BYTES / GRANULE) & LINE_BITS)
                    .map(|bits| u64::from(bits.count_ones()))
                    .sum::<u64>()
            })
            .sum()
    }

    /// The number of bits that are set.
    pub(crate) fn count(&self) -> u64 {
        let words = self.0.iter();
        words.map(|word| u64::from(word.get().count_ones())).sum()
    }

    /// The last bit that is set and is not after `into`.
    pub(super) fn last_up_to(&self, into: u64) -> Option<u64> {
        let granule = into / GRANULE;
        let mut word = (granule / 64) as usize;
        let mut bits = self.0[word].get() & u64::MAX >> (63 - granule % 64);
        while bits == 0 {
            word = word.checked_sub(1)?;
            bits = self.0[word].get();
        }
        Some((word as u64 * 64 + u64::from(bits.ilog2())) * GRANULE)
    }

    /// The first bit that is set and is not before `into`.
    pub(super) fn first_from(&self, into: u64) -> Option<u64> {
        let granule = into / GRANULE;
        let mut word = (granule / 64) as usize;
        let mut bits = self.0.get(word)?.get() & u64::MAX << (granule % 64);
        while bits == 0 {
            word += 1;
            bits = self.0.get(word)?.get();
        }
        Some((word as u64 * 64 + u64::from(bits.trailing_zeros())) * GRANULE)
    }
}

const _: () = assert!(WORDS as u64 * 64 * GRANULE == BLOCK_BYTES);
