//! The array of root slots, which ends in a sentinel (ROOTS-3).

use core::cell::Cell;
use core::ptr::NonNull;

use super::handle::RETIRED;
use crate::base::array::{Array, Growth, Zeroed};
use crate::error::{Error, Result};
use crate::heap::RootSlot;

// SAFETY: numbers. Generation 0 with a null reference.
unsafe impl Zeroed for RootSlot {}

/// An array of `capacity` slots. The slot behind them is the sentinel, which has the
/// greatest generation. Only growth moves slots, and no slot loses its generation.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct SlotArray {
    slots: Array<RootSlot, 1>,
    /// The generation of slots that were never used.
    first_generation: u32,
}

/// The sentinel of every empty array. Nothing writes to it.
#[repr(transparent)]
struct Sentinel(RootSlot);
// SAFETY: the sentinel is never written.
unsafe impl Sync for Sentinel {}
static EMPTY: Sentinel = Sentinel(RootSlot {
    generation: Cell::new(RETIRED),
    reference: Cell::new(0),
});

/// The capacity that the first growth gives.
const FIRST_CAPACITY: usize = 64;

impl SlotArray {
    /// An empty array, which allocates nothing. Its slots will start at
    /// `first_generation`.
    pub(crate) fn new(first_generation: u32) -> SlotArray {
        SlotArray {
            slots: Array::empty_at(NonNull::from(&EMPTY.0)),
            first_generation,
        }
    }

    /// The number of slots, without the sentinel.
    #[inline(always)]
    pub(crate) fn capacity(&self) -> u32 {
        self.slots.capacity() as u32
    }

    /// The bytes of memory that the array has.
    pub(crate) fn side_bytes(&self) -> u64 {
        self.slots.bytes()
    }

    /// The generation of slots that were never used.
    pub(crate) fn first_generation(&self) -> u32 {
        self.first_generation
    }

    /// The slot at `index`, or the sentinel.
    ///
    /// # Safety
    ///
    /// `index` must be at most the capacity. The reference must end before the array
    /// grows.
    #[inline(always)]
    pub(crate) unsafe fn slot_unchecked(&self, index: u32) -> &RootSlot {
        // SAFETY: the sentinel is the spare element, also of the empty array.
        unsafe { self.slots.get_unchecked(index as usize) }
    }

    /// The slot at `index`, or the sentinel. Panics beyond.
    pub(crate) fn slot(&self, index: u32) -> &RootSlot {
        assert!(index <= self.capacity());
        // SAFETY: just checked. Callers drop the reference before they grow the array.
        unsafe { self.slot_unchecked(index) }
    }

    /// The first `count` slots.
    pub(crate) fn first(&self, count: u32) -> &[RootSlot] {
        &self.slots.as_slice()[..count as usize]
    }

    /// Makes room for at least `capacity` slots.
    ///
    /// Errors: [`Error::Limit`] if `capacity` is beyond `max`, the number of slots that
    /// handles can name; [`Error::SystemMemory`]. Nothing has changed then.
    pub(crate) fn grow_to(&self, capacity: u64, max: u32) -> Result<()> {
        let old = self.capacity();
        if capacity <= old.into() {
            return Ok(());
        }
        let growth = Growth {
            first: FIRST_CAPACITY,
            most: max as usize,
            what: "roots of one kind in a store",
        };
        // SAFETY: callers drop their references to slots before they grow the array, and
        // grow slots that other threads read only while those wait for the directory's
        // lock.
        unsafe { self.slots.grow_zeroed(capacity as usize, &growth) }?;
        // The slot in the old sentinel's place is an ordinary one now. Slots that start at
        // generation 0 are not touched, so that they cost no memory yet.
        let new = if self.first_generation == 0 {
            old..self.capacity().min(old + 1)
        } else {
            old..self.capacity()
        };
        for index in new {
            self.slot(index).generation.set(self.first_generation);
        }
        self.slot(self.capacity()).generation.set(RETIRED);
        Ok(())
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
