//! Where objects start: whether any 32 bits are a reference.
//!
//! **Idea.** Objects and free blocks lie one after another, and a block's size stands in
//! it, so that from a start all later ones are found. For each card of 512 bytes the map
//! has the first start that is known in it. To judge a place, walk there from the last
//! known start before it, and note what is passed. Between collections blocks are only
//! split: free ones, when objects are made in them. What was a start stays one, so the
//! map need not be told of allocations. A collection drops it, and so does a heap that
//! merges free neighbours ([`GcHeap::coalescings`]).
//!
//! **Cost.** A byte for 512. The heap is walked once after each collection, as far as is
//! asked about, and what is made later once more; apart from that a question takes a walk
//! through one card. That a place inside a large block is no start takes a look at the
//! bytes of the cards that the block covers.
//!
//! **Sources.** Crossing maps, or block-offset tables, as card-marking collectors have
//! them: Jones, Hosking, Moss, "The Garbage Collection Handbook", 2012, section 11.8.
//!
//! **Rejected.** A bit for each granule, eight times as large, and to be told where
//! objects are made. Looking at the header only, which any bits may resemble.

use super::gc_heap::GcHeap;
use super::layout::LayoutTable;
use super::mutator::Mutator;
use super::reference::{GRANULE, GcRef};
use super::verify::block_at;
use crate::base::fallible;
use crate::error::{Error, Result};

/// Bytes of a card.
const CARD: u64 = 512;

/// No start is known in a card.
const NONE: u8 = u8::MAX;

const _: () = assert!(CARD / GRANULE < NONE as u64);

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct ObjectStartTable {
    /// Where the first card, and the first object, begins.
    start: u64,
    /// What the heap's [`GcHeap::coalescings`] was.
    merges: u64,
    /// For each card the granule of the first start that is known. The first card has
    /// its own beginning.
    first: Vec<u8>,
}

impl ObjectStartTable {
    /// Forgets everything: objects move, or free blocks merge. Keeps room for as much.
    pub(crate) fn forget(&mut self) {
        let used = self.first.len();
        self.first.clear();
        fallible::shrink(&mut self.first, used);
    }

    /// Whether `reference` is to the start of an object that is there, and not free.
    ///
    /// Errors: [`Error::SystemMemory`]; [`Error::Internal`] on nonsense.
    pub(crate) fn is_object(
        &mut self,
        reference: GcRef,
        mutator: &Mutator,
        heap: &dyn GcHeap,
        layouts: &LayoutTable,
    ) -> Result<bool> {
        let (start, end) = heap.walk(mutator);
        if !reference.lies_in(start, end) {
            return Ok(false);
        }
        if (self.start, self.merges) != (start, heap.coalescings()) {
            self.forget();
            (self.start, self.merges) = (start, heap.coalescings());
        }
        self.cover(end)?;
        let offset = reference.offset();
        let mut at = self.known_before(offset);
        while at < offset {
            at += block_at(heap.region(), at, end, layouts)?.bytes;
            self.note(at);
        }
        if at != offset {
            return Ok(false);
        }
        let found = block_at(heap.region(), at, end, layouts)?;
        Ok(found.object.is_some())
    }

    /// Makes sure that there are cards up to `end`.
    fn cover(&mut self, end: u64) -> Result<()> {
        let cards = (end - self.start).div_ceil(CARD) as usize;
        let missing = cards.saturating_sub(self.first.len());
        self.first
            .try_reserve(missing)
            .map_err(|_| fallible::refused(missing))?;
        self.first.extend(core::iter::repeat_n(NONE, missing));
        if let Some(first) = self.first.first_mut() {
            *first = 0;
        }
        Ok(())
    }

    /// The card of a place that is not before the start, and the granule in it.
    fn place(&self, offset: u64) -> (usize, u8) {
        let into = offset - self.start;
        ((into / CARD) as usize, (into % CARD / GRANULE) as u8)
    }

    /// The last start that is known and not after a place that cards cover, of those that
    /// are the first of their card.
    fn known_before(&self, offset: u64) -> u64 {
        let (card, granule) = self.place(offset);
        let known = if self.first[card] <= granule {
            card
        } else {
            let mut before = self.first[..card].iter();
            before.rposition(|&first| first != NONE).unwrap_or(0)
        };
        self.start + known as u64 * CARD + u64::from(self.first[known]) * GRANULE
    }

    /// Notes a start.
    fn note(&mut self, offset: u64) {
        let (card, granule) = self.place(offset);
        if let Some(first) = self.first.get_mut(card) {
            *first = granule.min(*first);
        }
    }

    /// Checks that what is known to be a start is one.
    ///
    /// Errors: [`Error::Internal`].
    pub(crate) fn check(
        &self,
        mutator: &Mutator,
        heap: &dyn GcHeap,
        layouts: &LayoutTable,
    ) -> Result<()> {
        let (start, end) = heap.walk(mutator);
        if self.first.is_empty() || (start, heap.coalescings()) != (self.start, self.merges) {
            return Ok(());
        }
        let mut offset = start;
        while offset < end {
            let next = offset + block_at(heap.region(), offset, end, layouts)?.bytes;
            let (card, granule) = self.place(offset);
            let (last, last_granule) = self.place(next - GRANULE);
            for inside in card..=last.min(self.first.len() - 1) {
                let first = self.first[inside];
                let before = inside == card && first <= granule;
                let after = first == NONE || (inside == last && first > last_granule);
                if !before && !after {
                    return Err(Error::internal("a wrong object start", offset));
                }
            }
            offset = next;
        }
        Ok(())
    }
}
