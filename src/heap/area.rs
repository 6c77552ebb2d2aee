//! Where the mutator allocates: what it shares with its heap.
//!
//! Allocation is a bump of `next` up to `limit`, done by the store's hot paths
//! without a call into the heap. The heap owns the memory and moves the other
//! fields. `limit` is the least of three: the end of what the heap lent, the budget
//! until the next collection, and 0 while the slow path must see every allocation.
//!
//! What is lent may be all of the heap that is not in use yet, or a hole in it. So the
//! heap says beside it what else is in use, and where its memory begins and ends.

use core::cell::Cell;

use super::header::{HEADER_BYTES, Kind, ObjectHeader};
use super::layout::LEAST_BYTES;
use super::reference::{GRANULE, GcRef};
use crate::error::{Error, Result};

/// What stands at the base before there is a heap; never written.
static NOTHING: [u64; 2] = [0; 2];

/// The allocation pointer, its limit, and the open no-GC spans.
///
/// Invariant: `base + heap_start .. base + heap_end` is committed memory of the heap,
/// `heap_start <= start <= next <= end <= heap_end`, and objects fill `start .. next`
/// without a gap. The 16 bytes from `base` on can always be read, so that reading what
/// null refers to does no harm.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct AllocationArea {
    base: Cell<*mut u8>,
    next: Cell<u64>,
    limit: Cell<u64>,
    objects: Cell<u64>,
    start: Cell<u64>,
    end: Cell<u64>,
    heap_start: Cell<u64>,
    heap_end: Cell<u64>,
    /// Bytes in use elsewhere than between `start` and `next`.
    used_elsewhere: Cell<u64>,
    /// Those of them that were allocated since the last collection.
    allocated_elsewhere: Cell<u64>,
    budget_end: Cell<u64>,
    after_collection: Cell<u64>,
    attention: Cell<bool>,
    barriers: Cell<Barriers>,
    no_gc: Cell<u32>,
}

/// How the mutator stores references in objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Barriers {
    /// It writes them.
    None,
    /// It may write them where it also counts them, as the collector that counts does.
    Counts,
    /// Through the heap's barriers alone.
    All,
}

/// Types of which all bits are values.
pub trait PlainBits: Copy {}
impl PlainBits for u8 {}
impl PlainBits for u16 {}
impl PlainBits for u32 {}
impl PlainBits for u64 {}
impl PlainBits for u128 {}
impl PlainBits for i8 {}
impl PlainBits for i16 {}
impl PlainBits for i32 {}
impl PlainBits for i64 {}
impl PlainBits for f32 {}
impl PlainBits for f64 {}
impl PlainBits for [u8; 16] {}

impl AllocationArea {
    /// The area of a store that has no heap yet: every allocation takes the
    /// slow path.
    pub(crate) const fn new() -> AllocationArea {
        AllocationArea {
            base: Cell::new((&raw const NOTHING).cast_mut().cast()),
            next: Cell::new(0),
            limit: Cell::new(0),
            objects: Cell::new(0),
            start: Cell::new(0),
            end: Cell::new(0),
            heap_start: Cell::new(0),
            heap_end: Cell::new(0),
            used_elsewhere: Cell::new(0),
            allocated_elsewhere: Cell::new(0),
            budget_end: Cell::new(0),
            after_collection: Cell::new(0),
            attention: Cell::new(false),
            barriers: Cell::new(Barriers::None),
            no_gc: Cell::new(0),
        }
    }

    /// Points the area at memory: `start..next` in use by `objects` objects,
    /// committed up to `end`, budget up to `end`, which is all of the heap.
    ///
    /// # Safety
    ///
    /// `base + start .. base + end` must be committed and stay so until the
    /// next call of this function or [`AllocationArea::set_end`], and used
    /// through this area and the calling heap only.
    pub(crate) unsafe fn place(
        &self,
        base: *mut u8,
        start: u64,
        next: u64,
        end: u64,
        objects: u64,
    ) {
        assert!(start <= next && next <= end);
        self.base.set(base);
        self.start.set(start);
        self.next.set(next);
        self.after_collection.set(next);
        self.objects.set(objects);
        self.end.set(end);
        self.heap_start.set(start);
        self.heap_end.set(end);
        self.used_elsewhere.set(0);
        self.allocated_elsewhere.set(0);
        self.set_budget_end(end);
    }

