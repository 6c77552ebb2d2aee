//! Layouts: an object's size, and where its references are.
//!
//! Collectors and walks know objects only through these. The table is indexed
//! by the type index in the header and belongs to the store, so finding a
//! layout takes no lock.

use super::header::{HEADER_BYTES, Kind, ObjectHeader};
use super::memory::Region;
use super::reference::GRANULE;
use crate::error::{Error, Result};
use crate::fallible;

/// The type index of every externref.
pub(crate) const EXTERN_TYPE: u32 = 0;

/// Where an array keeps its length, a `u32`, from the object's start.
pub(crate) const ARRAY_LENGTH: u64 = HEADER_BYTES;

/// Where an array's elements begin, from the object's start.
pub(crate) const ARRAY_ELEMENTS: u64 = 16;

/// The least size of an object: the word after the header can be read whatever
/// the object is.
pub(crate) const LEAST_BYTES: u32 = 16;

/// The size of an object of some type, and where its references are.
#[derive(Debug)]
pub(crate) enum Layout {
    /// A fixed size.
    Fixed {
        /// Bytes, header included, a multiple of the granule, at least
        /// [`LEAST_BYTES`].
        bytes: u32,
        /// Offsets of 32-bit references from the object's start.
        references: Vec<u32>,
    },
    #[cfg_attr(not(test), expect(dead_code, reason = "arrays come with types"))]
    /// A length at [`ARRAY_LENGTH`], elements from [`ARRAY_ELEMENTS`] on.
    Array {
        /// Bytes of an element.
        element_bytes: u32,
        /// Whether the elements are references (of 4 bytes).
        references: bool,
    },
}

/// A store's layouts, by type index.
#[derive(Debug)]
pub(crate) struct LayoutTable {
    layouts: Vec<Layout>,
}

impl LayoutTable {
    /// A table with the externrefs' layout, which is [`EXTERN_TYPE`].
    pub(crate) fn new() -> Result<LayoutTable> {
        let mut table = LayoutTable {
            layouts: Vec::new(),
        };
        let externref = Layout::Fixed {
            bytes: 16,
            references: Vec::new(),
        };
        let index = table.add(externref)?;
        debug_assert_eq!(index, EXTERN_TYPE);
        Ok(table)
    }

    /// Adds a layout and returns its index.
    pub(crate) fn add(&mut self, layout: Layout) -> Result<u32> {
        if let Layout::Fixed { bytes, .. } = layout {
            debug_assert!(bytes >= LEAST_BYTES && u64::from(bytes).is_multiple_of(GRANULE));
        }
        let index = u32::try_from(self.layouts.len()).map_err(|_| Error::Limit {
            what: "types of a store",
            limit: u32::MAX.into(),
        })?;
        fallible::push(&mut self.layouts, layout)?;
        Ok(index)
    }

    /// The layout of an object with this header.
    #[inline]
    pub(crate) fn of(&self, header: ObjectHeader) -> Result<&Layout> {
        let index = header.type_index();
        match (header.kind(), self.layouts.get(index as usize)) {
            (Some(Kind::Extern), Some(layout)) if index == EXTERN_TYPE => Ok(layout),
            (Some(Kind::Struct), Some(layout @ Layout::Fixed { .. })) if index != EXTERN_TYPE => {
                Ok(layout)
            }
            (Some(Kind::Array), Some(layout @ Layout::Array { .. })) => Ok(layout),
            _ => Err(Error::internal("a header of no known type", header.bits())),
        }
    }

    /// The layout and size in bytes of the object at `offset`. The size is that
    /// of the layout or what the object's length says, and not yet compared
    /// with the room that there is.
    #[inline]
    pub(crate) fn measure(
        &self,
        region: &Region,
        offset: u64,
        header: ObjectHeader,
    ) -> Result<(&Layout, u64)> {
        let layout = self.of(header)?;
        let bytes = match *layout {
            Layout::Fixed { bytes, .. } => bytes.into(),
            Layout::Array { element_bytes, .. } => {
                let length = region.load_u32(offset + ARRAY_LENGTH)?;
                // The product is at most (2^32 - 1)^2 = 2^64 - 2^33 + 1: adding 16
                // and rounding up cannot overflow.
                (u64::from(length) * u64::from(element_bytes) + ARRAY_ELEMENTS)
                    .next_multiple_of(GRANULE)
            }
        };
        Ok((layout, bytes))
    }
}
