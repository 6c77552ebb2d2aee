//! Where new objects go: to the nursery, or to the old blocks.
//!
//! The mutator bumps through the nursery's blocks. When they are full, a minor collection empties
//! them. Objects of more than [`LARGEST_YOUNG`] bytes are young too, but have blocks of their own:
//! a minor collection frees them, or leaves them where they are. The barrier must see references
//! to them, so it is told where the last of them ends. What they refer to at first is stored
//! through the barrier.
//!
//! These objects are born old:
//!
//! * In a no-GC span whose nursery is full, all objects (the nursery has *overflowed*). They are
//!   made in old blocks without the barrier, so the next minor collection looks at all of them.
//! * All objects in a heap that has no room for a nursery.

use super::GenerationalHeap;
use crate::collectors::block_heap::rest_of_window;
use crate::error::{Error, Result};
use crate::heap::{
    Allocation, BLOCK_BYTES, CollectionKind, FIRST_NURSERY_BLOCKS, GRANULE, GcRef, LARGEST_YOUNG,
    Mutator, ObjectHeader, STEP_EVERY, WriteBarrier,
};

/// Up to this number of blocks a nursery grows wherever objects survive.
const MODERATE_BLOCKS: usize = (1 << 20) / BLOCK_BYTES as usize;

/// What is known of the nursery besides its blocks.
#[derive(Debug)]
pub(super) struct Nursery {
    /// The blocks that were taken since the last collection.
    taken: usize,
    /// The mutator's window is in the last of them.
    is_lent: bool,
    /// The mutator makes its objects in old blocks until the next collection.
    has_overflowed: bool,
    /// The bytes of the objects in the blocks that the mutator has left.
    pub(super) bytes: u64,
    /// The number of those objects.
    pub(super) objects: u64,
    /// The number of objects in the heap that are not in the lent block.
    others: u64,
    /// The bytes of the young large objects.
    pub(super) large_bytes: u64,
    /// Where the last of them ends.
    pub(super) large_end: u64,
    /// The blocks that the next nursery is to have.
    wanted: usize,
}

impl Default for Nursery {
    fn default() -> Nursery {
        Nursery {
            taken: 0,
            is_lent: false,
            has_overflowed: false,
            bytes: 0,
            objects: 0,
            others: 0,
            large_bytes: 0,
            large_end: 0,
            wanted: FIRST_NURSERY_BLOCKS,
        }
    }
}

impl Nursery {
    /// Whether no block was taken since the last collection.
    pub(super) fn is_unused(&self) -> bool {
        self.taken == 0
    }

    /// Forgets old objects that were freed.
    pub(super) fn note_swept(&mut self, objects: u64) {
        if self.is_lent {
            self.others = self.others.saturating_sub(objects);
        }
    }

    /// Counts an object that was made outside of the nursery.
    fn note_born_old(&mut self) {
        self.others += u64::from(self.is_lent);
    }

    /// Forgets an object that could not be initialised, and lies outside of the mutator's window.
    fn note_freed(&mut self, is_young: bool) {
        self.others -= u64::from(self.is_lent);
        self.objects -= u64::from(is_young);
    }
}

impl GenerationalHeap {
    /// See [`GcHeap::allocate`](crate::heap::GcHeap::allocate).
    pub(super) fn allocate_in_generations(
        &mut self,
        mutator: &Mutator,
        header: ObjectHeader,
        bytes: u64,
    ) -> Result<Allocation> {
        let Some(bytes) = self.blocks.allocated_size(bytes) else {
            return Ok(Allocation::Never);
        };
        if bytes <= LARGEST_YOUNG {
            if self.lend_nursery(mutator, bytes)?
                && let Some(offset) = mutator.bump.bump_within_budget(bytes)
            {
                mutator.write_new_object(offset, header, bytes);
                return Ok(Allocation::Done(GcRef::from_offset(offset)));
            }
            if self.is_nursery_full(mutator, bytes) {
                return Ok(Allocation::CollectOrGrow { bytes });
            }
            self.overflow(mutator)?;
        }
        let outcome = self.allocate_old(mutator, header, bytes)?;
        if matches!(outcome, Allocation::CollectOrGrow { .. })
            && self.give_nursery_up(|heap| heap.blocks.has_room(mutator, bytes))?
        {
            return self.allocate_old(mutator, header, bytes);
        }
        Ok(outcome)
    }

