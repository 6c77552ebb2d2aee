//! Evacuation: how an object gets from the old space into the new.

use super::CopyingHeap;
use crate::error::{Error, Result};
use crate::heap::{
    ARRAY_CHUNK, ARRAY_ELEMENTS, GcRef, GcRootsList, HEADER_BYTES, LayoutTable, ObjectHeader,
    PendingEphemerons, RegionView,
};

/// Why scanning ended.
pub(super) enum Met {
    /// There is no other copy.
    End,
    /// So much was done as was to be.
    Stop,
    /// A long array is next: [`CopyingHeap::scan_chunk`].
    ChunkedArray,
}

/// What copying and scanning need, in one place: a loop keeps it in registers, which it
/// cannot do with what is behind a pointer.
pub(super) struct Evacuation<'a> {
    from: RegionView<'a>,
    to: RegionView<'a>,
    /// Where the objects in the old space end.
    from_end: u64,
    /// Where copies begin.
    to_start: u64,
    /// Where the next copy goes.
    next: u64,
    objects: u64,
    layouts: &'a LayoutTable,
    reached: &'a mut PendingEphemerons,
}

impl CopyingHeap {
    /// Does a piece of the collection that is under way.
    pub(super) fn evacuating<R>(
        &mut self,
        layouts: &LayoutTable,
        piece: impl FnOnce(&mut Evacuation<'_>) -> Result<R>,
    ) -> Result<R> {
        let to = 1 - self.active;
        let mut evacuation = Evacuation {
            from: self.spaces[self.active].view(),
            to: self.spaces[to].view(),
            from_end: self.cycle.from_end,
            to_start: self.first_object(to),
            next: self.cycle.next,
            objects: self.cycle.objects,
            layouts,
            reached: &mut self.reached,
        };
        let done = piece(&mut evacuation)?;
        (self.cycle.next, self.cycle.objects) = (evacuation.next, evacuation.objects);
        Ok(done)
    }

    /// Scans copies, until the positions of scanning and of copying add up to `stop`.
    pub(super) fn scan(&mut self, stop: u64, layouts: &LayoutTable) -> Result<Met> {
        let mut scan = self.cycle.scan;
        let met = self.evacuating(layouts, |evacuation| evacuation.scan(&mut scan, stop))?;
        self.cycle.scan = scan;
        Ok(met)
    }

    /// Copies and scans a piece of the long array at `scan`; returns its bytes. Apart
    /// from the loop over all copies, which it would slow down.
    #[cold]
    pub(super) fn scan_chunk(&mut self, layouts: &LayoutTable) -> Result<u64> {
        let (at, begun) = (self.cycle.scan, self.cycle.long);
        let (original, start, end, bytes) =
            self.evacuating(layouts, |evacuation| evacuation.scan_chunk(at, begun))?;
        if end < bytes {
            self.cycle.long = Some((original, end));
        } else {
            self.cycle.long = None;
            self.cycle.scan += bytes;
        }
        Ok(end - start)
    }
}

impl Evacuation<'_> {
    /// Where the object at `old` is in the new space; copies it first if this is the
    /// first reference to it that was found.
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

    /// Copies the object at `old`, whose header this is.
    #[inline(always)]
    fn copy(&mut self, old: GcRef, header: ObjectHeader) -> Result<GcRef> {
        let offset = old.offset();
        let measured = self.layouts.measure(self.from, offset, header)?;
        let bytes = measured.bytes;
        if bytes > self.from_end - offset {
            return Err(Error::internal("an object beyond the heap's end", offset));
        }
        if measured.is_chunked() {
            // The rest when it is scanned: until then the copy says where it is.
            self.from
                .copy_to(offset, self.to, self.next, ARRAY_ELEMENTS)?;
            let here = self.next + ARRAY_ELEMENTS;
            self.to.store_u32(here, old.raw())?;
        } else {
            self.from.copy_to(offset, self.to, self.next, bytes)?;
        }
        let new = GcRef::from_offset(self.next);
        let forwarding = ObjectHeader::forwarding(new);
        self.from.store_u64(offset, forwarding.bits())?;
        self.next += bytes;
        self.objects += 1;
        if header.is_key() {
            self.reached.push(old)?;
        }
        Ok(new)
    }

    /// Whether this is where an object was copied to.
    #[inline(always)]
    fn is_copy(&self, reference: GcRef) -> bool {
        reference.lies_in(self.to_start, self.next)
    }

    /// Evacuates what slots of root ranges refer to.
    pub(super) fn evacuate_ranges(&mut self, roots: &mut GcRootsList) -> Result<()> {
        for root in roots.iter_ranges() {
            let old = root.get();
            // A slot that two ranges share has been updated.
            if !self.is_copy(old) {
                root.set(self.evacuate(old)?);
            }
        }
        Ok(())
    }

    /// Evacuates what the slot at `offset` of the new space refers to.
    #[inline(always)]
    fn scan_slot(&mut self, offset: u64) -> Result<()> {
        let reference = GcRef::from_raw(self.to.load_u32(offset)?);
        if reference.is_object() {
            let new = self.evacuate(reference)?;
            self.to.store_u32(offset, new.raw())?;
        }
        Ok(())
    }

    /// Scans the copy at `offset` and returns its size in bytes; `None` for a long array.
    #[inline(always)]
    fn scan_object(&mut self, offset: u64) -> Result<Option<u64>> {
        let header = ObjectHeader::from_bits(self.to.load_u64(offset)?);
        let measured = self.layouts.measure(self.to, offset, header)?;
        if measured.is_chunked() {
            return Ok(None);
        }
        measured.each_reference(|at| self.scan_slot(offset + at))?;
        debug_assert!(measured.bytes >= HEADER_BYTES);
        Ok(Some(measured.bytes))
    }

    /// See [`CopyingHeap::scan`].
    fn scan(&mut self, scan: &mut u64, stop: u64) -> Result<Met> {
        let mut at = *scan;
        let met = loop {
            if at >= self.next {
                break Met::End;
            }
            if at + self.next >= stop {
                break Met::Stop;
            }
            match self.scan_object(at)? {
                Some(bytes) => at += bytes,
                None => break Met::ChunkedArray,
            }
        };
        *scan = at;
        Ok(met)
    }

    /// See [`CopyingHeap::scan_chunk`]: where the original is, from where to where it was
    /// scanned, and its size.
    fn scan_chunk(
        &mut self,
        offset: u64,
        begun: Option<(u64, u64)>,
    ) -> Result<(u64, u64, u64, u64)> {
        let header = ObjectHeader::from_bits(self.to.load_u64(offset)?);
        let array = self.layouts.measure(self.to, offset, header)?;
        let (original, start) = match begun {
            Some(begun) => begun,
            None => {
                let original = GcRef::from_raw(self.to.load_u32(offset + ARRAY_ELEMENTS)?);
                (original.offset(), ARRAY_ELEMENTS)
            }
        };
        let end = (start + ARRAY_CHUNK).min(array.bytes);
        let (source, target) = (original + start, offset + start);
        self.from.copy_to(source, self.to, target, end - start)?;
        array.references_between(start, end, |at| self.scan_slot(offset + at))?;
        Ok((original, start, end, array.bytes))
    }
}
