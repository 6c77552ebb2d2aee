//! Generational collection: a copying nursery, and mark-region collection with evacuation of
//! what outlives it.
//!
//! **Idea.** Most objects die young. New ones are made in the [`nursery`]: the first blocks of a
//! [`BlockSpace`]. A *minor* collection finds those that are alive from the roots and the
//! [`remembered`] set, and *promotes* them to old blocks ([`minor`]). A *major* collection marks
//! what the roots reach, and frees the lines that no live object has. Blocks of which little is
//! likely to be alive are *evacuated* in the same trace ([`candidates`]), and so is the nursery.
//!
//! ```text
//! minor:  roots that may be young, remembered slots -> promote, depth first -> young entries of tables
//! major:  choose candidates -> mark, and evacuate candidates -> weak tables -> sweep blocks
//! cycle:  mark, while minor collections go on -> weak tables -> evacuate some blocks -> sweep blocks
//! ```
//!
//! A full collection that an allocation needs is a [`cycle`], between whose steps the program runs,
//! unless the heap is small. `gcroots_store_gc` stops the program for a major one.
//!
//! **Cost.** A minor collection takes time proportional to the survivors, and a few loads for each
//! group of places that was written. A major one takes time proportional to what is alive
//! (`gc.precise`), and a look at the record of each block. A store of a young object in an old one is logged once.
//! Twice the nursery is kept free for promotion, and a fortieth of the blocks for evacuation.
//!
//! **Sources.** Ungar, "Generation Scavenging", 1984, promoting en masse. Blackburn and
//! McKinley, "Immix", PLDI 2008, and for evacuation of young objects "RC Immix", OOPSLA 2013.
//! Cheng, Harper, Lee, "Generational Stack Collection and Profile-Driven Pretenuring", PLDI 1998.
//!
//! Dijkstra, Lamport, and others, "On-the-fly Garbage Collection", CACM 1978.
//!
//! **Rejected.** Evacuation of all sparse blocks in a stop of its own (it would be as long as they
//! are many). Marks in headers (a mark would write to each live object). Ages in the nursery
//! (HEAP-90).
//!
//! Each reference that is read from an object is checked before it is followed: its block must
//! be in use, its header must be of a known type, and the object must end in its block or its
//! run of blocks (HEAP-8).

mod candidates;
mod check_remembered;
mod cycle;
mod minor;
mod nursery;
mod pinning;
mod remembered;

use std::time::Instant;

use super::block_heap::{BlockHeap, TakenGaps};
use crate::base::fallible;
use crate::error::{Error, Result};
use crate::heap::{
    Allocation, Barrier, BlockSpace, Budget, CollectionKind, CollectionStats, CollectionSteps,
    CyclePressure, CycleSteps, GcHeap, GcRef, GcRootsList, GcRuntime, HeapAccess, HeapOptions,
    LayoutTable, Liveness, Measured, Mutator, ObjectHeader, Pinning, Progress, Region, RememberLog,
    SLOT_BYTES, Starts, WriteBarrier,
};
use minor::MinorState;
use nursery::Nursery;
use remembered::Remembered;

/// Shares are in 1/256.
const WHOLE: u64 = 256;

/// The share of the bytes in fresh blocks that is expected to survive at first.
const FIRST_SURVIVAL: u64 = WHOLE / 8;

/// The kind of collector.
pub(crate) struct Generational;

impl GcRuntime for Generational {
    fn name(&self) -> &'static str {
        "generational"
    }

    fn collects(&self) -> bool {
        true
    }

    fn headroom_ceiling(&self) -> f64 {
        2.0
    }

    fn least_limit(&self) -> u64 {
        BlockSpace::LEAST_LIMIT
    }

    fn new_heap(&self, options: HeapOptions) -> Result<Box<dyn GcHeap>> {
        Ok(fallible::boxed(GenerationalHeap::new(options)?)?)
    }
}

