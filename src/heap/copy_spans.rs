//! The memory of a copying collection: the originals that it copies, and the copies.
//!
//! The loops of a collection keep this in registers, so it has only what they use, and its
//! functions return no errors (HEAP-59). Each offset that is read from the heap is compared
//! with bounds before it becomes an address (HEAP-8).

use core::marker::PhantomData;
use core::ptr::NonNull;

use super::header::{HEADER_BYTES, ObjectHeader};
use super::layout_word::{ObjectSize, SimpleLayout};
use super::memory::{Region, Slots};
use super::reference::{GRANULE, GcRef, LEAST_BYTES};

/// An object that begins at an offset less than this much before an end does not end before
/// it.
const TAIL: u64 = LEAST_BYTES as u64 - 1;

/// The originals and the copies. See the module.
///
/// Invariant: `from_start..from_end` and `to_start..to_end` are committed and do not overlap.
/// `next` lies between `to_start` and `to_end`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CopySpans<'a> {
    /// The address of offset 0.
    base: NonNull<u8>,
    from_start: u64,
    /// The number of offsets, from `from_start` on, at which an original may begin.
    from_heads: u64,
    from_end: u64,
    to_start: u64,
    next: u64,
    to_end: u64,
    regions: PhantomData<&'a Region>,
}

/// An object, of which [`LEAST_BYTES`] are known to be committed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head<'a> {
    offset: u64,
    first: NonNull<u8>,
    regions: PhantomData<&'a Region>,
}

impl<'a> CopySpans<'a> {
    /// The originals are between two offsets in `from`. The copies go to `to`, a region of
    /// the same reservation: those from `to_start` up to `next` have been made.
    pub(crate) fn new(
        from: &'a Region,
        (from_start, from_end): (u64, u64),
        to: &'a Region,
        (to_start, next): (u64, u64),
    ) -> CopySpans<'a> {
        assert!(from.base() == to.base());
        assert!(from.start() <= from_start && from_end <= from.committed_end());
        assert!(to.start() <= to_start && to_start <= next && next <= to.committed_end());
        assert!(from_end <= to.start() || to.committed_end() <= from_start);
        CopySpans {
            base: from.base(),
            from_start,
            from_heads: from_end.saturating_sub(from_start.saturating_add(TAIL)),
            from_end,
            to_start,
            next,
            to_end: to.committed_end(),
            regions: PhantomData,
        }
    }

    /// Where the next copy goes.
    #[inline(always)]
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// The original that `old` refers to. `None` for null, an `i31`, and a reference to
    /// another place.
    #[inline(always)]
    pub(crate) fn original(&self, old: GcRef) -> Option<Head<'a>> {
        #[cfg(test)]
        super::step_count::count_access(LEAST_BYTES.into());
        let offset = old.object_offset();
        if offset.wrapping_sub(self.from_start) >= self.from_heads {
            return None;
        }
        Some(self.head(offset))
    }

    /// Whether `reference` refers to a copy.
    #[inline(always)]
    pub(crate) fn is_copy(&self, reference: GcRef) -> bool {
        let offset = reference.object_offset();
        offset >= self.to_start && offset + TAIL < self.next
    }

    /// Copies an original of this size, and leaves a forwarding reference to the copy in it.
    /// `None`, with nothing done, if it does not end among the originals, or if the copy does
    /// not fit.
    #[inline(always)]
    pub(crate) fn copy(&mut self, original: Head<'a>, size: ObjectSize) -> Option<GcRef> {
        if !self.has_room_for(original, size) {
            return None;
        }
        #[cfg(test)]
        super::step_count::count_access(2 * size.bytes());
        let (source, target) = (original.first, self.head(self.next).first);
        // SAFETY: the original ends among the originals, and the copy fits. Both are
        // committed and do not overlap.
        unsafe { copy_object(source.as_ptr(), target.as_ptr(), size) };
        Some(self.forward(original, size))
    }

    /// As [`CopySpans::copy`], but copies only the first [`LEAST_BYTES`]. `after` follows
    /// them.
    pub(crate) fn begin_copy(
        &mut self,
        original: Head<'a>,
        size: ObjectSize,
        after: u32,
    ) -> Option<GcRef> {
        let begun = ObjectSize::new(u64::from(LEAST_BYTES) + GRANULE)?;
        if size.bytes() < begun.bytes() || !self.has_room_for(original, size) {
            return None;
        }
        let (source, target) = (original.first, self.head(self.next).first);
        // SAFETY: as in `copy`, for the first bytes. The slot is in the granule that follows
        // them.
        unsafe {
            copy_object(source.as_ptr(), target.as_ptr(), begun);
            let slot = target.add(LEAST_BYTES as usize).cast::<u32>();
            slot.write_unaligned(after);
        }
        Some(self.forward(original, size))
    }

    /// Whether an original of this size ends among the originals, and its copy fits.
    #[inline(always)]
    fn has_room_for(&self, original: Head<'a>, size: ObjectSize) -> bool {
        let end = original.offset + size.bytes();
        end <= self.from_end && self.next + size.bytes() <= self.to_end
    }

    /// Leaves a forwarding reference to the next copy, of this size, in its original. The copy
    /// must fit.
    #[inline(always)]
    fn forward(&mut self, original: Head<'a>, size: ObjectSize) -> GcRef {
        let new = GcRef::from_offset(self.next);
        original.set_header(ObjectHeader::forwarding(new));
        self.next += size.bytes();
        new
    }

    /// The copy at `offset`, which must not be before the first one. `None` if no copy that
    /// has been made is there.
    #[inline(always)]
    pub(crate) fn copy_at(&self, offset: u64) -> Option<Head<'a>> {
        debug_assert!(offset >= self.to_start);
        #[cfg(test)]
        super::step_count::count_access(LEAST_BYTES.into());
        (offset + TAIL < self.next).then(|| self.head(offset))
    }

    /// Whether a copy of this size ends among the copies.
    #[inline(always)]
    pub(crate) fn has_copy(&self, copy: Head<'a>, size: ObjectSize) -> bool {
        copy.offset + size.bytes() <= self.next
    }

    /// The slots of references of a copy. `None` if it does not end among the copies.
    #[inline(always)]
    pub(crate) fn slots(&self, copy: Head<'a>, layout: SimpleLayout) -> Option<Slots<'a>> {
        // SAFETY: the copy is committed.
        self.has_copy(copy, layout.size())
            .then(|| unsafe { Slots::new(copy.first, layout) })
    }

    /// The object at an offset at which [`LEAST_BYTES`] are committed.
    #[inline(always)]
    fn head(&self, offset: u64) -> Head<'a> {
        Head {
            offset,
            // SAFETY: the offset lies in the reservation.
            first: unsafe { self.base.add(offset as usize) },
            regions: PhantomData,
        }
    }
}

