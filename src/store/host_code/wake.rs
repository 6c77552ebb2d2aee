//! The wake callback: tells the host that deferred finalizers wait (HOST-33).
//!
//! The callback of the unroot queue comes from the [directory](crate::roots::directory).

use core::ptr::NonNull;

use crate::roots::Wake;
use crate::store::Store;

/// Calls the wake callback if deferred finalizers wait that it has not been told of. Calls on
/// the store are refused meanwhile.
///
/// # Safety
///
/// The [contract of drivers](super#the-contract-of-drivers) holds for `pointer`.
pub(crate) unsafe fn announce(pointer: NonNull<Store>) {
    // SAFETY: the caller's promise; each borrow ends before host code runs.
    let store = || unsafe { pointer.as_ref() };
    if store().is_announced.get() || !store().host.has_pending() || !store().enter_fast() {
        return;
    }
    let config = store().engine.config();
    let Some(callback) = config
        .wake_callback()
        .filter(|_| config.defers_finalizers())
    else {
        return;
    };
    store().is_announced.set(true);
    store().begin_waking();
    // SAFETY: the store is busy, so it is not deleted before the callback returns.
    unsafe { callback.call(pointer.as_ptr().cast(), Wake::Finalizers) };
    store().allow_calls();
}
