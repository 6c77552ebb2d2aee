//! Backup traces. A backup trace (major) marks from the roots, counts again, and sweeps.
//!
//! Marking an object resets its count to zero; each slot that is scanned increments its
//! referent. So a marked object has its right count when marking is complete.

use super::DrcHeap;
use crate::base::{fallible, work};
use crate::error::{Error, Result};
use crate::heap::{
    ARRAY_CHUNK, ARRAY_ELEMENTS, Budget, CountedHeader, GcRef, GcRootsList, KEPT_BYTES,
    LayoutTable, ListEnds, Mutator, POISON, Progress, REFERENCES_CHUNK, WriteBarrier,
};

/// A sweep that is under way.
#[derive(Debug)]
pub(super) struct Sweep {
    /// Where it continues.
    at: u64,
    /// The memory from here to `at` is not in use.
    free_from: u64,
    live_objects: u64,
    live_bytes: u64,
    ends: ListEnds,
}

impl DrcHeap {
    /// Marks the objects that a part of the roots refers to.
    pub(super) fn mark_roots(&mut self, roots: &mut GcRootsList) -> Result<()> {
        if !self.state.marking {
            self.state.marking = true;
            self.zero_counts.clear();
            self.must_trace = false;
        }
        roots.try_each_in_spans(|root| self.mark_in_line(root.get()))?;
        roots.try_each_in_ranges(|root| self.mark_in_line(root.get()))
    }

    /// Marks an object that a root or a weak map refers to, which is not counted.
    pub(super) fn mark(&mut self, object: GcRef) -> Result<()> {
        self.mark_in_line(object)
    }

    #[inline(always)]
    fn mark_in_line(&mut self, object: GcRef) -> Result<()> {
        let header = self.marked_header(object)?;
        self.set_header(object, header)
    }

    /// Marks an object that a slot refers to, and increments its count.
    #[inline]
    fn mark_and_increment(&mut self, object: GcRef) -> Result<()> {
        let header = self.marked_header(object)?.increment();
        self.set_header(object, header)
    }

    /// The header of an object, marked. If the object was not marked before, its count is
    /// reset, and it is pushed on the stack, to be scanned.
    #[inline]
    fn marked_header(&mut self, object: GcRef) -> Result<CountedHeader> {
        let header = self.counted_header(object)?;
        if header.is_marked() {
            return Ok(header);
        }
        let mut header = header
            .marked(true)
            .in_zero_counts(false)
            .rooted(false)
            .with_count(0);
        if fallible::push(&mut self.stack, object).is_err() {
            // The flag says that the object has to be scanned. `walk_overflowed` finds it.
            header = header.rooted(true);
            self.state.overflowed = true;
        }
        if header.header().is_key() {
            self.pending.push(object)?;
        }
        Ok(header)
    }

