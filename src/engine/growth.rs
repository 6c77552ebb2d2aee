//! The growth callback, which is asked before a heap grows (HOST-8).

use core::ffi::c_void;

/// Answers whether the store's heap may grow from `committed_bytes` to `wanted_bytes` of
/// committed memory.
pub(crate) type GrowFunction = unsafe extern "C" fn(
    env: *mut c_void,
    store: *mut c_void,
    committed_bytes: usize,
    wanted_bytes: usize,
) -> bool;

/// A growth callback and the host's pointer that it gets.
#[derive(Clone, Copy)]
pub(crate) struct GrowCallback {
    pub(crate) function: GrowFunction,
    pub(crate) env: *mut c_void,
}

// SAFETY: whoever configured the callback promised that stores on several threads
// may call it.
unsafe impl Send for GrowCallback {}
// SAFETY: whoever configured the callback promised that stores on several threads
// may call it.
unsafe impl Sync for GrowCallback {}
