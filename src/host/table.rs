//! The host-data table: the data of externrefs and functions.
//!
//! In the heap, an externref or a function is a header and the index of an entry here
//! (OBJECTS-7). An entry is free, in use by a live object, or pending: its object has died
//! and its finalizer waits (`pending.rs`). Free entries form a list through the table.
//!
//! An index that was read from the heap proves nothing. An entry in use names its object,
//! so the table answers only if both agree (`heap.sandbox`).

use core::cell::Cell;
use core::ffi::c_void;
use core::mem::{MaybeUninit, offset_of};

use super::entry::{
    END, FREE, FUNCTION, Finalizer, FunctionEntry, HostEntry, OLD_WITH_STORE, RELEASED, in_use,
};
use super::store_finalizer::{self, StoreFinalizer};
use crate::base::array::{Array, Growth};
use crate::base::dirty_groups::DirtyGroups;
use crate::base::fallible;
use crate::base::released_pages::ReleasedPages;
use crate::base::room::{self, Room};
use crate::base::side_meter::SideMeter;
use crate::error::{Error, Result};
use crate::heap::{Budget, GcRef, Progress, Shrinking};
use crate::host::Callback;

/// The greatest number of entries that are put on the free list at a time.
const REFILL: u32 = 256;

/// The least number. A store with few objects has few entries to visit at its end.
const LEAST_REFILL: u32 = 4;

/// The number of entries in a page: 5 KiB of them.
const PAGE: u32 = 128;

/// Indices are less than the other values of a `link`, so that it can tell them apart.
const GROWTH: Growth<'static> = Growth {
    first: 64,
    most: OLD_WITH_STORE as usize,
    what: "externrefs and functions in a store",
    side: None,
};

/// Sets `cell` to what `read` returns. The processor need not wait for that if it is
/// `predicted`, and the branch is predicted too (OBJECTS-30).
#[inline(always)]
pub(super) fn set_predicted(cell: &Cell<u32>, predicted: u32, read: impl FnOnce() -> u32) {
    // Volatile, so that the compiler does not make one store out of both.
    //
    // SAFETY: the cell is valid for writing.
    unsafe { cell.as_ptr().write_volatile(predicted) };
    let value = read();
    if value != predicted {
        cell.set(value);
    }
}

/// A store's host data.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct HostData {
    /// The `data` and `finalizer` of an entry are not initialised before its first use.
    entries: Array<MaybeUninit<HostEntry>>,
    /// The number of entries that are in use, free, released or pending. The array has room for more.
    pub(super) used: Cell<u32>,
    /// The first free entry.
    pub(super) free: Cell<u32>,
    /// The ends of the queue of finalizers.
    pub(super) pending_first: Cell<u32>,
    pub(super) pending_last: Cell<u32>,
    /// The number of finalizers in the queue.
    pub(super) pending_count: Cell<u32>,
    /// The number of finalizers in boxes, of live objects and in the queue.
    boxes: Cell<u64>,
    /// The sum over entries in use. 128 bits never overflow.
    pub(super) external_bytes: Cell<u128>,
    /// The sum over pending entries.
    pub(super) waiting_bytes: Cell<u128>,
    /// Whether all entries are old: the next sweep marks the survivors so.
    pub(super) all_old: Cell<bool>,
    /// See [`HostData::take_old_taken`].
    pub(super) old_taken: Cell<bool>,
    pub(super) sweep: Cell<Option<Sweep>>,
    /// The entries that a sweep between the program's steps has visited.
    pub(super) visited: Cell<u32>,
    /// Pages with released entries, and pages that had some.
    released_pages: ReleasedPages,
    side: SideMeter,
    pub(super) shrinking: Cell<Shrinking>,
    /// The entries whose objects may be young.
    pub(super) young: DirtyGroups,
}

/// An unfinished sweep, which goes from the last entry to the first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sweep {
    /// Entries from this index on have been swept.
    pub(super) at: u32,
    /// Entries from this index on are free, and leave the table.
    pub(super) used: u32,
    /// The first of the other free entries.
    pub(super) free: u32,
}

