//! The growth callback of an engine.

use core::ffi::c_void;
use core::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::engine::GrowCallback;

/// Decides whether a heap may grow, from its committed bytes and the wanted total.
type Allows = dyn Fn(u64, u64) -> bool + Send + Sync;

/// A growth callback, shared by a configuration and the engines made from it.
#[derive(Clone)]
pub(super) struct GrowthCallback(Arc<Box<Allows>>);

impl GrowthCallback {
    /// Holds a callback. Like `Arc`, it aborts if memory is exhausted.
    #[expect(clippy::disallowed_methods, reason = "it is not behind the C ABI")]
    pub(super) fn new(allows: impl Fn(u64, u64) -> bool + Send + Sync + 'static) -> GrowthCallback {
        GrowthCallback(Arc::new(Box::new(allows)))
    }

    /// The callback for the core. It is valid as long as this value or a clone lives.
    pub(super) fn callback(&self) -> GrowCallback {
        GrowCallback {
            function: ask,
            env: Arc::as_ptr(&self.0).cast_mut().cast(),
        }
    }
}

impl fmt::Debug for GrowthCallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GrowthCallback")
    }
}

/// Calls the callback. The core is the caller, so a panic must not unwind: it counts as a
/// refusal.
///
/// # Safety
///
/// `env` must come from a [`GrowthCallback::callback`] that is still valid.
unsafe extern "C" fn ask(
    env: *mut c_void,
    _store: *mut c_void,
    committed_bytes: usize,
    wanted_bytes: usize,
) -> bool {
    // SAFETY: the caller's promise.
    let allows = unsafe { &*env.cast::<Box<Allows>>() };
    let answer = AssertUnwindSafe(|| allows(committed_bytes as u64, wanted_bytes as u64));
    catch_unwind(answer).unwrap_or_else(|panic| {
        // The payload's own `drop` could panic, so the payload is leaked.
        core::mem::forget(panic);
        false
    })
}
