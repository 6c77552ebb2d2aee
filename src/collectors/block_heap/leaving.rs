//! Evacuation of single blocks, while the program runs between the steps of a full collection.
//!
//! When a collection begins to mark, it chooses sparse blocks: these are *leaving*. The marker,
//! the write barrier and minor collections record each slot in the heap that refers to an object
//! there. When the weak tables are swept, the objects of a leaving block are copied, and all
//! references to them are fixed, within one stop. Such a stop begins with a minor collection, so
//! no young object refers to them.
//!
//! A block stays if anything outside of the heap refers to an object in it (a root, a root range,
//! a weak map's value), if a weak handle names an object in it, if more slots refer to it than are
//! worth recording, and if there is no memory. Nothing else fails then.
//!
//! A slot is recorded when its object is known to stay in its memory until the collection ends.
//! So a recorded slot of an object that has moved meanwhile is memory that nothing uses, and
//! fixing it does no harm; the slot of the copy is recorded when the object moves.
//!
//! **Cost.** Four bytes for each slot, a copy for each object, and a look at each recorded slot.
//!
//! **Sources.** Blackburn and McKinley, "Immix", PLDI 2008: sparse blocks. Detlefs, Flood, Heller,
//! Printezis, "Garbage-First Garbage Collection", ISMM 2004: slots for each region. Zhao,
//! Blackburn, McKinley, "Low-Latency, High-Throughput Garbage Collection", PLDI 2022: recording
//! them while marking.

use super::BlockHeap;
use super::leaving_blocks::LeavingBlock;
use super::mark::{Marking, beyond_the_end, unknown_type};
use crate::base::{fallible, work};
use crate::error::{Error, Result};
use crate::heap::{
    BLOCK_BYTES, BlockState, Budget, GcRef, Hole, LOOKUP, LayoutTable, Moved, Mutator,
    ObjectHeader, ObjectSlot, Progress, SLOT_BYTES,
};

/// The most blocks that leave in one collection.
const MOST_BLOCKS: usize = 1024;

/// The most blocks whose records are looked at when a collection begins.
const MOST_LOOKS: usize = 8192;

/// The free blocks that objects may move to: one for this number of blocks in use, and at most
/// this number.
const BLOCKS_FOR_COPIES: usize = 16;
const MOST_FOR_COPIES: usize = 256;

/// A block leaves if at most this number of its bytes are alive.
const SPARSE_BYTES: u64 = BLOCK_BYTES / 8 * 3;

impl BlockHeap {
    /// Chooses the blocks that leave in the collection that begins: sparse ones, or all if
    /// `moves_all`, as far as there are free blocks for their objects.
    pub(crate) fn choose_leaving(&mut self, mutator: &Mutator, moves_all: bool) {
        self.commit_for_copies(mutator);
        let space = &self.space;
        let (first, end) = (space.first_old_block(), space.used_end());
        let spare = space
            .free_blocks()
            .saturating_sub(space.promotion_reserve());
        let mut room = (spare / 2) as u64 * BLOCK_BYTES;
        let mut block = self.leaving.next_choice.clamp(first, end.max(first));
        for _ in 0..MOST_LOOKS.min(end - first) {
            if block >= end {
                block = first;
            }
            let record = &space.records()[block];
            let live = record.live();
            let is_sparse = moves_all || live <= SPARSE_BYTES;
            let may_leave = record.state() == BlockState::Small && !record.is_pinned();
            if may_leave && is_sparse && live > 0 && live <= room {
                let leaving = LeavingBlock {
                    block,
                    slots: Vec::new(),
                };
                if self.leaving.blocks.len() == MOST_BLOCKS
                    || fallible::push(&mut self.leaving.blocks, leaving).is_err()
                {
                    break;
                }
                room -= live;
                space.begin_leaving(block, self.leaving.blocks.len() - 1);
            }
            block += 1;
        }
        self.leaving.next_choice = block;
    }

    /// Commits some memory for objects that move, if there are few free blocks and the heap may
    /// grow. More becomes free when they have moved.
    fn commit_for_copies(&mut self, mutator: &Mutator) {
        let wanted = (self.space.used_end() / BLOCKS_FOR_COPIES).clamp(8, MOST_FOR_COPIES);
        let free = self.space.free_blocks();
        let missing = (wanted + self.space.promotion_reserve()).saturating_sub(free);
        let bytes = self.space.committed_bytes() + missing as u64 * BLOCK_BYTES;
        if missing > 0 && !self.asks_to_grow && bytes <= self.space.limit_bytes() {
            // If the system refuses, fewer blocks leave. That is no error.
            let _ = self.space.commit(bytes);
            self.update_end(mutator);
        }
    }

