//! Slots with a free list, released in any order. Manual roots, pins, weak handles, weak
//! maps, tables and globals all have such slots.
//!
//! The generation of a slot is odd while the slot is in use (ROOTS-4). Each use takes a
//! new generation, and a slot without a generation left is retired (ROOTS-2,
//! `roots.never-stale`).
//!
//! Cost: taking and releasing a slot is a few loads and stores each.

use core::cell::Cell;
use core::mem::offset_of;
use core::ops::Range;

use super::floors::PAGE;
use super::handle::{Handle, RETIRED, SLOTS_MAX};
use super::slots::{SlotArray, pages};
use crate::base::dirty_groups::DirtyGroups;
use crate::base::released_pages::ReleasedPages;
use crate::base::side_meter::SideMeter;
use crate::base::work;
use crate::error::{Error, Result};
use crate::heap::{Budget, GcRef, Progress, RootSlot};

/// The generation of a retired slot. It is even, like that of a free slot.
const RETIRED_EVEN: u32 = RETIRED - 1;

/// The end of the free list. No slot has this index.
const END: u32 = SLOTS_MAX;

/// The number of slots that are put on the free list at a time. Collectors do not scan
/// those of a new array that were not put there yet.
const REFILL: u32 = 256;

/// The costs of looking whether the next slot is free, and of linking it, for a [`Budget`].
const LOOK_COST: u64 = 1;
const LINK_COST: u64 = 2;

/// Slots that are taken and released in any order. Handles add the bits `KIND` to the
/// indices of these slots (ROOTS-17).
///
/// Invariant: a slot below `used` is in one of these states:
///
/// | state | generation | in the place of the reference |
/// |---|---|---|
/// | in use | odd | the reference |
/// | free | even | a link to the next free slot |
/// | retired | [`RETIRED_EVEN`] | null |
/// | in a released page | 0 | null |
///
/// A slot of the reused page that was not used since is *fresh*: its generation is the floor of
/// the page. Slots that are fresh, or that were never used at all, are used when no other slot
/// is free. So the slots that were used tell the greatest number in use
/// ([`FreeListSlots::live_max`]). Trimming takes fresh slots off the free list, until they are
/// the only ones left.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct FreeListSlots<const KIND: u32> {
    /// Slots from this index on are not on the free list, and collectors do not scan them.
    used: Cell<u32>,
    /// The first free slot, or [`END`].
    free: Cell<u32>,
    slots: SlotArray,
    released_pages: ReleasedPages,
    /// How often a slot was taken.
    created: Cell<u64>,
    /// How often a slot was released.
    released: Cell<u64>,
    /// The number of retired slots.
    retired: Cell<u32>,
    /// The greatest number of slots in use at once, as of the last retirement or give-back.
    live_max: Cell<u32>,
    /// How far trimming has come.
    trimming: Cell<Trimming>,
    /// The slots that may refer to young objects.
    young: DirtyGroups,
}

/// What trimming does next.
#[derive(Clone, Copy, Debug)]
enum Trimming {
    /// It begins.
    NotBegun,
    /// It looks for the last slot in use, and all slots from `at` on are free.
    Look { at: u32 },
    /// It links the free slots again, and those from `at` on are linked.
    Link { at: u32 },
}

impl<const KIND: u32> FreeListSlots<KIND> {
    /// Where compiled code finds the fields.
    pub(crate) const USED_AT: usize = offset_of!(FreeListSlots<KIND>, used);
    pub(crate) const FREE_AT: usize = offset_of!(FreeListSlots<KIND>, free);
    pub(crate) const SLOTS_AT: usize = offset_of!(FreeListSlots<KIND>, slots) + SlotArray::FIRST_AT;
    pub(crate) const CREATED_AT: usize = offset_of!(FreeListSlots<KIND>, created);
    pub(crate) const RELEASED_AT: usize = offset_of!(FreeListSlots<KIND>, released);
    pub(crate) const YOUNG_AT: usize = offset_of!(FreeListSlots<KIND>, young);

