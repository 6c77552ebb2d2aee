//! The wake callback of an engine: it tells that a store has something to do.

use core::ffi::c_void;
use core::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::roots::{self, WakeCallback};

/// What a store has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Wake {
    /// Host values wait for [`Store::run_finalizers`](crate::Store::run_finalizers). The
    /// callback runs on the thread that uses the store. Only with
    /// [`Finalizers::Deferred`](crate::Finalizers::Deferred).
    Finalizers,
    /// Roots that were dropped wait for [`Store::drain_unroots`](crate::Store::drain_unroots).
    /// The callback runs on the thread that dropped the
    /// [`ManuallyRooted`](crate::ManuallyRooted).
    Unroots,
}

/// Tells a store from the other stores that live at the same time: see
/// [`Store::token`](crate::Store::token).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StoreToken(usize);

impl StoreToken {
    /// The token of the core's store at this address.
    pub(super) fn of(core: *const c_void) -> StoreToken {
        StoreToken(core.addr())
    }
}

type Wakes = dyn Fn(StoreToken, Wake) + Send + Sync;

/// A wake callback, shared by a configuration and the engines made from it.
#[derive(Clone)]
pub(super) struct Waker(Arc<Box<Wakes>>);

impl Waker {
    /// Holds a callback. Like `Arc`, it aborts if memory is exhausted.
    #[expect(clippy::disallowed_methods, reason = "it is not behind the C ABI")]
    pub(super) fn new(wakes: impl Fn(StoreToken, Wake) + Send + Sync + 'static) -> Waker {
        Waker(Arc::new(Box::new(wakes)))
    }

    /// The callback for the core. It is valid as long as this value or a clone lives.
    pub(super) fn callback(&self) -> WakeCallback {
        WakeCallback {
            function: wake,
            env: Arc::as_ptr(&self.0).cast_mut().cast(),
        }
    }
}

impl fmt::Debug for Waker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Waker")
    }
}

/// Calls the callback. The core is the caller, so a panic must not unwind: it is ignored.
///
/// # Safety
///
/// `env` must come from a [`Waker::callback`] that is still valid.
unsafe extern "C" fn wake(env: *mut c_void, store: *mut c_void, kind: u32) {
    // SAFETY: the caller's promise.
    let wakes = unsafe { &*env.cast::<Box<Wakes>>() };
    let kind = if kind == roots::Wake::Finalizers as u32 {
        Wake::Finalizers
    } else {
        Wake::Unroots
    };
    let called = catch_unwind(AssertUnwindSafe(|| wakes(StoreToken::of(store), kind)));
    if let Err(panic) = called {
        // The payload's own `drop` could panic, so the payload is leaked.
        core::mem::forget(panic);
    }
}
