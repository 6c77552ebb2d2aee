//! Evacuation: how objects get from the from half into the to half.

use super::CopyingHeap;
use crate::base::work;
use crate::error::{Error, Result};
use crate::heap::{
    ARRAY_CHUNK, ARRAY_ELEMENTS, GcRef, GcRootsList, HEADER_BYTES, LEAST_BYTES, LayoutTable,
    Measured, ObjectBytes, ObjectHead, ObjectHeader, ObjectSpan, PendingEphemerons,
    REFERENCES_CHUNK, SegmentStarts, SemiSpace, segment_end,
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

/// What copying and scanning use, in one place. A loop keeps it in registers; it could
/// not do that with data behind a pointer.
pub(super) struct Evacuation<'a> {
    /// The objects in the from half.
    from: ObjectSpan<'a>,
    /// The to half, from the first copy on.
    to: ObjectSpan<'a>,
    to_starts: &'a mut SegmentStarts,
    /// Where the first copy is.
    to_start: u64,
    /// Where the next copy goes.
    next: u64,
    /// The number of copies.
    objects: u64,
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
        let (first, to_start) = (SemiSpace::first_object(from), SemiSpace::first_object(to));
        let mut evacuation = Evacuation {
            from: from.view().objects(first, self.state.from_end),
            to: to.view().objects(to_start, to.committed_end()),
            to_starts,
            to_start,
            next: self.state.next,
            objects: self.state.objects,
            layouts,
            pending: &mut self.pending,
        };
        let done = part(&mut evacuation)?;
        (self.state.next, self.state.objects) = (evacuation.next, evacuation.objects);
        Ok(done)
    }

    /// Scans copies until all are scanned, or until the positions of scanning and of
    /// copying add up to `stop`.
    pub(super) fn scan(&mut self, stop: u64, layouts: &LayoutTable) -> Result<ScanOutcome> {
        let mut scan = self.state.scan;
        let outcome = self.evacuating(layouts, |evacuation| evacuation.scan(&mut scan, stop))?;
        self.state.scan = scan;
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
        }
        Ok(chunk.bytes)
    }
}

impl<'a> Evacuation<'a> {
    /// Returns where the object at `old` is in the to half. Copies it first, if this is
    /// the first reference to it that the collection finds.
    #[inline(always)]
    pub(super) fn evacuate(&mut self, old: GcRef) -> Result<GcRef> {
        match self.evacuate_common(old) {
            Some(new) => Ok(new),
            None => self.evacuate_any(old),
        }
    }

    /// As [`Evacuation::evacuate`], for most objects. `None`, with nothing done, for keys of
    /// weak maps and chunked arrays, and if the heap is found overwritten. The loops over
    /// roots and slots have this in line. It passes no error around, so that its values stay
    /// in registers.
    #[inline(always)]
    fn evacuate_common(&mut self, old: GcRef) -> Option<GcRef> {
        let head = self.from.head(old.offset())?;
        let header = ObjectHeader::from_bits(head.header());
        if header.is_forwarded_or_key() {
            return header.forwarded().filter(|&new| self.is_copy(new));
        }
        let measured = self.layouts.measure_head(head, header)?;
        if measured.is_chunked() {
            return None;
        }
        let object = head.object(measured.bytes)?;
        let target = self.to.object(self.next, measured.bytes)?;
        object.copy_to(target);
        work::count(measured.bytes as usize / 2);
        Some(self.forward(head, measured.bytes))
    }

    /// Leaves a forwarding reference to the next copy, of `bytes`, in an object whose first
    /// bytes are `head`.
    #[inline(always)]
    fn forward(&mut self, head: ObjectHead<'_>, bytes: u64) -> GcRef {
        let new = GcRef::from_offset(self.next);
        head.set_header(ObjectHeader::forwarding(new).bits());
        self.next += bytes;
        self.objects += 1;
        new
    }

    /// See [`Evacuation::evacuate`].
    #[cold]
    fn evacuate_any(&mut self, old: GcRef) -> Result<GcRef> {
        let offset = old.offset();
        let Some(head) = self.from.head(offset) else {
            return Err(Error::internal(
                "a reference outside the heap",
                old.raw().into(),
            ));
        };
        let header = ObjectHeader::from_bits(head.header());
        if let Some(new) = header.forwarded() {
            if self.is_copy(new) {
                return Ok(new);
            }
            return Err(Error::internal("a wrong forwarding", new.raw().into()));
        }
        let bytes = self.copy_any(old, head, header)?;
        let new = self.forward(head, bytes);
        if header.is_key() {
            self.pending.push(old)?;
        }
        Ok(new)
    }

    /// Copies the object at `old`, whose first bytes are `head`, or begins to copy a chunked
    /// array. Returns its size.
    fn copy_any(&self, old: GcRef, head: ObjectHead<'_>, header: ObjectHeader) -> Result<u64> {
        let offset = old.offset();
        let Some(measured) = self.layouts.measure_head(head, header) else {
            return Err(unknown_type(header));
        };
        let bytes = measured.bytes;
        let Some(object) = head.object(bytes) else {
            return Err(Error::internal("an object beyond the heap's end", offset));
        };
        let Some(target) = self.to.object(self.next, bytes) else {
            return Err(Error::internal("more copies than fit", self.next));
        };
        if measured.is_chunked() {
            self.begin_chunked_copy(old)?;
            work::count(ARRAY_ELEMENTS as usize / 2);
        } else {
            object.copy_to(target);
            work::count(bytes as usize / 2);
        }
        Ok(bytes)
    }

