//! The array of root slots, which ends in a sentinel (ROOTS-3).

use core::cell::Cell;
use core::mem::offset_of;
use core::ptr::NonNull;

use super::floors::{Floors, PAGE, WORN};
use super::handle::RETIRED;
use crate::base::array::{Array, Growth, Zeroed};
use crate::base::side_meter::SideMeter;
use crate::error::{Error, Result};
use crate::heap::RootSlot;

// SAFETY: numbers. Generation 0 with a null reference.
unsafe impl Zeroed for RootSlot {}

/// An array of `capacity` slots. The slot behind them is the sentinel, which has the
/// greatest generation. Only growing and giving back move slots. A slot that is given back
/// loses its generation, and leaves a floor ([`Floors`]).
#[derive(Debug)]
#[repr(C)]
pub(crate) struct SlotArray {
    slots: Array<RootSlot, 1>,
    floors: Floors,
    side: SideMeter,
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
    /// Where compiled code finds the address of the first slot.
    pub(crate) const FIRST_AT: usize =
        offset_of!(SlotArray, slots) + Array::<RootSlot, 1>::FIRST_AT;

    /// An empty array, which allocates nothing. Its slots begin at `first_generation`.
    pub(crate) fn new(first_generation: u32) -> SlotArray {
        SlotArray {
            slots: Array::empty_at(NonNull::from(&EMPTY.0)),
            floors: Floors::new(first_generation),
            side: SideMeter::none(),
        }
    }

    /// Lets a meter bound the array.
    pub(crate) fn limit_by(&mut self, side: &SideMeter) {
        self.side = side.share();
    }

    /// The meter that bounds the array.
    pub(crate) fn side(&self) -> &SideMeter {
        &self.side
    }

    /// The number of slots, without the sentinel.
    #[inline(always)]
    pub(crate) fn capacity(&self) -> u32 {
        self.slots.capacity() as u32
    }

    /// The bytes of memory that the array has.
    pub(crate) fn side_bytes(&self) -> u64 {
        self.slots.bytes() + self.floors.side_bytes()
    }

