//! Deferred reference counting, with a backup trace for cycles.
//!
//! **Idea.** Each object counts the slots in other objects that refer to it. Roots are not
//! counted (HEAP-25). An object whose count is zero waits for the next collection: in the
//! zero-count table, or in a young range if it was allocated since the last one. There are
//! two kinds of collection:
//!
//! * A *count collection* (minor) frees the objects that neither a slot nor a root refers
//!   to. Freeing an object decrements its referents, and frees those whose count becomes
//!   zero, with a list and without recursion.
//! * A *backup trace* (major) marks from the roots, counts again, and frees all objects
//!   that it did not reach, cycles among them (HEAP-23).
//!
//! Objects never move. Each has its own memory, so both kinds of collection count the bytes of
//! the objects that they scan or release, and find an overwritten heap in which objects
//! overlap (HEAP-36). The heap lends the mutator one free block of a free-list space at a
//! time, as the window for new objects, so objects that are made together lie together.
//!
//! **Cost.** Each store of a reference changes two counts. A count collection costs the
//! roots, the young objects, and the garbage. A backup trace costs all objects, dead ones
//! too; dead cycles wait for it. It gives pages inside of free blocks back (HEAP-38). There
//! is no second space, so the heap takes less memory than under `copying`.
//!
//! **Sources.** Deutsch and Bobrow, "An Efficient, Incremental, Automatic Garbage
//! Collector", CACM 19(9), 1976, for the zero-count table. Blackburn and McKinley,
//! "Ulterior Reference Counting", OOPSLA 2003, and Shahriyar, Blackburn, McKinley, "Taking
//! Off the Gloves with Reference Counting Immix", OOPSLA 2013, for the backup trace and
//! for young objects without table entries (HEAP-26).
//!
//! **Rejected.** Trial deletion (HEAP-23). Counting roots (HEAP-25). Buffers of pending
//! counts (HEAP-24).
//!
//! Where a table has no room for an entry, the next collection is a backup trace, which
//! needs no entry (HEAP-4).

mod backup_trace;
mod check_counts;
mod count_collection;
mod mark_stack;
#[cfg(test)]
mod tests;

use backup_trace::Sweep;

use crate::base::{fallible, room};
use crate::error::{Error, Result};
use crate::heap::{
    Allocation, Barrier, Budget, CollectionKind, CollectionStats, CollectionSteps, CountedHeader,
    FreeListSpace, GRANULE, GcHeap, GcRef, GcRootsList, GcRuntime, HeapOptions, Kind, LayoutTable,
    Liveness, Measured, Mutator, ObjectHeader, PageRelease, PendingEphemerons, Progress, Region,
    Reservation, Starts, WalkBound, Window, WriteBarrier, heap_limit, whole_units, write_free,
};

/// A heap below this size doubles when it grows.
const DOUBLES_BELOW: u64 = 4 << 20;

/// The least value of [`DrcHeap::trace_threshold`].
const LEAST_TRACE_THRESHOLD: u64 = 4 << 20;

/// A table that is empty after a collection keeps its memory if it has room for at most
/// this number of entries.
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

    fn headroom_ceiling(&self) -> f64 {
        0.5
    }

    fn least_limit(&self) -> u64 {
        FreeListSpace::LEAST_LIMIT
    }

    fn new_heap(&self, options: HeapOptions) -> Result<Box<dyn GcHeap>> {
        Ok(fallible::boxed(DrcHeap::new(options)?)?)
    }
}

struct DrcHeap {
    space: FreeListSpace,
    reservation: Reservation,
    poison: bool,
    /// The bytes that may be allocated between two collections.
    headroom: u64,
    /// A minor collection becomes a major one when more bytes than this are in use.
    trace_threshold: u64,
    /// Where objects were allocated since the last collection, except in the mutator's
    /// window. Each range has a start and an end.
    young_ranges: Vec<(u64, u64)>,
    /// The zero-count table: objects that had count zero when they were added. It has each
    /// object once whose header says that it is in the table.
    zero_counts: Vec<GcRef>,
    /// Marked objects that have to be scanned, or dead objects whose release is deferred.
    /// Empty between collections.
    stack: Vec<GcRef>,
    /// Keys of weak maps that a major collection has reached.
    pending: PendingEphemerons,
    /// A table had no room for an entry, so the next collection must be a major one.
    must_trace: bool,
    /// The bytes allocated between the last major collection and the last collection.
    allocated_since_trace: u64,
    /// The bytes that the program used before the last major collection: see
    /// [`DrcHeap::kept_free`].
    used_before_trace: u64,
    state: CollectionState,
}

