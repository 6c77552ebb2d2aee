//! The full collection between whose steps the program runs: what the heap does for a
//! [`Cycle`](crate::heap::Cycle).
//!
//! It marks old objects in place and frees lines and blocks. Young objects are not marked: each
//! step leaves them to the next minor collection, which marks what it promotes. What is made in
//! old blocks, or is large, is kept until then too.
//!
//! The sweep frees a block at a time. Until it has reached a block, the dead objects there are
//! told from the others by their marks ([`is_unswept`](crate::heap::BlockSpace::is_unswept)).

use super::GenerationalHeap;
use crate::error::Result;
use crate::heap::{
    BLOCK_BYTES, BlockState, Budget, CollectionStats, CycleSteps, GRANULE, GcRef, GcRootsList,
    LayoutTable, Liveness, MarkingState, Moved, Mutator, ObjectHeader, Progress, SLOT_BYTES,
};

/// What looking at the record of a block, and taking over its marks, costs.
const BLOCK_COST: u64 = 256;

/// What a full collection that stops the program takes for each byte in use, about.
const NANOSECONDS_A_BYTE: u64 = 1;

/// What the sweep has freed so far.
#[derive(Clone, Copy, Debug, Default)]
struct Freed {
    objects: u64,
    bytes: u64,
}

impl GenerationalHeap {
    /// Whether such a collection is under way.
    pub(super) fn is_in_cycle(&self) -> bool {
        self.blocks.space.marking_state() != MarkingState::Idle
    }

    /// Whether such a collection still marks.
    pub(super) fn is_marking(&self) -> bool {
        self.blocks.space.marking_state() == MarkingState::Marking
    }

    /// Marks the old referent of a reference.
    pub(super) fn shade(&mut self, reference: GcRef) -> Result<()> {
        let layouts = LayoutTable::new();
        self.blocks.marking::<false>(&layouts).shade(reference)
    }

    /// Notes that the slot at `at`, in the object at `holder`, refers to `new` from now on.
    pub(super) fn record_store(&mut self, holder: u64, at: u64, new: GcRef) {
        // What a young large object refers to is recorded when that becomes old: its memory may
        // become free before the collection ends.
        if self.blocks.leaving.is_active() && !self.blocks.space.is_young_in_cycle(holder) {
            self.blocks.record_slot(at, new);
        }
    }

    /// As [`GenerationalHeap::record_store`], for `count` slots from `at` on that were written.
    pub(super) fn record_stores(&mut self, holder: u64, at: u64, count: u64) -> Result<()> {
        if !self.blocks.leaving.is_active() {
            return Ok(());
        }
        (0..count).try_for_each(|index| {
            let at = at + SLOT_BYTES * index;
            let new = GcRef::from_raw(self.blocks.region().load_u32(at)?);
            self.record_store(holder, at, new);
            Ok(())
        })
    }

    /// Marks what `count` slots from `at` on refer to.
    pub(super) fn shade_slots(&mut self, at: u64, count: u64) -> Result<()> {
        (0..count).try_for_each(|index| {
            let bits = self.blocks.region().load_u32(at + SLOT_BYTES * index)?;
            self.shade(GcRef::from_raw(bits))
        })
    }

    /// The kind of full collection that is right for the heap as it is: whether the program should
    /// run between its steps. A collection that stops the program also evacuates, and a small
    /// heap is collected within the time of a minor collection.
    pub(super) fn prefers_cycle(&self, mutator: &Mutator) -> bool {
        let expected_nanoseconds = mutator.bump.used_bytes() * NANOSECONDS_A_BYTE;
        self.blocks.space.nursery_blocks() > 0 && expected_nanoseconds > self.pause_budget / 2
    }

    /// Frees what has no mark in a block, or in the large object that starts there. Returns the
    /// number of blocks.
    fn sweep_marked(
        &self,
        block: usize,
        layouts: &LayoutTable,
        freed: &mut Freed,
    ) -> Result<usize> {
        let space = &self.blocks.space;
        let record = &space.records()[block];
        let before = match record.state() {
            BlockState::Free => return Ok(1),
            // Of a large object that was made since the last step, in front of this block.
            BlockState::LargeTail => return Ok(1),
            BlockState::LargeHead => {
                if !space.is_dead_large(block) {
                    return space.sweep(block, (self.blocks.poison, false), layouts);
                }
                let start = space.start_of(block);
                let header = ObjectHeader::from_bits(space.region().load_u64(start)?);
                let bytes = layouts.measure(space.region().view(), start, header)?.bytes;
                (1, bytes.next_multiple_of(GRANULE))
            }
            _ => space.old_objects(block),
        };
        let count = space.sweep(block, (self.blocks.poison, false), layouts)?;
        let after = space.old_objects(block);
        freed.objects += before.0.saturating_sub(after.0);
        freed.bytes += before.1.saturating_sub(after.1);
        Ok(count)
    }

