//! What a heap certainly has room for. The model does not know where objects lie, so these are
//! lower bounds: a refusal above them is plausible.

use super::lane::Lane;

/// An upper bound of the bytes at the base of a heap that hold no objects.
const UNUSABLE: usize = 64;

/// The bytes of a block.
pub(crate) const BLOCK: usize = 32 << 10;
/// Objects above this size have blocks of their own.
const LARGEST_SMALL: usize = BLOCK / 2;
const LINE: usize = 128;
/// One of this number of blocks is kept free.
const BLOCKS_FOR_RESERVE: usize = 40;
/// A heap with less than one of this number of its bytes free uses the gaps between objects.
const NEARLY_FULL: usize = 8;
/// The most gaps that an allocation looks at.
const MOST_GAPS: usize = 64;

/// How a collector arranges objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrangement {
    /// They fill one half of the heap, and leave no room between them.
    Halves,
    /// They fill the heap, and leave no room between them.
    Whole,
    /// They lie in the lines of blocks, or in blocks of their own.
    Blocks,
}

/// The objects that are alive.
pub(crate) struct Alive {
    sizes: Vec<usize>,
}

impl Alive {
    /// Objects of these sizes in bytes.
    pub(crate) fn new(sizes: impl Iterator<Item = usize>) -> Alive {
        Alive {
            sizes: sizes.collect(),
        }
    }

    fn bytes(&self) -> usize {
        self.sizes.iter().sum()
    }

    /// The number of whole blocks that large objects have.
    fn large_blocks(&self) -> usize {
        let large = self.sizes.iter().filter(|size| **size > LARGEST_SMALL);
        large.map(|size| size.div_ceil(BLOCK)).sum()
    }
}

impl Lane {
    /// The bytes of objects for which an empty heap of `committed` bytes has room.
    pub(crate) fn room(&self, committed: usize) -> usize {
        let usable = match self.arrangement() {
            Arrangement::Halves => committed / 2,
            Arrangement::Whole => committed,
            Arrangement::Blocks => usable_blocks(committed) * BLOCK,
        };
        usable - UNUSABLE
    }

    /// Whether a heap of `committed` bytes may have no room for `wanted` bytes, after `objects`
    /// of `made` bytes were made and none of them died.
    pub(crate) fn may_be_full(
        &self,
        committed: usize,
        (objects, made): (usize, usize),
        wanted: usize,
    ) -> bool {
        let room = self.room(committed);
        match self.arrangement() {
            // An object that does not fit into the rest of a block leaves it unused, or has
            // blocks of its own. Either fills more than half of the blocks. Each block may
            // have an object that leaves no room for one of several lines.
            Arrangement::Blocks => {
                let blocks = objects + wanted.div_ceil(BLOCK);
                made > room / 2 || (wanted > LINE && blocks > usable_blocks(committed))
            }
            _ => made > room,
        }
    }

    /// The size of an object that certainly has room after a major collection, in a heap of
    /// `committed` bytes.
    pub(crate) fn room_left(&self, committed: usize, alive: &Alive, wanted: usize) -> usize {
        let free = self.room(committed).saturating_sub(alive.bytes());
        match self.arrangement() {
            Arrangement::Halves | Arrangement::Whole => free,
            Arrangement::Blocks if wanted > LARGEST_SMALL => row_left(committed, alive),
            Arrangement::Blocks => hole_left(committed, alive),
        }
    }
}

fn usable_blocks(committed: usize) -> usize {
    let blocks = committed / BLOCK;
    blocks - blocks / BLOCKS_FOR_RESERVE
}

/// The bytes of blocks in a row that are certainly free: each small object may have a block.
fn row_left(committed: usize, alive: &Alive) -> usize {
    let objects = alive.sizes.len();
    let free = usable_blocks(committed).saturating_sub(alive.large_blocks() + objects);
    free / (objects + 1) * BLOCK
}

/// The bytes of a hole, or of a gap between objects, that there certainly is.
fn hole_left(committed: usize, alive: &Alive) -> usize {
    let objects = alive.sizes.len();
    let blocks = usable_blocks(committed).saturating_sub(alive.large_blocks());
    let small = alive.sizes.iter().filter(|size| **size <= LARGEST_SMALL);
    let bytes: usize = small.sum();
    let free = (blocks * BLOCK).saturating_sub(bytes);
    let lines = free.saturating_sub(objects * 2 * (LINE - 1));
    let hole = |lines: usize| lines / (objects + blocks).max(1);
    // A gap, a hole and another gap may lie between two objects.
    let pieces = 3 * objects + blocks;
    let gap = match pieces {
        1..=MOST_GAPS => free / pieces,
        _ => 0,
    };
    hole(lines).max(gap.min(hole(committed / NEARLY_FULL)))
}
