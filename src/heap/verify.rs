//! Verification of a heap.

use super::gc_heap::GcHeap;
use super::header::ObjectHeader;
use super::layout_table::LayoutTable;
use super::mutator::Mutator;
use super::reference::{GRANULE, GcRef};
use super::starts::Starts;
use crate::base::fallible;
use crate::error::{Error, Result};

/// The object starts of a heap: one bit for each granule.
#[derive(Debug)]
pub(crate) struct ObjectStartBits {
    /// The offset of the first bit's granule.
    first_granule: u64,
    /// Whether an object starts at the granule.
    is_start: Vec<u64>,
    objects: u64,
}

impl ObjectStartBits {
    /// No object between two offsets yet.
    ///
    /// Errors: [`Error::SystemMemory`].
    pub(crate) fn within((start, end): (u64, u64)) -> Result<ObjectStartBits> {
        let words = ((end - start) / GRANULE).div_ceil(64) as usize;
        let mut is_start = fallible::with_room(words)?;
        is_start.extend(core::iter::repeat_n(0, words));
        Ok(ObjectStartBits {
            first_granule: start,
            is_start,
            objects: 0,
        })
    }

    /// The word that has the bit of `offset`, and the bit in it.
    fn word_and_bit(&self, offset: u64) -> Option<(usize, u64)> {
        let granule = offset.checked_sub(self.first_granule)? / GRANULE;
        Some(((granule / 64) as usize, 1 << (granule % 64)))
    }

    /// Adds an object. Whether it was not there.
    pub(crate) fn add(&mut self, object: GcRef) -> bool {
        let is_new = !self.is_valid(object);
        if is_new {
            self.add_start(object.offset());
        }
        is_new
    }

    fn add_start(&mut self, offset: u64) {
        if let Some((word, bit)) = self.word_and_bit(offset)
            && let Some(word) = self.is_start.get_mut(word)
        {
            *word |= bit;
            self.objects += 1;
        }
    }

    /// Whether `reference` is null, an `i31`, or refers to an object's start.
    pub(crate) fn is_valid(&self, reference: GcRef) -> bool {
        !reference.is_object()
            || self
                .word_and_bit(reference.offset())
                .and_then(|(word, bit)| Some(self.is_start.get(word)? & bit != 0))
                .unwrap_or(false)
    }

    /// Checks that the reference [is valid](ObjectStartBits::is_valid).
    ///
    /// Errors: [`Error::Internal`].
    pub(crate) fn check(&self, reference: GcRef) -> Result<()> {
        if !self.is_valid(reference) {
            return Err(Error::internal(
                "a reference to no object",
                reference.raw().into(),
            ));
        }
        Ok(())
    }

    /// The number of objects.
    pub(crate) fn objects(&self) -> u64 {
        self.objects
    }
}

/// Checks every header, size and reference in the heap, and the heap's own tables and lists.
/// Calls `visit` for each object. Returns the object starts, which the caller needs to check
/// references from outside the heap.
///
/// Errors: those of `visit`; [`Error::Internal`] on the first nonsense;
/// [`Error::SystemMemory`] if there is no memory to check with.
pub(crate) fn verify(
    mutator: &Mutator,
    heap: &dyn GcHeap,
    layouts: &LayoutTable,
    visit: &mut dyn FnMut(GcRef, ObjectHeader) -> Result<()>,
) -> Result<ObjectStartBits> {
    mutator.bump.check()?;
    let region = heap.region();
    let (start, end) = heap.bounds(mutator);
    let mut starts = ObjectStartBits::within((start, end))?;
    heap.each_object(mutator, layouts, &mut |offset, _| {
        starts.add_start(offset);
        let header = ObjectHeader::from_bits(region.load_u64(offset)?);
        visit(GcRef::from_offset(offset), header)
    })?;
    if starts.objects() != mutator.bump.objects() {
        return Err(Error::internal(
            "a wrong number of objects",
            starts.objects(),
        ));
    }
    heap.each_object(mutator, layouts, &mut |offset, measured| {
        measured.each_reference(|at| starts.check(GcRef::from_raw(region.load_u32(offset + at)?)))
    })?;
    if let Starts::InSegments(starts) = heap.starts() {
        starts.check(region, (start, end), layouts)?;
    }
    heap.check(mutator, layouts)?;
    Ok(starts)
}
