//! Reading the headers of objects that roots refer to.

use crate::error::{Error, Result};
use crate::heap::{GcRef, HEADER_BYTES, Kind, LEAST_BYTES, ObjectHeader, PlainBits};
use crate::store::Store;

impl Store {
    /// The header of an object that a root refers to.
    pub(in crate::store) fn header(&self, object: GcRef) -> ObjectHeader {
        debug_assert!(object.is_object() && self.mutator.memory.may_hold(object));
        let address = self.mutator.memory.address(object.offset());
        // SAFETY: roots refer to objects in the heap.
        ObjectHeader::from_bits(unsafe { address.cast::<u64>().read() })
    }

    /// The header of an object that a root refers to. For null, bits that name no kind.
    #[inline(always)]
    pub(in crate::store) fn header_or_nothing(&self, object: GcRef) -> ObjectHeader {
        debug_assert!(self.mutator.memory.may_hold(object));
        let address = self.mutator.memory.address(object.offset());
        // SAFETY: roots refer to null or to objects in the heap, and 16 bytes are
        // readable at the heap's base.
        ObjectHeader::from_bits(unsafe { address.cast::<u64>().read() })
    }

    /// The word after the header of an object that a root refers to, or of null. An
    /// externref and a function have their index there, an array its length.
    #[inline(always)]
    pub(in crate::store) fn word_after_header(&self, offset: u64) -> u64 {
        debug_assert!(offset == 0 || self.mutator.memory.contains(offset, LEAST_BYTES.into()));
        let address = self.mutator.memory.address(offset + HEADER_BYTES);
        // SAFETY: roots refer to null or to objects in the heap. 16 bytes are readable
        // there, the least size of an object.
        unsafe { address.cast::<u64>().read() }
    }

    /// Reads a field or an element at `at`, in an object that starts in the heap. `None`
    /// unless it ends in the heap: the header may have been overwritten.
    #[inline(always)]
    pub(in crate::store) fn load_field<T: PlainBits>(&self, at: u64) -> Option<T> {
        let memory = &self.mutator.memory;
        if !memory.has_room_at(at, size_of::<T>() as u64) {
            return None;
        }
        // SAFETY: fields lie after the object's start, so this one is in the heap. Any bits
        // are a `T`.
        Some(unsafe { memory.address(at).cast::<T>().read_unaligned() })
    }

    /// Writes a field or an element at `at` that is no reference, in an object that starts
    /// in the heap. `None`, with nothing changed, unless it ends in the heap.
    #[inline(always)]
    pub(in crate::store) fn store_field<T: PlainBits>(&self, at: u64, bits: T) -> Option<()> {
        let memory = &self.mutator.memory;
        if !memory.has_room_at(at, size_of::<T>() as u64) {
            return None;
        }
        // SAFETY: fields lie after the object's start, so this one is in the heap.
        unsafe { memory.address(at).cast::<T>().write_unaligned(bits) };
        Some(())
    }

    /// The header of the referent of a reference that is not null; `None` for an `i31`.
    ///
    /// Errors: [`Error::Internal`] if the header is not an object's.
    pub(in crate::store) fn header_of(&self, reference: GcRef) -> Result<Option<ObjectHeader>> {
        if !reference.is_object() {
            return Ok(None);
        }
        let header = self.header(reference);
        match header.kind() {
            Some(Kind::Free) | None => Err(Error::internal("an invalid header", header.bits())),
            Some(_) => Ok(Some(header)),
        }
    }
}

/// The name of a referent in messages, given by the result of [`Store::header_of`].
pub(in crate::store) fn name_of(header: Option<ObjectHeader>) -> &'static str {
    match header.and_then(ObjectHeader::kind) {
        None => "an i31",
        Some(kind) => kind_name(kind),
    }
}

/// The name of an object of this kind in messages.
pub(in crate::store) const fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Extern => "an externref",
        Kind::Struct => "a struct",
        Kind::Array => "an array",
        Kind::Exn => "an exception",
        Kind::Func => "a function",
        Kind::Free => "free memory",
    }
}
