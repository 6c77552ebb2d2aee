//! From a handle to an object of a given kind and its registered type.

use crate::error::{Error, Result};
use crate::heap::{GcRef, Kind, ObjectHeader};
use crate::roots::Handle;
use crate::store::Store;
use crate::store::objects::header::{kind_name, name_of};
use crate::types::{RegisteredType, Type};

/// An object and its type.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct Typed<'a> {
    /// Where the object starts.
    pub(in crate::store) offset: u64,
    /// The type that its header names.
    pub(in crate::store) ty: &'a RegisteredType,
}

impl Store {
    /// The fast form of [`Store::typed`].
    #[inline(always)]
    pub(in crate::store) fn typed_fast(&self, handle: Handle, kind: Kind) -> Option<Typed<'_>> {
        let object = self.resolve_or_odd(handle)?;
        // An `i31`, or a link in a slot without a live root. This must come before the
        // read. Null may be read, and has no kind.
        if object.is_odd() {
            return None;
        }
        let header = self.header_or_nothing(object);
        if header.kind_bits() != kind as u8 {
            return None;
        }
        Some(Typed {
            offset: object.offset(),
            ty: self.types.get(header.type_index())?,
        })
    }

    /// The object that `handle` refers to, which must be of kind `kind`.
    ///
    /// Errors: as [`Store::object`]; [`Error::TypeMismatch`].
    pub(in crate::store) fn typed(
        &self,
        handle: Handle,
        kind: Kind,
        parameter: &'static str,
    ) -> Result<Typed<'_>> {
        self.typed_object(self.object(handle, parameter)?, kind, kind_name(kind))
    }

    /// An object, which must be of kind `kind`. `needed` is what it must be, for messages.
    ///
    /// Errors: [`Error::TypeMismatch`].
    pub(in crate::store) fn typed_object(
        &self,
        object: GcRef,
        kind: Kind,
        needed: &'static str,
    ) -> Result<Typed<'_>> {
        let header = self.header_of(object)?;
        match header {
            Some(header) if header.kind() == Some(kind) => Ok(Typed {
                offset: object.offset(),
                ty: self.type_of(header)?,
            }),
            _ => Err(Error::TypeMismatch {
                needed,
                found: name_of(header),
            }),
        }
    }

    /// The type that a header names.
    ///
    /// Errors: [`Error::Internal`] unless the store has this type, and objects of the
    /// type have the header's kind.
    pub(in crate::store) fn type_of(&self, header: ObjectHeader) -> Result<&RegisteredType> {
        let kind_bits = match header.kind() {
            // The layout of a function type is that of an exception (TYPES-16).
            Some(Kind::Func) => Kind::Exn as u8,
            _ => header.kind_bits(),
        };
        self.types
            .get(header.type_index())
            .filter(|of| of.header.kind_bits() == kind_bits)
            .ok_or(Error::internal("a header of unknown type", header.bits()))
    }

    /// Requires that a type belongs to this store's engine, and that its objects are of
    /// kind `kind`. For a function type `kind` is [`Kind::Exn`] (TYPES-16).
    ///
    /// Errors: [`Error::WrongEngine`], [`Error::TypeMismatch`].
    pub(in crate::store) fn require_kind(&self, of: &Type, kind: Kind) -> Result<()> {
        if !self.types.has(of) && !self.engine.has(of) {
            return Err(Error::WrongEngine { parameter: "type" });
        }
        if !of.has_kind(kind) {
            return Err(Error::TypeMismatch {
                needed: type_name(Some(kind)),
                found: type_name(of.header.kind()),
            });
        }
        Ok(())
    }
}

/// The name of a type in messages, given by the kind of its objects.
const fn type_name(kind: Option<Kind>) -> &'static str {
    match kind {
        Some(Kind::Struct) => "a struct type",
        Some(Kind::Array) => "an array type",
        _ => "a function type",
    }
}
