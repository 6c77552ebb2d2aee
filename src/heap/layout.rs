//! Layouts: an object's size, and the offsets of its references.
//!
//! Collectors and walks know objects only through layouts. A type has one layout for all
//! collectors (TYPES-15). The table of layouts is indexed by the type index in the header.
//! It belongs to the store, so finding a layout takes no lock.

use super::header::{HEADER_BYTES, Kind, ObjectHeader};
use super::memory::{ObjectHead, RegionView};
use super::reference::{GRANULE, LEAST_BYTES};
use crate::base::fallible;
use crate::error::{Error, Result};

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
        /// [`LEAST_BYTES`].
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
    near: u64,
    /// The other offsets.
    far: Vec<u32>,
}

impl References {
    /// References at these offsets from the object's start. Each offset is a multiple of 4
    /// and lies behind the header.
    ///
    /// Errors: [`Error::SystemMemory`].
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
    /// Errors: [`Error::SystemMemory`].
    fn try_clone(&self) -> Result<References> {
        let mut far = fallible::with_room(self.far.len())?;
        far.extend(self.far.iter().copied());
        Ok(References {
            near: self.near,
            far,
        })
    }
}

/// A layout in the form in which objects are traced: one form for all kinds, so that a loop
/// over objects finds everything in the same place.
#[derive(Debug)]
pub(crate) struct TraceLayout {
    /// The bits of the kind in the header.
    kind: u8,
    /// Whether there are references besides those that `near` has.
    has_more: bool,
    /// Whether the elements of an array are references.
    elements: bool,
    /// The size of an array's element in bytes.
    element_bytes: u32,
    /// The size of an object that is not an array, in bytes.
    bytes: u64,
    /// The offsets of references near the object's start: [`References::near`].
    near: u64,
    /// The other offsets.
    far: Vec<u32>,
}

impl TraceLayout {
    /// The form of `layout`.
    ///
    /// Errors: [`Error::SystemMemory`].
    fn of(layout: &Layout) -> Result<TraceLayout> {
        Ok(match layout {
            Layout::Fixed {
                kind,
                bytes,
                references,
            } => {
                let References { near, far } = references.try_clone()?;
                TraceLayout {
                    has_more: !far.is_empty(),
                    near,
                    far,
                    ..TraceLayout::of_host_data(*kind, *bytes)
                }
            }
            &Layout::Array {
                element_bytes,
                references,
            } => TraceLayout {
                has_more: references,
                elements: references,
                element_bytes,
                ..TraceLayout::of_host_data(Kind::Array, 0)
            },
        })
    }

    /// The form of objects of a fixed size without references.
    const fn of_host_data(kind: Kind, bytes: u32) -> TraceLayout {
        TraceLayout {
            kind: kind as u8,
            has_more: false,
            elements: false,
            element_bytes: 0,
            bytes: bytes as u64,
            near: 0,
            far: Vec::new(),
        }
    }

    /// The size of an object that is not an array, in bytes.
    #[cfg(test)]
    pub(super) fn fixed_bytes_for_tests(&self) -> u64 {
        self.bytes
    }

    #[inline(always)]
    fn is_array(&self) -> bool {
        self.kind == Kind::Array as u8
    }

    /// The bytes of memory that a boxed layout has.
    fn side_bytes(&self) -> u64 {
        size_of::<TraceLayout>() as u64 + fallible::bytes(&self.far)
    }
}

/// The layout and size of one object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured<'a> {
    layout: &'a TraceLayout,
    /// The number of elements of an array; 0 for other objects.
    length: u32,
    /// The size in bytes, as the layout and an array's length say. The caller compares it
    /// with the room in the heap.
    pub(crate) bytes: u64,
}

impl<'a> Measured<'a> {
    /// The size of an object with this layout. An array has `length` elements.
    #[inline(always)]
    fn new(layout: &'a TraceLayout, length: u32) -> Measured<'a> {
        let bytes = match layout.is_array() {
            true => array_bytes(length, layout.element_bytes),
            false => layout.bytes,
        };
        Measured {
            layout,
            length,
            bytes,
        }
    }

    /// Calls `visit` with the offset of each reference from the object's start.
    #[inline(always)]
    pub(crate) fn each_reference(&self, mut visit: impl FnMut(u64) -> Result<()>) -> Result<()> {
        self.near_references().try_for_each(&mut visit)?;
        match self.has_more_references() {
            true => self.more_references().try_for_each(visit),
            false => Ok(()),
        }
    }

    /// The offsets of the references that [`TraceLayout::near`] has.
    #[inline(always)]
    pub(crate) fn near_references(&self) -> NearOffsets {
        NearOffsets {
            near: self.layout.near,
        }
    }

    /// The same as bits: bit `i` stands for the slot number `i` of [`ObjectBytes::near_slot`].
    #[inline(always)]
    pub(crate) fn near_bits(&self) -> u64 {
        self.layout.near
    }

    /// Whether there are other references.
    #[inline(always)]
    pub(crate) fn has_more_references(&self) -> bool {
        self.layout.has_more
    }

    /// The offsets of the references that [`TraceLayout::near`] does not have.
    #[inline(always)]
    pub(crate) fn more_references(&self) -> MoreOffsets<'a> {
        MoreOffsets {
            far: self.layout.far.iter(),
            elements: 0..if self.layout.elements { self.length } else { 0 },
        }
    }

    /// Whether the object is an array that is scanned in array chunks.
    #[inline(always)]
    pub(crate) fn is_chunked(&self) -> bool {
        self.length > MAX_UNCHUNKED_LENGTH
    }

    /// Whether the object is an array of references.
    pub(crate) fn has_references(&self) -> bool {
        self.layout.elements
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

/// An iterator over the offsets of the references near an object's start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NearOffsets {
    near: u64,
}

impl Iterator for NearOffsets {
    type Item = u64;

