//! The kind and the type of a reference's referent.

use crate::error::{Error, Result};
use crate::heap::{Kind, ObjectHeader};
use crate::roots::Handle;
use crate::store::Store;
use crate::store::objects::header::name_of;
use crate::types::{AbstractType, Type};

/// The kind of a referent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum RefKind {
    /// Null.
    Null = 0,
    /// An externref.
    Extern = 1,
    /// A struct.
    Struct = 2,
    /// An array.
    Array = 3,
    /// A 31-bit integer.
    I31 = 4,
    /// An exception.
    Exn = 5,
    /// A function.
    Func = 6,
}

impl Store {
    /// The fast form of [`Store::ref_kind`].
    #[inline(always)]
    pub(crate) fn ref_kind_fast(&self, handle: Handle) -> Option<RefKind> {
        let reference = self.resolve_or_null_fast(handle)?;
        if reference.is_null() {
            return Some(RefKind::Null);
        }
        if !reference.is_object() {
            return Some(RefKind::I31);
        }
        match self.header(reference).kind()? {
            Kind::Extern => Some(RefKind::Extern),
            Kind::Struct => Some(RefKind::Struct),
            Kind::Array => Some(RefKind::Array),
            Kind::Exn => Some(RefKind::Exn),
            Kind::Func => Some(RefKind::Func),
            Kind::Free => None,
        }
    }

    /// The kind of the referent of `handle`.
    ///
    /// Errors: as [`Store::resolve`].
    pub(crate) fn ref_kind(&self, handle: Handle) -> Result<RefKind> {
        let reference = self.resolve(handle, "ref")?;
        if reference.is_null() {
            return Ok(RefKind::Null);
        }
        Ok(
            match self.header_of(reference)?.and_then(ObjectHeader::kind) {
                Some(Kind::Extern) => RefKind::Extern,
                Some(Kind::Struct) => RefKind::Struct,
                Some(Kind::Array) => RefKind::Array,
                Some(Kind::Exn) => RefKind::Exn,
                Some(Kind::Func) => RefKind::Func,
                // `header_of` never returns the header of free memory.
                Some(Kind::Free) | None => RefKind::I31,
            },
        )
    }

    /// The type of a struct, an array or a function, and the type of an exception's tag.
    ///
    /// Errors: as [`Store::object`]; [`Error::TypeMismatch`] for other referents;
    /// [`Error::Limit`] for too many references to the type.
    pub(crate) fn ref_type(&self, handle: Handle) -> Result<Type> {
        let reference = self.object(handle, "ref")?;
        let header = self.header_of(reference)?;
        match header {
            Some(header)
                if matches!(
                    header.kind(),
                    Some(Kind::Struct | Kind::Array | Kind::Func | Kind::Exn)
                ) =>
            {
                self.type_of(header)?;
                self.types.kept(header.type_index())
            }
            _ => Err(Error::TypeMismatch {
                needed: "a struct, an array, a function or an exception",
                found: name_of(header),
            }),
        }
    }

    /// The type of an object, which must be of kind `kind`. The type of an exception is
    /// its tag's type.
    ///
    /// Errors: as [`Store::typed`]; [`Error::Limit`] for too many references to the type.
    pub(crate) fn type_of_kind(&self, handle: Handle, kind: Kind) -> Result<Type> {
        let index = self.typed(handle, kind, "ref")?.ty.index;
        self.types.kept(index)
    }

    /// The hierarchy of a reference from a slot whose hierarchy has the top type `top`: a
    /// slot of every reference says nothing about the one that it holds (TYPES-18). Null
    /// and an `i31` are internal.
    ///
    /// Errors: as [`Store::resolve`].
    pub(crate) fn hierarchy(&self, top: AbstractType, handle: Handle) -> Result<AbstractType> {
        if top != AbstractType::Every {
            return Ok(top);
        }
        Ok(match self.ref_kind(handle)? {
            RefKind::Func => AbstractType::Func,
            RefKind::Exn => AbstractType::Exn,
            RefKind::Extern => AbstractType::Extern,
            _ => AbstractType::Any,
        })
    }

    /// The top type of the hierarchy of a field that holds references. The elements of an
    /// array are field 0.
    ///
    /// Errors: as [`Store::object`]; [`Error::TypeMismatch`] if there is no such field.
    pub(crate) fn top_of_field(&self, handle: Handle, index: usize) -> Result<AbstractType> {
        let header = self.header_of(self.object(handle, "ref")?)?;
        let has_fields = |kind| matches!(kind, Kind::Struct | Kind::Array | Kind::Exn);
        let top = match header.filter(|header| header.kind().is_some_and(has_fields)) {
            Some(header) => self.type_of(header)?.top_of_field(index),
            None => None,
        };
        top.ok_or(Error::TypeMismatch {
            needed: "an object with a reference",
            found: name_of(header),
        })
    }
}
