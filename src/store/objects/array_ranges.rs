//! Ranges of array elements: fill, copy, and copies to and from memory outside the heap.

use crate::error::{Error, Result};
use crate::heap::{ARRAY_ELEMENTS, FastPath, GcRef, Kind, PlainBits};
use crate::roots::Handle;
use crate::store::objects::elements::{
    element_at, element_of, mutable_element, require_numbers, require_range,
};
use crate::store::objects::fields::require_storage;
use crate::store::objects::load_store::outside;
use crate::store::objects::typed::Typed;
use crate::store::objects::value::Value;
use crate::store::protocol::Attempt;
use crate::store::{Cold, Store};
use crate::types::{RegisteredType, Storage, Type};

impl Store {
    /// Makes an array of `length` elements that are copied from memory outside the heap, and
    /// roots it in the current scope. May collect; finalizers are queued.
    ///
    /// Errors: as [`Store::array_new`]; [`Error::TypeMismatch`] if elements are references.
    ///
    /// # Safety
    ///
    /// `source` must be valid for reading `length` elements.
    pub(crate) unsafe fn array_new_bytes(
        &self,
        of: &Type,
        source: *const u8,
        length: u64,
    ) -> Attempt<Handle> {
        self.require_kind(of, Kind::Array)?;
        let element = element_of(of)?;
        require_numbers(element)?;
        let write = |_: &mut Cold, array: GcRef| {
            let at = element_at(array.offset(), element.storage, 0);
            let bytes = length * u64::from(element.storage.bytes());
            // SAFETY: the caller's promise.
            unsafe { self.mutator.memory.copy_in(at, source, bytes) }.ok_or(outside(at))
        };
        self.new_array(of, length, || Ok(()), write)
    }

    /// [`Store::array_new_bytes`] from a slice. The elements must be stored as `storage`.
    ///
    /// Errors: as [`Store::array_new_bytes`]; [`Error::TypeMismatch`] for another storage.
    pub(crate) fn array_new_slice<T: PlainBits>(
        &self,
        of: &Type,
        data: &[T],
        storage: Storage,
    ) -> Attempt<Handle> {
        self.require_kind(of, Kind::Array)?;
        require_storage(element_of(of)?, storage)?;
        require_size::<T>(storage)?;
        let (first, length) = (data.as_ptr().cast(), data.len());
        // SAFETY: the slice has `length` elements of this size.
        unsafe {
            let fast = || self.array_new_bytes_fast(FastPath::InLine, of, first, length as u32);
            match u32::try_from(length).ok().and_then(|_| fast()) {
                Some(handle) => Ok(handle),
                None => self.array_new_bytes(of, first, length as u64),
            }
        }
    }

    /// Sets `count` elements from `index` on to one value. Never collects.
    ///
    /// Errors: as [`Store::array_set`].
    pub(crate) fn array_fill(
        &self,
        handle: Handle,
        index: u64,
        value: Value,
        count: u64,
    ) -> Result<()> {
        let array = self.array(handle, "ref")?;
        self.fill_elements(array, index, self.resolve_value(value)?, count)
    }