impl<'a> Head<'a> {
    /// Where the object is.
    #[inline(always)]
    pub(crate) fn offset(self) -> u64 {
        self.offset
    }

    /// The header.
    #[inline(always)]
    pub(crate) fn header(self) -> ObjectHeader {
        // SAFETY: the bytes are committed.
        ObjectHeader::from_bits(unsafe { self.first.cast::<u64>().read_unaligned() })
    }

    /// Sets the header.
    #[inline(always)]
    fn set_header(self, header: ObjectHeader) {
        // SAFETY: the bytes are committed.
        unsafe { self.first.cast::<u64>().write_unaligned(header.bits()) };
    }

    /// The 32 bits behind the header, which are the length of an array.
    #[inline(always)]
    pub(crate) fn after_header(self) -> u32 {
        let after = HEADER_BYTES as usize;
        // SAFETY: the bytes are committed.
        unsafe { self.first.add(after).cast::<u32>().read_unaligned() }
    }
}

/// Copies an object.
///
/// # Safety
///
/// `source` must be valid for reading the size, `target` for writing it, and the two must not
/// overlap. They need no alignment.
#[inline(always)]
unsafe fn copy_object(source: *const u8, target: *mut u8, size: ObjectSize) {
    const FIRST: usize = LEAST_BYTES as usize;
    let bytes = size.bytes() as usize;
    // SAFETY: the caller's promise. No object is smaller than the first bytes.
    unsafe {
        // Most objects are small. They are copied without a call.
        if bytes > 3 * FIRST {
            return core::ptr::copy_nonoverlapping(source, target, bytes);
        }
        copy_least(source, target, 0);
        if bytes > FIRST {
            if bytes > 2 * FIRST {
                copy_least(source, target, FIRST);
            }
            copy_least(source, target, bytes - FIRST);
        }
    }
}

/// Copies the [`LEAST_BYTES`] at `at`.
///
/// # Safety
///
/// Those of [`copy_object`].
#[inline(always)]
unsafe fn copy_least(source: *const u8, target: *mut u8, at: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        let bytes = source.add(at).cast::<u128>().read_unaligned();
        target.add(at).cast::<u128>().write_unaligned(bytes);
    }
}