    /// Lends a hole of the heap for new objects: `start` to `end`. Nothing may be lent.
    ///
    /// # Safety
    ///
    /// The memory must be committed and stay so until [`AllocationArea::take_back`], and
    /// used through this area and the calling heap only.
    pub(crate) unsafe fn lend(&self, start: u64, end: u64) {
        assert!(self.heap_start.get() <= start && start <= end && end <= self.heap_end.get());
        self.start.set(start);
        self.next.set(start);
        self.after_collection.set(start);
        self.end.set(end);
        self.set_budget_end(end);
    }

    /// Takes back what is lent: where it starts, where it is not in use from, and where
    /// it ends. The next allocation takes the slow path.
    pub(crate) fn take_back(&self) -> (u64, u64, u64) {
        let (start, next, end) = (self.start.get(), self.next.get(), self.end.get());
        let (used, allocated) = (self.used_bytes(), self.allocated_bytes());
        self.used_elsewhere.set(used);
        self.allocated_elsewhere.set(allocated);
        let nothing = self.heap_start.get();
        self.start.set(nothing);
        self.next.set(nothing);
        self.after_collection.set(nothing);
        self.end.set(nothing);
        self.set_budget_end(nothing);
        (start, next, end)
    }

    /// After a collection, with nothing lent: so many objects are in use, of so many
    /// bytes.
    pub(crate) fn settle(&self, used: u64, objects: u64) {
        self.used_elsewhere.set(used);
        self.allocated_elsewhere.set(0);
        self.objects.set(objects);
    }

    /// Moves the end of the heap's memory, with nothing lent.
    ///
    /// # Safety
    ///
    /// The memory up to there must be committed and stay so until the next call.
    pub(crate) unsafe fn set_heap_end(&self, end: u64) {
        self.heap_end.set(end);
    }

    /// Moves the committed end and the budget's.
    ///
    /// # Safety
    ///
    /// As for [`AllocationArea::place`], with the same base and start.
    pub(crate) unsafe fn set_end(&self, end: u64) {
        assert!(self.next.get() <= end);
        self.end.set(end);
        self.heap_end.set(end);
        self.set_budget_end(end);
    }

    /// Ends the budget at `end`, or at the committed end if that is less.
    pub(crate) fn set_budget_end(&self, end: u64) {
        self.budget_end
            .set(end.clamp(self.next.get(), self.end.get()));
        self.refresh();
    }

    /// Sends every allocation to the slow path, or no longer.
    pub(crate) fn set_attention(&self, on: bool) {
        self.attention.set(on);
        self.refresh();
    }

    /// Tells the mutator how to store references.
    pub(crate) fn set_barriers(&self, barriers: Barriers) {
        self.barriers.set(barriers);
    }

    /// Whether references must be stored through barriers, of whatever kind.
    #[inline(always)]
    pub(crate) fn has_barriers(&self) -> bool {
        self.barriers.get() != Barriers::None
    }

    /// Whether the mutator may count the references that it stores.
    pub(crate) fn counts(&self) -> bool {
        self.barriers.get() == Barriers::Counts
    }

    fn refresh(&self) {
        let limit = if self.attention.get() {
            0
        } else {
            self.budget_end.get()
        };
        self.limit.set(limit);
    }

    /// Where the next object would be, if no attention is needed and the budget
    /// has `bytes`, a multiple of the granule. [`AllocationArea::advance`] takes
    /// them.
    #[inline(always)]
    pub(crate) fn room(&self, bytes: u64) -> Option<u64> {
        let next = self.next.get();
        (next + bytes <= self.limit.get()).then_some(next)
    }

