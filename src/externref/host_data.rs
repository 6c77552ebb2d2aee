//! The host-data table: what externrefs refer to, and the queue of finalizers.
//!
//! An entry is in one of three states: free, owned by a live externref, or
//! pending: its object died and its finalizer waits to run. Free and pending
//! entries are linked through the table itself, so that a collection needs no
//! memory to queue any number of finalizers (`finalizer.exactly-once`).
//!
//! A collection sweeps the table instead of walking the dead: an entry whose
//! object was not forwarded is freed, or made pending if it has a finalizer.

use core::alloc::Layout;
use core::cell::Cell;
use core::ffi::c_void;
use core::ptr::NonNull;

use crate::error::{Error, Result};
use crate::fallible;
use crate::heap::{GcRef, Survivors, WeakTable};

/// What runs when an object has died.
pub(crate) type Finalizer = unsafe extern "C" fn(data: *mut c_void);

/// The end of the free and of the pending list.
const END: u32 = u32::MAX;

/// Free entries linked at a time.
const REFILL: u32 = 256;

/// The capacity that the first growth gives.
const FIRST_CAPACITY: u32 = 64;

/// What `link` says of an entry in use that is old. Any other value says new:
/// inserting leaves the link as it was on the free list.
const OLD: u32 = END - 1;

/// The most entries, so that `link` can tell them from [`OLD`] and [`END`].
const CAPACITY_MAX: u32 = OLD;

/// What `object` says of an entry that is not in use: no externref's bits. (The
/// granule that these bits name ends at the last byte that references address,
/// and an externref is larger.) Not 0, so that null finds no entry.
const NONE: u32 = u32::MAX - 1;

/// An externref's host data. Of an entry that is not in use only `object` and
/// `link` mean something, while it is pending also `data` and `finalizer`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct HostEntry {
    /// The host's pointer.
    pub(crate) data: *mut c_void,
    /// Runs after the object's death.
    pub(crate) finalizer: Option<Finalizer>,
    /// Tells the host's types apart; null is untagged.
    pub(crate) tag: *const c_void,
    /// Memory outside the heap that the object keeps alive.
    pub(crate) external_bytes: u64,
    /// The object of an entry in use, or [`NONE`].
    object: u32,
    /// The next entry of the list that this one is on; of an entry in use
    /// whether it is old: see [`HostData::begin_full_collection`].
    link: u32,
}

/// A store's host data. Indices of entries stand in the heap's externrefs.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct HostData {
    entries: Cell<NonNull<HostEntry>>,
    used: Cell<u32>,
    free: Cell<u32>,
    capacity: Cell<u32>,
    pending_first: Cell<u32>,
    pending_last: Cell<u32>,
    /// The sum over entries in use; wide enough never to overflow.
    external_bytes: Cell<u128>,
    /// The next sweep takes every entry for old, and marks the survivors so.
    all_old: Cell<bool>,
    /// Whether an old entry with a finalizer died since this was last asked.
    old_died: Cell<bool>,
}

impl HostData {
    /// An empty table, which allocates nothing.
    pub(crate) const fn new() -> HostData {
        HostData {
            entries: Cell::new(NonNull::dangling()),
            used: Cell::new(0),
            free: Cell::new(END),
            capacity: Cell::new(0),
            pending_first: Cell::new(END),
            pending_last: Cell::new(END),
            external_bytes: Cell::new(0),
            all_old: Cell::new(false),
            old_died: Cell::new(false),
        }
    }

    /// Where the entry at `index` is, which must be below `used`. Fields are read
    /// and written through the pointer, one at a time: of an entry that was
    /// never in use only `object` and `link` are initialised, so that no
    /// reference to it may exist.
    #[inline(always)]
    fn pointer(&self, index: u32) -> *mut HostEntry {
        debug_assert!(index < self.used.get());
        // SAFETY: `used` is at most the capacity.
        unsafe { self.entries.get().add(index as usize).as_ptr() }
    }

    /// The object of the entry at `index`, or [`NONE`].
    #[inline(always)]
    fn object(&self, index: u32) -> u32 {
        // SAFETY: initialised in every entry below `used`.
        unsafe { (*self.pointer(index)).object }
    }

    /// The link of the entry at `index`.
    #[inline(always)]
    fn link(&self, index: u32) -> u32 {
        // SAFETY: initialised in every entry below `used`.
        unsafe { (*self.pointer(index)).link }
    }

    /// Takes the entry at `index` out of use, with `link` to the next of a list.
    #[inline(always)]
    fn set_unused(&self, index: u32, link: u32) {
        let entry = self.pointer(index);
        // SAFETY: allocated.
        unsafe {
            (*entry).object = NONE;
            (*entry).link = link;
        }
    }

