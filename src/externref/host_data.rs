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

/// What `link` says of an entry that is in use.
const NEW: u32 = 0;
const OLD: u32 = 1;

/// An externref's host data.
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
    /// The object of an entry in use; 0 of others.
    object: u32,
    /// The next entry of the list that this one is on; of an entry in use
    /// whether it is old: see [`HostData::begin_full_collection`].
    link: u32,
}

impl HostEntry {
    /// An entry for a new object.
    #[inline(always)]
    pub(crate) fn new(object: GcRef, data: *mut c_void, finalizer: Option<Finalizer>) -> HostEntry {
        HostEntry {
            data,
            finalizer,
            tag: core::ptr::null(),
            external_bytes: 0,
            object: object.raw(),
            link: NEW,
        }
    }
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
    external_bytes: Cell<u64>,
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

    /// The entry at `index`, which must be below `used`.
    #[inline(always)]
    fn entry(&self, index: u32) -> *mut HostEntry {
        debug_assert!(index < self.used.get());
        // SAFETY: `used` is at most the capacity.
        unsafe { self.entries.get().add(index as usize).as_ptr() }
    }

    #[inline(always)]
    fn read(&self, index: u32) -> HostEntry {
        // SAFETY: entries below `used` are written.
        unsafe { self.entry(index).read() }
    }

    #[inline(always)]
    fn write(&self, index: u32, entry: HostEntry) {
        // SAFETY: entries below `used` are allocated.
        unsafe { self.entry(index).write(entry) }
    }

    /// The index that the next [`HostData::insert_ready`] uses, if it needs no
    /// slow path.
    #[inline(always)]
    pub(crate) fn ready(&self) -> Option<u32> {
        let index = self.free.get();
        (index != END).then_some(index)
    }

    /// Fills the entry that [`HostData::ready`] gave.
    #[inline(always)]
    pub(crate) fn insert_ready(&self, index: u32, entry: HostEntry) {
        // SAFETY: as in `read`; a free entry's link is the next free one.
        self.free.set(unsafe { (*self.entry(index)).link });
        self.write(index, entry);
    }

    /// Makes sure that an entry is ready.
    ///
    /// Errors: [`Error::Limit`], [`Error::SystemMemory`].
    pub(crate) fn secure(&self) -> Result<u32> {
        if let Some(index) = self.ready() {
            return Ok(index);
        }
        let used = self.used.get();
        if used == self.capacity.get() {
            self.grow()?;
        }
        let end = used.saturating_add(REFILL).min(self.capacity.get());
        self.used.set(end);
        for index in (used..end).rev() {
            self.put_on_free_list(index);
        }
        self.ready().ok_or(Error::internal(
            "a host table that did not grow",
            used.into(),
        ))
    }

    fn put_on_free_list(&self, index: u32) {
        let mut entry = HostEntry::new(GcRef::NULL, core::ptr::null_mut(), None);
        entry.link = self.free.get();
        self.write(index, entry);
        self.free.set(index);
    }

    fn layout(capacity: u32) -> Result<Layout> {
        Layout::array::<HostEntry>(capacity as usize).map_err(|_| fallible::refused(usize::MAX))
    }

