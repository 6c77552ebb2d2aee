//! Casts, and the data of externrefs.

use core::ffi::c_void;

use crate::error::Result;
use crate::heap::GcRef;
use crate::store::Store;
use crate::types::{HeapType, RefType, RegisteredType};

impl Store {
    /// Whether an object is of a type. Never collects.
    ///
    /// Errors: as [`Store::raw_object`]; [`Error::WrongEngine`](crate::error::Error).
    pub(crate) fn raw_cast(&self, object: u32, of: &RegisteredType) -> Result<bool> {
        let reference = self.raw_object(object, "object")?;
        Ok(self.admits(&self.slot_of(not_null(of))?, reference))
    }

    /// The fast form of [`Store::raw_cast`].
    #[inline(always)]
    pub(crate) fn raw_cast_fast(&self, object: u32, of: &RegisteredType) -> Option<bool> {
        let slot = self.slot_of_fast(not_null(of))?;
        let reference = self.raw_reference_fast(object)?;
        (!reference.is_null()).then(|| self.admits(&slot, reference))
    }

    /// The host's pointer of an externref. Never collects.
    ///
    /// Errors: as [`Store::raw_object`]; [`Error::TypeMismatch`](crate::error::Error).
    pub(crate) fn raw_externref_data(&self, object: u32) -> Result<*mut c_void> {
        self.data_at(self.raw_object(object, "object")?)
    }

    /// The fast form of [`Store::raw_externref_data`].
    #[inline(always)]
    pub(crate) fn raw_externref_data_fast(&self, object: u32) -> Option<*mut c_void> {
        let object = GcRef::from_raw(object);
        if self.checks_raw_slowly.get() || object.is_odd() || !self.mutator.memory.may_hold(object)
        {
            return None;
        }
        // Null may be read, and has no entry.
        let word = self.word_after_header(object.offset());
        Some(self.host.get(word, object)?.data)
    }
}

fn not_null(of: &RegisteredType) -> RefType<&RegisteredType> {
    RefType {
        nullable: false,
        heap: HeapType::Concrete(of),
    }
}
