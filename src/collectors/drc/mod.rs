//! Deferred reference counting, with tracing as the cycle collector.
//!
//! **Idea.** Each object counts the slots in other objects that refer to it; roots are
//! not counted, so that making and dropping one costs what it costs elsewhere. An object
//! that no slot refers to is in the table of zero counts until the next collection: if
//! no root refers to it then, it is freed, and what it referred to is counted less in
//! turn, with a list of what is to be done and no recursion. That is a *partial*
//! collection: its cost is that of the roots, of what was made since the last one, and
//! of the garbage. A *full* collection traces from the roots, counts anew, and frees what
//! was not reached, cycles with it. It runs when asked for, when the heap has doubled
//! since the last, and before the heap is said to be full.
//!
//! Objects never move. Memory is taken from free lists (`free_lists.rs`) a block at a
//! time, and lent to the allocation area, which bumps through it: objects that were made
//! one after another lie so. Free neighbours are merged when no block is large enough, and
//! by a full collection, which gives back what is then unused at the end.
//!
//! **Cost.** Each reference that is stored counts two objects. Dead cycles wait for a
//! full collection, which takes as long as all objects, dead and alive. Less memory than
//! copying: no second space.
//!
//! **Sources.** Deutsch and Bobrow, "An Efficient, Incremental, Automatic Garbage
//! Collector", CACM 19(9), 1976, for deferring; tracing as the backup that finds cycles
//! and restores counts that got stuck: Blackburn and McKinley, "Ulterior Reference
//! Counting", OOPSLA 2003, and Shahriyar, Blackburn, McKinley, "Taking Off the Gloves with
//! Reference Counting Immix", OOPSLA 2013, from whom also comes that new objects are
//! judged by going over what was allocated, and so need no entry in a table.
//!
//! **Rejected.** Trial deletion (Bacon and Rajan, 2001): it traces candidates three times,
//! and notes one at each decrement. Counting roots. Buffers for counts that need memory
//! when a reference is stored: what does not fit into a table is left to the next full
//! collection.

mod backup_trace;
mod count_collection;
mod free_lists;
#[cfg(test)]
mod tests;

use backup_trace::Sweep;
use free_lists::{FreeLists, write_free};

use crate::base::fallible;
use crate::error::{Error, Result};
use crate::heap::{
    Allocation, Barrier, Budget, COMMIT_UNIT, CollectionKind, CollectionStats, CollectionSteps,
    CountedHeader, GRANULE, GcHeap, GcRef, GcRootsList, GcRuntime, HeapOptions, KEPT_BYTES, Kind,
    LayoutTable, Liveness, Mutator, ObjectHeader, PendingEphemerons, Progress, Region, Reservation,
    Window, WriteBarrier, heap_limit,
};

/// What freed memory is filled with when poisoning is on.
const POISON: u8 = 0xdb;

/// Smaller heaps double when they grow.
const LARGE: u64 = 4 << 20;

/// A heap is not traced before so much is in use.
const TRACE_FROM: u64 = 4 << 20;

/// A table with room for more entries is given back when it is empty.
const KEPT_ENTRIES: usize = 64 << 10;

/// The kind of collector.
pub(crate) struct Drc;

impl GcRuntime for Drc {
    fn name(&self) -> &'static str {
        "drc"
    }

    fn collects(&self) -> bool {
        true
    }

    fn moves(&self) -> bool {
        false
    }

    fn prefers_small_heap(&self) -> bool {
        true
    }

    fn least_limit(&self) -> u64 {
        4 * COMMIT_UNIT
    }

    fn new_heap(&self, options: HeapOptions) -> Result<Box<dyn GcHeap>> {
        let limit = options.limit.max(self.least_limit()) / COMMIT_UNIT * COMMIT_UNIT;
        Ok(fallible::boxed(DrcHeap::new(limit, options)?)?)
    }
}

struct DrcHeap {
    space: Region,
    reservation: Reservation,
    limit: u64,
    initial: u64,
    poison: bool,
    free: FreeLists,
    /// From here to the committed end nothing is in use, and nothing is in a list; what
    /// is lent to the area begins here or ends before.
    tail: u64,
    /// How often free neighbours have been merged.
    merges: u64,
    /// Bytes that may be allocated from one collection to the next.
    budget: u64,
    /// With so many bytes in use a partial collection becomes a full one.
    trace_at: u64,
    /// Where objects were made since the last collection, but for what is lent.
    fresh: Vec<(u64, u64)>,
    /// The table of zero counts. An object whose header says that it is listed is here
    /// once.
    zeros: Vec<GcRef>,
    /// Objects that are to be gone over. Empty between collections.
    stack: Vec<GcRef>,
    /// Keys of weak maps that a full collection has reached.
    reached: PendingEphemerons,
    /// Something did not fit into a table: the next collection is a full one.
    must_trace: bool,
    cycle: Cycle,
}