    fn grow(&self) -> Result<()> {
        let old = self.capacity.get();
        if old == END {
            return Err(Error::Limit {
                what: "externrefs in a store",
                limit: END.into(),
            });
        }
        let capacity = old.saturating_mul(2).max(FIRST_CAPACITY);
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
    /// and may be anything.
    #[inline(always)]
    pub(crate) fn get(&self, index: u64, object: GcRef) -> Option<HostEntry> {
        if index >= self.used.get().into() {
            return None;
        }
        let entry = self.read(index as u32);
        (entry.object == object.raw()).then_some(entry)
    }

    /// Replaces the entry at `index`, which [`HostData::get`] returned, keeping
    /// its place.
    pub(crate) fn replace(&self, index: u64, entry: HostEntry) {
        self.external_bytes.set(
            self.external_bytes
                .get()
                .saturating_sub(self.read(index as u32).external_bytes)
                .saturating_add(entry.external_bytes),
        );
        self.write(index as u32, entry);
    }

    /// Memory outside the heap that live objects keep alive; saturates.
    pub(crate) fn external_bytes(&self) -> u64 {
        self.external_bytes.get()
    }

    /// Whether finalizers are waiting.
    pub(crate) fn has_pending(&self) -> bool {
        self.pending_first.get() != END
    }

    /// Queues a finalizer that belongs to no object, in the entry that
    /// [`HostData::secure`] gave.
    pub(crate) fn queue(&self, index: u32, data: *mut c_void, finalizer: Finalizer) {
        self.insert_ready(index, HostEntry::new(GcRef::NULL, data, Some(finalizer)));
        self.make_pending(index);
    }

    fn make_pending(&self, index: u32) {
        let mut entry = self.read(index);
        entry.object = 0;
        entry.link = END;
        self.write(index, entry);
        if self.has_pending() {
            let last = self.pending_last.get();
            let mut before = self.read(last);
            before.link = index;
            self.write(last, before);
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

    /// Ends the entry of an object that died.
    fn bury(&self, index: u32, entry: HostEntry) {
        self.external_bytes.set(
            self.external_bytes
                .get()
                .saturating_sub(entry.external_bytes),
        );
        if entry.finalizer.is_some() {
            let old = self.all_old.get() || entry.link == OLD;
            self.old_died.set(self.old_died.get() || old);
            self.make_pending(index);
        } else {
            self.put_on_free_list(index);
        }
    }

    /// Ends the entries of all objects, at the store's end.
    pub(crate) fn bury_all(&self) {
        for index in 0..self.used.get() {
            let entry = self.read(index);
            if entry.object != 0 {
                self.bury(index, entry);
            }
        }
    }

    /// Begins a full collection: objects that are there now are old, those
    /// that finalizers make are not.
    pub(crate) fn begin_full_collection(&self) {
        self.all_old.set(true);
        self.old_died.set(false);
    }

    /// Whether an old object with a finalizer died since this was last asked.
    pub(crate) fn take_old_died(&self) -> bool {
        self.old_died.replace(false)
    }

    /// How many entries belong to live objects.
    pub(crate) fn live(&self) -> u64 {
        (0..self.used.get())
            .filter(|&index| self.read(index).object != 0)
            .count() as u64
    }

    /// Checks that each entry is in use, free or pending, that the lists hold
    /// theirs once, and the sum of external bytes.
    pub(crate) fn check(&self) -> Result<()> {
        if self.used.get() > self.capacity.get() {
            return Err(Error::internal(
                "host data beyond its table",
                self.used.get().into(),
            ));
        }
        let on_lists = self.check_list(self.free.get(), END)?
            + self.check_list(self.pending_first.get(), self.pending_last.get())?;
        if on_lists + self.live() != self.used.get().into() {
            return Err(Error::internal("host data on no list", on_lists));
        }
        let external = (0..self.used.get())
            .map(|index| self.read(index))
            .filter(|entry| entry.object != 0)
            .fold(0_u64, |sum, entry| sum.saturating_add(entry.external_bytes));
        // Once the sum has saturated it is no longer exact.
        if external != self.external_bytes()
            && external != u64::MAX
            && self.external_bytes() < 1 << 63
        {
            return Err(Error::internal("a wrong sum of external bytes", external));
        }
        Ok(())
    }

    /// Counts a list's entries; `last` is checked unless it is [`END`].
    fn check_list(&self, first: u32, last: u32) -> Result<u64> {
        let (mut next, mut count, mut newest) = (first, 0, END);
        while next != END {
            if next >= self.used.get()
                || self.read(next).object != 0
                || count > u64::from(self.used.get())
            {
                return Err(Error::internal(
                    "a wrong link in the host table",
                    next.into(),
                ));
            }
            count += 1;
            newest = next;
            next = self.read(next).link;
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
        for index in 0..self.used.get() {
            let mut entry = self.read(index);
            if entry.object == 0 {
                continue;
            }
            match survivors.get(GcRef::from_raw(entry.object))? {
                Some(new) => {
                    entry.object = new.raw();
                    if self.all_old.get() {
                        entry.link = OLD;
                    }
                    self.write(index, entry);
                }
                None => self.bury(index, entry),
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
