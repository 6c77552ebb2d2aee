//! What the mutator shares with its heap: access to the memory, the window for new
//! objects, the write barrier, and the open no-GC spans.
//!
//! The store keeps a [`Mutator`] in its hot block and passes it to each method of the heap
//! that needs it. Reading, storing and allocating need no call through a trait.

use core::cell::Cell;
use core::mem::offset_of;

use super::access::HeapAccess;
use super::barrier::{Barrier, FastPath};
use super::bump::BumpAllocator;
use super::header::{HEADER_BYTES, Kind, ObjectHeader};
use super::reference::{GRANULE, GcRef};
use super::remember_log::RememberLog;
use crate::error::{Error, Result};

/// What the mutator shares with its heap. See the [module](self).
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Mutator {
    /// The heap's memory.
    pub(crate) memory: HeapAccess,
    /// The window for new objects, which lies in the heap's memory.
    pub(crate) bump: BumpAllocator,
    barrier: Cell<Barrier>,
    /// What the barrier has logged.
    pub(crate) log: RememberLog,
    no_gc: Cell<u32>,
}

/// Where the parts begin.
const MEMORY_AT: usize = offset_of!(Mutator, memory);
const BUMP_AT: usize = offset_of!(Mutator, bump);
const BARRIER_AT: usize = offset_of!(Mutator, barrier);

/// Where compiled code finds what it reads.
impl Mutator {
    pub(crate) const BASE_AT: usize = MEMORY_AT + HeapAccess::BASE_AT;
    pub(crate) const START_AT: usize = MEMORY_AT + HeapAccess::START_AT;
    pub(crate) const END_AT: usize = MEMORY_AT + HeapAccess::END_AT;
    pub(crate) const OBJECT_OFFSETS_AT: usize = MEMORY_AT + HeapAccess::OBJECTS_AT;
    pub(crate) const NEXT_AT: usize = BUMP_AT + BumpAllocator::NEXT_AT;
    pub(crate) const LIMIT_AT: usize = BUMP_AT + BumpAllocator::LIMIT_AT;
    pub(crate) const OBJECTS_AT: usize = BUMP_AT + BumpAllocator::OBJECTS_AT;
    pub(crate) const WINDOW_END_AT: usize = BUMP_AT + BumpAllocator::END_AT;
    pub(crate) const BARRIER_FIRST_AT: usize = BARRIER_AT + Barrier::FIRST_AT;
    pub(crate) const BARRIER_LENGTH_AT: usize = BARRIER_AT + Barrier::LENGTH_AT;
    pub(crate) const BARRIER_NURSERY_AT: usize = BARRIER_AT + Barrier::NURSERY_AT;
    pub(crate) const BARRIER_NEW_OBJECTS_AT: usize = BARRIER_AT + Barrier::NEW_OBJECTS_AT;
    pub(crate) const NO_GC_AT: usize = offset_of!(Mutator, no_gc);
}

impl Mutator {
    /// The mutator of a store that has no heap yet: every allocation takes the slow path.
    pub(crate) const fn new() -> Mutator {
        Mutator {
            memory: HeapAccess::none(),
            bump: BumpAllocator::new(),
            barrier: Cell::new(Barrier::NONE),
            log: RememberLog::new(),
            no_gc: Cell::new(0),
        }
    }

    /// Points the mutator at a heap whose memory is one window: `start..next` is in use
    /// by `objects` objects, `next..end` is free. The budget is the whole window.
    ///
    /// # Safety
    ///
    /// `base + start .. base + end` must be committed and stay so until the next call of
    /// this function or [`Mutator::set_end`], and be used through this mutator and the
    /// calling heap only.
    pub(crate) unsafe fn set_heap(
        &self,
        base: *mut u8,
        start: u64,
        next: u64,
        end: u64,
        objects: u64,
    ) {
        assert!(start <= next && next <= end);
        // SAFETY: the caller's promise.
        unsafe { self.memory.set(base, start, end) };
        self.bump.set_window(start, next, end);
        self.bump.set_survivors(0, objects);
    }