    /// Scans marked objects, as far as the budget allows.
    pub(super) fn scan_marked(
        &mut self,
        layouts: &LayoutTable,
        budget: &mut Budget,
    ) -> Result<Progress> {
        let mut done = 0;
        loop {
            done += if let Some((array, from)) = self.state.chunked {
                self.scan_chunk(array, from, layouts)?
            } else if let Some(object) = self.stack.pop() {
                self.scan_object(object, layouts)?
            } else if let Some(at) = self.state.walk {
                let left = budget.left().saturating_sub(done);
                self.walk_overflowed(at, left.saturating_mul(4), layouts)?
            } else if self.state.overflowed {
                self.state.overflowed = false;
                self.state.walk = Some(self.space.memory().first_object());
                0
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

    /// Marks the referents of an object. Returns what that cost.
    pub(super) fn scan_object(&mut self, object: GcRef, layouts: &LayoutTable) -> Result<u64> {
        let offset = object.offset();
        let measured = self.measure(offset, layouts)?;
        work::count(if measured.is_chunked() {
            ARRAY_ELEMENTS
        } else {
            measured.bytes
        } as usize);
        if measured.is_chunked() && measured.has_references() {
            // Its chunks are scanned next.
            self.state.visited.visit(offset, ARRAY_ELEMENTS)?;
            self.state.chunked = Some((object, ARRAY_ELEMENTS));
            return Ok(ARRAY_CHUNK);
        }
        self.state.visited.visit(offset, measured.bytes)?;
        if measured.is_chunked() {
            return Ok(ARRAY_CHUNK);
        }
        measured.each_reference(|at| self.scan_slot(offset + at))?;
        Ok(measured.bytes)
    }

    /// Marks and increments the referent of the slot at `offset`.
    #[inline(always)]
    fn scan_slot(&mut self, offset: u64) -> Result<()> {
        let referent = self.slot_at(offset)?;
        if referent.is_object() {
            self.mark_and_increment(referent)?;
        }
        Ok(())
    }

    /// Marks the referents of one chunk of a chunked array, from the offset `from` in it.
    /// Returns what that cost.
    #[cold]
    fn scan_chunk(&mut self, array: GcRef, from: u64, layouts: &LayoutTable) -> Result<u64> {
        let offset = array.offset();
        let measured = self.measure(offset, layouts)?;
        let end = (from + REFERENCES_CHUNK).min(measured.bytes);
        // An overwritten length may have become less than `from`.
        let bytes = end.saturating_sub(from);
        self.state.visited.visit(offset, bytes)?;
        work::count(bytes as usize * 4);
        measured.references_between(from, end, |at| self.scan_slot(offset + at))?;
        self.state.chunked = (end < measured.bytes).then_some((array, end));
        // Each slot leads to another object, which takes longer than reading its 4 bytes.
        Ok(bytes * 4)
    }

    /// Frees the objects that are not marked, and gives pages back that are free. Does as
    /// much as the budget allows.
    pub(super) fn free_unmarked(
        &mut self,
        mutator: &Mutator,
        layouts: &LayoutTable,
        budget: &mut Budget,
    ) -> Result<Progress> {
        if self.state.releasing.is_none() {
            if self.sweep(mutator, layouts, budget)? == Progress::Continue {
                return Ok(Progress::Continue);
            }
            let kept = self.kept_free();
            self.state.releasing = Some(self.space.begin_page_release(kept));
        }
        match &mut self.state.releasing {
            Some(release) => self.space.release_pages(release, budget),
            None => Ok(Progress::Complete),
        }
    }

    /// The bytes of free pages that stay resident, because the program is likely to use them
    /// again: as many as this collection freed, or as were allocated before it. If the heap
    /// is growing, as many as before the last major collection at least (HEAP-38).
    fn kept_free(&mut self) -> u64 {
        let used = self.state.freed_bytes.max(self.allocated_since_trace);
        let before = core::mem::replace(&mut self.used_before_trace, used);
        let kept = if self.state.is_growing {
            used.max(before)
        } else {
            used
        };
        kept.max(KEPT_BYTES)
    }

    /// Frees the objects that are not marked, as far as the budget allows. Builds the free
    /// lists again, with adjacent free blocks as one.
    fn sweep(
        &mut self,
        mutator: &Mutator,
        layouts: &LayoutTable,
        budget: &mut Budget,
    ) -> Result<Progress> {
        let begun = self.state.sweep.take();
        let mut sweep = begun.unwrap_or_else(|| self.begin_sweep());
        let start = sweep.at;
        // A sweep reads memory in order and no slots, so it is far faster than tracing.
        let stop = start.saturating_add(budget.left().saturating_mul(4));
        let wilderness = self.state.end;
        self.sweep_to(stop.min(wilderness), &mut sweep, layouts)?;
        budget.spend((sweep.at - start) / 4);
        if sweep.at < wilderness {
            self.state.sweep = Some(sweep);
            return Ok(Progress::Continue);
        }
        if sweep.live_bytes != self.state.visited.visited() {
            return Err(Error::internal(
                "objects inside of others",
                self.state.visited.visited(),
            ));
        }
        self.space
            .append_free(sweep.free_from, wilderness, &mut sweep.ends)?;
        self.state.freed_objects = mutator.bump.objects().saturating_sub(sweep.live_objects);
        self.state.freed_bytes = mutator.bump.used_bytes().saturating_sub(sweep.live_bytes);
        Ok(Progress::Complete)
    }

    fn begin_sweep(&mut self) -> Sweep {
        self.young_ranges.clear();
        let first = self.space.memory().first_object();
        Sweep {
            at: first,
            free_from: first,
            live_objects: 0,
            live_bytes: 0,
            ends: self.space.begin_sweep(),
        }
    }

    /// Continues a sweep to the end of the object or free block that reaches `stop`.
    fn sweep_to(&mut self, stop: u64, sweep: &mut Sweep, layouts: &LayoutTable) -> Result<()> {
        let (mut live_objects, mut live_bytes) = (0, 0);
        let (mut offset, mut free_from) = (sweep.at, sweep.free_from);
        while offset < stop {
            let header = self.header_at(offset)?;
            let bytes = self.size_within(offset, header, self.state.end, layouts)?;
            let counted = CountedHeader::of_any(header);
            if counted.is_marked() {
                self.space.append_free(free_from, offset, &mut sweep.ends)?;
                self.unmark(GcRef::from_offset(offset), counted)?;
                free_from = offset + bytes;
                live_objects += 1;
                live_bytes += bytes;
            } else if self.poison && !self.space.is_released(offset, bytes)? {
                self.region().fill(offset, offset + bytes, POISON)?;
            }
            offset += bytes;
            // A sweep does not look into a long object.
            work::count(bytes.min(ARRAY_CHUNK) as usize / 4);
        }
        (sweep.at, sweep.free_from) = (offset, free_from);
        sweep.live_objects += live_objects;
        sweep.live_bytes += live_bytes;
        Ok(())
    }

    /// Clears the mark of a live object. If its count is zero, only roots refer to it, and
    /// it is added to the zero-count table.
    fn unmark(&mut self, object: GcRef, header: CountedHeader) -> Result<()> {
        let header = header.marked(false);
        if header.count() == 0 {
            return self.add_to_zero_counts(object, header);
        }
        self.set_header(object, header)
    }
}