    #[inline(always)]
    fn next(&mut self) -> Option<u64> {
        if self.near == 0 {
            return None;
        }
        let slot = self.near.trailing_zeros();
        self.near &= self.near - 1;
        Some(HEADER_BYTES + 4 * u64::from(slot))
    }
}

/// An iterator over the other offsets of an object's references. It has one loop for all kinds of
/// objects, so that the compiler can inline the work on a reference into that loop.
#[derive(Clone, Debug)]
pub(crate) struct MoreOffsets<'a> {
    far: core::slice::Iter<'a, u32>,
    elements: core::ops::Range<u32>,
}

impl Iterator for MoreOffsets<'_> {
    type Item = u64;

    #[inline(always)]
    fn next(&mut self) -> Option<u64> {
        if let Some(&at) = self.far.next() {
            return Some(at.into());
        }
        let element = self.elements.next()?;
        Some(ARRAY_ELEMENTS + 4 * u64::from(element))
    }
}

/// The layouts of the types that a store uses, by type index. All externrefs share one
/// layout, and so do all functions.
#[derive(Debug)]
pub(crate) struct LayoutTable {
    externref: TraceLayout,
    function: TraceLayout,
    /// The layouts are boxed, so that an index that the store does not use costs only a
    /// pointer. The engine issues the indices, and a store may use few of them.
    by_type: Vec<Option<Box<TraceLayout>>>,
}

impl LayoutTable {
    /// A table with the layouts of externrefs and functions only. Allocates nothing.
    pub(crate) fn new() -> LayoutTable {
        LayoutTable {
            externref: TraceLayout::of_host_data(Kind::Extern, LEAST_BYTES),
            function: TraceLayout::of_host_data(Kind::Func, LEAST_BYTES),
            by_type: Vec::new(),
        }
    }

    /// Sets the layout of the type with this index. No object of the type exists yet. A
    /// type that had the index before may have left its layout here.
    ///
    /// Errors: [`Error::SystemMemory`]. After an error nothing has changed.
    pub(crate) fn add(&mut self, type_index: u32, layout: &Layout) -> Result<()> {
        let index = type_index as usize;
        let missing = (index + 1).saturating_sub(self.by_type.len());
        fallible::reserve(&mut self.by_type, missing)?;
        let layout = fallible::boxed(TraceLayout::of(layout)?)?;
        self.by_type.extend((0..missing).map(|_| None));
        self.by_type[index] = Some(layout);
        Ok(())
    }

    /// The bytes of memory that the table has.
    pub(crate) fn side_bytes(&self) -> u64 {
        let layouts = self
            .by_type
            .iter()
            .flatten()
            .map(|layout| layout.side_bytes());
        fallible::bytes(&self.by_type) + layouts.sum::<u64>()
    }

    /// The layout of an object with this header.
    ///
    /// Errors: [`Error::Internal`] if the header's kind and type do not match.
    #[inline(always)]
    pub(crate) fn of(&self, header: ObjectHeader) -> Result<&TraceLayout> {
        let unknown = || Error::internal("a header of unknown type", header.bits());
        self.find(header).ok_or_else(unknown)
    }

    /// The layout of an object with this header. `None` if the header's kind and type do not
    /// match.
    #[inline(always)]
    fn find(&self, header: ObjectHeader) -> Option<&TraceLayout> {
        let index = header.type_index() as usize;
        match self.by_type.get(index).and_then(Option::as_deref) {
            Some(layout) if layout.kind == header.kind_bits() => Some(layout),
            layout => self.of_host_data(header, layout),
        }
    }

    /// The layout of an object with this header, if it refers to host data. Its type may have
    /// another `layout`.
    #[inline(always)]
    fn of_host_data(
        &self,
        header: ObjectHeader,
        layout: Option<&TraceLayout>,
    ) -> Option<&TraceLayout> {
        if header.is_extern() && header.type_index() == EXTERN_TYPE {
            return Some(&self.externref);
        }
        // The layout of a function type is that of its exceptions (TYPES-16).
        let is_of_functions = layout.is_some_and(|layout| layout.kind == Kind::Exn as u8);
        if is_of_functions && header.kind() == Some(Kind::Func) {
            return Some(&self.function);
        }
        None
    }

    /// The layout and size of the object at `offset`.
    ///
    /// Errors: [`Error::Internal`] if the heap is found overwritten.
    #[inline(always)]
    pub(crate) fn measure(
        &self,
        space: RegionView<'_>,
        offset: u64,
        header: ObjectHeader,
    ) -> Result<Measured<'_>> {
        let layout = self.of(header)?;
        let length = match layout.is_array() {
            true => space.load_u32(offset + ARRAY_LENGTH)?,
            false => 0,
        };
        Ok(Measured::new(layout, length))
    }

    /// The layout and size of the object whose first [`LEAST_BYTES`] are `head`, and whose
    /// header is `header`. `None` if the header's kind and type do not match.
    #[inline(always)]
    pub(crate) fn measure_head(
        &self,
        head: ObjectHead<'_>,
        header: ObjectHeader,
    ) -> Option<Measured<'_>> {
        let layout = self.find(header)?;
        let length = match layout.is_array() {
            true => head.after_header(),
            false => 0,
        };
        Some(Measured::new(layout, length))
    }
}

/// The size of an array in bytes.
#[inline(always)]
pub(crate) fn array_bytes(length: u32, element_bytes: u32) -> u64 {
    // The product is at most (2^32 - 1)^2 = 2^64 - 2^33 + 1, so adding 16 and rounding up
    // cannot overflow.
    (u64::from(length) * u64::from(element_bytes) + ARRAY_ELEMENTS).next_multiple_of(GRANULE)
}