impl HostData {
    /// Where compiled code finds the fields.
    pub(crate) const ENTRIES_AT: usize =
        offset_of!(HostData, entries) + Array::<MaybeUninit<HostEntry>>::FIRST_AT;
    pub(crate) const USED_AT: usize = offset_of!(HostData, used);
    pub(crate) const FREE_AT: usize = offset_of!(HostData, free);
    pub(crate) const YOUNG_AT: usize = offset_of!(HostData, young);

    /// An empty table, which allocates nothing.
    pub(crate) const fn new() -> HostData {
        HostData {
            entries: Array::new(),
            used: Cell::new(0),
            free: Cell::new(END),
            pending_first: Cell::new(END),
            pending_last: Cell::new(END),
            pending_count: Cell::new(0),
            boxes: Cell::new(0),
            external_bytes: Cell::new(0),
            waiting_bytes: Cell::new(0),
            all_old: Cell::new(false),
            old_taken: Cell::new(false),
            sweep: Cell::new(None),
            visited: Cell::new(0),
            released_pages: ReleasedPages::new(),
            side: SideMeter::none(),
            shrinking: Cell::new(Shrinking::new()),
            young: DirtyGroups::new(),
        }
    }

    /// The same table, bounded by a meter.
    pub(crate) fn limited_by(mut self, side: &SideMeter) -> HostData {
        self.side = side.share();
        self
    }

    /// The address of the entry at `index`, which must be below `used`. Fields are read and
    /// written one at a time: a reference to an entry that is only partly initialised must
    /// not exist.
    #[inline(always)]
    fn pointer(&self, index: u32) -> *mut HostEntry {
        debug_assert!(index < self.used.get());
        // SAFETY: `used` is at most the capacity.
        unsafe { self.entries.first().add(index as usize).cast().as_ptr() }
    }

    /// The `object` of the entry at `index`.
    #[inline(always)]
    pub(super) fn object(&self, index: u32) -> u32 {
        // SAFETY: `reserve` initialised this field of every entry below `used`.
        unsafe { (*self.pointer(index)).object }
    }

    /// The `link` of the entry at `index`.
    #[inline(always)]
    pub(super) fn link(&self, index: u32) -> u32 {
        // SAFETY: `reserve` initialised this field of every entry below `used`.
        unsafe { (*self.pointer(index)).link }
    }

    /// Whether the entry at `index`, which must be in use, has external bytes. May be true for
    /// a function, which has none.
    #[inline(always)]
    pub(super) fn has_external_bytes(&self, index: u32) -> bool {
        // SAFETY: `reserve` initialised this field of every entry below `used`.
        unsafe { (*self.pointer(index)).external_bytes != 0 }
    }

    /// Whether the entry at `index`, which must be in use, has a finalizer.
    #[inline(always)]
    pub(super) fn has_finalizer(&self, index: u32) -> bool {
        // SAFETY: `insert` initialised this field.
        unsafe { (*self.pointer(index)).finalizer.is_some() }
    }

    /// Sets the state of the entry at `index`.
    #[inline(always)]
    pub(super) fn set(&self, index: u32, object: u32, link: u32) {
        let entry = self.pointer(index);
        // SAFETY: the entry is in the array.
        unsafe {
            (*entry).object = object;
            (*entry).link = link;
        }
    }

    /// Sets the `object` of the entry at `index`.
    #[inline(always)]
    pub(super) fn set_object(&self, index: u32, object: u32) {
        // SAFETY: the entry is in the array.
        unsafe { (*self.pointer(index)).object = object };
    }

    /// Sets the `link` of the entry at `index`.
    #[inline(always)]
    pub(super) fn set_link(&self, index: u32, link: u32) {
        // SAFETY: the entry is in the array.
        unsafe { (*self.pointer(index)).link = link };
    }

    /// Clears the tag and the external bytes of the entry at `index`.
    #[inline(always)]
    pub(super) fn clear(&self, index: u32) {
        let entry = self.pointer(index);
        // SAFETY: the entry is in the array.
        unsafe {
            (*entry).tag = core::ptr::null();
            (*entry).external_bytes = 0;
        }
    }

    /// The entry at `index`, which must be in use or pending.
    #[inline(always)]
    pub(crate) fn read(&self, index: u32) -> HostEntry {
        // SAFETY: `reserve` and `insert` initialised all fields.
        unsafe { self.pointer(index).read() }
    }