    /// The entry at `index`, which must be in use or pending.
    #[inline(always)]
    fn read(&self, index: u32) -> HostEntry {
        // SAFETY: `insert_ready` initialised all of it.
        unsafe { self.pointer(index).read() }
    }

    /// Whether [`HostData::insert_ready`] may be called.
    #[inline(always)]
    pub(crate) fn ready(&self) -> bool {
        self.free.get() != END
    }

    /// Makes an entry, given [`HostData::ready`], without tag and external bytes;
    /// returns its index.
    #[inline(always)]
    pub(crate) fn insert_ready(
        &self,
        object: GcRef,
        data: *mut c_void,
        finalizer: Option<Finalizer>,
    ) -> u32 {
        let index = self.free.get();
        let (entry, next) = (self.pointer(index), self.link(index));
        // SAFETY: allocated.
        unsafe {
            (*entry).data = data;
            (*entry).finalizer = finalizer;
            (*entry).tag = core::ptr::null();
            (*entry).external_bytes = 0;
            (*entry).object = object.raw();
        }
        self.free.set(next);
        index
    }

    /// Makes sure that an entry is ready.
    ///
    /// Errors: [`Error::Limit`], [`Error::SystemMemory`].
    pub(crate) fn secure(&self) -> Result<()> {
        if self.ready() {
            return Ok(());
        }
        let used = self.used.get();
        if used == self.capacity.get() {
            self.grow()?;
        }
        let end = used.saturating_add(REFILL).min(self.capacity.get());
        self.used.set(end);
        self.free.set(used);
        for index in used..end {
            self.set_unused(index, index + 1);
        }
        self.set_unused(end - 1, END);
        Ok(())
    }

    #[inline(always)]
    fn put_on_free_list(&self, index: u32) {
        let next = self.free.replace(index);
        self.set_unused(index, next);
    }

    fn layout(capacity: u32) -> Result<Layout> {
        Layout::array::<HostEntry>(capacity as usize).map_err(|_| fallible::refused(usize::MAX))
    }

    fn grow(&self) -> Result<()> {
        let old = self.capacity.get();
        if old == CAPACITY_MAX {
            return Err(Error::Limit {
                what: "externrefs in a store",
                limit: CAPACITY_MAX.into(),
            });
        }
        let capacity = old.saturating_mul(2).clamp(FIRST_CAPACITY, CAPACITY_MAX);
        let layout = Self::layout(capacity)?;
        let old_layout = Self::layout(old)?;
        // SAFETY: the layouts are of the same alignment, the new size is not 0,
        // and the old memory, if any, was allocated with the old layout.
        let memory = unsafe {
            if old == 0 {
                std::alloc::alloc(layout)
            } else {
                let entries = self.entries.get().as_ptr().cast();
                std::alloc::realloc(entries, old_layout, layout.size())
            }
        };
        let entries = NonNull::new(memory.cast()).ok_or(fallible::refused(layout.size()))?;
        self.entries.set(entries);
        self.capacity.set(capacity);
        Ok(())
    }

    /// The entry of the externref `object`, whose index was read from the heap
    /// and may be anything. `None` unless the entry says that it is this
    /// object's, which proves that it is an externref.
    #[inline(always)]
    pub(crate) fn get(&self, index: u64, object: GcRef) -> Option<HostEntry> {
        if index >= self.used.get().into() {
            return None;
        }
        let index = index as u32;
        (self.object(index) == object.raw()).then(|| self.read(index))
    }

    /// Replaces the entry at `index`, which [`HostData::get`] returned, keeping
    /// its place.
    pub(crate) fn replace(&self, index: u64, entry: HostEntry) {
        let old = self.read(index as u32);
        // SAFETY: allocated.
        unsafe { self.pointer(index as u32).write(entry) };
        let others = self.external_bytes.get() - u128::from(old.external_bytes);
        self.external_bytes
            .set(others + u128::from(entry.external_bytes));
    }

    /// Memory outside the heap that live objects keep alive; saturates.
    pub(crate) fn external_bytes(&self) -> u64 {
        u64::try_from(self.external_bytes.get()).unwrap_or(u64::MAX)
    }

    /// Whether finalizers are waiting.
    pub(crate) fn has_pending(&self) -> bool {
        self.pending_first.get() != END
    }

    /// At least as many as there are objects and waiting finalizers.
    pub(crate) fn entries_at_most(&self) -> u32 {
        self.used.get()
    }

    /// Queues a finalizer that belongs to no object, given
    /// [`HostData::ready`].
    pub(crate) fn queue(&self, data: *mut c_void, finalizer: Finalizer) {
        let index = self.insert_ready(GcRef::NULL, data, Some(finalizer));
        self.make_pending(index);
    }

