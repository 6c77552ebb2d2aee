//! Checked access to the heap's memory for the mutator.
//!
//! Every offset that is read from an object or a handle is compared with the heap's
//! bounds before it becomes an address (`heap.sandbox`).

use core::cell::Cell;
use core::mem::offset_of;

use super::reference::{GRANULE, GcRef, LEAST_BYTES, SLOT_BYTES};

/// The memory that `base` points to while the store has no heap. Nothing writes to it.
static NO_HEAP: [u64; 2] = [0; 2];

/// Where the heap's memory is.
///
/// Invariant: `base + start .. base + end` is committed memory of the heap. The 16 bytes
/// from `base` on can always be read, so that reading the object of a null reference does
/// no harm.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct HeapAccess {
    base: Cell<*mut u8>,
    start: Cell<u64>,
    end: Cell<u64>,
    /// The number of offsets, from `start` on, at which an object of the least size fits.
    objects: Cell<u64>,
}

/// Types for which any bits are a valid value.
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

impl HeapAccess {
    /// Where compiled code finds the fields.
    pub(super) const BASE_AT: usize = offset_of!(HeapAccess, base);
    pub(super) const START_AT: usize = offset_of!(HeapAccess, start);
    pub(super) const END_AT: usize = offset_of!(HeapAccess, end);
    pub(super) const OBJECTS_AT: usize = offset_of!(HeapAccess, objects);

    /// Access for a store that has no heap yet. It contains no memory.
    pub(super) const fn none() -> HeapAccess {
        HeapAccess {
            base: Cell::new((&raw const NO_HEAP).cast_mut().cast()),
            start: Cell::new(0),
            end: Cell::new(0),
            objects: Cell::new(0),
        }
    }

    /// Sets where the heap's memory is.
    ///
    /// # Safety
    ///
    /// `base + start .. base + end` must be committed and stay so until the next call of
    /// this function or [`HeapAccess::set_end`]. 16 bytes from `base` on must be
    /// readable.
    pub(super) unsafe fn set(&self, base: *mut u8, start: u64, end: u64) {
        self.base.set(base);
        debug_assert!(start > 0, "null would refer to an object");
        self.start.set(start);
        // SAFETY: the caller's promise.
        unsafe { self.set_end(end) };
    }

    /// Moves the end of the heap's memory.
    ///
    /// # Safety
    ///
    /// The memory up to `end` must be committed and stay so until the next call.
    pub(super) unsafe fn set_end(&self, end: u64) {
        self.end.set(end);
        let bytes = end - self.start.get();
        self.objects
            .set(bytes.saturating_sub(u64::from(LEAST_BYTES) - 1));
    }

    /// Where the heap's memory starts.
    pub(super) fn start(&self) -> u64 {
        self.start.get()
    }

    /// Where the heap's memory ends.
    pub(super) fn end(&self) -> u64 {
        self.end.get()
    }

    /// The address at `offset`. Following it is safe while an object of the heap is
    /// there.
    #[inline(always)]
    pub(crate) fn address(&self, offset: u64) -> *mut u8 {
        self.base.get().wrapping_add(offset as usize)
    }

    /// Reads the value at `offset`; `None` unless all of it lies in the heap.
    #[inline(always)]
    pub(crate) fn load<T: PlainBits>(&self, offset: u64) -> Option<T> {
        if !self.contains(offset, size_of::<T>() as u64) {
            return None;
        }
        // SAFETY: in the heap, so committed; any bits are a `T`.
        Some(unsafe { self.address(offset).cast::<T>().read_unaligned() })
    }

    /// Writes a value that is no reference to `offset`; `None` unless all of it lies in
    /// the heap. References are stored through the write barrier.
    #[inline(always)]
    pub(crate) fn store<T: PlainBits>(&self, offset: u64, value: T) -> Option<()> {
        if !self.contains(offset, size_of::<T>() as u64) {
            return None;
        }
        // SAFETY: in the heap, so committed.
        unsafe { self.address(offset).cast::<T>().write_unaligned(value) };
        Some(())
    }

    /// Copies `bytes` out of the heap; `None` unless they lie in the heap. `target` may
    /// itself lie in the heap.
    ///
    /// # Safety
    ///
    /// `target` must be valid for writing `bytes` bytes.
    pub(crate) unsafe fn copy_out(&self, offset: u64, target: *mut u8, bytes: u64) -> Option<()> {
        if !self.contains(offset, bytes) {
            return None;
        }
        // SAFETY: in the heap, so committed; the caller's promise.
        unsafe { target.copy_from(self.address(offset), bytes as usize) };
        Some(())
    }

    /// Copies `bytes` into the heap; `None` unless the target lies in the heap. `source`
    /// may itself lie in the heap.
    ///
    /// # Safety
    ///
    /// `source` must be valid for reading `bytes` bytes.
    pub(crate) unsafe fn copy_in(&self, offset: u64, source: *const u8, bytes: u64) -> Option<()> {
        if !self.contains(offset, bytes) {
            return None;
        }
        // SAFETY: in the heap, so committed; the caller's promise.
        unsafe { source.copy_to(self.address(offset), bytes as usize) };
        Some(())
    }

    /// Copies `bytes` from `source` to `target`; the two may overlap. `None` unless both
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

    /// Writes `bits` `count` times from `offset` on; `None` unless all of it lies in the
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

    /// Whether `reference` is null, an `i31`, or refers to 16 readable bytes of the heap,
    /// the least size of an object.
    #[inline(always)]
    pub(crate) fn may_hold(&self, reference: GcRef) -> bool {
        self.object_at(reference).is_some() || !reference.is_object()
    }

    /// The offset of the object that `reference` refers to. `None` unless 16 bytes of the
    /// heap, the least size of an object, are there. So null and an `i31` have none.
    #[inline(always)]
    pub(crate) fn object_at(&self, reference: GcRef) -> Option<u64> {
        // The low bit of an `i31` becomes the highest, so the offset lies beyond every heap.
        // The heap does not start at 0, so null wraps around.
        let offset = u64::from(reference.raw().rotate_right(1)) * GRANULE;
        (offset.wrapping_sub(self.start.get()) < self.objects.get()).then_some(offset)
    }

    /// The header of the object that `reference` refers to, or other bits if an object that
    /// led there was overwritten. `None` as for [`HeapAccess::object_at`].
    #[inline(always)]
    pub(super) fn header_at(&self, reference: GcRef) -> Option<&Cell<u64>> {
        let address = self.address(self.object_at(reference)?);
        // SAFETY: in the heap, so committed, at a multiple of 8. The caller drops the
        // reference before memory of the heap is given back.
        Some(unsafe { &*address.cast::<Cell<u64>>() })
    }

    /// Whether the heap's memory has `bytes` from `offset` on. `offset` must not be before
    /// its start, as that of an object or of a field is not.
    #[inline(always)]
    pub(crate) fn has_room_at(&self, offset: u64, bytes: u64) -> bool {
        debug_assert!(offset >= self.start.get());
        offset + bytes <= self.end.get()
    }

    /// Whether the slot at `at` lies in the heap.
    #[inline(always)]
    pub(crate) fn has_slot(&self, at: u64) -> bool {
        self.contains(at, SLOT_BYTES)
    }

    /// Whether the `bytes` from `offset` on are memory of the heap, in use or not.
    #[inline(always)]
    pub(crate) fn contains(&self, offset: u64, bytes: u64) -> bool {
        let room = self.end.get().checked_sub(offset);
        offset >= self.start.get() && room.is_some_and(|room| bytes <= room)
    }
}
