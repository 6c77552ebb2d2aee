//! Layouts: an object's size, and the offsets of its references.
//!
//! Collectors and walks know objects only through layouts. A type has one layout for all
//! collectors (TYPES-15). The layouts that a store uses are in its
//! [`LayoutTable`](super::LayoutTable).

use super::header::{HEADER_BYTES, Kind};
use super::reference::GRANULE;
use crate::base::fallible;
use crate::error::Result;

/// The type index of every externref. The kind tells externrefs from objects of the
/// engine's type 0.
pub(crate) const EXTERN_TYPE: u32 = 0;

/// The offset of an array's length, a `u32`, from the object's start.
pub(crate) const ARRAY_LENGTH: u64 = HEADER_BYTES;

/// The offset of an array's first element from the object's start.
pub(crate) const ARRAY_ELEMENTS: u64 = 16;

/// The length of the longest array that is scanned at once. Longer arrays are scanned in
/// array chunks (HEAP-15).
const MAX_UNCHUNKED_LENGTH: u32 = 1024;

/// The bytes of an array chunk.
pub(crate) const ARRAY_CHUNK: u64 = 4096;

/// The bytes of an array chunk of references where each of them may lead to an object that is
/// copied or marked.
pub(crate) const REFERENCES_CHUNK: u64 = 512;

/// The size of the objects of a type, and the offsets of their references.
#[derive(Clone, Debug)]
pub(crate) enum Layout {
    /// All objects have one size.
    Fixed {
        /// The kind in the header.
        kind: Kind,
        /// The size in bytes, header included: a multiple of the granule, at least
        /// [`LEAST_BYTES`](super::reference::LEAST_BYTES).
        bytes: u32,
        /// The offsets of the references.
        references: References,
    },
    /// An array: its length is at [`ARRAY_LENGTH`], and its elements from
    /// [`ARRAY_ELEMENTS`] on.
    Array {
        /// The size of an element in bytes.
        element_bytes: u32,
        /// Whether the elements are references, which have 4 bytes.
        references: bool,
    },
}

/// The offsets of the references in an object of a fixed size. Those near the object's
/// start are bits, which are faster to iterate over than a list.
#[derive(Clone, Debug, Default)]
pub(crate) struct References {
    /// Bit `i` stands for the offset `HEADER_BYTES + 4 * i`.
    pub(super) near: u64,
    /// The other offsets.
    pub(super) far: Vec<u32>,
}

impl References {
    /// References at these offsets from the object's start. Each offset is a multiple of 4
    /// and lies behind the header.
    ///
    /// Errors: [`Error::SystemMemory`](crate::error::Error::SystemMemory).
    pub(crate) fn at(offsets: impl Iterator<Item = u32>) -> Result<References> {
        let mut references = References::default();
        for offset in offsets {
            debug_assert!(offset >= HEADER_BYTES as u32 && offset.is_multiple_of(4));
            let slot = (offset - HEADER_BYTES as u32) / 4;
            match 1_u64.checked_shl(slot) {
                Some(bit) => references.near |= bit,
                None => fallible::push(&mut references.far, offset)?,
            }
        }
        Ok(references)
    }

    /// A copy.
    ///
    /// Errors: [`Error::SystemMemory`](crate::error::Error::SystemMemory).
    pub(super) fn try_clone(&self) -> Result<References> {
        let mut far = fallible::with_room(self.far.len())?;
        far.extend(self.far.iter().copied());
        Ok(References {
            near: self.near,
            far,
        })
    }
}

/// The layout and size of one object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured<'a> {
    /// The references near the object's start: [`References::near`].
    pub(super) near: u64,
    /// The offsets of the other references.
    pub(super) far: &'a [u32],
    /// Whether the elements of an array are references.
    pub(super) elements: bool,
    /// The number of elements of an array; 0 for other objects.
    pub(super) length: u32,
    /// The size in bytes, as the layout and an array's length say. The caller compares it
    /// with the room in the heap.
    pub(crate) bytes: u64,
}

impl<'a> Measured<'a> {
    /// Calls `visit` with the offset of each reference from the object's start. Has one loop
    /// for all kinds of objects, so that the compiler can inline `visit` into it.
    #[inline(always)]
    pub(crate) fn each_reference(&self, visit: impl FnMut(u64) -> Result<()>) -> Result<()> {
        let mut offsets = Offsets {
            near: self.near,
            far: self.far.iter(),
            elements: 0..if self.elements { self.length } else { 0 },
        };
        offsets.try_for_each(visit)
    }

    /// Whether the object is an array that is scanned in array chunks.
    #[inline(always)]
    pub(crate) fn is_chunked(&self) -> bool {
        is_chunked(self.length)
    }

    /// Whether the object is an array of references.
    pub(crate) fn has_references(&self) -> bool {
        self.elements
    }

    /// Calls `visit` with the offset of each reference of an array, from the element at
    /// offset `from` up to the offset `to`. Does nothing for other objects.
    pub(crate) fn references_between(
        &self,
        from: u64,
        to: u64,
        mut visit: impl FnMut(u64) -> Result<()>,
    ) -> Result<()> {
        if !self.has_references() {
            return Ok(());
        }
        let end = to.min(ARRAY_ELEMENTS + 4 * u64::from(self.length));
        let mut at = from;
        while at < end {
            visit(at)?;
            at += 4;
        }
        Ok(())
    }
}

/// An iterator over the offsets of an object's references.
#[derive(Clone, Debug)]
struct Offsets<'a> {
    near: u64,
    far: core::slice::Iter<'a, u32>,
    elements: core::ops::Range<u32>,
}

impl Iterator for Offsets<'_> {
    type Item = u64;

    #[inline(always)]
    fn next(&mut self) -> Option<u64> {
        if self.near != 0 {
            let slot = self.near.trailing_zeros();
            self.near &= self.near - 1;
            return Some(HEADER_BYTES + 4 * u64::from(slot));
        }
        if let Some(&at) = self.far.next() {
            return Some(at.into());
        }
        let element = self.elements.next()?;
        Some(ARRAY_ELEMENTS + 4 * u64::from(element))
    }
}

/// Whether an array of this length is scanned in array chunks.
#[inline(always)]
pub(crate) const fn is_chunked(length: u32) -> bool {
    length > MAX_UNCHUNKED_LENGTH
}

/// The size of an array in bytes.
#[inline(always)]
pub(crate) fn array_bytes(length: u32, element_bytes: u32) -> u64 {
    // The product is at most (2^32 - 1)^2 = 2^64 - 2^33 + 1, so adding 16 and rounding up
    // cannot overflow.
    (u64::from(length) * u64::from(element_bytes) + ARRAY_ELEMENTS).next_multiple_of(GRANULE)
}
