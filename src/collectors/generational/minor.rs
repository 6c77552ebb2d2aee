//! Minor collections: promoting the young objects that are alive.
//!
//! A minor collection finds the young objects that roots and remembered slots refer to, moves
//! each of them to an old block, and goes on with what they refer to, depth first. What is left
//! in the nursery is dead. So it costs what survives, and what was remembered.
//!
//! The objects that moved and are still to be scanned are linked through the words that follow
//! their forwarding headers in the nursery. So a minor collection needs no memory but the blocks
//! that are kept for promotion, and cannot fail.
//!
//! While a full collection marks between the program's steps, a minor collection also marks: the
//! objects that it promotes, whose referents it has seen, and the old objects that these and the
//! roots refer to.

use core::iter::repeat;
use std::time::Instant;

use super::GenerationalHeap;
use crate::collectors::block_heap::{Marking, beyond_the_end, unknown_type};
use crate::error::{Error, Result};
use crate::heap::{
    BLOCK_BYTES, BlockState, CollectionStats, CommonLayout, GRANULE, GcRef, GcRootsList, Kind,
    LayoutTable, MarkingState, Mutator, ObjectHead, ObjectHeader, ObjectSlot, Progress,
    PromotionWindow, nanoseconds_since,
};

/// How many places before it is read the memory of a remembered place is asked for.
const AHEAD: usize = 12;

/// The minor collection that is under way.
#[derive(Debug, Default)]
pub(super) struct MinorState {
    pub(super) began: Option<Instant>,
    /// Where the next object is promoted to.
    window: PromotionWindow,
    /// The place in the nursery of the object that moved last and is not scanned yet, or null.
    gray: GcRef,
    /// The bytes of the objects that were promoted.
    pub(super) bytes: u64,
    /// The number of those objects.
    objects: u64,
    /// The remembered set is to be checked first.
    pub(super) is_unchecked: bool,
    /// The remembered slots have been looked at.
    has_remembered: bool,
}

/// What a minor collection frees: the nursery, and young large objects.
struct Dead {
    objects: u64,
    bytes: u64,
}

/// What promoting uses, in one place. A loop keeps it in registers. `MARKS` if a full collection
/// between whose steps the program runs is under way.
struct Promotion<'a, const MARKS: bool> {
    /// The heap, and how that collection marks.
    marking: Marking<'a, false>,
    /// Whether that collection still marks old objects.
    shades: bool,
    /// The bytes of the slot.
    slot: u64,
    /// Where the last young large object ends, as bytes from the start of the slot, or 0.
    large: u64,
    state: &'a mut MinorState,
}

