//! Holes: the runs of free lines that the mutator allocates in.

use super::record::LINES;
use super::{BlockSpace, LINE_BYTES};
use crate::error::Result;
use crate::heap::space::write_free;

/// The most blocks that a search for a hole of more than one line looks at.
const MOST_BLOCKS: usize = 8;

/// Memory for new objects: the offsets of its start and of its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hole {
    pub(crate) start: u64,
    pub(crate) end: u64,
}

/// A block, and the lines of a hole in it: the first, and the one after it.
pub(super) type InBlock = (usize, (usize, usize));

impl Hole {
    /// The bytes of the hole.
    pub(crate) fn bytes(self) -> u64 {
        self.end - self.start
    }
}

impl BlockSpace {
    /// Takes the next hole, in the order of offsets. It has a line at least. `None` if there
    /// is no hole in a block that is in use.
    pub(crate) fn take_hole(&self) -> Option<Hole> {
        let (block, lines) = self.first_hole()?;
        Some(self.take_lines(block, lines))
    }

    pub(super) fn first_hole(&self) -> Option<InBlock> {
        let block = self.tables.recyclable().first_from(0)?;
        Some((block, self.records()[block].first_hole()?))
    }

    /// Takes the lines that an object of `bytes` needs, for itself. Looks at a few blocks that
    /// are in use, and the next search continues behind them; then takes a free block; then
    /// looks at all blocks, because a collection or growth follows if there is nothing.
    pub(crate) fn take_own_lines(&self, bytes: u64) -> Option<Hole> {
        let near = self.near_hole_of(bytes);
        let (block, (first, _)) = near
            .or_else(|| self.fresh_hole())
            .or_else(|| self.any_hole_of(bytes))?;
        let end = first + bytes.div_ceil(LINE_BYTES) as usize;
        Some(self.take_lines(block, (first, end)))
    }

    /// Whether [`BlockSpace::take_own_lines`] finds something.
    pub(crate) fn has_own_lines(&self, bytes: u64) -> bool {
        self.spare_blocks() > 0 || self.has_hole_of(bytes)
    }

    /// Takes a hole of at least `bytes`. Looks at a few blocks that are in use, and the next
    /// search continues behind them.
    pub(crate) fn take_near_hole_of(&self, bytes: u64) -> Option<Hole> {
        let (block, lines) = self.near_hole_of(bytes)?;
        Some(self.take_lines(block, lines))
    }

    /// A hole of at least `bytes` in the next few blocks with holes.
    pub(super) fn near_hole_of(&self, bytes: u64) -> Option<InBlock> {
        let first = self.next_search.get();
        let mut from = first;
        for _ in 0..MOST_BLOCKS {
            let Some(block) = self.tables.recyclable().first_from(from) else {
                self.next_search.set(0);
                return None;
            };
            if let Some(lines) = self.hole_in(block, bytes) {
                self.next_search.set(block);
                return Some((block, lines));
            }
            from = block + 1;
        }
        self.next_search.set(from);
        None
    }

    /// Lets the next search begin at the first block, because lines became free.
    pub(crate) fn restart_search(&self) {
        self.next_search.set(0);
    }

    /// Takes a hole of at least `bytes`. Looks at all blocks: a collection or growth follows if
    /// it finds nothing.
    pub(crate) fn take_any_hole_of(&self, bytes: u64) -> Option<Hole> {
        let (block, lines) = self.any_hole_of(bytes)?;
        Some(self.take_lines(block, lines))
    }

    /// Whether there is a hole of at least `bytes`.
    pub(crate) fn has_hole_of(&self, bytes: u64) -> bool {
        self.any_hole_of(bytes).is_some()
    }

    fn any_hole_of(&self, bytes: u64) -> Option<InBlock> {
        let mut from = 0;
        while let Some(block) = self.tables.recyclable().first_from(from) {
            if let Some(lines) = self.hole_in(block, bytes) {
                return Some((block, lines));
            }
            from = block + 1;
        }
        None
    }

    /// The first hole of at least `bytes` in a block: its first line, and the line after it.
    fn hole_in(&self, block: usize, bytes: u64) -> Option<(usize, usize)> {
        let record = &self.records()[block];
        let mut line = 0;
        while let Some((first, end)) = record.hole_from(line) {
            if (end - first) as u64 * LINE_BYTES >= bytes {
                return Some((first, end));
            }
            line = end;
        }
        None
    }

    /// Takes a free block as one hole. `None` if no block is free for the mutator.
    pub(crate) fn take_block(&self) -> Option<Hole> {
        let (block, lines) = self.fresh_hole()?;
        Some(self.take_lines(block, lines))
    }

    /// The hole that a free block is, which is in use from now on.
    fn fresh_hole(&self) -> Option<InBlock> {
        if self.spare_blocks() == 0 {
            return None;
        }
        let block = self.acquire()?;
        self.tables.recyclable().insert(block);
        Some((block, (0, LINES)))
    }

    /// Takes the lines from `first` up to `end`, which are free.
    fn take_lines(&self, block: usize, (first, end): (usize, usize)) -> Hole {
        let record = &self.records()[block];
        if !record.take_lines(first, end) {
            self.tables.recyclable().remove(block);
        }
        self.tables.young().insert(block);
        let into = first as u64 * LINE_BYTES;
        record.set_start(into);
        let start = self.start_of(block);
        Hole {
            start: start + into,
            end: start + end as u64 * LINE_BYTES,
        }
    }

    /// Leaves the part of a hole from `start` on unused until the next collection, or until
    /// it becomes the mutator's window again.
    ///
    /// Errors: [`Error::Internal`](crate::error::Error::Internal) for memory outside the
    /// space.
    pub(crate) fn leave_unused(&self, rest: Hole) -> Result<()> {
        if rest.start < rest.end {
            write_free(&self.region, rest.start, rest.bytes())?;
        }
        Ok(())
    }
}
