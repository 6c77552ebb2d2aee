//! Marking: how a collection finds the live objects.
//!
//! An object is marked when a reference to it is found: the bit of its start is set in the
//! record of its block, which lies beside the heap. So an object whose block is no candidate
//! for evacuation is not touched before it is scanned. When it is scanned, its lines are marked
//! and its slots are traced.
//!
//! A collector that counts references (`COUNTS`) has its counts made again by the same trace:
//! the first reference to an object resets its count, and each reference from a slot increments
//! it. Nothing moves then.

use super::BlockHeap;
use super::leaving_blocks::Leaving;
use super::mark_stack::MarkStack;
use crate::base::work;
use crate::error::{Error, Result};
use crate::heap::{
    ARRAY_CHUNK, ARRAY_ELEMENTS, BLOCK_BYTES, BlockRecord, BlockSpace, Budget, CommonLayout,
    CountedHeader, GcRef, GcRootsList, GranuleBits, Hole, LayoutTable, Measured, ObjectBytes,
    ObjectHeader, ObjectSlot, ObjectSpan, PendingEphemerons, Progress, REFERENCES_CHUNK,
};

/// The state of the trace that is under way.
#[derive(Debug, Default)]
pub(crate) struct MarkState {
    /// The chunked array that is being scanned, and the offset in it of the next chunk.
    chunked: Option<(GcRef, u64)>,
    /// Where the next object moves to.
    pub(crate) target: Hole,
    /// Where the next young object moves to. No other has a part of these blocks, so the
    /// promotion reserve suffices.
    pub(crate) young_target: Hole,
    /// The bytes of the objects that moved.
    pub(crate) moved: u64,
    /// The bytes of the objects that moved out of fresh blocks.
    pub(crate) moved_fresh: u64,
}

/// What marking uses, in one place. A loop keeps it in registers.
pub(crate) struct Marking<'a, const COUNTS: bool> {
    pub(crate) space: &'a BlockSpace,
    pub(crate) records: &'a [BlockRecord],
    marks: &'a [GranuleBits],
    /// The memory of the heap.
    pub(crate) memory: ObjectSpan<'a>,
    /// Where the first block starts.
    pub(crate) start: u64,
    pub(crate) cycle: u8,
    pub(crate) layouts: &'a LayoutTable,
    pub(crate) stack: &'a mut MarkStack,
    pub(crate) pending: &'a mut PendingEphemerons,
    pub(crate) state: &'a mut MarkState,
    pub(crate) leaving: &'a mut Leaving,
}

/// Where an object is.
pub(crate) struct Place<'a> {
    /// The number of its block.
    block: usize,
    /// The record of that.
    pub(crate) record: &'a BlockRecord,
    /// The bytes from the block's start to the object.
    pub(crate) into: u64,
}

impl Place<'_> {
    /// The number of the block.
    pub(super) fn block(&self) -> usize {
        self.block
    }
}

impl BlockHeap {
    /// What the collection that is under way marks with.
    pub(crate) fn marking<'a, const COUNTS: bool>(
        &'a mut self,
        layouts: &'a LayoutTable,
    ) -> Marking<'a, COUNTS> {
        let (space, region) = (&self.space, self.space.region());
        Marking {
            records: space.records(),
            marks: space.marks(),
            memory: region.view().objects(space.start(), space.end()),
            start: space.start(),
            cycle: space.cycle(),
            layouts,
            stack: &mut self.stack,
            pending: &mut self.pending,
            state: &mut self.marks,
            leaving: &mut self.leaving,
            space,
        }
    }
}

