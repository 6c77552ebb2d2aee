//! Asking the embedder's growth callback whether a heap may grow.

use core::ptr::NonNull;

use super::protocol::{Growth, GrowthAnswer};
use crate::engine::GrowCallback;
use crate::store::Store;

/// Asks the callback, with the store busy meanwhile; `None` if there is no callback.
///
/// # Safety
///
/// As for [`run_pending`](super::finalizers::run_pending).
pub(super) unsafe fn ask(store: NonNull<Store>, request: Growth) -> Option<GrowthAnswer> {
    let Growth {
        committed,
        wanted,
        collected,
    } = request;
    // SAFETY: the caller's promise; the borrows end before the callback begins.
    let callback = unsafe { store.as_ref() }.engine.config().grow_callback();
    let GrowCallback { function, env } = callback?;
    // SAFETY: the caller's promise.
    unsafe { store.as_ref() }.begin_asking();
    let pointer = store.as_ptr().cast();
    // SAFETY: whoever configured the callback promised that it may be called.
    let allowed = unsafe { function(env, pointer, committed as usize, wanted as usize) };
    // SAFETY: the store is still there, since deleting it was refused.
    let store = unsafe { store.as_ref() };
    store.allow_calls();
    // A collection may find now what the callback unrooted (`unroot_later`).
    let collected = collected.filter(|_| !store.manual.has_queued());
    Some(GrowthAnswer { allowed, collected })
}