    /// Writes the entry at `index`, without its external bytes into the sum.
    pub(super) fn write(&self, index: u32, entry: HostEntry) {
        // SAFETY: the entry is in the array.
        unsafe { self.pointer(index).write(entry) };
    }

    /// Sets the data of the entry at `index`.
    #[inline(always)]
    pub(super) fn set_data(&self, index: u32, data: *mut c_void) {
        // SAFETY: the entry is in the array.
        unsafe { (*self.pointer(index)).data = data };
    }

    /// Whether the table has a free entry.
    #[inline(always)]
    pub(crate) fn has_free(&self) -> bool {
        self.free.get() != END
    }

    /// The index that the next entry will have, given [`HostData::has_free`].
    #[inline(always)]
    pub(crate) fn next(&self) -> u32 {
        self.free.get()
    }

    /// Makes an entry without tag and external bytes, given [`HostData::has_free`];
    /// returns its index.
    #[inline(always)]
    pub(crate) fn insert(
        &self,
        object: GcRef,
        data: *mut c_void,
        finalizer: Option<Finalizer>,
    ) -> u32 {
        let index = self.free.get();
        let entry = self.pointer(index);
        self.take_free(index);
        // SAFETY: the entry is in the array.
        unsafe {
            (*entry).data = data;
            (*entry).finalizer = finalizer;
            (*entry).object = object.raw();
        }
        self.young.mark(index);
        index
    }

    /// Takes the entry at `index`, the first free one, off the free list (OBJECTS-30).
    #[inline(always)]
    fn take_free(&self, index: u32) {
        set_predicted(&self.free, index + 1, || self.link(index));
    }

    /// Makes a function's entry, given [`HostData::has_free`]; returns its index.
    pub(crate) fn insert_function(
        &self,
        object: GcRef,
        function: FunctionEntry,
        finalizer: Option<Finalizer>,
    ) -> u32 {
        let index = self.insert(object, function.env, finalizer);
        let entry = self.pointer(index);
        // SAFETY: the entry is in the array.
        unsafe {
            (*entry).tag = function.callback as *const c_void;
            (*entry).external_bytes = function.type_index.into();
            (*entry).object = object.raw() | FUNCTION;
        }
        index
    }

    /// Sets the tag of the entry at `index`, which must be in use without a box.
    #[inline(always)]
    pub(crate) fn set_tag(&self, index: u32, tag: *const c_void) {
        // SAFETY: the entry is in the array.
        unsafe { (*self.pointer(index)).tag = tag };
    }

    /// Gives the entry at `index`, of a new externref that has its tag, this finalizer.
    pub(crate) fn set_store_finalizer(&self, index: u32, finalizer: Box<StoreFinalizer>) {
        let mut entry = self.read(index);
        entry.set_store_finalizer(finalizer, &self.boxes);
        self.write(index, entry);
        self.boxes.set(self.boxes.get() + 1);
        self.side.add(size_of::<StoreFinalizer>() as u64);
    }

    /// Moves a finalizer to a box of its own.
    ///
    /// Errors: [`Error::SideLimit`], [`Error::SystemMemory`].
    pub(crate) fn boxed(&self, finalizer: StoreFinalizer) -> Result<Box<StoreFinalizer>> {
        self.side.admit(size_of::<StoreFinalizer>() as u64)?;
        fallible::boxed(finalizer)
    }

    /// Makes sure that the table has a free entry.
    ///
    /// Errors: [`Error::Limit`], [`Error::SystemMemory`].
    pub(crate) fn reserve(&self) -> Result<()> {
        if self.has_free() || self.reuse_page() {
            return Ok(());
        }
        let used = self.used.get();
        let needed = used as usize + 1;
        let growth = Growth {
            side: Some(&self.side),
            ..GROWTH
        };
        // SAFETY: nothing refers to an entry: entries are read and written through pointers.
        unsafe { self.entries.grow_with(needed, &growth, MaybeUninit::uninit) }?;
        self.young.fit(self.entries.capacity());
        let refill = used.clamp(LEAST_REFILL, REFILL);
        let end = used.saturating_add(refill).min(self.capacity());
        self.used.set(end);
        self.free.set(used);
        for index in used..end {
            self.clear(index);
            self.set(index, FREE, index + 1);
        }
        self.set(end - 1, FREE, END);
        Ok(())
    }