/// The state of the collection that is under way.
#[derive(Debug, Default)]
struct Cycle {
    full: bool,
    /// Roots have been marked, so that counts are not what they were.
    marking: bool,
    /// A long array that is being gone over, and from where on.
    long: Option<(GcRef, u64)>,
    sweep: Option<Sweep>,
    /// Memory is being given back.
    shrinking: bool,
    /// Marked objects are not all on the stack: it was full.
    overflowed: bool,
    freed_objects: u64,
    freed_bytes: u64,
}

impl DrcHeap {
    /// An empty heap of this limit.
    ///
    /// Errors: [`Error::SystemMemory`].
    fn new(limit: u64, options: HeapOptions) -> Result<DrcHeap> {
        let reservation = Reservation::new(limit)?;
        let mut space = reservation.region(0, limit);
        let initial = options
            .initial
            .clamp(1, limit)
            .next_multiple_of(COMMIT_UNIT);
        space.commit_to(initial)?;
        Ok(DrcHeap {
            space,
            reservation,
            limit,
            initial,
            poison: options.poison,
            free: FreeLists::new(),
            tail: GRANULE,
            merges: 0,
            budget: 0,
            trace_at: TRACE_FROM,
            fresh: Vec::new(),
            zeros: Vec::new(),
            stack: Vec::new(),
            reached: PendingEphemerons::default(),
            must_trace: false,
            cycle: Cycle::default(),
        })
    }

    /// The header of what a reference refers to.
    ///
    /// Errors: [`Error::Internal`] for no object.
    #[inline]
    fn counted(&self, object: GcRef) -> Result<CountedHeader> {
        CountedHeader::of(ObjectHeader::from_bits(
            self.space.load_u64(object.offset())?,
        ))
    }

    #[inline]
    fn set(&self, object: GcRef, header: CountedHeader) -> Result<()> {
        self.space.store_u64(object.offset(), header.bits())
    }

    /// Puts an object into the table of zero counts, unless it is there.
    fn list(&mut self, object: GcRef, header: CountedHeader) -> Result<()> {
        if header.is_in_zero_counts() {
            return self.set(object, header);
        }
        let listed = fallible::push(&mut self.zeros, object).is_ok();
        self.must_trace |= !listed;
        self.set(object, header.in_zero_counts(listed))
    }

    /// Takes back what is lent: what was made there is fresh, the rest free.
    fn take_back(&mut self, mutator: &Mutator) -> Result<()> {
        let Window { start, next, end } = mutator.take_back();
        if start < next {
            let noted = fallible::push(&mut self.fresh, (start, next));
            self.must_trace |= noted.is_err();
        }
        if end == self.space.committed_end() {
            self.tail = next;
        } else if next < end {
            self.free.give_back(&self.space, next, end - next)?;
        }
        Ok(())
    }

    /// A block of at least `bytes`, in no list any more: where it starts and ends.
    fn find(&mut self, bytes: u64) -> Result<Option<(u64, u64)>> {
        if let Some((start, found)) = self.free.take(&self.space, bytes)? {
            return Ok(Some((start, start + found)));
        }
        if self.free.may_merge() {
            self.tail = self.free.merge(&self.space, self.tail)?;
            self.merges += 1;
            if let Some((start, found)) = self.free.take(&self.space, bytes)? {
                return Ok(Some((start, start + found)));
            }
        }
        let end = self.space.committed_end();
        Ok((bytes <= end - self.tail).then_some((self.tail, end)))
    }

    /// Lends a block of at least `bytes`, as far as the budget goes; `false` if there is
    /// none, or no budget.
    fn lend(&mut self, mutator: &Mutator, bytes: u64) -> Result<bool> {
        let left = self.budget.saturating_sub(mutator.bump.allocated_bytes());
        if bytes > left {
            return Ok(false);
        }
        self.take_back(mutator)?;
        let Some((start, end)) = self.find(bytes)? else {
            return Ok(false);
        };
        if end == self.space.committed_end() {
            self.tail = end;
        }
        // SAFETY: the block is committed, belongs to this heap, and is in use by nobody
        // else until it is taken back.
        unsafe { mutator.lend(start, end) };
        mutator.bump.set_budget_end(start.saturating_add(left));
        Ok(true)
    }

    /// Where unused memory at the end begins, lent or not.
    fn unused_from(&self, mutator: &Mutator) -> u64 {
        if mutator.bump.end() == self.space.committed_end() {
            mutator.bump.next()
        } else {
            self.tail
        }
    }

    /// Bytes that are free and not lent.
    fn free_bytes(&self) -> u64 {
        self.free.bytes() + (self.space.committed_end() - self.tail)
    }
}