    /// Lets all blocks stay that have not left.
    pub(crate) fn stop_leaving(&mut self) {
        for leaving in self.leaving.blocks.drain(..).skip(self.leaving.done) {
            self.space.end_leaving(leaving.block);
        }
        self.leaving.done = 0;
        self.leaving.target = Hole::default();
    }

    /// Records the slot at `at` if it refers to an object in a leaving block.
    pub(crate) fn record_slot(&mut self, at: u64, referent: GcRef) {
        let layouts = LayoutTable::new();
        self.marking::<false>(&layouts).record_slot_at(at, referent);
    }

    /// Evacuates leaving blocks, right after a minor collection, as far as the budget allows.
    /// Nothing is left to mark.
    ///
    /// Errors: [`Error::Internal`] if the heap is found overwritten.
    pub(crate) fn evacuate_leaving(
        &mut self,
        layouts: &LayoutTable,
        budget: &mut Budget,
    ) -> Result<Progress> {
        while self.leaving.is_active() {
            if budget.is_spent() {
                return Ok(Progress::Continue);
            }
            let number = self.leaving.done;
            let leaving = &mut self.leaving.blocks[number];
            let (block, slots) = (leaving.block, core::mem::take(&mut leaving.slots));
            self.leaving.done += 1;
            if self.space.records()[block].leaving() == Some(number) {
                self.evacuate_block(block, &slots, layouts, budget)?;
            }
        }
        self.stop_leaving();
        Ok(Progress::Complete)
    }

    fn evacuate_block(
        &mut self,
        block: usize,
        slots: &[u32],
        layouts: &LayoutTable,
        budget: &mut Budget,
    ) -> Result<()> {
        let live = self.space.records()[block].marked_live();
        let cost = live + slots.len() as u64 * LOOKUP;
        budget.spend(cost.max(1));
        work::count(cost as usize / 2);
        let mut marking = self.marking::<false>(layouts);
        let has_marked = marking.space.next_marked(block, 0).is_some();
        if !has_marked || !marking.can_leave(block)? {
            self.space.end_leaving(block);
            return Ok(());
        }
        self.space.end_leaving_for_good(block);
        let mut marking = self.marking::<false>(layouts);
        marking.move_marked(block)?;
        marking.fix_slots(block, slots)?;
        marking.fix_copies(block)?;
        self.space.forget_marked(block);
        self.leaving.has_moved = true;
        Ok(())
    }
}

impl<const COUNTS: bool> Marking<'_, COUNTS> {
    /// Records a slot if it refers to an object in a leaving block.
    #[inline(always)]
    pub(crate) fn record_slot(&mut self, slot: ObjectSlot<'_>, referent: GcRef) {
        if self.leaving.is_active() {
            self.record_slot_at(self.memory.offset_of(slot), referent);
        }
    }

    /// As [`Marking::record_slot`], for the slot at `at`.
    #[cold]
    #[inline(never)]
    pub(crate) fn record_slot_at(&mut self, at: u64, referent: GcRef) {
        let Some(place) = self.locate_if_object(referent) else {
            return;
        };
        if !self.leaving.record(place.record, at) {
            self.space.end_leaving(place.block());
        }
    }

    /// Lets the block of an object stay, to which something outside of the heap refers.
    #[inline(always)]
    pub(crate) fn keep_block_of(&mut self, referent: GcRef) {
        if self.leaving.is_active() {
            self.keep_leaving_block_of(referent);
        }
    }

    #[cold]
    #[inline(never)]
    fn keep_leaving_block_of(&mut self, referent: GcRef) {
        if let Some(place) = self.locate_if_object(referent)
            && place.record.leaving().is_some()
        {
            self.space.end_leaving(place.block());
        }
    }
}

