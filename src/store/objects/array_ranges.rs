//! Ranges of array elements: fill, copy, and bulk transfer from and to memory outside
//! the heap.

use crate::error::{Error, Result};
use crate::heap::{GcRef, PlainBits};
use crate::roots::Handle;
use crate::store::objects::arrays::{element_at, element_of, mutable_element, require_range};
use crate::store::objects::structs::require_storage;
use crate::store::objects::value::{Value, outside};
use crate::store::{Cold, Store};
use crate::types::{FieldLayout, RegisteredType, Storage};

impl Store {
    /// Sets `count` elements from `index` on to a value. Never collects.
    ///
    /// Errors: as [`Store::array_set`].
    pub(crate) fn array_fill(
        &self,
        handle: Handle,
        index: u64,
        value: Value,
        count: u64,
    ) -> Result<()> {
        let (array, length) = self.array(handle, "ref")?;
        let value = self.resolve_value(value)?;
        let element = mutable_element(array.of, index)?;
        self.admit(element, index, value)?;
        require_range(index, count, length)?;
        let at = element_at(array.offset, element.storage, index);
        self.cold
            .borrow_mut()
            .fill_values(self, element, array.offset, at, count, value)
    }

    /// Copies `count` elements from one array to another or the same, also where the
    /// two ranges overlap. Never collects.
    ///
    /// Errors: as [`Store::typed`] for `target`, then for `source`;
    /// [`Error::Immutable`]; [`Error::TypeMismatch`] if not every element of the
    /// source's type may be one of the target's; [`Error::OutOfBounds`].
    pub(crate) fn array_copy(
        &self,
        (target, target_index): (Handle, u64),
        (source, source_index): (Handle, u64),
        count: u64,
    ) -> Result<()> {
        let (target, target_length) = self.array(target, "dst")?;
        let (source, source_length) = self.array(source, "src")?;
        let element = mutable_element(target.of, target_index)?;
        self.require_copyable(source.of, target.of)?;
        require_range(target_index, count, target_length)?;
        require_range(source_index, count, source_length)?;
        let from = element_at(source.offset, element.storage, source_index);
        let to = element_at(target.offset, element.storage, target_index);
        self.cold
            .borrow_mut()
            .copy_values(self, element.storage, from, target.offset, to, count)
    }

    /// Refuses arrays whose elements are not all elements of another type of arrays.
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
        // Slots of types of which neither is below the other may admit the same.
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

    /// Copies `count` elements from `index` on, which are no references, to memory
    /// outside the heap. Never collects.
    ///
    /// Errors: as [`Store::typed`]; [`Error::TypeMismatch`], [`Error::OutOfBounds`].
    ///
    /// # Safety
    ///
    /// `out` must be valid for writing as many elements.
    pub(crate) unsafe fn array_read(
        &self,
        handle: Handle,
        index: u64,
        out: *mut u8,
        count: u64,
    ) -> Result<()> {
        let (array, length) = self.array(handle, "ref")?;
        let element = element_of(array.of)?;
        require_numbers(element)?;
        require_range(index, count, length)?;
        let at = element_at(array.offset, element.storage, index);
        let bytes = count * u64::from(element.storage.bytes());
        // SAFETY: the caller's promise.
        unsafe { self.mutator.memory.copy_out(at, out, bytes) }.ok_or(outside(at))
    }

    /// Sets `count` elements from `index` on, which are no references, to what memory
    /// outside the heap has. Never collects.
    ///
    /// Errors: as [`Store::typed`]; [`Error::Immutable`], [`Error::TypeMismatch`],
    /// [`Error::OutOfBounds`].
    ///
    /// # Safety
    ///
    /// `data` must be valid for reading as many elements.
    pub(crate) unsafe fn array_write(
        &self,
        handle: Handle,
        index: u64,
        data: *const u8,
        count: u64,
    ) -> Result<()> {
        let (array, length) = self.array(handle, "ref")?;
        let element = mutable_element(array.of, index)?;
        require_numbers(element)?;
        require_range(index, count, length)?;
        let at = element_at(array.offset, element.storage, index);
        let bytes = count * u64::from(element.storage.bytes());
        // SAFETY: as in `array_read`.
        unsafe { self.mutator.memory.copy_in(at, data, bytes) }.ok_or(outside(at))
    }