    /// Puts the entries of a released page on the free list. Returns whether there were any.
    fn reuse_page(&self) -> bool {
        while !self.has_free()
            && let Some(page) = self.released_pages.reuse()
        {
            // A table that shrank and grew has used the entries of the page.
            let end = ((page + 1) * PAGE).min(self.used.get());
            for index in (page * PAGE..end).rev() {
                if self.object(index) == RELEASED {
                    self.clear(index);
                    self.put_on_free_list(index);
                }
            }
        }
        self.has_free()
    }

    #[inline(always)]
    pub(super) fn put_on_free_list(&self, index: u32) {
        let next = self.free.replace(index);
        self.set(index, FREE, next);
    }

    pub(super) fn capacity(&self) -> u32 {
        self.entries.capacity() as u32
    }

    /// The entry of the externref `object`. The index was read from the heap and may be
    /// anything. `None` unless the entry names this object; it is an externref then.
    #[inline(always)]
    pub(crate) fn get(&self, index: u64, object: GcRef) -> Option<HostEntry> {
        debug_assert!(!object.is_odd());
        if index >= self.used.get().into() {
            return None;
        }
        let index = index as u32;
        (self.object(index) == object.raw()).then(|| self.read(index))
    }

    /// The entry of the function `object`, like [`HostData::get`].
    #[inline(always)]
    pub(crate) fn function(&self, index: u64, object: GcRef) -> Option<FunctionEntry> {
        debug_assert!(!object.is_odd());
        if index >= self.used.get().into() || self.object(index as u32) != object.raw() | FUNCTION {
            return None;
        }
        let entry = self.pointer(index as u32);
        // SAFETY: only `insert_function` sets the bit of functions in an entry. It also puts
        // a callback into the tag's place, which nobody changes until the object has died.
        unsafe {
            Some(FunctionEntry {
                env: (*entry).data,
                callback: core::mem::transmute::<*const c_void, Callback>((*entry).tag),
                type_index: (*entry).external_bytes as u32,
            })
        }
    }

    /// Replaces the entry at `index` by a changed copy from [`HostData::get`].
    pub(crate) fn replace(&self, index: u64, entry: HostEntry) {
        let old = self.read(index as u32);
        self.write(index as u32, entry);
        let others = self.external_bytes.get() - u128::from(old.external_bytes);
        self.external_bytes
            .set(others + u128::from(entry.external_bytes));
    }

    /// Memory outside the heap that live objects keep alive. Saturates.
    pub(crate) fn external_bytes(&self) -> u64 {
        u64::try_from(self.external_bytes.get()).unwrap_or(u64::MAX)
    }

    /// Memory outside the heap that is kept by live objects, and by dead objects whose
    /// finalizers wait.
    pub(crate) fn held_bytes(&self) -> u128 {
        self.external_bytes.get() + self.waiting_bytes.get()
    }

    /// The part of [`HostData::held_bytes`] whose finalizers wait. Saturates.
    pub(crate) fn waiting_bytes(&self) -> u64 {
        u64::try_from(self.waiting_bytes.get()).unwrap_or(u64::MAX)
    }

    /// An upper bound of the number of objects and waiting finalizers.
    pub(crate) fn entries_at_most(&self) -> u32 {
        self.capacity()
    }

    /// Gives back memory after a sweep in a major collection, as far as the budget allows.
    pub(crate) fn trim(&self, budget: &mut Budget) -> Progress {
        let mut shrinking = self.shrinking.get();
        let used = self.used.get() as usize;
        let progress = shrinking.end_major(&mut &self.entries, used, budget);
        self.shrinking.set(shrinking);
        progress
    }

    /// Takes the free entries at the end, and whole pages of free entries before them
    /// (HEAP-65), off the free list, and gives them back. There must be no sweep.
    pub(crate) fn give_back(&self) {
        let free = |&index: &u32| matches!(self.object(index), FREE | RELEASED);
        let tail = (0..self.used.get()).rev().take_while(free).count() as u32;
        let used = self.used.get() - tail;
        self.used.set(used);
        self.free.set(END);
        self.release_pages();
        (0..used)
            .rev()
            .filter(|&index| self.object(index) == FREE)
            .for_each(|index| self.put_on_free_list(index));
        room::give_back(&self.entries, used as usize);
    }

