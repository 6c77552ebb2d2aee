//! The engine: what its stores share.
//!
//! An engine has a copy of a configuration, the registry of types, and a pool of heaps that
//! deleted stores leave for new ones. Threads share it through counted references; each
//! store has one.

mod config;
mod growth;
mod heap_pool;

use core::ptr::NonNull;

use crate::base::ref_counted::RefCounted;
use crate::error::{Error, Result};
use crate::heap::{GcHeap, HeapOptions};
use crate::types::{RegisteredType, Registry};
#[cfg(feature = "capi")]
pub(crate) use config::{BALANCED, RATIO};
pub(crate) use config::{Config, Finalizers, TIME_SHARE};
#[cfg(feature = "capi")]
pub(crate) use growth::GrowFunction;
pub(crate) use growth::{GrowCallback, GrowEnv};
use heap_pool::HeapPool;

/// An engine, which threads share.
pub(crate) struct Engine {
    config: Config,
    heap_options: HeapOptions,
    pool: HeapPool,
    types: RefCounted<Registry>,
    /// The last field, because dropping it may call host code.
    _grow_env: Option<GrowEnv>,
}

/// A counted reference to an [`Engine`].
pub(crate) struct EngineRef(RefCounted<Engine>);

// Threads may share the engine.
const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<EngineRef>();
};

impl EngineRef {
    /// An engine with a copy of `config`.
    ///
    /// Errors: those of [`Config::heap_options`],
    /// [`Error::SystemMemory`].
    pub(crate) fn new(config: Config) -> Result<EngineRef> {
        EngineRef::with_grow_env(config, None)
    }

    /// Same as [`EngineRef::new`], with a reference to the pointer of the growth callback. If
    /// it fails, that reference is dropped.
    ///
    /// Errors: those of [`EngineRef::new`].
    pub(crate) fn with_grow_env(config: Config, env: Option<GrowEnv>) -> Result<EngineRef> {
        Ok(EngineRef(RefCounted::new(Engine {
            heap_options: config.heap_options()?,
            pool: HeapPool::new(config.pool())?,
            types: Registry::new()?,
            config,
            _grow_env: env,
        })?))
    }

    /// Makes another reference.
    ///
    /// Errors: [`Error::Limit`].
    pub(crate) fn try_clone(&self) -> Result<EngineRef> {
        Ok(EngineRef(self.0.try_clone("references to an engine")?))
    }

    /// Converts the reference to an address for C. It stays counted.
    pub(crate) fn into_raw(self) -> NonNull<()> {
        self.0.into_raw()
    }

    /// Converts an address of [`EngineRef::into_raw`] back to the reference.
    ///
    /// # Safety
    ///
    /// `raw` must be a result of `into_raw` that was not converted back yet.
    pub(crate) unsafe fn from_raw(raw: NonNull<()>) -> EngineRef {
        // SAFETY: the caller's promise.
        EngineRef(unsafe { RefCounted::from_raw(raw) })
    }

    /// The configuration.
    pub(crate) fn config(&self) -> &Config {
        &self.0.config
    }

    /// The registry of types. It outlives the engine while types refer to it.
    pub(crate) fn types(&self) -> &RefCounted<Registry> {
        &self.0.types
    }

    /// Whether a type belongs to this engine.
    pub(crate) fn has(&self, of: &RegisteredType) -> bool {
        of.is_of(&self.0.types)
    }

    /// A heap for a store: one from the pool, or a new one if the pool is empty.
    ///
    /// If the system has not enough address space, the limit is halved as often as the
    /// options allow (HEAP-52).
    ///
    /// Errors: those of [`GcRuntime::new_heap`](crate::heap::GcRuntime::new_heap).
    pub(crate) fn acquire_heap(&self) -> Result<Box<dyn GcHeap>> {
        if let Some(heap) = self.0.pool.acquire() {
            return Ok(heap);
        }
        let mut options = self.0.heap_options;
        loop {
            match self.0.config.runtime().new_heap(options) {
                Err(Error::AddressSpace { .. }) if options.limit / 2 >= options.least_limit => {
                    options.limit /= 2;
                }
                outcome => return outcome,
            }
        }
    }

    /// Returns the heap of a deleted store to the pool.
    pub(crate) fn return_heap(&self, heap: Box<dyn GcHeap>) {
        self.0.pool.return_heap(heap);
    }
}
