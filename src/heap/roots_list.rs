//! How roots reach a collector: as a list of spans and ranges of slots (ROOTS-19).

use core::cell::Cell;
use core::marker::PhantomData;
use core::ops::Range;
use core::sync::atomic::{AtomicU32, Ordering};

use super::budget::{Budget, Progress};
use super::reference::GcRef;
use super::root_range::RangeSpan;
use super::shrinking::Shrinking;
use crate::base::dirty_groups::DirtyGroups;
use crate::base::side_meter::SideMeter;
use crate::base::{fallible, room};
use crate::error::Result;

/// A slot that may hold a root: a generation, which collectors ignore, and a reference. In
/// a slot without a root, the reference is null or odd, and every collector skips it.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct RootSlot {
    /// Tells successive roots in this slot apart (ROOTS-2).
    pub(crate) generation: Cell<u32>,
    /// The reference's bits.
    pub(crate) reference: Cell<u32>,
}

impl RootSlot {
    /// The generation as an atomic.
    fn generation(&self) -> &AtomicU32 {
        // SAFETY: a `Cell<u32>` has the size and the alignment of an `AtomicU32`. Where
        // threads share the slot, they change the generation through this function only.
        unsafe { AtomicU32::from_ptr(self.generation.as_ptr()) }
    }

    /// Sets the generation while other threads may read it.
    #[inline(always)]
    pub(crate) fn set_shared_generation(&self, generation: u32) {
        self.generation().store(generation, Ordering::Relaxed);
    }

    /// The generation. Any thread may call this.
    pub(crate) fn shared_generation(&self) -> u32 {
        self.generation().load(Ordering::Relaxed)
    }
}

/// A collection's roots: spans of [`RootSlot`]s, and the embedder's root ranges. A span is
/// one entry of the list, whatever the number of its roots.
#[derive(Debug)]
pub(crate) struct GcRootsList {
    spans: Vec<Span>,
    ranges: Vec<RangeSpan>,
    shrinking: Shrinking,
    /// The number of the first chosen slot, counted through all spans.
    first: usize,
    /// The number of chosen slots.
    count: usize,
}

#[derive(Clone, Copy, Debug)]
struct Span {
    first: *const RootSlot,
    count: usize,
    /// If there are groups, only the slots of dirty ones are roots.
    groups: *const DirtyGroups,
}

impl Span {
    /// The next part of the span's first `count` slots, from number `from` on, whose slots may be
    /// roots. A span with groups is scanned at once.
    #[inline(always)]
    fn roots_from(&self, from: usize, count: usize) -> Option<Range<usize>> {
        // SAFETY: the caller of `add_dirty` promised that the groups stay in place.
        match unsafe { self.groups.as_ref() } {
            None => (from < count).then_some(from..count),
            Some(groups) => groups.range_from(from, count),
        }
    }
}

impl GcRootsList {
    /// An empty list with room for `spans` spans. Adding them before a collection cannot
    /// fail then. All slots are chosen.
    ///
    /// Errors: [`Error::SystemMemory`](crate::error::Error::SystemMemory).
    pub(crate) fn with_room(spans: usize) -> Result<GcRootsList> {
        Ok(GcRootsList {
            spans: fallible::with_room(spans)?,
            ranges: Vec::new(),
            shrinking: Shrinking::new(),
            first: 0,
            count: usize::MAX,
        })
    }

    /// Gives back the room for more than `ranges` ranges. The list must be empty.
    pub(crate) fn give_back(&mut self, ranges: usize) {
        room::give_back(&mut self.ranges, ranges);
    }

    /// The bytes of memory that the list has.
    pub(crate) fn side_bytes(&self) -> u64 {
        fallible::bytes(&self.spans) + fallible::bytes(&self.ranges)
    }

    /// Removes all spans and ranges, and keeps the room.
    pub(crate) fn clear(&mut self) {
        self.spans.clear();
        self.ranges.clear();
    }

    /// Removes all ranges, and keeps the room.
    pub(crate) fn clear_ranges(&mut self) {
        self.ranges.clear();
    }

    /// Makes room for `ranges` ranges. Adding them before a collection cannot fail then.
    ///
    /// Errors: [`Error::SideLimit`](crate::error::Error::SideLimit),
    /// [`Error::SystemMemory`](crate::error::Error::SystemMemory).
    pub(crate) fn reserve_ranges(&mut self, ranges: usize, side: &SideMeter) -> Result<()> {
        let missing = ranges.saturating_sub(self.ranges.len());
        side.reserve(&mut self.ranges, missing)?;
        self.shrinking.note(ranges);
        Ok(())
    }

    /// Gives back memory of ranges after a major collection, as far as the budget allows.
    /// Room for `ranges` ranges stays. The list must be empty.
    pub(crate) fn trim(&mut self, ranges: usize, budget: &mut Budget) -> Progress {
        debug_assert!(self.ranges.is_empty());
        self.shrinking.end_major(&mut self.ranges, ranges, budget)
    }

    /// Adds a range. The caller checks its references before a collector follows them.
    ///
    /// Errors: [`Error::SystemMemory`](crate::error::Error::SystemMemory) if there is no
    /// room.
    pub(crate) fn add_range(&mut self, range: RangeSpan) -> Result<()> {
        fallible::push(&mut self.ranges, range)
    }

    /// The bytes of all ranges.
    pub(crate) fn range_bytes(&self) -> u64 {
        let bytes = self.ranges.iter().map(RangeSpan::bytes);
        bytes.fold(0, u64::saturating_add)
    }

