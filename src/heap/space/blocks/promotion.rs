//! Memory for the objects that a minor collection moves out of the nursery.
//!
//! They fill holes and free blocks. Their lines are live at once, and each of their starts is
//! noted, so nothing distinguishes them from objects that a full collection has reached.
//!
//! What a window has left when it is closed goes back, as far as it is whole lines. An object of
//! more than a line gets a free block if the next holes are too small, and such a block is left
//! only when it has no room for an object. So the [promotion
//! reserve](super::BlockSpace::promotion_reserve) suffices.

use super::holes::InBlock;
use super::record::{BlockState, LINES};
use super::walk::Visit;
use super::{BLOCK_BYTES, BlockSpace, LINE_BYTES};
use crate::error::{Error, Result};
use crate::heap::blocks::block_at;
use crate::heap::header::ObjectHeader;
use crate::heap::layout_table::LayoutTable;
use crate::heap::reference::GcRef;

/// Where the next object is promoted to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PromotionWindow {
    /// Where the window starts.
    first: u64,
    /// Where the next object goes.
    next: u64,
    end: u64,
}

impl BlockSpace {
    /// Takes `bytes` of the window, or of another one, for an object, whose start the caller
    /// notes. `None` if no block is free.
    #[inline(always)]
    pub(crate) fn promote_into(&self, window: &mut PromotionWindow, bytes: u64) -> Option<u64> {
        if bytes > window.end - window.next {
            self.close_promotion(window);
            *window = self.promotion_window(bytes)?;
        }
        let at = window.next;
        window.next += bytes;
        Some(at)
    }

    /// Takes a hole or a free block with room for `bytes`.
    #[inline(never)]
    fn promotion_window(&self, bytes: u64) -> Option<PromotionWindow> {
        let hole = if bytes <= LINE_BYTES {
            self.first_hole()
        } else {
            self.near_hole_of(bytes)
        };
        let (block, (first, end)) = hole.or_else(|| self.block_for_promotion())?;
        if !self.records()[block].take_lines_for_live(first, end) {
            self.tables.recyclable().remove(block);
        }
        let start = self.start_of(block);
        let first = start + first as u64 * LINE_BYTES;
        Some(PromotionWindow {
            first,
            next: first,
            end: start + end as u64 * LINE_BYTES,
        })
    }

    fn block_for_promotion(&self) -> Option<InBlock> {
        let block = self.acquire()?;
        debug_assert!(self.records()[block].state() == BlockState::Small);
        // What survives here has survived already.
        self.records()[block].end_cycle();
        self.tables.recyclable().insert(block);
        Some((block, (0, LINES)))
    }

    /// Keeps the objects of a block that were made since the last collection, as if each of them
    /// were alive, and calls `visit` for each. Does nothing for a large object.
    ///
    /// Errors: those of `visit`; [`Error::Internal`] on nonsense.
    pub(crate) fn keep_young(
        &self,
        block: usize,
        layouts: &LayoutTable,
        visit: &mut Visit<'_>,
    ) -> Result<()> {
        if self.records()[block].state() != BlockState::Small {
            return Ok(());
        }
        let (start, mut line) = (self.start_of(block), 0);
        while let Some(lines) = self.young_lines(block, line) {
            line = lines.end;
            let mut at = start + lines.start as u64 * LINE_BYTES;
            let end = start + lines.end as u64 * LINE_BYTES;
            while at < end {
                let found = block_at(&self.region, at, end, layouts)?;
                if let Some(object) = found.object {
                    self.keep(at, found.bytes);
                    visit(at, object)?;
                }
                at += found.bytes;
            }
        }
        Ok(())
    }

    /// Whether a large object at `offset` is young: no collection has reached it yet.
    #[inline]
    pub(crate) fn is_young_large(&self, offset: u64) -> bool {
        let into = offset.wrapping_sub(self.start());
        let block = (into / BLOCK_BYTES) as usize;
        let Some(record) = self.records().get(block) else {
            return false;
        };
        into.is_multiple_of(BLOCK_BYTES)
            && record.state() == BlockState::LargeHead
            && self.tables.young().contains(block)
    }

    /// Makes the large object at `offset` an old one, because it is alive.
    pub(crate) fn keep_large(&self, offset: u64) {
        let block = self.block_of(offset);
        self.tables.young().remove(block);
        self.records()[block].end_cycle();
    }

    /// Where the run of blocks of the large object at `offset` ends.
    pub(crate) fn run_end(&self, offset: u64) -> u64 {
        let block = self.block_of(offset);
        self.start_of(block + self.records()[block].run())
    }

    /// Whether the old object at `offset` lies in a line that the mutator took since the last
    /// collection.
    pub(crate) fn is_in_new_line(&self, offset: u64) -> bool {
        let block = self.block_of(offset);
        let record = &self.records()[block];
        let into = offset - self.start_of(block);
        record.state() == BlockState::Small && record.is_new_at(into)
    }

    /// The reference that an object has after a minor collection, or `None` if the object died.
    /// `old` is its reference from before the collection.
    ///
    /// Errors: [`Error::Internal`] if the heap is found overwritten.
    #[inline]
    pub(crate) fn ref_after_promotion(&self, old: GcRef) -> Result<Option<GcRef>> {
        if !self.is_in_slot(old.offset()) {
            let is_dead = self.is_young_large(old.offset());
            return Ok((!is_dead).then_some(old));
        }
        let header = ObjectHeader::from_bits(self.region.load_u64(old.offset())?);
        match header.forwarded() {
            None => Ok(None),
            Some(new) if self.is_promoted(new) => Ok(Some(new)),
            Some(new) => Err(Error::internal("a wrong forwarding", new.raw().into())),
        }
    }

    /// Whether an object may have been promoted to `reference`.
    #[inline]
    pub(crate) fn is_promoted(&self, reference: GcRef) -> bool {
        reference.is_object()
            && !self.is_in_slot(reference.offset())
            && self
                .record_at(reference.offset())
                .is_some_and(|(record, into)| record.is_start(into))
    }

    /// Closes a window: gives back the lines that no object has.
    pub(crate) fn close_promotion(&self, window: &mut PromotionWindow) {
        let PromotionWindow { first, next, end } = core::mem::take(window);
        if first == end {
            return;
        }
        let block = self.block_of(first);
        let (record, start) = (&self.records()[block], self.start_of(block));
        record.add_live(next - first);
        let unused = (next - start).div_ceil(LINE_BYTES)..(end - start) / LINE_BYTES;
        if !unused.is_empty() {
            record.return_lines(unused.start as usize, unused.end as usize);
            self.tables.recyclable().insert(block);
        }
    }
}
