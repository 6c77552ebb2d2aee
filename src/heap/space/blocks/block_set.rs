//! A set of blocks, in which the first member is found without a search through all of it.

use core::cell::Cell;

/// The members that one word stands for.
const BITS: usize = u64::BITS as usize;

/// A set of block numbers below a bound: one bit for each number, and one bit of a summary for
/// each word of bits. The words belong to the space's tables. All zeros are the empty set.
#[derive(Clone, Copy, Debug)]
pub(in crate::heap) struct BlockSet<'a> {
    /// The bit of each word that is not 0.
    summary: &'a [Cell<u64>],
    /// The bit of each member.
    words: &'a [Cell<u64>],
}

impl<'a> BlockSet<'a> {
    /// The number of words that a set of numbers below `blocks` needs.
    pub(super) const fn words_for(blocks: usize) -> usize {
        let words = blocks.div_ceil(BITS);
        words.div_ceil(BITS) + words
    }

    /// The set of numbers below `blocks` that these words hold.
    pub(super) fn new(cells: &'a [Cell<u64>], blocks: usize) -> BlockSet<'a> {
        let (summary, words) = cells.split_at(blocks.div_ceil(BITS).div_ceil(BITS));
        BlockSet { summary, words }
    }

    /// Adds `block`. Whether it was not a member.
    pub(in crate::heap) fn insert(self, block: usize) -> bool {
        let (word, bit) = (block / BITS, 1 << (block % BITS));
        let before = self.words[word].get();
        self.words[word].set(before | bit);
        let summary = &self.summary[word / BITS];
        summary.set(summary.get() | 1 << (word % BITS));
        before & bit == 0
    }

    /// Removes `block`. Whether it was a member.
    pub(in crate::heap) fn remove(self, block: usize) -> bool {
        let (word, bit) = (block / BITS, 1 << (block % BITS));
        let before = self.words[word].get();
        self.words[word].set(before & !bit);
        if before & !bit == 0 {
            let summary = &self.summary[word / BITS];
            summary.set(summary.get() & !(1 << (word % BITS)));
        }
        before & bit != 0
    }

    /// Whether `block` is a member.
    pub(in crate::heap) fn contains(self, block: usize) -> bool {
        let word = self.words.get(block / BITS).map_or(0, Cell::get);
        word >> (block % BITS) & 1 != 0
    }

    /// The first member that is not before `from`.
    pub(in crate::heap) fn first_from(self, from: usize) -> Option<usize> {
        let mut word = from / BITS;
        let mut bits = self.words.get(word)?.get() & u64::MAX << (from % BITS);
        while bits == 0 {
            word = self.next_word(word + 1)?;
            bits = self.words[word].get();
        }
        Some(word * BITS + bits.trailing_zeros() as usize)
    }

    /// The first word that is not 0, from number `from` on.
    fn next_word(self, from: usize) -> Option<usize> {
        let mut index = from / BITS;
        let mut bits = self.summary.get(index)?.get() & u64::MAX << (from % BITS);
        while bits == 0 {
            index += 1;
            bits = self.summary.get(index)?.get();
        }
        Some(index * BITS + bits.trailing_zeros() as usize)
    }

    /// The first block of the first `count` members in a row.
    pub(in crate::heap) fn first_run(self, count: usize) -> Option<usize> {
        let mut start = self.first_from(0)?;
        loop {
            let end = self.run_end(start, count);
            if end - start >= count {
                return Some(start);
            }
            start = self.first_from(end)?;
        }
    }

    /// Where the members in a row from `start` on end. Looks at `most` of them at most.
    fn run_end(self, start: usize, most: usize) -> usize {
        let mut at = start;
        while at - start < most {
            let Some(word) = self.words.get(at / BITS) else {
                break;
            };
            let ones = (word.get() >> (at % BITS)).trailing_ones() as usize;
            at += ones;
            if ones == 0 || !at.is_multiple_of(BITS) {
                break;
            }
        }
        at
    }

    /// The number of members in a row that end before `end`.
    pub(in crate::heap) fn run_before(self, end: usize) -> usize {
        let mut at = end;
        while at > 0 {
            let (word, bits) = ((at - 1) / BITS, (at - 1) % BITS + 1);
            let ones = (self.words[word].get() << (BITS - bits)).leading_ones() as usize;
            at -= ones;
            if ones < bits {
                break;
            }
        }
        end - at
    }

    /// Removes all members.
    pub(super) fn clear(self) {
        let mut from = 0;
        while let Some(word) = self.next_word(from) {
            self.words[word].set(0);
            from = word + 1;
        }
        self.summary.iter().for_each(|summary| summary.set(0));
    }

    /// Whether the summary agrees with the words.
    pub(super) fn is_consistent(self) -> bool {
        let is_summed = |(word, bits): (usize, &Cell<u64>)| {
            self.summary[word / BITS].get() >> (word % BITS) & 1 == u64::from(bits.get() != 0)
        };
        self.words.iter().enumerate().all(is_summed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::hashing::mix;
    use std::collections::BTreeSet;

    fn with_set(blocks: usize, test: impl FnOnce(BlockSet<'_>)) {
        let cells = vec![Cell::new(0); BlockSet::words_for(blocks)];
        test(BlockSet::new(&cells, blocks));
    }

    #[test]
    fn a_set_answers_as_a_tree_of_numbers_does() {
        for blocks in [1, 63, 64, 65, 4096, 5000] {
            with_set(blocks, |set| {
                let mut model = BTreeSet::new();
                for step in 0..4000_u64 {
                    let block = mix(step) as usize % blocks;
                    if mix(step + 1).is_multiple_of(3) {
                        assert_eq!(set.remove(block), model.remove(&block));
                    } else {
                        assert_eq!(set.insert(block), model.insert(block));
                    }
                    assert!(set.is_consistent());
                    let from = mix(step + 2) as usize % blocks;
                    assert_eq!(set.first_from(from), model.range(from..).next().copied());
                    assert_eq!(set.contains(from), model.contains(&from));
                    let before = (0..from).rev().take_while(|b| model.contains(b)).count();
                    assert_eq!(set.run_before(from), before);
                }
                set.clear();
                assert!(set.is_consistent() && set.first_from(0).is_none());
            });
        }
    }

    #[test]
    fn a_run_is_found_across_words() {
        with_set(300, |set| {
            (0..300).filter(|block| block % 10 != 3).for_each(|block| {
                set.insert(block);
            });
            assert_eq!(set.first_run(9), Some(4));
            assert_eq!(set.first_run(10), None);
            set.insert(63);
            assert_eq!(set.first_run(10), Some(54));
            (100..300).for_each(|block| {
                set.insert(block);
            });
            assert_eq!(set.first_run(206), Some(94));
            assert_eq!(set.first_run(207), None);
        });
    }
}