    /// The number of slots that handles can tell apart from those of other kinds.
    pub(super) const MAX: u32 = match KIND {
        0 => SLOTS_MAX,
        kind => (1 << kind.trailing_zeros()) - 1,
    };

    /// No slots, which allocates nothing. Later slots count as having issued all generations
    /// up to `generation`, which must be even.
    pub(crate) fn starting_at(generation: u32) -> FreeListSlots<KIND> {
        assert!(generation.is_multiple_of(2));
        FreeListSlots {
            slots: SlotArray::new(generation),
            released_pages: ReleasedPages::new(),
            used: Cell::new(0),
            free: Cell::new(END),
            created: Cell::new(0),
            released: Cell::new(0),
            retired: Cell::new(0),
            live_max: Cell::new(0),
            trimming: Cell::new(Trimming::NotBegun),
            young: DirtyGroups::new(),
        }
    }

    /// The same slots, bounded by a meter.
    pub(crate) fn limited_by(mut self, side: &SideMeter) -> FreeListSlots<KIND> {
        self.slots.limit_by(side);
        self
    }

    /// The meter that bounds the slots.
    pub(crate) fn side(&self) -> &SideMeter {
        self.slots.side()
    }

    /// Whether the free list has a slot.
    #[inline(always)]
    pub(crate) fn has_free(&self) -> bool {
        self.free.get() != END
    }

    /// The index of the slot that will be taken next, given [`FreeListSlots::has_free`].
    pub(crate) fn next(&self) -> u32 {
        self.free.get()
    }

    /// Takes a slot, given [`FreeListSlots::has_free`]; returns its slot word.
    #[inline(always)]
    pub(crate) fn allocate(&self, reference: GcRef) -> u64 {
        let index = self.free.get();
        debug_assert!(index < self.used.get());
        // SAFETY: the free list holds slots below `used`, which is at most the
        // capacity.
        let slot = unsafe { self.slots.slot_unchecked(index) };
        self.free.set(slot.reference.get() >> 1);
        let generation = slot.generation.get() + 1;
        slot.set_shared_generation(generation);
        slot.reference.set(reference.raw());
        self.young.mark(index);
        self.created.set(self.created.get() + 1);
        Handle::slot_word(generation, index | KIND)
    }

    /// Makes sure that the free list has a slot.
    ///
    /// Errors: [`Error::Limit`], [`Error::SystemMemory`].
    pub(crate) fn reserve(&self) -> Result<()> {
        while !self.has_free() && !self.reuse_page() {
            self.reserve_unused()?;
            self.refill();
        }
        Ok(())
    }

    /// If all slots of the array are in use, retired, fresh or released, puts fresh slots on
    /// the free list: those of the reused page, or else those of a released page (ROOTS-40).
    /// Returns whether there were any. The free list must be empty.
    pub(super) fn reuse_page(&self) -> bool {
        if self.used.get() < self.capacity() {
            return false;
        }
        if self.fresh().is_empty()
            && let Some(page) = self.released_pages.reuse()
        {
            self.slots.begin_page(page);
        }
        let fresh = self.fresh();
        self.link_between(fresh.start, fresh.end);
        self.has_free()
    }

    /// The fresh slots. They are the last ones of the reused page, because the free list
    /// delivers them in their order.
    fn fresh(&self) -> Range<u32> {
        let Some(page) = self.released_pages.reused() else {
            return 0..0;
        };
        let floor = self.slots.floor(page * PAGE);
        let slots = self.slots.page(page);
        let used = slots.partition_point(|slot| slot.generation.get() != floor) as u32;
        page * PAGE + used..(page + 1) * PAGE
    }

    /// Makes sure that the array has a slot at `used`.
    ///
    /// Errors: [`Error::Limit`], [`Error::SystemMemory`].
    pub(super) fn reserve_unused(&self) -> Result<()> {
        self.slots
            .grow_to(u64::from(self.used.get()) + 1, Self::MAX)?;
        self.young.fit(self.slots.capacity() as usize);
        Ok(())
    }

