//! Reading and setting fields of structs.

use core::ptr::NonNull;

use crate::error::Result;
use crate::heap::{FastPath, Kind};
use crate::store::objects::{Typed, require_storage};
use crate::store::raw::bits::{FieldBits, InPlace, RawBits};
use crate::store::{Store, Value};
use crate::types::{FieldLayout, Storage};

impl Store {
    /// The value of a field. A packed field is extended with zeros. Never collects.
    ///
    /// Errors: as [`Store::raw_typed`]; [`Error::OutOfBounds`](crate::error::Error).
    pub(crate) fn raw_struct_get(&self, object: u32, index: usize) -> Result<FieldBits> {
        let object = self.raw_typed(object, Kind::Struct, "object")?;
        let (field, at) = self.field(object, index)?;
        Ok(self.value_at(field.storage, at)?.into())
    }

    /// The fast form of [`Store::raw_struct_get`].
    #[inline(always)]
    pub(crate) fn raw_struct_get_fast(&self, object: u32, index: usize) -> Option<FieldBits> {
        let (field, _, at) = self.raw_field_fast(object, index)?;
        self.bits_at_fast(field.storage, at)
    }

    /// The layout of a field, its struct, and where the field is.
    #[inline(always)]
    fn raw_field_fast(&self, object: u32, index: usize) -> Option<(&FieldLayout, Typed<'_>, u64)> {
        let object = self.raw_typed_fast(object, Kind::Struct)?;
        let field = object.ty.fields.get(index)?;
        Some((field, object, object.offset + u64::from(field.offset)))
    }

    /// Sets a field. Never collects.
    ///
    /// Errors: as [`Store::raw_typed`]; if the field is a reference, as
    /// [`Store::raw_reference`] for the value; as [`Store::set_field`].
    ///
    /// # Safety
    ///
    /// If the struct has this field, `value` must be valid for reading it.
    pub(crate) unsafe fn raw_struct_set(
        &self,
        object: u32,
        index: usize,
        value: NonNull<FieldBits>,
    ) -> Result<()> {
        let object = self.raw_typed(object, Kind::Struct, "object")?;
        let (field, _) = self.field(object, index)?;
        // SAFETY: the caller's promise.
        let value = unsafe { FieldBits::read(value.as_ptr(), field.storage) };
        let value = value.try_map(|raw| self.raw_reference(raw, "value"))?;
        self.set_field(object, index, value)
    }

    /// The fast form of [`Store::raw_struct_set`].
    ///
    /// # Safety
    ///
    /// The safety conditions of [`Store::raw_struct_set`] hold.
    #[inline(always)]
    pub(crate) unsafe fn raw_struct_set_fast(
        &self,
        path: FastPath,
        object: u32,
        index: usize,
        value: *const FieldBits,
    ) -> Option<()> {
        let (field, object, at) = self.raw_field_fast(object, index)?;
        if !field.mutable {
            return None;
        }
        // SAFETY: the caller's promise; the struct has this field.
        let value = unsafe { InPlace::new(path, value) };
        self.store_value_fast(path, field, object.offset, at, value)
    }

    /// The bits of the reference in a field. Never collects.
    ///
    /// Errors: as [`Store::raw_struct_get`];
    /// [`Error::TypeMismatch`](crate::error::Error) if the field holds no reference.
    pub(crate) fn raw_struct_get_ref(&self, object: u32, index: usize) -> Result<u32> {
        let object = self.raw_typed(object, Kind::Struct, "object")?;
        let (field, at) = self.field(object, index)?;
        require_storage(field, Storage::Ref)?;
        Ok(self.reference_at(at)?.raw())
    }

    /// The fast form of [`Store::raw_struct_get_ref`].
    #[inline(always)]
    pub(crate) fn raw_struct_get_ref_fast(&self, object: u32, index: usize) -> Option<u32> {
        let object = self.raw_typed_fast(object, Kind::Struct)?;
        let field = object.ty.fields.get(index)?;
        if field.storage != Storage::Ref {
            return None;
        }
        self.load_field(object.offset + u64::from(field.offset))
    }

    /// Sets a field that holds a reference. Never collects.
    ///
    /// Errors: as [`Store::raw_typed`]; as [`Store::raw_reference`] for the value; as
    /// [`Store::set_field`].
    pub(crate) fn raw_struct_set_ref(&self, object: u32, index: usize, value: u32) -> Result<()> {
        let object = self.raw_typed(object, Kind::Struct, "object")?;
        let value = self.raw_reference(value, "value")?;
        self.set_field(object, index, Value::Ref(value))
    }

    /// The fast form of [`Store::raw_struct_set_ref`].
    #[inline(always)]
    pub(crate) fn raw_struct_set_ref_fast(
        &self,
        path: FastPath,
        object: u32,
        index: usize,
        value: u32,
    ) -> Option<()> {
        if !self.mutator.barrier().allows(path) {
            return None;
        }
        let object = self.raw_typed_fast(object, Kind::Struct)?;
        let field = object.ty.fields.get(index)?;
        if !field.mutable {
            return None;
        }
        let at = object.offset + u64::from(field.offset);
        self.store_ref_fast(path, field, object.offset, at, RawBits::new(path, value))
    }
}
