//! Deferred reference counting, with a backup trace for cycles.
//!
//! **Idea.** Each object counts the slots in other objects that refer to it. Roots are not
//! counted (HEAP-25). An object whose count is zero waits for the next collection: in the
//! zero-count table, or in lines that were taken since the last one. There are two kinds of
//! collection:
//!
//! * A *count collection* (minor) frees the objects that neither a slot nor a root refers
//!   to. Freeing an object decrements its referents, and frees those whose count becomes
//!   zero, with a list and without recursion.
//! * A *backup trace* (major) marks from the roots, counts again, and frees all objects
//!   that it did not reach, cycles among them (HEAP-23).
//!
//! Objects never move. They lie in blocks of lines, and each line counts the objects in it
//! that a collection has kept, so it is free as soon as the last of them is released
//! (HEAP-27). New objects are bumped into holes. A count collection walks over the lines that
//! were taken since the last one, and counts the survivors only: an object that dies young
//! costs a look at its header. What the collector shares with `generational` is in
//! `block_heap`: allocation, marking, sweeping blocks.
//!
//! **Cost.** Each store of a reference changes two counts. A count collection costs the
//! roots, the young objects, and the garbage. A backup trace costs what is alive, and a look
//! at each block; dead cycles wait for it. It gives pages of free blocks back (HEAP-38). There
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

mod check_counts;
mod count_collection;
#[cfg(test)]
mod tests;

use super::block_heap::{BlockHeap, TakenGaps};
use crate::base::{fallible, room};
use crate::error::{Error, Result};
use crate::heap::{
    Allocation, Barrier, BlockSpace, Budget, CollectionKind, CollectionStats, CollectionSteps,
    CountedHeader, GRANULE, GcHeap, GcRef, GcRootsList, GcRuntime, HeapOptions, Kind, LayoutTable,
    Liveness, Measured, Mutator, ObjectHeader, Pinning, Progress, Region, Starts, WalkBound,
    WriteBarrier,
};

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
        BlockSpace::LEAST_LIMIT
    }

    fn new_heap(&self, options: HeapOptions) -> Result<Box<dyn GcHeap>> {
        Ok(fallible::boxed(DrcHeap::new(options)?)?)
    }
}

struct DrcHeap {
    blocks: BlockHeap,
    /// A minor collection becomes a major one when more bytes than this are in use.
    trace_threshold: u64,
    /// The zero-count table: objects that had count zero when they were added. It has each
    /// object once whose header says that it is in the table.
    zero_counts: Vec<GcRef>,
    /// Dead objects whose release is deferred. Empty between collections.
    dead: Vec<GcRef>,
    /// A table had no room for an entry, so the next collection must be a major one.
    must_trace: bool,
    /// The bytes allocated between the last major collection and the last collection.
    allocated_since_trace: u64,
    /// The bytes that the program used again and again before the last major collection: those
    /// that it allocated, or that the collection freed. If the heap is growing, the pages of as
    /// many free bytes stay (HEAP-38).
    used_before_trace: u64,
    state: CollectionState,
}

/// The state of the collection that is under way.
#[derive(Debug, Default)]
struct CollectionState {
    is_major: bool,
    /// The collection would be a major one even if a minor one was asked for.
    is_growing: bool,
    /// The trace of a major collection has begun, so the counts and the zero-count table are
    /// being rebuilt.
    tracing: bool,
    /// The objects that were released in a minor collection. Each of them has its own memory
    /// (HEAP-36).
    visited: WalkBound,
    freed_objects: u64,
    freed_bytes: u64,
    /// The bytes in use before the collection.
    used: u64,
}

