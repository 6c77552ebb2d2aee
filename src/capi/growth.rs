//! Growth
//!
//! The growth callback of an engine decides whether the heap of a store may commit more
//! memory than it commits at first (gcroots_config_set_heap_initial()). Without a
//! callback a heap grows up to its limit.
//!
//! The callback may free other memory of the program before it answers, and may call
//! gcroots_manually_rooted_unroot_later(). If it refuses, the heap is collected. If that
//! makes no room, the allocation returns GCROOTS_ERROR_OUT_OF_MEMORY. In a no-GC span
//! nothing is collected, and the allocation returns GCROOTS_ERROR_NO_GC. Under the null
//! collector nothing is collected, and the allocation returns
//! GCROOTS_ERROR_OUT_OF_MEMORY.

use core::ffi::c_void;

use super::config::{configure, gcroots_config_t};
use super::status::gcroots_status_t;
use super::store::gcroots_store_t;
use crate::engine::{GrowCallback, GrowFunction};

/// Returns whether a store's heap, which has committed `committed_bytes`, may have
/// committed `wanted_bytes`. Both are for all spaces of the heap together.
///
/// It is called on the thread that allocates. So the stores of one engine may call it at
/// the same time. Inside it, calls on `store` return GCROOTS_ERROR_BUSY;
/// gcroots_manually_rooted_unroot_later() may be called. It must return.
pub type gcroots_grow_callback_t = Option<
    unsafe extern "C" fn(
        env: *mut c_void,
        store: *mut gcroots_store_t,
        committed_bytes: usize,
        wanted_bytes: usize,
    ) -> bool,
>;

/// Sets the growth callback for the stores of all engines that are made with this
/// configuration. Never collects.
///
/// \param callback_or_null the callback; NULL for none
/// \param env passed to the callback (borrowed, nullable); it must live as long as the
///        engines and their stores
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_config_set_grow_callback(
    config: *mut gcroots_config_t,
    callback_or_null: gcroots_grow_callback_t,
    env: *mut c_void,
) -> gcroots_status_t {
    // SAFETY: the two types differ only in the type of the pointer to the store, which the
    // callback does not follow.
    let function = unsafe {
        core::mem::transmute::<gcroots_grow_callback_t, Option<GrowFunction>>(callback_or_null)
    };
    let callback = function.map(|function| GrowCallback { function, env });
    // SAFETY: the caller's promise.
    unsafe {
        configure("gcroots_config_set_grow_callback", config, |config| {
            config.set_grow_callback(callback);
            Ok(())
        })
    }
}
