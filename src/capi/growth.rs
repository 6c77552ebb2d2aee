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

use super::boundary::{call, required};
use super::config::gcroots_config_t;
use super::status::gcroots_status_t;
use super::store::{gcroots_finalizer_t, gcroots_store_t};
use crate::engine::{GrowCallback, GrowEnv, GrowFunction};
use crate::error::Result;

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
    call("gcroots_config_set_grow_callback", || {
        // SAFETY: the caller's promise.
        unsafe { set(config, callback_or_null, env, None) }
    })
}

/// Sets the growth callback as gcroots_config_set_grow_callback() does, and a finalizer for
/// its `env`. Never collects.
///
/// The finalizer runs once, after the last of these is gone: the configuration, or its use of
/// this callback, the engines that were made with it, and their stores. It runs on the thread
/// that releases the last one, inside the function that does so. There, the store or engine
/// does not exist any more; other ones may be used.
///
/// \param callback_or_null the callback; NULL for none
/// \param env passed to the callback (taken on success, nullable)
/// \param finalizer_or_null runs with `env`; NULL for none
/// \return GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the finalizer; the
///         configuration has not changed
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_config_set_grow_callback_finalized(
    config: *mut gcroots_config_t,
    callback_or_null: gcroots_grow_callback_t,
    env: *mut c_void,
    finalizer_or_null: gcroots_finalizer_t,
) -> gcroots_status_t {
    call("gcroots_config_set_grow_callback_finalized", || {
        // SAFETY: the caller's promise.
        unsafe { set(config, callback_or_null, env, finalizer_or_null) }
    })
}

/// Sets the callback, its `env`, and what finalizes that. The previous `env` is finalized last,
/// if no engine has it.
///
/// # Safety
///
/// `config` must be NULL or a configuration that nothing else uses now. The callback and the
/// finalizer must accept `env`.
unsafe fn set(
    config: *mut gcroots_config_t,
    callback: gcroots_grow_callback_t,
    env: *mut c_void,
    finalizer: gcroots_finalizer_t,
) -> Result<()> {
    let mut config = required(config, "config")?;
    let owned = finalizer.map(|finalizer| GrowEnv::new(env, finalizer));
    let owned = owned.transpose()?;
    // SAFETY: the two types differ only in the type of the pointer to the store, which the
    // callback does not follow.
    let function =
        unsafe { core::mem::transmute::<gcroots_grow_callback_t, Option<GrowFunction>>(callback) };
    let callback = function.map(|function| GrowCallback { function, env });
    // SAFETY: the caller's promise.
    let config = unsafe { config.as_mut() };
    config.config_mut().set_grow_callback(callback);
    drop(config.replace_grow_env(owned));
    Ok(())
}
