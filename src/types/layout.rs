//! Where the fields of an object are.
//!
//! Fields follow the header in the order in which they are declared, each at a
//! multiple of its size (of 8 for 128 bits: objects start at multiples of 8). So a
//! struct begins as its supertype does. An array is a length, and from
//! [`ARRAY_ELEMENTS`] on elements.

use super::heap_type::{FieldType, StorageType, ValType};
use super::rec_group::Composite;
use crate::error::Result;
use crate::fallible;
use crate::heap::{ARRAY_ELEMENTS, GRANULE, HEADER_BYTES};

/// Bytes and alignment of what a field stores.
pub(crate) fn size_and_alignment<C>(storage: &StorageType<C>) -> (u32, u32) {
    match storage {
        StorageType::I8 => (1, 1),
        StorageType::I16 => (2, 2),
        StorageType::Val(ValType::I32 | ValType::F32 | ValType::Ref(_)) => (4, 4),
        StorageType::Val(ValType::I64 | ValType::F64) => (8, 8),
        StorageType::Val(ValType::V128) => (16, 8),
    }
}

/// An object's size, and the offsets of its fields from its start.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct TypeLayout {
    /// Bytes of a struct, header included, a multiple of the granule; of an array
    /// without elements; 0 of a function.
    pub(crate) bytes: u32,
    /// Bytes of an array's element, 0 of others.
    pub(crate) element_bytes: u32,
    /// A struct's fields.
    pub(crate) offsets: Vec<u32>,
}

impl TypeLayout {
    /// The layout of a type. At most 10,000 fields of 16 bytes cannot overflow.
    ///
    /// Errors: [`Error::SystemMemory`](crate::error::Error::SystemMemory).
    pub(super) fn of<C>(composite: &Composite<C>) -> Result<TypeLayout> {
        match composite {
            Composite::Struct(fields) => TypeLayout::of_struct(fields),
            Composite::Array(element) => Ok(TypeLayout {
                bytes: ARRAY_ELEMENTS as u32,
                element_bytes: size_and_alignment(&element.storage).0,
                offsets: Vec::new(),
            }),
            Composite::Func { .. } => Ok(TypeLayout::default()),
        }
    }

    fn of_struct<C>(fields: &[FieldType<C>]) -> Result<TypeLayout> {
        let mut offsets = Vec::new();
        offsets
            .try_reserve_exact(fields.len())
            .map_err(|_| fallible::refused(fields.len() * 4))?;
        let mut end = HEADER_BYTES as u32;
        for field in fields {
            let (bytes, alignment) = size_and_alignment(&field.storage);
            let offset = end.next_multiple_of(alignment);
            fallible::push(&mut offsets, offset)?;
            end = offset + bytes;
        }
        Ok(TypeLayout {
            bytes: end
                .max(crate::heap::LEAST_BYTES)
                .next_multiple_of(GRANULE as u32),
            element_bytes: 0,
            offsets,
        })
    }
}
