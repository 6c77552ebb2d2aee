//! The wake callback, which tells the host that a store has something to do (HOST-33).

use core::ffi::c_void;

/// Tells the host that a store has something to do. `kind` says what.
pub(crate) type WakeFunction =
    unsafe extern "C" fn(env: *mut c_void, store: *mut c_void, kind: u32);

/// What a store has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Wake {
    /// Deferred finalizers wait.
    Finalizers = 0,
    /// Roots wait in the unroot queue.
    Unroots = 1,
}

/// A wake callback and the host's pointer that it gets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WakeCallback {
    pub(crate) function: WakeFunction,
    pub(crate) env: *mut c_void,
}

// SAFETY: whoever configured the callback promised that any thread may call it.
unsafe impl Send for WakeCallback {}
// SAFETY: whoever configured the callback promised that any thread may call it.
unsafe impl Sync for WakeCallback {}

impl WakeCallback {
    /// Calls the callback for the store at `store`.
    ///
    /// # Safety
    ///
    /// The store must be alive until the callback returns.
    pub(crate) unsafe fn call(self, store: *mut c_void, kind: Wake) {
        // SAFETY: whoever configured the callback promised that it may be called while a
        // store of the engine lives.
        unsafe { (self.function)(self.env, store, kind as u32) };
    }
}
