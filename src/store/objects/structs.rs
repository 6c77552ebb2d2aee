//! Structs: making them, and reading and writing fields.

use crate::error::{Error, Result};
use crate::heap::{FastPath, GcRef, Kind, PlainBits};
use crate::host::CallValue;
use crate::roots::Handle;
use crate::store::Store;
use crate::store::objects::fields::{require_defaults, require_storage};
use crate::store::objects::new_object_fast::{Fields, NewObject, Zeros};
use crate::store::objects::typed::Typed;
use crate::store::objects::value::{RawValue, Value};
use crate::store::protocol::Attempt;
use crate::types::{AbstractType, FieldLayout, RegisteredType, Storage, Type};

impl Store {
    /// Makes a struct of `count` values, and roots it in the current scope. May collect;
    /// finalizers are queued.
    ///
    /// Errors: [`Error::WrongEngine`]; [`Error::TypeMismatch`] unless `of` is a struct
    /// type; as [`Store::make_with_fields`].
    pub(crate) fn struct_new(
        &self,
        of: &Type,
        count: usize,
        value: &impl Fn(usize) -> Result<Value>,
    ) -> Attempt<Handle> {
        self.struct_new_resolved(of, count, &|index| self.resolve_value(value(index)?))
    }

    /// [`Store::struct_new`] of values whose references are resolved. `value` returns where
    /// the referents are at the time of its call.
    ///
    /// Errors: as [`Store::struct_new`].
    pub(in crate::store) fn struct_new_resolved(
        &self,
        of: &Type,
        count: usize,
        value: &impl Fn(usize) -> Result<Value<GcRef>>,
    ) -> Attempt<Handle> {
        self.require_kind(of, Kind::Struct)?;
        self.make_with_fields(of, count, value, |_, _| Ok(()))
    }

    /// The fast form of [`Store::struct_new`].
    #[inline(always)]
    pub(crate) fn struct_new_fast<N: NewObject, V: RawValue>(
        &self,
        path: FastPath,
        of: &RegisteredType,
        count: usize,
        value: impl Fn(usize) -> V,
    ) -> Option<N> {
        if count != of.fields.len() {
            return None;
        }
        let bytes = of.layout.bytes.into();
        self.new_object_fast(path, of, Kind::Struct, bytes, Fields(value))
    }

    /// Makes a struct whose fields are 0 or null, and roots it in the current scope. May
    /// collect; finalizers are queued.
    ///
    /// Errors: [`Error::WrongEngine`]; [`Error::TypeMismatch`] unless `of` is a struct
    /// type whose fields all have a default; as [`Store::make`].
    pub(crate) fn struct_new_default(&self, of: &Type) -> Attempt<Handle> {
        self.require_kind(of, Kind::Struct)?;
        require_defaults(of)?;
        self.make(of, Ok(of.layout.bytes.into()), || Ok(()), |_, _| Ok(()))
    }

    /// The fast form of [`Store::struct_new_default`].
    #[inline(always)]
    pub(crate) fn struct_new_default_fast<N: NewObject>(
        &self,
        path: FastPath,
        of: &RegisteredType,
    ) -> Option<N> {
        if !of.layout.has_defaults {
            return None;
        }
        let bytes = of.layout.bytes.into();
        self.new_object_fast(path, of, Kind::Struct, bytes, Zeros { bytes })
    }

    /// The fast form of [`Store::struct_field`].
    #[inline(always)]
    fn field_fast(&self, handle: Handle, index: usize) -> Option<(&FieldLayout, u64)> {
        let Typed { offset, ty } = self.typed_fast(handle, Kind::Struct)?;
        let field = ty.fields.get(index)?;
        Some((field, offset + u64::from(field.offset)))
    }

    /// The layout of the field at `index` of a struct, and where the field is.
    ///
    /// Errors: as [`Store::typed`]; [`Error::OutOfBounds`].
    fn struct_field(&self, handle: Handle, index: usize) -> Result<(&FieldLayout, u64)> {
        self.field(self.typed(handle, Kind::Struct, "ref")?, index)
    }

