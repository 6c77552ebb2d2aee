//! The object-start table: tells whether any 32 bits are a reference to an object.
//!
//! Objects and free blocks fill the heap without a gap, and each says how long it is. So
//! from one start all later starts are found by walking. The table keeps the first known
//! start of each card, and a question walks from the last known start before the place in
//! question. The walk records the starts that it passes (HEAP-20).
//!
//! A recorded start stays a start until the next collection, because an allocation only
//! splits free blocks. So allocations need not report anything. The table is invalid after a
//! collection, and after free blocks were coalesced ([`GcHeap::coalescings`]).
//!
//! **Cost.** One byte of memory for 512 bytes of heap. After a collection, the questions
//! together walk once over the heap, up to the last place that is asked about, and once
//! over what is allocated later. In addition, each question walks through one card. For a
//! place inside a large block, it also reads the table's bytes for the cards that the block
//! covers.

use super::blocks::block_at;
use super::gc_heap::GcHeap;
use super::layout::LayoutTable;
use super::mutator::Mutator;
use super::reference::{GRANULE, GcRef};
use crate::base::fallible;
use crate::error::{Error, Result};

/// Bytes of a card.
const CARD_BYTES: u64 = 512;

/// The entry of a card in which no start is known.
const NO_START: u8 = u8::MAX;

const _: () = assert!(CARD_BYTES / GRANULE < NO_START as u64);

/// The object-start table of one heap. An empty table is valid for every heap.
#[derive(Debug, Default)]
pub(crate) struct ObjectStartTable {
    /// The offset at which the first card, and the first object, starts.
    first_card: u64,
    /// The heap's [`GcHeap::coalescings`] when the table was last valid.
    coalescings: u64,
    /// For each card, the granule in it at which the first known start is. The first card's
    /// is always 0.
    first_starts: Vec<u8>,
}

impl ObjectStartTable {
    /// Empties the table, because objects move or free blocks are coalesced. Keeps room
    /// for the same number of cards.
    pub(crate) fn invalidate(&mut self) {
        let cards = self.first_starts.len();
        self.first_starts.clear();
        fallible::shrink(&mut self.first_starts, cards);
    }

    /// The bytes of memory that the table has.
    pub(crate) fn side_bytes(&self) -> u64 {
        fallible::bytes(&self.first_starts)
    }

    /// Whether `reference` refers to the start of an object, and not of a free block.
    ///
    /// Errors: [`Error::SystemMemory`]; [`Error::Internal`] if the heap is found
    /// overwritten.
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
        if !self.is_valid_for(start, heap) {
            self.invalidate();
            (self.first_card, self.coalescings) = (start, heap.coalescings());
        }
        self.cover_cards_to(end)?;
        let offset = reference.offset();
        let mut at = self.known_start_up_to(offset);
        while at < offset {
            at += block_at(heap.region(), at, end, layouts)?.bytes;
            self.record_start(at);
        }
        if at != offset {
            return Ok(false);
        }
        let found = block_at(heap.region(), at, end, layouts)?;
        Ok(found.object.is_some())
    }

    /// Whether the recorded starts are still starts in `heap`, whose objects begin at
    /// `start`.
    fn is_valid_for(&self, start: u64, heap: &dyn GcHeap) -> bool {
        (self.first_card, self.coalescings) == (start, heap.coalescings())
    }

    /// Adds entries for the cards up to `end`.
    fn cover_cards_to(&mut self, end: u64) -> Result<()> {
        let cards = (end - self.first_card).div_ceil(CARD_BYTES) as usize;
        let missing = cards.saturating_sub(self.first_starts.len());
        fallible::reserve(&mut self.first_starts, missing)?;
        self.first_starts
            .extend(core::iter::repeat_n(NO_START, missing));
        if let Some(first) = self.first_starts.first_mut() {
            *first = 0;
        }
        Ok(())
    }

    /// The card that `offset` lies in, and the granule within the card.
    fn card_and_granule(&self, offset: u64) -> (usize, u8) {
        let into = offset - self.first_card;
        (
            (into / CARD_BYTES) as usize,
            (into % CARD_BYTES / GRANULE) as u8,
        )
    }

    /// The last recorded start that is not after `offset`. A card must cover `offset`.
    fn known_start_up_to(&self, offset: u64) -> u64 {
        let (card, granule) = self.card_and_granule(offset);
        let known = if self.first_starts[card] <= granule {
            card
        } else {
            let mut before = self.first_starts[..card].iter();
            before.rposition(|&first| first != NO_START).unwrap_or(0)
        };
        self.first_card + known as u64 * CARD_BYTES + u64::from(self.first_starts[known]) * GRANULE
    }

    /// Records that a block starts at `offset`.
    fn record_start(&mut self, offset: u64) {
        let (card, granule) = self.card_and_granule(offset);
        if let Some(first) = self.first_starts.get_mut(card) {
            *first = granule.min(*first);
        }
    }

    /// Checks that the recorded starts are starts of blocks.
    ///
    /// Errors: [`Error::Internal`].
    pub(crate) fn check(
        &self,
        mutator: &Mutator,
        heap: &dyn GcHeap,
        layouts: &LayoutTable,
    ) -> Result<()> {
        let (start, end) = heap.walk(mutator);
        if self.first_starts.is_empty() || !self.is_valid_for(start, heap) {
            return Ok(());
        }
        let mut offset = start;
        while offset < end {
            let next = offset + block_at(heap.region(), offset, end, layouts)?.bytes;
            self.check_block(offset, next)?;
            offset = next;
        }
        Ok(())
    }

    /// Checks that no start is recorded inside the block from `offset` to `next`.
    fn check_block(&self, offset: u64, next: u64) -> Result<()> {
        let (card, granule) = self.card_and_granule(offset);
        let (last_card, last_granule) = self.card_and_granule(next - GRANULE);
        for inside in card..=last_card.min(self.first_starts.len() - 1) {
            let first = self.first_starts[inside];
            let not_after_offset = inside == card && first <= granule;
            let not_before_next =
                first == NO_START || (inside == last_card && first > last_granule);
            if !not_after_offset && !not_before_next {
                return Err(Error::internal("a wrong object start", offset));
            }
        }
        Ok(())
    }
}
