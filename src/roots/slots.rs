//! A growable array of root slots that ends in a sentinel.

use core::alloc::Layout;
use core::cell::Cell;
use core::ptr::NonNull;

use super::handle::RETIRED;
use crate::base::fallible;
use crate::error::{Error, Result};
use crate::heap::RootSlot;

/// `capacity` slots and one more, the sentinel, of the greatest generation.
/// Slots are never moved except by growth, and never lose their generation.
#[derive(Debug)]
pub(crate) struct SlotArray {
    slots: Cell<NonNull<RootSlot>>,
    capacity: Cell<u32>,
    /// The generation of slots that were never used.
    first_generation: u32,
}

/// A shared sentinel for arrays without slots. Nothing writes to it.
#[repr(transparent)]
struct Sentinel(RootSlot);
// SAFETY: the sentinel is never written.
unsafe impl Sync for Sentinel {}
static EMPTY: Sentinel = Sentinel(RootSlot {
    generation: Cell::new(RETIRED),
    reference: Cell::new(0),
});

/// The capacity that the first growth gives.
const FIRST_CAPACITY: u32 = 64;

impl SlotArray {
    /// An array without slots, which allocates nothing. Its slots will start
    /// at `first_generation`.
    pub(crate) fn new(first_generation: u32) -> SlotArray {
        SlotArray {
            slots: Cell::new(NonNull::from(&EMPTY.0)),
            capacity: Cell::new(0),
            first_generation,
        }
    }

    /// How many slots there are, the sentinel not counted.
    #[inline(always)]
    pub(crate) fn capacity(&self) -> u32 {
        self.capacity.get()
    }

    /// The generation of slots that were never used.
    pub(crate) fn first_generation(&self) -> u32 {
        self.first_generation
    }

    /// The slot at `index`, or the sentinel.
    ///
    /// # Safety
    ///
    /// `index` must be at most the capacity, and the slot must not be used
    /// after the array has grown.
    #[inline(always)]
    pub(crate) unsafe fn slot_unchecked(&self, index: u32) -> &RootSlot {
        debug_assert!(index <= self.capacity());
        // SAFETY: the array has one slot more than its capacity.
        unsafe { self.slots.get().add(index as usize).as_ref() }
    }

    /// The slot at `index`, or the sentinel; panics beyond.
    pub(crate) fn slot(&self, index: u32) -> &RootSlot {
        assert!(index <= self.capacity());
        // SAFETY: just checked; callers drop it before they grow the array.
        unsafe { self.slot_unchecked(index) }
    }

    /// The first `count` slots.
    pub(crate) fn first(&self, count: u32) -> &[RootSlot] {
        assert!(count <= self.capacity());
        // SAFETY: there are that many slots.
        unsafe { core::slice::from_raw_parts(self.slots.get().as_ptr(), count as usize) }
    }

    /// Makes room for at least `capacity` slots.
    ///
    /// Errors: [`Error::Limit`] beyond `most`, which handles can name at the most;
    /// [`Error::SystemMemory`].
    pub(crate) fn grow_to(&self, capacity: u64, most: u32) -> Result<()> {
        if capacity <= self.capacity().into() {
            return Ok(());
        }
        if capacity > most.into() {
            return Err(Error::Limit {
                what: "roots of one kind in a store",
                limit: most.into(),
            });
        }
        let doubled = (2 * u64::from(self.capacity())).clamp(FIRST_CAPACITY.into(), most.into());
        self.reallocate(capacity.max(doubled) as u32)
            .or_else(|_| self.reallocate(capacity as u32))
    }

    fn layout(capacity: u32) -> Result<Layout> {
        Layout::array::<RootSlot>(capacity as usize + 1).map_err(|_| fallible::refused(usize::MAX))
    }

    fn reallocate(&self, capacity: u32) -> Result<()> {
        let (old_capacity, old) = (self.capacity(), self.slots.get());
        let layout = Self::layout(capacity)?;
        // Zeroed and not reallocated: large blocks come as untouched pages.
        // SAFETY: the layout has at least one slot.
        let new = NonNull::new(unsafe { std::alloc::alloc_zeroed(layout) }.cast::<RootSlot>())
            .ok_or(fallible::refused(layout.size()))?;
        // SAFETY: both arrays have that many slots, and the new one is fresh.
        // The old sentinel is not copied: its place is now a slot like others.
        unsafe { new.copy_from_nonoverlapping(old, old_capacity as usize) };
        self.free_slots();
        self.slots.set(new);
        self.capacity.set(capacity);
        if self.first_generation != 0 {
            for index in old_capacity..capacity {
                self.slot(index).generation.set(self.first_generation);
            }
        }
        self.slot(capacity).generation.set(RETIRED);
        Ok(())
    }

    fn free_slots(&self) {
        if self.capacity() == 0 {
            return;
        }
        if let Ok(layout) = Self::layout(self.capacity()) {
            // SAFETY: the slots were allocated with this layout.
            unsafe { std::alloc::dealloc(self.slots.get().as_ptr().cast(), layout) };
        }
    }

    /// How many slots at the front have ever been used. Slots are used for the
    /// first time in order, so their generations tell.
    pub(crate) fn ever_used(&self) -> u32 {
        self.first(self.capacity())
            .partition_point(|slot| slot.generation.get() != self.first_generation) as u32
    }

    /// Checks the sentinel.
    pub(crate) fn check(&self) -> Result<()> {
        let sentinel = self.slot(self.capacity());
        if sentinel.generation.get() != RETIRED || sentinel.reference.get() != 0 {
            return Err(Error::internal(
                "a root array without its sentinel",
                self.capacity().into(),
            ));
        }
        Ok(())
    }
}

impl Drop for SlotArray {
    fn drop(&mut self) {
        self.free_slots();
    }
}
