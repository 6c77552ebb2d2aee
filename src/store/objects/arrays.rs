//! Arrays: making them, and reading and writing single elements. Operations on ranges of
//! elements are in `array_ranges.rs`.

use crate::error::{Error, Result};
use crate::heap::{ARRAY_LENGTH, FastPath, GcRef, HEADER_BYTES, Kind, PlainBits, array_bytes};
use crate::host::CallValue;
use crate::roots::Handle;
use crate::store::objects::elements::{
    array_size, element_at, element_of, mutable_element, require_packed, require_range,
};
use crate::store::objects::fields::{require_defaults, require_storage};
use crate::store::objects::typed::Typed;
use crate::store::objects::value::{RawValue, Value};
use crate::store::protocol::Attempt;
use crate::store::{Cold, Store};
use crate::types::{AbstractType, FieldLayout, Storage, Type};

impl Store {
    /// Makes an array of `length` elements that all have this value, and roots it in the
    /// current scope. May collect; finalizers are queued.
    ///
    /// Errors: [`Error::WrongEngine`]; [`Error::TypeMismatch`] unless `of` is an array
    /// type; as [`Store::resolve`] for the value; as [`Store::require_value`];
    /// [`Error::Limit`]; as [`Store::make`].
    pub(crate) fn array_new(&self, of: &Type, value: Value, length: u64) -> Attempt<Handle> {
        self.array_new_resolved(of, &|| self.resolve_value(value), length)
    }

    /// [`Store::array_new`] of a value whose reference is resolved. `value` returns where the
    /// referent is at the time of its call.
    ///
    /// Errors: as [`Store::array_new`].
    pub(in crate::store) fn array_new_resolved(
        &self,
        of: &Type,
        value: &impl Fn() -> Result<Value<GcRef>>,
        length: u64,
    ) -> Attempt<Handle> {
        self.require_kind(of, Kind::Array)?;
        let element = element_of(of)?;
        let check = || self.require_value(element, 0, value()?);
        self.new_array(of, length, check, |cold, object| {
            let at = element_at(object.offset(), element.storage, 0);
            cold.fill_values(self, element, object.offset(), at, length, value()?)
        })
    }

    /// Makes an array of zeros or nulls, and roots it in the current scope. May collect;
    /// finalizers are queued.
    ///
    /// Errors: as [`Store::array_new`]; [`Error::TypeMismatch`] also if the elements have
    /// no default.
    pub(crate) fn array_new_default(&self, of: &Type, length: u64) -> Attempt<Handle> {
        self.require_kind(of, Kind::Array)?;
        require_defaults(of)?;
        self.new_array(of, length, || Ok(()), |_, _| Ok(()))
    }

    /// Makes an array of these values, and roots it in the current scope. May collect;
    /// finalizers are queued.
    ///
    /// Errors: as [`Store::array_new`], with [`Error::Limit`] before the errors of
    /// values; those of `value`.
    pub(crate) fn array_new_fixed(
        &self,
        of: &Type,
        count: usize,
        value: &impl Fn(usize) -> Result<Value>,
    ) -> Attempt<Handle> {
        let resolved = |index| self.resolve_value(value(index)?);
        self.array_new_fixed_resolved(of, count, &resolved)
    }

    /// [`Store::array_new_fixed`] of values whose references are resolved. `value` returns
    /// where the referents are at the time of its call.
    ///
    /// Errors: as [`Store::array_new_fixed`].
    pub(in crate::store) fn array_new_fixed_resolved(
        &self,
        of: &Type,
        count: usize,
        value: &impl Fn(usize) -> Result<Value<GcRef>>,
    ) -> Attempt<Handle> {
        self.require_kind(of, Kind::Array)?;
        // Before `value` reads from a list that cannot be so long.
        array_size(of, count as u64)?;
        let element = element_of(of)?;
        let check = || {
            (0..count)
                .try_for_each(|index| self.require_value(element, index as u64, value(index)?))
        };
        self.new_array(of, count as u64, check, |cold, object| {
            (0..count).try_for_each(|index| {
                let at = element_at(object.offset(), element.storage, index as u64);
                cold.write_value(self, element.storage, object.offset(), at, value(index)?)
            })
        })
    }

