//! Elements of arrays: where an element is, and the checks of elements and ranges.

use crate::error::{Error, Result};
use crate::heap::{ARRAY_ELEMENTS, array_bytes};
use crate::store::objects::fields::require_storage;
use crate::types::{FieldLayout, RegisteredType, Storage};

/// An array whose elements are not references, for messages.
pub(in crate::store) const NUMBERS: &str = "an array of numbers";

/// Where the element at `index` is in the array at `array`. `index` is at most the
/// length.
#[inline(always)]
pub(in crate::store) fn element_at(array: u64, storage: Storage, index: u64) -> u64 {
    array + ARRAY_ELEMENTS + index * u64::from(storage.bytes())
}

/// The layout of an array type's elements.
///
/// Errors: [`Error::Internal`] if the type has no element.
pub(in crate::store) fn element_of(of: &RegisteredType) -> Result<&FieldLayout> {
    of.fields.first().ok_or(Error::internal(
        "an array type without element",
        of.index.into(),
    ))
}

/// The layout of an array type's elements, which must be mutable. `index` is the element
/// that is to be set, for messages.
///
/// Errors: [`Error::Immutable`].
pub(in crate::store) fn mutable_element(of: &RegisteredType, index: u64) -> Result<&FieldLayout> {
    let element = element_of(of)?;
    if element.mutable {
        return Ok(element);
    }
    Err(Error::Immutable {
        index,
        type_index: of.index,
    })
}

/// The size in bytes of an array of `length` elements.
///
/// Errors: [`Error::Limit`] for more elements than an array can have.
pub(in crate::store) fn array_size(of: &RegisteredType, length: u64) -> Result<u64> {
    let limited = u32::try_from(length).map_err(|_| Error::Limit {
        what: "elements of an array",
        limit: u32::MAX.into(),
    })?;
    Ok(array_bytes(limited, of.layout.element_bytes))
}

/// Requires that an array or a table of `length` elements has `count` elements from
/// `index` on.
///
/// Errors: [`Error::OutOfBounds`].
pub(in crate::store) fn require_range(index: u64, count: u64, length: u64) -> Result<()> {
    if index <= length && count <= length - index {
        return Ok(());
    }
    Err(Error::OutOfBounds {
        what: "element",
        index: index.saturating_add(count.saturating_sub(1)),
        length,
    })
}

/// Requires packed elements.
///
/// Errors: [`Error::TypeMismatch`].
pub(in crate::store) fn require_packed(element: &FieldLayout) -> Result<()> {
    match element.storage {
        Storage::I8 => Ok(()),
        _ => require_storage(element, Storage::I16),
    }
}

/// Requires elements that are not references.
///
/// Errors: [`Error::TypeMismatch`].
pub(in crate::store) fn require_numbers(element: &FieldLayout) -> Result<()> {
    if element.storage != Storage::Ref {
        return Ok(());
    }
    Err(Error::TypeMismatch {
        needed: NUMBERS,
        found: "one of references",
    })
}
