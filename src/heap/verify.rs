//! Verification of a heap: a walk over its objects, which lie one after another.

use super::gc_heap::GcHeap;
use super::header::{HEADER_BYTES, Kind, ObjectHeader};
use super::layout::{LayoutTable, Measured};
use super::memory::Region;
use super::mutator::Mutator;
use super::reference::{GRANULE, GcRef};
use crate::base::fallible;
use crate::error::{Error, Result};

/// Which granules of the area start an object.
#[derive(Debug)]
pub(crate) struct ObjectStartBits {
    start: u64,
    bits: Vec<u64>,
    objects: u64,
}

impl ObjectStartBits {
    fn with_room(start: u64, end: u64) -> Result<ObjectStartBits> {
        let words = ((end - start) / GRANULE).div_ceil(64) as usize;
        let mut bits = Vec::new();
        bits.try_reserve_exact(words)
            .map_err(|_| fallible::refused(words * 8))?;
        bits.extend(core::iter::repeat_n(0, words));
        Ok(ObjectStartBits {
            start,
            bits,
            objects: 0,
        })
    }

    fn place(&self, offset: u64) -> Option<(usize, u64)> {
        let granule = offset.checked_sub(self.start)? / GRANULE;
        Some(((granule / 64) as usize, 1 << (granule % 64)))
    }

    fn insert(&mut self, offset: u64) {
        if let Some((word, bit)) = self.place(offset) {
            self.bits[word] |= bit;
            self.objects += 1;
        }
    }

    /// Whether `reference` is null, an `i31`, or an object's start.
    pub(crate) fn has(&self, reference: GcRef) -> bool {
        !reference.is_object()
            || self
                .place(reference.offset())
                .and_then(|(word, bit)| Some(self.bits.get(word)? & bit != 0))
                .unwrap_or(false)
    }

    /// Checks that [`ObjectStartBits::has`] the reference.
    pub(crate) fn check(&self, reference: GcRef) -> Result<()> {
        if !self.has(reference) {
            return Err(Error::internal(
                "a reference to no object",
                reference.raw().into(),
            ));
        }
        Ok(())
    }

    /// How many objects there are.
    pub(crate) fn objects(&self) -> u64 {
        self.objects
    }
}

/// Checks every header, size and reference of the heap and what it knows beside, and
/// calls `visit` for each object. Returns where objects start, to check references from outside.
///
/// Errors: [`Error::Internal`] on the first nonsense, [`Error::SystemMemory`]
/// when there is no memory to check with.
pub(crate) fn verify(
    mutator: &Mutator,
    heap: &dyn GcHeap,
    layouts: &LayoutTable,
    visit: &mut dyn FnMut(GcRef, ObjectHeader) -> Result<()>,
) -> Result<ObjectStartBits> {
    mutator.bump.check()?;
    let region = heap.region();
    let (start, end) = heap.walk(mutator);
    let mut starts = ObjectStartBits::with_room(start, end)?;
    each_object(region, start, end, layouts, |offset, _| {
        starts.insert(offset);
        let header = ObjectHeader::from_bits(region.load_u64(offset)?);
        visit(GcRef::from_offset(offset), header)
    })?;
    if starts.objects() != mutator.bump.objects() {
        return Err(Error::internal(
            "a wrong number of objects",
            starts.objects(),
        ));
    }
    each_object(region, start, end, layouts, |offset, measured| {
        measured.each_reference(|at| starts.check(GcRef::from_raw(region.load_u32(offset + at)?)))
    })?;
    heap.check(mutator, layouts)?;
    Ok(starts)
}

/// What stands at a place where objects lie one after another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block<'a> {
    /// Its size, within the room that there is.
    pub(super) bytes: u64,
    /// The object, unless this is free memory.
    pub(super) object: Option<Measured<'a>>,
}

/// What stands at `offset`, where objects end at `end`.
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
        let bytes = sound(header, u64::from(header.type_index()) * GRANULE, room)?;
        return Ok(Block {
            bytes,
            object: None,
        });
    }
    let measured = layouts.measure(region.view(), offset, header)?;
    Ok(Block {
        bytes: sound(header, measured.bytes, room)?,
        object: Some(measured),
    })
}

/// Whether something that looks like an object stands where `reference` says, among the
/// objects between `start` and `end`.
pub(crate) fn is_plausible(
    reference: GcRef,
    region: &Region,
    start: u64,
    end: u64,
    layouts: &LayoutTable,
) -> bool {
    let looks_like_one = |found: Result<Block<'_>>| found.is_ok_and(|block| block.object.is_some());
    reference.lies_in(start, end)
        && looks_like_one(block_at(region, reference.offset(), end, layouts))
}

/// Calls `visit` with each object between `start` and `end`, where they lie one after
/// another, and with where it is.
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

/// An object's size, if it is possible where there is so much room.
fn sound(header: ObjectHeader, bytes: u64, room: u64) -> Result<u64> {
    let sound = header.forwarded().is_none()
        && bytes >= HEADER_BYTES
        && bytes.is_multiple_of(GRANULE)
        && bytes <= room;
    if !sound {
        return Err(Error::internal(
            "an object of an impossible size",
            header.bits(),
        ));
    }
    Ok(bytes)
}
