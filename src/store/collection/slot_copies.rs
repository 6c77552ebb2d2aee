//! Copies of the slots of root ranges, as the last collection left them. They show whether
//! the embedder has lowered `unchanged` for each slot that it wrote (ROOTS-39).
//!
//! If the system refuses memory for the copies, nothing is checked until the next
//! collection.

use crate::base::{fallible, room};
use crate::error::{Error, Result};
use crate::heap::RangeSpan;

/// The copies of all registered ranges.
#[derive(Default)]
pub(super) struct SlotCopies {
    /// The references in the slots. 0 where a slot holds no reference.
    bits: Vec<u32>,
    /// Where in `bits` the slots of each range are, by the index of its handle. A range
    /// that is missing here, or has fewer slots here, had null in the others.
    places: Vec<Place>,
    /// Whether the last collection had no memory for the copies.
    are_lost: bool,
}

/// Slots that follow each other in [`SlotCopies::bits`].
#[derive(Clone, Copy, Default)]
struct Place {
    first: usize,
    count: usize,
}

impl SlotCopies {
    /// Forgets the slots of a removed range, by the index of its handle.
    pub(super) fn forget(&mut self, index: u32) {
        if let Some(place) = self.places.get_mut(index as usize) {
            *place = Place::default();
        }
    }

    /// Copies the slots of `spans`, whose handles have an index below `handles`. If there is
    /// no memory, has no copies from then on.
    ///
    /// Errors: those of `spans`.
    pub(super) fn take<S: Iterator<Item = Result<RangeSpan>>>(
        &mut self,
        handles: usize,
        spans: impl Fn() -> S,
    ) -> Result<()> {
        let mut slots = 0_usize;
        for span in spans() {
            slots = slots.saturating_add(span?.count());
        }
        self.bits.clear();
        self.places.clear();
        fallible::shrink(&mut self.bits, slots);
        fallible::shrink(&mut self.places, handles);
        let has_room = fallible::reserve(&mut self.bits, slots)
            .and_then(|()| fallible::reserve(&mut self.places, handles));
        self.are_lost = has_room.is_err();
        if self.are_lost {
            *self = SlotCopies {
                are_lost: true,
                ..SlotCopies::default()
            };
            return Ok(());
        }
        self.places
            .extend(core::iter::repeat_n(Place::default(), handles));
        for span in spans() {
            let (span, first) = (span?, self.bits.len());
            let count = span.count();
            self.bits.extend((0..count).map(|slot| span.bits(slot)));
            self.places[span.source as usize] = Place { first, count };
        }
        Ok(())
    }

    /// Checks that the first `unchanged` slots of a range have not changed.
    ///
    /// Errors: [`Error::ChangedSlot`].
    pub(super) fn check_slots(&self, span: &RangeSpan, unchanged: usize) -> Result<()> {
        if self.are_lost {
            return Ok(());
        }
        let place = self.places.get(span.source as usize);
        let copies = place.map_or(&[][..], |at| &self.bits[at.first..at.first + at.count]);
        for slot in 0..unchanged.min(span.count()) {
            let (before, bits) = (copies.get(slot).copied().unwrap_or(0), span.bits(slot));
            if bits != before {
                return Err(Error::ChangedSlot {
                    source: span.source,
                    slot: slot as u64,
                    bits,
                    before,
                    unchanged: unchanged as u64,
                });
            }
        }
        Ok(())
    }

    /// Gives back the memory that the copies do not need. All handles have an index below
    /// `handles`.
    pub(super) fn give_back(&mut self, handles: usize) {
        self.places.truncate(handles);
        let ends = self.places.iter().map(|place| place.first + place.count);
        self.bits.truncate(ends.max().unwrap_or(0));
        let (bits, places) = (self.bits.len(), self.places.len());
        room::give_back(&mut self.bits, bits);
        room::give_back(&mut self.places, places);
    }

    /// The bytes of memory that the copies have.
    pub(super) fn side_bytes(&self) -> u64 {
        fallible::bytes(&self.bits) + fallible::bytes(&self.places)
    }

    /// Checks that all places are in the copies.
    ///
    /// Errors: [`Error::Internal`].
    pub(super) fn check(&self) -> Result<()> {
        let is_inside = |place: &Place| {
            let end = place.first.checked_add(place.count);
            end.is_some_and(|end| end <= self.bits.len())
        };
        match self.places.iter().position(|place| !is_inside(place)) {
            None => Ok(()),
            Some(index) => Err(Error::internal(
                "copies of slots without memory",
                index as u64,
            )),
        }
    }
}