    /// Allocates in old blocks. A large object there is young.
    fn allocate_old(
        &mut self,
        mutator: &Mutator,
        header: ObjectHeader,
        bytes: u64,
    ) -> Result<Allocation> {
        let outcome = self.blocks.allocate(mutator, header, bytes)?;
        if let Allocation::Done(object) = outcome
            && bytes > LARGEST_YOUNG
        {
            self.note_young_large(mutator, object, bytes);
        }
        Ok(outcome)
    }

    /// See [`GcHeap::deallocate_uninit`](crate::heap::GcHeap::deallocate_uninit).
    pub(super) fn free_uninit_in_generations(
        &mut self,
        mutator: &Mutator,
        object: GcRef,
        bytes: u64,
    ) {
        let offset = object.offset();
        let is_young = self.blocks.space.is_in_slot(offset);
        let window = mutator.bump.start()..mutator.bump.end();
        if !(self.nursery.is_lent && window.contains(&offset)) {
            self.nursery.note_freed(is_young);
        }
        if !is_young {
            if self.is_young(object) {
                self.nursery.large_bytes -= bytes.next_multiple_of(GRANULE);
            }
            self.take_over_log(&mutator.log);
            self.remembered.forget(object, bytes);
        }
        self.blocks.free_uninit(mutator, object, bytes);
    }

    /// Whether a reference is to a young object.
    pub(super) fn is_young(&self, reference: GcRef) -> bool {
        let space = &self.blocks.space;
        reference.is_object()
            && (space.is_in_slot(reference.offset())
                || self.nursery.large_bytes > 0 && space.is_young_large(reference.offset()))
    }

    /// Notes a new large object, and lets the barrier know of it.
    fn note_young_large(&mut self, mutator: &Mutator, object: GcRef, bytes: u64) {
        self.nursery.note_born_old();
        if self.blocks.space.first_old_block() == 0 {
            // Such a heap has no minor collections.
            return;
        }
        self.nursery.large_bytes += bytes;
        let end = self.blocks.space.run_end(object.offset());
        self.nursery.large_end = self.nursery.large_end.max(end);
        self.update_barrier(mutator);
    }

    /// Sets the mutator's barrier, unless a finalizer has replaced it.
    pub(super) fn update_barrier(&self, mutator: &Mutator) {
        if mutator.barrier().is_of_nursery() {
            mutator.set_barrier(WriteBarrier::barrier(self));
        }
    }

    /// Whether `bytes` can be allocated without growing or collecting.
    pub(super) fn has_room_in_generations(
        &mut self,
        mutator: &Mutator,
        bytes: u64,
    ) -> Result<bool> {
        if bytes <= LARGEST_YOUNG {
            if self.lend_nursery(mutator, bytes)? {
                return Ok(true);
            }
            if self.is_nursery_full(mutator, bytes) {
                return Ok(false);
            }
            self.overflow(mutator)?;
        }
        Ok(self.blocks.has_room(mutator, bytes)?
            || self.give_nursery_up(|heap| heap.blocks.has_room(mutator, bytes))?)
    }

    /// Makes sure that the mutator's window is in the nursery and has room for `bytes`. Returns
    /// `false` if the nursery is full, or is not used.
    fn lend_nursery(&mut self, mutator: &Mutator, bytes: u64) -> Result<bool> {
        if self.nursery.has_overflowed {
            return Ok(false);
        }
        if self.nursery.is_lent && self.has_window_for(mutator, bytes) {
            return Ok(true);
        }
        if self.nursery.taken >= self.blocks.space.nursery_blocks() {
            return Ok(false);
        }
        if !self.nursery.is_lent {
            self.blocks.take_back(mutator)?;
        }
        self.leave_nursery(mutator)?;
        let block = self.blocks.space.take_nursery_block(self.nursery.taken);
        // SAFETY: the block is committed and belongs to this heap. Nothing else uses it until
        // it is taken back.
        unsafe { mutator.lend(block.start, block.end) };
        self.nursery.taken += 1;
        self.nursery.is_lent = true;
        self.nursery.others = mutator.bump.objects();
        Ok(self.has_window_for(mutator, bytes))
    }

