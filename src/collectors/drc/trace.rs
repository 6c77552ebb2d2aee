//! Full collections: marking from the roots, which counts anew, and sweeping. And the
//! check of counts.

use super::count::STUCK;
use super::{DrcHeap, POISON};
use crate::error::{Error, Result};
use crate::fallible;
use crate::heap::{
    AllocationArea, GRANULE, GcHeap, GcRef, GcRootsList, Kind, LayoutTable, ObjectHeader, Progress,
    each_object,
};

use super::count::Counted;
use super::free_lists::{Ends, FreeLists};
use super::partial::contains;

impl DrcHeap {
    /// Marks what roots refer to.
    pub(super) fn mark_roots(&mut self, roots: &mut GcRootsList) -> Result<()> {
        self.zeros.clear();
        self.must_trace = false;
        roots.try_each(|root| self.reach(root.get(), 0))
    }

    /// Marks an object, and counts it so much more; its own slots are gone over later.
    pub(super) fn reach(&mut self, object: GcRef, more: u32) -> Result<()> {
        let mut header = self.counted(object)?;
        if !header.is_marked() {
            header = header
                .marked(true)
                .listed(false)
                .rooted(false)
                .with_count(0);
            if fallible::push(&mut self.stack, object).is_err() {
                // Says that it waits, for a walk that finds it.
                header = header.rooted(true);
                self.cycle.overflowed = true;
            }
            if header.0.is_key() {
                self.reached.note(object)?;
            }
        }
        for _ in 0..more {
            header = header.more();
        }
        self.set(object, header)
    }

    /// Goes over about `budget` bytes of marked objects.
    pub(super) fn mark(&mut self, layouts: &LayoutTable, budget: u64) -> Result<Progress> {
        let mut done = 0;
        while let Some(object) = self.stack.pop() {
            done += self.mark_slots(object, layouts)?;
            if done >= budget {
                return Ok(Progress::Continue);
            }
        }
        if self.cycle.overflowed {
            self.cycle.overflowed = false;
            self.mark_waiting(layouts)?;
            return Ok(Progress::Continue);
        }
        Ok(Progress::Complete)
    }

    /// Marks what an object's slots refer to; returns its size.
    fn mark_slots(&mut self, object: GcRef, layouts: &LayoutTable) -> Result<u64> {
        let offset = object.offset();
        let header = ObjectHeader::from_bits(self.space.load_u64(offset)?);
        let measured = layouts.measure(self.space.view(), offset, header)?;
        measured.each_reference(|at| {
            let slot = GcRef::from_raw(self.space.load_u32(offset + at)?);
            if slot.is_object() {
                self.reach(slot, 1)?;
            }
            Ok(())
        })?;
        Ok(measured.bytes)
    }

    /// Goes over the marked objects that the stack had no room for.
    fn mark_waiting(&mut self, layouts: &LayoutTable) -> Result<()> {
        let mut offset = GRANULE;
        while offset < self.tail {
            let header = ObjectHeader::from_bits(self.space.load_u64(offset)?);
            let counted = Counted(header);
            if header.kind() != Some(Kind::Free) && counted.is_rooted() {
                let object = GcRef::from_offset(offset);
                self.set(object, counted.rooted(false))?;
                self.mark_slots(object, layouts)?;
            }
            offset += self.size(offset, header, layouts)?;
        }
        Ok(())
    }

    /// Frees what is not marked, and lists the free memory anew, neighbours as one.
    pub(super) fn sweep(&mut self, area: &AllocationArea, layouts: &LayoutTable) -> Result<()> {
        self.free = FreeLists::new();
        self.fresh.clear();
        let mut last = Ends::new();
        let end = self.tail;
        let (mut offset, mut free_from) = (GRANULE, GRANULE);
        let (mut live_objects, mut live_bytes) = (0, 0);
        while offset < end {
            let header = ObjectHeader::from_bits(self.space.load_u64(offset)?);
            let bytes = self.size(offset, header, layouts)?;
            if Counted(header).is_marked() {
                self.sweep_free(free_from, offset, &mut last)?;
                self.keep(GcRef::from_offset(offset), Counted(header))?;
                free_from = offset + bytes;
                live_objects += 1;
                live_bytes += bytes;
            }
            offset += bytes;
        }
        self.sweep_free(free_from, end, &mut last)?;
        self.cycle.freed_objects = area.objects().saturating_sub(live_objects);
        self.cycle.freed_bytes = area.used_bytes().saturating_sub(live_bytes);
        Ok(())
    }

    fn sweep_free(&mut self, start: u64, end: u64, last: &mut Ends) -> Result<()> {
        if self.poison {
            self.space.fill(start, end, POISON)?;
        }
        if end == self.tail || start == end {
            return self.give(start, end);
        }
        self.free.append(&self.space, start, end - start, last)
    }

    /// Ends the collection for an object that is alive.
    fn keep(&mut self, object: GcRef, header: Counted) -> Result<()> {
        let header = header.marked(false);
        if header.count() == 0 {
            return self.list(object, header);
        }
        self.set(object, header)
    }

    /// Checks that each object counts the slots that refer to it, and that those that
    /// count none are listed or fresh.
    ///
    /// Errors: [`Error::Internal`], [`Error::SystemMemory`].
    pub(super) fn check_counts(&self, area: &AllocationArea, layouts: &LayoutTable) -> Result<()> {
        let (start, end) = self.walk(area);
        let mut counts: Vec<u32> = Vec::new();
        let granules = ((end - start) / GRANULE) as usize;
        counts
            .try_reserve_exact(granules)
            .map_err(|_| fallible::refused(granules * 4))?;
        counts.extend(core::iter::repeat_n(0, granules));
        let place = |offset: u64| ((offset - start) / GRANULE) as usize;
        each_object(&self.space, start, end, layouts, |offset, measured| {
            measured.each_reference(|at| {
                let slot = GcRef::from_raw(self.space.load_u32(offset + at)?);
                if slot.is_object() {
                    counts[place(slot.offset())] += 1;
                }
                Ok(())
            })
        })?;
        let mut fresh: Vec<(u64, u64)> = Vec::new();
        fresh
            .try_reserve_exact(self.fresh.len())
            .map_err(|_| fallible::refused(self.fresh.len() * 16))?;
        fresh.extend(self.fresh.iter().copied());
        fresh.sort_unstable();
        let lent = area.start()..area.next();
        each_object(&self.space, start, end, layouts, |offset, _| {
            let header = self.counted(GcRef::from_offset(offset))?;
            let counted = counts[place(offset)];
            if header.count() != counted && header.count() != STUCK {
                return Err(Error::internal("a wrong count of references", offset));
            }
            let found = header.is_listed() || lent.contains(&offset) || contains(&fresh, offset);
            if counted == 0 && !found && !self.must_trace {
                return Err(Error::internal(
                    "a count of zero that is not listed",
                    offset,
                ));
            }
            Ok(())
        })
    }
}
