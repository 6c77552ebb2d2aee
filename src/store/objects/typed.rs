//! From a handle to an object of a registered type: the kind and the type that the header
//! names.

use crate::error::{Error, Result};
use crate::heap::{GcRef, Kind, ObjectHeader};
use crate::roots::Handle;
use crate::store::Store;
use crate::types::{RegisteredType, Type};

/// An object and its type.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct Typed<'a> {
    /// Where the object starts.
    pub(in crate::store) offset: u64,
    /// The type that its header names.
    pub(in crate::store) of: &'a RegisteredType,
}

/// What a reference refers to, for messages.
pub(in crate::store) fn name_of(header: Option<ObjectHeader>) -> &'static str {
    match header.and_then(ObjectHeader::kind) {
        None => "an i31",
        Some(Kind::Extern) => "an externref",
        Some(Kind::Struct) => "a struct",
        Some(Kind::Array) => "an array",
        Some(Kind::Exn) => "an exception",
        Some(Kind::Func) => "a function",
        Some(Kind::Free) => "free memory",
    }
}

/// An object of this kind, for messages.
const fn needed_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Extern => "an externref",
        Kind::Struct => "a struct",
        Kind::Array => "an array",
        Kind::Exn => "an exception",
        Kind::Func => "a function",
        Kind::Free => "free memory",
    }
}

impl Store {
    /// The header of what a reference that is not null refers to; `None` for an `i31`.
    ///
    /// Errors: [`Error::Internal`] if it is no object's.
    pub(in crate::store) fn header_of(&self, reference: GcRef) -> Result<Option<ObjectHeader>> {
        if !reference.is_object() {
            return Ok(None);
        }
        let header = self.header(reference);
        match header.kind() {
            Some(Kind::Free) | None => Err(Error::internal("an invalid header", header.bits())),
            Some(_) => Ok(Some(header)),
        }
    }

    /// The object of this kind that `handle` refers to, if everything is as usual.
    #[inline(always)]
    pub(in crate::store) fn typed_fast(&self, handle: Handle, kind: Kind) -> Option<Typed<'_>> {
        let object = self.resolve_or_odd(handle)?;
        // Before anything is read: an i31 or the link in a slot without root. Null may
        // be read, and has no kind.
        if object.is_odd() {
            return None;
        }
        let header = self.header_or_nothing(object);
        if header.kind_bits() != kind as u8 {
            return None;
        }
        Some(Typed {
            offset: object.offset(),
            of: self.types.get(header.type_index())?,
        })
    }

    /// The object of this kind that `handle` refers to.
    ///
    /// Errors: those of [`Store::object`], [`Error::TypeMismatch`].
    pub(in crate::store) fn typed(
        &self,
        handle: Handle,
        kind: Kind,
        parameter: &'static str,
    ) -> Result<Typed<'_>> {
        let object = self.object(handle, parameter)?;
        let header = self.header_of(object)?;
        match header {
            Some(header) if header.kind() == Some(kind) => Ok(Typed {
                offset: object.offset(),
                of: self.type_of(header)?,
            }),
            _ => Err(Error::TypeMismatch {
                needed: needed_name(kind),
                found: name_of(header),
            }),
        }
    }

    /// The type that a header names.
    ///
    /// Errors: [`Error::Internal`] if it names none of this kind.
    pub(in crate::store) fn type_of(&self, header: ObjectHeader) -> Result<&RegisteredType> {
        let kind_bits = match header.kind() {
            // A function type's own objects are exceptions.
            Some(Kind::Func) => Kind::Exn as u8,
            _ => header.kind_bits(),
        };
        self.types
            .get(header.type_index())
            .filter(|of| of.header.kind_bits() == kind_bits)
            .ok_or(Error::internal("a header of unknown type", header.bits()))
    }

    /// Refuses a type of another engine, or whose objects are of another kind.
    ///
    /// Errors: [`Error::WrongEngine`], [`Error::TypeMismatch`].
    pub(in crate::store) fn require_kind(&self, of: &Type, kind: Kind) -> Result<()> {
        if !self.types.has(of) && !self.engine.has(of) {
            return Err(Error::WrongEngine { parameter: "type" });
        }
        if !of.has_kind(kind) {
            return Err(Error::TypeMismatch {
                needed: match kind {
                    Kind::Struct => "a struct type",
                    Kind::Array => "an array type",
                    _ => "a function type",
                },
                found: match of.header.kind() {
                    Some(Kind::Struct) => "a struct type",
                    Some(Kind::Array) => "an array type",
                    _ => "a function type",
                },
            });
        }
        Ok(())
    }
}
