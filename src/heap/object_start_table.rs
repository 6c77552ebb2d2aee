//! The object-start table: tells whether any 32 bits are a reference to an object.
//!
//! Objects and free blocks fill the heap without a gap, and each says how long it is. So
//! from one start all later starts are found by walking. The first start in each segment is
//! always known (HEAP-58). The table has a bit for each granule of the segments that
//! were asked about. A question walks from the last known start before the place in question,
//! and sets the bits of the starts that it passes (HEAP-58).
//!
//! A recorded start stays a start until the next collection, because an allocation only
//! splits free memory. The table is invalid after a collection.
//!
//! **Cost.** 8 bytes for each segment of the heap, and 1 KiB for each segment that was asked
//! about. A question walks within one segment, and until the table is invalid the questions
//! together pass each object once. A question also looks for the last known start: it reads
//! up to 1 KiB of bits.
//!
//! Heaps that are made of a block space answer the question themselves.

use super::blocks::block_at;
use super::gc_heap::GcHeap;
use super::layout_table::LayoutTable;
use super::mutator::Mutator;
use super::reference::{GRANULE, GcRef};
use super::segment_starts::{SEGMENT_BYTES, segment_of};
use super::starts::Starts;
use crate::base::fallible;
use crate::error::{Error, Result};

/// The words with the bits of one segment.
const WORDS: usize = (SEGMENT_BYTES / GRANULE / u64::BITS as u64) as usize;

/// The object-start table of one heap. An empty table is valid for every heap.
#[derive(Debug, Default)]
pub(crate) struct ObjectStartTable {
    /// The number of the first segment.
    first_segment: u64,
    /// Counts how often the table was invalidated.
    epoch: u64,
    segments: Vec<Option<Box<Segment>>>,
}

/// The known starts in one segment.
#[derive(Debug)]
struct Segment {
    /// The table's epoch when the bits were last valid.
    epoch: u64,
    /// The bit of each granule at which a block is known to start.
    starts: [u64; WORDS],
}

impl Segment {
    /// The word that has the bit of `offset`, and the number of the bit.
    fn word_and_bit(offset: u64) -> (usize, u32) {
        let granule = offset % SEGMENT_BYTES / GRANULE;
        let bits = u64::from(u64::BITS);
        ((granule / bits) as usize, (granule % bits) as u32)
    }

    fn is_known(&self, offset: u64) -> bool {
        let (word, bit) = Segment::word_and_bit(offset);
        self.starts[word] >> bit & 1 != 0
    }

    fn record(&mut self, offset: u64) {
        let (word, bit) = Segment::word_and_bit(offset);
        self.starts[word] |= 1 << bit;
    }

    /// The last known start that is not after `offset`, if there is one.
    fn last_up_to(&self, offset: u64) -> Option<u64> {
        let (word, bit) = Segment::word_and_bit(offset);
        let mut bits = self.starts[word] & u64::MAX >> (u64::BITS - 1 - bit);
        let mut word = word;
        while bits == 0 {
            word = word.checked_sub(1)?;
            bits = self.starts[word];
        }
        let granule = word as u64 * u64::from(u64::BITS) + u64::from(bits.ilog2());
        Some(segment_of(offset) * SEGMENT_BYTES + granule * GRANULE)
    }
}

impl ObjectStartTable {
    /// Forgets all starts, because objects move or free blocks are coalesced. Keeps the
    /// memory.
    pub(crate) fn invalidate(&mut self) {
        self.epoch += 1;
    }

    /// The bytes of memory that the table has.
    pub(crate) fn side_bytes(&self) -> u64 {
        let asked = self.segments.iter().flatten().count();
        fallible::bytes(&self.segments) + (asked * size_of::<Segment>()) as u64
    }

