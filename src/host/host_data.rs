//! The host-data table: what externrefs and functions refer to, and the queue of
//! finalizers.
//!
//! An entry is in one of three states: free, owned by a live object, or
//! pending: its object died and its finalizer waits to run. Free and pending
//! entries are linked through the table itself, so that a collection needs no
//! memory to queue any number of finalizers (`finalizer.exactly-once`).
//!
//! A collection sweeps the table instead of walking the dead: an entry whose
//! object was not forwarded is freed, or made pending if it has a finalizer. The
//! sweep also links the free entries anew, in their order, and leaves out those
//! at the end, so that the table shrinks when most of its objects have died.

use core::alloc::Layout;
use core::cell::Cell;
use core::ffi::c_void;
use core::ptr::NonNull;

use crate::base::fallible;
use crate::error::{Error, Result};
use crate::heap::{Budget, GcRef, HEAP_MAX, LEAST_BYTES, LOOKUP, Liveness, Progress, WeakTable};
use crate::host::Callback;

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

/// What `object` has beside the object's bits if that is a function. So an externref's
/// entry is never taken for a function's, nor the other way round, whatever stands in
/// the heap.
const FUNCTION: u32 = 1;

/// What `object` says of an entry that is not in use: neither an object's bits, with
/// [`FUNCTION`] or without, nor null's. No object is at the base, or so near the end of
/// what references address that the least object would not fit.
const FREE: u32 = FUNCTION;
const PENDING: u32 = u32::MAX;
/// Pending, and old: see [`HostData::begin_full_collection`].
const PENDING_OLD: u32 = u32::MAX - 1;

const _: () = assert!((HEAP_MAX - LEAST_BYTES as u64) / 4 < (PENDING_OLD & !FUNCTION) as u64);

const fn in_use(object: u32) -> bool {
    !matches!(object, FREE | PENDING | PENDING_OLD)
}

const fn is_function(object: u32) -> bool {
    in_use(object) && object & FUNCTION != 0
}

/// An object's host data. An entry that is not in use has no tag and no external
/// bytes, so that making one need not say so; its `data` and `finalizer` mean
/// something only while it is pending.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct HostEntry {
    /// The host's pointer.
    pub(crate) data: *mut c_void,
    /// Runs after the object's death.
    pub(crate) finalizer: Option<Finalizer>,
    /// Tells the host's types apart; null is untagged. Of a function its callback.
    pub(crate) tag: *const c_void,
    /// Memory outside the heap that the object keeps alive. Of a function the index of
    /// its type.
    pub(crate) external_bytes: u64,
    /// The object of an entry in use, with [`FUNCTION`] if it is one; or [`FREE`],
    /// [`PENDING`], [`PENDING_OLD`].
    object: u32,
    /// The next entry of the list that this one is on; of an entry in use
    /// whether it is old: see [`HostData::begin_full_collection`].
    link: u32,
}

impl HostEntry {
    /// The external bytes, which a function does not have.
    fn external_bytes(&self) -> u128 {
        if is_function(self.object) {
            0
        } else {
            self.external_bytes.into()
        }
    }
}

/// What a function's entry knows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FunctionEntry {
    /// The host's pointer.
    pub(crate) env: *mut c_void,
    /// What is called.
    pub(crate) callback: Callback,
    /// The index of its type.
    pub(crate) type_index: u32,
}

/// A store's host data. Indices of entries stand in the heap's externrefs and functions.
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
    /// Whether the finalizer of an old entry was taken since this was last asked.
    old_taken: Cell<bool>,
    sweep: Cell<Option<Sweep>>,
}

/// A sweep that is under way, from the last entry to the first.
#[derive(Clone, Copy, Debug)]
struct Sweep {
    /// Entries from here on have been swept.
    at: u32,
    /// Those of them from here on are free, and leave the table.
    used: u32,
    /// The first of the other free ones.
    free: u32,
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
            old_taken: Cell::new(false),
            sweep: Cell::new(None),
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

    /// The object of the entry at `index`, or what says that it has none.
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

    /// Sets what the entry at `index` is, and the next one of its list.
    #[inline(always)]
    fn set(&self, index: u32, object: u32, link: u32) {
        let entry = self.pointer(index);
        // SAFETY: allocated.
        unsafe {
            (*entry).object = object;
            (*entry).link = link;
        }
    }

    /// Takes the tag and the external bytes from the entry at `index`.
    #[inline(always)]
    fn clear(&self, index: u32) {
        let entry = self.pointer(index);
        // SAFETY: allocated.
        unsafe {
            (*entry).tag = core::ptr::null();
            (*entry).external_bytes = 0;
        }
    }

    /// The entry at `index`, which must be in use or pending.
    #[inline(always)]
    fn read(&self, index: u32) -> HostEntry {
        // SAFETY: `insert` initialised all of it.
        unsafe { self.pointer(index).read() }
    }

