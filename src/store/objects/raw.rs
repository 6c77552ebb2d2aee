//! Raw access, for engines whose compiled code reads the heap: references as 32 bits, the
//! base of the heap, and the address of array elements.

use crate::error::{Error, Result};
use crate::heap::{GcRef, Kind};
use crate::roots::Handle;
use crate::store::objects::elements::{
    NUMBERS, element_at, element_of, require_numbers, require_range,
};
use crate::store::{Cold, Store};
use crate::types::{AbstractType, Admits};

impl Store {
    /// The bits of the reference that a handle names; 0 for null. They are valid until
    /// the object moves or dies. Never collects.
    ///
    /// Errors: as [`Store::resolve`].
    pub(crate) fn ref_to_raw(&self, handle: Handle) -> Result<u32> {
        Ok(self.resolve(handle, "ref_or_null")?.raw())
    }

    /// A new scoped root for the reference with these bits. Any bits may be passed. Null
    /// for 0. Never collects.
    ///
    /// Errors: as [`Store::checked_reference`] and [`Store::push_root`].
    pub(crate) fn any_from_raw(&self, raw: u32) -> Result<Handle> {
        let reference = self.checked_reference(raw)?;
        self.push_unless_null(reference)
    }

    /// As [`Store::any_from_raw`], for a reference of the hierarchy of `top`.
    ///
    /// Errors: as [`Store::any_from_raw`]; [`Error::TypeMismatch`] for another hierarchy.
    pub(crate) fn ref_from_raw(&self, raw: u32, top: AbstractType) -> Result<Handle> {
        let reference = self.checked_reference(raw)?;
        self.require_admitted(Admits::of_abstract(top, true), reference, "raw")?;
        self.any_from_raw(raw)
    }

    /// The reference with these bits. Hidden objects are refused (TYPES-5): a handle to
    /// one could set an immutable global, or a table's element to what the table does not
    /// admit.
    ///
    /// Errors: [`Error::InvalidArgument`] unless the bits are 0, an `i31`, or refer to
    /// the start of an object (HEAP-20); [`Error::SystemMemory`], [`Error::Internal`].
    fn checked_reference(&self, raw: u32) -> Result<GcRef> {
        let reference = GcRef::from_raw(raw);
        if !reference.is_object() {
            return Ok(reference);
        }
        let is_object = self.cold.borrow_mut().is_object(self, reference)?;
        if is_object && !self.is_unswept(reference) && !self.is_hidden(reference) {
            return Ok(reference);
        }
        Err(Error::InvalidArgument {
            parameter: "raw",
            value: raw.into(),
            allowed: "0, an odd number, or the bits of an object in the heap",
        })
    }

    /// The base address of the heap, which never changes. Makes the heap if the store has
    /// none yet (OBJECTS-5). Never collects.
    ///
    /// Errors: [`Error::SystemMemory`].
    pub(crate) fn heap_base(&self) -> Result<*mut u8> {
        self.cold.borrow_mut().make_heap(self)?;
        Ok(self.mutator.memory.address(0))
    }

    /// The address of `count` elements from `start` on. It is valid until the outermost
    /// no-GC span ends. Never collects.
    ///
    /// Errors: as [`Store::typed`]; [`Error::TypeMismatch`] if elements are references;
    /// [`Error::OutOfBounds`]; [`Error::NoOpenSpan`].
    pub(crate) fn array_span(&self, handle: Handle, start: u64, count: u64) -> Result<*mut u8> {
        let (array, length) = self.array(handle, "ref")?;
        let element = element_of(array.ty)?;
        require_numbers(element)?;
        require_range(start, count, length)?;
        if self.mutator.no_gc_spans() == 0 {
            return Err(Error::NoOpenSpan {
                innermost: self.scopes.innermost_serial(),
            });
        }
        let at = element_at(array.offset, element.storage, start);
        Ok(self.mutator.memory.address(at))
    }

    /// The address of the first element of a pinned array, and the bytes of all elements. It is
    /// valid until the pin ends. Never collects.
    ///
    /// Errors: as [`Store::pinned`]; [`Error::TypeMismatch`] unless the object is an array
    /// whose elements are not references.
    pub(crate) fn pin_data(&self, pin: Handle) -> Result<(*mut u8, usize)> {
        let array = self.typed_object(self.pinned(pin)?, Kind::Array, NUMBERS)?;
        let (array, length) = self.measured(array)?;
        let element = element_of(array.ty)?;
        require_numbers(element)?;
        let first = element_at(array.offset, element.storage, 0);
        let end = element_at(array.offset, element.storage, length);
        Ok((self.mutator.memory.address(first), (end - first) as usize))
    }
}

impl Cold {
    /// Whether a reference refers to the start of an object.
    ///
    /// Errors: [`Error::SystemMemory`], [`Error::Internal`].
    pub(in crate::store) fn is_object(&mut self, store: &Store, reference: GcRef) -> Result<bool> {
        match self.heap.as_deref() {
            Some(heap) => {
                self.object_starts
                    .is_object(reference, &store.mutator, heap, &self.layouts)
            }
            None => Ok(false),
        }
    }
}

/// Addresses, for tests that overwrite the heap.
#[cfg(test)]
impl Store {
    /// The address of the object that a live handle refers to.
    pub(crate) fn address_for_tests(&self, handle: Handle) -> *mut u8 {
        let object = self.object(handle, "ref").unwrap();
        self.mutator.memory.address(object.offset())
    }

    /// The blocks of the heap up to the first nonsense, and where they should end.
    pub(crate) fn blocks_for_tests(&self) -> (Vec<(u64, u64, bool)>, u64) {
        let cold = self.cold.borrow();
        let heap = cold.heap.as_deref().unwrap();
        let range = heap.bounds(&self.mutator);
        let blocks = crate::heap::blocks_for_tests(heap.region(), range, &cold.layouts);
        (blocks, range.1)
    }

    /// The bytes that the heap has committed.
    pub(crate) fn committed_for_tests(&self) -> u64 {
        let cold = self.cold.borrow();
        cold.heap
            .as_deref()
            .map_or(0, |heap| heap.committed_bytes())
    }

    /// The heap's base, and the offsets at which the objects and the committed memory
    /// end.
    pub(crate) fn bounds_for_tests(&self) -> (*mut u8, u64, u64) {
        (
            self.mutator.memory.address(0),
            self.mutator.bump.next(),
            self.mutator.bump.end(),
        )
    }
}
