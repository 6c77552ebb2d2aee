//! Free blocks as they stand in memory: a header with the size and with marks.

use crate::error::{Error, Result};
use crate::heap::header::{Kind, ObjectHeader};
use crate::heap::memory::{COMMIT_UNIT, Region};
use crate::heap::reference::GRANULE;

/// The smallest block that a list can hold: a header and a link.
pub(super) const LEAST_BLOCK: u64 = 16;

/// The mark of a block that was freed.
pub(super) const FREED: u32 = 1;

/// A second mark, while blocks are coalesced: the block before this one is free too.
pub(super) const FOLLOWS: u32 = 2;

/// A third mark: the whole pages of the block were given back to the system, and nothing has
/// used them since ([`PageRelease`](super::PageRelease)).
pub(super) const RELEASED: u32 = 4;

/// Writes the header of free memory that belongs to no list. Coalescing leaves it alone.
///
/// Errors: [`Error::Internal`] for memory outside `region`.
pub(crate) fn write_free(region: &Region, offset: u64, bytes: u64) -> Result<()> {
    write_header(region, offset, bytes, 0)
}

pub(super) fn write_header(region: &Region, offset: u64, bytes: u64, bits: u32) -> Result<()> {
    let granules = (bytes / GRANULE) as u32;
    let header = ObjectHeader::new(Kind::Free, granules).with_collector_bits(bits);
    region.store_u64(offset, header.bits())
}

/// The size of the freed block at `offset`. `None` if there is an object, other free
/// memory, or the wilderness.
pub(super) fn freed(region: &Region, offset: u64, wilderness: u64) -> Result<Option<u64>> {
    if offset >= wilderness {
        return Ok(None);
    }
    let header = ObjectHeader::from_bits(region.load_u64(offset)?);
    let is_freed = header.kind() == Some(Kind::Free) && header.collector_bits() & FREED != 0;
    // An overwritten header may say 0. A walk must not stay at one offset.
    Ok(is_freed.then(|| u64::from(header.type_index()).max(1) * GRANULE))
}

/// The bounds of the whole pages in the block of `bytes` at `offset`, behind its header and
/// its link. If the block has no whole page, the first bound is at least the second.
pub(super) fn pages_of(offset: u64, bytes: u64) -> (u64, u64) {
    Region::whole_pages(offset + LEAST_BLOCK, offset + bytes)
}

/// Whether the memory at `offset` is a free block of `bytes` whose pages were given back.
pub(super) fn is_released(region: &Region, offset: u64, bytes: u64) -> Result<bool> {
    let header = ObjectHeader::from_bits(region.load_u64(offset)?);
    Ok(header.kind() == Some(Kind::Free)
        && header.collector_bits() & (FREED | RELEASED) == FREED | RELEASED
        && u64::from(header.type_index()) * GRANULE == bytes)
}

/// The marks of a block of `bytes` that a sweep appends. If the memory at `offset` is a
/// header already, that of the same block, then the pages are as they were.
pub(super) fn mark_of_appended(region: &Region, offset: u64, bytes: u64) -> Result<u32> {
    if bytes >= COMMIT_UNIT && is_released(region, offset, bytes)? {
        return Ok(FREED | RELEASED);
    }
    Ok(FREED)
}

/// Checks that nothing was written to the pages of a block that were given back.
///
/// Errors: [`Error::Internal`].
pub(super) fn check_released(region: &Region, offset: u64, bytes: u64) -> Result<()> {
    if bytes < COMMIT_UNIT || !is_released(region, offset, bytes)? {
        return Ok(());
    }
    let (first, end) = pages_of(offset, bytes);
    let mut at = first;
    while at < end {
        if region.load_u64(at)? != 0 {
            return Err(Error::internal("a page in use that was given back", at));
        }
        at += COMMIT_UNIT;
    }
    Ok(())
}
