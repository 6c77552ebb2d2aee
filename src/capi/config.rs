//! Configuration
//!
//! A configuration says how an engine's stores work: their collector, their memory, and
//! checks for debugging. gcroots_engine_new() copies it.

use super::boundary::{call, required};
use super::status::gcroots_status_t;
use crate::base::fallible;
use crate::collectors;
use crate::engine::{Config, Finalizers, GrowEnv};
use crate::error::{Error, Result};

/// The collector of a store's heap: one of the GCROOTS_COLLECTOR_... numbers below.
pub type gcroots_collector_t = u32;

/// The library chooses: GCROOTS_COLLECTOR_GENERATIONAL.
pub const GCROOTS_COLLECTOR_AUTO: gcroots_collector_t = 0;
/// The null collector: never collects. Objects, and their finalizers, wait for the
/// store's deletion. The least heap limit is 16 KiB.
pub const GCROOTS_COLLECTOR_NULL: gcroots_collector_t = 1;
/// Deferred reference counting. Objects never move. There is no second half: objects may
/// occupy all of the limit except one of 40 blocks. The heap consists of blocks of 32 KiB, and
/// an object of more than half a block has blocks to itself. The least heap limit is 64 KiB.
pub const GCROOTS_COLLECTOR_DRC: gcroots_collector_t = 2;
/// Semi-space copying: each collection moves all live objects. Half of the heap limit is
/// usable. The least limit is 32 KiB.
pub const GCROOTS_COLLECTOR_COPYING: gcroots_collector_t = 3;
/// Generational. New objects are made in a nursery of 64 KiB to 4 MiB. When it is full, a minor
/// collection moves those that are alive to the rest of the heap: its cost depends on what
/// is alive of the new objects, and not on old objects, roots, externrefs or weak maps. A full
/// collection marks the whole heap, frees what is dead in place, and moves the objects of
/// sparsely used blocks together. So each object moves once, and old ones rarely. In a heap of
/// more than some hundred kilobytes it runs in steps, which allocations do, and the program goes on
/// between them. gcroots_store_gc() stops the program for all of it.
///
/// The heap consists of blocks of 32 KiB, and an object of more than half a block has blocks to
/// itself and never moves. Objects may occupy all of the limit except one of 40 blocks; a heap
/// that is nearly full gives its nursery up. In a no-GC span, twice the nursery stays free
/// besides. The least limit is 64 KiB.
pub const GCROOTS_COLLECTOR_GENERATIONAL: gcroots_collector_t = 4;
/// For tests of the library itself. Collects as GCROOTS_COLLECTOR_COPYING does, and finds
/// references that were stored without a barrier. Such a reference poisons the store.
/// Half of the heap limit is usable, and a third space of that size is not counted
/// against the limit. The least limit is 32 KiB.
pub const GCROOTS_COLLECTOR_CHECK: gcroots_collector_t = 5;

const _: () = assert!(
    GCROOTS_COLLECTOR_AUTO == collectors::AUTO
        && GCROOTS_COLLECTOR_NULL == collectors::NULL
        && GCROOTS_COLLECTOR_DRC == collectors::DRC
        && GCROOTS_COLLECTOR_COPYING == collectors::COPYING
        && GCROOTS_COLLECTOR_GENERATIONAL == collectors::GENERATIONAL
        && GCROOTS_COLLECTOR_CHECK == collectors::CHECK
);

/// When finalizers run: one of the GCROOTS_FINALIZERS_... numbers below.
pub type gcroots_finalizers_t = u32;

/// Finalizers run last in each call that may collect, on the calling thread.
pub const GCROOTS_FINALIZERS_INLINE: gcroots_finalizers_t = 0;
/// Finalizers wait until gcroots_store_run_finalizers() or gcroots_store_free() runs them.
pub const GCROOTS_FINALIZERS_DEFERRED: gcroots_finalizers_t = 1;

/// A configuration. Use it from one thread at a time.
pub struct gcroots_config_t(Config, Option<GrowEnv>);

impl gcroots_config_t {
    /// The pointer of the growth callback, if the configuration owns it.
    pub(super) fn grow_env(&self) -> Option<&GrowEnv> {
        self.1.as_ref()
    }

    /// Replaces the pointer of the growth callback that the configuration owns.
    pub(super) fn replace_grow_env(&mut self, env: Option<GrowEnv>) -> Option<GrowEnv> {
        core::mem::replace(&mut self.1, env)
    }

    pub(super) fn config_mut(&mut self) -> &mut Config {
        &mut self.0
    }

    pub(super) fn config(&self) -> &Config {
        &self.0
    }
}