    /// The generation at which the slot at `index` began.
    pub(crate) fn floor(&self, index: u32) -> u32 {
        self.floors.of(index)
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
    /// handles can name; [`Error::SideLimit`], [`Error::SystemMemory`]. Nothing has changed
    /// then.
    pub(crate) fn grow_to(&self, capacity: u64, max: u32) -> Result<()> {
        let old = self.capacity();
        if capacity <= old.into() {
            return Ok(());
        }
        let growth = Growth {
            first: FIRST_CAPACITY,
            most: max as usize,
            what: "roots of one kind in a store",
            side: Some(&self.side),
        };
        // SAFETY: callers drop their references to slots before they grow the array, and
        // grow slots that other threads read only while those wait for the directory's
        // lock.
        unsafe { self.slots.grow_zeroed(capacity as usize, &growth) }?;
        // The slot in the old sentinel's place is an ordinary one now.
        self.slot(old).generation.set(self.floor(old));
        self.begin_zeroed(old, self.capacity());
        self.slot(self.capacity()).generation.set(RETIRED);
        Ok(())
    }

    /// Sets the generations of the zeroed slots from `from` to `to` to their floors. Slots
    /// that begin at 0 are not touched, so that they cost no memory yet.
    fn begin_zeroed(&self, from: u32, to: u32) {
        for (first, end) in pages(from, to) {
            let floor = self.floor(first);
            if floor != 0 {
                (first..end).for_each(|index| self.slot(index).generation.set(floor));
            }
        }
    }

    /// How many slots stay if those from `used` on may be given back: whole pages, at least
    /// one. A page with worn slots stays, and all pages before it.
    pub(crate) fn kept(&self, used: u32) -> u32 {
        let least = used.max(1).next_multiple_of(PAGE);
        let mut keep = self.capacity();
        while keep > least {
            let first = (keep - 1) / PAGE * PAGE;
            if self.newest(first, keep) > WORN {
                break;
            }
            keep = first;
        }
        keep
    }

    /// The greatest generation of the slots from `first` to `end`.
    fn newest(&self, first: u32, end: u32) -> u32 {
        let slots = self.first(end)[first as usize..].iter();
        slots.map(|slot| slot.generation.get()).max().unwrap_or(0)
    }

    /// Gives back all slots but the first `keep`, which [`SlotArray::kept`] has told, and
    /// leaves their floors. Does nothing and returns false if no slot follows, or if
    /// the system has no memory for the floors.
    pub(crate) fn give_back(&self, keep: u32) -> bool {
        let old = self.capacity();
        if keep >= old || self.floors.reserve(old).is_err() {
            return false;
        }
        for (first, end) in pages(keep, old) {
            self.floors.raise(first, self.newest(first, end));
        }
        // SAFETY: callers drop their references to slots before they give back slots, and
        // give back slots that other threads read only while those wait for the directory's
        // lock.
        let shrunk = unsafe {
            self.slots.discard_from(keep as usize + 1);
            self.slots.shrink_to(keep as usize)
        };
        if !shrunk {
            // The slots may have been discarded.
            let floors = (keep..old).map(|index| (index, self.floor(index)));
            floors.for_each(|(index, floor)| self.slot(index).generation.set(floor));
        }
        let sentinel = self.slot(self.capacity());
        sentinel.generation.set(RETIRED);
        sentinel.reference.set(0);
        true
    }

    /// Makes sure that each slot has room for its floor.
    ///
    /// Errors: [`Error::SystemMemory`].
    pub(super) fn reserve_floors(&self) -> Result<()> {
        self.floors.reserve(self.capacity())
    }

    /// The slots of a whole page.
    pub(super) fn page(&self, page: u32) -> &[RootSlot] {
        &self.first((page + 1) * PAGE)[(page * PAGE) as usize..]
    }

    /// Whether all slots of a page are free, and none is worn.
    pub(super) fn is_free_page(&self, page: u32) -> bool {
        let free = |slot: &RootSlot| {
            let generation = slot.generation.get();
            generation.is_multiple_of(2) && generation <= WORN
        };
        self.page(page).iter().all(free)
    }

    /// Zeroes the slots of a free page and leaves their floor, given
    /// [`SlotArray::reserve_floors`].
    pub(super) fn clear_page(&self, page: u32) {
        let first = page * PAGE;
        self.floors.raise(first, self.newest(first, first + PAGE));
        for slot in self.page(page) {
            slot.set_shared_generation(0);
            slot.reference.set(0);
        }
    }

    /// Gives the memory of the cleared pages from `first` to `end` back to the system, as far
    /// as it fills pages of the system.
    pub(super) fn discard_pages(&self, first: u32, end: u32) {
        // SAFETY: callers drop their references to slots before they give back slots, and
        // give back slots that other threads read only while those wait for the directory's
        // lock.
        unsafe {
            let [first, end] = [first, end].map(|page| (page * PAGE) as usize);
            self.slots.discard(first, end);
        }
    }

    /// Lets the slots of a cleared page begin at their floor.
    pub(super) fn begin_page(&self, page: u32) {
        let floor = self.floor(page * PAGE);
        let slots = self.page(page).iter();
        slots.for_each(|slot| slot.set_shared_generation(floor));
    }

    /// How many slots at the front have been used since they began. Slots are used for the
    /// first time in order, so their generations tell. Pages in the middle of which that is
    /// not true are `exempt`.
    pub(super) fn ever_used(&self, exempt: impl Fn(u32) -> bool) -> u32 {
        let (mut used, mut end) = (0, self.capacity());
        while used < end {
            let middle = used + (end - used) / 2;
            let at_floor = self.slot(middle).generation.get() == self.floor(middle);
            if at_floor && !exempt(middle / PAGE) {
                end = middle;
            } else {
                used = middle + 1;
            }
        }
        used
    }

    /// Checks the sentinel, that the slots of `cleared` pages are zeros, and that no other
    /// slot has a generation below its floor.
    pub(super) fn check(&self, cleared: impl Fn(u32) -> bool) -> Result<()> {
        for (first, end) in pages(0, self.capacity()) {
            let floor = self.floor(first);
            let slots = &self.first(end)[first as usize..];
            if cleared(first / PAGE) {
                let zeros =
                    |slot: &RootSlot| (slot.generation.get(), slot.reference.get()) == (0, 0);
                if !slots.iter().all(zeros) {
                    return Err(Error::internal("a slot in a released page", first.into()));
                }
            } else if slots.iter().any(|slot| slot.generation.get() < floor) {
                return Err(Error::internal("a root slot below its floor", first.into()));
            }
        }
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

/// The parts of pages between the indices `from` and `to`: where each begins and ends.
pub(super) fn pages(from: u32, to: u32) -> impl DoubleEndedIterator<Item = (u32, u32)> {
    let first = from / PAGE;
    let parts = (first..to.div_ceil(PAGE).max(first)).map(|page| page * PAGE);
    parts.map(move |start| (start.max(from), (start + PAGE).min(to)))
}