    /// Completes an allocation of `bytes` at [`AllocationArea::room`].
    #[inline(always)]
    pub(crate) fn advance(&self, bytes: u64) {
        self.next.set(self.next.get() + bytes);
        self.objects.set(self.objects.get() + 1);
    }

    /// Takes `bytes` if the budget has them, attention or not.
    pub(crate) fn bump_within_budget(&self, bytes: u64) -> Option<u64> {
        if !self.has_budget(bytes) {
            return None;
        }
        let next = self.next.get();
        self.advance(bytes);
        Some(next)
    }

    /// Whether the budget has `bytes`.
    pub(crate) fn has_budget(&self, bytes: u64) -> bool {
        bytes <= self.budget_end.get() - self.next.get()
    }

    /// Takes back `bytes` at `offset` if they are the newest.
    pub(crate) fn unbump(&self, offset: u64, bytes: u64) -> bool {
        let newest =
            offset >= self.start.get() && offset.checked_add(bytes) == Some(self.next.get());
        if newest {
            self.next.set(offset);
            self.objects.set(self.objects.get() - 1);
        }
        newest
    }

    /// Writes a new object's header and zeros after it.
    pub(crate) fn write_new_object(&self, offset: u64, header: ObjectHeader, bytes: u64) {
        debug_assert!(offset >= self.start.get() && offset + bytes <= self.next.get());
        // SAFETY: the bytes were just taken from this area, whose memory is
        // committed by the type's invariant.
        unsafe {
            let object = self.base.get().add(offset as usize);
            object.cast::<u64>().write(header.bits());
            object
                .add(HEADER_BYTES as usize)
                .write_bytes(0, (bytes - HEADER_BYTES) as usize);
        }
    }

    /// Marks `bytes` at `offset`, an object of this area, as free.
    pub(crate) fn write_free(&self, offset: u64, bytes: u64) {
        self.write_new_object(
            offset,
            ObjectHeader::new(Kind::Free, (bytes / GRANULE) as u32),
            bytes,
        );
        self.objects.set(self.objects.get() - 1);
    }

    /// The address of the object at `offset`. Following it is safe while
    /// `offset` is an object of this area.
    #[inline(always)]
    pub(crate) fn address(&self, offset: u64) -> *mut u8 {
        self.base.get().wrapping_add(offset as usize)
    }

    /// Reads what is at `offset`; `None` unless that lies in the heap.
    #[inline(always)]
    pub(crate) fn load<T: PlainBits>(&self, offset: u64) -> Option<T> {
        if !self.contains(offset, size_of::<T>() as u64) {
            return None;
        }
        // SAFETY: in the heap, so committed; any bits are a `T`.
        Some(unsafe { self.address(offset).cast::<T>().read_unaligned() })
    }

    /// Writes to `offset`; `None` unless that lies in the heap.
    #[inline(always)]
    pub(crate) fn store<T: PlainBits>(&self, offset: u64, value: T) -> Option<()> {
        if !self.contains(offset, size_of::<T>() as u64) {
            return None;
        }
        // SAFETY: in the heap, so committed.
        unsafe { self.address(offset).cast::<T>().write_unaligned(value) };
        Some(())
    }

    /// Copies `bytes` from `offset` on to memory, also of the heap, which has spans of
    /// elements outside; `None` unless they lie in the heap.
    ///
    /// # Safety
    ///
    /// `target` must be valid for writing so many bytes.
    pub(crate) unsafe fn copy_out(&self, offset: u64, target: *mut u8, bytes: u64) -> Option<()> {
        if !self.contains(offset, bytes) {
            return None;
        }
        // SAFETY: in the heap, so committed; the caller's promise.
        unsafe { target.copy_from(self.address(offset), bytes as usize) };
        Some(())
    }

    /// Copies `bytes` of memory, also of the heap, to `offset`; `None` unless that lies
    /// in the heap.
    ///
    /// # Safety
    ///
    /// `source` must be valid for reading so many bytes.
    pub(crate) unsafe fn copy_in(&self, offset: u64, source: *const u8, bytes: u64) -> Option<()> {
        if !self.contains(offset, bytes) {
            return None;
        }
        // SAFETY: in the heap, so committed; the caller's promise.
        unsafe { source.copy_to(self.address(offset), bytes as usize) };
        Some(())
    }

