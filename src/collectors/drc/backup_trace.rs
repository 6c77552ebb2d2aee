//! Full collections: marking from the roots, which counts anew, and sweeping. And the
//! check of counts.

use super::{DrcHeap, POISON};
use crate::base::fallible;
use crate::error::{Error, Result};
use crate::heap::{
    ARRAY_CHUNK, ARRAY_ELEMENTS, Budget, CountedHeader, GRANULE, GcHeap, GcRef, GcRootsList, Kind,
    LayoutTable, Mutator, ObjectHeader, Progress, STICKY, each_object,
};

use super::count_collection::contains;
use super::free_lists::{Ends, FreeLists};

/// A sweep that is under way.
#[derive(Debug)]
pub(super) struct Sweep {
    /// Where it goes on.
    at: u64,
    /// From here to there nothing is in use.
    free_from: u64,
    live_objects: u64,
    live_bytes: u64,
    /// Where the free lists end.
    last: Ends,
}

impl DrcHeap {
    /// Marks what some of the roots refer to.
    pub(super) fn mark_roots(&mut self, roots: &mut GcRootsList) -> Result<()> {
        if !self.cycle.marking {
            self.cycle.marking = true;
            self.zeros.clear();
            self.must_trace = false;
        }
        roots.try_each(|root| self.reach(root.get(), 0))
    }

    /// Marks an object, and counts it so much more; its own slots are gone over later.
    pub(super) fn reach(&mut self, object: GcRef, more: u32) -> Result<()> {
        let mut header = self.counted(object)?;
        if !header.is_marked() {
            header = header
                .marked(true)
                .in_zero_counts(false)
                .rooted(false)
                .with_count(0);
            if fallible::push(&mut self.stack, object).is_err() {
                // Says that it waits, for a walk that finds it.
                header = header.rooted(true);
                self.cycle.overflowed = true;
            }
            if header.header().is_key() {
                self.reached.push(object)?;
            }
        }
        for _ in 0..more {
            header = header.increment();
        }
        self.set(object, header)
    }

    /// Goes over marked objects.
    pub(super) fn mark(&mut self, layouts: &LayoutTable, budget: &mut Budget) -> Result<Progress> {
        let mut done = 0;
        loop {
            done += if let Some((array, from)) = self.cycle.long {
                self.mark_chunk(array, from, layouts)?
            } else if let Some(object) = self.stack.pop() {
                self.mark_slots(object, layouts)?
            } else if self.cycle.overflowed {
                self.mark_waiting(layouts)?
            } else {
                break;
            };
            if done >= budget.left() {
                budget.spend(done);
                return Ok(Progress::Continue);
            }
        }
        budget.spend(done);
        Ok(Progress::Complete)
    }

    /// Marks what an object's slots refer to; returns what it cost.
    fn mark_slots(&mut self, object: GcRef, layouts: &LayoutTable) -> Result<u64> {
        let offset = object.offset();
        let header = ObjectHeader::from_bits(self.space.load_u64(offset)?);
        let measured = layouts.measure(self.space.view(), offset, header)?;
        if measured.is_chunked() {
            // Gone over in pieces next, if it has references.
            self.cycle.long = measured
                .has_references()
                .then_some((object, ARRAY_ELEMENTS));
            return Ok(ARRAY_CHUNK);
        }
        measured.each_reference(|at| self.mark_slot(offset + at))?;
        Ok(measured.bytes)
    }

    /// Marks what the slot at an offset refers to, which is counted.
    #[inline(always)]
    fn mark_slot(&mut self, at: u64) -> Result<()> {
        let slot = GcRef::from_raw(self.space.load_u32(at)?);
        if slot.is_object() {
            self.reach(slot, 1)?;
        }
        Ok(())
    }

    /// Marks what a piece of a long array refers to, from an offset on; returns what it
    /// cost.
    #[cold]
    fn mark_chunk(&mut self, array: GcRef, from: u64, layouts: &LayoutTable) -> Result<u64> {
        let offset = array.offset();
        let header = ObjectHeader::from_bits(self.space.load_u64(offset)?);
        let measured = layouts.measure(self.space.view(), offset, header)?;
        let end = (from + ARRAY_CHUNK).min(measured.bytes);
        measured.references_between(from, end, |at| self.mark_slot(offset + at))?;
        self.cycle.long = (end < measured.bytes).then_some((array, end));
        // Each reference is one to an object, which takes longer than its bytes.
        Ok((end - from) * 4)
    }