    /// The ranges.
    pub(crate) fn ranges(&self) -> &[RangeSpan] {
        &self.ranges
    }

    /// The number of slots in all spans.
    pub(crate) fn slots(&self) -> usize {
        self.spans.iter().map(|span| span.count).sum()
    }

    /// The number of slots in the span of this number. `None` if there are fewer spans.
    pub(crate) fn span_slots(&self, span: usize) -> Option<usize> {
        self.spans.get(span).map(|span| span.count)
    }

    /// Chooses the `count` slots from number `slot` on of a span.
    pub(crate) fn choose_in_span(&mut self, span: usize, slot: usize, count: usize) {
        let before = self.spans.iter().take(span).map(|span| span.count);
        self.choose(before.sum::<usize>() + slot, count);
    }

    /// Chooses the `count` slots from number `first` on, counted through all spans.
    pub(crate) fn choose(&mut self, first: usize, count: usize) {
        (self.first, self.count) = (first, count);
    }

    /// Adds a span.
    ///
    /// Errors: [`Error::SystemMemory`](crate::error::Error::SystemMemory) if there is no
    /// room.
    ///
    /// # Safety
    ///
    /// Until the next [`GcRootsList::clear`], the slots must stay where they are, and only
    /// this thread may use them.
    pub(crate) unsafe fn add(&mut self, slots: &[RootSlot]) -> Result<()> {
        fallible::push(
            &mut self.spans,
            Span {
                first: slots.as_ptr(),
                count: slots.len(),
                groups: core::ptr::null(),
            },
        )
    }

    /// Adds the slots of a span that lie in dirty groups, for a minor collection.
    ///
    /// Errors: [`Error::SystemMemory`](crate::error::Error::SystemMemory) if there is no
    /// room.
    ///
    /// # Safety
    ///
    /// The conditions of [`GcRootsList::add`] hold, and the groups must stay where they are, too.
    pub(crate) unsafe fn add_dirty(
        &mut self,
        slots: &[RootSlot],
        groups: &DirtyGroups,
    ) -> Result<()> {
        fallible::push(
            &mut self.spans,
            Span {
                first: slots.as_ptr(),
                count: slots.len(),
                groups,
            },
        )
    }

    /// Calls `visit` with each root that refers to an object: those in chosen slots, then
    /// those in ranges.
    pub(crate) fn try_each(
        &mut self,
        mut visit: impl FnMut(GcRoot<'_>) -> Result<()>,
    ) -> Result<()> {
        self.try_each_in_spans(&mut visit)?;
        self.try_each_in_ranges(visit)
    }

    /// Calls `visit` with each root in a chosen slot that refers to an object.
    #[inline(always)]
    pub(crate) fn try_each_in_spans(
        &mut self,
        mut visit: impl FnMut(GcRoot<'_>) -> Result<()>,
    ) -> Result<()> {
        self.try_each_slot(|root| match root.get().is_object() {
            true => visit(root),
            false => Ok(()),
        })
    }

    /// Calls `visit` with each chosen slot, whether it refers to an object or not.
    #[inline(always)]
    pub(crate) fn try_each_slot(
        &mut self,
        mut visit: impl FnMut(GcRoot<'_>) -> Result<()>,
    ) -> Result<()> {
        let (mut skipped, mut left) = (self.first, self.count);
        for span in &self.spans {
            // SAFETY: the caller of `add` promised that the slots stay in place.
            let slots = unsafe { core::slice::from_raw_parts(span.first, span.count) };
            let slots = &slots[skipped.min(slots.len())..];
            skipped -= span.count - slots.len();
            let slots = &slots[..left.min(slots.len())];
            left -= slots.len();
            let mut at = 0;
            // One loop for both kinds of span, so that the compiler can inline `visit` into it.
            while let Some(part) = span.roots_from(at, slots.len()) {
                at = part.end;
                for slot in &slots[part] {
                    visit(GcRoot::of(&slot.reference))?;
                }
            }
        }
        Ok(())
    }

    /// Calls `visit` with each root in a range that refers to an object. A slot that two
    /// ranges share comes twice (ROOTS-23).
    #[inline(always)]
    pub(crate) fn try_each_in_ranges(
        &mut self,
        mut visit: impl FnMut(GcRoot<'_>) -> Result<()>,
    ) -> Result<()> {
        self.try_each_range_slot(|root| match root.get().is_object() {
            true => visit(root),
            false => Ok(()),
        })
    }

    /// Calls `visit` with each slot of a range that holds a reference, whether it refers to
    /// an object or not.
    #[inline(always)]
    pub(crate) fn try_each_range_slot(
        &mut self,
        mut visit: impl FnMut(GcRoot<'_>) -> Result<()>,
    ) -> Result<()> {
        for range in &self.ranges {
            range.try_each(|_, slot| visit(GcRoot::of(slot)))?;
        }
        Ok(())
    }
}

/// A root of a list.
#[derive(Debug)]
pub(crate) struct GcRoot<'a> {
    slot: &'a Cell<u32>,
    list: PhantomData<&'a mut GcRootsList>,
}

impl GcRoot<'_> {
    #[inline(always)]
    fn of(slot: &Cell<u32>) -> GcRoot<'_> {
        GcRoot {
            slot,
            list: PhantomData,
        }
    }

    /// The root's reference.
    #[inline]
    pub(crate) fn get(&self) -> GcRef {
        GcRef::from_raw(self.slot.get())
    }

    /// Updates the root after its object moved.
    #[inline]
    pub(crate) fn set(&self, moved: GcRef) {
        debug_assert!(moved.is_object());
        self.slot.set(moved.raw());
    }
}
