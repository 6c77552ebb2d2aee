//! Arrays, element by element. `array_ranges.rs` has what works on many at once.

use crate::error::{Error, Result};
use crate::heap::{
    ARRAY_ELEMENTS, ARRAY_LENGTH, FastPath, GcRef, HEADER_BYTES, Kind, PlainBits, array_bytes,
};
use crate::roots::Handle;
use crate::store::host_code::Attempt;
use crate::store::objects::structs::{require_defaults, require_storage};
use crate::store::objects::typed::Typed;
use crate::store::objects::value::Value;
use crate::store::{Cold, Store};
use crate::types::{FieldLayout, RegisteredType, Storage, Type};

/// Where the element at `index` is, which must be below the length or be it.
#[inline(always)]
pub(in crate::store) fn element_at(array: u64, storage: Storage, index: u64) -> u64 {
    array + ARRAY_ELEMENTS + index * u64::from(storage.bytes())
}

/// An array type's element.
///
/// Errors: [`Error::Internal`] if it has none.
pub(in crate::store) fn element_of(of: &RegisteredType) -> Result<&FieldLayout> {
    of.fields.first().ok_or(Error::internal(
        "an array type without element",
        of.index.into(),
    ))
}

/// The size of an array of `length` elements.
///
/// Errors: [`Error::Limit`] for a length that an array cannot have.
fn size(of: &RegisteredType, length: u64) -> Result<u64> {
    let limited = u32::try_from(length).map_err(|_| Error::Limit {
        what: "elements of an array",
        limit: u32::MAX.into(),
    })?;
    Ok(array_bytes(limited, of.layout.element_bytes))
}

impl Store {
    /// Makes an array of `length` times this value and roots it in the current scope.
    /// May collect; finalizers are queued.
    ///
    /// Errors: [`Error::WrongEngine`]; [`Error::TypeMismatch`] for a type of no arrays;
    /// those of the value's handle, [`Store::admit`]; [`Error::Limit`]; those of
    /// [`Store::make`].
    pub(crate) fn array_new(&self, of: &Type, value: Value, length: u64) -> Attempt<Handle> {
        self.require_kind(of, Kind::Array)?;
        let element = element_of(of)?;
        let check = || self.admit(element, 0, self.resolve_value(value)?);
        self.new_array(of, length, check, |cold, object| {
            let at = element_at(object.offset(), element.storage, 0);
            let value = self.resolve_value(value)?;
            cold.fill_values(self, element, object.offset(), at, length, value)
        })
    }

    /// Makes an array of zeros or nulls. May collect; finalizers are queued.
    ///
    /// Errors: as [`Store::array_new`]; [`Error::TypeMismatch`] also for elements that
    /// have no default.
    pub(crate) fn array_new_default(&self, of: &Type, length: u64) -> Attempt<Handle> {
        self.require_kind(of, Kind::Array)?;
        require_defaults(of)?;
        self.new_array(of, length, || Ok(()), |_, _| Ok(()))
    }

    /// Makes an array of these values. May collect; finalizers are queued.
    ///
    /// Errors: as [`Store::array_new`], [`Error::Limit`] before those of the values; and
    /// those of `value`.
    pub(crate) fn array_new_fixed(
        &self,
        of: &Type,
        count: usize,
        value: &impl Fn(usize) -> Result<Value>,
    ) -> Attempt<Handle> {
        self.require_kind(of, Kind::Array)?;
        // Before a value is read: nobody has so many.
        size(of, count as u64)?;
        let element = element_of(of)?;
        let resolved = |index| self.resolve_value(value(index)?);
        let check =
            || (0..count).try_for_each(|index| self.admit(element, index as u64, resolved(index)?));
        self.new_array(of, count as u64, check, |cold, object| {
            (0..count).try_for_each(|index| {
                let at = element_at(object.offset(), element.storage, index as u64);
                cold.write_value(self, element.storage, object.offset(), at, resolved(index)?)
            })
        })
    }

    fn new_array(
        &self,
        of: &Type,
        length: u64,
        check: impl Fn() -> Result<()>,
        write: impl FnOnce(&mut Cold, GcRef) -> Result<()>,
    ) -> Attempt<Handle> {
        self.make(of, size(of, length), check, |cold, object| {
            self.store(object.offset() + ARRAY_LENGTH, length as u32)?;
            write(cold, object)
        })
    }

    /// What an array says that its length is.
    #[inline(always)]
    fn length_of(&self, array: Typed<'_>) -> u32 {
        const { assert!(ARRAY_LENGTH == HEADER_BYTES) }
        self.word_after_header(array.offset) as u32
    }