/// Makes a configuration with the defaults. Never collects.
///
/// \return the configuration (owned); release it with gcroots_config_free(). NULL if the
///         system refuses memory.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn gcroots_config_new() -> *mut gcroots_config_t {
    let mut made = core::ptr::null_mut();
    call("gcroots_config_new", || {
        made = Box::into_raw(fallible::boxed(gcroots_config_t(Config::new()?, None))?);
        Ok(())
    });
    made
}

/// Deletes a configuration. Engines that were made with it are not affected. Never
/// collects.
///
/// \param config (taken, nullable)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_config_free(config: *mut gcroots_config_t) {
    if !config.is_null() {
        // SAFETY: the caller gives up what `gcroots_config_new` returned.
        drop(unsafe { Box::from_raw(config) });
    }
}

/// Changes a configuration. `name` is that of the exported function.
///
/// # Safety
///
/// `config` must be NULL or a configuration that nothing else uses now.
pub(super) unsafe fn configure(
    name: &'static str,
    config: *mut gcroots_config_t,
    change: impl FnOnce(&mut Config) -> Result<()>,
) -> gcroots_status_t {
    call(name, || {
        let mut config = required(config, "config")?;
        // SAFETY: the caller's promise.
        change(&mut unsafe { config.as_mut() }.0)
    })
}

/// Chooses the collector; GCROOTS_COLLECTOR_AUTO if not set. Never collects.
///
/// \return GCROOTS_ERROR_INVALID_ARGUMENT if `collector` is not the number of a
///         collector
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_config_set_collector(
    config: *mut gcroots_config_t,
    collector: gcroots_collector_t,
) -> gcroots_status_t {
    // SAFETY: the caller's promise.
    unsafe {
        configure("gcroots_config_set_collector", config, |config| {
            config.set_collector(collector)
        })
    }
}

/// Sets the number of bytes that a store's heap may commit at most, in all its spaces
/// together; 4 GiB if not set. A limit below the collector's least limit is raised to it.
///
/// A store reserves address space for the whole limit when its first object is made. The
/// copying collector reserves up to 1 MiB more, and GCROOTS_COLLECTOR_CHECK half of the
/// limit more. If the system refuses, for example under `ulimit -v`:
///
/// - a limit that was set stays, and the call returns GCROOTS_ERROR_OUT_OF_MEMORY;
/// - the default is halved until the system accepts. The member `heap_limit` of
///   gcroots_stats_t is the limit that is in force.
///
/// Never collects.
///
/// \return GCROOTS_ERROR_INVALID_ARGUMENT if `bytes` is 0 or more than 16 GiB
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_config_set_heap_limit(
    config: *mut gcroots_config_t,
    bytes: usize,
) -> gcroots_status_t {
    // SAFETY: the caller's promise.
    unsafe {
        configure("gcroots_config_set_heap_limit", config, |config| {
            config.set_limit(bytes as u64)
        })
    }
}

/// Sets the number of bytes that a store's heap commits at first, in all its spaces
/// together. The heap never shrinks below this size. If it is set, no allocation collects for
/// lack of room before objects fill it: with the copying collector before they fill half of
/// it, which is one of its two spaces. External bytes and gcroots_config_set_stress() may
/// make an allocation collect earlier. 0 is the default: 512 KiB, or the heap limit if that
/// is less. gcroots_engine_new() fails if the size is greater than the heap limit. Never
/// collects.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_config_set_heap_initial(
    config: *mut gcroots_config_t,
    bytes: usize,
) -> gcroots_status_t {
    // SAFETY: the caller's promise.
    unsafe {
        configure("gcroots_config_set_heap_initial", config, |config| {
            config.set_initial(bytes as u64);
            Ok(())
        })
    }
}

/// Sets the number of bytes that a store may have beside its heap: `side_bytes` in
/// gcroots_stats_t. 0 is the default, and means no limit.
///
/// A call that needs a larger table for what it makes (roots, scopes, weak handles, weak maps
/// and their entries, externrefs, functions, identity hashes, tables, globals, tags, root
/// ranges and visitors) then returns GCROOTS_ERROR_OUT_OF_MEMORY, and changes nothing.
/// Unrooting, leaving scopes, freeing and collecting never fail for this limit. What they and
/// the collector need, and what the store keeps of types, counts as in use, and may exceed the
/// limit. gcroots_store_trim() makes tables smaller.
///
/// Never collects.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_config_set_side_limit(
    config: *mut gcroots_config_t,
    bytes: usize,
) -> gcroots_status_t {
    // SAFETY: the caller's promise.
    unsafe {
        configure("gcroots_config_set_side_limit", config, |config| {
            config.set_side_limit(bytes as u64);
            Ok(())
        })
    }
}

