//! Fields of structs and exceptions: finding a field by its index, and the checks of a
//! field's layout. An element of an array has the layout of a field.

use crate::error::{Error, Result};
use crate::store::Store;
use crate::store::objects::typed::Typed;
use crate::types::{FieldLayout, RegisteredType, Storage};

impl Store {
    /// The layout of the field at `index` of an object, and where the field is.
    ///
    /// Errors: [`Error::OutOfBounds`].
    pub(in crate::store) fn field<'a>(
        &self,
        object: Typed<'a>,
        index: usize,
    ) -> Result<(&'a FieldLayout, u64)> {
        let field = object.ty.fields.get(index).ok_or(Error::OutOfBounds {
            what: "field",
            index: index as u64,
            length: object.ty.fields.len() as u64,
        })?;
        Ok((field, object.offset + u64::from(field.offset)))
    }
}

/// Requires that all fields of a type have a default value. A reference that is never
/// null has none.
///
/// Errors: [`Error::TypeMismatch`].
pub(in crate::store) fn require_defaults(of: &RegisteredType) -> Result<()> {
    if of.layout.has_defaults {
        return Ok(());
    }
    Err(Error::TypeMismatch {
        needed: "a type whose fields have defaults",
        found: "one with a reference that is never null",
    })
}

/// Requires that a field is stored as `storage`.
///
/// Errors: [`Error::TypeMismatch`].
pub(in crate::store) fn require_storage(field: &FieldLayout, storage: Storage) -> Result<()> {
    if field.storage == storage {
        return Ok(());
    }
    Err(Error::TypeMismatch {
        needed: storage.name(),
        found: field.storage.name(),
    })
}