    /// Goes over the marked objects that the stack had no room for; returns what it cost.
    #[cold]
    fn mark_waiting(&mut self, layouts: &LayoutTable) -> Result<u64> {
        self.cycle.overflowed = false;
        let mut offset = GRANULE;
        while offset < self.tail {
            let header = ObjectHeader::from_bits(self.space.load_u64(offset)?);
            let counted = CountedHeader::of_any(header);
            if header.kind() != Some(Kind::Free) && counted.is_rooted() {
                let object = GcRef::from_offset(offset);
                self.set(object, counted.rooted(false))?;
                self.mark_slots(object, layouts)?;
                while let Some((array, from)) = self.cycle.long {
                    self.mark_chunk(array, from, layouts)?;
                }
            }
            offset += self.size(offset, header, layouts)?;
        }
        Ok(offset)
    }

    /// Frees what is not marked, and lists the free memory anew, neighbours as one.
    pub(super) fn sweep(
        &mut self,
        mutator: &Mutator,
        layouts: &LayoutTable,
        budget: &mut Budget,
    ) -> Result<Progress> {
        let mut sweep = self
            .cycle
            .sweep
            .take()
            .unwrap_or_else(|| self.begin_sweep());
        let begun = sweep.at;
        // In order, without a look at what objects refer to: far faster than tracing.
        let stop = begun.saturating_add(budget.left().saturating_mul(4));
        self.sweep_to(stop.min(self.tail), &mut sweep, layouts)?;
        budget.spend((sweep.at - begun) / 4);
        if sweep.at < self.tail {
            self.cycle.sweep = Some(sweep);
            return Ok(Progress::Continue);
        }
        self.sweep_free(sweep.free_from, self.tail, &mut sweep.last)?;
        self.cycle.freed_objects = mutator.bump.objects().saturating_sub(sweep.live_objects);
        self.cycle.freed_bytes = mutator.bump.used_bytes().saturating_sub(sweep.live_bytes);
        Ok(Progress::Complete)
    }

    fn begin_sweep(&mut self) -> Sweep {
        self.free = FreeLists::new();
        self.fresh.clear();
        Sweep {
            at: GRANULE,
            free_from: GRANULE,
            live_objects: 0,
            live_bytes: 0,
            last: Ends::new(),
        }
    }

    /// Goes on with a sweep up to an offset, or a little further.
    fn sweep_to(&mut self, stop: u64, sweep: &mut Sweep, layouts: &LayoutTable) -> Result<()> {
        let (mut live_objects, mut live_bytes) = (0, 0);
        let (mut offset, mut free_from) = (sweep.at, sweep.free_from);
        while offset < stop {
            let header = ObjectHeader::from_bits(self.space.load_u64(offset)?);
            let bytes = self.size(offset, header, layouts)?;
            if CountedHeader::of_any(header).is_marked() {
                self.sweep_free(free_from, offset, &mut sweep.last)?;
                self.keep(GcRef::from_offset(offset), CountedHeader::of_any(header))?;
                free_from = offset + bytes;
                live_objects += 1;
                live_bytes += bytes;
            } else if self.poison {
                self.space.fill(offset, offset + bytes, POISON)?;
            }
            offset += bytes;
        }
        (sweep.at, sweep.free_from) = (offset, free_from);
        sweep.live_objects += live_objects;
        sweep.live_bytes += live_bytes;
        Ok(())
    }

    fn sweep_free(&mut self, start: u64, end: u64, last: &mut Ends) -> Result<()> {
        if end == self.tail || start == end {
            return self.give(start, end);
        }
        self.free.append(&self.space, start, end - start, last)
    }

    /// Ends the collection for an object that is alive.
    fn keep(&mut self, object: GcRef, header: CountedHeader) -> Result<()> {
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
    pub(super) fn check_counts(&self, mutator: &Mutator, layouts: &LayoutTable) -> Result<()> {
        let (start, end) = self.walk(mutator);
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
        let lent = mutator.bump.start()..mutator.bump.next();
        each_object(&self.space, start, end, layouts, |offset, _| {
            let header = self.counted(GcRef::from_offset(offset))?;
            let counted = counts[place(offset)];
            if header.count() != counted && header.count() != STICKY {
                return Err(Error::internal("a wrong count of references", offset));
            }
            let found =
                header.is_in_zero_counts() || lent.contains(&offset) || contains(&fresh, offset);
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
