//! Evacuation: moving objects out of the blocks that are candidates.
//!
//! When a collection finds the first reference to an object in a candidate, the object moves to
//! a block that was free, and leaves a forwarding reference behind. If no free block is left, it
//! stays in place and is marked there. So a collection needs no memory beyond the free blocks
//! that there are.

use super::mark::{Marking, Place, beyond_the_end, unknown_type};
use crate::base::work;
use crate::error::{Error, Result};
use crate::heap::{BLOCK_BYTES, GcRef, Hole, ObjectHeader};

impl<const COUNTS: bool> Marking<'_, COUNTS> {
    /// Where the object at `old`, whose place is in a candidate, is now. Moves it, if this is the
    /// first reference to it that the collection finds. `None`, with nothing done, if it stays in
    /// place.
    pub(crate) fn evacuate(&mut self, old: GcRef, place: &Place<'_>) -> Result<Option<GcRef>> {
        let (into, record) = (place.into, place.record);
        let Some(head) = self.memory.head(old.offset()) else {
            return Err(beyond_the_end(old.offset()));
        };
        let header = ObjectHeader::from_bits(head.header());
        if let Some(new) = header.forwarded() {
            return match self.is_moved_to(new) {
                true => Ok(Some(new)),
                false => Err(Error::internal("a wrong forwarding", new.raw().into())),
            };
        }
        if self.space.is_marked(old) {
            return Ok(None);
        }
        let measured = self.layouts.measure_head(header, || head.after_header());
        let Some(measured) = measured else {
            return Err(unknown_type(header));
        };
        let bytes = measured.bytes;
        // It may be larger than `LARGEST_SMALL`, if there was room in the mutator's window.
        if into + bytes > BLOCK_BYTES {
            return Err(beyond_the_end(old.offset()));
        }
        let is_young = self.space.is_in_slot(old.offset());
        let Some(at) = self.target_for(bytes, is_young) else {
            return match is_young {
                true => Err(Error::internal("no room for young objects", bytes)),
                false => Ok(None),
            };
        };
        // The object ends in the candidate, and the target is in another block.
        let memory = self.space.region().view();
        memory.copy_to(old.offset(), memory, at, bytes)?;
        work::count(bytes as usize / 2);
        let new = GcRef::from_offset(at);
        head.set_header(ObjectHeader::forwarding(new));
        self.state.moved += bytes;
        self.state.moved_fresh += if record.is_fresh() { bytes } else { 0 };
        if header.is_key() {
            self.pending.push(old)?;
        }
        if let Some(place) = self.locate(new) {
            self.set_mark(&place);
        }
        self.push(new);
        Ok(Some(new))
    }

    /// Takes `bytes` for an object that moves. `None` if no block is free. Old objects leave the
    /// promotion reserve to young ones.
    fn target_for(&mut self, bytes: u64, is_young: bool) -> Option<u64> {
        let (target, kept) = match is_young {
            true => (&mut self.state.young_target, 0),
            false => (&mut self.state.target, self.space.promotion_reserve()),
        };
        if bytes > target.bytes() {
            if self.space.free_blocks() <= kept {
                return None;
            }
            let start = self.space.start_of(self.space.acquire_target()?);
            *target = Hole {
                start,
                end: start + BLOCK_BYTES,
            };
        }
        let at = target.start;
        target.start += bytes;
        Some(at)
    }

    /// Whether an object has moved to `reference` in this collection.
    fn is_moved_to(&self, reference: GcRef) -> bool {
        !reference.is_odd()
            && self.space.is_marked(reference)
            && self
                .locate(reference)
                .is_some_and(|place| place.record.is_target())
    }
}
