//! Root ranges: memory of the embedder in which some slots hold references, such as an
//! interpreter's stack of values (ROOTS-20).
//!
//! The embedder says where the slots are in a [`RootRange`], which it owns and may change
//! between collections. A [`SlotLayout`] says where a slot has its reference and its tag.
//! The first step of a collection reads the [`RootRange`] into a [`RangeSpan`]. Where the program
//! runs between the steps, each step reads a piece of the ranges ([`Cycle`](crate::heap::Cycle)).

use core::cell::Cell;
use core::ffi::c_void;

use super::reference::GcRef;
use crate::error::{Error, Result};

/// Where the slots of a range are. The embedder writes it.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct RootRange {
    pub(crate) slots: *mut c_void,
    pub(crate) count: usize,
    /// The number of slots, from the first one on, that have not been written since the
    /// library set this to `count` (ROOTS-37).
    pub(crate) unchanged: usize,
}

/// The layout of a slot. A slot holds a reference if the byte at `tag_offset`, masked by
/// `tag_mask`, equals `tag`. With a mask of 0, every slot holds a reference.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SlotLayout {
    pub(crate) slot_bytes: usize,
    pub(crate) ref_offset: usize,
    pub(crate) tag_offset: usize,
    pub(crate) tag_mask: u8,
    pub(crate) tag: u8,
}

/// The size of a reference in bytes, which is also its alignment.
const REF_BYTES: usize = size_of::<GcRef>();

impl SlotLayout {
    /// The layout of slots that are references and nothing else.
    pub(crate) const REFERENCES: SlotLayout = SlotLayout {
        slot_bytes: REF_BYTES,
        ref_offset: 0,
        tag_offset: 0,
        tag_mask: 0,
        tag: 0,
    };

    /// Checks that a slot can have this layout.
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

/// The slots of a range during one collection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RangeSpan {
    /// The number of the range in messages.
    pub(crate) source: u32,
    /// The reference in the first slot.
    first: *mut u8,
    /// The offset of a slot's tag from its reference.
    tag_after_ref: isize,
    count: usize,
    /// The number of slots before the first one, which are left out.
    left_out: usize,
    layout: SlotLayout,
}

impl RangeSpan {
    /// The slots of `range`. The caller has [checked](SlotLayout::check) the layout.
    ///
    /// Errors: [`Error::BadRange`] if the slots are at NULL, are not aligned, or exceed the
    /// address space.
    ///
    /// # Safety
    ///
    /// If there is no error, the slots must be valid to read and write while the span is
    /// used, and only this thread may use them.
    pub(crate) unsafe fn new(
        source: u32,
        range: RootRange,
        layout: SlotLayout,
    ) -> Result<RangeSpan> {
        let RootRange { slots, count, .. } = range;
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
            first: slots.cast::<u8>().wrapping_add(layout.ref_offset),
            // Both lie within a slot.
            tag_after_ref: layout.tag_offset.wrapping_sub(layout.ref_offset) as isize,
            count,
            left_out: 0,
            layout,
        })
    }

    /// The slots from number `first` on.
    pub(crate) fn from(self, first: usize) -> RangeSpan {
        let first = first.min(self.count);
        RangeSpan {
            first: self.first.wrapping_add(first * self.layout.slot_bytes),
            count: self.count - first,
            left_out: self.left_out + first,
            ..self
        }
    }

    /// The first `count` of the slots.
    pub(crate) fn first(self, count: usize) -> RangeSpan {
        RangeSpan {
            count: count.min(self.count),
            ..self
        }
    }

    /// The number of slots that are not left out.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The bits of the reference in a slot, or 0 if the slot holds no reference.
    pub(crate) fn bits(&self, slot: usize) -> u32 {
        assert!(slot < self.count);
        let layout = self.layout;
        let reference = self.first.wrapping_add(slot * layout.slot_bytes);
        // SAFETY: see `try_each`. The slot is one of them.
        unsafe {
            if reference.offset(self.tag_after_ref).read() & layout.tag_mask != layout.tag {
                return 0;
            }
            reference.cast::<u32>().read()
        }
    }

    /// The bytes of a slot.
    pub(crate) fn slot_bytes(&self) -> u64 {
        self.layout.slot_bytes as u64
    }

    /// The bytes of all slots.
    pub(crate) fn bytes(&self) -> u64 {
        (self.count * self.layout.slot_bytes) as u64
    }

    /// Calls `visit` with each slot that holds a reference, null and `i31` included: its
    /// number and the reference. Has one loop, so that the compiler can inline `visit`.
    #[inline(always)]
    pub(crate) fn try_each(
        &self,
        mut visit: impl FnMut(usize, &Cell<u32>) -> Result<()>,
    ) -> Result<()> {
        let layout = self.layout;
        let is_tagged = layout.tag_mask != 0;
        let mut reference = self.first;
        let mut left = self.count;
        while left > 0 {
            // SAFETY: the caller of `new` promised that the slots are valid and used by this
            // thread only. `new` has checked their alignment. The layout lies within a slot.
            unsafe {
                let tag = || reference.offset(self.tag_after_ref).read() & layout.tag_mask;
                if !is_tagged || tag() == layout.tag {
                    visit(
                        self.left_out + self.count - left,
                        &*reference.cast::<Cell<u32>>(),
                    )?;
                }
            }
            reference = reference.wrapping_add(layout.slot_bytes);
            left -= 1;
        }
        Ok(())
    }
}
