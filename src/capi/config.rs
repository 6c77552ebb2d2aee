//! Configuration
//!
//! What an engine is made with. gcroots_engine_new() copies it.

use super::boundary::{call, required};
use super::status::gcroots_status_t;
use crate::base::fallible;
use crate::collectors;
use crate::engine::Config;
use crate::error::Result;

/// Which collector a store's heap has.
pub type gcroots_collector_t = u32;

/// The library chooses: copying.
pub const GCROOTS_COLLECTOR_AUTO: gcroots_collector_t = 0;
/// Never collects; memory comes back with the store. At least 16 KiB.
pub const GCROOTS_COLLECTOR_NULL: gcroots_collector_t = 1;
/// Deferred reference counting: objects stay where they are, and no half of the memory
/// is idle. At least 16 KiB.
pub const GCROOTS_COLLECTOR_DRC: gcroots_collector_t = 2;
/// Semi-space copying. At least 32 KiB, half of which is usable.
pub const GCROOTS_COLLECTOR_COPYING: gcroots_collector_t = 3;
/// Generational. Not built yet: INVALID_ARGUMENT.
pub const GCROOTS_COLLECTOR_GENERATIONAL: gcroots_collector_t = 4;
/// For tests of the library itself: copying, and finds references that were stored
/// without a barrier; what is found poisons the store. At least 32 KiB, half of which is
/// usable; takes half as much again beyond the limit.
pub const GCROOTS_COLLECTOR_CHECK: gcroots_collector_t = 5;

const _: () = assert!(
    GCROOTS_COLLECTOR_AUTO == collectors::AUTO
        && GCROOTS_COLLECTOR_NULL == collectors::NULL
        && GCROOTS_COLLECTOR_DRC == collectors::DRC
        && GCROOTS_COLLECTOR_COPYING == collectors::COPYING
        && GCROOTS_COLLECTOR_GENERATIONAL == collectors::GENERATIONAL
        && GCROOTS_COLLECTOR_CHECK == collectors::CHECK
);

/// A configuration. Use it from one thread at a time.
pub struct gcroots_config_t(Config);

impl gcroots_config_t {
    pub(super) fn config(&self) -> &Config {
        &self.0
    }
}

/// Makes a configuration with the defaults. Never collects.
///
/// \return the configuration (owned); release it with gcroots_config_free().
///         NULL if memory is out.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn gcroots_config_new() -> *mut gcroots_config_t {
    let mut made = core::ptr::null_mut();
    call(|| {
        made = Box::into_raw(fallible::boxed(gcroots_config_t(Config::new()?))?);
        Ok(())
    });
    made
}

/// Deletes a configuration (taken, nullable). Engines made with it stay.
/// Never collects.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_config_free(config: *mut gcroots_config_t) {
    if !config.is_null() {
        // SAFETY: the caller gives up what `gcroots_config_new` returned.
        drop(unsafe { Box::from_raw(config) });
    }
}

/// Changes a configuration.
///
/// # Safety
///
/// `config` must be NULL or a configuration that nothing else uses now.
pub(super) unsafe fn configure(
    config: *mut gcroots_config_t,
    change: impl FnOnce(&mut Config) -> Result<()>,
) -> gcroots_status_t {
    call(|| {
        let mut config = required(config, "config")?;
        // SAFETY: the caller's promise.
        change(&mut unsafe { config.as_mut() }.0)
    })
}

/// Chooses the collector. Never collects.
///
/// \return GCROOTS_ERROR_INVALID_ARGUMENT if there is no such collector, or it is
///         not built
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_config_set_collector(
    config: *mut gcroots_config_t,
    collector: gcroots_collector_t,
) -> gcroots_status_t {
    // SAFETY: the caller's promise.
    unsafe { configure(config, |config| config.set_collector(collector)) }
}

/// Sets how many bytes a store's heap may commit, in all its spaces together:
/// 4 GiB if not set. Small limits are rounded up to the collector's least.
/// Never collects.
///
/// \return GCROOTS_ERROR_INVALID_ARGUMENT for 0 or more than 16 GiB
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_config_set_heap_limit(
    config: *mut gcroots_config_t,
    bytes: usize,
) -> gcroots_status_t {
    // SAFETY: the caller's promise.
    unsafe { configure(config, |config| config.set_limit(bytes as u64)) }
}

/// Sets how many bytes a store's heap commits at first, and keeps, in all its
/// spaces together; 0 is the default: 512 KiB, or the limit if that is less. More
/// than the limit is refused by gcroots_engine_new(). Never collects.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_config_set_heap_initial(
    config: *mut gcroots_config_t,
    bytes: usize,
) -> gcroots_status_t {
    // SAFETY: the caller's promise.
    unsafe {
        configure(config, |config| {
            config.set_initial(bytes as u64);
            Ok(())
        })
    }
}

/// Makes stores collect at every n-th allocation outside no-GC spans, to find
/// references that no root holds; 0 turns it off. Never collects.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_config_set_stress(
    config: *mut gcroots_config_t,
    every_nth_allocation: u32,
) -> gcroots_status_t {
    // SAFETY: the caller's promise.
    unsafe {
        configure(config, |config| {
            config.set_stress(every_nth_allocation);
            Ok(())
        })
    }
}

/// Makes each collection move every object that survives, to find references that
/// no root holds. The copying collector does so anyway; gcroots_engine_new() refuses it
/// with GCROOTS_COLLECTOR_DRC, which moves nothing. Never collects.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_config_set_move_always(
    config: *mut gcroots_config_t,
    on: bool,
) -> gcroots_status_t {
    // SAFETY: the caller's promise.
    unsafe {
        configure(config, |config| {
            config.set_move_always(on);
            Ok(())
        })
    }
}

/// Sets how many heaps of deleted stores an engine keeps for the next stores: 8 if
/// not set. Each keeps at most 512 KiB resident. With 0 each store's heap is given
/// back to the system. Never collects.
///
/// \return GCROOTS_ERROR_INVALID_ARGUMENT for more than 4096
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_config_set_pool(
    config: *mut gcroots_config_t,
    heaps: usize,
) -> gcroots_status_t {
    // SAFETY: the caller's promise.
    unsafe { configure(config, |config| config.set_pool(heaps)) }
}

/// Makes collections fill freed memory with a pattern, to find whoever reads
/// it. Never collects.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_config_set_poison(
    config: *mut gcroots_config_t,
    on: bool,
) -> gcroots_status_t {
    // SAFETY: the caller's promise.
    unsafe {
        configure(config, |config| {
            config.set_poison(on);
            Ok(())
        })
    }
}
