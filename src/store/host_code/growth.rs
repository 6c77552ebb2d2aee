//! Asking the embedder's growth callback whether a heap may grow.

use core::ptr::NonNull;

use crate::engine::GrowCallback;
use crate::store::Store;
use crate::store::protocol::{GrowthAnswer, GrowthRequest};

/// Calls the growth callback. The store is busy meanwhile. Returns `None` if there is no
/// callback.
///
/// # Safety
///
/// The [contract of drivers](super#the-contract-of-drivers) holds for `store`.
pub(super) unsafe fn ask(store: NonNull<Store>, request: GrowthRequest) -> Option<GrowthAnswer> {
    let GrowthRequest {
        committed,
        wanted,
        collected,
    } = request;
    // SAFETY: the caller's promise; the borrow ends before the callback begins.
    let callback = unsafe { store.as_ref() }.engine.config().grow_callback();
    let GrowCallback { function, env } = callback?;
    // SAFETY: the caller's promise.
    unsafe { store.as_ref() }.begin_asking();
    let pointer = store.as_ptr().cast();
    // SAFETY: whoever configured the callback promised that it may be called.
    let allowed = unsafe { function(env, pointer, committed as usize, wanted as usize) };
    // SAFETY: the store is still alive, because it refuses to be deleted while it is
    // busy.
    let store = unsafe { store.as_ref() };
    store.allow_calls();
    // A new collection may free what the callback has unrooted (HOST-10).
    let collected = collected.filter(|_| !store.manual.has_queued());
    Some(GrowthAnswer { allowed, collected })
}