impl<'a, const COUNTS: bool> Marking<'a, COUNTS> {
    /// Where an object is, if that is committed memory.
    #[inline(always)]
    pub(crate) fn locate(&self, object: GcRef) -> Option<Place<'a>> {
        let into = object.offset().wrapping_sub(self.start);
        let block = (into / BLOCK_BYTES) as usize;
        Some(Place {
            block,
            record: self.records.get(block)?,
            into: into % BLOCK_BYTES,
        })
    }

    /// As [`Marking::locate`], for a reference that may be null or an `i31`.
    pub(super) fn locate_if_object(&self, reference: GcRef) -> Option<Place<'a>> {
        match reference.is_object() {
            true => self.locate(reference),
            false => None,
        }
    }

    /// Sets the mark of the object at a place, in a block that has marks of this collection.
    /// Whether it had none.
    #[inline(always)]
    pub(crate) fn set_mark(&self, place: &Place<'_>) -> bool {
        let marks = self.marks.get(place.block);
        marks.is_some_and(|marks| marks.set(place.into))
    }

    /// Makes sure that the block of a place has marks of this collection.
    #[inline(always)]
    pub(crate) fn ensure_marks(&self, place: &Place<'_>) {
        if !place.record.has_marks_of(self.cycle) {
            self.space.begin_marks(place.block, COUNTS);
        }
    }

    /// Marks an object. Returns where it is then.
    #[inline(always)]
    fn mark(&mut self, object: GcRef) -> Result<GcRef> {
        match self.mark_in_place(object) {
            Some(()) => Ok(object),
            None => self.mark_any(object),
        }
    }

    /// Marks an object in a block of which objects are marked already, and which is no
    /// candidate. `None`, with nothing done, for others.
    #[inline(always)]
    fn mark_in_place(&mut self, object: GcRef) -> Option<()> {
        let place = self.locate(object)?;
        if !place.record.is_marked_in(self.cycle) {
            return None;
        }
        if self.set_mark(&place) {
            self.push(object);
        }
        Some(())
    }

    /// See [`Marking::mark`].
    #[cold]
    #[inline(never)]
    fn mark_any(&mut self, object: GcRef) -> Result<GcRef> {
        let place = self.locate(object).ok_or_else(|| outside(object))?;
        self.space.check_may_hold(object.offset())?;
        if place.record.is_candidate()
            && let Some(moved) = self.evacuate(object, &place)?
        {
            return Ok(moved);
        }
        if self.space.is_young_in_cycle(object.offset()) {
            // A minor collection decides whether it lives.
            return Ok(object);
        }
        self.ensure_marks(&place);
        if self.set_mark(&place) {
            self.push(object);
        }
        Ok(object)
    }

    /// Marks the object at `object`, whose count becomes zero if it was not marked before. Sets
    /// the header that `change` makes, of the present header and of whether it was not marked.
    #[inline(always)]
    fn mark_with_count(
        &mut self,
        object: GcRef,
        change: impl FnOnce(CountedHeader, bool) -> CountedHeader,
    ) -> Result<()> {
        let place = self.locate(object).ok_or_else(|| outside(object))?;
        if !place.record.is_marked_in(self.cycle) {
            self.space.check_may_hold(object.offset())?;
            self.ensure_marks(&place);
        }
        let Some(head) = self.memory.head(object.offset()) else {
            return Err(beyond_the_end(object.offset()));
        };
        let mut header = CountedHeader::of(ObjectHeader::from_bits(head.header()))?;
        let is_new = self.set_mark(&place);
        if is_new {
            header = header.in_zero_counts(false).rooted(false).with_count(0);
            self.push(object);
        }
        head.set_header(change(header, is_new).header());
        Ok(())
    }

    /// Marks an object that something outside of the heap refers to, which is not counted. If
    /// it was not marked before, `list` adds it to the zero-count table, and returns whether
    /// there was room.
    #[inline(always)]
    pub(crate) fn mark_uncounted(
        &mut self,
        object: GcRef,
        list: impl FnOnce(GcRef) -> bool,
    ) -> Result<()> {
        self.mark_with_count(object, |header, is_new| {
            if is_new {
                header.in_zero_counts(list(object))
            } else {
                header
            }
        })
    }

    /// Adds a marked object to those that have to be scanned.
    #[inline(always)]
    pub(crate) fn push(&mut self, object: GcRef) {
        if !self.stack.push(object) {
            self.space.set_gray(object.offset());
        }
    }

    /// Marks an object that stays where it is, of a reference that may be null or an `i31`.
    #[inline(always)]
    pub(crate) fn shade(&mut self, reference: GcRef) -> Result<()> {
        if reference.is_object() && self.mark_in_place(reference).is_none() {
            self.mark_any(reference)?;
        }
        Ok(())
    }

    /// Marks the object of `bytes` at `object`, which is alive, and of which the caller marks the
    /// referents. Whether it had no mark.
    #[inline(always)]
    pub(crate) fn mark_black(
        &mut self,
        object: GcRef,
        header: ObjectHeader,
        bytes: u64,
    ) -> Result<bool> {
        let is_new = self.space.mark_black(object.offset(), bytes);
        if is_new && header.is_key() {
            self.pending.push(object)?;
        }
        Ok(is_new)
    }

    /// Marks the referents of roots, and updates the roots of objects that move.
    pub(crate) fn mark_roots(&mut self, roots: &mut GcRootsList) -> Result<()> {
        roots.try_each(|root| {
            let old = root.get();
            let now = self.mark(old)?;
            if now != old {
                root.set(now);
            }
            self.keep_block_of(now);
            Ok(())
        })
    }

    /// Marks the referent of a reference from outside the heap. Returns where it is then.
    pub(crate) fn mark_reference(&mut self, reference: GcRef) -> Result<GcRef> {
        self.mark(reference)
    }

    /// Scans marked objects, as far as the budget allows.
    pub(crate) fn trace(&mut self, budget: &mut Budget) -> Result<Progress> {
        // Moving an object costs half as much as scanning it.
        let moved = self.state.moved;
        let (mut done, left) = (0, budget.left());
        let memory = self.memory;
        loop {
            done += if let Some((array, from)) = self.state.chunked {
                // First of all: what the stack has no room for is scanned in the order of
                // addresses, which is fast where a long array refers to most of the heap.
                self.scan_chunk(array, from)?
            } else if let Some(object) = self.stack.pop(|object| memory.prefetch(object.offset())) {
                self.scan(object)?
            } else if let Some(object) = self.take_gray() {
                self.scan(object)?
            } else {
                break;
            };
            if done + (self.state.moved - moved) / 2 >= left {
                budget.spend(done + (self.state.moved - moved) / 2);
                return Ok(Progress::Continue);
            }
        }
        budget.spend(done + (self.state.moved - moved) / 2);
        Ok(Progress::Complete)
    }

    /// Removes a gray object, and moves others to the empty stack.
    #[cold]
    fn take_gray(&mut self) -> Option<GcRef> {
        let stack = &mut *self.stack;
        let push = |offset| stack.push(GcRef::from_offset(offset));
        self.space.take_gray(push).map(GcRef::from_offset)
    }

    /// Marks the lines of an object, and its referents. Returns what that cost.
    #[inline(always)]
    fn scan(&mut self, object: GcRef) -> Result<u64> {
        let Some(head) = self.memory.head(object.offset()) else {
            return Err(beyond_the_end(object.offset()));
        };
        let header = ObjectHeader::from_bits(head.header());
        let layouts = self.layouts.simple_layouts();
        let size = match layouts.common(header, || head.after_header()) {
            Some(CommonLayout::Simple(layout)) => {
                let bytes = layout.size().bytes();
                self.mark_lines(object, header, bytes)?;
                let Some(slots) = head.slots(layout) else {
                    return Err(beyond_the_end(object.offset()));
                };
                for slot in slots {
                    self.trace_slot(slot)?;
                }
                bytes
            }
            Some(CommonLayout::Array {
                size,
                elements: false,
            }) => {
                self.mark_lines(object, header, size.bytes())?;
                size.bytes()
            }
            _ => return self.scan_any(object),
        };
        work::count(size as usize);
        Ok(size)
    }

    /// As [`Marking::scan`], for all objects.
    #[inline(never)]
    fn scan_any(&mut self, object: GcRef) -> Result<u64> {
        let (header, measured, whole) = self.measure(object)?;
        self.mark_lines(object, header, measured.bytes)?;
        if measured.is_chunked() {
            work::count(ARRAY_ELEMENTS as usize);
            if measured.has_references() {
                self.state.chunked = Some((object, ARRAY_ELEMENTS));
            }
            return Ok(ARRAY_CHUNK);
        }
        work::count(measured.bytes as usize);
        measured.each_reference(|at| self.trace_slot(whole.slot(at)?))?;
        Ok(measured.bytes)
    }

    /// The header of an object, its layout and size, and all of its bytes.
    fn measure(&self, object: GcRef) -> Result<(ObjectHeader, Measured<'a>, ObjectBytes<'a>)> {
        let (offset, layouts) = (object.offset(), self.layouts);
        let Some(head) = self.memory.head(offset) else {
            return Err(beyond_the_end(offset));
        };
        let header = ObjectHeader::from_bits(head.header());
        let Some(measured) = layouts.measure_head(header, || head.after_header()) else {
            return Err(unknown_type(header));
        };
        let Some(whole) = head.object(measured.bytes) else {
            return Err(beyond_the_end(offset));
        };
        Ok((header, measured, whole))
    }

    /// Counts an object of `bytes` that is alive, and marks its lines.
    #[inline(always)]
    fn mark_lines(&mut self, object: GcRef, header: ObjectHeader, bytes: u64) -> Result<()> {
        let Some(Place { record, into, .. }) = self.locate(object) else {
            return Err(beyond_the_end(object.offset()));
        };
        let live = record.add_marked_live(bytes);
        if into + bytes <= BLOCK_BYTES && live <= BLOCK_BYTES {
            if COUNTS {
                record.count_in_lines(into, into + bytes);
            } else {
                record.mark_lines(into, into + bytes);
            }
        } else {
            self.space.check_run(object.offset(), bytes)?;
        }
        if header.is_key() {
            self.add_key(object, record)?;
        }
        Ok(())
    }

    /// Marks the referent of a slot, and updates the slot if the referent moves.
    #[inline(always)]
    fn trace_slot(&mut self, slot: ObjectSlot<'_>) -> Result<()> {
        let referent = GcRef::from_raw(slot.get());
        if referent.is_null() || referent.is_odd() {
            return Ok(());
        }
        if COUNTS {
            self.mark_with_count(referent, |header, _| header.increment())?;
        } else if self.mark_in_place(referent).is_none() {
            let now = self.mark_any(referent)?;
            if now != referent {
                slot.set(now.raw());
            }
            self.record_slot(slot, now);
        }
        Ok(())
    }

    /// Notes a key of weak maps. One that moved was noted where it came from.
    #[cold]
    fn add_key(&mut self, object: GcRef, record: &BlockRecord) -> Result<()> {
        if record.is_target() {
            return Ok(());
        }
        self.pending.push(object)
    }

    /// Marks the referents of one chunk of an array, from the offset `from` in it. Returns what
    /// that cost.
    #[cold]
    fn scan_chunk(&mut self, array: GcRef, from: u64) -> Result<u64> {
        let (_, measured, whole) = self.measure(array)?;
        let end = (from + REFERENCES_CHUNK).min(measured.bytes);
        // An overwritten length may have become less than `from`.
        let bytes = end.saturating_sub(from);
        work::count(bytes as usize * 4);
        measured.references_between(from, end, |at| self.trace_slot(whole.slot(at)?))?;
        self.state.chunked = (end < measured.bytes).then_some((array, end));
        // Each slot leads to another object, which takes longer than reading its 4 bytes.
        Ok(bytes * 4)
    }
}

/// The error of a reference that leads to no block.
#[cold]
fn outside(object: GcRef) -> Error {
    Error::internal("a reference outside the heap", object.raw().into())
}

/// The error of an object that does not end within the heap.
#[cold]
pub(crate) fn beyond_the_end(offset: u64) -> Error {
    Error::internal("an object beyond the heap's end", offset)
}

/// The error of a header whose kind and type do not match.
#[cold]
pub(crate) fn unknown_type(header: ObjectHeader) -> Error {
    Error::internal("a header of unknown type", header.bits())
}