    /// Releases the whole pages of free entries, which must not be on the free list. Does
    /// nothing if there is no memory for the list of pages.
    fn release_pages(&self) {
        let end = self.used.get() / PAGE;
        let entries = |page: u32| page * PAGE..(page + 1) * PAGE;
        let is_free = |index| matches!(self.object(index), FREE | RELEASED);
        if self.released_pages.reserve(end).is_err() {
            return;
        }
        let mut run = end;
        for page in (0..=end).rev() {
            if page > 0 && entries(page - 1).all(is_free) {
                entries(page - 1).for_each(|index| self.set(index, RELEASED, 0));
                if !self.released_pages.has(page - 1) {
                    self.released_pages.add(page - 1);
                }
                continue;
            }
            let [first, last] = [page, run].map(|page| (page * PAGE) as usize);
            (&mut &self.entries).discard(first, last);
            run = page.saturating_sub(1);
        }
    }

    /// The bytes of memory that the table has.
    pub(crate) fn side_bytes(&self) -> u64 {
        let links = self.released_pages.side_bytes();
        self.entries.bytes() + links + self.boxes.get() * size_of::<StoreFinalizer>() as u64
    }

    /// The number of entries that belong to live objects.
    pub(crate) fn live(&self) -> u64 {
        let live = |&index: &u32| in_use(self.object(index));
        (0..self.used.get()).filter(live).count() as u64
    }

    /// Checks that each entry is in use, released, or on one of the two lists, once, that
    /// released entries are in listed pages, the boxes of finalizers with a store, and the
    /// sums of external bytes.
    pub(crate) fn check(&self) -> Result<()> {
        if self.used.get() > self.capacity() {
            let used = self.used.get().into();
            return Err(Error::internal("host data beyond its table", used));
        }
        let (free, _) = self.check_list(self.free.get(), &[FREE])?;
        let on_lists = free + self.check_pending()?;
        let released = |&index: &u32| self.object(index) == RELEASED;
        let listed = |index: u32| self.released_pages.has(index / PAGE);
        let is_released = (0..self.used.get()).filter(released);
        let (released, lost) = is_released.fold((0, 0), |(released, lost), index| {
            (released + 1, lost + u64::from(!listed(index)))
        });
        if lost > 0 || !self.released_pages.is_sound() {
            return Err(Error::internal("released host data on no list", lost));
        }
        if on_lists + released + self.live() != self.used.get().into() {
            return Err(Error::internal("host data on no list", on_lists));
        }
        let (mut external, mut waiting, mut boxes) = (0, 0, 0);
        for index in 0..self.used.get() {
            let object = self.object(index);
            if in_use(object) {
                let entry = self.read(index);
                boxes += u64::from(store_finalizer::check(&entry)?);
                external += entry.external_bytes();
            } else if !matches!(object, FREE | RELEASED) {
                waiting += u128::from(self.read(index).external_bytes);
            }
        }
        // Those in the queue are not seen here.
        if boxes > self.boxes.get() {
            return Err(Error::internal("a wrong number of boxes", boxes));
        }
        if external != self.external_bytes.get() {
            let external = self.external_bytes();
            return Err(Error::internal("a wrong sum of external bytes", external));
        }
        if waiting != self.waiting_bytes.get() {
            let waiting = self.waiting_bytes();
            return Err(Error::internal("a wrong sum of waiting bytes", waiting));
        }
        Ok(())
    }

    /// Checks the list from `first` on, whose entries are in one of the states `objects`.
    /// Returns the number of its entries and its last one.
    pub(super) fn check_list(&self, first: u32, objects: &[u32]) -> Result<(u64, u32)> {
        let (mut next, mut count, mut last) = (first, 0, END);
        while next != END {
            let sound = next < self.used.get()
                && objects.contains(&self.object(next))
                && count < u64::from(self.used.get());
            if !sound {
                return Err(Error::internal(
                    "a wrong link in the host table",
                    next.into(),
                ));
            }
            count += 1;
            last = next;
            next = self.link(next);
        }
        Ok((count, last))
    }
}