    /// Raises `used` and puts the free slots below it on the free list, given
    /// [`FreeListSlots::reserve_unused`].
    pub(super) fn refill(&self) {
        let used = self.used.get();
        let end = used.saturating_add(REFILL).min(self.slots.capacity());
        self.used.set(end);
        self.link_free(used, end);
    }

    /// The number of slots in the array.
    pub(super) fn capacity(&self) -> u32 {
        self.slots.capacity()
    }

    /// The generation of the slot at `index`, which must be below the capacity. Any thread
    /// may call this while the array cannot grow.
    pub(super) fn shared_generation(&self, index: u32) -> u32 {
        self.slots.slot(index).shared_generation()
    }

    /// Puts the free slots from `from` to `to` at the front of the free list, in their order,
    /// but not those that are fresh.
    fn link_free(&self, from: u32, to: u32) {
        for (first, end) in pages(from, to).rev() {
            let page = first / PAGE;
            if self.released_pages.reused() == Some(page) {
                self.link_between(first, end.min(self.fresh().start));
            } else if !self.released_pages.has(page) {
                self.link_between(first, end);
            }
        }
    }

    /// Puts the free slots from `from` to `to` at the front of the free list, in their order.
    fn link_between(&self, from: u32, to: u32) {
        for index in (from..to).rev() {
            let slot = self.slots.slot(index);
            let generation = slot.generation.get();
            if generation & 1 == 0 && generation != RETIRED_EVEN {
                slot.reference.set(free_link(self.free.get()));
                self.free.set(index);
            }
        }
    }

    /// The slot with these bits, if it is in use.
    #[inline(always)]
    fn find(&self, index: u32, generation: u32) -> Option<&RootSlot> {
        if index >= self.used.get() {
            return None;
        }
        // SAFETY: below `used`, which is at most the capacity.
        let slot = unsafe { self.slots.slot_unchecked(index) };
        (slot.generation.get() == generation && generation & 1 == 1).then_some(slot)
    }

    /// The referent of the slot with these bits, if it is in use. For a free slot this may
    /// return something odd, and for a retired one null. Callers that refuse both save a
    /// comparison.
    #[inline(always)]
    pub(crate) fn get_or_odd(&self, index: u32, generation: u32) -> Option<GcRef> {
        if index >= self.used.get() {
            return None;
        }
        // SAFETY: below `used`, which is at most the capacity.
        let slot = unsafe { self.slots.slot_unchecked(index) };
        (slot.generation.get() == generation).then(|| GcRef::from_raw(slot.reference.get()))
    }

    /// The referent of the slot with these bits, if it is in use.
    #[inline(always)]
    pub(crate) fn get(&self, index: u32, generation: u32) -> Option<GcRef> {
        self.find(index, generation)
            .map(|slot| GcRef::from_raw(slot.reference.get()))
    }

    /// Makes the slot with these bits refer to another object, if it is in use.
    pub(crate) fn set(&self, index: u32, generation: u32, reference: GcRef) {
        if let Some(slot) = self.find(index, generation) {
            slot.reference.set(reference.raw());
            self.young.mark(index);
        }
    }

    /// Releases the slot with these bits. Returns false, with nothing changed, if the slot is
    /// not in use or has no generation left.
    #[inline(always)]
    pub(crate) fn release_fast(&self, index: u32, generation: u32) -> bool {
        let Some(slot) = self.find(index, generation) else {
            return false;
        };
        let generation = generation + 1;
        if generation == RETIRED_EVEN {
            return false;
        }
        slot.set_shared_generation(generation);
        slot.reference.set(free_link(self.free.get()));
        self.free.set(index);
        self.released.set(self.released.get() + 1);
        true
    }

    /// Releases the slot with these bits. Returns false if it is not in use.
    pub(crate) fn release(&self, index: u32, generation: u32) -> bool {
        self.release_fast(index, generation) || self.retire(index, generation)
    }

