//! Finding the objects of the space.

use super::record::{BlockState, LineUse};
use super::{BLOCK_BYTES, BlockSpace};
use crate::error::{Error, Result};
use crate::heap::blocks::block_at;
use crate::heap::layout::Measured;
use crate::heap::layout_table::LayoutTable;
use crate::heap::mutator::Mutator;

/// What an [`each_object`](BlockSpace::each_object) calls for each object.
pub(super) type Visit<'a> = dyn FnMut(u64, Measured<'_>) -> Result<()> + 'a;

impl BlockSpace {
    /// Whether an object starts at `offset`, which lies in the space.
    ///
    /// A place in a line that the last collection marked costs a look at its bit. A place in a
    /// line that was taken since costs a walk from the last known start before it, within one
    /// block. The starts that the walk passes are known from then on.
    ///
    /// Errors: [`Error::Internal`] if the heap is found overwritten.
    pub(crate) fn is_object(
        &self,
        offset: u64,
        mutator: &Mutator,
        layouts: &LayoutTable,
    ) -> Result<bool> {
        let block = self.block_of(offset);
        let Some(record) = self.records().get(block) else {
            return Ok(false);
        };
        let (start, into) = (self.start_of(block), offset - self.start_of(block));
        match record.state() {
            BlockState::LargeHead => return Ok(into == 0),
            BlockState::Free | BlockState::LargeTail => return Ok(false),
            BlockState::Small => {}
        }
        match record.line_at(into) {
            LineUse::Free => return Ok(false),
            LineUse::New => {}
            LineUse::Live if !record.is_start(into) => return Ok(false),
            LineUse::Live => {
                // The start may be that of a gap that was taken and not used.
                let found = block_at(&self.region, offset, start + BLOCK_BYTES, layouts)?;
                return Ok(found.object.is_some());
            }
        }
        if (mutator.bump.next()..mutator.bump.end()).contains(&offset) {
            return Ok(false);
        }
        // The window is the end of a hole, so the walk does not pass its unused part.
        let Some(mut at) = record.last_start_up_to(into) else {
            return Err(Error::internal("a line without a start", offset));
        };
        let end = start + BLOCK_BYTES;
        while at < into {
            at += block_at(&self.region, start + at, end, layouts)?.bytes;
            if at < BLOCK_BYTES && record.is_new_at(at) {
                record.set_start(at);
            }
        }
        let is_start = at == into;
        Ok(is_start
            && block_at(&self.region, offset, end, layouts)?
                .object
                .is_some())
    }

    /// Whether an object may start at `offset`, whatever its header says: `false` where nothing
    /// is alive. Exact for objects that the last collection reached.
    #[inline]
    pub(crate) fn may_start_at(&self, offset: u64) -> bool {
        let into = offset.wrapping_sub(self.start());
        let (block, into) = ((into / BLOCK_BYTES) as usize, into % BLOCK_BYTES);
        let Some(record) = self.records().get(block) else {
            return false;
        };
        match record.state() {
            BlockState::Free | BlockState::LargeTail => false,
            BlockState::LargeHead => into == 0,
            BlockState::Small => match record.line_at(into) {
                LineUse::Free => false,
                LineUse::New => true,
                LineUse::Live => record.is_start(into),
            },
        }
    }

    /// Calls `visit` with the offset of each object, and with the object, in the order of
    /// their offsets.
    ///
    /// Errors: those of `visit`; [`Error::Internal`] on nonsense.
    pub(crate) fn each_object(
        &self,
        mutator: &Mutator,
        layouts: &LayoutTable,
        visit: &mut Visit<'_>,
    ) -> Result<()> {
        self.close_window(mutator)?;
        self.each_object_from(0, layouts, visit)
    }

    /// Calls `visit` for each object outside of the nursery. The mutator must have no window.
    ///
    /// Errors: those of [`BlockSpace::each_object`].
    pub(crate) fn each_old_object(
        &self,
        layouts: &LayoutTable,
        visit: &mut Visit<'_>,
    ) -> Result<()> {
        self.each_object_from(self.first_old_block(), layouts, visit)
    }

    fn each_object_from(
        &self,
        first: usize,
        layouts: &LayoutTable,
        visit: &mut Visit<'_>,
    ) -> Result<()> {
        for block in first..self.used_end().min(self.blocks()) {
            let record = &self.records()[block];
            match record.state() {
                BlockState::Small => self.each_small(block, layouts, visit)?,
                BlockState::LargeHead => {
                    let start = self.start_of(block);
                    let end = self.start_of(block + record.run());
                    match block_at(&self.region, start, end, layouts)?.object {
                        Some(object) => visit(start, object)?,
                        None => return Err(Error::internal("a run without an object", start)),
                    }
                }
                BlockState::Free | BlockState::LargeTail => {}
            }
        }
        Ok(())
    }

    /// As [`BlockSpace::each_object`], for a block of small objects.
    fn each_small(&self, block: usize, layouts: &LayoutTable, visit: &mut Visit<'_>) -> Result<()> {
        let (record, start) = (&self.records()[block], self.start_of(block));
        let end = start + BLOCK_BYTES;
        let mut at = 0;
        while at < BLOCK_BYTES {
            // Lines that were taken since the last collection are filled without a gap.
            if !record.is_new_at(at) {
                let Some(next) = record.first_start_from(at) else {
                    break;
                };
                at = next;
            }
            let found = block_at(&self.region, start + at, end, layouts)?;
            if record.line_at(at) == LineUse::Free {
                return Err(Error::internal("an object in a free line", start + at));
            }
            if let Some(object) = found.object {
                visit(start + at, object)?;
            }
            at += found.bytes;
        }
        Ok(())
    }

    /// Makes the unused part of the mutator's window free memory, so that a walk can pass it.
    fn close_window(&self, mutator: &Mutator) -> Result<()> {
        let (start, end) = (mutator.bump.next(), mutator.bump.end());
        self.leave_unused(super::Hole { start, end })
    }
}