    /// [`Store::array_read`] into a slice, of elements that are stored as `storage`.
    ///
    /// Errors: as there; [`Error::TypeMismatch`] for another storage.
    pub(crate) fn array_read_slice<T: PlainBits>(
        &self,
        handle: Handle,
        index: u64,
        out: &mut [T],
        storage: Storage,
    ) -> Result<()> {
        let (array, _) = self.array(handle, "ref")?;
        require_storage(element_of(array.of)?, storage)?;
        require_size::<T>(storage)?;
        let (first, count) = (out.as_mut_ptr().cast(), out.len() as u64);
        // SAFETY: the slice has as many elements of that size, of which all bits are
        // values.
        unsafe { self.array_read(handle, index, first, count) }
    }

    /// [`Store::array_write`] of a slice, to elements that are stored as `storage`.
    ///
    /// Errors: as there; [`Error::TypeMismatch`] for another storage.
    pub(crate) fn array_write_slice<T: PlainBits>(
        &self,
        handle: Handle,
        index: u64,
        data: &[T],
        storage: Storage,
    ) -> Result<()> {
        let (array, _) = self.array(handle, "ref")?;
        require_storage(mutable_element(array.of, index)?, storage)?;
        require_size::<T>(storage)?;
        // SAFETY: the slice has as many elements of that size.
        unsafe { self.array_write(handle, index, data.as_ptr().cast(), data.len() as u64) }
    }
}

/// Refuses a storage of another size than `T`.
///
/// Errors: [`Error::Internal`].
fn require_size<T>(storage: Storage) -> Result<()> {
    if size_of::<T>() == storage.bytes() as usize {
        return Ok(());
    }
    let size = size_of::<T>() as u64;
    Err(Error::internal("an element of another size", size))
}

/// Refuses elements that are references.
///
/// Errors: [`Error::TypeMismatch`].
pub(in crate::store) fn require_numbers(element: &FieldLayout) -> Result<()> {
    if element.storage != Storage::Ref {
        return Ok(());
    }
    Err(Error::TypeMismatch {
        needed: "an array of numbers",
        found: "one of references",
    })
}

impl Cold {
    /// Copies `count` elements from `from` to `to` in the object at `holder`. The two
    /// ranges may overlap.
    ///
    /// Errors: [`Error::Internal`].
    pub(in crate::store) fn copy_values(
        &mut self,
        store: &Store,
        storage: Storage,
        from: u64,
        holder: u64,
        to: u64,
        count: u64,
    ) -> Result<()> {
        if storage == Storage::Ref && !store.mutator.barrier().is_none() {
            store.count_release();
            let memory = &store.mutator.memory;
            return self.heap()?.copy_gc_refs(memory, holder, from, to, count);
        }
        let bytes = count * u64::from(storage.bytes());
        let copied = store.mutator.memory.copy_within(from, to, bytes);
        copied.ok_or(outside(to))
    }

    /// Sets `count` elements from `at` on to a value that they take.
    ///
    /// Errors: [`Error::Internal`].
    pub(in crate::store) fn fill_values(
        &mut self,
        store: &Store,
        element: &FieldLayout,
        holder: u64,
        at: u64,
        count: u64,
        value: Value<GcRef>,
    ) -> Result<()> {
        let mutator = &store.mutator;
        let memory = &mutator.memory;
        let filled = match value {
            Value::I32(bits) if element.storage == Storage::I8 => {
                memory.fill(at, count, bits as u8)
            }
            Value::I32(bits) if element.storage == Storage::I16 => {
                memory.fill(at, count, bits as u16)
            }
            Value::I32(bits) | Value::F32(bits) => memory.fill(at, count, bits),
            Value::I64(bits) | Value::F64(bits) => memory.fill(at, count, bits),
            Value::V128(bytes) => memory.fill(at, count, bytes),
            Value::Ref(reference) if mutator.barrier().is_none() => {
                memory.fill(at, count, reference.raw())
            }
            Value::Ref(reference) => {
                store.count_release();
                return self.heap()?.fill_gc_refs(holder, at, count, reference);
            }
        };
        filled.ok_or(outside(at))
    }
}
