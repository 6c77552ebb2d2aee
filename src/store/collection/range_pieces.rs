//! The pieces in which a cycle reads the root ranges: as much in each step as its budget allows
//! (HEAP-108).
//!
//! Registered ranges are read from the last source to the first. Those that are still to be read
//! are the first [`Unread::sources`] ones, whatever is added or removed between the steps:
//!
//! * A source that is added comes after them. The next minor collection reads all of its slots,
//!   because its `unchanged` is 0.
//! * A source that is removed leaves them without a gap, and the one that is being read stays the
//!   last of them. So no slot is read twice, and removing sources delays no cycle.
//!
//! A slot that was read may be written between the steps, and the slots may move to other memory. The
//! program lowers `unchanged` then, and the next minor collection reads the slot (HEAP-99).

use crate::error::Result;
use crate::heap::{Budget, LOOKUP, RangePiece, RangeSpan};
use crate::store::collection::root_sources::{RootSources, Unread, registered};
use crate::store::{Cold, Store};

impl RootSources {
    /// Lets the pieces begin with the last of the sources that exist now.
    ///
    /// Errors: [`Error::BadRange`](crate::error::Error::BadRange).
    ///
    /// # Safety
    ///
    /// See [`RootSources::spans`].
    unsafe fn begin_pieces(&mut self) -> Result<()> {
        self.unread = Unread {
            sources: self.sources.len(),
            slots: 0,
            reported: true,
        };
        // SAFETY: the caller's promise.
        let bytes = unsafe { self.spans(false) }
            .try_fold(0_u64, |sum, span| Ok(sum.saturating_add(span?.bytes())))?;
        self.set_scanned_bytes(bytes);
        Ok(())
    }

    /// Calls `add` with the slots of the next piece, as far as the budget allows. Returns what is
    /// still to be read after it.
    ///
    /// Errors: [`Error::BadRange`](crate::error::Error::BadRange); those of `add`.
    ///
    /// # Safety
    ///
    /// See [`RootSources::spans`].
    unsafe fn next_piece(
        &self,
        budget: &mut Budget,
        mut add: impl FnMut(RangeSpan) -> Result<()>,
    ) -> Result<Unread> {
        let mut unread = self.unread;
        if core::mem::take(&mut unread.reported) {
            for &span in &self.reported {
                budget.spend(span.bytes());
                add(span)?;
            }
        }
        while let Some(current) = unread.sources.checked_sub(1) {
            if budget.is_spent() {
                break;
            }
            budget.spend(LOOKUP);
            // SAFETY: the caller's promise.
            let span = unsafe { registered(&self.sources[current..=current]) }.next();
            if let Some((_, span)) = span {
                let span = span?.from(unread.slots);
                let count = budget.take(span.count(), span.slot_bytes().max(LOOKUP));
                add(span.first(count))?;
                if count < span.count() {
                    unread.slots += count;
                    break;
                }
            }
            (unread.sources, unread.slots) = (current, 0);
        }
        Ok(unread)
    }
}

impl Cold {
    /// Lets the cycle that begins read all root ranges, in pieces.
    ///
    /// Errors: [`Error::BadRange`](crate::error::Error::BadRange).
    pub(super) fn begin_pieces(&mut self) -> Result<()> {
        // SAFETY: whoever added or reported the ranges promised it.
        unsafe { self.sources.begin_pieces() }
    }

    /// Adds the next piece of the root ranges to the roots, and checks its slots before anything
    /// is marked. Returns the piece, and what is still to be read once it has been marked.
    ///
    /// Errors: those of [`Cold::gather_ranges`]. The step may be repeated then.
    pub(super) fn gather_piece(
        &mut self,
        store: &Store,
        budget: &Budget,
    ) -> Result<(RangePiece, Unread)> {
        let mut left = Budget::of(budget.left());
        let roots = &mut self.roots;
        // SAFETY: whoever added or reported the ranges promised it.
        let unread = unsafe {
            self.sources
                .next_piece(&mut left, |span| roots.add_range(span))
        }?;
        self.check_ranges(store)?;
        let piece = RangePiece {
            cost: budget.left().saturating_sub(left.left()),
            is_last: unread.is_nothing(),
        };
        Ok((piece, unread))
    }

    /// Notes what is still to be read, because the piece before it has been marked.
    pub(super) fn end_piece(&mut self, unread: Unread) {
        self.sources.unread = unread;
    }
}
