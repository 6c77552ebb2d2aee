//! Layouts: an object's size, and where its references are.
//!
//! Collectors and walks know objects only through these. The table is indexed
//! by the type index in the header and belongs to the store, so finding a
//! layout takes no lock. All collectors share one header and so one layout for a type:
//! what they know of an object is in the header's collector bits or beside the heap.

use super::header::{HEADER_BYTES, Kind, ObjectHeader};
use super::memory::RegionView;
use super::reference::{GRANULE, LEAST_BYTES};
use crate::base::fallible;
use crate::error::{Error, Result};

/// The type index of every externref. Their kind tells them from objects of the
/// engine's type 0.
pub(crate) const EXTERN_TYPE: u32 = 0;

/// Where an array keeps its length, a `u32`, from the object's start.
pub(crate) const ARRAY_LENGTH: u64 = HEADER_BYTES;

/// Where an array's elements begin, from the object's start.
pub(crate) const ARRAY_ELEMENTS: u64 = 16;

/// An array of more elements is gone over in pieces.
const LONG: u32 = 1024;

/// Bytes of a long array that are gone over at a time.
pub(crate) const ARRAY_CHUNK: u64 = 4096;

/// The size of an object of some type, and where its references are.
#[derive(Clone, Debug)]
pub(crate) enum Layout {
    /// A fixed size.
    Fixed {
        /// The kind in the header.
        kind: Kind,
        /// Bytes, header included, a multiple of the granule, at least
        /// [`LEAST_BYTES`].
        bytes: u32,
        /// Where the references are.
        references: References,
    },
    /// A length at [`ARRAY_LENGTH`], elements from [`ARRAY_ELEMENTS`] on.
    Array {
        /// Bytes of an element.
        element_bytes: u32,
        /// Whether the elements are references (of 4 bytes).
        references: bool,
    },
}

/// Where an object of a fixed size has references: those near its start as bits,
/// which are faster to go through than a list.
#[derive(Clone, Debug, Default)]
pub(crate) struct References {
    /// Bit `i` is the reference at `HEADER_BYTES + 4 * i`.
    near: u64,
    /// Offsets of the others.
    far: Vec<u32>,
}

impl References {
    /// References at these offsets from the object's start, multiples of 4 beyond the
    /// header.
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
        let mut far = Vec::new();
        far.try_reserve_exact(self.far.len())
            .map_err(|_| fallible::refused(self.far.len() * 4))?;
        far.extend(self.far.iter().copied());
        Ok(References {
            near: self.near,
            far,
        })
    }
}

impl Layout {
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
    /// How many elements it has if it is an array, else 0.
    length: u32,
    /// Its size: what the layout or the object's length says, and not yet compared
    /// with the room that there is.
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

    /// Whether it is an array that is to be gone over in pieces.
    #[inline(always)]
    pub(crate) fn is_chunked(&self) -> bool {
        self.length > LONG
    }

    /// Whether it is an array of references.
    pub(crate) fn has_references(&self) -> bool {
        matches!(
            self.layout,
            Layout::Array {
                references: true,
                ..
            }
        )
    }

    /// As [`Measured::each_reference`], for references of an array between the offsets
    /// `from`, where one is, and `to`.
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

/// Offsets of references. One loop goes over all, so that what it does with one can be
/// part of it.
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

/// The layouts of the types that a store uses, by type index; and those of externrefs
/// and functions, which are the same for all of them.
#[derive(Debug)]
pub(crate) struct LayoutTable {
    externref: Layout,
    function: Layout,
    /// Boxed, since indices are an engine's and may be far apart.
    by_type: Vec<Option<Box<Layout>>>,
}

impl LayoutTable {
    /// A table with the layouts of externrefs and functions only, which allocates
    /// nothing.
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

    /// Sets the layout of the type with this index, of which there are no objects yet.
    /// Another type may have had the index, and left its layout here.
    ///
    /// Errors: [`Error::SystemMemory`]; nothing has changed then.
    pub(crate) fn add(&mut self, type_index: u32, layout: &Layout) -> Result<()> {
        let index = type_index as usize;
        let missing = (index + 1).saturating_sub(self.by_type.len());
        self.by_type
            .try_reserve(missing)
            .map_err(|_| fallible::refused(missing * 8))?;
        let layout = fallible::boxed(layout.try_clone()?)?;
        self.by_type.extend((0..missing).map(|_| None));
        self.by_type[index] = Some(layout);
        Ok(())
    }

    /// The layout of an object with this header.
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
            // What a function type lays out is an exception whose tag has it.
            Some(Layout::Fixed {
                kind: Kind::Exn, ..
            }) if kind == Some(Kind::Func) => Ok(&self.function),
            _ => Err(Error::internal("a header of unknown type", header.bits())),
        }
    }

    /// The layout and size of the object at `offset`.
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

/// The size of an array.
#[inline(always)]
pub(crate) fn array_bytes(length: u32, element_bytes: u32) -> u64 {
    // The product is at most (2^32 - 1)^2 = 2^64 - 2^33 + 1: adding 16 and rounding up
    // cannot overflow.
    (u64::from(length) * u64::from(element_bytes) + ARRAY_ELEMENTS).next_multiple_of(GRANULE)
}
