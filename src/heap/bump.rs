//! Bump allocation: the window in which the mutator makes objects.
//!
//! An allocation takes `bytes` at `next` if they end at or before `limit`, without a call
//! into the heap. The heap owns the memory and sets the other fields. `limit` is the
//! least of four bounds: the end of the window, the budget until the next collection, the
//! last granule of the segment, and 0 while the slow path must see every allocation. So the
//! slow path sees each object that reaches the border of a segment (HEAP-58).
//!
//! The window is either all of the heap that is not in use yet, or one free block in it. The
//! heap also tells the allocator how many bytes are in use outside of the window.

use core::cell::Cell;
use core::mem::offset_of;

use super::reference::GRANULE;
use super::segment_starts::segment_end;
use crate::error::{Error, Result};

/// The window for new objects.
///
/// Invariant: `start <= next <= end`, objects fill `start .. next` without a gap, and
/// `start .. end` is committed memory of the heap.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct BumpAllocator {
    next: Cell<u64>,
    limit: Cell<u64>,
    objects: Cell<u64>,
    start: Cell<u64>,
    end: Cell<u64>,
    /// The bytes that are in use outside of the window.
    used_elsewhere: Cell<u64>,
    /// The part of those bytes that was allocated since the last collection.
    allocated_elsewhere: Cell<u64>,
    /// Where the budget until the next collection ends.
    budget_end: Cell<u64>,
    /// Where `next` was when the window was set. The window's objects from here on were
    /// allocated since the last collection.
    after_collection: Cell<u64>,
    slow_path_forced: Cell<bool>,
}

impl BumpAllocator {
    /// Where compiled code finds the fields.
    pub(super) const NEXT_AT: usize = offset_of!(BumpAllocator, next);
    pub(super) const LIMIT_AT: usize = offset_of!(BumpAllocator, limit);
    pub(super) const OBJECTS_AT: usize = offset_of!(BumpAllocator, objects);
    pub(super) const END_AT: usize = offset_of!(BumpAllocator, end);

    /// An allocator without a window: every allocation takes the slow path.
    pub(super) const fn new() -> BumpAllocator {
        BumpAllocator {
            next: Cell::new(0),
            limit: Cell::new(0),
            objects: Cell::new(0),
            start: Cell::new(0),
            end: Cell::new(0),
            used_elsewhere: Cell::new(0),
            allocated_elsewhere: Cell::new(0),
            budget_end: Cell::new(0),
            after_collection: Cell::new(0),
            slow_path_forced: Cell::new(false),
        }
    }

    /// Sets the window, of which `start..next` is in use, and its budget to all of it.
    pub(super) fn set_window(&self, start: u64, next: u64, end: u64) {
        self.start.set(start);
        self.next.set(next);
        self.after_collection.set(next);
        self.end.set(end);
        self.set_budget_end(end);
    }

    /// Replaces the window by an empty one at `at`. The next allocation takes the slow path.
    pub(super) fn take_window(&self, at: u64) {
        let (used, allocated) = (self.used_bytes(), self.allocated_bytes());
        self.used_elsewhere.set(used);
        self.allocated_elsewhere.set(allocated);
        self.set_window(at, at, at);
    }

    /// Sets the counts after a collection: the number of live objects, and the bytes in
    /// use outside of the window.
    pub(crate) fn set_survivors(&self, used_elsewhere: u64, objects: u64) {
        self.used_elsewhere.set(used_elsewhere);
        self.allocated_elsewhere.set(0);
        self.objects.set(objects);
    }

    /// Sets the counts after a minor collection of a nursery: `used` bytes and `objects` objects
    /// are in the heap, `allocated` of the bytes since the last major collection.
    pub(crate) fn set_after_minor(&self, used: u64, allocated: u64, objects: u64) {
        self.used_elsewhere.set(used);
        self.allocated_elsewhere.set(allocated);
        self.objects.set(objects);
    }

    /// Moves the window's end, and the budget's end with it.
    pub(super) fn set_end(&self, end: u64) {
        assert!(self.next.get() <= end);
        self.end.set(end);
        self.set_budget_end(end);
    }

    /// Ends the budget at `end`, or at the window's end if that is less.
    pub(crate) fn set_budget_end(&self, end: u64) {
        self.budget_end
            .set(end.clamp(self.next.get(), self.end.get()));
        self.update_limit();
    }

    /// Sends every allocation to the slow path, or stops doing so.
    pub(crate) fn force_slow_path(&self, on: bool) {
        self.slow_path_forced.set(on);
        self.update_limit();
    }

    fn update_limit(&self) {
        let limit = if self.slow_path_forced.get() {
            0
        } else {
            let before_border = segment_end(self.next.get()) - GRANULE;
            self.budget_end.get().min(before_border)
        };
        self.limit.set(limit);
    }