    /// The array that `handle` refers to, and its length.
    ///
    /// Errors: as [`Store::typed`].
    pub(in crate::store) fn array(
        &self,
        handle: Handle,
        parameter: &'static str,
    ) -> Result<(Typed<'_>, u64)> {
        let array = self.typed(handle, Kind::Array, parameter)?;
        let length = self.length_of(array);
        let bytes = array_bytes(length, array.of.layout.element_bytes);
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

    /// [`Store::array_len`], if everything is as usual.
    #[inline(always)]
    pub(crate) fn array_len_fast(&self, handle: Handle) -> Option<u64> {
        let array = self.typed_fast(handle, Kind::Array)?;
        Some(self.length_of(array).into())
    }

    /// The element of the array that `handle` refers to, which is as long as `index`
    /// needs, and where the array starts, if everything is as usual.
    #[inline(always)]
    fn element_fast(&self, handle: Handle, index: u64) -> Option<(&FieldLayout, u64)> {
        let array = self.typed_fast(handle, Kind::Array)?;
        let element = array.of.fields.first()?;
        if index >= self.length_of(array).into() {
            return None;
        }
        Some((element, array.offset))
    }

    /// The element at `index`, and where it is.
    ///
    /// Errors: as [`Store::typed`]; [`Error::OutOfBounds`].
    fn element(&self, handle: Handle, index: u64) -> Result<(&FieldLayout, u64)> {
        let (array, length) = self.array(handle, "ref")?;
        let element = element_of(array.of)?;
        require_range(index, 1, length)?;
        Ok((element, element_at(array.offset, element.storage, index)))
    }

    /// As [`Store::element`]; and refuses elements of another storage first.
    fn element_of_storage(
        &self,
        handle: Handle,
        index: u64,
        storage: Storage,
    ) -> Result<(&FieldLayout, u64)> {
        let (array, _) = self.array(handle, "ref")?;
        require_storage(element_of(array.of)?, storage)?;
        self.element(handle, index)
    }

    /// An element's value; a reference is a new scoped root, a packed element is
    /// extended with zeros. Never collects.
    ///
    /// Errors: as [`Store::typed`]; [`Error::OutOfBounds`]; those of a push.
    pub(crate) fn array_get(&self, handle: Handle, index: u64) -> Result<Value> {
        let (element, at) = self.element(handle, index)?;
        self.read_value(element.storage, at)
    }

    /// The bits of an element that stores `storage`, which `T` is as large as.
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

    /// [`Store::array_get_bits`], if everything is as usual.
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
        self.mutator.memory.load(element_at(array, storage, index))
    }

    /// A packed element, its sign extended or zeros before it.
    ///
    /// Errors: as [`Store::array_get_bits`].
    pub(crate) fn array_get_packed(&self, handle: Handle, index: u64, signed: bool) -> Result<u32> {
        let (array, _) = self.array(handle, "ref")?;
        require_packed(element_of(array.of)?)?;
        let (element, at) = self.element(handle, index)?;
        self.load_packed(element, at, signed)
    }

    /// [`Store::array_get_packed`], if everything is as usual.
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

    /// A reference, as a new scoped root; null for null.
    ///
    /// Errors: as [`Store::array_get_bits`]; those of a push.
    pub(crate) fn array_get_ref(&self, handle: Handle, index: u64) -> Result<Handle> {
        let (_, at) = self.element_of_storage(handle, index, Storage::Ref)?;
        self.root_at(at)
    }

    /// [`Store::array_get_ref`], if everything is as usual. `None` for null too.
    #[inline(always)]
    pub(crate) fn array_get_ref_fast(&self, handle: Handle, index: u64) -> Option<Handle> {
        let (element, array) = self.element_fast(handle, index)?;
        if element.storage != Storage::Ref {
            return None;
        }
        self.root_at_fast(element_at(array, Storage::Ref, index))
    }

    /// Sets an element. Never collects.
    ///
    /// Errors: as [`Store::typed`]; those of the value's handle; [`Error::Immutable`];
    /// those of [`Store::admit`]; [`Error::OutOfBounds`].
    pub(crate) fn array_set(&self, handle: Handle, index: u64, value: Value) -> Result<()> {
        let (array, length) = self.array(handle, "ref")?;
        let value = self.resolve_value(value)?;
        let element = mutable_element(array.of, index)?;
        self.admit(element, index, value)?;
        require_range(index, 1, length)?;
        let at = element_at(array.offset, element.storage, index);
        self.cold
            .borrow_mut()
            .write_value(self, element.storage, array.offset, at, value)
    }

    /// [`Store::array_set`] of bits that are no reference, if everything is as usual.
    #[inline(always)]
    pub(crate) fn array_set_bits_fast<T: PlainBits>(
        &self,
        handle: Handle,
        index: u64,
        storage: Storage,
        bits: T,
    ) -> bool {
        self.element_fast(handle, index)
            .filter(|(element, _)| element.storage == storage && element.mutable)
            .and_then(|(_, array)| {
                self.mutator
                    .memory
                    .store(element_at(array, storage, index), bits)
            })
            .is_some()
    }

    /// [`Store::array_set`] of a reference, if everything is as usual.
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

/// The element of an array type, which is to be set at `index`.
///
/// Errors: [`Error::Immutable`].
pub(in crate::store) fn mutable_element(of: &RegisteredType, index: u64) -> Result<&FieldLayout> {
    let element = element_of(of)?;
    if element.mutable {
        return Ok(element);
    }
    Err(Error::Immutable {
        index,
        type_index: of.index,
    })
}

/// Refuses elements that are not packed.
///
/// Errors: [`Error::TypeMismatch`].
fn require_packed(element: &FieldLayout) -> Result<()> {
    match element.storage {
        Storage::I8 => Ok(()),
        _ => require_storage(element, Storage::I16),
    }
}

/// Refuses `count` elements from `index` on where there are only `length`.
///
/// Errors: [`Error::OutOfBounds`].
pub(in crate::store) fn require_range(index: u64, count: u64, length: u64) -> Result<()> {
    if index <= length && count <= length - index {
        return Ok(());
    }
    Err(Error::OutOfBounds {
        what: "element",
        index: index.saturating_add(count.saturating_sub(1)),
        length,
    })
}