    /// Makes an array, writes its length, and has `write` write its elements.
    ///
    /// Errors: [`Error::Limit`]; as [`Store::make`].
    pub(super) fn new_array(
        &self,
        of: &Type,
        length: u64,
        check: impl Fn() -> Result<()>,
        write: impl FnOnce(&mut Cold, GcRef) -> Result<()>,
    ) -> Attempt<Handle> {
        self.make(of, array_size(of, length), check, |cold, object| {
            self.store(object.offset() + ARRAY_LENGTH, length as u32)?;
            write(cold, object)
        })
    }

    /// The length that stands in an array. Nothing has checked it yet.
    #[inline(always)]
    pub(in crate::store) fn length_of(&self, array: Typed<'_>) -> u32 {
        const { assert!(ARRAY_LENGTH == HEADER_BYTES) }
        self.word_after_header(array.offset) as u32
    }

    /// The array that `handle` refers to, and its length. All its elements are in the
    /// heap.
    ///
    /// Errors: as [`Store::typed`]; [`Error::Internal`].
    pub(in crate::store) fn array(
        &self,
        handle: Handle,
        parameter: &'static str,
    ) -> Result<(Typed<'_>, u64)> {
        self.measured(self.typed(handle, Kind::Array, parameter)?)
    }

    /// An array and its length. All its elements are in the heap.
    ///
    /// Errors: [`Error::Internal`].
    pub(in crate::store) fn measured<'a>(&self, array: Typed<'a>) -> Result<(Typed<'a>, u64)> {
        let length = self.length_of(array);
        let bytes = array_bytes(length, array.ty.layout.element_bytes);
        if !self.mutator.memory.contains(array.offset, bytes) {
            return Err(Error::internal(
                "an array longer than the heap",
                length.into(),
            ));
        }
        Ok((array, length.into()))
    }

    /// An array's length. Never collects.
    ///
    /// Errors: as [`Store::typed`].
    pub(crate) fn array_len(&self, handle: Handle) -> Result<u64> {
        Ok(self.array(handle, "ref")?.1)
    }

    /// The fast form of [`Store::array_len`].
    #[inline(always)]
    pub(crate) fn array_len_fast(&self, handle: Handle) -> Option<u64> {
        let array = self.typed_fast(handle, Kind::Array)?;
        Some(self.length_of(array).into())
    }

    /// The fast form of [`Store::element`]. Returns where the array starts, not where the
    /// element is.
    #[inline(always)]
    fn element_fast(&self, handle: Handle, index: u64) -> Option<(&FieldLayout, u64)> {
        let array = self.typed_fast(handle, Kind::Array)?;
        let element = array.ty.fields.first()?;
        if index >= self.length_of(array).into() {
            return None;
        }
        Some((element, array.offset))
    }

    /// The layout of an array's elements, and where the element at `index` is.
    ///
    /// Errors: as [`Store::typed`]; [`Error::OutOfBounds`].
    fn element(&self, handle: Handle, index: u64) -> Result<(&FieldLayout, u64)> {
        let (array, length) = self.array(handle, "ref")?;
        let element = element_of(array.ty)?;
        require_range(index, 1, length)?;
        Ok((element, element_at(array.offset, element.storage, index)))
    }

    /// As [`Store::element`]. Requires elements that are stored as `storage`, before it
    /// checks `index`.
    ///
    /// Errors: as [`Store::element`]; [`Error::TypeMismatch`].
    fn element_of_storage(
        &self,
        handle: Handle,
        index: u64,
        storage: Storage,
    ) -> Result<(&FieldLayout, u64)> {
        let (array, _) = self.array(handle, "ref")?;
        require_storage(element_of(array.ty)?, storage)?;
        self.element(handle, index)
    }

    /// The value of an element. A reference becomes a new scoped root. A packed element
    /// is extended with zeros. Never collects.
    ///
    /// Errors: as [`Store::typed`]; [`Error::OutOfBounds`]; as [`Store::push_root`].
    pub(crate) fn array_get(&self, handle: Handle, index: u64) -> Result<Value> {
        let (element, at) = self.element(handle, index)?;
        self.read_value(element.storage, at)
    }

    /// The fast form of [`Store::array_get`].
    #[inline(always)]
    pub(crate) fn array_get_fast(&self, handle: Handle, index: u64) -> Option<CallValue> {
        let (element, array) = self.element_fast(handle, index)?;
        let at = element_at(array, element.storage, index);
        self.read_value_fast(element.storage, at)
    }

    /// Same as [`Store::array_get_fast`], with the hierarchy of a reference:
    /// [`Store::value_and_top_fast`].
    #[inline(always)]
    pub(crate) fn array_get_with_top_fast(
        &self,
        handle: Handle,
        index: u64,
    ) -> Option<(Value, AbstractType)> {
        let array = self.typed_fast(handle, Kind::Array)?;
        let storage = array.ty.fields.first()?.storage;
        if index >= self.length_of(array).into() {
            return None;
        }
        self.value_and_top_fast(
            array.ty,
            0,
            storage,
            element_at(array.offset, storage, index),
        )
    }

    /// The bits of an element that is stored as `storage`. `T` has the size of `storage`.
    ///
    /// Errors: as [`Store::array_get`]; [`Error::TypeMismatch`] for another storage.
    pub(crate) fn array_get_bits<T: PlainBits>(
        &self,
        handle: Handle,
        index: u64,
        storage: Storage,
    ) -> Result<T> {
        let (_, at) = self.element_of_storage(handle, index, storage)?;
        self.load(at)
    }

    /// The fast form of [`Store::array_get_bits`].
    #[inline(always)]
    pub(crate) fn array_get_bits_fast<T: PlainBits>(
        &self,
        handle: Handle,
        index: u64,
        storage: Storage,
    ) -> Option<T> {
        let (element, array) = self.element_fast(handle, index)?;
        if element.storage != storage {
            return None;
        }
        self.load_field(element_at(array, storage, index))
    }

    /// The value of a packed element. `signed` chooses sign extension over zero
    /// extension.
    ///
    /// Errors: as [`Store::array_get`]; [`Error::TypeMismatch`] if elements are not
    /// packed.
    pub(crate) fn array_get_packed(&self, handle: Handle, index: u64, signed: bool) -> Result<u32> {
        let (array, _) = self.array(handle, "ref")?;
        require_packed(element_of(array.ty)?)?;
        let (element, at) = self.element(handle, index)?;
        self.load_packed(element, at, signed)
    }

    /// The fast form of [`Store::array_get_packed`].
    #[inline(always)]
    pub(crate) fn array_get_packed_fast(
        &self,
        handle: Handle,
        index: u64,
        signed: bool,
    ) -> Option<u32> {
        let (element, array) = self.element_fast(handle, index)?;
        let at = element_at(array, element.storage, index);
        self.load_packed_fast(element.storage, at, signed)
    }

    /// The reference in an element, as a new scoped root. Null for null.
    ///
    /// Errors: as [`Store::array_get`]; [`Error::TypeMismatch`] if elements are not
    /// references.
    pub(crate) fn array_get_ref(&self, handle: Handle, index: u64) -> Result<Handle> {
        let (_, at) = self.element_of_storage(handle, index, Storage::Ref)?;
        self.root_at(at)
    }

    /// The fast form of [`Store::array_get_ref`].
    #[inline(always)]
    pub(crate) fn array_get_ref_fast(&self, handle: Handle, index: u64) -> Option<Handle> {
        let (element, array) = self.element_fast(handle, index)?;
        if element.storage != Storage::Ref {
            return None;
        }
        self.root_field_fast(element_at(array, Storage::Ref, index))
    }

    /// Sets a scoped root to the reference in an element, or to null. Never collects.
    ///
    /// Errors: as [`Store::typed`]; as [`Store::require_scoped`] for `target`;
    /// [`Error::TypeMismatch`] if elements are not references; [`Error::OutOfBounds`].
    pub(crate) fn array_get_ref_into(
        &self,
        handle: Handle,
        index: u64,
        target: Handle,
    ) -> Result<()> {
        self.array(handle, "ref")?;
        self.require_scoped(target)?;
        let (_, at) = self.element_of_storage(handle, index, Storage::Ref)?;
        self.load_into(at, target)
    }

    /// The fast form of [`Store::array_get_ref_into`].
    #[inline(always)]
    pub(crate) fn array_get_ref_into_fast(
        &self,
        handle: Handle,
        index: u64,
        target: Handle,
    ) -> bool {
        self.element_fast(handle, index)
            .filter(|(element, _)| element.storage == Storage::Ref)
            .and_then(|(_, array)| {
                self.load_into_fast(element_at(array, Storage::Ref, index), target)
            })
            .is_some()
    }

    /// Sets an element. Never collects.
    ///
    /// Errors: as [`Store::typed`]; as [`Store::resolve`] for the value;
    /// [`Error::Immutable`]; as [`Store::require_value`]; [`Error::OutOfBounds`].
    pub(crate) fn array_set(&self, handle: Handle, index: u64, value: Value) -> Result<()> {
        let array = self.array(handle, "ref")?;
        self.set_element(array, index, self.resolve_value(value)?)
    }

    /// Sets an element of an array, which comes with its length. Never collects.
    ///
    /// Errors: [`Error::Immutable`]; as [`Store::require_value`]; [`Error::OutOfBounds`].
    pub(in crate::store) fn set_element(
        &self,
        (array, length): (Typed<'_>, u64),
        index: u64,
        value: Value<GcRef>,
    ) -> Result<()> {
        let element = mutable_element(array.ty, index)?;
        self.require_value(element, index, value)?;
        require_range(index, 1, length)?;
        let at = element_at(array.offset, element.storage, index);
        self.cold
            .borrow_mut()
            .write_value(self, element.storage, array.offset, at, value)
    }

    /// The fast form of [`Store::array_set`].
    #[inline(always)]
    pub(crate) fn array_set_fast(
        &self,
        path: FastPath,
        handle: Handle,
        index: u64,
        value: impl RawValue,
    ) -> bool {
        let set = || {
            let (element, array) = self.element_fast(handle, index)?;
            let at = element_at(array, element.storage, index);
            let mutable = element.mutable.then_some(element)?;
            self.store_value_fast(path, mutable, array, at, value)
        };
        set().is_some()
    }

    /// The fast form of [`Store::array_set`] for bits that are not a reference.
    #[inline(always)]
    pub(crate) fn array_set_bits_fast<T: PlainBits>(
        &self,
        handle: Handle,
        index: u64,
        storage: Storage,
        bits: T,
    ) -> bool {
        self.element_fast(handle, index)
            .filter(|(element, _)| element.is_mutable(storage))
            .and_then(|(_, array)| self.store_field(element_at(array, storage, index), bits))
            .is_some()
    }

    /// The fast form of [`Store::array_set`] for a reference.
    #[inline(always)]
    pub(crate) fn array_set_ref_fast(
        &self,
        path: FastPath,
        handle: Handle,
        index: u64,
        value: Handle,
    ) -> bool {
        if !self.mutator.barrier().allows(path) {
            return false;
        }
        let Some((element, array)) = self.element_fast(handle, index) else {
            return false;
        };
        let at = element_at(array, Storage::Ref, index);
        element.mutable
            && self
                .store_ref_fast(path, element, array, at, value)
                .is_some()
    }
}
