//! Values without a kind: the type of the field or element says what the bits are.

use crate::heap::{FastPath, GcRef};
use crate::store::{RawValue, ReferenceSource, Store, Value};
use crate::types::{Admits, Storage};

/// The value of a field. Has the layout of `gcroots_raw_val_t`.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) union FieldBits {
    /// A reference, a 32-bit number, or in the lower bits a packed number.
    bits32: u32,
    /// A 64-bit number.
    bits64: u64,
    /// A vector of 128 bits.
    bytes: [u8; 16],
}

impl FieldBits {
    /// Reads the value of a field that is stored as `storage`. A reference is not checked.
    ///
    /// # Safety
    ///
    /// `value` must be valid for reading the member that `storage` says.
    #[inline(always)]
    pub(crate) unsafe fn read(value: *const FieldBits, storage: Storage) -> Value<u32> {
        // SAFETY: the caller's promise.
        unsafe {
            match storage {
                Storage::I8 | Storage::I16 | Storage::I32 => Value::I32((*value).bits32),
                Storage::I64 => Value::I64((*value).bits64),
                Storage::F32 => Value::F32((*value).bits32),
                Storage::F64 => Value::F64((*value).bits64),
                Storage::V128 => Value::V128((*value).bytes),
                Storage::Ref => Value::Ref((*value).bits32),
            }
        }
    }
}

impl From<Value<GcRef>> for FieldBits {
    /// The bytes that the value does not need are 0.
    #[inline(always)]
    fn from(value: Value<GcRef>) -> FieldBits {
        let mut bits = FieldBits { bytes: [0; 16] };
        match value {
            Value::I32(bits32) | Value::F32(bits32) => bits.bits32 = bits32,
            Value::I64(bits64) | Value::F64(bits64) => bits.bits64 = bits64,
            Value::V128(bytes) => bits.bytes = bytes,
            Value::Ref(reference) => bits.bits32 = reference.raw(),
        }
        bits
    }
}

impl Store {
    /// The value of a field or an element. `None` if its bits are no sound reference.
    #[inline(always)]
    pub(super) fn bits_at_fast(&self, storage: Storage, at: u64) -> Option<FieldBits> {
        Some(self.value_at(storage, at).ok()?.into())
    }
}

/// The bits of a reference, for fast forms.
#[derive(Clone, Copy)]
pub(crate) struct RawBits {
    bits: u32,
    path: FastPath,
}

impl RawBits {
    /// Any bits, for a fast form that takes `path`.
    #[inline(always)]
    pub(super) fn new(path: FastPath, bits: u32) -> RawBits {
        RawBits { bits, path }
    }
}

impl ReferenceSource for RawBits {
    #[inline(always)]
    fn resolve_fast(self, store: &Store) -> Option<GcRef> {
        store.raw_reference_fast(self.bits)
    }

    #[inline(always)]
    fn admitted_fast(self, store: &Store, slot: &Admits) -> Option<GcRef> {
        store.raw_admitted_fast(self.path, self.bits, slot)
    }
}

/// A value that is read in place, in the caller's memory.
#[derive(Clone, Copy)]
pub(crate) struct InPlace {
    value: *const FieldBits,
    path: FastPath,
}

impl InPlace {
    /// The value at an address, for a fast form that takes `path`.
    ///
    /// # Safety
    ///
    /// `value` must be valid for reading the member that the value's field says, as long as
    /// the result is used.
    #[inline(always)]
    pub(crate) unsafe fn new(path: FastPath, value: *const FieldBits) -> InPlace {
        InPlace { value, path }
    }
}

impl RawValue for InPlace {
    type Reference = RawBits;

    #[inline(always)]
    fn fits(&self, _: Storage) -> bool {
        true
    }

    #[inline(always)]
    fn bits32(&self) -> u32 {
        // SAFETY: the promise of the caller of `new`.
        unsafe { (*self.value).bits32 }
    }

    #[inline(always)]
    fn bits64(&self) -> u64 {
        // SAFETY: the promise of the caller of `new`.
        unsafe { (*self.value).bits64 }
    }

    #[inline(always)]
    fn bits128(&self) -> [u8; 16] {
        // SAFETY: the promise of the caller of `new`.
        unsafe { (*self.value).bytes }
    }

    #[inline(always)]
    fn reference(&self) -> RawBits {
        RawBits::new(self.path, self.bits32())
    }
}
