//! One argument or result of a call: conversion from and to a [`Value`], and its checks.

use core::mem::MaybeUninit;
use core::ptr::NonNull;

use crate::error::{Error, Result, ValueError};
use crate::heap::GcRef;
use crate::host::{CallBits, CallValue};
use crate::roots::Handle;
use crate::store::{RawValue, Store, Value};
use crate::types::{FieldLayout, Storage};

/// The greatest number of arguments and results, counted together, that a call keeps on
/// the machine's stack. More values need an allocation.
pub(super) const VALUES_ON_STACK: usize = 16;

/// The status of a callback that succeeded.
pub(super) const STATUS_OK: u32 = 0;

const I32: u32 = Storage::I32 as u32;
const I64: u32 = Storage::I64 as u32;
const F32: u32 = Storage::F32 as u32;
const F64: u32 = Storage::F64 as u32;
const V128: u32 = Storage::V128 as u32;
const REF: u32 = Storage::Ref as u32;

/// A value that fast forms read in place, in the caller's memory.
#[derive(Clone, Copy)]
pub(crate) struct ValueInPlace(*const CallValue);

impl ValueInPlace {
    /// The value at an address.
    ///
    /// # Safety
    ///
    /// `value` must be valid for reading as its kind says, as long as the result is used.
    #[inline(always)]
    pub(crate) unsafe fn new(value: *const CallValue) -> ValueInPlace {
        ValueInPlace(value)
    }
}

impl RawValue for ValueInPlace {
    type Reference = Handle;

    #[inline(always)]
    fn fits(&self, takes: Storage) -> bool {
        // SAFETY: the promise of the caller of `new`.
        unsafe { (*self.0).kind == takes as u32 }
    }

    #[inline(always)]
    fn bits32(&self) -> u32 {
        // SAFETY: the promise of the caller of `new`.
        unsafe { (*self.0).of.bits32 }
    }

    #[inline(always)]
    fn bits64(&self) -> u64 {
        // SAFETY: the promise of the caller of `new`.
        unsafe { (*self.0).of.bits64 }
    }

    #[inline(always)]
    fn bits128(&self) -> [u8; 16] {
        // SAFETY: the promise of the caller of `new`.
        unsafe { (*self.0).of.bytes }
    }

    #[inline(always)]
    fn reference(&self) -> Handle {
        // SAFETY: the promise of the caller of `new`.
        unsafe { (*self.0).of.handle }
    }
}

impl CallValue {
    /// Reads a value. Returns `None` if its kind is unknown.
    ///
    /// # Safety
    ///
    /// `value` must be valid for reading as its kind says.
    #[inline(always)]
    pub(crate) unsafe fn read(value: *const CallValue) -> Option<Value> {
        // SAFETY: the caller's promise.
        unsafe {
            let of = &raw const (*value).of;
            Some(match (*value).kind {
                I32 => Value::I32((*of).bits32),
                I64 => Value::I64((*of).bits64),
                F32 => Value::F32((*of).bits32),
                F64 => Value::F64((*of).bits64),
                V128 => Value::V128((*of).bytes),
                REF => Value::Ref((*of).handle),
                _ => return None,
            })
        }
    }

    /// The default value of a slot that is not packed: zeros, or null.
    #[inline(always)]
    pub(crate) fn default_of(storage: Storage) -> CallValue {
        CallValue {
            kind: storage as u32,
            resolved: MaybeUninit::new(GcRef::NULL),
            of: CallBits { bytes: [0; 16] },
        }
    }
}

impl From<Value> for CallValue {
    #[inline(always)]
    fn from(value: Value) -> CallValue {
        let mut of = CallBits { bytes: [0; 16] };
        let kind = match value {
            Value::I32(bits32) => {
                of.bits32 = bits32;
                I32
            }
            Value::I64(bits64) => {
                of.bits64 = bits64;
                I64
            }
            Value::F32(bits32) => {
                of.bits32 = bits32;
                F32
            }
            Value::F64(bits64) => {
                of.bits64 = bits64;
                F64
            }
            Value::V128(bytes) => {
                of.bytes = bytes;
                V128
            }
            Value::Ref(handle) => {
                of.handle = handle;
                REF
            }
        };
        CallValue {
            kind,
            resolved: MaybeUninit::new(GcRef::NULL),
            of,
        }
    }
}

impl Store {
    /// Reads the argument or result at `index`, resolves it, and checks that its slot
    /// takes it. `what` is "argument" or "result", for the error.
    ///
    /// Errors: [`Error::InCall`], [`Error::Internal`].
    ///
    /// # Safety
    ///
    /// `value` must be valid for reading as its kind says.
    #[inline(always)]
    pub(super) unsafe fn resolve_call_value(
        &self,
        what: &'static str,
        index: usize,
        slot: &FieldLayout,
        value: NonNull<CallValue>,
    ) -> Result<Value<GcRef>> {
        // SAFETY: the caller's promise.
        let value = unsafe { read(what, index, value)? };
        self.resolve_value(value)
            .and_then(|value| {
                self.require_value(slot, index as u64, value)?;
                Ok(value)
            })
            .map_err(|error| error.in_call(what, index))
    }
}

/// Checks that `count` arguments or results have known kinds.
///
/// Errors: [`Error::InCall`] for the first one whose kind is unknown.
///
/// # Safety
///
/// `first` must point to `count` values, each valid for reading as its kind says.
#[inline(always)]
pub(super) unsafe fn check_kinds(
    what: &'static str,
    first: NonNull<CallValue>,
    count: usize,
) -> Result<()> {
    (0..count).try_for_each(|index| {
        // SAFETY: the caller's promise.
        unsafe { read(what, index, first.add(index)) }.map(|_| ())
    })
}

/// Reads the argument or result at `index`.
///
/// Errors: [`Error::InCall`] if its kind is unknown.
///
/// # Safety
///
/// `value` must be valid for reading as its kind says.
#[inline(always)]
unsafe fn read(what: &'static str, index: usize, value: NonNull<CallValue>) -> Result<Value> {
    // SAFETY: the caller's promise.
    unsafe {
        CallValue::read(value.as_ptr()).ok_or(Error::InCall {
            what,
            index: index as u64,
            why: ValueError::Kind {
                kind: (*value.as_ptr()).kind,
            },
        })
    }
}
