//! Which objects a trace has reached, and freeing the others.

use super::record::{BlockRecord, BlockState};
use super::{BLOCK_BYTES, BlockSpace, LINE_BYTES};
use crate::error::{Error, Result};
use crate::heap::blocks::block_at;
use crate::heap::header::ObjectHeader;
use crate::heap::layout_table::LayoutTable;
use crate::heap::reference::{GRANULE, GcRef};
use crate::heap::space::POISON;

impl BlockSpace {
    /// The reference that an object has after a trace, or `None` if the object died. `old` is
    /// its reference from before the collection.
    ///
    /// Errors: [`Error::Internal`] if the heap is found overwritten.
    #[inline(never)]
    pub(crate) fn current_ref(&self, old: GcRef) -> Result<Option<GcRef>> {
        let Some((record, _)) = self.record_at(old.offset()) else {
            return Err(Error::internal(
                "a reference outside the heap",
                old.raw().into(),
            ));
        };
        if self.is_marked(old) {
            return Ok(Some(old));
        }
        if !record.is_candidate() {
            return Ok(None);
        }
        let header = ObjectHeader::from_bits(self.region.load_u64(old.offset())?);
        let Some(new) = header.forwarded() else {
            return Ok(None);
        };
        match self.record_at(new.offset()) {
            Some((record, _)) if record.is_target() && self.is_marked(new) => Ok(Some(new)),
            _ => Err(Error::internal("a wrong forwarding", new.raw().into())),
        }
    }

    /// The record of the block that `offset` lies in, and the bytes from the block's start, if
    /// the block is committed.
    #[inline]
    pub(super) fn record_at(&self, offset: u64) -> Option<(&BlockRecord, u64)> {
        let into = offset.wrapping_sub(self.start());
        let record = self.records().get((into / BLOCK_BYTES) as usize)?;
        Some((record, into % BLOCK_BYTES))
    }

    /// Frees what the collection has not reached in the block, or in the large object that
    /// starts there; not what is new. Fills it with [`POISON`] if `poison` is set. Lines count
    /// their objects if `counts`. Returns the number of blocks that this was about.
    ///
    /// Errors: [`Error::Internal`] if the heap is found overwritten.
    pub(crate) fn sweep(
        &self,
        block: usize,
        (poison, counts): (bool, bool),
        layouts: &LayoutTable,
    ) -> Result<usize> {
        let record = &self.records()[block];
        let has_new = self.tables.young().contains(block);
        let is_alive = record.has_marks_of(self.cycle) || has_new;
        match record.state() {
            BlockState::Free => return Ok(1),
            BlockState::LargeTail => {
                return Err(Error::internal("a run without a first block", block as u64));
            }
            _ if !is_alive => return self.release(block, poison),
            BlockState::LargeHead => {
                if record.has_marks_of(self.cycle) {
                    record.take_over_live();
                }
                record.end_cycle();
                return Ok(record.run());
            }
            BlockState::Small => {}
        }
        if !record.has_marks_of(self.cycle) {
            self.begin_marks(block, counts);
        }
        record.take_over_marks(&self.marks()[block], has_new, counts);
        record.end_cycle();
        if poison {
            self.poison_dead(block, layouts)?;
        }
        self.update_recyclable(block);
        Ok(1)
    }

    /// Finds out whether a block has free lines, after lines became free.
    pub(super) fn update_recyclable(&self, block: usize) {
        let record = &self.records()[block];
        record.find_first_free();
        if record.free_lines() > 0 {
            self.tables.recyclable().insert(block);
        } else {
            self.tables.recyclable().remove(block);
        }
    }

    /// Sweeps a block.
    #[cfg(test)]
    pub(super) fn sweep_for_tests(&self, block: usize) {
        self.sweep(block, (false, false), &LayoutTable::new())
            .unwrap();
    }

    /// Fills what no live object has in a block of small objects with [`POISON`]. New lines stay
    /// as they are.
    fn poison_dead(&self, block: usize, layouts: &LayoutTable) -> Result<()> {
        let (record, start) = (&self.records()[block], self.start_of(block));
        let mut at = 0;
        while at < BLOCK_BYTES {
            let next = record.first_start_from(at).unwrap_or(BLOCK_BYTES);
            while at < next {
                let line_end = ((at / LINE_BYTES + 1) * LINE_BYTES).min(next);
                if !record.is_new_at(at) {
                    self.region.fill(start + at, start + line_end, POISON)?;
                }
                at = line_end;
            }
            if next < BLOCK_BYTES {
                at = self.end_of_object(block, next, layouts)?;
            }
        }
        Ok(())
    }

    /// Where the object ends that starts at `into`, both in bytes from the start of the block.
    ///
    /// Errors: [`Error::Internal`] if another object starts inside of it, or if the heap is
    /// found overwritten otherwise.
    pub(super) fn end_of_object(
        &self,
        block: usize,
        into: u64,
        layouts: &LayoutTable,
    ) -> Result<u64> {
        let start = self.start_of(block);
        let bytes = block_at(&self.region, start + into, start + BLOCK_BYTES, layouts)?.bytes;
        let next = self.records()[block].first_start_from(into + GRANULE);
        if next.is_some_and(|next| next < into + bytes) {
            return Err(Error::internal("objects that overlap", start + into));
        }
        Ok(into + bytes)
    }
}
