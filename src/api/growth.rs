//! The growth callback of an engine.

use core::ffi::c_void;
use core::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::engine::GrowCallback;

/// Whether a heap that has committed so many bytes may have as many as it wants.
type Allows = dyn Fn(u64, u64) -> bool + Send + Sync;

/// A callback that a configuration, and the engines made with it, hold.
#[derive(Clone)]
pub(super) struct Growth(Arc<Box<Allows>>);

impl Growth {
    /// Holds a callback. Aborts if memory is out, as `Arc` does.
    #[expect(clippy::disallowed_methods, reason = "it is not behind the C ABI")]
    pub(super) fn new(allows: impl Fn(u64, u64) -> bool + Send + Sync + 'static) -> Growth {
        Growth(Arc::new(Box::new(allows)))
    }

    /// The callback for the core, while this or a clone lives.
    pub(super) fn callback(&self) -> GrowCallback {
        GrowCallback {
            function: ask,
            env: Arc::as_ptr(&self.0).cast_mut().cast(),
        }
    }
}

impl fmt::Debug for Growth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Growth")
    }
}

/// Asks the callback. One that panics refuses: it is the core that calls.
///
/// # Safety
///
/// `env` must be from a [`Growth::callback`] that is valid.
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
        // What it carries could panic in turn when dropped.
        core::mem::forget(panic);
        false
    })
}
