//! The growth callback. The library asks it before a heap grows (HOST-8). Its `env`, a pointer
//! of the embedder, may have a finalizer (CAPI-39).
//!
//! The `env` belongs to no store. So its finalizer is the only host code that
//! `store/host_code` does not call. It runs last when an engine or a configuration is freed.

use core::ffi::c_void;

use crate::base::ref_counted::RefCounted;
use crate::error::Result;

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

/// Runs with the host's pointer when nothing uses that any more.
type EnvFinalizer = unsafe extern "C" fn(env: *mut c_void);

/// A counted reference to the host's pointer of a growth callback, which is finalized with the
/// last reference. The configuration has one, and so has each engine that was made with it.
pub(crate) struct GrowEnv(RefCounted<OwnedEnv>);

/// The host's pointer, and what it is passed to at the end.
struct OwnedEnv {
    env: *mut c_void,
    finalizer: EnvFinalizer,
}

// SAFETY: whoever configured the callback promised that any thread may finalize its `env`.
unsafe impl Send for OwnedEnv {}
// SAFETY: threads do not use it before it is dropped.
unsafe impl Sync for OwnedEnv {}

impl GrowEnv {
    /// Takes over the host's pointer. If that fails, it is not finalized.
    ///
    /// Errors: [`Error::SystemMemory`](crate::error::Error::SystemMemory).
    pub(crate) fn new(env: *mut c_void, finalizer: EnvFinalizer) -> Result<GrowEnv> {
        Ok(GrowEnv(RefCounted::new(OwnedEnv { env, finalizer })?))
    }

    /// Makes another reference.
    ///
    /// Errors: [`Error::Limit`](crate::error::Error::Limit).
    pub(crate) fn try_clone(&self) -> Result<GrowEnv> {
        Ok(GrowEnv(self.0.try_clone("engines with a growth callback")?))
    }
}

impl Drop for OwnedEnv {
    fn drop(&mut self) {
        // SAFETY: whoever configured the callback promised that its finalizer may be called
        // with its `env`. This was the last reference.
        unsafe { (self.finalizer)(self.env) };
    }
}