/// The state of the collection that is under way.
#[derive(Debug, Default)]
struct CollectionState {
    is_major: bool,
    /// The collection would be a major one even if a minor one was asked for.
    is_growing: bool,
    /// Marking has begun, so the counts and the zero-count table are being rebuilt.
    marking: bool,
    /// The chunked array that is being scanned, and the offset in it of the next chunk.
    chunked: Option<(GcRef, u64)>,
    /// The stack was full, so it does not have all marked objects that have to be scanned.
    overflowed: bool,
    /// Where the walk over objects that the stack had no room for continues.
    walk: Option<u64>,
    /// Where objects end.
    end: u64,
    /// The objects that were scanned in a major collection, or released in a minor one. Each
    /// of them has its own memory (HEAP-36).
    visited: WalkBound,
    sweep: Option<Sweep>,
    /// The stack shrinks, and its pages from here on were given back.
    stack_end: Option<usize>,
    /// The sweep is complete, and pages inside free blocks are being given back.
    releasing: Option<PageRelease>,
    freed_objects: u64,
    freed_bytes: u64,
    /// Pages are being decommitted.
    shrinking: bool,
}

impl DrcHeap {
    /// An empty heap, which must be opened.
    ///
    /// Errors: [`Error::SystemMemory`].
    fn new(options: HeapOptions) -> Result<DrcHeap> {
        let limit = whole_units(options.limit.max(FreeListSpace::LEAST_LIMIT));
        let reservation = Reservation::new(limit)?;
        let mut heap = DrcHeap {
            space: FreeListSpace::new(&reservation, 0..limit, options.initial)?,
            reservation,
            poison: options.poison,
            headroom: 0,
            trace_threshold: LEAST_TRACE_THRESHOLD,
            young_ranges: Vec::new(),
            zero_counts: Vec::new(),
            stack: Vec::new(),
            pending: PendingEphemerons::default(),
            must_trace: false,
            allocated_since_trace: 0,
            used_before_trace: 0,
            state: CollectionState::default(),
        };
        heap.reserve_stack()?;
        Ok(heap)
    }

    /// The bytes that the space has committed.
    fn committed_bytes_of_space(&self) -> u64 {
        self.space.memory().committed_bytes()
    }

    /// The header at `offset`, of an object or of free memory.
    #[inline]
    fn header_at(&self, offset: u64) -> Result<ObjectHeader> {
        Ok(ObjectHeader::from_bits(self.region().load_u64(offset)?))
    }

    /// The reference in the slot at `offset`.
    #[inline]
    fn slot_at(&self, offset: u64) -> Result<GcRef> {
        Ok(GcRef::from_raw(self.region().load_u32(offset)?))
    }

    /// The header of the object that `object` refers to.
    ///
    /// Errors: [`Error::Internal`] if there is no object.
    #[inline]
    fn counted_header(&self, object: GcRef) -> Result<CountedHeader> {
        CountedHeader::of(self.header_at(object.offset())?)
    }

    #[inline]
    fn set_header(&self, object: GcRef, header: CountedHeader) -> Result<()> {
        self.region().store_u64(object.offset(), header.bits())
    }

    /// The size of the object or the free block at `offset`, whose header is `header`.
    fn size(&self, offset: u64, header: ObjectHeader, layouts: &LayoutTable) -> Result<u64> {
        match header.kind() {
            // An overwritten header may say 0. A walk must not stay at one offset.
            Some(Kind::Free) => Ok(u64::from(header.type_index()).max(1) * GRANULE),
            _ => Ok(layouts.measure(self.region().view(), offset, header)?.bytes),
        }
    }

    /// As [`DrcHeap::size`], for a block that ends at or before `end`.
    ///
    /// Errors: [`Error::Internal`] if it does not.
    fn size_within(
        &self,
        offset: u64,
        header: ObjectHeader,
        end: u64,
        layouts: &LayoutTable,
    ) -> Result<u64> {
        let bytes = self.size(offset, header, layouts)?;
        if bytes > end.saturating_sub(offset) {
            return Err(Error::internal("a block beyond the heap's end", offset));
        }
        Ok(bytes)
    }