    /// Copies the header and the length of a chunked array to the next copy. The elements are
    /// copied when the copy is scanned. Until then, the place of the first element holds the
    /// reference to the original.
    fn begin_chunked_copy(&self, old: GcRef) -> Result<()> {
        self.copy_part(old.offset(), self.next, ARRAY_ELEMENTS)?;
        let Some(begun) = self.to.object(self.next, ARRAY_ELEMENTS + 4) else {
            return Err(Error::internal("more copies than fit", self.next));
        };
        begun.slot(ARRAY_ELEMENTS)?.set(old.raw());
        Ok(())
    }

    /// Copies `bytes` from `offset` in the from half to `to_offset` in the to half.
    fn copy_part(&self, offset: u64, to_offset: u64, bytes: u64) -> Result<()> {
        let parts = self.from.object(offset, bytes);
        let Some((source, target)) = parts.zip(self.to.object(to_offset, bytes)) else {
            return Err(Error::internal("an array beyond the heap's end", offset));
        };
        source.copy_to(target);
        Ok(())
    }

    /// Whether `reference` refers to a copy, of at least [`LEAST_BYTES`].
    #[inline(always)]
    fn is_copy(&self, reference: GcRef) -> bool {
        let heads = (self.next - self.to_start).saturating_sub(u64::from(LEAST_BYTES) - 1);
        !reference.is_odd() && reference.offset().wrapping_sub(self.to_start) < heads
    }

    /// Evacuates the referents of root slots.
    pub(super) fn evacuate_spans(&mut self, roots: &mut GcRootsList) -> Result<()> {
        roots.try_each_in_spans(|root| {
            root.set(self.evacuate(root.get())?);
            Ok(())
        })
    }

    /// Evacuates the referents of slots in root ranges.
    pub(super) fn evacuate_ranges(&mut self, roots: &mut GcRootsList) -> Result<()> {
        roots.try_each_in_ranges(|root| {
            let old = root.get();
            match self.evacuate_common(old) {
                Some(new) => root.set(new),
                // A slot in two ranges has been updated already.
                None if self.is_copy(old) => {}
                None => root.set(self.evacuate_any(old)?),
            }
            Ok(())
        })
    }

    /// Evacuates the referent of the slot at `at` in a copy, and updates the slot.
    #[inline(always)]
    fn scan_slot(&mut self, copy: ObjectBytes<'_>, at: u64) -> Result<()> {
        let slot = copy.slot(at)?;
        let reference = GcRef::from_raw(slot.get());
        if reference.is_object() {
            slot.set(self.evacuate(reference)?.raw());
        }
        Ok(())
    }

    /// Scans the references of a copy that its layout's near references do not have. A
    /// function of its own, so that the loop over all copies has one loop over slots.
    #[inline(never)]
    fn scan_more(&mut self, copy: ObjectBytes<'_>, measured: Measured<'_>) -> Result<()> {
        for at in measured.more_references() {
            self.scan_slot(copy, at)?;
        }
        Ok(())
    }

    /// The first bytes, the layout and the size of the copy at `offset`.
    #[inline(always)]
    fn measure_copy(&self, offset: u64) -> Result<(ObjectHead<'a>, Measured<'a>)> {
        let Some(head) = self.to.head(offset) else {
            return Err(beyond_the_end(offset));
        };
        let header = ObjectHeader::from_bits(head.header());
        match self.layouts.measure_head(head, header) {
            Some(measured) => Ok((head, measured)),
            None => Err(unknown_type(header)),
        }
    }

    /// The copy of `bytes` at `offset`.
    #[inline(always)]
    fn copy_at(&self, offset: u64, bytes: u64) -> Result<ObjectBytes<'a>> {
        let copy = self.to.object(offset, bytes);
        copy.ok_or_else(|| beyond_the_end(offset))
    }

    /// Scans the copy at `offset` and returns its size in bytes. Returns `None`, with
    /// nothing done, for a chunked array.
    #[inline(always)]
    fn scan_object(&mut self, offset: u64) -> Result<Option<u64>> {
        let (head, measured) = self.measure_copy(offset)?;
        if measured.is_chunked() {
            return Ok(None);
        }
        let Some(copy) = head.object(measured.bytes) else {
            return Err(beyond_the_end(offset));
        };
        for at in measured.near_references() {
            self.scan_slot(copy, at)?;
        }
        if measured.has_more_references() {
            self.scan_more(copy, measured)?;
        }
        debug_assert!(measured.bytes >= HEADER_BYTES);
        work::count(measured.bytes as usize / 2);
        Ok(Some(measured.bytes))
    }

    /// See [`CopyingHeap::scan`].
    fn scan(&mut self, scan: &mut u64, stop: u64) -> Result<ScanOutcome> {
        let mut at = *scan;
        let mut border = segment_end(at);
        let outcome = loop {
            if at >= self.next {
                break ScanOutcome::Complete;
            }
            if at + self.next >= stop {
                break ScanOutcome::Stopped;
            }
            match self.scan_object(at)? {
                Some(bytes) => {
                    at += bytes;
                    if at >= border {
                        self.to_starts.note_block(at - bytes, at, at);
                        border = segment_end(at);
                    }
                }
                None => break ScanOutcome::ChunkedArray,
            }
        };
        *scan = at;
        Ok(outcome)
    }

    /// Copies and scans the next chunk of the array whose copy is at `offset`. The first
    /// one, if no chunk of it has `begun`.
    fn scan_chunk(&mut self, offset: u64, begun: Option<ChunkedCopy>) -> Result<Chunk> {
        let (_, array) = self.measure_copy(offset)?;
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
        self.copy_part(original + done, offset + done, bytes)?;
        let copy = self.copy_at(offset, array.bytes)?;
        array.references_between(done, end, |at| self.scan_slot(copy, at))?;
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
        let begun = self.copy_at(offset, ARRAY_ELEMENTS + 4)?;
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
