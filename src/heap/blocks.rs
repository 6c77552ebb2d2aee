//! Walks over a heap's blocks.
//!
//! A block is an object or free memory. Blocks fill the heap without a gap, and each says
//! how long it is. Nothing that a block says is used before it is checked (HEAP-8).

use super::header::{HEADER_BYTES, Kind, ObjectHeader};
use super::layout::Measured;
use super::layout_table::LayoutTable;
use super::memory::{ObjectHead, ObjectSpan, Region};
use super::reference::{GRANULE, GcRef};
use crate::error::{Error, Result};

/// An object, or free memory between objects.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block<'a> {
    /// Its size. It ends within the heap.
    pub(super) bytes: u64,
    /// The object; `None` for free memory.
    pub(super) object: Option<Measured<'a>>,
}

/// The block that starts at `offset`, in a heap whose blocks end at `end`.
///
/// Errors: [`Error::Internal`] on nonsense.
#[inline(always)]
pub(super) fn block_at<'a>(
    region: &Region,
    offset: u64,
    end: u64,
    layouts: &'a LayoutTable,
) -> Result<Block<'a>> {
    let header = ObjectHeader::from_bits(region.load_u64(offset)?);
    let room = end.saturating_sub(offset);
    if header.kind() == Some(Kind::Free) {
        let bytes = checked_size(header, u64::from(header.type_index()) * GRANULE, room)?;
        return Ok(Block {
            bytes,
            object: None,
        });
    }
    let measured = layouts.measure(region.view(), offset, header)?;
    Ok(Block {
        bytes: checked_size(header, measured.bytes, room)?,
        object: Some(measured),
    })
}

/// Tells which references look as if they refer to an object. See
/// [`PlausibleObjects::contains`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlausibleObjects<'a> {
    objects: ObjectSpan<'a>,
    layouts: &'a LayoutTable,
}

impl<'a> PlausibleObjects<'a> {
    /// The objects between `start` and `end`.
    pub(crate) fn new(
        region: &'a Region,
        (start, end): (u64, u64),
        layouts: &'a LayoutTable,
    ) -> PlausibleObjects<'a> {
        let objects = region.view().objects(start, end);
        PlausibleObjects { objects, layouts }
    }

    /// Whether the referent of `reference` looks like an object: it lies between the bounds,
    /// and has a plausible header. Bits that refer into the middle of an object may pass
    /// (ROOTS-22).
    #[inline(always)]
    pub(crate) fn contains(&self, reference: GcRef) -> bool {
        let Some(head) = self.objects.head(reference.object_offset()) else {
            return false;
        };
        let header = ObjectHeader::from_bits(head.header());
        if header.forwarded().is_some() {
            return false;
        }
        let layouts = self.layouts.simple_layouts();
        match layouts.common(header, || head.after_header()) {
            Some(layout) => head.has_room_for(layout.size()),
            None => self.fits(head, header),
        }
    }

    /// Whether an object with any layout has this header and ends before the end. Free memory
    /// has no layout.
    #[cold]
    fn fits(&self, head: ObjectHead<'_>, header: ObjectHeader) -> bool {
        let measured = self.layouts.measure_head(header, || head.after_header());
        measured.is_some_and(|measured| head.object(measured.bytes).is_some())
    }
}

/// Calls `visit` with the offset of each object between `start` and `end`, and with the
/// object. Blocks must fill the bytes between the two.
///
/// Errors: those of `visit`; [`Error::Internal`] on nonsense.
pub(crate) fn each_object<'a>(
    region: &Region,
    start: u64,
    end: u64,
    layouts: &'a LayoutTable,
    mut visit: impl FnMut(u64, Measured<'a>) -> Result<()>,
) -> Result<()> {
    let mut offset = start;
    while offset < end {
        let block = block_at(region, offset, end, layouts)?;
        if let Some(measured) = block.object {
            visit(offset, measured)?;
        }
        offset += block.bytes;
    }
    Ok(())
}

/// The blocks between `start` and `end`, up to the first nonsense: the offset and size of
/// each, and whether it is free memory.
#[cfg(test)]
pub(crate) fn blocks_for_tests(
    region: &Region,
    (start, end): (u64, u64),
    layouts: &LayoutTable,
) -> Vec<(u64, u64, bool)> {
    let (mut blocks, mut offset) = (Vec::new(), start);
    while offset < end {
        let Ok(block) = block_at(region, offset, end, layouts) else {
            break;
        };
        blocks.push((offset, block.bytes, block.object.is_none()));
        offset += block.bytes;
    }
    blocks
}

/// Returns `bytes`, the size of the block with this header, if that is possible in `room`
/// bytes.
///
/// Errors: [`Error::Internal`].
fn checked_size(header: ObjectHeader, bytes: u64, room: u64) -> Result<u64> {
    let is_possible = header.forwarded().is_none()
        && bytes >= HEADER_BYTES
        && bytes.is_multiple_of(GRANULE)
        && bytes <= room;
    if !is_possible {
        return Err(Error::internal(
            "an object of an impossible size",
            header.bits(),
        ));
    }
    Ok(bytes)
}
