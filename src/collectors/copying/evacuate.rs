//! Evacuation: how objects get from the from half into the to half.

use super::CopyingHeap;
use crate::base::work;
use crate::error::{Error, Result};
use crate::heap::{
    ARRAY_CHUNK, ARRAY_ELEMENTS, CommonLayout, CopySpans, GcRef, GcRootsList, Head, LayoutTable,
    Measured, ObjectBytes, ObjectHeader, ObjectSize, ObjectSlot, PendingEphemerons,
    REFERENCES_CHUNK, Region, SLOT_BYTES, SegmentStarts, SemiSpace, SimpleLayouts, segment_end,
};

/// Why scanning ended.
pub(super) enum ScanOutcome {
    /// All copies have been scanned.
    Complete,
    /// The requested amount of work was done.
    Stopped,
    /// The next copy is a chunked array: [`CopyingHeap::scan_chunk`].
    ChunkedArray,
}

/// A chunked array that has been copied in part.
#[derive(Clone, Copy, Debug)]
pub(super) struct ChunkedCopy {
    /// Where the original is.
    original: u64,
    /// The bytes, from the array's start, that have been copied and scanned.
    done: u64,
}

/// A chunk that was copied and scanned.
struct Chunk {
    bytes: u64,
    /// What is left of the array, if anything is.
    rest: Option<ChunkedCopy>,
    /// The bytes of the whole array.
    array_bytes: u64,
}

/// The progress of scanning.
struct Scan {
    /// The copies before this offset have been scanned.
    at: u64,
    /// The number of these copies.
    objects: u64,
}

/// What a part of a collection uses, in one place.
///
/// The loops have a copy of `spans`, which the compiler keeps in registers. It could not do that
/// with data behind a pointer. So they pass the copy on to the functions that they call, and
/// get it back.
pub(super) struct Evacuation<'a> {
    spans: CopySpans<'a>,
    from: &'a Region,
    to: &'a Region,
    to_starts: &'a mut SegmentStarts,
    layouts: &'a LayoutTable,
    pending: &'a mut PendingEphemerons,
}

impl CopyingHeap {
    /// Runs `part` of the collection that is under way.
    pub(super) fn evacuating<R>(
        &mut self,
        layouts: &LayoutTable,
        part: impl FnOnce(&mut Evacuation<'_>) -> Result<R>,
    ) -> Result<R> {
        let (from, to, to_starts) = self.space.halves_and_to_starts();
        let originals = (SemiSpace::first_object(from), self.state.from_end);
        let copies = (SemiSpace::first_object(to), self.state.next);
        let mut evacuation = Evacuation {
            spans: CopySpans::new(from, originals, to, copies),
            from,
            to,
            to_starts,
            layouts,
            pending: &mut self.pending,
        };
        let done = part(&mut evacuation)?;
        self.state.next = evacuation.spans.next();
        Ok(done)
    }

    /// Scans copies until all are scanned, or until the positions of scanning and of
    /// copying add up to `stop`.
    pub(super) fn scan(&mut self, stop: u64, layouts: &LayoutTable) -> Result<ScanOutcome> {
        let mut scan = Scan {
            at: self.state.scan,
            objects: self.state.objects,
        };
        let outcome = self.evacuating(layouts, |evacuation| evacuation.scan(&mut scan, stop))?;
        (self.state.scan, self.state.objects) = (scan.at, scan.objects);
        Ok(outcome)
    }

    /// Copies and scans one chunk of the chunked array at the scan position. Returns the
    /// chunk's bytes. A function of its own, because it would slow down the loop over all
    /// copies.
    #[cold]
    pub(super) fn scan_chunk(&mut self, layouts: &LayoutTable) -> Result<u64> {
        let (array, begun) = (self.state.scan, self.state.chunked);
        let chunk = self.evacuating(layouts, |evacuation| evacuation.scan_chunk(array, begun))?;
        self.state.chunked = chunk.rest;
        if chunk.rest.is_none() {
            let end = array + chunk.array_bytes;
            self.space.to_starts_mut().note_block(array, end, end);
            self.state.scan = end;
            self.state.objects += 1;
        }
        Ok(chunk.bytes)
    }
}

/// Returns where the object at `old` is among the copies. Copies it first, if this is the
/// first reference to it that the collection finds.
///
/// `None`, with nothing done, for keys of weak maps, chunked arrays and objects with wide layouts,
/// if `old` does not refer to an object, and if the heap is found overwritten. The loops over
/// roots and slots have this in line.
#[inline(always)]
fn evacuate_common(
    spans: &mut CopySpans<'_>,
    layouts: SimpleLayouts<'_>,
    old: GcRef,
) -> Option<GcRef> {
    let original = spans.original(old)?;
    let header = original.header();
    if header.is_forwarded_or_key() {
        let new = header.forwarded()?;
        if !spans.is_copy(new) {
            return None;
        }
        return Some(new);
    }
    let size = layouts.common(header, || original.after_header())?.size();
    let new = spans.copy(original, size)?;
    work::count(size.bytes() as usize / 2);
    Some(new)
}

impl<'a> Evacuation<'a> {
    /// As [`evacuate_common`], for all references to objects.
    #[inline(always)]
    fn evacuate_with(&mut self, spans: &mut CopySpans<'a>, old: GcRef) -> Result<GcRef> {
        match evacuate_common(spans, self.layouts.simple_layouts(), old) {
            Some(new) => Ok(new),
            None => self.evacuate_passed(spans, old),
        }
    }

