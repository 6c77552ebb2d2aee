//! Lines that count their objects.
//!
//! A collector that knows of each object when it dies needs no trace to find the free lines:
//! each line counts the objects that have a part in it, and is free when the last of them is
//! released. New objects are not counted. A collection looks at each of them once, and keeps
//! those that are alive.
//!
//! **Sources.** Shahriyar, Blackburn, Yang, McKinley, "Taking Off the Gloves with Reference
//! Counting Immix", OOPSLA 2013.

use core::ops::Range;

use super::record::{BlockState, LineUse};
use super::{BLOCK_BYTES, BlockSpace, LINE_BYTES};
use crate::error::{Error, Result};
use crate::heap::layout_table::LayoutTable;
use crate::heap::mutator::Mutator;

/// What the lines of a block count, and the bytes of the objects.
struct LineCounts {
    block: usize,
    lines: [u8; (BLOCK_BYTES / LINE_BYTES) as usize],
    bytes: u64,
}

impl LineCounts {
    /// Nothing in `block`.
    fn new(block: usize) -> LineCounts {
        LineCounts {
            block,
            lines: [0; (BLOCK_BYTES / LINE_BYTES) as usize],
            bytes: 0,
        }
    }
}

impl BlockSpace {
    /// Counts an object of `bytes` at `offset`, which is alive.
    pub(crate) fn keep(&self, offset: u64, bytes: u64) {
        let block = self.block_of(offset);
        let (record, into) = (&self.records()[block], offset - self.start_of(block));
        record.set_start(into);
        record.add_live(bytes);
        if record.state() == BlockState::Small {
            record.count_in_lines(into, into + bytes);
        }
    }

    /// Frees the lines of an object of `bytes` at `offset`, and its block, as far as nothing
    /// else is alive there. Does nothing for a new object of a block that
    /// [`BlockSpace::end_young`] is still to look at.
    ///
    /// Errors: [`Error::Internal`] if no object of this size was kept there.
    pub(crate) fn release_object(&self, offset: u64, bytes: u64) -> Result<()> {
        let block = self.block_of(offset);
        let (record, into) = (&self.records()[block], offset - self.start_of(block));
        match record.state() {
            BlockState::LargeHead if into == 0 => return self.release(block, false).map(|_| ()),
            BlockState::Free | BlockState::LargeHead | BlockState::LargeTail => {
                return Err(wrong_count(offset));
            }
            BlockState::Small => {}
        }
        if record.is_new_at(into) || !record.is_start(into) {
            return Ok(());
        }
        record.clear_start(into);
        if !record.take_live(bytes) {
            return Err(wrong_count(offset));
        }
        let freed = record.uncount_in_lines(into, into + bytes);
        let has_freed = freed.ok_or_else(|| wrong_count(offset))?;
        self.update_gaps(offset, bytes);
        if self.tables.young().contains(block) {
            return Ok(());
        }
        if record.live() == 0 {
            return self.release(block, false).map(|_| ());
        }
        if has_freed {
            self.tables.recyclable().insert(block);
        }
        Ok(())
    }

    /// Makes the `bytes` at `offset`, which no object has any more, part of a gap where their
    /// lines are live. Lines that are free have no gaps.
    fn update_gaps(&self, offset: u64, bytes: u64) {
        if !self.uses_gaps() {
            return;
        }
        let block = self.block_of(offset);
        let (record, start) = (&self.records()[block], self.start_of(block));
        let into = offset - start;
        for line in into / LINE_BYTES..(into + bytes).div_ceil(LINE_BYTES) {
            let line = line * LINE_BYTES;
            if record.line_at(line) == LineUse::Free {
                self.remove_gaps(block, line..line + LINE_BYTES);
            }
        }
        self.add_gap(offset, bytes);
    }

    /// The first block from number `from` on that has new objects.
    pub(crate) fn young_block(&self, from: usize) -> Option<usize> {
        self.tables.young().first_from(from)
    }

    /// The next lines from number `line` of a block on that have new objects. Their starts are
    /// forgotten: the caller keeps those that are alive.
    pub(crate) fn young_lines(&self, block: usize, line: usize) -> Option<Range<usize>> {
        let record = &self.records()[block];
        let lines = record.new_lines_from(line)?;
        record.clear_starts_in(lines.clone());
        Some(lines)
    }

    /// Forgets that an object was to start at `offset`, in a gap of `bytes`, which is free again.
    pub(crate) fn return_gap(&self, offset: u64, bytes: u64) {
        let block = self.block_of(offset);
        self.records()[block].clear_start(offset - self.start_of(block));
        self.add_gap(offset, bytes);
    }

    /// Whether the object at `offset` is new: no collection has looked at it.
    pub(crate) fn is_young(&self, offset: u64) -> bool {
        let block = self.block_of(offset);
        let record = &self.records()[block];
        match record.state() {
            BlockState::Small => record.is_new_at(offset - self.start_of(block)),
            _ => self.tables.young().contains(block),
        }
    }

    /// Ends what is new in a block: lines without an object that was kept are free. Frees the
    /// block if nothing is alive there.
    ///
    /// Errors: those of [`BlockSpace::release`].
    pub(crate) fn end_young(&self, block: usize) -> Result<()> {
        let record = &self.records()[block];
        self.tables.young().remove(block);
        record.end_cycle();
        if record.state() != BlockState::Small {
            return Ok(());
        }
        if record.live() == 0 {
            return self.release(block, false).map(|_| ());
        }
        record.free_new_lines();
        self.update_recyclable(block);
        Ok(())
    }

    /// Checks that each line counts its objects. `is_new` tells of objects in gaps whether they
    /// are not counted yet.
    ///
    /// Errors: [`Error::Internal`].
    pub(crate) fn check_line_counts(
        &self,
        mutator: &Mutator,
        layouts: &LayoutTable,
        is_new: &dyn Fn(u64) -> bool,
    ) -> Result<()> {
        let mut counts = LineCounts::new(0);
        self.each_object(mutator, layouts, &mut |offset, object| {
            let block = self.block_of(offset);
            if block != counts.block {
                self.compare(&counts)?;
                // The blocks between have no objects.
                counts = LineCounts::new(block);
            }
            if self.is_young(offset) || is_new(offset) {
                return Ok(());
            }
            counts.bytes += object.bytes;
            let into = offset - self.start_of(block);
            let lines = into / LINE_BYTES..(into + object.bytes).div_ceil(LINE_BYTES);
            let lines = lines.start as usize..(lines.end as usize).min(counts.lines.len());
            counts.lines[lines].iter_mut().for_each(|count| *count += 1);
            Ok(())
        })?;
        self.compare(&counts)
    }

    /// Compares what a block's lines count with `counts`.
    fn compare(&self, counts: &LineCounts) -> Result<()> {
        let Some(record) = self.records().get(counts.block) else {
            return Ok(());
        };
        let is_right = match record.state() {
            BlockState::Small => record.counts_are(&counts.lines),
            _ => true,
        };
        if !is_right || record.live() != counts.bytes {
            return Err(wrong_count(self.start_of(counts.block)));
        }
        Ok(())
    }
}

/// The error of an object that no line counts.
#[cold]
fn wrong_count(offset: u64) -> Error {
    Error::internal("a wrong count of objects in a line", offset)
}