    /// Releases and retires the slot with these bits. Returns false if it is not in use.
    fn retire(&self, index: u32, generation: u32) -> bool {
        let Some(slot) = self.find(index, generation) else {
            return false;
        };
        self.live_max.set(self.live_max());
        self.retired.set(self.retired.get() + 1);
        self.released.set(self.released.get() + 1);
        slot.set_shared_generation(RETIRED_EVEN);
        slot.reference.set(0);
        true
    }

    /// Trims free slots from the end of the scanned part, if they are most of it (ROOTS-15).
    /// The other free slots are linked again, in their order. Generations stay.
    ///
    /// Does as much as the budget allows; the next call continues. The slots must not be used
    /// before that is complete, except by collectors.
    pub(crate) fn trim(&self, budget: &mut Budget) -> Progress {
        if let Trimming::NotBegun = self.trimming.get() {
            self.trimming.set(Trimming::Look {
                at: self.used.get(),
            });
        }
        if let Trimming::Look { at } = self.trimming.get() {
            let now = budget.take(at as usize, LOOK_COST);
            work::count(now * LOOK_COST as usize);
            let looked = &self.span()[at as usize - now..at as usize];
            let free = |slot: &&RootSlot| slot.generation.get() & 1 == 0;
            let tail = looked.iter().rev().take_while(free).count();
            let at = at - tail as u32;
            self.trimming.set(Trimming::Look { at });
            if tail == now && at > 0 {
                return Progress::Continue;
            }
            let tail = self.used.get() - at;
            if tail <= REFILL || tail < at {
                self.trimming.set(Trimming::NotBegun);
                return Progress::Complete;
            }
            self.used.set(at);
            self.free.set(END);
            self.trimming.set(Trimming::Link { at });
        }
        if let Trimming::Link { at } = self.trimming.get() {
            let now = budget.take(at as usize, LINK_COST) as u32;
            work::count(now as usize * LINK_COST as usize);
            self.link_free(at - now, at);
            if now < at {
                self.trimming.set(Trimming::Link { at: at - now });
                return Progress::Continue;
            }
        }
        self.trimming.set(Trimming::NotBegun);
        Progress::Complete
    }

    /// How many slots there are up to the last one in use.
    fn in_use_end(&self) -> u32 {
        let free = |slot: &&RootSlot| slot.generation.get() & 1 == 0;
        let tail = self.span().iter().rev().take_while(free).count() as u32;
        self.used.get() - tail
    }

    /// How many slots [`FreeListSlots::give_back`] leaves.
    pub(super) fn kept(&self) -> u32 {
        self.slots.kept(self.in_use_end())
    }

    /// Takes whole pages of free slots off the free list and gives them back: those at the end
    /// (ROOTS-28), and those before the last slot in use (ROOTS-40).
    pub(crate) fn give_back(&self) {
        let keep = self.kept();
        self.live_max.set(self.live_max());
        self.used.set(self.in_use_end());
        self.free.set(END);
        self.release_pages();
        self.link_free(0, self.used.get());
        if self.slots.give_back(keep) {
            self.released_pages.truncate(keep / PAGE);
        }
    }

    /// Releases the pages below `used` that have free slots only. Their slots must not be on
    /// the free list. Does nothing if there is no memory for floors and links.
    fn release_pages(&self) {
        let end = self.used.get() / PAGE;
        let released = &self.released_pages;
        let is_new = |&page: &u32| !released.has(page) && self.slots.is_free_page(page);
        if !(0..end).any(|page| is_new(&page))
            || self.slots.reserve_floors().is_err()
            || released.reserve(end).is_err()
        {
            return;
        }
        for page in (0..end).rev().filter(is_new) {
            self.slots.clear_page(page);
            released.add(page);
        }
        self.each_released_run(|first, end| self.slots.discard_pages(first, end));
    }

