//! Engine
//!
//! An engine has what stores share: a configuration, types, and a pool of heaps. It is
//! reference-counted, and each store keeps its engine. Any thread may use an engine at
//! any time.

use core::mem::{ManuallyDrop, MaybeUninit};
use core::ptr::NonNull;

use super::boundary::{call, required, write_out};
use super::config::gcroots_config_t;
use super::status::gcroots_status_t;
use crate::engine::{Config, EngineRef, GrowEnv};

/// An engine. A pointer to it is a counted reference.
pub struct gcroots_engine_t {
    _private: [u8; 0],
}

/// Borrows the caller's reference to an engine, without counting another one.
///
/// # Safety
///
/// `engine` must be an engine that the caller holds a reference to.
pub(super) unsafe fn borrowed(engine: NonNull<gcroots_engine_t>) -> ManuallyDrop<EngineRef> {
    // SAFETY: the caller's promise; the reference is never dropped.
    ManuallyDrop::new(unsafe { EngineRef::from_raw(engine.cast()) })
}

/// Makes an engine. Never collects.
///
/// \param config_or_null copied; NULL for the defaults
/// \param[out] out the engine (owned); release it with gcroots_engine_free()
/// \return GCROOTS_ERROR_INVALID_ARGUMENT if the initial heap size exceeds the heap
///         limit;
///         GCROOTS_ERROR_INVALID_ARGUMENT if gcroots_config_set_move_always() is on and
///         the collector never moves objects (GCROOTS_COLLECTOR_NULL,
///         GCROOTS_COLLECTOR_DRC);
///         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn gcroots_engine_new(
    config_or_null: *const gcroots_config_t,
    out: *mut MaybeUninit<*mut gcroots_engine_t>,
) -> gcroots_status_t {
    call("gcroots_engine_new", || {
        let out = required(out, "out")?;
        let engine = match NonNull::new(config_or_null.cast_mut()) {
            Some(config) => {
                // SAFETY: the caller passes a configuration or NULL.
                let config = unsafe { config.as_ref() };
                let env = config.grow_env().map(GrowEnv::try_clone).transpose()?;
                EngineRef::with_grow_env(*config.config(), env)?
            }
            None => EngineRef::new(Config::new()?)?,
        }
        .into_raw();
        // SAFETY: the caller's `out` is valid for writing.
        unsafe { write_out(out, engine.as_ptr().cast::<gcroots_engine_t>()) }
    })
}

/// Makes one more reference to an engine. Never collects.
///
/// \param engine (borrowed, nullable)
/// \return the same engine (owned); release it with gcroots_engine_free(). NULL if
///         `engine` is NULL.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn gcroots_engine_clone(
    engine: *const gcroots_engine_t,
) -> *mut gcroots_engine_t {
    let mut cloned = core::ptr::null_mut();
    call("gcroots_engine_clone", || {
        if let Some(engine) = NonNull::new(engine.cast_mut()) {
            // SAFETY: the caller holds a reference.
            let borrowed = unsafe { borrowed(engine) };
            cloned = borrowed.try_clone()?.into_raw().as_ptr().cast();
        }
        Ok(())
    });
    cloned
}

/// Releases a reference to an engine. The engine is deleted when its last reference and
/// its last store are gone. Never collects.
///
/// \param engine (taken, nullable)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_engine_free(engine: *mut gcroots_engine_t) {
    if let Some(engine) = NonNull::new(engine) {
        // SAFETY: the caller gives up a reference that it owns.
        drop(unsafe { EngineRef::from_raw(engine.cast()) });
    }
}
