//! How roots reach a collector: as spans and ranges of slots, not one by one.

use core::cell::Cell;
use core::marker::PhantomData;
use core::sync::atomic::{AtomicU32, Ordering};

use super::reference::GcRef;
use super::root_range::RangeSpan;
use crate::base::fallible;
use crate::error::Result;

/// One root: a generation that collectors ignore, and a reference. Slots that
/// hold no root have a null or odd reference, which every collector skips.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct RootSlot {
    /// Tells successive roots in this slot apart.
    pub(crate) generation: Cell<u32>,
    /// The reference's bits.
    pub(crate) reference: Cell<u32>,
}

impl RootSlot {
    fn generation(&self) -> &AtomicU32 {
        // SAFETY: the cell is as large and aligned. Whoever shares the slot with
        // other threads changes the generation in this way only.
        unsafe { AtomicU32::from_ptr(self.generation.as_ptr()) }
    }

    /// Sets the generation where other threads may read it meanwhile.
    #[inline(always)]
    pub(crate) fn set_shared_generation(&self, generation: u32) {
        self.generation().store(generation, Ordering::Relaxed);
    }

    /// The generation, for any thread.
    pub(crate) fn shared_generation(&self) -> u32 {
        self.generation().load(Ordering::Relaxed)
    }
}

/// A collection's roots: spans of [`RootSlot`]s, so that a million roots cost
/// the list one entry; and ranges of the embedder's.
#[derive(Debug)]
pub(crate) struct GcRootsList {
    spans: Vec<Span>,
    ranges: Vec<RangeSpan>,
    /// The slots of spans that are chosen: from this one on, so many.
    first: usize,
    count: usize,
}

#[derive(Clone, Copy, Debug)]
struct Span {
    first: *const RootSlot,
    count: usize,
}

impl GcRootsList {
    /// An empty list with room for `spans` spans, so that filling it before a
    /// collection cannot fail.
    pub(crate) fn with_room(spans: usize) -> Result<GcRootsList> {
        let mut list = Vec::new();
        list.try_reserve(spans)
            .map_err(|_| fallible::refused(spans * size_of::<Span>()))?;
        Ok(GcRootsList {
            spans: list,
            ranges: Vec::new(),
            first: 0,
            count: usize::MAX,
        })
    }

    /// Forgets all spans and ranges, keeping the room.
    pub(crate) fn clear(&mut self) {
        self.spans.clear();
        self.ranges.clear();
    }

    /// Makes room for so many ranges, so that adding them before a collection cannot
    /// fail.
    ///
    /// Errors: [`Error::SystemMemory`](crate::error::Error::SystemMemory).
    pub(crate) fn reserve_ranges(&mut self, ranges: usize) -> Result<()> {
        self.ranges
            .try_reserve(ranges.saturating_sub(self.ranges.len()))
            .map_err(|_| fallible::refused(ranges.saturating_mul(size_of::<RangeSpan>())))
    }

    /// Adds a range, whose references have been found to lead to objects.
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

    /// How many slots there are in spans.
    pub(crate) fn slots(&self) -> usize {
        self.spans.iter().map(|span| span.count).sum()
    }

    /// Chooses `count` slots, from the slot `first` on, of those that there are in all
    /// spans together.
    pub(crate) fn choose(&mut self, first: usize, count: usize) {
        (self.first, self.count) = (first, count);
    }

    /// Adds a span.
    ///
    /// # Safety
    ///
    /// The slots must stay where they are, and be used by this thread only,
    /// until the next [`GcRootsList::clear`].
    pub(crate) unsafe fn add(&mut self, slots: &[RootSlot]) -> Result<()> {
        fallible::push(
            &mut self.spans,
            Span {
                first: slots.as_ptr(),
                count: slots.len(),
            },
        )
    }

    /// Calls `visit` with each root that refers to an object.
    pub(crate) fn try_each(
        &mut self,
        mut visit: impl FnMut(GcRoot<'_>) -> Result<()>,
    ) -> Result<()> {
        self.iter_spans().try_for_each(&mut visit)?;
        self.iter_ranges().try_for_each(visit)
    }

    /// Each root in a span, of those chosen, that refers to an object.
    pub(crate) fn iter_spans(&mut self) -> impl Iterator<Item = GcRoot<'_>> {
        let (mut skipped, mut left) = (self.first, self.count);
        self.spans
            .iter()
            .flat_map(move |span| {
                // SAFETY: `add` was promised that the slots stay in place.
                let slots = unsafe { core::slice::from_raw_parts(span.first, span.count) };
                let slots = &slots[skipped.min(slots.len())..];
                skipped -= span.count - slots.len();
                let slots = &slots[..left.min(slots.len())];
                left -= slots.len();
                slots
            })
            .map(|slot| GcRoot::of(&slot.reference))
            .filter(|root| root.get().is_object())
    }

    /// Each root in a range that refers to an object. That in a slot of two ranges comes
    /// twice.
    pub(crate) fn iter_ranges(&mut self) -> impl Iterator<Item = GcRoot<'_>> {
        self.ranges
            .iter()
            .flat_map(RangeSpan::references)
            .map(|(_, slot)| GcRoot::of(slot))
            .filter(|root| root.get().is_object())
    }
}

/// One root of a list, to read and to update.
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

    /// What the root refers to.
    #[inline]
    pub(crate) fn get(&self) -> GcRef {
        GcRef::from_raw(self.slot.get())
    }

    /// Makes the root refer to where its object moved.
    #[inline]
    pub(crate) fn set(&self, moved: GcRef) {
        debug_assert!(moved.is_object());
        self.slot.set(moved.raw());
    }
}