    /// Calls `visit` with the first page of each run of released pages, and with its end.
    pub(super) fn each_released_run(&self, visit: impl Fn(u32, u32)) {
        let (mut first, end) = (0, self.capacity() / PAGE);
        for page in 0..=end {
            if page == end || !self.released_pages.has(page) {
                if first < page {
                    visit(first, page);
                }
                first = page + 1;
            }
        }
    }

    /// The scanned part: all slots that may be in use.
    pub(crate) fn span(&self) -> &[RootSlot] {
        self.slots.first(self.used.get())
    }

    /// The slots of the scanned part that may refer to young objects.
    pub(crate) fn young(&self) -> &DirtyGroups {
        &self.young
    }

    /// Notes that no slot refers to a young object.
    pub(crate) fn forget_young(&self) {
        self.young.clear(self.slots.capacity() as usize);
    }

    /// The number of slots in use.
    pub(crate) fn live(&self) -> u64 {
        self.created.get() - self.released.get()
    }

    /// How often a slot was released.
    pub(crate) fn released(&self) -> u64 {
        self.released.get()
    }

    /// The greatest number of slots in use at once. The free list delivers slots that are
    /// fresh or were never used last, so it is the number of slots used so far. A retirement
    /// takes its slot out, a give-back takes out many; both save the number first.
    pub(crate) fn live_max(&self) -> u32 {
        let released = &self.released_pages;
        let unused = released.count() * PAGE + self.fresh().len() as u32;
        let ever_used = self
            .slots
            .ever_used(|page| released.has(page) || released.reused() == Some(page));
        let without_retired = ever_used - unused - self.retired.get();
        without_retired.max(self.live_max.get())
    }

    /// The bytes of memory that the slots have, those of released pages included.
    pub(crate) fn side_bytes(&self) -> u64 {
        self.slots.side_bytes() + self.released_pages.side_bytes()
    }

    /// Checks that each slot is in use, free, retired or in a released page, and that the free
    /// list has all free slots, once. All fresh slots may be missing there.
    pub(crate) fn check(&self) -> Result<()> {
        let released = &self.released_pages;
        if !released.is_sound() {
            let count = released.count().into();
            return Err(Error::internal("a wrong list of released pages", count));
        }
        self.slots.check(|page| released.has(page))?;
        let used = self.used.get();
        if used > self.slots.capacity() {
            return Err(Error::internal("slots beyond their array", used.into()));
        }
        let (mut alive, mut free) = (0, 0);
        for (index, slot) in (0..).zip(self.span()) {
            match slot.generation.get() {
                odd if odd & 1 == 1 => alive += 1,
                RETIRED_EVEN => {}
                _ if released.has(index / PAGE) => {}
                _ => free += 1,
            }
        }
        let all = self.slots.first(self.slots.capacity());
        let is_retired = |slot: &&RootSlot| slot.generation.get() == RETIRED_EVEN;
        let retired = all.iter().filter(is_retired).count() as u32;
        if alive != self.live() || retired != self.retired.get() {
            return Err(Error::internal("a wrong number of slots in use", alive));
        }
        let mut next = self.free.get();
        while next != END {
            let slot = self.span().get(next as usize);
            let sound = slot.is_some_and(|slot| {
                slot.generation.get() & 1 == 0
                    && slot.reference.get() & 1 == 1
                    && !released.has(next / PAGE)
            });
            if !sound || free == 0 {
                return Err(Error::internal(
                    "a wrong link between free slots",
                    next.into(),
                ));
            }
            free -= 1;
            next = self.slots.slot(next).reference.get() >> 1;
        }
        let fresh = self.fresh().filter(|&index| index < used).count() as u64;
        if free != 0 && free != fresh {
            return Err(Error::internal("free slots that are not on the list", free));
        }
        Ok(())
    }
}

/// The bits in the place of a free slot's reference: a link to the next free slot. They are
/// odd, so collectors take them for an `i31` (ROOTS-5).
const fn free_link(next: u32) -> u32 {
    next << 1 | 1
}
