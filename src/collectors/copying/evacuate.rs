//! Evacuation: how an object gets from the old space into the new.

use super::CopyingHeap;
use crate::error::{Error, Result};
use crate::heap::{
    GcRef, GcRootsList, HEADER_BYTES, LayoutTable, ObjectHeader, Progress, ReachedKeys, RegionView,
};

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
    reached: &'a mut ReachedKeys,
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
}

impl Evacuation<'_> {
    /// Where the object at `old` is in the new space; copies it first if this is the
    /// first reference to it that was found.
    #[inline(always)]
    pub(super) fn evacuate(&mut self, old: GcRef) -> Result<GcRef> {
        let offset = old.offset();
        if offset >= self.from_end {
            return Err(Error::internal(
                "a reference out of the heap",
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
        let bytes = self.layouts.measure(self.from, offset, header)?.bytes;
        if bytes > self.from_end - offset {
            return Err(Error::internal("an object beyond the heap's end", offset));
        }
        self.from.copy_to(offset, self.to, self.next, bytes)?;
        let new = GcRef::from_offset(self.next);
        let forwarding = ObjectHeader::forwarding(new);
        self.from.store_u64(offset, forwarding.bits())?;
        self.next += bytes;
        self.objects += 1;
        if header.is_key() {
            self.reached.note(old)?;
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

    /// Scans the copy at `offset` and returns its size in bytes.
    #[inline(always)]
    fn scan_object(&mut self, offset: u64) -> Result<u64> {
        let header = ObjectHeader::from_bits(self.to.load_u64(offset)?);
        let measured = self.layouts.measure(self.to, offset, header)?;
        measured.each_reference(|at| self.scan_slot(offset + at))?;
        debug_assert!(measured.bytes >= HEADER_BYTES);
        Ok(measured.bytes)
    }

    /// Scans copies from `scan` on, about `budget` bytes of them.
    pub(super) fn scan(&mut self, scan: &mut u64, budget: u64) -> Result<Progress> {
        let (mut at, stop) = (*scan, scan.saturating_add(budget));
        while at < self.next && at < stop {
            at += self.scan_object(at)?;
        }
        *scan = at;
        Ok(if at < self.next {
            Progress::Continue
        } else {
            Progress::Complete
        })
    }
}