    /// The value of a field. A reference becomes a new scoped root. A packed field is
    /// extended with zeros. Never collects.
    ///
    /// Errors: as [`Store::typed`]; [`Error::OutOfBounds`]; as [`Store::push_root`].
    pub(crate) fn struct_get(&self, handle: Handle, index: usize) -> Result<Value> {
        let (field, at) = self.struct_field(handle, index)?;
        self.read_value(field.storage, at)
    }

    /// The fast form of [`Store::struct_get`].
    #[inline(always)]
    pub(crate) fn struct_get_fast(&self, handle: Handle, index: usize) -> Option<CallValue> {
        let (field, at) = self.field_fast(handle, index)?;
        self.read_value_fast(field.storage, at)
    }

    /// Same as [`Store::struct_get_fast`], with the hierarchy of a reference:
    /// [`Store::value_and_top_fast`].
    #[inline(always)]
    pub(crate) fn struct_get_with_top_fast(
        &self,
        handle: Handle,
        index: usize,
    ) -> Option<(Value, AbstractType)> {
        let object = self.typed_fast(handle, Kind::Struct)?;
        let field = object.ty.fields.get(index)?;
        let at = object.offset + u64::from(field.offset);
        self.value_and_top_fast(object.ty, index, field.storage, at)
    }

    /// The bits of a field that is stored as `storage`. `T` has the size of `storage`.
    ///
    /// Errors: as [`Store::struct_get`]; [`Error::TypeMismatch`] for another storage.
    pub(crate) fn struct_get_bits<T: PlainBits>(
        &self,
        handle: Handle,
        index: usize,
        storage: Storage,
    ) -> Result<T> {
        let (field, at) = self.struct_field(handle, index)?;
        require_storage(field, storage)?;
        self.load(at)
    }

    /// The fast form of [`Store::struct_get_bits`].
    #[inline(always)]
    pub(crate) fn struct_get_bits_fast<T: PlainBits>(
        &self,
        handle: Handle,
        index: usize,
        storage: Storage,
    ) -> Option<T> {
        let (field, at) = self.field_fast(handle, index)?;
        if field.storage != storage {
            return None;
        }
        self.load_field(at)
    }

    /// The value of a packed field. `signed` chooses sign extension over zero extension.
    ///
    /// Errors: as [`Store::struct_get`]; [`Error::TypeMismatch`] if the field is not
    /// packed.
    pub(crate) fn struct_get_packed(
        &self,
        handle: Handle,
        index: usize,
        signed: bool,
    ) -> Result<u32> {
        let (field, at) = self.struct_field(handle, index)?;
        self.load_packed(field, at, signed)
    }

    /// The fast form of [`Store::struct_get_packed`].
    #[inline(always)]
    pub(crate) fn struct_get_packed_fast(
        &self,
        handle: Handle,
        index: usize,
        signed: bool,
    ) -> Option<u32> {
        let (field, at) = self.field_fast(handle, index)?;
        self.load_packed_fast(field.storage, at, signed)
    }

    /// The reference in a field, as a new scoped root. Null for null.
    ///
    /// Errors: as [`Store::struct_get`]; [`Error::TypeMismatch`] if the field holds no
    /// reference.
    pub(crate) fn struct_get_ref(&self, handle: Handle, index: usize) -> Result<Handle> {
        let (field, at) = self.struct_field(handle, index)?;
        require_storage(field, Storage::Ref)?;
        self.root_at(at)
    }

    /// The fast form of [`Store::struct_get_ref`].
    #[inline(always)]
    pub(crate) fn struct_get_ref_fast(&self, handle: Handle, index: usize) -> Option<Handle> {
        let (field, at) = self.field_fast(handle, index)?;
        if field.storage != Storage::Ref {
            return None;
        }
        self.root_field_fast(at)
    }

