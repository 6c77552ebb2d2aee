//! Objects of registered types: from a handle to the type that the header names, what
//! references a slot admits, and how objects are made.

use super::{Cold, Store};
use crate::error::{Error, Result};
use crate::heap::{GcRef, Kind, ObjectHeader};
use crate::roots::Handle;
use crate::types::{
    Admits, Composite, Declared, FieldType, RecGroup, RegisteredType, Registry, Type, ValType,
};

/// An object and its type.
#[derive(Clone, Copy, Debug)]
pub(super) struct Typed<'a> {
    /// Where the object starts.
    pub(super) offset: u64,
    /// The type that its header names.
    pub(super) of: &'a RegisteredType,
}

/// What a reference refers to, for messages.
pub(super) fn name_of(header: Option<ObjectHeader>) -> &'static str {
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
    pub(super) fn header_of(&self, reference: GcRef) -> Result<Option<ObjectHeader>> {
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
    pub(super) fn typed_fast(&self, handle: Handle, kind: Kind) -> Option<Typed<'_>> {
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
    pub(super) fn typed(
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
    pub(super) fn type_of(&self, header: ObjectHeader) -> Result<&RegisteredType> {
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

    /// Whether a slot admits a reference.
    #[inline(always)]
    pub(super) fn admits(&self, slot: Admits, reference: GcRef) -> bool {
        if !reference.is_object() {
            let kind = if reference.is_null() {
                Admits::NULL
            } else {
                Admits::I31
            };
            return slot.kinds >> kind & 1 == 1;
        }
        let header = self.header(reference);
        if header.kind_bits() >= Admits::KINDS || slot.kinds >> header.kind_bits() & 1 == 0 {
            return false;
        }
        slot.depth == Admits::ANY_TYPE
            || header.type_index() == slot.type_index
            || self.types.get(header.type_index()).is_some_and(|of| {
                of.supertypes.get(usize::from(slot.depth)) == Some(&slot.type_index)
            })
    }

    /// Refuses a reference that a slot does not admit.
    ///
    /// Errors: [`Error::NullReference`], [`Error::TypeMismatch`], [`Error::NotOfType`];
    /// [`Error::Internal`].
    pub(super) fn require_admitted(
        &self,
        slot: Admits,
        reference: GcRef,
        parameter: &'static str,
    ) -> Result<()> {
        if self.admits(slot, reference) {
            return Ok(());
        }
        if reference.is_null() {
            return Err(Error::NullReference { parameter });
        }
        let header = self.header_of(reference)?;
        if slot.depth == Admits::ANY_TYPE {
            return Err(Error::TypeMismatch {
                needed: slot.name(),
                found: name_of(header),
            });
        }
        let typed = header.filter(|header| !header.is_extern());
        Err(Error::NotOfType {
            value: None,
            needed: slot.type_index,
            found: name_of(header),
            found_type: typed.map(ObjectHeader::type_index),
        })
    }

    /// Refuses a type of another engine, or whose objects are of another kind.
    ///
    /// Errors: [`Error::WrongEngine`], [`Error::TypeMismatch`].
    pub(super) fn require_kind(&self, of: &Type, kind: Kind) -> Result<()> {
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

    /// Makes an object of `bytes`, if it may be so large, of a type of this engine,
    /// rooted in the current scope. `check` says whether its contents can be written,
    /// which `write` then does; the object's other bytes are zeros. May collect;
    /// finalizers are queued.
    ///
    /// Errors: as [`Store::make_held`]; of pushing a root.
    pub(super) fn make(
        &self,
        of: &Type,
        bytes: Result<u64>,
        check: impl Fn() -> Result<()>,
        write: impl FnOnce(&mut Cold, GcRef) -> Result<()>,
    ) -> Result<Handle> {
        let secure = || self.lifo.reserve_one();
        let object = self.make_held(of, bytes, secure, check, write)?;
        Ok(self.handle(self.lifo.push(object)?))
    }

    /// As [`Store::make`], but roots nothing: `secure` makes room for what the caller
    /// will hold the object by.
    ///
    /// `check` is asked twice: before anything happens, and when there is room, since a
    /// collection may have ended manual roots that other threads want unrooted. An
    /// object whose contents are refused is given back.
    ///
    /// Errors: those of `check`, of allocating, of `secure`; [`Error::SystemMemory`].
    pub(super) fn make_held(
        &self,
        of: &Type,
        bytes: Result<u64>,
        secure: impl FnOnce() -> Result<()>,
        check: impl Fn() -> Result<()>,
        write: impl FnOnce(&mut Cold, GcRef) -> Result<()>,
    ) -> Result<GcRef> {
        self.manual.unroot_some();
        check()?;
        let bytes = bytes?;
        let mut cold = self.cold.borrow_mut();
        let object = cold.allocate(self, of.header, bytes)?;
        cold.know_type(self, of)
            .and_then(|()| secure())
            .and_then(|()| check())
            .inspect_err(|_| cold.give_back(self, object, bytes))?;
        write(&mut cold, object)?;
        Ok(object)
    }

    /// The type of hidden objects, which `composite` makes of the type of the values
    /// that they hold; that of a reference may name a registered type.
    ///
    /// Errors: [`Error::WrongEngine`]; [`Error::Limit`], [`Error::SystemMemory`].
    pub(super) fn hidden_type(
        &self,
        value: ValType<&Type>,
        composite: impl FnOnce(FieldType<Declared>) -> Result<Composite<Declared>>,
    ) -> Result<Type> {
        let group = RecGroup::of_one_holding(value, composite)?;
        let registered = Registry::register(self.engine.types(), &[&group])?.pop();
        registered.ok_or(Error::internal("a group without its type", 0))
    }
}

impl Cold {
    /// Makes a type known to this store: to headers' readers and to collectors.
    ///
    /// Errors: [`Error::SystemMemory`], [`Error::Limit`].
    pub(super) fn know_type(&mut self, store: &Store, of: &Type) -> Result<()> {
        if store.types.has(of) {
            return Ok(());
        }
        // In this order: a type that the table has is complete. A layout whose type is
        // then not kept is replaced by that of the index's next type.
        self.layouts.add(of.index, &of.trace)?;
        store.types.keep(of)
    }
}
