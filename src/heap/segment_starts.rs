//! Segment starts: the first start of a block in each segment of the heap.
//!
//! The heap is divided into segments of 64 KiB. For each segment the space that manages the
//! memory keeps where the first block in it starts. So whoever looks for the start of a block
//! walks through one segment and not through the heap (HEAP-58).
//!
//! A block changes the entries of the segments whose borders lie inside it or at its end:
//!
//! ```text
//! border          border          border          border
//!   :  [ block A |  : block B                       :     | block C ...
//!                   :               :               :
//! first:            B's start?      none            C's start
//! ```
//!
//! The bump allocator stops before each border, and so the slow path sees each object that
//! reaches one. A collector notes its copies, or the free blocks that it makes.
//!
//! **Cost.** Two bytes for each segment. The fast path of an allocation has no part in it.

use super::blocks::block_at;
use super::layout_table::LayoutTable;
use super::memory::Region;
use super::reference::GRANULE;
use crate::base::fallible;
use crate::error::{Error, Result};

/// The bytes of a segment.
pub(crate) const SEGMENT_BYTES: u64 = 64 << 10;

/// The entry of a segment in which no block starts.
const NO_START: u16 = u16::MAX;

const _: () = assert!(SEGMENT_BYTES / GRANULE < NO_START as u64);

/// The number of the segment that `offset` lies in.
#[inline(always)]
pub(crate) const fn segment_of(offset: u64) -> u64 {
    offset / SEGMENT_BYTES
}

/// Where the segment of `offset` ends.
#[inline(always)]
pub(crate) const fn segment_end(offset: u64) -> u64 {
    (segment_of(offset) + 1) * SEGMENT_BYTES
}

/// The first start of a block in each segment of one interval of memory.
///
/// Invariant: for each segment that begins before the end of the blocks, the entry is the
/// first start of a block in the segment.
#[derive(Debug, Default)]
pub(crate) struct SegmentStarts {
    /// The number of the segment that the first entry stands for.
    first_segment: u64,
    /// For each segment, the granule in it at which the first block starts.
    firsts: Vec<u16>,
}

impl SegmentStarts {
    /// Makes room for an interval of `bytes`, wherever it begins. Noting blocks in it cannot
    /// fail then.
    ///
    /// Errors: [`Error::SystemMemory`].
    pub(crate) fn reserve(&mut self, bytes: u64) -> Result<()> {
        // The interval may begin and end inside of segments.
        let entries = (segment_of(bytes) + 2) as usize;
        let missing = entries.saturating_sub(self.firsts.len());
        fallible::reserve(&mut self.firsts, missing)?;
        self.firsts.extend(core::iter::repeat_n(NO_START, missing));
        Ok(())
    }

    /// Keeps room for an interval of `bytes` only.
    pub(crate) fn shrink(&mut self, bytes: u64) {
        let entries = (segment_of(bytes) + 2) as usize;
        self.firsts.truncate(entries);
        fallible::shrink(&mut self.firsts, entries);
    }

    /// The bytes of memory that the entries have.
    pub(crate) fn side_bytes(&self) -> u64 {
        fallible::bytes(&self.firsts)
    }

    /// Forgets all blocks. The next ones fill the memory from `first` on.
    pub(crate) fn restart(&mut self, first: u64) {
        self.first_segment = segment_of(first);
        self.set(self.first_segment, first);
    }

    /// Notes that the bytes from `start` to `end` are one block, or part of one. The next
    /// block starts at `next`, which is not before `end`.
    #[inline]
    pub(crate) fn note_block(&mut self, start: u64, end: u64, next: u64) {
        debug_assert!(start <= end && end <= next);
        for segment in segment_of(start) + 1..=segment_of(end) {
            self.set(segment, next);
        }
    }

    /// Sets the entry of `segment` to the start `first`, or to none if that lies outside.
    fn set(&mut self, segment: u64, first: u64) {
        let index = segment.wrapping_sub(self.first_segment) as usize;
        let entry = self.firsts.get_mut(index);
        debug_assert!(entry.is_some(), "no room for segment {segment}");
        if let Some(entry) = entry {
            *entry = match segment_of(first) == segment {
                true => (first % SEGMENT_BYTES / GRANULE) as u16,
                false => NO_START,
            };
        }
    }

    /// The first start of a block in the segment of `offset`, which lies before the end of the
    /// blocks. `None` if no block starts in the segment.
    pub(crate) fn first_in_segment_of(&self, offset: u64) -> Option<u64> {
        let segment = segment_of(offset);
        let index = segment.checked_sub(self.first_segment)?;
        match *self.firsts.get(index as usize)? {
            NO_START => None,
            granule => Some(segment * SEGMENT_BYTES + u64::from(granule) * GRANULE),
        }
    }

    /// Checks the entries of the segments that begin between `start` and `end`. Blocks must
    /// fill the bytes between the two.
    ///
    /// Errors: [`Error::Internal`].
    pub(super) fn check(
        &self,
        region: &Region,
        (start, end): (u64, u64),
        layouts: &LayoutTable,
    ) -> Result<()> {
        let wrong = |at| Err(Error::internal("a wrong first start in a segment", at));
        let (mut segment, mut offset) = (segment_of(start), start);
        while offset < end {
            while segment <= segment_of(offset) {
                let first = (segment == segment_of(offset)).then_some(offset);
                if self.first_in_segment_of(segment * SEGMENT_BYTES) != first {
                    return wrong(segment * SEGMENT_BYTES);
                }
                segment += 1;
            }
            offset += block_at(region, offset, end, layouts)?.bytes;
        }
        Ok(())
    }
}