    /// The layout and size of the object at `offset`, which ends where objects end.
    ///
    /// Errors: [`Error::Internal`] if the heap is found overwritten.
    #[inline(always)]
    fn measure<'a>(&self, offset: u64, layouts: &'a LayoutTable) -> Result<Measured<'a>> {
        let header = self.header_at(offset)?;
        let measured = layouts.measure(self.region().view(), offset, header)?;
        if measured.bytes > self.state.end.saturating_sub(offset) {
            return Err(Error::internal("an object beyond the heap's end", offset));
        }
        Ok(measured)
    }

    /// Sets the header of an object with count zero. Adds the object to the zero-count
    /// table, unless it is there already.
    #[inline(always)]
    fn add_to_zero_counts(&mut self, object: GcRef, header: CountedHeader) -> Result<()> {
        if header.is_in_zero_counts() {
            return self.set_header(object, header);
        }
        let added = fallible::push(&mut self.zero_counts, object).is_ok();
        self.must_trace |= !added;
        self.set_header(object, header.in_zero_counts(added))
    }

    /// Takes the window back from the mutator. Its used part becomes a young range, the
    /// unused part is free.
    fn take_back(&mut self, mutator: &Mutator) -> Result<()> {
        let Window { start, next, end } = mutator.take_back();
        if start < next {
            let added = fallible::push(&mut self.young_ranges, (start, next));
            self.must_trace |= added.is_err();
        }
        self.space.return_unused(next, end)
    }

    /// Lends the mutator a free block of at least `bytes` as its window. Returns `false` if
    /// there is no such block, or the headroom does not allow `bytes`.
    fn lend(&mut self, mutator: &Mutator, bytes: u64) -> Result<bool> {
        let left = self.headroom.saturating_sub(mutator.bump.allocated_bytes());
        if bytes > left {
            return Ok(false);
        }
        self.take_back(mutator)?;
        let Some((start, end)) = self.space.allocate(bytes)? else {
            return Ok(false);
        };
        // SAFETY: the block is committed and belongs to this heap. Nothing else uses it
        // until it is taken back.
        unsafe { mutator.lend(start, end) };
        mutator.bump.set_budget_end(start.saturating_add(left));
        Ok(true)
    }

    /// Where the unused memory at the end of the space begins. It may be lent to the
    /// mutator.
    fn unused_from(&self, mutator: &Mutator) -> u64 {
        if mutator.bump.end() == self.space.committed_end() {
            mutator.bump.next()
        } else {
            self.space.wilderness()
        }
    }

    /// The bytes that the space must have for an object of `bytes` at its end.
    fn needed(&self, mutator: &Mutator, bytes: u64) -> u64 {
        let used = self.unused_from(mutator) - self.region().start();
        used.saturating_add(bytes)
    }

    /// Commits memory until `bytes` are free, as far as the limit and the system allow.
    fn commit_free(&mut self, bytes: u64) {
        let missing = bytes.saturating_sub(self.space.free_bytes());
        if missing > 0 {
            let wanted = self.committed_bytes().saturating_add(missing);
            // If the system refuses, the next collection comes earlier. That is no error.
            let _ = self.space.commit(wanted.min(self.limit_bytes()));
            let _ = self.reserve_stack();
        }
    }
}

impl WriteBarrier for DrcHeap {
    fn region(&self) -> &Region {
        self.space.region()
    }

    fn barrier(&self) -> Barrier {
        Barrier::COUNTING
    }

    fn write_barrier(&mut self, _holder: u64, _at: u64, old: GcRef, new: GcRef) -> Result<()> {
        if new.is_object() {
            let header = self.counted_header(new)?.increment();
            self.set_header(new, header)?;
        }
        if old.is_object() {
            let header = self.counted_header(old)?.decrement()?;
            if header.count() == 0 {
                return self.add_to_zero_counts(old, header);
            }
            self.set_header(old, header)?;
        }
        Ok(())
    }
}

impl GcHeap for DrcHeap {
    fn open(&mut self, mutator: &Mutator) -> u64 {
        let (start, end) = self.space.allocate_all();
        // Without this room a trace may need more walks. That is no error.
        let _ = self.reserve_stack();
        // SAFETY: the space is committed up to `end` and belongs to this heap, which tells
        // the mutator whenever the committed memory changes.
        unsafe { mutator.set_heap(self.reservation.base(), start, start, end, 0) };
        self.headroom = end - start;
        self.headroom
    }

