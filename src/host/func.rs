//! Host functions: objects that the host can call.
//!
//! In the heap a function is a header, which names its type, and an index. Its callback,
//! the host's pointer that goes with it, and its type once more are in the store's
//! [`HostData`](crate::host::HostData) table, never in the heap (`heap.sandbox`).
//! A function is called if the entry that its index finds is a function's, of this
//! object and of this type: whoever overwrites the heap can have calls refused, and
//! cannot have anything else called, nor with arguments of another type.
//!
//! Arguments and results are [`CallValue`]s, which C and Rust see alike, so that either
//! may call what the other made.

use core::ffi::c_void;
use core::mem::MaybeUninit;

use crate::heap::{GcRef, HEADER_BYTES};
use crate::roots::Handle;

/// Bytes of a function in the heap.
pub(crate) const FUNC_BYTES: u64 = 16;

/// Where a function keeps its index, a `u64`, from the object's start.
pub(crate) const FUNC_INDEX: u64 = HEADER_BYTES;

/// What a function calls: with the host's pointer, the store, the arguments, and where
/// the results go. Answers a status's number.
pub(crate) type Callback = unsafe extern "C" fn(
    env: *mut c_void,
    store: *mut c_void,
    args: *const CallValue,
    nargs: usize,
    results: *mut CallValue,
    nresults: usize,
) -> u32;

/// An argument or a result, as C's `gcroots_val_t`.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct CallValue {
    /// The number of the [`Storage`](crate::types::Storage) that it has, or any other.
    pub(crate) kind: u32,
    /// What the handle of a result resolves to, noted where C has padding.
    pub(crate) resolved: MaybeUninit<GcRef>,
    /// The value.
    pub(crate) of: CallBits,
}

/// What a [`CallValue`] holds.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) union CallBits {
    /// Of an `i32` or `f32`.
    pub(crate) bits32: u32,
    /// Of an `i64` or `f64`.
    pub(crate) bits64: u64,
    /// Of a `v128`.
    pub(crate) bytes: [u8; 16],
    /// Of a reference.
    pub(crate) handle: Handle,
}
