//! What engines that read the heap themselves are given: references as bits, the heap's
//! base, and the elements of arrays as memory.

use crate::error::{Error, Result};
use crate::heap::{GcRef, Kind};
use crate::roots::Handle;
use crate::store::objects::array_ranges::require_numbers;
use crate::store::objects::arrays::{element_at, element_of, require_range};
use crate::store::{Cold, Store};
use crate::types::{AbstractType, Admits};

impl Store {
    /// The bits of what a handle refers to, until that moves or dies; 0 for null. Never
    /// collects.
    ///
    /// Errors: as [`Store::resolve`].
    pub(crate) fn ref_to_raw(&self, handle: Handle) -> Result<u32> {
        Ok(self.resolve(handle, "ref_or_null")?.raw())
    }

    /// A new scoped root for what these bits refer to, whatever they are; null for 0.
    /// Never collects.
    ///
    /// Errors: as [`Store::reference_of`]; those of a push.
    pub(crate) fn any_from_raw(&self, raw: u32) -> Result<Handle> {
        match self.reference_of(raw)? {
            GcRef::NULL => Ok(Handle::NULL),
            reference => self.push_root(reference),
        }
    }

    /// The same for a reference of a hierarchy.
    ///
    /// Errors: [`Error::TypeMismatch`] for another.
    pub(crate) fn ref_from_raw(&self, raw: u32, top: AbstractType) -> Result<Handle> {
        let reference = self.reference_of(raw)?;
        self.require_admitted(Admits::of_abstract(top, true), reference, "raw")?;
        self.any_from_raw(raw)
    }

    /// What these bits refer to. Not a hidden object: whoever had a handle could set a
    /// global that may not be set, and a table's elements to what the table does not admit.
    ///
    /// Errors: [`Error::InvalidArgument`] for bits that refer to no object;
    /// [`Error::SystemMemory`], [`Error::Internal`].
    fn reference_of(&self, raw: u32) -> Result<GcRef> {
        let reference = GcRef::from_raw(raw);
        if !reference.is_object() {
            return Ok(reference);
        }
        let is_object = self.cold.borrow_mut().is_object(self, reference)?;
        if is_object && !self.is_hidden(reference) {
            return Ok(reference);
        }
        Err(Error::InvalidArgument {
            parameter: "raw",
            value: raw.into(),
            allowed: "0, an odd number, or the bits of an object in the heap",
        })
    }

    /// Whether an object holds the contents of a table or a global, or held them.
    fn is_hidden(&self, object: GcRef) -> bool {
        let header = self.header(object);
        header.kind() != Some(Kind::Extern)
            && self
                .types
                .get(header.type_index())
                .is_some_and(|of| of.is_hidden)
    }

    /// The address that offsets count from, which never changes. Makes the heap if there
    /// is none. Never collects.
    ///
    /// Errors: [`Error::SystemMemory`].
    pub(crate) fn heap_base(&self) -> Result<*mut u8> {
        self.cold.borrow_mut().make_heap(self)?;
        Ok(self.mutator.memory.address(0))
    }

    /// The address of `count` elements from `start` on, which are no references, until no
    /// no-GC span is open any more. Never collects.
    ///
    /// Errors: as [`Store::typed`]; [`Error::TypeMismatch`], [`Error::OutOfBounds`];
    /// [`Error::NoOpenSpan`].
    pub(crate) fn array_span(&self, handle: Handle, start: u64, count: u64) -> Result<*mut u8> {
        let (array, length) = self.array(handle, "ref")?;
        let element = element_of(array.of)?;
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
}

impl Cold {
    /// Whether a reference is to an object that is there.
    ///
    /// Errors: [`Error::SystemMemory`], [`Error::Internal`].
    pub(in crate::store) fn is_object(&mut self, store: &Store, reference: GcRef) -> Result<bool> {
        match self.heap.as_deref() {
            Some(heap) => self
                .starts
                .is_object(reference, &store.mutator, heap, &self.layouts),
            None => Ok(false),
        }
    }
}