impl GenerationalHeap {
    fn promotion<'a, const MARKS: bool>(
        &'a mut self,
        layouts: &'a LayoutTable,
    ) -> Promotion<'a, MARKS> {
        let space = &self.blocks.space;
        let (start, slot_end, state) = (space.start(), space.slot_end(), space.marking_state());
        debug_assert!(MARKS == (state != MarkingState::Idle));
        Promotion {
            large: self.nursery.large_end.saturating_sub(start),
            slot: slot_end - start,
            shades: state == MarkingState::Marking,
            marking: self.blocks.marking(layouts),
            state: &mut self.minor,
        }
    }

    /// Promotes what roots refer to.
    pub(super) fn promote_roots(
        &mut self,
        roots: &mut GcRootsList,
        layouts: &LayoutTable,
    ) -> Result<()> {
        if core::mem::take(&mut self.minor.is_unchecked) {
            self.check_remembered(layouts)?;
        }
        match self.is_in_cycle() {
            true => self.promotion::<true>(layouts).promote_roots(roots),
            false => self.promotion::<false>(layouts).promote_roots(roots),
        }
    }

    /// Promotes the referent of a reference from outside the heap. Returns where it is then.
    pub(super) fn promote_reference(
        &mut self,
        reference: GcRef,
        layouts: &LayoutTable,
    ) -> Result<GcRef> {
        match self.is_in_cycle() {
            true => self.promotion::<true>(layouts).promote_any(reference),
            false => self.promotion::<false>(layouts).promote_any(reference),
        }
    }

    /// Promotes what old objects refer to, and all that the promoted objects refer to.
    pub(super) fn promote_reachable(&mut self, layouts: &LayoutTable) -> Result<Progress> {
        match self.is_in_cycle() {
            true => self.promote_all_reachable::<true>(layouts)?,
            false => self.promote_all_reachable::<false>(layouts)?,
        }
        Ok(Progress::Complete)
    }

    fn promote_all_reachable<const MARKS: bool>(&mut self, layouts: &LayoutTable) -> Result<()> {
        if !self.minor.has_remembered {
            self.minor.has_remembered = true;
            self.promote_remembered::<MARKS>(layouts)?;
        }
        let mut promotion = self.promotion::<MARKS>(layouts);
        while let Some(object) = promotion.pop()? {
            promotion.scan(object)?;
        }
        Ok(())
    }

    /// Promotes what old objects refer to.
    fn promote_remembered<const MARKS: bool>(&mut self, layouts: &LayoutTable) -> Result<()> {
        let remembered = core::mem::take(&mut self.remembered);
        let mut promotion = self.promotion::<MARKS>(layouts);
        // The memory of each place is asked for some places before it is read.
        let memory = promotion.marking.memory;
        let ahead = remembered.slots().skip(AHEAD).map(Some);
        for (at, ahead) in remembered.slots().zip(ahead.chain(repeat(None))) {
            ahead.inspect(|&at| memory.prefetch(at));
            promotion.promote_slot_at(at)?;
        }
        let ahead = remembered.objects().iter().skip(AHEAD).map(Some);
        for (&object, ahead) in remembered.objects().iter().zip(ahead.chain(repeat(None))) {
            ahead.inspect(|object| memory.prefetch(object.offset()));
            promotion.scan(object)?;
        }
        let mut from = promotion.marking.space.first_old_block();
        while let Some(block) = promotion.marking.space.young_block(from) {
            promotion.scan_born_old(block)?;
            from = block + 1;
        }
        if remembered.is_incomplete() {
            promotion.scan_all_old()?;
        }
        self.remembered = remembered;
        self.forget_remembered()
    }

    /// Ends a minor collection: the nursery is empty, and old objects that were born since the
    /// last collection are as others.
    pub(super) fn finish_minor(
        &mut self,
        mutator: &Mutator,
        layouts: &LayoutTable,
    ) -> Result<CollectionStats> {
        let state = core::mem::take(&mut self.minor);
        let mut window = state.window;
        self.blocks.space.close_promotion(&mut window);
        self.blocks.forget_window();
        let mut dead = Dead {
            objects: self.nursery.objects,
            bytes: self.nursery.bytes,
        };
        self.end_young_blocks(&mut dead, layouts)?;
        let bump = &mutator.bump;
        let objects = bump.objects() - dead.objects + state.objects;
        let used = bump.used_bytes() - dead.bytes + state.bytes;
        let allocated = bump.allocated_bytes() - dead.bytes + state.bytes;
        bump.set_after_minor(used, allocated, objects);
        let nanoseconds = state.began.map_or(0, nanoseconds_since);
        self.learn_from_minor(nanoseconds, state.objects > 0);
        self.empty_nursery(mutator);
        self.size_nursery(mutator);
        Ok(CollectionStats {
            objects,
            live_bytes: used,
            moved_bytes: state.bytes,
            unmovable_bytes: 0,
        })
    }

    /// Frees the young large objects that are dead. All others are old from now on.
    fn end_young_blocks(&mut self, dead: &mut Dead, layouts: &LayoutTable) -> Result<()> {
        let space = &self.blocks.space;
        while let Some(block) = space.young_block(0) {
            let start = space.start_of(block);
            if space.records()[block].state() == BlockState::LargeHead {
                let header = ObjectHeader::from_bits(space.region().load_u64(start)?);
                let bytes = layouts.measure(space.region().view(), start, header)?.bytes;
                space.check_run(start, bytes)?;
                dead.objects += 1;
                dead.bytes += bytes.next_multiple_of(GRANULE);
                space.release(block, self.blocks.poison)?;
            } else {
                space.end_young(block)?;
            }
        }
        Ok(())
    }
}