    /// Whether the window, a block of the nursery, has room for `bytes`. While a full collection
    /// is under way the mutator gets a part of the block at a time, so that it comes back for the
    /// steps.
    fn has_window_for(&self, mutator: &Mutator, bytes: u64) -> bool {
        let budget = match self.is_in_cycle() {
            true => STEP_EVERY.max(bytes),
            false => BLOCK_BYTES,
        };
        mutator.bump.set_budget_end(mutator.bump.next() + budget);
        mutator.bump.has_budget(bytes)
    }

    /// Takes the mutator's window back, if it is in the nursery.
    pub(super) fn leave_nursery(&mut self, mutator: &Mutator) -> Result<()> {
        if !self.nursery.is_lent {
            return Ok(());
        }
        self.nursery.is_lent = false;
        self.nursery.bytes += mutator.bump.next() - mutator.bump.start();
        self.nursery.objects += mutator.bump.objects() - self.nursery.others;
        let rest = rest_of_window(mutator);
        mutator.take_back();
        self.blocks.space.leave_unused(rest)
    }

    /// Makes the mutator's next objects in old blocks, if the nursery is in use. The caller has
    /// found that the nursery is full and that no collection runs.
    fn overflow(&mut self, mutator: &Mutator) -> Result<()> {
        if !self.nursery.is_unused() {
            self.leave_nursery(mutator)?;
            self.nursery.has_overflowed = true;
        }
        Ok(())
    }

    /// Whether `bytes` would be allocated in the nursery if a minor collection emptied it now.
    pub(super) fn is_nursery_full(&self, mutator: &Mutator, bytes: u64) -> bool {
        let nursery = &self.nursery;
        if mutator.no_gc_spans() > 0 {
            return false;
        }
        if bytes > LARGEST_YOUNG {
            return nursery.large_bytes >= self.blocks.headroom / 2;
        }
        !nursery.is_unused() && !nursery.has_overflowed
    }

    /// Gives up an unused nursery, so that old objects get its room, if `helps` says then that
    /// this helps. Whether it did.
    fn give_nursery_up(
        &mut self,
        helps: impl FnOnce(&mut GenerationalHeap) -> Result<bool>,
    ) -> Result<bool> {
        let blocks = self.blocks.space.nursery_blocks();
        if !self.nursery.is_unused() || blocks == 0 {
            return Ok(false);
        }
        self.blocks.space.set_nursery_blocks(0);
        let outcome = helps(self);
        if outcome != Ok(true) {
            self.blocks.space.set_nursery_blocks(blocks);
        }
        outcome
    }

    /// See [`GcHeap::grow`](crate::heap::GcHeap::grow). A full nursery overflows. An unused one
    /// is given up if the heap cannot grow otherwise.
    pub(super) fn grow_in_generations(&mut self, mutator: &Mutator, bytes: u64) -> Result<()> {
        if bytes <= LARGEST_YOUNG {
            self.overflow(mutator)?;
        }
        let grown = self.blocks.grow(mutator, bytes);
        if matches!(grown, Err(Error::HeapLimit { .. }))
            && self.give_nursery_up(|heap| heap.blocks.grow(mutator, bytes).map(|()| true))?
        {
            return Ok(());
        }
        self.granted = self.granted.max(self.blocks.space.committed_bytes());
        grown
    }

    /// See [`GcHeap::committed_after_growth`](crate::heap::GcHeap::committed_after_growth).
    pub(super) fn committed_after_growth_in_generations(
        &self,
        mutator: &Mutator,
        bytes: u64,
    ) -> Result<u64> {
        let young = self.blocks.space.nursery_blocks();
        let wanted = self.blocks.committed_after_growth(mutator, bytes);
        if wanted.is_ok() || !self.nursery.is_unused() || young == 0 {
            return wanted;
        }
        self.blocks.space.set_nursery_blocks(0);
        let wanted = self.blocks.committed_after_growth(mutator, bytes);
        self.blocks.space.set_nursery_blocks(young);
        wanted
    }