    /// Whether `reference` refers to the start of an object, and not of a free block.
    ///
    /// Errors: [`Error::SystemMemory`]; [`Error::Internal`] if the heap is found
    /// overwritten.
    pub(crate) fn is_object(
        &mut self,
        reference: GcRef,
        mutator: &Mutator,
        heap: &dyn GcHeap,
        layouts: &LayoutTable,
    ) -> Result<bool> {
        let (start, end) = heap.bounds(mutator);
        let offset = reference.offset();
        if !reference.lies_in(start, end) {
            return Ok(false);
        }
        let starts = match heap.starts() {
            Starts::InSegments(starts) => starts,
            Starts::InBlocks(space) => return space.is_object(offset, mutator, layouts),
        };
        let first = match starts.first_in_segment_of(offset) {
            Some(first) if first <= offset => first,
            // The block before the segment, or one that covers all of it, has this place.
            _ => return Ok(false),
        };
        self.make_valid(start);
        let segment = self.segment(segment_of(offset), first)?;
        let mut at = segment.last_up_to(offset).unwrap_or(first);
        while at < offset {
            at += block_at(heap.region(), at, end, layouts)?.bytes;
            if segment_of(at) == segment_of(offset) {
                segment.record(at);
            }
        }
        if at != offset {
            return Ok(false);
        }
        let found = block_at(heap.region(), at, end, layouts)?;
        Ok(found.object.is_some())
    }

    /// Whether the recorded starts are those of a heap whose objects begin at `start`.
    fn is_valid_for(&self, start: u64) -> bool {
        self.first_segment == segment_of(start)
    }

    /// Invalidates the table unless it is that of a heap whose objects begin at `start`.
    fn make_valid(&mut self, start: u64) {
        if !self.is_valid_for(start) {
            self.invalidate();
            self.first_segment = segment_of(start);
        }
    }

    /// The starts in the segment with this number, of which `first` is the first.
    ///
    /// Errors: [`Error::SystemMemory`].
    fn segment(&mut self, number: u64, first: u64) -> Result<&mut Segment> {
        let index = (number - self.first_segment) as usize;
        let missing = (index + 1).saturating_sub(self.segments.len());
        fallible::reserve(&mut self.segments, missing)?;
        self.segments.extend((0..missing).map(|_| None));
        let epoch = self.epoch;
        let segment = match &mut self.segments[index] {
            Some(segment) => segment,
            none => none.insert(fallible::boxed(Segment {
                epoch: epoch.wrapping_sub(1),
                starts: [0; WORDS],
            })?),
        };
        if segment.epoch != epoch {
            segment.epoch = epoch;
            segment.starts = [0; WORDS];
            segment.record(first);
        }
        Ok(segment)
    }

    /// Checks that the recorded starts are starts of blocks.
    ///
    /// Errors: [`Error::Internal`].
    pub(crate) fn check(
        &self,
        mutator: &Mutator,
        heap: &dyn GcHeap,
        layouts: &LayoutTable,
    ) -> Result<()> {
        let (start, end) = heap.bounds(mutator);
        if matches!(heap.starts(), Starts::InBlocks(_)) || !self.is_valid_for(start) {
            return Ok(());
        }
        let mut offset = start;
        while offset < end {
            let next = offset + block_at(heap.region(), offset, end, layouts)?.bytes;
            self.check_block(offset, next)?;
            offset = next;
        }
        Ok(())
    }

    /// Checks that no start is recorded inside the block from `offset` to `next`.
    fn check_block(&self, offset: u64, next: u64) -> Result<()> {
        let mut at = offset + GRANULE;
        while at < next {
            let index = (segment_of(at) - self.first_segment) as usize;
            match self.segments.get(index).and_then(Option::as_deref) {
                Some(segment) if segment.epoch == self.epoch => {
                    if segment.is_known(at) {
                        return Err(Error::internal("a wrong object start", at));
                    }
                    at += GRANULE;
                }
                _ => at = super::segment_starts::segment_end(at),
            }
        }
        Ok(())
    }
}