    /// Copies `bytes` from `source` to `target`, which may overlap; `None` unless both
    /// lie in the heap.
    pub(crate) fn copy_within(&self, source: u64, target: u64, bytes: u64) -> Option<()> {
        if !self.contains(source, bytes) || !self.contains(target, bytes) {
            return None;
        }
        // SAFETY: in the heap, so committed.
        unsafe {
            self.address(source)
                .copy_to(self.address(target), bytes as usize)
        };
        Some(())
    }

    /// Writes `bits` so often from `offset` on; `None` unless that lies in the
    /// heap.
    pub(crate) fn fill<T: PlainBits>(&self, offset: u64, count: u64, bits: T) -> Option<()> {
        let bytes = count.checked_mul(size_of::<T>() as u64)?;
        if !self.contains(offset, bytes) {
            return None;
        }
        // Read once: the compiler cannot know that the writes below do not change it.
        let first = self.address(offset).cast::<T>();
        for index in 0..count as usize {
            // SAFETY: in the heap, so committed.
            unsafe { first.add(index).write_unaligned(bits) };
        }
        Some(())
    }

    /// Whether `reference` is null, an `i31`, or lies where an object may be: the 16
    /// bytes there can be read.
    #[inline(always)]
    pub(crate) fn may_hold(&self, reference: GcRef) -> bool {
        !reference.is_object() || self.contains(reference.offset(), LEAST_BYTES.into())
    }

    /// Whether `bytes` from `offset` on are memory of the heap, in use or not.
    #[inline(always)]
    pub(crate) fn contains(&self, offset: u64, bytes: u64) -> bool {
        let room = self.heap_end.get().checked_sub(offset);
        offset >= self.heap_start.get() && room.is_some_and(|room| bytes <= room)
    }

    /// Where the objects start.
    pub(crate) fn start(&self) -> u64 {
        self.start.get()
    }

    /// Where the objects end.
    pub(crate) fn next(&self) -> u64 {
        self.next.get()
    }

    /// The committed end.
    pub(crate) fn end(&self) -> u64 {
        self.end.get()
    }

    /// Objects in the area: the last collection's survivors and what came since.
    pub(crate) fn objects(&self) -> u64 {
        self.objects.get()
    }

    /// Bytes in use.
    pub(crate) fn used_bytes(&self) -> u64 {
        self.next.get() - self.start.get() + self.used_elsewhere.get()
    }

    /// Bytes allocated since the last collection.
    pub(crate) fn allocated_bytes(&self) -> u64 {
        let here = self.next.get().saturating_sub(self.after_collection.get());
        here + self.allocated_elsewhere.get()
    }

    /// How many no-GC spans are open (`gc.no-gc`).
    #[inline(always)]
    pub(crate) fn no_gc_spans(&self) -> u32 {
        self.no_gc.get()
    }

    /// Opens a no-GC span.
    pub(crate) fn enter_no_gc(&self) -> Result<()> {
        let spans = self.no_gc.get().checked_add(1).ok_or(Error::Limit {
            what: "nested no-GC spans",
            limit: u32::MAX.into(),
        })?;
        self.no_gc.set(spans);
        Ok(())
    }

    /// Leaves `spans` no-GC spans open, at most as many as there are.
    #[inline(always)]
    pub(crate) fn restore_no_gc(&self, spans: u32) {
        debug_assert!(spans <= self.no_gc.get());
        self.no_gc.set(spans);
    }

    /// Checks the order of the bounds.
    pub(crate) fn check(&self) -> Result<()> {
        let ordered = self.start.get() <= self.next.get()
            && self.next.get() <= self.budget_end.get()
            && self.budget_end.get() <= self.end.get();
        if !ordered {
            return Err(Error::internal(
                "an allocation pointer out of its bounds",
                self.next.get(),
            ));
        }
        Ok(())
    }
}
