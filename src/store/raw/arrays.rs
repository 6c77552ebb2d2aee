//! Lengths of arrays; reading, setting, filling and copying elements.

use core::ptr::NonNull;

use crate::error::Result;
use crate::heap::{FastPath, Kind};
use crate::store::objects::{Typed, element_at, element_of, require_range, require_storage};
use crate::store::raw::bits::{FieldBits, InPlace, RawBits};
use crate::store::{Store, Value};
use crate::types::{FieldLayout, Storage};

impl Store {
    /// The array with these bits, and its length.
    ///
    /// Errors: as [`Store::raw_typed`].
    fn raw_array(&self, raw: u32, parameter: &'static str) -> Result<(Typed<'_>, u64)> {
        self.measured(self.raw_typed(raw, Kind::Array, parameter)?)
    }

    /// An array's length. Never collects.
    ///
    /// Errors: as [`Store::raw_typed`].
    pub(crate) fn raw_array_len(&self, array: u32) -> Result<u32> {
        Ok(self.length_of(self.raw_array(array, "array")?.0))
    }

    /// The fast form of [`Store::raw_array_len`].
    #[inline(always)]
    pub(crate) fn raw_array_len_fast(&self, array: u32) -> Option<u32> {
        Some(self.length_of(self.raw_typed_fast(array, Kind::Array)?))
    }

    /// The value of an element. A packed element is extended with zeros. Never collects.
    ///
    /// Errors: as [`Store::raw_typed`]; [`Error::OutOfBounds`](crate::error::Error).
    pub(crate) fn raw_array_get(&self, array: u32, index: u64) -> Result<FieldBits> {
        let (array, length) = self.raw_array(array, "array")?;
        let element = element_of(array.ty)?;
        require_range(index, 1, length)?;
        let at = element_at(array.offset, element.storage, index);
        Ok(self.value_at(element.storage, at)?.into())
    }

    /// The fast form of [`Store::raw_array_get`].
    #[inline(always)]
    pub(crate) fn raw_array_get_fast(&self, array: u32, index: u64) -> Option<FieldBits> {
        let (element, array) = self.raw_element_fast(array, index)?;
        let at = element_at(array.offset, element.storage, index);
        self.bits_at_fast(element.storage, at)
    }

    /// The layout of an array's elements, and the array, if it has the element at `index`.
    #[inline(always)]
    fn raw_element_fast(&self, array: u32, index: u64) -> Option<(&FieldLayout, Typed<'_>)> {
        let array = self.raw_typed_fast(array, Kind::Array)?;
        let element = array.ty.fields.first()?;
        (index < self.length_of(array).into()).then_some((element, array))
    }

    /// Sets one element. The fast form of [`Store::raw_array_fill`].
    ///
    /// # Safety
    ///
    /// The safety conditions of [`Store::raw_array_fill`] hold.
    #[inline(always)]
    pub(crate) unsafe fn raw_array_set_fast(
        &self,
        path: FastPath,
        array: u32,
        index: u64,
        value: *const FieldBits,
    ) -> Option<()> {
        let (element, array) = self.raw_element_fast(array, index)?;
        if !element.mutable {
            return None;
        }
        let at = element_at(array.offset, element.storage, index);
        // SAFETY: the caller's promise.
        let value = unsafe { InPlace::new(path, value) };
        self.store_value_fast(path, element, array.offset, at, value)
    }

    /// Sets `count` elements from `index` on to one value. Never collects.
    ///
    /// Errors: as [`Store::raw_typed`]; if elements are references, as
    /// [`Store::raw_reference`] for the value; as [`Store::fill_elements`].
    ///
    /// # Safety
    ///
    /// `value` must be valid for reading an element of the array.
    pub(crate) unsafe fn raw_array_fill(
        &self,
        array: u32,
        index: u64,
        value: NonNull<FieldBits>,
        count: u64,
    ) -> Result<()> {
        let array = self.raw_array(array, "array")?;
        let storage = element_of(array.0.ty)?.storage;
        // SAFETY: the caller's promise.
        let value = unsafe { FieldBits::read(value.as_ptr(), storage) };
        let value = value.try_map(|raw| self.raw_reference(raw, "value"))?;
        self.fill_elements(array, index, value, count)
    }

    /// Copies `count` elements from one array to another, or within one array. Never
    /// collects.
    ///
    /// Errors: as [`Store::raw_typed`] for the target, then for the source; as
    /// [`Store::copy_elements`].
    pub(crate) fn raw_array_copy(
        &self,
        (target, target_index): (u32, u64),
        (source, source_index): (u32, u64),
        count: u64,
    ) -> Result<()> {
        let target = self.raw_array(target, "dst")?;
        let source = self.raw_array(source, "src")?;
        self.copy_elements((target, target_index), (source, source_index), count)
    }

    /// The bits of the reference in an element. Never collects.
    ///
    /// Errors: as [`Store::raw_typed`]; [`Error::TypeMismatch`](crate::error::Error) if
    /// elements are not references; [`Error::OutOfBounds`](crate::error::Error).
    pub(crate) fn raw_array_get_ref(&self, array: u32, index: u64) -> Result<u32> {
        let (array, length) = self.raw_array(array, "array")?;
        require_storage(element_of(array.ty)?, Storage::Ref)?;
        require_range(index, 1, length)?;
        let at = element_at(array.offset, Storage::Ref, index);
        Ok(self.reference_at(at)?.raw())
    }

    /// [`Store::raw_element_fast`] for elements that are references.
    #[inline(always)]
    fn raw_reference_element_fast(
        &self,
        array: u32,
        index: u64,
    ) -> Option<(&FieldLayout, Typed<'_>)> {
        let found = self.raw_element_fast(array, index)?;
        (found.0.storage == Storage::Ref).then_some(found)
    }

    /// The fast form of [`Store::raw_array_get_ref`].
    #[inline(always)]
    pub(crate) fn raw_array_get_ref_fast(&self, array: u32, index: u64) -> Option<u32> {
        let (_, array) = self.raw_reference_element_fast(array, index)?;
        let at = element_at(array.offset, Storage::Ref, index);
        self.load_field(at)
    }

    /// Sets an element that is a reference. Never collects.
    ///
    /// Errors: as [`Store::raw_typed`]; as [`Store::raw_reference`] for the value; as
    /// [`Store::set_element`].
    pub(crate) fn raw_array_set_ref(&self, array: u32, index: u64, value: u32) -> Result<()> {
        let array = self.raw_array(array, "array")?;
        let value = self.raw_reference(value, "value")?;
        self.set_element(array, index, Value::Ref(value))
    }

    /// The fast form of [`Store::raw_array_set_ref`].
    #[inline(always)]
    pub(crate) fn raw_array_set_ref_fast(
        &self,
        path: FastPath,
        array: u32,
        index: u64,
        value: u32,
    ) -> Option<()> {
        if !self.mutator.barrier().allows(path) {
            return None;
        }
        let (element, array) = self.raw_reference_element_fast(array, index)?;
        if !element.mutable {
            return None;
        }
        let at = element_at(array.offset, Storage::Ref, index);
        self.store_ref_fast(path, element, array.offset, at, RawBits::new(path, value))
    }
}