impl WriteBarrier for DrcHeap {
    fn region(&self) -> &Region {
        &self.space
    }

    fn barrier(&self) -> Barrier {
        Barrier::COUNTING
    }

    fn write_barrier(&mut self, _holder: u64, _at: u64, old: GcRef, new: GcRef) -> Result<()> {
        if new.is_object() {
            let header = self.counted(new)?.increment();
            self.set(new, header)?;
        }
        if old.is_object() {
            let header = self.counted(old)?.decrement()?;
            if header.count() == 0 {
                return self.list(old, header);
            }
            self.set(old, header)?;
        }
        Ok(())
    }
}

impl GcHeap for DrcHeap {
    fn open(&mut self, mutator: &Mutator) {
        let end = self.space.committed_end();
        // SAFETY: the region is committed up to there and belongs to this heap, which
        // tells the area whenever that changes.
        unsafe { mutator.set_heap(self.reservation.base(), GRANULE, GRANULE, end, 0) };
        self.tail = end;
        self.budget = end - GRANULE;
    }

    fn committed_bytes(&self) -> u64 {
        self.space.committed_end()
    }

    fn limit_bytes(&self) -> u64 {
        self.limit
    }

    fn allocate(
        &mut self,
        mutator: &Mutator,
        header: ObjectHeader,
        bytes: u64,
    ) -> Result<Allocation> {
        let Some(bytes) = bytes.checked_next_multiple_of(GRANULE) else {
            return Ok(Allocation::Never);
        };
        if bytes > self.largest_object() {
            return Ok(Allocation::Never);
        }
        if !self.has_room(mutator, bytes)? {
            return Ok(Allocation::CollectOrGrow { bytes });
        }
        match mutator.bump.bump_within_budget(bytes) {
            Some(offset) => {
                mutator.write_new_object(offset, header, bytes);
                Ok(Allocation::Done(GcRef::from_offset(offset)))
            }
            None => Err(Error::internal(
                "reserved space that is not available",
                bytes,
            )),
        }
    }

    fn largest_object(&self) -> u64 {
        self.limit - GRANULE
    }

    fn committed_after_growth(&self, mutator: &Mutator, bytes: u64) -> Result<u64> {
        let needed = self.unused_from(mutator).saturating_add(bytes);
        if needed > self.limit {
            return Err(heap_limit(bytes, self.limit));
        }
        let committed = self.space.committed_end();
        if needed <= committed {
            return Ok(committed);
        }
        // Large heaps by an eighth: memory at the end that is used once may stay in use.
        let step = if committed < LARGE {
            committed
        } else {
            committed / 8
        };
        let more = (committed + step).min(self.limit);
        Ok(needed.max(more).next_multiple_of(COMMIT_UNIT))
    }

    fn grow(&mut self, mutator: &Mutator, bytes: u64) -> Result<()> {
        let wanted = self.committed_after_growth(mutator, bytes)?;
        let needed = (self.unused_from(mutator) + bytes).next_multiple_of(COMMIT_UNIT);
        self.take_back(mutator)?;
        self.space
            .commit_to(wanted)
            .or_else(|_| self.space.commit_to(needed))?;
        // SAFETY: committed.
        unsafe { mutator.set_heap_end(self.space.committed_end()) };
        self.budget = self
            .budget
            .max(mutator.bump.allocated_bytes().saturating_add(bytes));
        Ok(())
    }

    fn deallocate_uninit(&mut self, mutator: &Mutator, object: GcRef, bytes: u64) {
        let bytes = bytes.next_multiple_of(GRANULE);
        if !mutator.bump.unbump(object.offset(), bytes) {
            // Found free by the next collection, which goes over what is fresh.
            mutator.write_free(object.offset(), bytes);
        }
    }

    fn check(&self, mutator: &Mutator, layouts: &LayoutTable) -> Result<()> {
        self.free.check(&self.space, self.tail)?;
        self.check_counts(mutator, layouts)
    }

    fn walk(&self, mutator: &Mutator) -> (u64, u64) {
        let (next, end) = (mutator.bump.next(), mutator.bump.end());
        if next < end && end != self.space.committed_end() {
            // What is lent and not used yet is free to whoever walks by.
            let written = write_free(&self.space, next, end - next);
            debug_assert!(written.is_ok());
        }
        (GRANULE, self.unused_from(mutator))
    }

    fn collection_kind(&self, mutator: &Mutator, asked: CollectionKind) -> CollectionKind {
        if self.must_trace || mutator.bump.used_bytes() > self.trace_at {
            return CollectionKind::Major;
        }
        asked
    }

    fn coalescings(&self) -> u64 {
        self.merges
    }