    /// Sets `count` elements of an array, which comes with its length, from `index` on to
    /// one value. Never collects.
    ///
    /// Errors: as [`Store::set_element`].
    pub(in crate::store) fn fill_elements(
        &self,
        (array, length): (Typed<'_>, u64),
        index: u64,
        value: Value<GcRef>,
        count: u64,
    ) -> Result<()> {
        let element = mutable_element(array.ty, index)?;
        self.require_value(element, index, value)?;
        require_range(index, count, length)?;
        let at = element_at(array.offset, element.storage, index);
        self.cold
            .borrow_mut()
            .fill_values(self, element, array.offset, at, count, value)
    }

    /// Copies `count` elements from one array to another, or within one array. The two
    /// ranges may overlap. Never collects.
    ///
    /// Errors: as [`Store::typed`] for `target`, then for `source`; [`Error::Immutable`];
    /// as [`Store::require_copyable`]; [`Error::OutOfBounds`].
    pub(crate) fn array_copy(
        &self,
        (target, target_index): (Handle, u64),
        (source, source_index): (Handle, u64),
        count: u64,
    ) -> Result<()> {
        let target = self.array(target, "dst")?;
        let source = self.array(source, "src")?;
        self.copy_elements((target, target_index), (source, source_index), count)
    }

    /// Copies `count` elements from one array to another, or within one array. The arrays
    /// come with their lengths. Never collects.
    ///
    /// Errors: [`Error::Immutable`]; as [`Store::require_copyable`];
    /// [`Error::OutOfBounds`].
    pub(in crate::store) fn copy_elements(
        &self,
        ((target, target_length), target_index): ((Typed<'_>, u64), u64),
        ((source, source_length), source_index): ((Typed<'_>, u64), u64),
        count: u64,
    ) -> Result<()> {
        let element = mutable_element(target.ty, target_index)?;
        self.require_copyable(source.ty, target.ty)?;
        require_range(target_index, count, target_length)?;
        require_range(source_index, count, source_length)?;
        let from = element_at(source.offset, element.storage, source_index);
        let to = element_at(target.offset, element.storage, target_index);
        self.cold
            .borrow_mut()
            .copy_values(self, element.storage, from, target.offset, to, count)
    }

    /// Requires that every element of arrays of type `source` may be an element of arrays
    /// of type `target` (OBJECTS-3).
    ///
    /// Errors: [`Error::TypeMismatch`], [`Error::NotOfType`].
    fn require_copyable(&self, source: &RegisteredType, target: &RegisteredType) -> Result<()> {
        let (from, to) = (element_of(source)?, element_of(target)?);
        if from.storage != to.storage {
            return Err(Error::TypeMismatch {
                needed: to.storage.name(),
                found: from.storage.name(),
            });
        }
        // A comparison of what the slots admit would not do: two types of which neither
        // is a subtype of the other may admit the same references.
        if from.storage != Storage::Ref
            || source.index == target.index
            || self.engine.types().elements_fit(source, target)
        {
            return Ok(());
        }
        Err(Error::NotOfType {
            value: None,
            needed: target.index,
            found: "an incompatible array",
            found_type: Some(source.index),
        })
    }

    /// Where `count` elements from `index` on are, and how many bytes they have. The fast
    /// form of the checks that [`Store::array_read`] and, with `writes`,
    /// [`Store::array_write`] make.
    #[inline(always)]
    pub(crate) fn array_bytes_fast(
        &self,
        handle: Handle,
        index: u64,
        count: u64,
        writes: bool,
    ) -> Option<(*mut u8, u64)> {
        let array = self.typed_fast(handle, Kind::Array)?;
        let element = array.ty.fields.first()?;
        let length = u64::from(self.length_of(array));
        // No sum of two numbers below 2^32 overflows.
        let is_inside = index <= length && count <= length && index + count <= length;
        if !is_inside || element.storage == Storage::Ref || (writes && !element.mutable) {
            return None;
        }
        let size = u64::from(array.ty.layout.element_bytes);
        let (at, bytes) = (array.offset + ARRAY_ELEMENTS + index * size, count * size);
        let is_sound = self.mutator.memory.contains(at, bytes);
        is_sound.then(|| (self.mutator.memory.address(at), bytes))
    }

    /// Copies `count` elements from `index` on to memory outside the heap. Never
    /// collects.
    ///
    /// Errors: as [`Store::typed`]; [`Error::TypeMismatch`] if elements are references;
    /// [`Error::OutOfBounds`].
    ///
    /// # Safety
    ///
    /// `out` must be valid for writing `count` elements.
    pub(crate) unsafe fn array_read(
        &self,
        handle: Handle,
        index: u64,
        out: *mut u8,
        count: u64,
    ) -> Result<()> {
        let (array, length) = self.array(handle, "ref")?;
        let element = element_of(array.ty)?;
        require_numbers(element)?;
        require_range(index, count, length)?;
        let at = element_at(array.offset, element.storage, index);
        let bytes = count * u64::from(element.storage.bytes());
        // SAFETY: the caller's promise about `out`.
        unsafe { self.mutator.memory.copy_out(at, out, bytes) }.ok_or(outside(at))
    }

    /// Copies `count` elements from memory outside the heap to the elements from `index`
    /// on. Never collects.
    ///
    /// Errors: as [`Store::typed`]; [`Error::Immutable`]; [`Error::TypeMismatch`] if
    /// elements are references; [`Error::OutOfBounds`].
    ///
    /// # Safety
    ///
    /// `data` must be valid for reading `count` elements.
    pub(crate) unsafe fn array_write(
        &self,
        handle: Handle,
        index: u64,
        data: *const u8,
        count: u64,
    ) -> Result<()> {
        let (array, length) = self.array(handle, "ref")?;
        let element = mutable_element(array.ty, index)?;
        require_numbers(element)?;
        require_range(index, count, length)?;
        let at = element_at(array.offset, element.storage, index);
        let bytes = count * u64::from(element.storage.bytes());
        // SAFETY: the caller's promise about `data`.
        unsafe { self.mutator.memory.copy_in(at, data, bytes) }.ok_or(outside(at))
    }

    /// [`Store::array_read`] into a slice. The elements must be stored as `storage`.
    ///
    /// Errors: as [`Store::array_read`]; [`Error::TypeMismatch`] for another storage.
    pub(crate) fn array_read_slice<T: PlainBits>(
        &self,
        handle: Handle,
        index: u64,
        out: &mut [T],
        storage: Storage,
    ) -> Result<()> {
        let (array, _) = self.array(handle, "ref")?;
        require_storage(element_of(array.ty)?, storage)?;
        require_size::<T>(storage)?;
        let (first, count) = (out.as_mut_ptr().cast(), out.len() as u64);
        // SAFETY: the slice has `count` elements of this size, and any bits are a `T`.
        unsafe { self.array_read(handle, index, first, count) }
    }

    /// [`Store::array_write`] from a slice. The elements must be stored as `storage`.
    ///
    /// Errors: as [`Store::array_write`]; [`Error::TypeMismatch`] for another storage.
    pub(crate) fn array_write_slice<T: PlainBits>(
        &self,
        handle: Handle,
        index: u64,
        data: &[T],
        storage: Storage,
    ) -> Result<()> {
        let (array, _) = self.array(handle, "ref")?;
        require_storage(mutable_element(array.ty, index)?, storage)?;
        require_size::<T>(storage)?;
        // SAFETY: the slice has `data.len()` elements of this size.
        unsafe { self.array_write(handle, index, data.as_ptr().cast(), data.len() as u64) }
    }
}

/// Requires that `T` has the size of `storage`.
///
/// Errors: [`Error::Internal`].
fn require_size<T>(storage: Storage) -> Result<()> {
    if size_of::<T>() == storage.bytes() as usize {
        return Ok(());
    }
    let size = size_of::<T>() as u64;
    Err(Error::internal("an element of another size", size))
}
