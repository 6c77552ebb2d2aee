//! Layouts: an object's size, and the offsets of its references.
//!
//! Collectors and walks know objects only through layouts. A type has one layout for all
//! collectors (TYPES-15). The table of layouts is indexed by the type index in the header.
//! It belongs to the store, so finding a layout takes no lock.

use super::header::{HEADER_BYTES, Kind, ObjectHeader};
use super::memory::RegionView;
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

impl Layout {
    /// The bytes of memory that a boxed layout has.
    fn side_bytes(&self) -> u64 {
        let far = match self {
            Layout::Fixed { references, .. } => fallible::bytes(&references.far),
            Layout::Array { .. } => 0,
        };
        size_of::<Layout>() as u64 + far
    }

    /// A copy.
    ///
    /// Errors: [`Error::SystemMemory`].
    pub(crate) fn try_clone(&self) -> Result<Layout> {
        Ok(match self {
            Layout::Fixed {
                kind,
                bytes,
                references,
            } => Layout::Fixed {
                kind: *kind,
                bytes: *bytes,
                references: references.try_clone()?,
            },
            &Layout::Array {
                element_bytes,
                references,
            } => Layout::Array {
                element_bytes,
                references,
            },
        })
    }
}

/// The layout and size of one object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured<'a> {
    layout: &'a Layout,
    /// The number of elements of an array; 0 for other objects.
    length: u32,
    /// The size in bytes, as the layout and an array's length say. The caller compares it
    /// with the room in the heap.
    pub(crate) bytes: u64,
}

impl<'a> Measured<'a> {
    /// The offset of each reference from the object's start.
    #[inline(always)]
    fn references(&self) -> Offsets<'a> {
        match self.layout {
            Layout::Fixed { references, .. } => Offsets {
                near: references.near,
                far: references.far.iter(),
                elements: 0..0,
            },
            &Layout::Array { references, .. } => Offsets {
                near: 0,
                far: [].iter(),
                elements: 0..if references { self.length } else { 0 },
            },
        }
    }

    /// Calls `visit` with the offset of each reference from the object's start.
    #[inline(always)]
    pub(crate) fn each_reference(&self, visit: impl FnMut(u64) -> Result<()>) -> Result<()> {
        self.references().try_for_each(visit)
    }

    /// Whether the object is an array that is scanned in array chunks.
    #[inline(always)]
    pub(crate) fn is_chunked(&self) -> bool {
        self.length > MAX_UNCHUNKED_LENGTH
    }

    /// Whether the object is an array of references.
    pub(crate) fn has_references(&self) -> bool {
        matches!(
            self.layout,
            Layout::Array {
                references: true,
                ..
            }
        )
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

/// An iterator over the offsets of an object's references. It has one loop for all kinds
/// of objects, so that the compiler can inline the work on a reference into that loop.
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

/// The layouts of the types that a store uses, by type index. All externrefs share one
/// layout, and so do all functions.
#[derive(Debug)]
pub(crate) struct LayoutTable {
    externref: Layout,
    function: Layout,
    /// The layouts are boxed, so that an index that the store does not use costs only a
    /// pointer. The engine issues the indices, and a store may use few of them.
    by_type: Vec<Option<Box<Layout>>>,
}

impl LayoutTable {
    /// A table with the layouts of externrefs and functions only. Allocates nothing.
    pub(crate) fn new() -> LayoutTable {
        let of_host_data = |kind| Layout::Fixed {
            kind,
            bytes: LEAST_BYTES,
            references: References::default(),
        };
        LayoutTable {
            externref: of_host_data(Kind::Extern),
            function: of_host_data(Kind::Func),
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
        let layout = fallible::boxed(layout.try_clone()?)?;
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
    pub(crate) fn of(&self, header: ObjectHeader) -> Result<&Layout> {
        let index = header.type_index();
        if header.is_extern() && index == EXTERN_TYPE {
            return Ok(&self.externref);
        }
        let kind = header.kind();
        match self.by_type.get(index as usize).and_then(Option::as_deref) {
            Some(layout @ Layout::Fixed { kind: of, .. }) if kind == Some(*of) => Ok(layout),
            Some(layout @ Layout::Array { .. }) if kind == Some(Kind::Array) => Ok(layout),
            // The layout of a function type is that of its exceptions (TYPES-16).
            Some(Layout::Fixed {
                kind: Kind::Exn, ..
            }) if kind == Some(Kind::Func) => Ok(&self.function),
            _ => Err(Error::internal("a header of unknown type", header.bits())),
        }
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
        let (length, bytes) = match *layout {
            Layout::Fixed { bytes, .. } => (0, bytes.into()),
            Layout::Array { element_bytes, .. } => {
                let length = space.load_u32(offset + ARRAY_LENGTH)?;
                (length, array_bytes(length, element_bytes))
            }
        };
        Ok(Measured {
            layout,
            length,
            bytes,
        })
    }
}

/// The size of an array in bytes.
#[inline(always)]
pub(crate) fn array_bytes(length: u32, element_bytes: u32) -> u64 {
    // The product is at most (2^32 - 1)^2 = 2^64 - 2^33 + 1, so adding 16 and rounding up
    // cannot overflow.
    (u64::from(length) * u64::from(element_bytes) + ARRAY_ELEMENTS).next_multiple_of(GRANULE)
}
