//! When and how a table gives back memory that it no longer needs.
//!
//! A table shrinks if most of it was unused at two major collections in a row (HEAP-43). It
//! does so at the end of a collection, in steps (HEAP-44).

use super::budget::{Budget, Progress};
use crate::base::room::Room;

/// No table shrinks to room for fewer elements than this.
const KEPT: usize = 64;

/// The bytes that are given back at a time.
const CHUNK: usize = 64 << 10;

/// The cost of giving back a chunk.
const CHUNK_COST: u64 = 4096;

/// How much of a table was used lately, and how far it has shrunk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shrinking {
    /// The most elements in use since the last major collection.
    peak: usize,
    /// Whether the table was mostly unused at the last major collection.
    was_low: bool,
    under_way: Option<UnderWay>,
}

/// A table that is shrinking.
#[derive(Clone, Copy, Debug)]
struct UnderWay {
    /// The capacity that it will have.
    kept: usize,
    /// The elements from here on have no memory any more.
    at: usize,
}

impl Shrinking {
    /// Of a table without memory.
    pub(crate) const fn new() -> Shrinking {
        Shrinking {
            peak: 0,
            was_low: false,
            under_way: None,
        }
    }

    /// Notes that `used` elements are in use. To be called before a collection removes some.
    pub(crate) fn note(&mut self, used: usize) {
        self.peak = self.peak.max(used);
    }

    /// The capacity to which a table of this capacity should shrink, if it should.
    pub(crate) fn wanted(&self, capacity: usize) -> Option<usize> {
        (self.was_low && self.is_low(capacity)).then(|| self.kept())
    }

    fn is_low(&self, capacity: usize) -> bool {
        self.kept() < capacity / 2
    }

    fn kept(&self) -> usize {
        self.peak.saturating_mul(2).max(KEPT)
    }

    /// Ends a major collection, which left `used` elements in use: shrinks the table if it
    /// should, as far as the budget allows. Repeated until complete.
    pub(crate) fn end_major(
        &mut self,
        room: &mut impl Room,
        used: usize,
        budget: &mut Budget,
    ) -> Progress {
        let UnderWay { kept, at } = match self.under_way {
            Some(under_way) => under_way,
            None => match self.begin(room.capacity(), used) {
                Some(kept) => UnderWay {
                    kept,
                    at: room.capacity(),
                },
                None => return Progress::Complete,
            },
        };
        let chunk = CHUNK.div_ceil(room_element(room));
        let chunks = budget.take((at - kept).div_ceil(chunk), CHUNK_COST);
        let from = at.saturating_sub(chunks.saturating_mul(chunk)).max(kept);
        room.discard(from, at);
        if from > kept {
            self.under_way = Some(UnderWay { kept, at: from });
            return Progress::Continue;
        }
        room.cut(kept);
        self.under_way = None;
        Progress::Complete
    }

    /// Decides whether to shrink, and to what capacity, and begins the next cycle.
    fn begin(&mut self, capacity: usize, used: usize) -> Option<usize> {
        self.note(used);
        let wanted = self.wanted(capacity);
        self.was_low = self.is_low(capacity);
        self.peak = used;
        wanted
    }
}

impl Default for Shrinking {
    fn default() -> Shrinking {
        Shrinking::new()
    }
}

/// The size of an element of a room.
fn room_element<R: Room>(_room: &R) -> usize {
    R::ELEMENT
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::work;

    /// Ends a major collection in one step. Returns the capacity then.
    fn end(shrinking: &mut Shrinking, vec: &mut Vec<u64>) -> usize {
        let used = vec.len();
        let progress = shrinking.end_major(vec, used, &mut Budget::unlimited());
        assert_eq!(progress, Progress::Complete);
        vec.capacity()
    }

    #[test]
    fn a_table_shrinks_after_two_collections_that_found_it_mostly_unused() {
        let (mut shrinking, mut vec) = (Shrinking::new(), Vec::with_capacity(10_000));
        vec.extend(0..100);
        shrinking.note(10_000);
        assert_eq!(end(&mut shrinking, &mut vec), 10_000, "it was full");
        assert_eq!(end(&mut shrinking, &mut vec), 10_000, "the first time");
        shrinking.note(5000);
        assert_eq!(end(&mut shrinking, &mut vec), 10_000, "it was half full");
        assert_eq!(end(&mut shrinking, &mut vec), 10_000, "the first time");
        shrinking.note(200);
        assert_eq!(end(&mut shrinking, &mut vec), 400, "twice its greatest use");
        assert!(vec.iter().copied().eq(0..100));
    }

    #[test]
    fn a_table_that_fills_before_each_collection_never_shrinks() {
        let (mut shrinking, mut vec) = (Shrinking::new(), Vec::<u64>::with_capacity(10_000));
        for _ in 0..10 {
            shrinking.note(2500);
            assert_eq!(end(&mut shrinking, &mut vec), 10_000);
        }
    }

    #[test]
    fn a_table_shrinks_within_the_budgets_of_steps() {
        const STEP: u64 = 16 << 10;
        let (mut shrinking, mut vec) = (Shrinking::new(), vec![0_u64; 1 << 20]);
        vec.truncate(1000);
        end(&mut shrinking, &mut vec);
        work::take();
        let mut steps = 0;
        loop {
            let progress = shrinking.end_major(&mut vec, 1000, &mut Budget::of(STEP));
            assert!(work::take() <= STEP);
            steps += 1;
            if progress == Progress::Complete {
                break;
            }
        }
        assert_eq!(vec.capacity(), 2000);
        assert!(steps >= 30, "{steps}");
        assert!(vec.iter().all(|&element| element == 0));
    }
}