struct GenerationalHeap {
    blocks: BlockHeap,
    nursery: Nursery,
    remembered: Remembered,
    minor: MinorState,
    /// The collection that is under way.
    kind: CollectionKind,
    /// The most bytes that the heap may commit without asking, if it asks.
    granted: u64,
    /// How many nanoseconds a minor collection should take at most.
    pause_budget: u64,
    /// The bytes that the nursery has had since the remembered set was checked.
    unchecked: u64,
    /// The bytes that the full collection under way has moved between the program's steps.
    evacuated: u64,
    /// Whether a collection is to move every object that it can move.
    moves_all: bool,
    /// The collection that is under way has begun its trace.
    tracing: bool,
    /// The bytes that were allocated between the last collection and this one.
    allocated: u64,
    /// The bytes of the blocks that were taken since the last collection.
    fresh_bytes: u64,
    /// The share, in 1/256, of the bytes in fresh blocks that is expected to survive.
    survival: u64,
}

impl GenerationalHeap {
    /// An empty heap, which must be opened.
    ///
    /// Errors: [`Error::AddressSpace`],
    /// [`Error::SystemMemory`].
    fn new(options: HeapOptions) -> Result<GenerationalHeap> {
        Ok(GenerationalHeap {
            moves_all: options.moves_all,
            pause_budget: options.pause_budget,
            blocks: BlockHeap::new(options, TakenGaps::UNKNOWN, true)?,
            nursery: Nursery::default(),
            remembered: Remembered::default(),
            minor: MinorState::default(),
            kind: CollectionKind::Major,
            granted: 0,
            unchecked: 0,
            evacuated: 0,
            tracing: false,
            allocated: 0,
            fresh_bytes: 0,
            survival: FIRST_SURVIVAL,
        })
    }
}

impl WriteBarrier for GenerationalHeap {
    fn region(&self) -> &Region {
        self.blocks.region()
    }

    fn barrier(&self) -> Barrier {
        let space = &self.blocks.space;
        let slot_end = space.slot_end();
        if self.is_marking() || self.blocks.leaving.is_active() {
            return Barrier::marking(space.start(), slot_end);
        }
        Barrier::young(
            space.start(),
            slot_end,
            self.nursery.large_end.max(slot_end),
        )
    }

    fn take_log(&mut self, log: &RememberLog) {
        self.take_over_log(log);
    }

    fn write_barrier(&mut self, holder: u64, at: u64, old: GcRef, new: GcRef) -> Result<()> {
        if self.blocks.space.is_in_slot(holder) {
            return Ok(());
        }
        if self.is_marking() {
            self.shade(old)?;
            self.shade(new)?;
        }
        self.record_store(holder, at, new);
        if self.is_young(new) {
            let region = self.blocks.space.region();
            self.remembered.add(region, holder, at)?;
        }
        Ok(())
    }

    fn copy_gc_refs(
        &mut self,
        memory: &HeapAccess,
        holder: u64,
        from: u64,
        to: u64,
        count: u64,
    ) -> Result<()> {
        if self.is_marking() && !self.blocks.space.is_in_slot(holder) {
            self.shade_slots(from, count)?;
            self.shade_slots(to, count)?;
        }
        self.remember_whole(holder)?;
        let copied = memory.copy_within(from, to, count * SLOT_BYTES);
        copied.ok_or(Error::internal("a field outside the heap", to))?;
        self.record_stores(holder, to, count)
    }

    fn fill_gc_refs(&mut self, holder: u64, at: u64, count: u64, value: GcRef) -> Result<()> {
        if self.is_marking() && !self.blocks.space.is_in_slot(holder) {
            self.shade_slots(at, count)?;
            self.shade(value)?;
        }
        if self.is_young(value) {
            self.remember_whole(holder)?;
        }
        let region = self.region();
        (0..count).try_for_each(|index| region.store_u32(at + SLOT_BYTES * index, value.raw()))?;
        self.record_stores(holder, at, count)
    }
}