    fn has_room(&mut self, mutator: &Mutator, bytes: u64) -> Result<bool> {
        Ok(mutator.bump.has_budget(bytes) || self.lend(mutator, bytes)?)
    }

    fn reserve_keys(&mut self, count: usize) -> Result<()> {
        self.reached.reserve(count)
    }

    fn collection(&mut self) -> Option<&mut dyn CollectionSteps> {
        Some(self)
    }

    fn set_headroom(
        &mut self,
        mutator: &Mutator,
        headroom: u64,
        may_grow: bool,
        budget: &mut Budget,
    ) -> Progress {
        // Half of it is committed now, the rest when it is needed.
        let ready = headroom / 2;
        let missing = ready.saturating_sub(self.free_bytes());
        let committed = self.space.committed_end();
        if may_grow && missing > 0 {
            let wanted = committed.saturating_add(missing).min(self.limit);
            // What cannot be committed shortens the cycle; it is no error.
            let _ = self.space.commit_to(wanted.next_multiple_of(COMMIT_UNIT));
        }
        // A partial collection leaves some more than that before pages go back, as those
        // of `copying` do: it is soon followed by another.
        let kept = self.tail + ready.saturating_sub(self.free.bytes());
        let spared = if self.cycle.full { 0 } else { headroom };
        let much = committed > kept + spared && committed > self.initial;
        let progress = if much || self.cycle.shrinking {
            let kept = kept.max(self.initial);
            self.space.decommit_towards(kept, budget)
        } else {
            Progress::Complete
        };
        self.cycle.shrinking = progress == Progress::Continue;
        // SAFETY: committed; nothing is lent.
        unsafe { mutator.set_heap_end(self.space.committed_end()) };
        self.budget = headroom;
        progress
    }

    fn reset(&mut self) {
        self.space.decommit_from(self.initial);
        self.space.release_from(KEPT_BYTES);
        if self.poison {
            let kept = KEPT_BYTES.min(self.space.committed_end());
            let filled = self.space.fill(0, kept, POISON);
            debug_assert!(filled.is_ok());
        }
        self.free = FreeLists::new();
        self.trace_at = TRACE_FROM;
        self.fresh = Vec::new();
        self.zeros = Vec::new();
        // Not empty if a collection was left unfinished.
        self.stack = Vec::new();
        self.reached.reset();
        self.must_trace = false;
    }
}

impl CollectionSteps for DrcHeap {
    fn begin(&mut self, mutator: &Mutator, kind: CollectionKind) -> Result<()> {
        self.take_back(mutator)?;
        self.reached.clear();
        self.cycle = Cycle {
            full: kind == CollectionKind::Major,
            ..Cycle::default()
        };
        Ok(())
    }

    fn trace_roots(&mut self, roots: &mut GcRootsList, layouts: &LayoutTable) -> Result<()> {
        if self.cycle.full {
            self.mark_roots(roots)
        } else {
            self.release_unreferenced(roots, layouts)
        }
    }

    fn trace_increment(&mut self, layouts: &LayoutTable, budget: &mut Budget) -> Result<Progress> {
        if self.cycle.full {
            self.mark(layouts, budget)
        } else {
            Ok(Progress::Complete)
        }
    }

    fn trace_reference(&mut self, reference: GcRef, _layouts: &LayoutTable) -> Result<GcRef> {
        self.reach(reference, 0)?;
        Ok(reference)
    }

    fn pop_pending_ephemeron(&mut self) -> Option<GcRef> {
        self.reached.pop()
    }

    fn liveness(&self) -> Liveness<'_> {
        let alive: fn(ObjectHeader) -> bool = if self.cycle.full {
            |header| CountedHeader::of_any(header).is_marked()
        } else {
            |header| header.kind() != Some(Kind::Free)
        };
        Liveness::InPlace {
            space: self.space.view(),
            alive,
        }
    }

    fn finish(
        &mut self,
        mutator: &Mutator,
        layouts: &LayoutTable,
        budget: &mut Budget,
    ) -> Result<Option<CollectionStats>> {
        if self.cycle.full && self.sweep(mutator, layouts, budget)? == Progress::Continue {
            return Ok(None);
        }
        let used = mutator
            .bump
            .used_bytes()
            .saturating_sub(self.cycle.freed_bytes);
        let objects = mutator
            .bump
            .objects()
            .saturating_sub(self.cycle.freed_objects);
        mutator.bump.set_survivors(used, objects);
        if self.cycle.full {
            self.trace_at = (2 * used).max(TRACE_FROM);
        }
        if self.stack.capacity() > KEPT_ENTRIES {
            self.stack = Vec::new();
        }
        Ok(Some(CollectionStats {
            objects,
            live_bytes: used,
            moved_bytes: 0,
        }))
    }
}
