//! Host functions: objects that call the host.
//!
//! In the heap, a function is a header, which names its type, and an index. The callback,
//! the host's pointer for it, and the type once more are in the store's
//! [`HostData`](crate::host::HostData) table, never in the heap (`heap.sandbox`, OBJECTS-7).
//!
//! A call looks up the entry at the index. It is refused unless the entry is that of a
//! function, of this object and of this type (OBJECTS-9, OBJECTS-10). So whoever
//! overwrites the heap can cause refusals. They cannot make a function call another callback
//! than its own, or get arguments of another type.
//!
//! Arguments and results are [`CallValue`]s. C and Rust use the same layout, so each can
//! call the functions of the other.

use core::ffi::c_void;
use core::mem::MaybeUninit;

use crate::heap::{GcRef, HEADER_BYTES};
use crate::roots::Handle;
use crate::types::Storage;

/// The size of a function in the heap.
pub(crate) const FUNC_BYTES: u64 = 16;

/// The offset of a function's index, a `u64`.
pub(crate) const FUNC_INDEX: u64 = HEADER_BYTES;

/// The host function. It gets the host's pointer, the store, the arguments, and the place of
/// the results. It returns the number of a status.
pub(crate) type Callback = unsafe extern "C" fn(
    env: *mut c_void,
    store: *mut c_void,
    args: *const CallValue,
    nargs: usize,
    results: *mut CallValue,
    nresults: usize,
) -> u32;

/// An argument or a result. Has the layout of `gcroots_val_t`.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct CallValue {
    /// The number of its [`Storage`]. From C it may be any number.
    pub(crate) kind: u32,
    /// The reference that the handle of a result resolves to. It stands where C has padding.
    pub(crate) resolved: MaybeUninit<GcRef>,
    /// The value.
    pub(crate) of: CallBits,
}

impl CallValue {
    /// The value of a field with this storage, as two words. Of a value that is narrower
    /// than both, the rest is 0.
    #[inline(always)]
    pub(crate) fn of_words(storage: Storage, words: [u64; 2]) -> CallValue {
        // A packed field is read as an i32. The two packed storages have the lowest numbers.
        let kind = (storage as u32).max(Storage::I32 as u32);
        CallValue {
            kind,
            resolved: MaybeUninit::uninit(),
            of: CallBits { words },
        }
    }
}

/// The value of a [`CallValue`].
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) union CallBits {
    /// An `i32` or `f32`.
    pub(crate) bits32: u32,
    /// An `i64` or `f64`.
    pub(crate) bits64: u64,
    /// A `v128`.
    pub(crate) bytes: [u8; 16],
    /// All bits.
    pub(crate) words: [u64; 2],
    /// The handle of a reference.
    pub(crate) handle: Handle,
}
