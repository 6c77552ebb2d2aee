//! Growth
//!
//! An engine's growth callback is asked before a store's heap commits more memory
//! than it has committed at first (gcroots_config_set_heap_initial()). It may
//! refuse, and it may free memory of the host's first, or unroot objects later
//! (gcroots_manually_rooted_unroot_later()). After a refusal the heap is collected,
//! if it may be; if that does not make room, the allocation answers
//! GCROOTS_ERROR_OUT_OF_MEMORY (in a no-GC span GCROOTS_ERROR_NO_GC). Without a
//! callback the heap grows up to its limit.

use core::ffi::c_void;

use super::config::{configure, gcroots_config_t};
use super::status::gcroots_status_t;
use super::store::gcroots_store_t;
use crate::engine::{GrowCallback, GrowFunction};

/// Answers whether a store's heap, which has committed `committed_bytes`, may have
/// committed `wanted_bytes`, in all its spaces together. It is called on the thread
/// that allocates, so that stores of one engine may call it at the same time. Calls
/// on `store` answer GCROOTS_ERROR_BUSY meanwhile;
/// gcroots_manually_rooted_unroot_later() is allowed. It must return.
pub type gcroots_grow_callback_t = Option<
    unsafe extern "C" fn(
        env: *mut c_void,
        store: *mut gcroots_store_t,
        committed_bytes: usize,
        wanted_bytes: usize,
    ) -> bool,
>;

/// Sets the growth callback of the stores of engines that are made with this
/// configuration. Never collects.
///
/// \param callback_or_null NULL for none
/// \param env given to the callback (borrowed, nullable); it must live as long as
///            the engines and their stores
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_config_set_grow_callback(
    config: *mut gcroots_config_t,
    callback_or_null: gcroots_grow_callback_t,
    env: *mut c_void,
) -> gcroots_status_t {
    // SAFETY: the types differ only in what C sees of a store: a pointer that is not
    // followed.
    let function = unsafe {
        core::mem::transmute::<gcroots_grow_callback_t, Option<GrowFunction>>(callback_or_null)
    };
    let callback = function.map(|function| GrowCallback { function, env });
    // SAFETY: the caller's promise.
    unsafe {
        configure(config, |config| {
            config.set_grow_callback(callback);
            Ok(())
        })
    }
}