    /// As [`Evacuation::evacuate_any`], with a copy of `spans`.
    #[inline(always)]
    fn evacuate_passed(&mut self, spans: &mut CopySpans<'a>, old: GcRef) -> Result<GcRef> {
        let mut passed = *spans;
        let new = self.evacuate_any(&mut passed, old)?;
        *spans = passed;
        Ok(new)
    }

    /// As [`evacuate_common`], for all objects.
    #[cold]
    fn evacuate_any(&mut self, spans: &mut CopySpans<'a>, old: GcRef) -> Result<GcRef> {
        let Some(original) = spans.original(old) else {
            let bits = old.raw().into();
            return Err(Error::internal("a reference outside the heap", bits));
        };
        let header = original.header();
        if let Some(new) = header.forwarded() {
            if spans.is_copy(new) {
                return Ok(new);
            }
            return Err(Error::internal("a wrong forwarding", new.raw().into()));
        }
        let new = self.copy_any(spans, old, original)?;
        if header.is_key() {
            self.pending.push(old)?;
        }
        Ok(new)
    }

    /// Copies an original, or begins to copy a chunked array. `old` refers to it.
    ///
    /// Only the header and the length of a chunked array are copied now. The elements are
    /// copied when the copy is scanned. Until then, the place of the first element holds `old`.
    fn copy_any(&self, spans: &mut CopySpans<'a>, old: GcRef, original: Head<'a>) -> Result<GcRef> {
        let measured = self.measure(original)?;
        let no_room = || Error::internal("an object that does not fit", old.offset());
        let size = ObjectSize::new(measured.bytes).ok_or_else(no_room)?;
        let new = if measured.is_chunked() {
            work::count(ARRAY_ELEMENTS as usize / 2);
            spans.begin_copy(original, size, old.raw())
        } else {
            work::count(measured.bytes as usize / 2);
            spans.copy(original, size)
        };
        new.ok_or_else(no_room)
    }

    /// The layout and size of an object.
    fn measure(&self, object: Head<'a>) -> Result<Measured<'a>> {
        let layouts: &'a LayoutTable = self.layouts;
        let header = object.header();
        let measured = layouts.measure_head(header, || object.after_header());
        measured.ok_or_else(|| unknown_type(header))
    }

    /// As [`evacuate_common`], for one reference to an object.
    pub(super) fn evacuate(&mut self, old: GcRef) -> Result<GcRef> {
        let mut spans = self.spans;
        let new = self.evacuate_with(&mut spans, old)?;
        self.spans = spans;
        Ok(new)
    }

    /// Evacuates the referents of root slots.
    pub(super) fn evacuate_spans(&mut self, roots: &mut GcRootsList) -> Result<()> {
        let (mut spans, layouts) = (self.spans, self.layouts.simple_layouts());
        roots.try_each_slot(|root| {
            let old = root.get();
            match evacuate_common(&mut spans, layouts, old) {
                Some(new) => root.set(new),
                None if old.is_object() => root.set(self.evacuate_passed(&mut spans, old)?),
                None => {}
            }
            Ok(())
        })?;
        self.spans = spans;
        Ok(())
    }

    /// Evacuates the referents of slots in root ranges.
    pub(super) fn evacuate_ranges(&mut self, roots: &mut GcRootsList) -> Result<()> {
        let (mut spans, layouts) = (self.spans, self.layouts.simple_layouts());
        roots.try_each_range_slot(|root| {
            let old = root.get();
            match evacuate_common(&mut spans, layouts, old) {
                Some(new) => root.set(new),
                // A slot in two ranges has been updated already.
                None if !old.is_object() || spans.is_copy(old) => {}
                None => root.set(self.evacuate_passed(&mut spans, old)?),
            }
            Ok(())
        })?;
        self.spans = spans;
        Ok(())
    }

    /// Evacuates the referent of a slot in a copy, and updates the slot.
    #[inline(always)]
    fn scan_slot(
        &mut self,
        spans: &mut CopySpans<'a>,
        layouts: SimpleLayouts<'a>,
        slot: ObjectSlot<'_>,
    ) -> Result<()> {
        let old = GcRef::from_raw(slot.get());
        match evacuate_common(spans, layouts, old) {
            Some(new) => slot.set(new.raw()),
            None if old.is_object() => slot.set(self.evacuate_passed(spans, old)?.raw()),
            None => {}
        }
        Ok(())
    }

    /// Scans any copy and returns its size. Returns `None`, with nothing done, for a chunked
    /// array.
    #[inline(never)]
    fn scan_any(
        &mut self,
        spans: &mut CopySpans<'a>,
        copy: Head<'a>,
    ) -> Result<Option<ObjectSize>> {
        let measured = self.measure(copy)?;
        if measured.is_chunked() {
            return Ok(None);
        }
        let layouts = self.layouts.simple_layouts();
        let (mut passed, bytes) = (*spans, measured.bytes);
        let size = ObjectSize::new(bytes).filter(|&size| spans.has_copy(copy, size));
        let size = size.ok_or_else(|| beyond_the_end(copy.offset()))?;
        let object = self.object(copy.offset(), bytes)?;
        measured.each_reference(|at| self.scan_slot(&mut passed, layouts, object.slot(at)?))?;
        *spans = passed;
        Ok(Some(size))
    }

    /// The `bytes` of the copy at `offset`.
    fn object(&self, offset: u64, bytes: u64) -> Result<ObjectBytes<'a>> {
        let to: &'a Region = self.to;
        let object = to
            .view()
            .objects(to.start(), to.committed_end())
            .object(offset, bytes);
        object.ok_or_else(|| beyond_the_end(offset))
    }

