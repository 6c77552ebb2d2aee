//! How the starts of objects are found: two ways, of which each heap has one.

use super::segment_starts::SegmentStarts;
use super::space::BlockSpace;

/// How the starts of a heap's objects are found.
#[derive(Clone, Copy)]
pub(crate) enum Starts<'a> {
    /// Objects and free blocks fill the heap's bounds without a gap. The first starts of
    /// blocks in segments are known, and the table has the others.
    InSegments(&'a SegmentStarts),
    /// The space knows the starts itself.
    InBlocks(&'a BlockSpace),
}
