//! Minor collections: promoting the young objects that are alive.
//!
//! A minor collection finds the young objects that roots and remembered slots refer to, moves
//! each of them to an old block, and goes on with what they refer to, depth first. What is left
//! in the nursery is dead. So it costs what survives, and what was remembered.
//!
//! The objects that moved and are still to be scanned are linked through the words that follow
//! their forwarding headers in the nursery. So a minor collection needs no memory but the blocks
//! that are kept for promotion, and cannot fail.

use super::GenerationalHeap;
use crate::collectors::block_heap::{beyond_the_end, unknown_type};
use crate::error::{Error, Result};
use crate::heap::{
    BlockSpace, CollectionStats, GcRef, GcRootsList, HEADER_BYTES, Kind, LayoutTable, Measured,
    Mutator, ObjectBytes, ObjectHeader, ObjectSlot, ObjectSpan, Progress, PromotionWindow,
};

/// The minor collection that is under way.
#[derive(Debug, Default)]
pub(super) struct MinorState {
    /// Where the next object is promoted to.
    window: PromotionWindow,
    /// The place in the nursery of the object that moved last and is not scanned yet, or null.
    gray: GcRef,
    /// The bytes of the objects that were promoted.
    pub(super) bytes: u64,
    /// The number of those objects.
    objects: u64,
    /// The remembered slots have been looked at.
    has_remembered: bool,
}

/// What promoting uses, in one place.
struct Promotion<'a> {
    space: &'a BlockSpace,
    memory: ObjectSpan<'a>,
    layouts: &'a LayoutTable,
    state: &'a mut MinorState,
}

impl GenerationalHeap {
    fn promotion<'a>(&'a mut self, layouts: &'a LayoutTable) -> Promotion<'a> {
        let space = &self.blocks.space;
        Promotion {
            memory: space.region().view().objects(space.start(), space.end()),
            space,
            layouts,
            state: &mut self.minor,
        }
    }

    /// Promotes what roots refer to.
    pub(super) fn promote_roots(
        &mut self,
        roots: &mut GcRootsList,
        layouts: &LayoutTable,
    ) -> Result<()> {
        let mut promotion = self.promotion(layouts);
        roots.try_each(|root| {
            let old = root.get();
            if promotion.space.is_in_slot(old.offset()) {
                root.set(promotion.promote(old)?);
            }
            Ok(())
        })
    }

    /// Promotes the referent of a reference from outside the heap. Returns where it is then.
    pub(super) fn promote_reference(
        &mut self,
        reference: GcRef,
        layouts: &LayoutTable,
    ) -> Result<GcRef> {
        let mut promotion = self.promotion(layouts);
        match promotion.space.is_in_slot(reference.offset()) {
            true => promotion.promote(reference),
            false => Ok(reference),
        }
    }

    /// Promotes what old objects refer to, and all that the promoted objects refer to.
    pub(super) fn promote_reachable(&mut self, layouts: &LayoutTable) -> Result<Progress> {
        if !self.minor.has_remembered {
            self.minor.has_remembered = true;
            self.promote_remembered(layouts)?;
        }
        let mut promotion = self.promotion(layouts);
        while let Some(object) = promotion.pop()? {
            promotion.scan(object)?;
        }
        Ok(Progress::Complete)
    }

