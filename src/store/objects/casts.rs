//! What a reference is, and which types it has.
//!
//! Whether a reference is external belongs to the slot that holds it: the conversions
//! between `extern` and `any` change no object.

use crate::error::{Error, Result};
use crate::heap::{GcRef, Kind, ObjectHeader};
use crate::roots::Handle;
use crate::store::Store;
use crate::store::objects::typed::name_of;
use crate::types::{AbstractType, Admits, HeapType, RefType, RegisteredType, Type};

/// What a reference refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum RefKind {
    /// Nothing.
    Null = 0,
    /// Host data.
    Extern = 1,
    /// Fields.
    Struct = 2,
    /// Elements.
    Array = 3,
    /// A 31-bit integer.
    I31 = 4,
    /// An exception.
    Exn = 5,
    /// A function.
    Func = 6,
}

impl Store {
    /// What `handle` refers to.
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
                // No header is of free memory.
                Some(Kind::Free) | None => RefKind::I31,
            },
        )
    }

    /// The type that a struct, an array or a function was made of.
    ///
    /// Errors: as [`Store::object`]; [`Error::TypeMismatch`] for others; those of
    /// counting a reference to it.
    pub(crate) fn ref_type(&self, handle: Handle) -> Result<Type> {
        let reference = self.object(handle, "ref")?;
        let header = self.header_of(reference)?;
        match header {
            Some(header)
                if matches!(header.kind(), Some(Kind::Struct | Kind::Array | Kind::Func)) =>
            {
                self.type_of(header)?;
                self.types.kept(header.type_index())
            }
            _ => Err(Error::TypeMismatch {
                needed: "a struct, an array or a function",
                found: name_of(header),
            }),
        }
    }

    /// The type that an object of this kind was made of; of an exception its tag's.
    ///
    /// Errors: as [`Store::typed`]; those of counting a reference to it.
    pub(crate) fn type_of_kind(&self, handle: Handle, kind: Kind) -> Result<Type> {
        let index = self.typed(handle, kind, "ref")?.of.index;
        self.types.kept(index)
    }

    /// The top of the hierarchy of what a field holds, which holds references. An
    /// array's elements are field 0.
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

    /// Whether what `handle` refers to is of a type.
    ///
    /// Errors: as [`Store::resolve`]; [`Error::WrongEngine`].
    pub(crate) fn ref_test(&self, handle: Handle, of: RefType<&RegisteredType>) -> Result<bool> {
        let reference = self.resolve(handle, "ref")?;
        Ok(self.admits(self.slot_of(of)?, reference))
    }

    /// [`Store::ref_test`], if everything is as usual.
    #[inline(always)]
    pub(crate) fn ref_test_fast(
        &self,
        handle: Handle,
        of: RefType<&RegisteredType>,
    ) -> Option<bool> {
        let reference = self.resolve_value_fast(handle)?;
        Some(self.admits(self.slot_of_fast(of)?, reference))
    }

    /// A new scoped root for what `handle` refers to, which must be of a type; null for
    /// null.
    ///
    /// Errors: as [`Store::ref_test`]; [`Error::TypeMismatch`], [`Error::NotOfType`];
    /// those of a push.
    pub(crate) fn ref_cast(&self, handle: Handle, to: RefType<&RegisteredType>) -> Result<Handle> {
        let reference = self.resolve(handle, "ref")?;
        self.require_admitted(self.slot_of(to)?, reference, "ref")
            .map_err(|error| match error {
                // To a caller a cast that failed, as any other.
                Error::NullReference { .. } => Error::TypeMismatch {
                    needed: "a non-null reference",
                    found: "null",
                },
                other => other,
            })?;
        self.root_or_null(reference)
    }

    /// [`Store::ref_cast`], if everything is as usual. `None` for null too.
    #[inline(always)]
    pub(crate) fn ref_cast_fast(
        &self,
        handle: Handle,
        to: RefType<&RegisteredType>,
    ) -> Option<Handle> {
        let reference = self.resolve_fast(handle)?;
        if reference.is_null() || !self.admits(self.slot_of_fast(to)?, reference) {
            return None;
        }
        self.push_fast(reference)
    }

    /// What a slot of a type admits; `None` for a type of another engine.
    #[inline(always)]
    fn slot_of_fast(&self, of: RefType<&RegisteredType>) -> Option<Admits> {
        match of.heap {
            HeapType::Abstract(heap) => Some(Admits::of_abstract(heap, of.nullable)),
            HeapType::Concrete(concrete) => {
                let mine = self.engine.has(concrete);
                mine.then(|| concrete.admits(of.nullable))
            }
        }
    }

    /// What a slot of a type admits.
    ///
    /// Errors: [`Error::WrongEngine`].
    pub(in crate::store) fn slot_of(&self, of: RefType<&RegisteredType>) -> Result<Admits> {
        self.slot_of_fast(of)
            .ok_or(Error::WrongEngine { parameter: "type" })
    }

    /// What `handle` refers to, for a slot of the other of `any` and `extern`: a new
    /// scoped root; null for null.
    ///
    /// Errors: as [`Store::resolve`]; [`Error::TypeMismatch`] for what is neither;
    /// those of a push.
    pub(crate) fn convert(&self, handle: Handle) -> Result<Handle> {
        const EITHER: Admits = Admits::of_abstract(AbstractType::Any, true);
        let reference = self.resolve(handle, "ref")?;
        self.require_admitted(EITHER, reference, "ref")?;
        self.root_or_null(reference)
    }

    fn root_or_null(&self, reference: GcRef) -> Result<Handle> {
        if reference.is_null() {
            return Ok(Handle::NULL);
        }
        self.push_root(reference)
    }
}