    /// Takes what was freed out of the counts of the mutator and of the nursery.
    fn count_freed(&mut self, mutator: &Mutator, freed: Freed) {
        mutator.bump.forget_swept(freed.bytes, freed.objects);
        self.nursery.note_swept(freed.objects);
    }
}

impl CycleSteps for GenerationalHeap {
    fn begin_cycle(&mut self, mutator: &Mutator) -> Result<()> {
        self.blocks.begin_marks(mutator.bump.allocated_bytes(), 0);
        self.blocks.space.set_marking_state(MarkingState::Marking);
        self.blocks.choose_leaving(mutator, self.moves_all);
        self.update_barrier(mutator);
        Ok(())
    }

    fn mark_roots(&mut self, roots: &mut GcRootsList, layouts: &LayoutTable) -> Result<()> {
        self.blocks.marking::<false>(layouts).mark_roots(roots)
    }

    fn mark_increment(&mut self, layouts: &LayoutTable, budget: &mut Budget) -> Result<Progress> {
        self.blocks.trace::<false>(layouts, budget)
    }

    fn mark_reference(&mut self, reference: GcRef) -> Result<()> {
        let layouts = LayoutTable::new();
        let mut marking = self.blocks.marking::<false>(&layouts);
        marking.shade(reference)?;
        marking.keep_block_of(reference);
        Ok(())
    }

    fn pop_marked_ephemeron(&mut self) -> Option<GcRef> {
        self.blocks.pending.pop()
    }

    fn end_marking(&mut self, mutator: &Mutator) -> Result<()> {
        let first = self.blocks.space.first_old_block();
        self.blocks
            .space
            .set_marking_state(MarkingState::Sweeping(first));
        self.update_barrier(mutator);
        Ok(())
    }

    fn marked_liveness(&self) -> Liveness<'_> {
        Liveness::MarkedBetween {
            space: &self.blocks.space,
        }
    }

    fn has_leaving(&self) -> bool {
        self.blocks.leaving.is_active()
    }

    fn evacuate_step(
        &mut self,
        mutator: &Mutator,
        layouts: &LayoutTable,
        budget: &mut Budget,
    ) -> Result<Progress> {
        // Large objects that have become old since are scanned first.
        let mut progress = self.blocks.trace::<false>(layouts, budget)?;
        if progress == Progress::Complete {
            progress = self.blocks.evacuate_leaving(layouts, budget)?;
        }
        self.evacuated += core::mem::take(&mut self.blocks.leaving.moved_bytes);
        self.update_barrier(mutator);
        Ok(progress)
    }

    fn stop_leaving(&mut self, mutator: &Mutator) {
        self.blocks.stop_leaving();
        self.update_barrier(mutator);
    }

    fn has_moved(&self) -> bool {
        self.blocks.leaving.has_moved()
    }

    fn take_moved(&mut self) -> Vec<Moved> {
        self.blocks.leaving.take_moved()
    }

    fn sweep_step(
        &mut self,
        mutator: &Mutator,
        layouts: &LayoutTable,
        budget: &mut Budget,
    ) -> Result<Option<CollectionStats>> {
        let MarkingState::Sweeping(mut block) = self.blocks.space.marking_state() else {
            return Ok(Some(CollectionStats::default()));
        };
        let mut freed = Freed::default();
        while block < self.blocks.space.used_end() && !budget.is_spent() {
            block += self.sweep_marked(block, layouts, &mut freed)?;
            let poisoned = if self.blocks.poison {
                BLOCK_BYTES / 4
            } else {
                0
            };
            budget.spend(BLOCK_COST + poisoned);
            self.blocks
                .space
                .set_marking_state(MarkingState::Sweeping(block));
        }
        self.count_freed(mutator, freed);
        if block < self.blocks.space.used_end()
            || self.blocks.release_pages_between(budget) == Progress::Continue
        {
            return Ok(None);
        }
        self.blocks.space.set_marking_state(MarkingState::Idle);
        self.blocks.space.restart_search();
        Ok(Some(CollectionStats {
            objects: mutator.bump.objects(),
            live_bytes: mutator.bump.used_bytes(),
            moved_bytes: core::mem::take(&mut self.evacuated),
            unmovable_bytes: mutator.bump.used_bytes(),
        }))
    }

    fn end_cycle(&mut self, mutator: &Mutator) {
        let old = self.old_bytes_allocated(mutator);
        mutator.bump.forget_allocated(old);
    }

    fn drop_marks(&mut self, mutator: &Mutator) {
        self.blocks.drop_marks();
        self.update_barrier(mutator);
    }
}