    /// Promotes what old objects refer to.
    fn promote_remembered(&mut self, layouts: &LayoutTable) -> Result<()> {
        let remembered = core::mem::take(&mut self.remembered);
        let mut promotion = self.promotion(layouts);
        for at in remembered.slots() {
            promotion.promote_slot_at(at)?;
        }
        for &object in remembered.objects() {
            promotion.scan(object)?;
        }
        let mut from = promotion.space.first_old_block();
        while let Some(block) = promotion.space.young_block(from) {
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
    pub(super) fn finish_minor(&mut self, mutator: &Mutator) -> Result<CollectionStats> {
        let state = core::mem::take(&mut self.minor);
        let mut window = state.window;
        self.blocks.space.close_promotion(&mut window);
        self.blocks.forget_window();
        while let Some(block) = self.blocks.space.young_block(0) {
            self.blocks.space.end_young(block)?;
        }
        let bump = &mutator.bump;
        let objects = bump.objects() - self.nursery.objects + state.objects;
        let used = bump.used_bytes() - self.nursery.bytes + state.bytes;
        let allocated = bump.allocated_bytes() - self.nursery.bytes + state.bytes;
        bump.set_after_minor(used, allocated, objects);
        self.empty_nursery();
        if state.objects > 0 {
            self.want_larger_nursery();
        }
        self.size_nursery();
        Ok(CollectionStats {
            objects,
            live_bytes: used,
            moved_bytes: state.bytes,
            unmovable_bytes: 0,
        })
    }
}

impl<'a> Promotion<'a> {
    /// Where the young object at `old` is now. Moves it if this is the first reference to it
    /// that the collection finds.
    #[inline(always)]
    fn promote(&mut self, old: GcRef) -> Result<GcRef> {
        let Some(head) = self.memory.head(old.offset()) else {
            return Err(beyond_the_end(old.offset()));
        };
        let header = ObjectHeader::from_bits(head.header());
        if let Some(new) = header.forwarded() {
            return match self.space.is_promoted(new) {
                true => Ok(new),
                false => Err(Error::internal("a wrong forwarding", new.raw().into())),
            };
        }
        let Some(measured) = self.layouts.measure_head(header, || head.after_header()) else {
            return Err(unknown_type(header));
        };
        let bytes = measured.bytes;
        if old.offset() + bytes > self.space.slot_end() {
            return Err(beyond_the_end(old.offset()));
        }
        let Some(at) = self.space.promote_into(&mut self.state.window, bytes) else {
            return Err(Error::internal("no room for young objects", bytes));
        };
        let memory = self.space.region().view();
        memory.copy_to(old.offset(), memory, at, bytes)?;
        let new = GcRef::from_offset(at);
        head.set_header(ObjectHeader::forwarding(new));
        memory.store_u32(old.offset() + HEADER_BYTES, self.state.gray.raw())?;
        self.state.gray = old;
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
        let memory = self.space.region().view();
        let header = ObjectHeader::from_bits(memory.load_u64(old.offset())?);
        self.state.gray = GcRef::from_raw(memory.load_u32(old.offset() + HEADER_BYTES)?);
        match header.forwarded() {
            Some(new) => Ok(Some(new)),
            None => Err(Error::internal("a wrong forwarding", header.bits())),
        }
    }

    /// Promotes the referents of an old object.
    #[inline(always)]
    fn scan(&mut self, object: GcRef) -> Result<()> {
        let offset = object.offset();
        let Some(head) = self.memory.head(offset) else {
            return Err(beyond_the_end(offset));
        };
        let header = ObjectHeader::from_bits(head.header());
        let Some(measured) = self.layouts.measure_head(header, || head.after_header()) else {
            // An object that could not be initialised has become free memory.
            return match header.kind() {
                Some(Kind::Free) => Ok(()),
                _ => Err(unknown_type(header)),
            };
        };
        let Some(whole) = head.object(measured.bytes) else {
            return Err(beyond_the_end(offset));
        };
        self.scan_slots(measured, whole)
    }

    #[inline(always)]
    fn scan_slots(&mut self, measured: Measured<'_>, whole: ObjectBytes<'_>) -> Result<()> {
        measured.each_reference(|at| self.promote_slot(whole.slot(at)?))
    }

    /// Promotes the referent of a slot, if it is young.
    #[inline(always)]
    fn promote_slot(&mut self, slot: ObjectSlot<'_>) -> Result<()> {
        let referent = GcRef::from_raw(slot.get());
        if referent.is_odd() || !self.space.is_in_slot(referent.offset()) {
            return Ok(());
        }
        slot.set(self.promote(referent)?.raw());
        Ok(())
    }

    /// Promotes the referent of the slot at `at`, if it is young.
    fn promote_slot_at(&mut self, at: u64) -> Result<()> {
        let memory = self.space.region().view();
        let referent = GcRef::from_raw(memory.load_u32(at)?);
        if referent.is_odd() || !self.space.is_in_slot(referent.offset()) {
            return Ok(());
        }
        let new = self.promote(referent)?;
        memory.store_u32(at, new.raw())
    }

    /// Promotes what the objects of a block refer to that were born old since the last
    /// collection, and keeps these objects.
    fn scan_born_old(&mut self, block: usize) -> Result<()> {
        let (space, layouts) = (self.space, self.layouts);
        let mut scan = |offset, _: Measured<'_>| self.scan(GcRef::from_offset(offset));
        space.keep_young(block, layouts, &mut scan)
    }

    /// Promotes what any old object refers to.
    fn scan_all_old(&mut self) -> Result<()> {
        let (space, layouts) = (self.space, self.layouts);
        space.each_old_object(layouts, &mut |offset, _| {
            self.scan(GcRef::from_offset(offset))
        })
    }
}