    /// Sets a scoped root to the reference in a field, or to null. Never collects.
    ///
    /// Errors: as [`Store::typed`]; as [`Store::require_scoped`] for `target`;
    /// [`Error::OutOfBounds`]; [`Error::TypeMismatch`] if the field holds no reference.
    pub(crate) fn struct_get_ref_into(
        &self,
        handle: Handle,
        index: usize,
        target: Handle,
    ) -> Result<()> {
        let object = self.typed(handle, Kind::Struct, "ref")?;
        self.require_scoped(target)?;
        let (field, at) = self.field(object, index)?;
        require_storage(field, Storage::Ref)?;
        self.load_into(at, target)
    }

    /// The fast form of [`Store::struct_get_ref_into`].
    #[inline(always)]
    pub(crate) fn struct_get_ref_into_fast(
        &self,
        handle: Handle,
        index: usize,
        target: Handle,
    ) -> bool {
        self.field_fast(handle, index)
            .filter(|(field, _)| field.storage == Storage::Ref)
            .and_then(|(_, at)| self.load_into_fast(at, target))
            .is_some()
    }

    /// Sets a field. Never collects.
    ///
    /// Errors: as [`Store::typed`]; as [`Store::resolve`] for the value;
    /// [`Error::OutOfBounds`]; [`Error::Immutable`]; as [`Store::require_value`].
    pub(crate) fn struct_set(&self, handle: Handle, index: usize, value: Value) -> Result<()> {
        let object = self.typed(handle, Kind::Struct, "ref")?;
        self.set_field(object, index, self.resolve_value(value)?)
    }

    /// Sets a field of a struct. Never collects.
    ///
    /// Errors: [`Error::OutOfBounds`]; [`Error::Immutable`]; as [`Store::require_value`].
    pub(in crate::store) fn set_field(
        &self,
        object: Typed<'_>,
        index: usize,
        value: Value<GcRef>,
    ) -> Result<()> {
        let (field, at) = self.field(object, index)?;
        if !field.mutable {
            return Err(Error::Immutable {
                index: index as u64,
                type_index: object.ty.index,
            });
        }
        self.require_value(field, index as u64, value)?;
        self.cold
            .borrow_mut()
            .write_value(self, field.storage, object.offset, at, value)
    }

    /// The fast form of [`Store::struct_set`].
    #[inline(always)]
    pub(crate) fn struct_set_fast(
        &self,
        path: FastPath,
        handle: Handle,
        index: usize,
        value: impl RawValue,
    ) -> bool {
        let set = || {
            let object = self.typed_fast(handle, Kind::Struct)?;
            let field = object.ty.fields.get(index).filter(|field| field.mutable)?;
            let at = object.offset + u64::from(field.offset);
            self.store_value_fast(path, field, object.offset, at, value)
        };
        set().is_some()
    }

    /// The fast form of [`Store::struct_set`] for bits that are not a reference.
    #[inline(always)]
    pub(crate) fn struct_set_bits_fast<T: PlainBits>(
        &self,
        handle: Handle,
        index: usize,
        storage: Storage,
        bits: T,
    ) -> bool {
        self.field_fast(handle, index)
            .filter(|(field, _)| field.is_mutable(storage))
            .and_then(|(_, at)| self.store_field(at, bits))
            .is_some()
    }

    /// The fast form of [`Store::struct_set`] for a reference.
    #[inline(always)]
    pub(crate) fn struct_set_ref_fast(
        &self,
        path: FastPath,
        handle: Handle,
        index: usize,
        value: Handle,
    ) -> bool {
        if !self.mutator.barrier().allows(path) {
            return false;
        }
        let Some(object) = self.typed_fast(handle, Kind::Struct) else {
            return false;
        };
        let Some(field) = object.ty.fields.get(index) else {
            return false;
        };
        let at = object.offset + u64::from(field.offset);
        field.mutable
            && self
                .store_ref_fast(path, field, object.offset, at, value)
                .is_some()
    }
}