/// Sets the number of external bytes that a store may have: the memory outside the heap that
/// its externrefs say they keep alive. 0 is the default, and means no limit.
///
/// A call that makes an externref, or raises the external bytes of one, may bring the sum over
/// the limit. Then it first collects in full and runs the finalizers of what it finds dead. If
/// the bytes do not fit even then, it returns GCROOTS_ERROR_OUT_OF_MEMORY and changes nothing.
///
/// The bytes of a dead object count until its finalizer runs, as its memory is still there.
/// With GCROOTS_FINALIZERS_DEFERRED, gcroots_store_run_finalizers() makes room; the message
/// says how many bytes wait. Inside a no-GC span the call does not collect and returns
/// GCROOTS_ERROR_NO_GC. GCROOTS_COLLECTOR_NULL never collects, and refuses at once.
///
/// Never collects.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_config_set_external_limit(
    config: *mut gcroots_config_t,
    bytes: usize,
) -> gcroots_status_t {
    // SAFETY: the caller's promise.
    unsafe {
        configure("gcroots_config_set_external_limit", config, |config| {
            config.set_external_limit(bytes as u64);
            Ok(())
        })
    }
}

/// Sets how much may be allocated after a collection until the next one, in percent of the
/// bytes of the surviving objects. More takes more memory and less time. 0 is the default:
/// the library decides from the rates of allocation and collection, and grants 50 to 400
/// percent (GCROOTS_COLLECTOR_DRC: 50 percent).
///
/// At least 256 KiB may be allocated in any case, and what is left of the initial size. With
/// many roots it is more. The heap limit may allow less. Never collects.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_config_set_heap_growth(
    config: *mut gcroots_config_t,
    percent: u32,
) -> gcroots_status_t {
    // SAFETY: the caller's promise.
    unsafe {
        configure("gcroots_config_set_heap_growth", config, |config| {
            config.set_growth(percent);
            Ok(())
        })
    }
}

/// How much may be allocated between two full collections: see
/// gcroots_config_set_heap_sizing(). Any other number is refused.
pub type gcroots_heap_sizing_t = u32;

/// The library decides from the rates of allocation and collection: the square root of their
/// ratio, and of the bytes of the surviving objects. This is the default.
pub const GCROOTS_HEAP_SIZING_BALANCED: gcroots_heap_sizing_t = 0;
/// A percentage of the bytes of the surviving objects.
pub const GCROOTS_HEAP_SIZING_RATIO: gcroots_heap_sizing_t = 1;
/// As much as lets full collections take a percentage of the time. At least an eighth of the
/// bytes of the surviving objects, and at most 16 times these.
pub const GCROOTS_HEAP_SIZING_TIME_SHARE: gcroots_heap_sizing_t = 2;

const _: () = assert!(
    GCROOTS_HEAP_SIZING_BALANCED == crate::engine::BALANCED
        && GCROOTS_HEAP_SIZING_RATIO == crate::engine::RATIO
        && GCROOTS_HEAP_SIZING_TIME_SHARE == crate::engine::TIME_SHARE
);

/// Sets how much may be allocated after a full collection until the next one. More takes more
/// memory and less time. gcroots_config_set_heap_growth() sets the same: its percentage is that
/// of GCROOTS_HEAP_SIZING_RATIO, and 0 stands for GCROOTS_HEAP_SIZING_BALANCED.
///
/// At least 256 KiB may be allocated in any case, and what is left of the initial size. With
/// many roots it is more. The heap limit may allow less. Never collects.
///
/// \param rule one of the constants
/// \param percent 0 for GCROOTS_HEAP_SIZING_BALANCED; at least 1 for GCROOTS_HEAP_SIZING_RATIO;
///        1 to 99 for GCROOTS_HEAP_SIZING_TIME_SHARE
/// \return GCROOTS_ERROR_INVALID_ARGUMENT if `rule` is another number, or does not allow
///         `percent`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_config_set_heap_sizing(
    config: *mut gcroots_config_t,
    rule: gcroots_heap_sizing_t,
    percent: u32,
) -> gcroots_status_t {
    // SAFETY: the caller's promise.
    unsafe {
        configure("gcroots_config_set_heap_sizing", config, |config| {
            config.set_sizing(rule, percent)
        })
    }
}

/// Sets how long a stop of the program should take at most, in microseconds. 0 is the default, and
/// means 1000.
///
/// A step of a full collection takes a quarter of it, a minor collection at most about two thirds.
/// GCROOTS_COLLECTOR_GENERATIONAL lets its nursery grow while collections of that take much less
/// than this, and makes it smaller when they take nearly as long. It has at least 64 KiB, so a
/// collection that finds much alive may take longer. The other collectors have no nursery. Never
/// collects.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_config_set_pause_budget(
    config: *mut gcroots_config_t,
    microseconds: u32,
) -> gcroots_status_t {
    // SAFETY: the caller's promise.
    unsafe {
        configure("gcroots_config_set_pause_budget", config, |config| {
            config.set_pause_budget(microseconds);
            Ok(())
        })
    }
}