    /// Where the next object of `bytes`, a multiple of the granule, goes; `None` if the
    /// slow path must allocate it. [`BumpAllocator::advance`] takes the bytes.
    #[inline(always)]
    pub(crate) fn room(&self, bytes: u64) -> Option<u64> {
        let next = self.next.get();
        (next + bytes <= self.limit.get()).then_some(next)
    }

    /// Completes an allocation of `bytes` at [`BumpAllocator::room`].
    #[inline(always)]
    pub(crate) fn advance(&self, bytes: u64) {
        self.next.set(self.next.get() + bytes);
        self.objects.set(self.objects.get() + 1);
    }

    /// Takes `bytes` if the budget has them, even while the slow path is forced.
    pub(crate) fn bump_within_budget(&self, bytes: u64) -> Option<u64> {
        if !self.has_budget(bytes) {
            return None;
        }
        let next = self.next.get();
        self.advance(bytes);
        self.update_limit();
        Some(next)
    }

    /// Whether the budget has `bytes`.
    pub(crate) fn has_budget(&self, bytes: u64) -> bool {
        bytes <= self.budget_end.get() - self.next.get()
    }

    /// Takes back the object of `bytes` at `offset` if it is the newest.
    pub(crate) fn unbump(&self, offset: u64, bytes: u64) -> bool {
        let is_newest =
            offset >= self.start.get() && offset.checked_add(bytes) == Some(self.next.get());
        if is_newest {
            self.next.set(offset);
            self.update_limit();
            self.forget_object();
        }
        is_newest
    }

    /// Counts an object of `bytes` that was allocated outside of the window.
    pub(crate) fn count_elsewhere(&self, bytes: u64) {
        self.used_elsewhere.set(self.used_elsewhere.get() + bytes);
        let allocated = self.allocated_elsewhere.get();
        self.allocated_elsewhere.set(allocated + bytes);
        self.objects.set(self.objects.get() + 1);
    }

    /// Subtracts an object of `bytes` outside of the window, whose memory is free now.
    pub(crate) fn forget_elsewhere(&self, bytes: u64) {
        self.used_elsewhere.set(self.used_elsewhere.get() - bytes);
        self.forget_object();
    }

    /// Subtracts old objects, whose memory is free now.
    pub(crate) fn forget_swept(&self, bytes: u64, objects: u64) {
        let used = self.used_elsewhere.get();
        self.used_elsewhere.set(used.saturating_sub(bytes));
        self.objects.set(self.objects.get().saturating_sub(objects));
    }

    /// Subtracts bytes of what was allocated since the last collection.
    pub(crate) fn forget_allocated(&self, bytes: u64) {
        let allocated = self.allocated_elsewhere.get();
        self.allocated_elsewhere
            .set(allocated.saturating_sub(bytes));
    }

    /// Subtracts one object, whose memory is free now.
    pub(crate) fn forget_object(&self) {
        self.objects.set(self.objects.get() - 1);
    }

    /// Where the window starts.
    pub(crate) fn start(&self) -> u64 {
        self.start.get()
    }

    /// Where the objects in the window end.
    pub(crate) fn next(&self) -> u64 {
        self.next.get()
    }

    /// Where the window ends.
    pub(crate) fn end(&self) -> u64 {
        self.end.get()
    }

    /// Whether `offset` lies in the part of the window that no object has.
    #[cfg(feature = "capi")]
    #[inline(always)]
    pub(crate) fn is_unused(&self, offset: u64) -> bool {
        offset >= self.next.get() && offset < self.end.get()
    }

    /// Objects in the heap: the last collection's survivors and those made since.
    pub(crate) fn objects(&self) -> u64 {
        self.objects.get()
    }

    /// The bytes that are in use, in the window and outside.
    pub(crate) fn used_bytes(&self) -> u64 {
        self.next.get() - self.start.get() + self.used_elsewhere.get()
    }

    /// Bytes allocated since the last collection.
    pub(crate) fn allocated_bytes(&self) -> u64 {
        let here = self.next.get().saturating_sub(self.after_collection.get());
        here + self.allocated_elsewhere.get()
    }

    /// Checks that the window's bounds are in order.
    ///
    /// Errors: [`Error::Internal`].
    pub(crate) fn check(&self) -> Result<()> {
        let is_ordered = self.start.get() <= self.next.get()
            && self.next.get() <= self.budget_end.get()
            && self.budget_end.get() <= self.end.get();
        if !is_ordered {
            return Err(Error::internal(
                "an allocation pointer out of its window",
                self.next.get(),
            ));
        }
        Ok(())
    }
}