impl<const MARKS: bool> Promotion<'_, MARKS> {
    /// Promotes what roots refer to.
    fn promote_roots(&mut self, roots: &mut GcRootsList) -> Result<()> {
        roots.try_each(|root| {
            let old = root.get();
            if self.is_young(old) {
                root.set(self.promote(old)?);
                return Ok(());
            }
            self.see_old(old)?;
            if MARKS {
                self.marking.keep_block_of(old);
            }
            Ok(())
        })
    }

    /// Promotes the referent of any reference. Returns where it is then.
    fn promote_any(&mut self, reference: GcRef) -> Result<GcRef> {
        if self.is_young(reference) {
            return self.promote(reference);
        }
        self.see_old(reference)?;
        if MARKS {
            self.marking.keep_block_of(reference);
        }
        Ok(reference)
    }

    /// Whether a reference is to an object in the nursery. `false` for an `i31`.
    #[inline(always)]
    fn is_young(&self, reference: GcRef) -> bool {
        reference.object_offset().wrapping_sub(self.marking.start) < self.slot
    }

    /// Where the young object at `old` is now. Moves it if this is the first reference to it
    /// that the collection finds.
    #[inline(always)]
    fn promote(&mut self, old: GcRef) -> Result<GcRef> {
        let Some(head) = self.marking.memory.head(old.offset()) else {
            return Err(beyond_the_end(old.offset()));
        };
        let header = ObjectHeader::from_bits(head.header());
        if let Some(new) = header.forwarded() {
            return match self.marking.space.is_promoted(new) {
                true => Ok(new),
                false => Err(Error::internal("a wrong forwarding", new.raw().into())),
            };
        }
        let layouts = self.marking.layouts.simple_layouts();
        let (bytes, has_references) = match layouts.common(header, || head.after_header()) {
            Some(CommonLayout::Simple(layout)) => (layout.size().bytes(), layout.references() != 0),
            Some(CommonLayout::Array { size, elements }) => (size.bytes(), elements),
            None => self.measure_any(header, head)?,
        };
        self.move_object(old, (header, head), bytes, has_references)
    }

    /// The bytes of any object, and whether it may have references.
    #[cold]
    fn measure_any(&self, header: ObjectHeader, head: ObjectHead<'_>) -> Result<(u64, bool)> {
        let measured = self
            .marking
            .layouts
            .measure_head(header, || head.after_header());
        let measured = measured.ok_or_else(|| unknown_type(header))?;
        Ok((measured.bytes, true))
    }

    /// Moves the young object of `bytes` at `old`. Returns where it is then.
    #[inline(always)]
    fn move_object(
        &mut self,
        old: GcRef,
        (header, head): (ObjectHeader, ObjectHead<'_>),
        bytes: u64,
        has_references: bool,
    ) -> Result<GcRef> {
        // No young object leaves its block.
        if (old.offset() - self.marking.start) % BLOCK_BYTES + bytes > BLOCK_BYTES {
            return Err(beyond_the_end(old.offset()));
        }
        let Some(at) = self
            .marking
            .space
            .promote_into(&mut self.state.window, bytes)
        else {
            return Err(Error::internal("no room for young objects", bytes));
        };
        let memory = self.marking.space.region().view();
        memory.copy_to(old.offset(), memory, at, bytes)?;
        let (new, into) = (GcRef::from_offset(at), at - self.marking.start);
        if let Some(record) = self.marking.records.get((into / BLOCK_BYTES) as usize) {
            record.set_start(into % BLOCK_BYTES);
        }
        if MARKS {
            self.marking.mark_black(new, header, bytes)?;
        }
        head.set_header(ObjectHeader::forwarding(new));
        if has_references {
            head.set_after_header(self.state.gray.raw());
            self.state.gray = old;
        }
        self.state.bytes += bytes;
        self.state.objects += 1;
        Ok(new)
    }

    /// Removes the object that moved last from those that are still to be scanned. Returns
    /// where it is now.
    #[inline(always)]
    fn pop(&mut self) -> Result<Option<GcRef>> {
        let old = self.state.gray;
        if old.is_null() {
            return Ok(None);
        }
        let Some(head) = self.marking.memory.head(old.offset()) else {
            return Err(beyond_the_end(old.offset()));
        };
        self.state.gray = GcRef::from_raw(head.after_header());
        let header = ObjectHeader::from_bits(head.header());
        match header.forwarded() {
            Some(new) => Ok(Some(new)),
            None => Err(Error::internal("a wrong forwarding", header.bits())),
        }
    }

    /// Promotes the referents of an old object.
    #[inline(always)]
    fn scan(&mut self, object: GcRef) -> Result<()> {
        let Some(head) = self.marking.memory.head(object.offset()) else {
            return Err(beyond_the_end(object.offset()));
        };
        let header = ObjectHeader::from_bits(head.header());
        let layouts = self.marking.layouts.simple_layouts();
        let Some(CommonLayout::Simple(layout)) = layouts.common(header, || head.after_header())
        else {
            return self.scan_any(object, header, head);
        };
        let Some(slots) = head.slots(layout) else {
            return Err(beyond_the_end(object.offset()));
        };
        for slot in slots {
            self.promote_slot(slot)?;
        }
        Ok(())
    }

    /// As [`Promotion::scan`], for all objects, and for one that could not be initialised and
    /// has become free memory.
    #[inline(never)]
    fn scan_any(
        &mut self,
        object: GcRef,
        header: ObjectHeader,
        head: ObjectHead<'_>,
    ) -> Result<()> {
        let Some(measured) = self
            .marking
            .layouts
            .measure_head(header, || head.after_header())
        else {
            return match header.kind() {
                Some(Kind::Free) => Ok(()),
                _ => Err(unknown_type(header)),
            };
        };
        let Some(whole) = head.object(measured.bytes) else {
            return Err(beyond_the_end(object.offset()));
        };
        measured.each_reference(|at| self.promote_slot(whole.slot(at)?))
    }

    /// Promotes the referent of a slot, if it is young.
    #[inline(always)]
    fn promote_slot(&mut self, slot: ObjectSlot<'_>) -> Result<()> {
        let referent = GcRef::from_raw(slot.get());
        if self.is_young(referent) {
            slot.set(self.promote(referent)?.raw());
            return Ok(());
        }
        self.see_old(referent)?;
        if MARKS {
            self.marking.record_slot(slot, referent);
        }
        Ok(())
    }

    /// Keeps an object that may be a young large one, and marks an old one, if the collection
    /// that marks has not. The reference may be null or an `i31`.
    #[inline(always)]
    fn see_old(&mut self, referent: GcRef) -> Result<()> {
        self.keep_if_large(referent)?;
        if MARKS && self.shades {
            self.marking.shade(referent)?;
        }
        Ok(())
    }

    /// Makes an object old that may be a young large one. All references in it to young objects
    /// were stored through the barrier, so it need not be scanned.
    #[inline(always)]
    fn keep_if_large(&mut self, referent: GcRef) -> Result<()> {
        let offset = referent.object_offset();
        if offset.wrapping_sub(self.marking.start) < self.large
            && self.marking.space.is_young_large(offset)
        {
            self.keep_large(referent)?;
        }
        Ok(())
    }

    #[cold]
    fn keep_large(&mut self, object: GcRef) -> Result<()> {
        self.marking.space.keep_large(object.offset());
        if MARKS && self.marking.leaving.is_active() {
            // It is scanned, so that its slots are recorded.
            self.marking.shade(object)?;
        } else if MARKS && !self.shades {
            // Nothing scans it any more, and all that it refers to has a mark.
            let (header, bytes) = self.measure_at(object)?;
            self.marking.mark_black(object, header, bytes)?;
        }
        Ok(())
    }

    /// The header of an object, and its bytes.
    fn measure_at(&self, object: GcRef) -> Result<(ObjectHeader, u64)> {
        let Some(head) = self.marking.memory.head(object.offset()) else {
            return Err(beyond_the_end(object.offset()));
        };
        let header = ObjectHeader::from_bits(head.header());
        let (bytes, _) = self.measure_any(header, head)?;
        Ok((header, bytes))
    }

    /// Promotes the referent of the slot at `at`, if it is young.
    fn promote_slot_at(&mut self, at: u64) -> Result<()> {
        let memory = self.marking.space.region().view();
        let referent = GcRef::from_raw(memory.load_u32(at)?);
        if !self.is_young(referent) {
            self.see_old(referent)?;
            if MARKS {
                self.marking.record_slot_at(at, referent);
            }
            return Ok(());
        }
        let new = self.promote(referent)?;
        memory.store_u32(at, new.raw())
    }

    /// Promotes what the objects of a block refer to that were born old since the last
    /// collection, and keeps these objects.
    fn scan_born_old(&mut self, block: usize) -> Result<()> {
        let (space, layouts) = (self.marking.space, self.marking.layouts);
        space.keep_young(block, layouts, &mut |offset, object| {
            let kept = GcRef::from_offset(offset);
            if MARKS {
                let header = ObjectHeader::from_bits(space.region().load_u64(offset)?);
                self.marking.mark_black(kept, header, object.bytes)?;
            }
            self.scan(kept)
        })
    }

    /// Promotes what any old object refers to.
    fn scan_all_old(&mut self) -> Result<()> {
        let (space, layouts) = (self.marking.space, self.marking.layouts);
        space.each_old_object(layouts, &mut |offset, _| {
            self.scan(GcRef::from_offset(offset))
        })
    }
}