/// Sets when an allocation is refused because collecting is in vain: 2 percent if not set.
/// 0 turns this off.
///
/// Near the heap limit each collection frees little, and the next one follows soon. The
/// library counts the full collections that an allocation needed because the heap could not
/// grow, and that freed less than `percent` of what objects may occupy: of the committed
/// bytes, or with the copying collector of half of them. After five in a row, the next such
/// allocation collects too, and then returns GCROOTS_ERROR_OUT_OF_MEMORY although the object
/// would fit. The count starts anew when a collection frees more, when the heap grows,
/// and with gcroots_store_trim(). Never collects.
///
/// \return GCROOTS_ERROR_INVALID_ARGUMENT if `percent` is more than 100
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_config_set_overhead_limit(
    config: *mut gcroots_config_t,
    percent: u32,
) -> gcroots_status_t {
    // SAFETY: the caller's promise.
    unsafe {
        configure("gcroots_config_set_overhead_limit", config, |config| {
            config.set_overhead_limit(percent)
        })
    }
}

/// Makes stores collect at every n-th allocation outside no-GC spans, to find references
/// that no root keeps alive. 0 turns this off, which is the default. Also makes collections
/// check `unchanged` of root ranges. Never collects.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_config_set_stress(
    config: *mut gcroots_config_t,
    every_nth_allocation: u32,
) -> gcroots_status_t {
    // SAFETY: the caller's promise.
    unsafe {
        configure("gcroots_config_set_stress", config, |config| {
            config.set_stress(every_nth_allocation);
            Ok(())
        })
    }
}

/// Makes each collection move every object that survives, to find references that no root
/// keeps up to date. Off by default. The copying collector always does so.
/// GCROOTS_COLLECTOR_GENERATIONAL leaves large objects, which have blocks of their own, where
/// they are. With a collector that never moves objects (GCROOTS_COLLECTOR_NULL,
/// GCROOTS_COLLECTOR_DRC), gcroots_engine_new() fails. Never collects.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_config_set_move_always(
    config: *mut gcroots_config_t,
    on: bool,
) -> gcroots_status_t {
    // SAFETY: the caller's promise.
    unsafe {
        configure("gcroots_config_set_move_always", config, |config| {
            config.set_move_always(on);
            Ok(())
        })
    }
}

/// Sets how many heaps of deleted stores an engine keeps, to reuse them in new stores; 8
/// if not set. Each kept heap has at most 512 KiB resident. With 0 the heap of each
/// deleted store is returned to the system. Never collects.
///
/// \return GCROOTS_ERROR_INVALID_ARGUMENT if `heaps` is more than 4096
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_config_set_pool(
    config: *mut gcroots_config_t,
    heaps: usize,
) -> gcroots_status_t {
    // SAFETY: the caller's promise.
    unsafe {
        configure("gcroots_config_set_pool", config, |config| {
            config.set_pool(heaps)
        })
    }
}

/// Makes collections fill freed memory with a pattern, to find code that still reads it.
/// Off by default. Never collects.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_config_set_poison(
    config: *mut gcroots_config_t,
    on: bool,
) -> gcroots_status_t {
    // SAFETY: the caller's promise.
    unsafe {
        configure("gcroots_config_set_poison", config, |config| {
            config.set_poison(on);
            Ok(())
        })
    }
}

/// Chooses when finalizers run; GCROOTS_FINALIZERS_INLINE if not set. Never collects.
///
/// With GCROOTS_FINALIZERS_DEFERRED, a call that may collect runs no finalizer, so the
/// program may hold any lock during it. A dead object is freed and its finalizer waits. What
/// only waiting finalizers would release, such as a manual root, stays until they have run.
///
/// \return GCROOTS_ERROR_INVALID_ARGUMENT if `when` is not one of these numbers
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_config_set_finalizers(
    config: *mut gcroots_config_t,
    when: gcroots_finalizers_t,
) -> gcroots_status_t {
    // SAFETY: the caller's promise.
    unsafe {
        configure("gcroots_config_set_finalizers", config, |config| {
            config.set_finalizers(match when {
                GCROOTS_FINALIZERS_INLINE => Finalizers::Inline,
                GCROOTS_FINALIZERS_DEFERRED => Finalizers::Deferred,
                other => {
                    return Err(Error::InvalidArgument {
                        parameter: "when",
                        value: other.into(),
                        allowed: "GCROOTS_FINALIZERS_INLINE (0) or _DEFERRED (1)",
                    });
                }
            });
            Ok(())
        })
    }
}