impl DrcHeap {
    /// An empty heap, which must be opened.
    ///
    /// Errors: [`Error::AddressSpace`], [`Error::SystemMemory`].
    fn new(options: HeapOptions) -> Result<DrcHeap> {
        Ok(DrcHeap {
            blocks: BlockHeap::new(options, TakenGaps::NONE, false)?,
            trace_threshold: LEAST_TRACE_THRESHOLD,
            zero_counts: Vec::new(),
            dead: Vec::new(),
            must_trace: false,
            allocated_since_trace: 0,
            used_before_trace: 0,
            state: CollectionState::default(),
        })
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
        if measured.bytes > self.blocks.space.end().saturating_sub(offset) {
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

    /// Whether an object was made in a gap since the last collection.
    fn is_in_taken_gap(&self, object: GcRef) -> bool {
        self.blocks.taken_gaps.objects().contains(&object)
    }

    /// Marks what a part of the roots refers to. Only roots refer to an object that is marked
    /// here first, as far as is known, so it enters the zero-count table.
    fn mark_roots(&mut self, roots: &mut GcRootsList, layouts: &LayoutTable) -> Result<()> {
        if !self.state.tracing {
            self.state.tracing = true;
            self.zero_counts.clear();
            self.must_trace = false;
            self.blocks.taken_gaps.clear();
            let allocated = self.allocated_since_trace;
            let before = if self.state.is_growing {
                self.used_before_trace
            } else {
                0
            };
            self.blocks
                .begin_trace(allocated.max(before), self.state.used);
        }
        let mut marking = self.blocks.marking::<true>(layouts);
        let (zero_counts, must_trace) = (&mut self.zero_counts, &mut self.must_trace);
        roots.try_each(|root| {
            marking.mark_uncounted(root.get(), |object| {
                let is_added = fallible::push(zero_counts, object).is_ok();
                *must_trace |= !is_added;
                is_added
            })
        })
    }
}

impl WriteBarrier for DrcHeap {
    fn region(&self) -> &Region {
        self.blocks.region()
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

/// Nothing moves.
impl Pinning for DrcHeap {}

impl GcHeap for DrcHeap {
    fn open(&mut self, mutator: &Mutator) -> u64 {
        self.blocks.open(mutator)
    }

    fn committed_bytes(&self) -> u64 {
        self.blocks.space.committed_bytes()
    }

    fn side_bytes(&self) -> u64 {
        self.blocks.side_bytes() + fallible::bytes(&self.zero_counts) + fallible::bytes(&self.dead)
    }

    fn limit_bytes(&self) -> u64 {
        self.blocks.space.limit_bytes()
    }

    fn initial_object_bytes(&self) -> u64 {
        self.blocks.space.initial_bytes()
    }

    fn allocate(
        &mut self,
        mutator: &Mutator,
        header: ObjectHeader,
        bytes: u64,
    ) -> Result<Allocation> {
        self.blocks.allocate(mutator, header, bytes)
    }

    fn largest_object(&self) -> u64 {
        self.blocks.largest_object()
    }

    fn committed_after_growth(&self, mutator: &Mutator, bytes: u64) -> Result<u64> {
        self.blocks.committed_after_growth(mutator, bytes)
    }

    fn grow(&mut self, mutator: &Mutator, bytes: u64) -> Result<()> {
        self.blocks.grow(mutator, bytes)
    }

    fn deallocate_uninit(&mut self, mutator: &Mutator, object: GcRef, bytes: u64) {
        self.blocks.free_uninit(mutator, object, bytes);
    }

    fn check(&self, mutator: &Mutator, layouts: &LayoutTable) -> Result<()> {
        self.blocks.space.check(mutator, layouts)?;
        let is_new = |offset| self.is_in_taken_gap(GcRef::from_offset(offset));
        self.blocks
            .space
            .check_line_counts(mutator, layouts, &is_new)?;
        self.check_counts(mutator, layouts)
    }

    fn bounds(&self, _mutator: &Mutator) -> (u64, u64) {
        (self.blocks.space.start(), self.blocks.space.end())
    }

    fn each_object(
        &self,
        mutator: &Mutator,
        layouts: &LayoutTable,
        visit: &mut dyn FnMut(u64, Measured<'_>) -> Result<()>,
    ) -> Result<()> {
        self.blocks.space.each_object(mutator, layouts, visit)
    }

    fn starts(&self) -> Starts<'_> {
        Starts::InBlocks(&self.blocks.space)
    }

    fn note_block(&mut self, _start: u64, _end: u64, _next: u64) {}

    fn collection_kind(&self, mutator: &Mutator, asked: CollectionKind) -> CollectionKind {
        if self.must_trace || mutator.bump.used_bytes() > self.trace_threshold {
            return CollectionKind::Major;
        }
        asked
    }

    fn has_room(&mut self, mutator: &Mutator, bytes: u64) -> Result<bool> {
        self.blocks.has_room(mutator, bytes)
    }

    fn reserve_keys(&mut self, count: usize) -> Result<()> {
        self.blocks.pending.reserve(count)
    }

    fn trim_keys(&mut self, count: usize, budget: &mut Budget) -> Progress {
        self.blocks.pending.trim(count, budget)
    }

    fn pinning(&self) -> Option<&dyn Pinning> {
        Some(self)
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
        // After a minor collection more memory may stay, because another one follows soon.
        let excess = if self.state.is_major { 0 } else { headroom };
        self.blocks
            .resize(mutator, headroom, (may_grow, excess), budget)
    }

    fn give_back(&mut self, mutator: &Mutator) -> Result<()> {
        self.blocks.give_back(mutator)?;
        let used = self.zero_counts.len();
        room::give_back(&mut self.zero_counts, used);
        self.dead = Vec::new();
        Ok(())
    }

    fn reset(&mut self) {
        self.blocks.reset();
        self.trace_threshold = LEAST_TRACE_THRESHOLD;
        self.zero_counts = Vec::new();
        // A collection that was not completed leaves entries.
        self.dead = Vec::new();
        self.must_trace = false;
        self.allocated_since_trace = 0;
        self.used_before_trace = 0;
    }
}

impl CollectionSteps for DrcHeap {
    fn begin(&mut self, mutator: &Mutator, kind: CollectionKind) -> Result<()> {
        self.blocks.begin(mutator)?;
        self.allocated_since_trace += mutator.bump.allocated_bytes();
        self.state = CollectionState {
            is_major: kind == CollectionKind::Major,
            is_growing: self.collection_kind(mutator, CollectionKind::Minor) == kind,
            used: mutator.bump.used_bytes(),
            visited: WalkBound::new(self.blocks.space.committed_bytes()),
            ..CollectionState::default()
        };
        Ok(())
    }

    fn trace_roots(&mut self, roots: &mut GcRootsList, layouts: &LayoutTable) -> Result<()> {
        if self.state.is_major {
            self.mark_roots(roots, layouts)
        } else {
            self.collect_by_counts(roots, layouts)
        }
    }

    fn trace_increment(&mut self, layouts: &LayoutTable, budget: &mut Budget) -> Result<Progress> {
        if self.state.is_major {
            self.blocks.trace::<true>(layouts, budget)
        } else {
            Ok(Progress::Complete)
        }
    }

    fn trace_reference(&mut self, reference: GcRef, layouts: &LayoutTable) -> Result<GcRef> {
        let mut marking = self.blocks.marking::<true>(layouts);
        let (zero_counts, must_trace) = (&mut self.zero_counts, &mut self.must_trace);
        marking.mark_uncounted(reference, |object| {
            let is_added = fallible::push(zero_counts, object).is_ok();
            *must_trace |= !is_added;
            is_added
        })?;
        Ok(reference)
    }

    fn pop_pending_ephemeron(&mut self) -> Option<GcRef> {
        self.blocks.pending.pop()
    }

    fn liveness(&self) -> Liveness<'_> {
        if self.state.is_major {
            return Liveness::Marked {
                space: &self.blocks.space,
            };
        }
        Liveness::InPlace {
            space: self.region().view(),
            alive: |header| header.kind() != Some(Kind::Free),
        }
    }

    fn finish(
        &mut self,
        mutator: &Mutator,
        layouts: &LayoutTable,
        budget: &mut Budget,
    ) -> Result<Option<CollectionStats>> {
        if self.state.is_major && self.blocks.sweep::<true>(layouts, budget)? == Progress::Continue
        {
            return Ok(None);
        }
        if self.dead.capacity() > KEPT_ENTRIES {
            self.dead = Vec::new();
        }
        let (objects, live_bytes) = if self.state.is_major {
            let sweep = &self.blocks.sweep;
            self.trace_threshold = (2 * sweep.live).max(LEAST_TRACE_THRESHOLD);
            let freed = self.state.used.saturating_sub(sweep.live);
            self.used_before_trace = self.allocated_since_trace.max(freed);
            self.allocated_since_trace = 0;
            (sweep.objects, sweep.live)
        } else {
            (
                mutator
                    .bump
                    .objects()
                    .saturating_sub(self.state.freed_objects),
                mutator
                    .bump
                    .used_bytes()
                    .saturating_sub(self.state.freed_bytes),
            )
        };
        mutator.bump.set_survivors(live_bytes, objects);
        Ok(Some(CollectionStats {
            objects,
            live_bytes,
            moved_bytes: 0,
            unmovable_bytes: 0,
        }))
    }
}
