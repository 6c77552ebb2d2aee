//! Free memory between objects, as it stands in the heap.

use crate::error::Result;
use crate::heap::header::{Kind, ObjectHeader};
use crate::heap::memory::Region;
use crate::heap::reference::GRANULE;

/// Writes the header of free memory of `bytes` at `offset`, so that a walk can pass it.
///
/// Errors: [`Error::Internal`](crate::error::Error::Internal) for memory outside `region`.
pub(crate) fn write_free(region: &Region, offset: u64, bytes: u64) -> Result<()> {
    let granules = (bytes / GRANULE) as u32;
    let header = ObjectHeader::new(Kind::Free, granules);
    region.store_u64(offset, header.bits())
}