    /// Whether [`HostData::insert`] may be called.
    #[inline(always)]
    pub(crate) fn has_free(&self) -> bool {
        self.free.get() != END
    }

    /// The index of the next entry to be made, given [`HostData::has_free`].
    #[inline(always)]
    pub(crate) fn next(&self) -> u32 {
        self.free.get()
    }

    /// Makes an entry, given [`HostData::has_free`], without tag and external bytes;
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
        self.free.set(self.link(index));
        // SAFETY: allocated.
        unsafe {
            (*entry).data = data;
            (*entry).finalizer = finalizer;
            (*entry).object = object.raw();
        }
        index
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
        // SAFETY: allocated.
        unsafe {
            (*entry).tag = function.callback as *const c_void;
            (*entry).external_bytes = function.type_index.into();
            (*entry).object = object.raw() | FUNCTION;
        }
        index
    }

    /// Sets the tag of the entry at `index`, which must be in use.
    #[inline(always)]
    pub(crate) fn set_tag(&self, index: u32, tag: *const c_void) {
        // SAFETY: allocated.
        unsafe { (*self.pointer(index)).tag = tag };
    }

    /// Makes sure that an entry is ready.
    ///
    /// Errors: [`Error::Limit`], [`Error::SystemMemory`].
    pub(crate) fn reserve(&self) -> Result<()> {
        if self.has_free() {
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
            self.clear(index);
            self.set(index, FREE, index + 1);
        }
        self.set(end - 1, FREE, END);
        Ok(())
    }

    #[inline(always)]
    fn put_on_free_list(&self, index: u32) {
        let next = self.free.replace(index);
        self.set(index, FREE, next);
    }

    fn layout(capacity: u32) -> Result<Layout> {
        Layout::array::<HostEntry>(capacity as usize).map_err(|_| fallible::refused(usize::MAX))
    }

    fn grow(&self) -> Result<()> {
        let old = self.capacity.get();
        if old >= CAPACITY_MAX {
            return Err(Error::Limit {
                what: "externrefs and functions in a store",
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
        debug_assert!(!object.is_odd());
        if index >= self.used.get().into() {
            return None;
        }
        let index = index as u32;
        (self.object(index) == object.raw()).then(|| self.read(index))
    }

    /// [`HostData::get`] for a function.
    #[inline(always)]
    pub(crate) fn function(&self, index: u64, object: GcRef) -> Option<FunctionEntry> {
        debug_assert!(!object.is_odd());
        if index >= self.used.get().into() || self.object(index as u32) != object.raw() | FUNCTION {
            return None;
        }
        let entry = self.pointer(index as u32);
        // SAFETY: what the entry says of its object only `insert_function` writes, which
        // puts a callback into the tag's place. Nothing else changes that until the
        // object has died.
        unsafe {
            Some(FunctionEntry {
                env: (*entry).data,
                callback: core::mem::transmute::<*const c_void, Callback>((*entry).tag),
                type_index: (*entry).external_bytes as u32,
            })
        }
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
        self.capacity.get()
    }

    /// Queues a finalizer that belongs to no object, given
    /// [`HostData::has_free`].
    pub(crate) fn queue(&self, data: *mut c_void, finalizer: Finalizer) {
        let index = self.insert(GcRef::NULL, data, Some(finalizer));
        self.make_pending(index, PENDING);
    }

    /// Puts the entry at `index` at the end of the queue, as `PENDING` or
    /// `PENDING_OLD`.
    fn make_pending(&self, index: u32, object: u32) {
        self.set(index, object, END);
        if self.has_pending() {
            let last = self.pending_last.get();
            self.set(last, self.object(last), index);
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
        if entry.object == PENDING_OLD {
            self.old_taken.set(true);
        }
        self.pending_first.set(entry.link);
        self.put_on_free_list(index);
        Some((entry.finalizer?, entry.data))
    }

    /// Ends the entry of an object that died: it becomes pending, or, if it has
    /// no finalizer, free, which this leaves to the caller.
    #[inline(always)]
    fn on_death(&self, index: u32) -> bool {
        let entry = self.read(index);
        let external_bytes = entry.external_bytes();
        if external_bytes > 0 {
            self.external_bytes
                .set(self.external_bytes.get() - external_bytes);
        }
        self.clear(index);
        if entry.finalizer.is_some() {
            let old = entry.link == OLD || self.all_old.get();
            self.make_pending(index, if old { PENDING_OLD } else { PENDING });
        }
        entry.finalizer.is_none()
    }

    /// Ends the entries of all objects, at the store's end. An unfinished sweep has left
    /// each entry in one of its states.
    pub(crate) fn on_store_end(&self) {
        for index in 0..self.used.get() {
            if in_use(self.object(index)) && self.on_death(index) {
                self.put_on_free_list(index);
            }
        }
    }

    /// Begins a full collection: objects that are there now, and finalizers that
    /// wait, are old; what finalizers make is not.
    pub(crate) fn begin_full_collection(&self) {
        self.all_old.set(true);
        self.old_taken.set(false);
        let mut next = self.pending_first.get();
        while next != END {
            self.set(next, PENDING_OLD, self.link(next));
            next = self.link(next);
        }
    }

    /// Whether a finalizer that is old was taken since this was last asked.
    pub(crate) fn take_old_taken(&self) -> bool {
        self.old_taken.replace(false)
    }

    /// How many entries a sweep goes over.
    pub(crate) fn swept(&self) -> u64 {
        self.used.get().into()
    }

    /// Gives memory back if most of the table is unused. If the system refuses
    /// to, the table stays as it is.
    fn shrink(&self) {
        let (old, capacity) = (self.capacity.get(), self.used.get().max(FIRST_CAPACITY));
        if capacity >= old / 4 {
            return;
        }
        let capacity = capacity * 2;
        let (Ok(old_layout), Ok(layout)) = (Self::layout(old), Self::layout(capacity)) else {
            return;
        };
        // SAFETY: allocated with the old layout; the new size is less, and not 0.
        let memory = unsafe {
            let entries = self.entries.get().as_ptr().cast();
            std::alloc::realloc(entries, old_layout, layout.size())
        };
        if let Some(entries) = NonNull::new(memory.cast()) {
            self.entries.set(entries);
            self.capacity.set(capacity);
        }
    }

    /// How many entries belong to live objects.
    pub(crate) fn live(&self) -> u64 {
        let live = |&index: &u32| in_use(self.object(index));
        (0..self.used.get()).filter(live).count() as u64
    }

    /// Checks that each entry is in use, free or pending, that the lists hold
    /// theirs once, and the sum of external bytes.
    pub(crate) fn check(&self) -> Result<()> {
        if self.used.get() > self.capacity.get() {
            let used = self.used.get().into();
            return Err(Error::internal("host data beyond its table", used));
        }
        let (free, pending) = (self.free.get(), self.pending_first.get());
        let on_lists = self.check_list(free, END, &[FREE])?
            + self.check_list(pending, self.pending_last.get(), &[PENDING, PENDING_OLD])?;
        if on_lists + self.live() != self.used.get().into() {
            return Err(Error::internal("host data on no list", on_lists));
        }
        let mut external = 0;
        for index in 0..self.used.get() {
            if in_use(self.object(index)) {
                external += self.read(index).external_bytes();
            }
        }
        if external != self.external_bytes.get() {
            let external = self.external_bytes();
            return Err(Error::internal("a wrong sum of external bytes", external));
        }
        Ok(())
    }

    /// Counts the entries of a list of such `objects`; `last` is checked unless
    /// it is [`END`].
    fn check_list(&self, first: u32, last: u32, objects: &[u32]) -> Result<u64> {
        let (mut next, mut count, mut newest) = (first, 0, END);
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

impl HostData {
    /// Goes on with a sweep down to the entry at `stop`.
    fn sweep_to(&self, stop: u32, sweep: &mut Sweep, liveness: Liveness<'_>) -> Result<()> {
        let all_old = self.all_old.get();
        let Sweep {
            mut used, mut free, ..
        } = *sweep;
        for index in (stop..sweep.at).rev() {
            let object = self.object(index);
            let is_free = if in_use(object) {
                match liveness.current_ref(GcRef::from_raw(object & !FUNCTION))? {
                    Some(new) => {
                        let link = if all_old { OLD } else { self.link(index) };
                        self.set(index, new.raw() | object & FUNCTION, link);
                        false
                    }
                    None => self.on_death(index),
                }
            } else {
                object == FREE
            };
            if is_free && index + 1 == used {
                used = index;
            } else if is_free {
                self.set(index, FREE, free);
                free = index;
            }
        }
        *sweep = Sweep {
            at: stop,
            used,
            free,
        };
        Ok(())
    }
}

impl WeakTable for &HostData {
    fn sweep(&mut self, liveness: &Liveness<'_>, budget: &mut Budget) -> Result<Progress> {
        let used = self.used.get();
        let mut sweep = self.sweep.get().unwrap_or(Sweep {
            at: used,
            used,
            free: END,
        });
        let now = budget.take(sweep.at as usize, LOOKUP) as u32;
        // A copy, which stores to entries do not change.
        self.sweep_to(sweep.at - now, &mut sweep, *liveness)?;
        if sweep.at > 0 {
            self.sweep.set(Some(sweep));
            return Ok(Progress::Continue);
        }
        self.sweep.set(None);
        self.used.set(sweep.used);
        self.free.set(sweep.free);
        self.all_old.set(false);
        self.shrink();
        Ok(Progress::Complete)
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