    fn committed_bytes(&self) -> u64 {
        self.committed_bytes_of_space()
    }

    fn side_bytes(&self) -> u64 {
        fallible::bytes(&self.young_ranges)
            + fallible::bytes(&self.zero_counts)
            + fallible::bytes(&self.stack)
            + self.pending.side_bytes()
            + self.space.memory().starts().side_bytes()
    }

    fn starts(&self) -> Starts<'_> {
        Starts::InSegments(self.space.memory().starts())
    }

    fn note_block(&mut self, start: u64, end: u64, next: u64) {
        self.space.starts_mut().note_block(start, end, next);
    }

    fn limit_bytes(&self) -> u64 {
        self.space.memory().limit_bytes()
    }

    fn initial_object_bytes(&self) -> u64 {
        self.space.memory().initial_object_bytes()
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
        match self.bump(mutator, header, bytes) {
            Some(object) => Ok(Allocation::Done(object)),
            None => Err(Error::internal(
                "reserved space that is not available",
                bytes,
            )),
        }
    }

    fn largest_object(&self) -> u64 {
        self.space.memory().largest_object()
    }

    fn committed_after_growth(&self, mutator: &Mutator, bytes: u64) -> Result<u64> {
        // A larger heap grows by an eighth. Nothing moves, so one object at the end keeps
        // all memory before it committed.
        let committed = self.committed_bytes();
        let step = if committed < DOUBLES_BELOW {
            committed
        } else {
            committed / 8
        };
        self.space
            .memory()
            .after_growth(self.needed(mutator, bytes), step)
            .ok_or(heap_limit(bytes, self.limit_bytes()))
    }

    fn grow(&mut self, mutator: &Mutator, bytes: u64) -> Result<()> {
        let wanted = self.committed_after_growth(mutator, bytes)?;
        let needed = self.needed(mutator, bytes);
        self.take_back(mutator)?;
        self.space.grow(wanted, needed)?;
        // Without this room a trace may need more walks. That is no error.
        let _ = self.reserve_stack();
        // SAFETY: the space is committed up to its committed end.
        unsafe { mutator.set_heap_end(self.space.committed_end()) };
        self.headroom = self
            .headroom
            .max(mutator.bump.allocated_bytes().saturating_add(bytes));
        Ok(())
    }

    fn check(&self, mutator: &Mutator, layouts: &LayoutTable) -> Result<()> {
        self.space.check()?;
        self.check_counts(mutator, layouts)
    }

    fn bounds(&self, mutator: &Mutator) -> (u64, u64) {
        let (next, end) = (mutator.bump.next(), mutator.bump.end());
        if next < end && end != self.space.committed_end() {
            // A walk has to see the unused part of the window as free memory.
            let written = write_free(self.region(), next, end - next);
            debug_assert!(written.is_ok());
        }
        let first = self.space.memory().first_object();
        (first, self.unused_from(mutator))
    }

    fn collection_kind(&self, mutator: &Mutator, asked: CollectionKind) -> CollectionKind {
        if self.must_trace || mutator.bump.used_bytes() > self.trace_threshold {
            return CollectionKind::Major;
        }
        asked
    }

    fn coalescings(&self) -> u64 {
        self.space.coalescings()
    }

    fn has_room(&mut self, mutator: &Mutator, bytes: u64) -> Result<bool> {
        Ok(mutator.bump.has_budget(bytes) || self.lend(mutator, bytes)?)
    }

    fn reserve_keys(&mut self, count: usize) -> Result<()> {
        self.pending.reserve(count)
    }

    fn trim_keys(&mut self, count: usize, budget: &mut Budget) -> Progress {
        self.pending.trim(count, budget)
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
        // Half of the headroom is committed now, the rest when it is needed.
        let free = headroom / 2;
        let committed_end = self.space.committed_end();
        if may_grow {
            self.commit_free(free);
        }
        // After a minor collection more memory may stay before pages go back, because
        // another collection follows soon.
        let kept = self.space.end_for_free(free);
        let spared = if self.state.is_major { 0 } else { headroom };
        let initial_end = self.space.memory().initial_end();
        let has_excess = committed_end > kept + spared && committed_end > initial_end;
        let mut progress = Progress::Complete;
        if has_excess || self.state.shrinking {
            let kept = kept.max(initial_end);
            progress = self.space.decommit_towards(kept, budget);
        }
        self.state.shrinking = progress == Progress::Continue;
        // SAFETY: the space is committed up to its committed end, and the mutator has no
        // window.
        unsafe { mutator.set_heap_end(self.space.committed_end()) };
        self.headroom = headroom;
        progress
    }

    fn give_back(&mut self, mutator: &Mutator) -> Result<()> {
        self.take_back(mutator)?;
        let end = self.space.wilderness();
        let kept = end.max(self.space.memory().initial_end());
        self.space.decommit_towards(kept, &mut Budget::unlimited());
        self.region().release_from(end);
        // SAFETY: the space is committed up to its committed end, and the mutator has no
        // window.
        unsafe { mutator.set_heap_end(self.space.committed_end()) };
        let used = self.young_ranges.len();
        room::give_back(&mut self.young_ranges, used);
        let used = self.zero_counts.len();
        room::give_back(&mut self.zero_counts, used);
        self.trim_stack();
        Ok(())
    }

    fn reset(&mut self) {
        self.space.reset(self.poison);
        self.trace_threshold = LEAST_TRACE_THRESHOLD;
        self.young_ranges = Vec::new();
        self.zero_counts = Vec::new();
        // A collection that was not completed leaves entries.
        self.stack.clear();
        self.cut_stack_for_pool();
        self.pending.reset();
        self.must_trace = false;
        self.allocated_since_trace = 0;
        self.used_before_trace = 0;
    }
}

