//! Values
//!
//! A gcroots_val_t is a value whose type is known only at run time. Fields and elements are
//! set to such values and read as such values. Functions for one type, such as
//! gcroots_struct_get_i32(), are faster.

use core::mem::offset_of;
use core::ptr::NonNull;

use super::reference::gcroots_ref_t;
use super::types::{
    GCROOTS_STORAGE_F32, GCROOTS_STORAGE_F64, GCROOTS_STORAGE_I8, GCROOTS_STORAGE_I16,
    GCROOTS_STORAGE_I32, GCROOTS_STORAGE_I64, GCROOTS_STORAGE_REF, GCROOTS_STORAGE_V128,
    gcroots_storage_t,
};
use crate::error::{Error, Result};
use crate::heap::PlainBits;
use crate::host::CallValue;
use crate::store::Value;
use crate::store::host_code::ValueInPlace;
use crate::types::Storage;

/// A value of 128 bits.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct gcroots_v128_t {
    /// The bytes, in memory order.
    pub bytes: [u8; 16],
}

/// The content of a gcroots_val_t. The `kind` of the value says which member is valid.
#[repr(C)]
#[derive(Clone, Copy)]
pub union gcroots_val_of_t {
    /// Valid for GCROOTS_STORAGE_I32.
    pub i32: i32,
    /// Valid for GCROOTS_STORAGE_I64.
    pub i64: i64,
    /// Valid for GCROOTS_STORAGE_F32.
    pub f32: f32,
    /// Valid for GCROOTS_STORAGE_F64.
    pub f64: f64,
    /// Valid for GCROOTS_STORAGE_V128.
    pub v128: gcroots_v128_t,
    /// Valid for GCROOTS_STORAGE_REF:
    /// - passed to a function: a handle of either kind (borrowed), or null
    /// - written by a function: a new handle of the current scope, or null
    pub r#ref: gcroots_ref_t,
}

/// A value. A field or element of storage i8 or i16 takes the lower bits of an i32, and
/// is read as an i32, zero-extended.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct gcroots_val_t {
    /// Says which member of `of` is valid: one of GCROOTS_STORAGE_I32 to
    /// GCROOTS_STORAGE_REF.
    pub kind: gcroots_storage_t,
    /// The value.
    pub of: gcroots_val_of_t,
}

const _: () = assert!(
    size_of::<gcroots_val_t>() == size_of::<CallValue>()
        && align_of::<gcroots_val_t>() == align_of::<CallValue>()
        && offset_of!(gcroots_val_t, of) == offset_of!(CallValue, of)
);

const _: () = assert!(
    GCROOTS_STORAGE_I8 == Storage::I8 as u32
        && GCROOTS_STORAGE_I16 == Storage::I16 as u32
        && GCROOTS_STORAGE_I32 == Storage::I32 as u32
        && GCROOTS_STORAGE_I64 == Storage::I64 as u32
        && GCROOTS_STORAGE_F32 == Storage::F32 as u32
        && GCROOTS_STORAGE_F64 == Storage::F64 as u32
        && GCROOTS_STORAGE_V128 == Storage::V128 as u32
        && GCROOTS_STORAGE_REF == Storage::Ref as u32
);

/// The value at an address, which is read in place.
///
/// # Safety
///
/// `value` must be valid for reading the member that its kind says, as long as the
/// result is used.
#[inline(always)]
pub(super) unsafe fn in_place(value: *const gcroots_val_t) -> ValueInPlace {
    // SAFETY: the caller's promise; both types have the same layout.
    unsafe { ValueInPlace::new(value.cast()) }
}

/// Reads a value. Returns `None` if its kind is not a valid one.
///
/// # Safety
///
/// `value` must be valid for reading the member that its kind says.
#[inline(always)]
pub(super) unsafe fn read_fast(value: *const gcroots_val_t) -> Option<Value> {
    // SAFETY: the caller's promise; both types have the same layout.
    unsafe { CallValue::read(value.cast()) }
}

/// Reads a value.
///
/// Errors: [`Error::InvalidArgument`] if its kind is not a valid one.
///
/// # Safety
///
/// `value` must be valid for reading the member that its kind says.
pub(super) unsafe fn read(value: NonNull<gcroots_val_t>) -> Result<Value> {
    // SAFETY: the caller's promise.
    unsafe {
        read_fast(value.as_ptr()).ok_or(Error::InvalidArgument {
            parameter: "kind",
            value: (*value.as_ptr()).kind.into(),
            allowed: "2 (i32) to 7 (reference)",
        })
    }
}

