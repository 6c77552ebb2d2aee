//! Evacuation: how objects get from the from half into the to half.

use super::CopyingHeap;
use crate::base::work;
use crate::error::{Error, Result};
use crate::heap::{
    ARRAY_CHUNK, ARRAY_ELEMENTS, GcRef, GcRootsList, HEADER_BYTES, LayoutTable, ObjectHeader,
    PendingEphemerons, REFERENCES_CHUNK, RegionView, SegmentStarts, SemiSpace, segment_end,
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
    from: RegionView<'a>,
    to: RegionView<'a>,
    to_starts: &'a mut SegmentStarts,
    /// Where the objects in the from half end.
    from_end: u64,
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
        let mut evacuation = Evacuation {
            from: from.view(),
            to: to.view(),
            to_starts,
            from_end: self.state.from_end,
            to_start: SemiSpace::first_object(to),
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

impl Evacuation<'_> {
    /// Returns where the object at `old` is in the to half. Copies it first, if this is
    /// the first reference to it that the collection finds.
    #[inline(always)]
    pub(super) fn evacuate(&mut self, old: GcRef) -> Result<GcRef> {
        let offset = old.offset();
        if offset >= self.from_end {
            return Err(Error::internal(
                "a reference outside the heap",
                old.raw().into(),
            ));
        }
        let header = ObjectHeader::from_bits(self.from.load_u64(offset)?);
        match header.forwarded() {
            None => self.copy(old, header),
            Some(new) if self.is_copy(new) => Ok(new),
            Some(new) => Err(Error::internal("a wrong forwarding", new.raw().into())),
        }
    }

    /// Copies the object at `old`, whose header is `header`.
    #[inline(always)]
    fn copy(&mut self, old: GcRef, header: ObjectHeader) -> Result<GcRef> {
        let offset = old.offset();
        let measured = self.layouts.measure(self.from, offset, header)?;
        let bytes = measured.bytes;
        if bytes > self.from_end - offset {
            return Err(Error::internal("an object beyond the heap's end", offset));
        }
        if measured.is_chunked() {
            // The elements are copied when the copy is scanned. Until then, the place of
            // the first element holds the reference to the original.
            self.from
                .copy_to(offset, self.to, self.next, ARRAY_ELEMENTS)?;
            let here = self.next + ARRAY_ELEMENTS;
            self.to.store_u32(here, old.raw())?;
            work::count(ARRAY_ELEMENTS as usize / 2);
        } else {
            self.from.copy_to(offset, self.to, self.next, bytes)?;
            work::count(bytes as usize / 2);
        }
        let new = GcRef::from_offset(self.next);
        let forwarding = ObjectHeader::forwarding(new);
        self.from.store_u64(offset, forwarding.bits())?;
        self.next += bytes;
        self.objects += 1;
        if header.is_key() {
            self.pending.push(old)?;
        }
        Ok(new)
    }

    /// Whether `reference` refers to a copy.
    #[inline(always)]
    fn is_copy(&self, reference: GcRef) -> bool {
        reference.lies_in(self.to_start, self.next)
    }

    /// Evacuates the referents of slots in root ranges.
    pub(super) fn evacuate_ranges(&mut self, roots: &mut GcRootsList) -> Result<()> {
        for root in roots.iter_ranges() {
            let old = root.get();
            // A slot in two ranges has been updated already.
            if !self.is_copy(old) {
                root.set(self.evacuate(old)?);
            }
        }
        Ok(())
    }

    /// Evacuates the referent of the slot at `offset` in the to half, and updates the
    /// slot.
    #[inline(always)]
    fn scan_slot(&mut self, offset: u64) -> Result<()> {
        let reference = GcRef::from_raw(self.to.load_u32(offset)?);
        if reference.is_object() {
            let new = self.evacuate(reference)?;
            self.to.store_u32(offset, new.raw())?;
        }
        Ok(())
    }

    /// Scans the copy at `offset` and returns its size in bytes. Returns `None`, with
    /// nothing done, for a chunked array.
    #[inline(always)]
    fn scan_object(&mut self, offset: u64) -> Result<Option<u64>> {
        let header = ObjectHeader::from_bits(self.to.load_u64(offset)?);
        let measured = self.layouts.measure(self.to, offset, header)?;
        if measured.is_chunked() {
            return Ok(None);
        }
        measured.each_reference(|at| self.scan_slot(offset + at))?;
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
        let header = ObjectHeader::from_bits(self.to.load_u64(offset)?);
        let array = self.layouts.measure(self.to, offset, header)?;
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
        array.references_between(done, end, |at| self.scan_slot(offset + at))?;
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
        let original = GcRef::from_raw(self.to.load_u32(offset + ARRAY_ELEMENTS)?);
        Ok(ChunkedCopy {
            original: original.offset(),
            done: ARRAY_ELEMENTS,
        })
    }
}