impl Marking<'_, false> {
    /// Whether the objects of a block can move: there are free blocks for them, memory for the
    /// list of those that tables name, and no weak handle names one.
    fn can_leave(&mut self, block: usize) -> Result<bool> {
        if self.records[block].is_pinned() {
            return Ok(false);
        }
        let mut at = 0;
        let mut named = 0;
        while let Some(into) = self.space.next_marked(block, at) {
            at = into + 8;
            let header = self.header_at(self.space.start_of(block) + into)?;
            if header.is_weakly_named() {
                return Ok(false);
            }
            named += usize::from(is_in_table(header));
        }
        let kept = self.space.promotion_reserve() + 3;
        let has_room = self.space.free_blocks() > kept;
        Ok(has_room && fallible::reserve(&mut self.leaving.moved, named).is_ok())
    }

    fn header_at(&self, offset: u64) -> Result<ObjectHeader> {
        let head = self.memory.head(offset);
        let head = head.ok_or_else(|| beyond_the_end(offset))?;
        Ok(ObjectHeader::from_bits(head.header()))
    }

    /// Copies the marked objects of a block, and leaves forwarding references behind.
    fn move_marked(&mut self, block: usize) -> Result<()> {
        let mut at = 0;
        while let Some(into) = self.space.next_marked(block, at) {
            at = into + 8;
            self.move_object(GcRef::from_offset(self.space.start_of(block) + into), into)?;
        }
        Ok(())
    }

    fn move_object(&mut self, old: GcRef, into: u64) -> Result<()> {
        let Some(head) = self.memory.head(old.offset()) else {
            return Err(beyond_the_end(old.offset()));
        };
        let header = ObjectHeader::from_bits(head.header());
        let measured = self.layouts.measure_head(header, || head.after_header());
        let bytes = measured.ok_or_else(|| unknown_type(header))?.bytes;
        if into + bytes > BLOCK_BYTES {
            return Err(beyond_the_end(old.offset()));
        }
        let Some(at) = self.take_target(bytes) else {
            return Err(Error::internal("no room for a block that leaves", bytes));
        };
        let memory = self.space.region().view();
        memory.copy_to(old.offset(), memory, at, bytes)?;
        let new = GcRef::from_offset(at);
        self.space.note_copy(at, bytes);
        head.set_header(ObjectHeader::forwarding(new));
        if is_in_table(header) {
            fallible::push(&mut self.leaving.moved, Moved { old, new })?;
        }
        self.leaving.moved_bytes += bytes;
        Ok(())
    }

    /// Takes `bytes` of the block that objects move to, or of another one.
    fn take_target(&mut self, bytes: u64) -> Option<u64> {
        if bytes > self.leaving.target.bytes() {
            let start = self.space.start_of(self.space.acquire_for_copies()?);
            self.leaving.target = Hole {
                start,
                end: start + BLOCK_BYTES,
            };
        }
        let at = self.leaving.target.start;
        self.leaving.target.start += bytes;
        Some(at)
    }

    /// Fixes the recorded slots that still refer to an object of the block.
    fn fix_slots(&mut self, block: usize, slots: &[u32]) -> Result<()> {
        let region = self.space.region();
        for &slot in slots {
            let at = u64::from(slot) * SLOT_BYTES;
            let referent = GcRef::from_raw(region.load_u32(at)?);
            if let Some(new) = self.forwarded_from(block, referent)? {
                region.store_u32(at, new.raw())?;
            }
        }
        Ok(())
    }

    /// Where the object of a reference is now, if it was in the block. The reference may be null
    /// or an `i31`.
    fn forwarded_from(&self, block: usize, referent: GcRef) -> Result<Option<GcRef>> {
        match self.locate_if_object(referent) {
            Some(place) if place.block() == block => {
                Ok(self.header_at(referent.offset())?.forwarded())
            }
            _ => Ok(None),
        }
    }

    /// Fixes the references in the copies of the block's objects, and records those to other
    /// leaving blocks.
    fn fix_copies(&mut self, block: usize) -> Result<()> {
        let mut at = 0;
        while let Some(into) = self.space.next_marked(block, at) {
            at = into + 8;
            let old = self.space.start_of(block) + into;
            let Some(new) = self.header_at(old)?.forwarded() else {
                return Err(Error::internal("an object that did not leave", old));
            };
            self.fix_copy(block, new)?;
        }
        Ok(())
    }

    fn fix_copy(&mut self, block: usize, copy: GcRef) -> Result<()> {
        let Some(head) = self.memory.head(copy.offset()) else {
            return Err(beyond_the_end(copy.offset()));
        };
        let header = ObjectHeader::from_bits(head.header());
        let measured = self.layouts.measure_head(header, || head.after_header());
        let measured = measured.ok_or_else(|| unknown_type(header))?;
        let Some(whole) = head.object(measured.bytes) else {
            return Err(beyond_the_end(copy.offset()));
        };
        measured.each_reference(|at| {
            let slot = whole.slot(at)?;
            let referent = GcRef::from_raw(slot.get());
            match self.forwarded_from(block, referent)? {
                Some(new) => slot.set(new.raw()),
                None => self.record_slot(slot, referent),
            }
            Ok(())
        })
    }
}

/// Whether a table outside of the heap names the object with this header.
fn is_in_table(header: ObjectHeader) -> bool {
    header.is_extern() || header.is_func() || header.is_hashed() || header.is_key()
}
