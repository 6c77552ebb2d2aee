//! The slots of root ranges, and their check before a collection.
//!
//! The embedder writes these slots without a check. So each collection checks all of them
//! before it moves or frees anything. If one is bad, the collection fails and nothing has
//! changed (ROOTS-21).

use crate::error::{Error, Result};
use crate::heap::{
    GcRef, ObjectStartBits, PlausibleObjects, RangeSpan, RootRange, SlotLayout, Starts,
};
use crate::roots::Handle;
use crate::store::collection::root_sources::{Source, SourceKind};
use crate::store::{Cold, Store};

impl Store {
    /// Adds a root range, and sets its `unchanged` to 0. Each collection reads it until it
    /// is removed. Never collects.
    ///
    /// Errors: [`Error::InvalidArgument`]; [`Error::Limit`], [`Error::SystemMemory`].
    ///
    /// # Safety
    ///
    /// Until the range is removed, `range` must be valid for reading and writing in this call
    /// and in each call that may collect, and its slots must satisfy the conditions of
    /// [`RangeSpan::new`].
    pub(crate) unsafe fn root_range_add(
        &self,
        range: *mut RootRange,
        layout: SlotLayout,
    ) -> Result<Handle> {
        if !range.is_aligned() {
            return Err(Error::InvalidArgument {
                parameter: "range",
                value: range.addr() as u64,
                allowed: "an address that is aligned to 8 bytes",
            });
        }
        layout.check()?;
        let source = self.add_root_source(Source::Range { range, layout })?;
        // SAFETY: the caller's promise; the address is aligned.
        unsafe { (*range).unchanged = 0 };
        Ok(source)
    }

    /// Removes a root range. Does nothing for null. Never collects.
    ///
    /// Errors: [`Error::WrongStore`], [`Error::Unrooted`].
    pub(crate) fn root_range_remove(&self, source: Handle) -> Result<()> {
        self.remove_root_source(SourceKind::Range, source)
    }
}

impl Cold {
    /// Adds all ranges to the roots of a collection, and checks them. Must run before the
    /// collection moves or frees anything. With `is_of_nursery`, leaves out the slots that were
    /// not written since the last collection.
    ///
    /// Errors: [`Error::BadRange`], [`Error::BadSlot`], [`Error::ChangedSlot`];
    /// [`Error::SystemMemory`] when there is no memory to find object starts; [`Error::Internal`], for instance if the
    /// root visitors have not reported.
    pub(in crate::store) fn gather_ranges(
        &mut self,
        store: &Store,
        is_of_nursery: bool,
    ) -> Result<()> {
        if self.heap.is_none() || !store.collects() {
            return Ok(());
        }
        if !self.sources.have_reported() {
            return Err(Error::internal("a collection before the root visitors", 0));
        }
        // SAFETY: whoever added or reported the ranges promised it.
        for span in unsafe { self.sources.spans(is_of_nursery) } {
            self.roots.add_range(span?)?;
        }
        self.check_ranges(store)?;
        self.check_unchanged(store)?;
        if !is_of_nursery {
            self.sources.set_scanned_bytes(self.roots.range_bytes());
        }
        self.object_starts.invalidate();
        Ok(())
    }

    /// All slots of all ranges, as they are now.
    ///
    /// Errors: those of each range.
    pub(super) fn range_spans(&self) -> impl Iterator<Item = Result<RangeSpan>> {
        // SAFETY: whoever added or reported the ranges promised it.
        unsafe { self.sources.spans(false) }
    }

    /// Checks the slots of all ranges that the roots list.
    ///
    /// Errors: those of [`Cold::check_range`].
    pub(super) fn check_ranges(&mut self, store: &Store) -> Result<()> {
        (0..self.roots.ranges().len()).try_for_each(|range| {
            let range = self.roots.ranges()[range];
            self.check_range(store, &range)
        })
    }

    /// Records that a collection has updated the slots of the ranges (ROOTS-37).
    ///
    /// Errors: [`Error::BadRange`], but not after [`Cold::gather_ranges`].
    pub(in crate::store) fn set_unchanged(&mut self, store: &Store) -> Result<()> {
        let copies = store.engine.config().checks_unchanged();
        // SAFETY: whoever added the ranges promised it.
        unsafe { self.sources.set_unchanged(copies) }
    }

    /// Checks that the embedder has lowered `unchanged` for each slot that it wrote, if the
    /// engine checks this (ROOTS-39).
    ///
    /// Errors: [`Error::ChangedSlot`], [`Error::BadRange`].
    fn check_unchanged(&self, store: &Store) -> Result<()> {
        if !store.engine.config().checks_unchanged() {
            return Ok(());
        }
        // SAFETY: whoever added the ranges promised it.
        unsafe { self.sources.check_unchanged() }
    }

    /// Checks that the slots of a range refer to objects. Unless the engine is configured
    /// for exact slots, bits that only look like an object pass (ROOTS-22).
    ///
    /// Errors: those of [`Cold::gather_ranges`].
    pub(in crate::store) fn check_range(&mut self, store: &Store, range: &RangeSpan) -> Result<()> {
        if store.engine.config().exact_slots() {
            return check_slots(range, |reference| self.is_object(store, reference));
        }
        let Some(heap) = self.heap.as_deref() else {
            return check_slots(range, |_| Ok(false));
        };
        let bounds = heap.bounds(&store.mutator);
        let objects = PlausibleObjects::new(heap.region(), bounds, &self.layouts);
        match heap.starts() {
            Starts::InSegments(_) => {
                check_slots(range, |reference| Ok(objects.contains(reference)))
            }
            Starts::InBlocks(space) => check_slots(range, |reference| {
                Ok(space.may_start_at(reference.offset()) && objects.contains(reference))
            }),
        }
    }

    /// Checks that the slots of all ranges refer to starts of objects, and their
    /// `unchanged` as a collection does. `starts` is `None` if the store has no heap.
    ///
    /// Errors: [`Error::BadRange`], [`Error::BadSlot`], [`Error::ChangedSlot`].
    pub(in crate::store) fn verify_ranges(
        &self,
        store: &Store,
        starts: Option<&ObjectStartBits>,
    ) -> Result<()> {
        self.range_spans().try_for_each(|span| {
            check_slots(&span?, |reference| {
                Ok(starts.is_some_and(|starts| starts.is_valid(reference)))
            })
        })?;
        self.check_unchanged(store)
    }
}

/// Refuses a slot that does not refer to an object, unless it is null or an `i31`.
///
/// Errors: [`Error::BadSlot`].
#[cold]
fn check_other(range: &RangeSpan, slot: usize, reference: GcRef) -> Result<()> {
    if !reference.is_object() {
        return Ok(());
    }
    Err(Error::BadSlot {
        source: range.source,
        slot: slot as u64,
        bits: reference.raw(),
    })
}

/// Checks each slot of a range with `is_object`, which is asked about null and `i31` too.
///
/// Errors: [`Error::BadSlot`]; those of `is_object`.
#[inline(always)]
fn check_slots(range: &RangeSpan, mut is_object: impl FnMut(GcRef) -> Result<bool>) -> Result<()> {
    range.try_each(|slot, bits| {
        let reference = GcRef::from_raw(bits.get());
        match is_object(reference)? {
            true => Ok(()),
            false => check_other(range, slot, reference),
        }
    })
}
