//! Wake-up
//!
//! The wake callback of an engine tells that a store has something to do, so that an owner
//! that waits for other events learns of it.
//!
//! It comes once for each change from nothing to something. Until the owner has done all of
//! it, more of the same kind brings no other call.

use core::ffi::c_void;

use super::config::{configure, gcroots_config_t};
use super::status::gcroots_status_t;
use super::store::gcroots_store_t;
use crate::roots::{Wake, WakeCallback, WakeFunction};

/// What a store has to do: one of the GCROOTS_WAKE_... numbers below.
pub type gcroots_wake_t = u32;

/// Deferred finalizers wait for gcroots_store_run_finalizers(). The call comes on the
/// owner's thread. It comes only with GCROOTS_FINALIZERS_DEFERRED.
pub const GCROOTS_WAKE_FINALIZERS: gcroots_wake_t = 0;
/// Roots that were given to gcroots_manually_rooted_unroot_later() wait for
/// gcroots_store_drain_unroots(). The call comes inside
/// gcroots_manually_rooted_unroot_later(), on any thread.
pub const GCROOTS_WAKE_UNROOTS: gcroots_wake_t = 1;

const _: () = assert!(
    GCROOTS_WAKE_FINALIZERS == Wake::Finalizers as u32
        && GCROOTS_WAKE_UNROOTS == Wake::Unroots as u32
);

/// Tells that `store` has something to do: `kind`.
///
/// Several threads may call it at the same time. It must not call the library, and must
/// return at once: the library may hold a lock, so it must not wait for a lock that another
/// thread holds during a call of the library. To write to an eventfd, to post a semaphore and
/// to set an atomic flag are fine. `store` only tells which store it is.
pub type gcroots_wake_callback_t = Option<
    unsafe extern "C" fn(env: *mut c_void, store: *mut gcroots_store_t, kind: gcroots_wake_t),
>;

/// Sets the wake callback for the stores of all engines that are made with this
/// configuration. Never collects.
///
/// \param callback_or_null the callback; NULL for none
/// \param env passed to the callback (borrowed, nullable); it must live as long as the
///        engines and their stores
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_config_set_wake_callback(
    config: *mut gcroots_config_t,
    callback_or_null: gcroots_wake_callback_t,
    env: *mut c_void,
) -> gcroots_status_t {
    // SAFETY: the two types differ only in the type of the pointer to the store, which the
    // callback does not follow.
    let function = unsafe {
        core::mem::transmute::<gcroots_wake_callback_t, Option<WakeFunction>>(callback_or_null)
    };
    let callback = function.map(|function| WakeCallback { function, env });
    // SAFETY: the caller's promise.
    unsafe {
        configure("gcroots_config_set_wake_callback", config, |config| {
            config.set_wake_callback(callback);
            Ok(())
        })
    }
}