/// Checks the kinds of `count` values.
///
/// Errors: [`Error::InvalidArgument`] if a kind is not a valid one.
///
/// # Safety
///
/// From `first` on there must be `count` values, each valid for reading the member that
/// its kind says.
pub(super) unsafe fn check_kinds(first: NonNull<gcroots_val_t>, count: usize) -> Result<()> {
    (0..count).try_for_each(|index| {
        // SAFETY: the caller's promise.
        unsafe { read(first.add(index)) }.map(|_| ())
    })
}

impl From<Value> for gcroots_val_t {
    fn from(value: Value) -> gcroots_val_t {
        // SAFETY: both types have the same layout, and `gcroots_val_t` allows all bits.
        unsafe { core::mem::transmute::<CallValue, gcroots_val_t>(value.into()) }
    }
}

/// The C type of a field that is neither a reference nor packed.
pub(super) trait Scalar: Copy {
    /// Bits of the same size.
    type Bits: PlainBits;
    /// The storage of such a field.
    const STORAGE: Storage;
    /// The names of the exported functions that read and set such fields and elements.
    const STRUCT_GET: &'static str;
    /// See [`Scalar::STRUCT_GET`].
    const STRUCT_SET: &'static str;
    /// See [`Scalar::STRUCT_GET`].
    const ARRAY_GET: &'static str;
    /// See [`Scalar::STRUCT_GET`].
    const ARRAY_SET: &'static str;
    /// Converts from a field's bits.
    fn from_bits(bits: Self::Bits) -> Self;
    /// Converts to a field's bits.
    fn to_bits(self) -> Self::Bits;
    /// Converts to a value.
    fn to_value(self) -> Value;
}

impl Scalar for i32 {
    type Bits = u32;
    const STORAGE: Storage = Storage::I32;
    const STRUCT_GET: &'static str = "gcroots_struct_get_i32";
    const STRUCT_SET: &'static str = "gcroots_struct_set_i32";
    const ARRAY_GET: &'static str = "gcroots_array_get_i32";
    const ARRAY_SET: &'static str = "gcroots_array_set_i32";
    fn from_bits(bits: u32) -> i32 {
        bits as i32
    }
    fn to_bits(self) -> u32 {
        self as u32
    }
    fn to_value(self) -> Value {
        Value::I32(self.to_bits())
    }
}

impl Scalar for i64 {
    type Bits = u64;
    const STORAGE: Storage = Storage::I64;
    const STRUCT_GET: &'static str = "gcroots_struct_get_i64";
    const STRUCT_SET: &'static str = "gcroots_struct_set_i64";
    const ARRAY_GET: &'static str = "gcroots_array_get_i64";
    const ARRAY_SET: &'static str = "gcroots_array_set_i64";
    fn from_bits(bits: u64) -> i64 {
        bits as i64
    }
    fn to_bits(self) -> u64 {
        self as u64
    }
    fn to_value(self) -> Value {
        Value::I64(self.to_bits())
    }
}

impl Scalar for f32 {
    type Bits = u32;
    const STORAGE: Storage = Storage::F32;
    const STRUCT_GET: &'static str = "gcroots_struct_get_f32";
    const STRUCT_SET: &'static str = "gcroots_struct_set_f32";
    const ARRAY_GET: &'static str = "gcroots_array_get_f32";
    const ARRAY_SET: &'static str = "gcroots_array_set_f32";
    fn from_bits(bits: u32) -> f32 {
        f32::from_bits(bits)
    }
    fn to_bits(self) -> u32 {
        self.to_bits()
    }
    fn to_value(self) -> Value {
        Value::F32(self.to_bits())
    }
}

impl Scalar for f64 {
    type Bits = u64;
    const STORAGE: Storage = Storage::F64;
    const STRUCT_GET: &'static str = "gcroots_struct_get_f64";
    const STRUCT_SET: &'static str = "gcroots_struct_set_f64";
    const ARRAY_GET: &'static str = "gcroots_array_get_f64";
    const ARRAY_SET: &'static str = "gcroots_array_set_f64";
    fn from_bits(bits: u64) -> f64 {
        f64::from_bits(bits)
    }
    fn to_bits(self) -> u64 {
        self.to_bits()
    }
    fn to_value(self) -> Value {
        Value::F64(self.to_bits())
    }
}

impl Scalar for gcroots_v128_t {
    type Bits = [u8; 16];
    const STORAGE: Storage = Storage::V128;
    const STRUCT_GET: &'static str = "gcroots_struct_get_v128";
    const STRUCT_SET: &'static str = "gcroots_struct_set_v128";
    const ARRAY_GET: &'static str = "gcroots_array_get_v128";
    const ARRAY_SET: &'static str = "gcroots_array_set_v128";
    fn from_bits(bytes: [u8; 16]) -> gcroots_v128_t {
        gcroots_v128_t { bytes }
    }
    fn to_bits(self) -> [u8; 16] {
        self.bytes
    }
    fn to_value(self) -> Value {
        Value::V128(self.bytes)
    }
}