    fn make_pending(&self, index: u32) {
        self.set_unused(index, END);
        if self.has_pending() {
            self.set_unused(self.pending_last.get(), index);
        } else {
            self.pending_first.set(index);
        }
        self.pending_last.set(index);
    }

    /// Takes the first waiting finalizer off the queue.
    pub(crate) fn take_pending(&self) -> Option<(Finalizer, *mut c_void)> {
        if !self.has_pending() {
            return None;
        }
        let index = self.pending_first.get();
        let entry = self.read(index);
        self.pending_first.set(entry.link);
        self.put_on_free_list(index);
        Some((entry.finalizer?, entry.data))
    }

    /// Tells the entry at `index` where its object is now.
    #[inline(always)]
    fn moved(&self, index: u32, new: GcRef, old: bool) {
        let entry = self.pointer(index);
        // SAFETY: allocated.
        unsafe {
            (*entry).object = new.raw();
            if old {
                (*entry).link = OLD;
            }
        }
    }

    /// Ends the entry of an object that died.
    #[inline(always)]
    fn bury(&self, index: u32) {
        let entry = self.read(index);
        if entry.external_bytes > 0 {
            let left = self.external_bytes.get() - u128::from(entry.external_bytes);
            self.external_bytes.set(left);
        }
        if entry.finalizer.is_none() {
            return self.put_on_free_list(index);
        }
        if entry.link == OLD || self.all_old.get() {
            self.old_died.set(true);
        }
        self.make_pending(index);
    }

    /// Ends the entries of all objects, at the store's end.
    pub(crate) fn bury_all(&self) {
        for index in 0..self.used.get() {
            if self.object(index) != NONE {
                self.bury(index);
            }
        }
    }

    /// Begins a full collection: objects that are there now, and finalizers that
    /// wait, are old; what finalizers make is not.
    pub(crate) fn begin_full_collection(&self) {
        self.all_old.set(true);
        self.old_died.set(self.has_pending());
    }

    /// Whether an old object with a finalizer died since this was last asked.
    pub(crate) fn take_old_died(&self) -> bool {
        self.old_died.replace(false)
    }

    /// How many entries belong to live objects.
    pub(crate) fn live(&self) -> u64 {
        let in_use = |&index: &u32| self.object(index) != NONE;
        (0..self.used.get()).filter(in_use).count() as u64
    }

    /// Checks that each entry is in use, free or pending, that the lists hold
    /// theirs once, and the sum of external bytes.
    pub(crate) fn check(&self) -> Result<()> {
        if self.used.get() > self.capacity.get() {
            let used = self.used.get().into();
            return Err(Error::internal("host data beyond its table", used));
        }
        let on_lists = self.check_list(self.free.get(), END)?
            + self.check_list(self.pending_first.get(), self.pending_last.get())?;
        if on_lists + self.live() != self.used.get().into() {
            return Err(Error::internal("host data on no list", on_lists));
        }
        let mut external = 0;
        for index in 0..self.used.get() {
            if self.object(index) != NONE {
                external += u128::from(self.read(index).external_bytes);
            }
        }
        if external != self.external_bytes.get() {
            let external = self.external_bytes();
            return Err(Error::internal("a wrong sum of external bytes", external));
        }
        Ok(())
    }

    /// Counts a list's entries; `last` is checked unless it is [`END`].
    fn check_list(&self, first: u32, last: u32) -> Result<u64> {
        let (mut next, mut count, mut newest) = (first, 0, END);
        while next != END {
            let sound = next < self.used.get()
                && self.object(next) == NONE
                && count < u64::from(self.used.get());
            if !sound {
                return Err(Error::internal(
                    "a wrong link in the host table",
                    next.into(),
                ));
            }
            count += 1;
            newest = next;
            next = self.link(next);
        }
        if last != END && count > 0 && newest != last {
            return Err(Error::internal(
                "a wrong end of the finalizers' queue",
                last.into(),
            ));
        }
        Ok(count)
    }
}

impl WeakTable for &HostData {
    fn sweep(&mut self, survivors: &Survivors<'_>) -> Result<()> {
        // Copies, which stores to entries do not change.
        let survivors = *survivors;
        let all_old = self.all_old.get();
        for index in 0..self.used.get() {
            let object = self.object(index);
            if object == NONE {
                continue;
            }
            match survivors.get(GcRef::from_raw(object))? {
                Some(new) => self.moved(index, new, all_old),
                None => self.bury(index),
            }
        }
        self.all_old.set(false);
        Ok(())
    }
}

impl Drop for HostData {
    fn drop(&mut self) {
        if self.capacity.get() == 0 {
            return;
        }
        if let Ok(layout) = Self::layout(self.capacity.get()) {
            // SAFETY: the entries were allocated with this layout.
            unsafe { std::alloc::dealloc(self.entries.get().as_ptr().cast(), layout) };
        }
    }
}