impl GcHeap for GenerationalHeap {
    fn open(&mut self, mutator: &Mutator) -> u64 {
        self.nursery = Nursery::default();
        self.granted = self.blocks.space.committed_bytes();
        self.blocks.open(mutator)
    }

    fn committed_bytes(&self) -> u64 {
        self.blocks.space.committed_bytes()
    }

    fn side_bytes(&self) -> u64 {
        self.blocks.side_bytes() + self.remembered.side_bytes()
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
        self.allocate_in_generations(mutator, header, bytes)
    }

    fn largest_object(&self) -> u64 {
        self.blocks.largest_object()
    }

    fn committed_after_growth(&self, mutator: &Mutator, bytes: u64) -> Result<u64> {
        self.committed_after_growth_in_generations(mutator, bytes)
    }

    fn grow(&mut self, mutator: &Mutator, bytes: u64) -> Result<()> {
        self.grow_in_generations(mutator, bytes)
    }

    fn deallocate_uninit(&mut self, mutator: &Mutator, object: GcRef, bytes: u64) {
        self.free_uninit_in_generations(mutator, object, bytes);
    }

    fn check(&self, mutator: &Mutator, layouts: &LayoutTable) -> Result<()> {
        self.blocks.space.check(mutator, layouts)
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

    fn has_room(&mut self, mutator: &Mutator, bytes: u64) -> Result<bool> {
        self.has_room_in_generations(mutator, bytes)
    }

    fn collection_kind(&self, mutator: &Mutator, asked: CollectionKind) -> CollectionKind {
        self.kind_of_collection(mutator, asked)
    }

    fn prefers_minor(&self, mutator: &Mutator, bytes: u64) -> bool {
        self.is_nursery_full(mutator, bytes)
    }

    fn is_of_nursery(&self, kind: CollectionKind) -> bool {
        kind == CollectionKind::Minor
    }

    fn reserve_keys(&mut self, count: usize) -> Result<()> {
        self.blocks.pending.reserve(count)
    }

    fn trim_keys(&mut self, count: usize, budget: &mut Budget) -> Progress {
        self.blocks.pending.trim(count, budget)
    }

    fn collection(&mut self) -> Option<&mut dyn CollectionSteps> {
        Some(self)
    }

    fn cycle(&mut self) -> Option<&mut dyn CycleSteps> {
        match self.blocks.space.first_old_block() {
            0 => None,
            _ => Some(self),
        }
    }

    fn prefers_cycle(&self, mutator: &Mutator) -> bool {
        GenerationalHeap::prefers_cycle(self, mutator)
    }

    fn cycle_pressure(&self, mutator: &Mutator) -> CyclePressure {
        CyclePressure {
            used: mutator.bump.used_bytes(),
            allocated: self.old_bytes_allocated(mutator),
            headroom: self.blocks.headroom,
        }
    }

    fn pinning(&self) -> Option<&dyn Pinning> {
        Some(self)
    }

    fn is_unswept(&self, reference: GcRef) -> bool {
        self.blocks.space.is_unswept(reference)
    }

    fn note_weak(&mut self, object: GcRef) -> Result<()> {
        let region = self.blocks.region();
        let header = ObjectHeader::from_bits(region.load_u64(object.offset())?);
        region.store_u64(object.offset(), header.weakly_named().bits())
    }

    fn note_value(&mut self, key: GcRef, value: GcRef) -> Result<()> {
        let is_marked = !key.is_object() || self.blocks.space.is_marked(key);
        match self.is_marking() && is_marked {
            true => CycleSteps::mark_reference(self, value),
            false => Ok(()),
        }
    }

    fn set_headroom(
        &mut self,
        mutator: &Mutator,
        headroom: u64,
        may_grow: bool,
        budget: &mut Budget,
    ) -> Progress {
        // So a heap whose size swings makes no system calls at each collection.
        let excess = mutator.bump.used_bytes() + headroom / 2;
        let progress = self
            .blocks
            .resize(mutator, headroom, (may_grow, excess), budget);
        if progress == Progress::Complete && self.nursery.is_unused() {
            self.size_nursery(mutator);
        }
        progress
    }

    fn give_back(&mut self, mutator: &Mutator) -> Result<()> {
        self.leave_nursery(mutator)?;
        if self.nursery.is_unused() {
            self.blocks.space.set_nursery_blocks(0);
        }
        self.remembered.give_back();
        self.blocks.give_back(mutator)
    }

    fn reset(&mut self) {
        self.blocks.reset();
        self.nursery = Nursery::default();
        self.remembered = Remembered::default();
        self.minor = MinorState::default();
        self.survival = FIRST_SURVIVAL;
    }
}

impl CollectionSteps for GenerationalHeap {
    fn begin(&mut self, mutator: &Mutator, kind: CollectionKind) -> Result<()> {
        self.take_over_log(&mutator.log);
        self.leave_nursery(mutator)?;
        self.blocks.begin(mutator)?;
        self.kind = kind;
        self.minor.began = Some(Instant::now());
        self.minor.is_unchecked = kind == CollectionKind::Minor && self.checks_remembered(mutator);
        self.tracing = false;
        self.allocated = mutator.bump.allocated_bytes();
        Ok(())
    }

