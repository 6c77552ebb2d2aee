//! Root ranges: memory of the embedder's in which some slots hold references, such as an
//! interpreter's stack of values.
//!
//! Where the slots are, the embedder says in a [`RootRange`] of its own, which is read
//! when a collection begins; what a slot looks like, in a [`SlotLayout`]. A [`RangeSpan`]
//! is what was read, for one collection.

use core::cell::Cell;
use core::ffi::c_void;

use super::reference::GcRef;
use crate::error::{Error, Result};

/// What the embedder writes: where the slots are now.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct RootRange {
    pub(crate) slots: *mut c_void,
    pub(crate) count: usize,
}

/// What a slot looks like. It has a reference if the byte at `tag_offset`, masked, is the
/// tag; with a mask of 0 always.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SlotLayout {
    pub(crate) slot_bytes: usize,
    pub(crate) ref_offset: usize,
    pub(crate) tag_offset: usize,
    pub(crate) tag_mask: u8,
    pub(crate) tag: u8,
}

/// Bytes of a reference, and its alignment.
const REF_BYTES: usize = size_of::<GcRef>();

impl SlotLayout {
    /// Slots that are references.
    pub(crate) const REFERENCES: SlotLayout = SlotLayout {
        slot_bytes: REF_BYTES,
        ref_offset: 0,
        tag_offset: 0,
        tag_mask: 0,
        tag: 0,
    };

    /// Refuses what cannot be the layout of a slot.
    ///
    /// Errors: [`Error::InvalidArgument`].
    pub(crate) fn check(&self) -> Result<()> {
        let after_ref = self.tag_offset.wrapping_sub(self.ref_offset);
        let checks = [
            (
                self.slot_bytes >= REF_BYTES && self.slot_bytes.is_multiple_of(REF_BYTES),
                "slot_bytes",
                self.slot_bytes,
                "multiples of 4, but 0",
            ),
            (
                self.ref_offset.is_multiple_of(REF_BYTES) && self.ref_offset < self.slot_bytes,
                "ref_offset",
                self.ref_offset,
                "multiples of 4 below slot_bytes",
            ),
            (
                self.tag_offset < self.slot_bytes,
                "tag_offset",
                self.tag_offset,
                "less than slot_bytes",
            ),
            (
                self.tag_mask == 0 || after_ref >= REF_BYTES,
                "tag_offset",
                self.tag_offset,
                "a byte that is not the reference's",
            ),
            (
                self.tag & !self.tag_mask == 0,
                "tag",
                self.tag.into(),
                "bits of tag_mask",
            ),
        ];
        match checks.into_iter().find(|&(holds, ..)| !holds) {
            None => Ok(()),
            Some((_, parameter, value, allowed)) => Err(Error::InvalidArgument {
                parameter,
                value: value as u64,
                allowed,
            }),
        }
    }
}

/// The slots of a range, as of now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RangeSpan {
    /// Names the range in messages.
    pub(crate) source: u32,
    first: *mut u8,
    count: usize,
    layout: SlotLayout,
}

impl RangeSpan {
    /// The slots of a range, of a layout that was checked.
    ///
    /// Errors: [`Error::BadRange`] if there can be no such slots.
    ///
    /// # Safety
    ///
    /// If the range passes, its slots must be there to read and write for as long as the
    /// span is used, and be used by this thread only.
    pub(crate) unsafe fn new(
        source: u32,
        range: RootRange,
        layout: SlotLayout,
    ) -> Result<RangeSpan> {
        let RootRange { slots, count } = range;
        let refused = |what| Error::BadRange {
            source,
            slots: slots as u64,
            count: count as u64,
            what,
        };
        if count > 0 && slots.is_null() {
            return Err(refused("is NULL"));
        }
        if !slots.addr().is_multiple_of(REF_BYTES) {
            return Err(refused("is not aligned to 4 bytes"));
        }
        let end = count
            .checked_mul(layout.slot_bytes)
            .and_then(|bytes| slots.addr().checked_add(bytes));
        if end.is_none_or(|end| end - slots.addr() > isize::MAX as usize) {
            return Err(refused("does not leave room for them"));
        }
        Ok(RangeSpan {
            source,
            first: slots.cast(),
            count,
            layout,
        })
    }

    /// Bytes of the slots.
    pub(crate) fn bytes(&self) -> u64 {
        (self.count * self.layout.slot_bytes) as u64
    }

    /// The number and the reference of each slot that has one, null and `i31`s too.
    #[inline]
    pub(crate) fn references(&self) -> impl Iterator<Item = (usize, &Cell<u32>)> {
        (0..self.count).filter_map(|index| {
            // SAFETY: `new` was promised that the slots are there and this thread's, and
            // has checked their alignment; the layout lies within a slot.
            unsafe {
                let slot = self.first.add(index * self.layout.slot_bytes);
                let tag = slot.add(self.layout.tag_offset).read() & self.layout.tag_mask;
                (tag == self.layout.tag).then(|| {
                    (
                        index,
                        &*slot.add(self.layout.ref_offset).cast::<Cell<u32>>(),
                    )
                })
            }
        })
    }
}
