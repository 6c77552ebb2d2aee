//! The sizes of blocks and lines.

/// The bytes of a block.
pub(crate) const BLOCK_BYTES: u64 = 32 << 10;

/// The bytes of a line.
pub(crate) const LINE_BYTES: u64 = 128;

/// The bytes of the largest object that shares its block with others.
pub(crate) const LARGEST_SMALL: u64 = BLOCK_BYTES / 2;

/// The share of the blocks that stay free for evacuation: one of this number.
pub(super) const BLOCKS_FOR_RESERVE: usize = 40;

/// The largest object that shares lines with others, where objects never move: larger ones have
/// lines of their own (HEAP-88).
pub(crate) const MOST_SHARED: u64 = 4 * LINE_BYTES;
