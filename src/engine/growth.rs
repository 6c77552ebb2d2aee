//! The growth callback: who is asked before a heap grows.

use core::ffi::c_void;

/// Answers whether the store's heap, which has committed so many bytes, may have
/// committed as many as are wanted.
pub(crate) type GrowFunction = unsafe extern "C" fn(
    env: *mut c_void,
    store: *mut c_void,
    committed_bytes: usize,
    wanted_bytes: usize,
) -> bool;

/// A growth callback.
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