    fn trace_roots(&mut self, roots: &mut GcRootsList, layouts: &LayoutTable) -> Result<()> {
        if self.kind == CollectionKind::Minor {
            return self.promote_roots(roots, layouts);
        }
        if !self.tracing {
            self.tracing = true;
            self.forget_remembered()?;
            self.blocks.begin_trace(self.allocated, 0);
            self.choose_candidates();
        }
        self.blocks.marking::<false>(layouts).mark_roots(roots)
    }

    fn trace_increment(&mut self, layouts: &LayoutTable, budget: &mut Budget) -> Result<Progress> {
        match self.kind {
            CollectionKind::Minor => self.promote_reachable(layouts),
            CollectionKind::Major => self.blocks.trace::<false>(layouts, budget),
        }
    }

    fn trace_reference(&mut self, reference: GcRef, layouts: &LayoutTable) -> Result<GcRef> {
        match self.kind {
            CollectionKind::Minor => self.promote_reference(reference, layouts),
            CollectionKind::Major => self
                .blocks
                .marking::<false>(layouts)
                .mark_reference(reference),
        }
    }

    fn copied_bytes(&self) -> u64 {
        match self.kind {
            CollectionKind::Minor => self.minor.bytes,
            CollectionKind::Major => self.blocks.marks.moved,
        }
    }

    fn pop_pending_ephemeron(&mut self) -> Option<GcRef> {
        self.blocks.pending.pop()
    }

    fn liveness(&self) -> Liveness<'_> {
        let space = &self.blocks.space;
        match self.kind {
            CollectionKind::Minor => Liveness::Promoted { space },
            CollectionKind::Major => Liveness::Marked { space },
        }
    }

    fn finish(
        &mut self,
        mutator: &Mutator,
        layouts: &LayoutTable,
        budget: &mut Budget,
    ) -> Result<Option<CollectionStats>> {
        if self.kind == CollectionKind::Minor {
            return self.finish_minor(mutator, layouts).map(Some);
        }
        if self.blocks.sweep::<false>(layouts, budget)? == Progress::Continue {
            return Ok(None);
        }
        self.empty_nursery(mutator);
        self.learn_survival();
        let sweep = &self.blocks.sweep;
        mutator.bump.set_survivors(sweep.live, sweep.objects);
        Ok(Some(CollectionStats {
            objects: sweep.objects,
            live_bytes: sweep.live,
            moved_bytes: self.blocks.marks.moved,
            unmovable_bytes: sweep.unmovable,
        }))
    }
}