    /// The kind of collection to run when `asked` was requested.
    pub(super) fn kind_of_collection(
        &self,
        mutator: &Mutator,
        asked: CollectionKind,
    ) -> CollectionKind {
        let is_due = self.old_bytes_allocated(mutator) >= self.blocks.headroom;
        let has_young = !self.nursery.is_unused() || self.nursery.large_bytes > 0;
        if asked == CollectionKind::Major {
            return CollectionKind::Major;
        }
        let stops = !self.is_in_cycle() && !self.prefers_cycle(mutator);
        match stops && (is_due || !has_young) {
            true => CollectionKind::Major,
            false => CollectionKind::Minor,
        }
    }

    /// The bytes that were promoted, or born old, since the last major collection.
    pub(super) fn old_bytes_allocated(&self, mutator: &Mutator) -> u64 {
        let lent = match self.nursery.is_lent {
            true => mutator.bump.next() - mutator.bump.start(),
            false => 0,
        };
        mutator.bump.allocated_bytes() - lent - self.nursery.bytes - self.nursery.large_bytes
    }

    /// Empties the nursery, whose live objects have moved. No object is young any more.
    pub(super) fn empty_nursery(&mut self, mutator: &Mutator) {
        self.blocks.space.empty_nursery(self.blocks.poison);
        self.nursery = Nursery {
            wanted: self.nursery.wanted,
            ..Nursery::default()
        };
        self.update_barrier(mutator);
    }

    /// Sizes the empty nursery: as large as it is wanted, or as there is room for. Commits
    /// memory for it, unless the heap asks before it grows. Most of that is not touched.
    pub(super) fn size_nursery(&mut self, mutator: &Mutator) {
        let wanted = self.nursery.wanted;
        let limit = match self.blocks.asks_to_grow {
            true => self.granted,
            false => u64::MAX,
        };
        let space = &mut self.blocks.space;
        if !self.blocks.asks_to_grow && space.nursery_that_fits(wanted, limit) < wanted {
            // If the system or the limit refuses, the nursery is smaller. That is no error.
            let _ = space.commit_for_nursery(wanted);
            self.blocks.update_end(mutator);
        }
        let blocks = self.blocks.space.nursery_that_fits(wanted, limit);
        self.blocks.space.set_nursery_blocks(blocks);
    }

    /// Decides how large the next nursery is to be, after a minor collection that took
    /// `nanoseconds`. Where objects survive, a larger one lets more of them die first. Above
    /// [`MODERATE_BLOCKS`] it grows only as far as its collections are likely to keep the budget.
    pub(super) fn learn_from_minor(&mut self, nanoseconds: u64, has_survivors: bool) {
        let (budget, blocks) = (self.pause_budget, self.blocks.space.nursery_blocks());
        let may_grow = has_survivors && self.nursery.taken == blocks;
        let wanted = &mut self.nursery.wanted;
        let larger = match blocks {
            // Twice the size, for at most three eighths of the budget. Some collections take more
            // than twice as long as most.
            _ if 2 * blocks <= MODERATE_BLOCKS && nanoseconds < budget / 16 * 3 => 2 * blocks,
            _ if nanoseconds < budget / 4 => blocks + blocks.div_ceil(4),
            _ => blocks,
        };
        if nanoseconds > budget / 4 * 3 {
            *wanted = (blocks / 2).clamp(FIRST_NURSERY_BLOCKS, *wanted);
        } else if nanoseconds > budget / 2 {
            *wanted = (blocks - blocks / 4).clamp(FIRST_NURSERY_BLOCKS, *wanted);
        } else if may_grow && blocks >= *wanted {
            *wanted = larger;
        }
        *wanted = (*wanted).min(
            self.blocks
                .space
                .first_old_block()
                .max(FIRST_NURSERY_BLOCKS),
        );
    }
}