    /// Points the mutator at a heap whose memory is `base + start .. base + end`. The mutator
    /// has no window yet.
    ///
    /// # Safety
    ///
    /// The memory must be committed and stay so until the next call of this function or
    /// [`Mutator::set_heap_end`], and be used through this mutator and the calling heap only.
    pub(crate) unsafe fn set_memory(&self, base: *mut u8, start: u64, end: u64) {
        // SAFETY: the caller's promise; the window is empty.
        unsafe { self.set_heap(base, start, start, end, 0) };
        self.bump.set_window(start, start, start);
    }

    /// Lends the mutator a free block, `start..end`, as its window. It must have no window.
    ///
    /// # Safety
    ///
    /// The memory must be committed and stay so until [`Mutator::take_back`], and be used
    /// through this mutator and the calling heap only.
    pub(crate) unsafe fn lend(&self, start: u64, end: u64) {
        assert!(self.memory.start() <= start && start <= end && end <= self.memory.end());
        self.bump.set_window(start, start, end);
    }

    /// Takes back the window. The next allocation takes the slow path.
    pub(crate) fn take_back(&self) {
        self.bump.take_window(self.memory.start());
    }

    /// Moves the end of the heap's memory, while the mutator has no window.
    ///
    /// # Safety
    ///
    /// The memory up to `end` must be committed and stay so until the next call.
    pub(crate) unsafe fn set_heap_end(&self, end: u64) {
        // SAFETY: the caller's promise.
        unsafe { self.memory.set_end(end) };
    }

    /// Moves the end of the heap's memory, of the window and of the budget.
    ///
    /// # Safety
    ///
    /// The safety conditions of [`Mutator::set_heap`] hold, with the same base and start.
    pub(crate) unsafe fn set_end(&self, end: u64) {
        self.bump.set_end(end);
        // SAFETY: the caller's promise.
        unsafe { self.memory.set_end(end) };
    }

    /// Writes a new object's header and zeros after it.
    pub(crate) fn write_new_object(&self, offset: u64, header: ObjectHeader, bytes: u64) {
        debug_assert!(offset >= self.bump.start() && offset + bytes <= self.bump.next());
        // SAFETY: the bytes were just taken from the window, whose memory is committed by
        // the type's invariant.
        unsafe {
            let object = self.memory.address(offset);
            object.cast::<u64>().write(header.bits());
            object
                .add(HEADER_BYTES as usize)
                .write_bytes(0, (bytes - HEADER_BYTES) as usize);
        }
    }

    /// Marks an object of the window, `bytes` at `offset`, as free.
    pub(crate) fn write_free(&self, offset: u64, bytes: u64) {
        let granules = (bytes / GRANULE) as u32;
        self.write_new_object(offset, ObjectHeader::new(Kind::Free, granules), bytes);
        self.bump.forget_object();
    }

    /// The write barrier's descriptor.
    #[inline(always)]
    pub(crate) fn barrier(&self) -> Barrier {
        self.barrier.get()
    }

    /// Sets the write barrier's descriptor.
    pub(crate) fn set_barrier(&self, barrier: Barrier) {
        self.barrier.set(barrier);
    }

    /// Stores `value` in the slot at `at`, in the object at `holder`. See
    /// [`Barrier::write`].
    #[inline(always)]
    pub(crate) fn write_gc_ref(
        &self,
        path: FastPath,
        holder: u64,
        at: u64,
        value: GcRef,
    ) -> Option<()> {
        self.barrier()
            .write(path, (&self.memory, &self.log), holder, at, value)
    }

    /// The number of open no-GC spans (`gc.no-gc`).
    #[inline(always)]
    pub(crate) fn no_gc_spans(&self) -> u32 {
        self.no_gc.get()
    }

    /// Opens a no-GC span.
    ///
    /// Errors: [`Error::Limit`].
    pub(crate) fn enter_no_gc(&self) -> Result<()> {
        let spans = self.no_gc.get().checked_add(1).ok_or(Error::Limit {
            what: "nested no-GC spans",
            limit: u32::MAX.into(),
        })?;
        self.no_gc.set(spans);
        Ok(())
    }

    /// Ends no-GC spans until `spans` are open. At least `spans` must be open.
    #[inline(always)]
    pub(crate) fn restore_no_gc(&self, spans: u32) {
        debug_assert!(spans <= self.no_gc.get());
        self.no_gc.set(spans);
    }
}
