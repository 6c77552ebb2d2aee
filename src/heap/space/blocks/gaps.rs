//! Gaps: the free bytes between objects in live lines.
//!
//! A collection frees whole lines. Bytes that dead objects had in lines with live objects stay
//! unused, as long as there is other memory. A heap that is nearly full and must not grow uses
//! them too: its sweep makes each gap a free cell with a header and a link to the next one, and
//! an allocation for which there is no hole takes a gap. So such a heap refuses nothing that a
//! collector of single objects would allocate.

use super::record::BlockState;
use super::{BLOCK_BYTES, BlockSpace, Hole, LINE_BYTES};
use crate::error::{Error, Result};
use crate::heap::blocks::block_at;
use crate::heap::header::{HEADER_BYTES, Kind, ObjectHeader};
use crate::heap::layout_table::LayoutTable;
use crate::heap::reference::{GRANULE, LEAST_BYTES};
use crate::heap::space::write_free;

/// The most gaps that an allocation looks at.
const MOST_GAPS: usize = 64;

/// A list of gaps, in no order.
#[derive(Debug, Default)]
pub(crate) struct Gaps {
    /// The offset of the first gap, or 0.
    first: u64,
}

impl BlockSpace {
    /// Adds the gaps of a block to `gaps`, after a sweep.
    ///
    /// Errors: [`Error::Internal`] if the heap is found overwritten.
    pub(crate) fn list_gaps(
        &self,
        block: usize,
        gaps: &mut Gaps,
        layouts: &LayoutTable,
    ) -> Result<()> {
        let (record, start) = (&self.records()[block], self.start_of(block));
        if record.state() != BlockState::Small {
            return Ok(());
        }
        let (mut at, end) = (0, start + BLOCK_BYTES);
        while at < BLOCK_BYTES {
            let next = record.first_start_from(at).unwrap_or(BLOCK_BYTES);
            self.add_gaps(block, (at, next), gaps)?;
            at = next;
            if next < BLOCK_BYTES {
                at += block_at(&self.region, start + next, end, layouts)?.bytes;
            }
        }
        Ok(())
    }

    /// Adds the parts of `from..to` that lie in live lines.
    fn add_gaps(&self, block: usize, (from, to): (u64, u64), gaps: &mut Gaps) -> Result<()> {
        let record = &self.records()[block];
        let line_end = |at: u64| ((at / LINE_BYTES + 1) * LINE_BYTES).min(to);
        let mut at = from;
        while at < to {
            let mut end = at;
            while end < to && record.is_live_at(end) {
                end = line_end(end);
            }
            if end - at >= u64::from(LEAST_BYTES) {
                self.add_gap(self.start_of(block) + at, end - at, gaps)?;
            }
            at = end.max(line_end(at));
        }
        Ok(())
    }

    fn add_gap(&self, offset: u64, bytes: u64, gaps: &mut Gaps) -> Result<()> {
        write_free(&self.region, offset, bytes)?;
        self.region.store_u64(offset + HEADER_BYTES, gaps.first)?;
        gaps.first = offset;
        let block = self.block_of(offset);
        self.records()[block].set_start(offset - self.start_of(block));
        Ok(())
    }

    /// The bytes of the gap at `offset`, and the next gap.
    ///
    /// Errors: [`Error::Internal`] if there is no gap.
    fn gap_at(&self, offset: u64) -> Result<(u64, u64)> {
        let header = ObjectHeader::from_bits(self.region.load_u64(offset)?);
        let next = self.region.load_u64(offset + HEADER_BYTES)?;
        let bytes = u64::from(header.type_index()) * GRANULE;
        let is_inside = offset >= self.start() && offset.is_multiple_of(GRANULE);
        let is_gap = is_inside
            && header.kind() == Some(Kind::Free)
            && (u64::from(LEAST_BYTES)..2 * LINE_BYTES).contains(&bytes)
            && self.block_of(offset) == self.block_of(offset + bytes - 1)
            && self.may_start_at(offset);
        if !is_gap {
            return Err(Error::internal("a gap that was overwritten", offset));
        }
        Ok((bytes, next))
    }

    /// Forgets the gaps that are left: no object starts there.
    ///
    /// Errors: [`Error::Internal`] if the heap is found overwritten.
    pub(crate) fn drop_gaps(&self, gaps: &mut Gaps) -> Result<()> {
        let mut at = core::mem::take(gaps).first;
        while at != 0 {
            let (_, next) = self.gap_at(at)?;
            let block = self.block_of(at);
            self.records()[block].clear_start(at - self.start_of(block));
            at = next;
        }
        Ok(())
    }

    /// Takes exactly `bytes` of a gap. Looks at a few gaps only. `None` if they have not
    /// enough bytes.
    ///
    /// Errors: [`Error::Internal`] if the heap is found overwritten.
    pub(crate) fn take_gap(&self, gaps: &mut Gaps, bytes: u64) -> Result<Option<Hole>> {
        let (mut before, mut at) = (0, gaps.first);
        for _ in 0..MOST_GAPS {
            if at == 0 {
                break;
            }
            let (room, next) = self.gap_at(at)?;
            if let Some(rest) = room.checked_sub(bytes) {
                match before {
                    0 => gaps.first = next,
                    _ => self.region.store_u64(before + HEADER_BYTES, next)?,
                }
                if rest >= u64::from(LEAST_BYTES) {
                    self.add_gap(at + bytes, rest, gaps)?;
                }
                return Ok(Some(Hole {
                    start: at,
                    end: at + bytes,
                }));
            }
            (before, at) = (at, next);
        }
        Ok(None)
    }
}