impl CollectionSteps for DrcHeap {
    fn begin(&mut self, mutator: &Mutator, kind: CollectionKind) -> Result<()> {
        self.take_back(mutator)?;
        self.pending.clear();
        self.allocated_since_trace += mutator.bump.allocated_bytes();
        let end = self.space.wilderness();
        self.state = CollectionState {
            is_major: kind == CollectionKind::Major,
            is_growing: self.collection_kind(mutator, CollectionKind::Minor) == kind,
            end,
            visited: WalkBound::new(end - self.space.memory().first_object()),
            ..CollectionState::default()
        };
        Ok(())
    }

    fn trace_roots(&mut self, roots: &mut GcRootsList, layouts: &LayoutTable) -> Result<()> {
        if self.state.is_major {
            self.mark_roots(roots)
        } else {
            self.collect_by_counts(roots, layouts)
        }
    }

    fn trace_increment(&mut self, layouts: &LayoutTable, budget: &mut Budget) -> Result<Progress> {
        if self.state.is_major {
            self.scan_marked(layouts, budget)
        } else {
            Ok(Progress::Complete)
        }
    }

    fn trace_reference(&mut self, reference: GcRef, _layouts: &LayoutTable) -> Result<GcRef> {
        self.mark(reference)?;
        Ok(reference)
    }

    fn pop_pending_ephemeron(&mut self) -> Option<GcRef> {
        self.pending.pop()
    }

    fn liveness(&self) -> Liveness<'_> {
        let alive: fn(ObjectHeader) -> bool = if self.state.is_major {
            |header| CountedHeader::of_any(header).is_marked()
        } else {
            |header| header.kind() != Some(Kind::Free)
        };
        Liveness::InPlace {
            space: self.region().view(),
            alive,
        }
    }

    fn finish(
        &mut self,
        mutator: &Mutator,
        layouts: &LayoutTable,
        budget: &mut Budget,
    ) -> Result<Option<CollectionStats>> {
        if self.state.is_major
            && self.free_unmarked(mutator, layouts, budget)? == Progress::Continue
        {
            return Ok(None);
        }
        if self.shrink_stack(budget) == Progress::Continue {
            return Ok(None);
        }
        let (used, objects) = (mutator.bump.used_bytes(), mutator.bump.objects());
        let live_bytes = used.saturating_sub(self.state.freed_bytes);
        let objects = objects.saturating_sub(self.state.freed_objects);
        mutator.bump.set_survivors(live_bytes, objects);
        if self.state.is_major {
            self.trace_threshold = (2 * live_bytes).max(LEAST_TRACE_THRESHOLD);
            self.allocated_since_trace = 0;
        }
        Ok(Some(CollectionStats {
            objects,
            live_bytes,
            moved_bytes: 0,
            unmovable_bytes: 0,
        }))
    }
}