    /// See [`CopyingHeap::scan`].
    fn scan(&mut self, scan: &mut Scan, stop: u64) -> Result<ScanOutcome> {
        let (mut spans, layouts) = (self.spans, self.layouts.simple_layouts());
        let Scan {
            mut at,
            mut objects,
        } = *scan;
        let mut border = segment_end(at);
        let outcome = loop {
            let Some(copy) = spans.copy_at(at) else {
                if at < spans.next() {
                    return Err(beyond_the_end(at));
                }
                break ScanOutcome::Complete;
            };
            if at + spans.next() >= stop {
                break ScanOutcome::Stopped;
            }
            let size = match layouts.common(copy.header(), || copy.after_header()) {
                Some(CommonLayout::Simple(layout)) => {
                    let Some(slots) = spans.slots(copy, layout) else {
                        return Err(beyond_the_end(at));
                    };
                    for slot in slots {
                        self.scan_slot(&mut spans, layouts, slot)?;
                    }
                    layout.size()
                }
                Some(CommonLayout::Array {
                    size,
                    elements: false,
                }) if spans.has_copy(copy, size) => size,
                _ => match self.scan_passed(&mut spans, copy)? {
                    Some(size) => size,
                    None => break ScanOutcome::ChunkedArray,
                },
            };
            work::count(size.bytes() as usize / 2);
            (at, objects) = (at + size.bytes(), objects + 1);
            if at >= border {
                self.to_starts.note_block(at - size.bytes(), at, at);
                border = segment_end(at);
            }
        };
        (self.spans, *scan) = (spans, Scan { at, objects });
        Ok(outcome)
    }

    /// As [`Evacuation::scan_any`], with a copy of `spans`.
    #[inline(always)]
    fn scan_passed(
        &mut self,
        spans: &mut CopySpans<'a>,
        copy: Head<'a>,
    ) -> Result<Option<ObjectSize>> {
        let mut passed = *spans;
        let size = self.scan_any(&mut passed, copy)?;
        *spans = passed;
        Ok(size)
    }

    /// Copies and scans the next chunk of the array whose copy is at `offset`. The first
    /// one, if no chunk of it has `begun`.
    fn scan_chunk(&mut self, offset: u64, begun: Option<ChunkedCopy>) -> Result<Chunk> {
        let (mut spans, layouts) = (self.spans, self.layouts.simple_layouts());
        let copy = spans
            .copy_at(offset)
            .ok_or_else(|| beyond_the_end(offset))?;
        let array = self.measure(copy)?;
        let ChunkedCopy { original, done } = match begun {
            Some(begun) => begun,
            None => self.begin_chunks(offset)?,
        };
        let most = if array.has_references() {
            REFERENCES_CHUNK
        } else {
            ARRAY_CHUNK
        };
        let end = (done + most).min(array.bytes);
        let bytes = end - done;
        work::count(bytes as usize);
        self.from
            .copy_to(original + done, self.to, offset + done, bytes)?;
        let copy = self.object(offset, array.bytes)?;
        array.references_between(done, end, |at| {
            self.scan_slot(&mut spans, layouts, copy.slot(at)?)
        })?;
        self.spans = spans;
        let rest = ChunkedCopy {
            original,
            done: end,
        };
        Ok(Chunk {
            bytes,
            rest: (end < array.bytes).then_some(rest),
            array_bytes: array.bytes,
        })
    }

    /// The state of a chunked array of which only the header and the length are copied.
    fn begin_chunks(&self, offset: u64) -> Result<ChunkedCopy> {
        let begun = self.object(offset, ARRAY_ELEMENTS + SLOT_BYTES)?;
        let original = GcRef::from_raw(begun.slot(ARRAY_ELEMENTS)?.get());
        Ok(ChunkedCopy {
            original: original.offset(),
            done: ARRAY_ELEMENTS,
        })
    }
}

/// The error of a copy that does not lie in the to half.
#[cold]
fn beyond_the_end(offset: u64) -> Error {
    Error::internal("a copy beyond the heap's end", offset)
}

/// The error of a header whose kind and type do not match.
#[cold]
fn unknown_type(header: ObjectHeader) -> Error {
    Error::internal("a header of unknown type", header.bits())
}
