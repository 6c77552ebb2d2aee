//! What stores share: the configuration, the types, and the pool of heaps, counted.

mod config;
mod growth;
mod heap_pool;

use core::ptr::NonNull;

use crate::base::ref_counted::RefCounted;
use crate::error::Result;
use crate::heap::{GcHeap, HeapOptions};
use crate::types::{RegisteredType, Registry};
pub(crate) use config::Config;
pub(crate) use growth::GrowCallback;
#[cfg(feature = "capi")]
pub(crate) use growth::GrowFunction;
use heap_pool::HeapPool;

/// A configuration that stores are made from. Shared by threads.
pub(crate) struct Engine {
    config: Config,
    heap_options: HeapOptions,
    pool: HeapPool,
    types: RefCounted<Registry>,
}

/// A counted reference to an [`Engine`].
pub(crate) struct EngineRef(RefCounted<Engine>);

// `RefCounted` is as safe to share as what it counts.
const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<EngineRef>();
};

impl EngineRef {
    /// An engine with a copy of `config`.
    ///
    /// Errors: those of [`Config::heap_options`],
    /// [`Error::SystemMemory`](crate::error::Error::SystemMemory).
    pub(crate) fn new(config: Config) -> Result<EngineRef> {
        Ok(EngineRef(RefCounted::new(Engine {
            heap_options: config.heap_options()?,
            pool: HeapPool::new(config.pool())?,
            types: Registry::new()?,
            config,
        })?))
    }

    /// One more reference.
    ///
    /// Errors: [`Error::Limit`](crate::error::Error::Limit).
    pub(crate) fn try_clone(&self) -> Result<EngineRef> {
        Ok(EngineRef(self.0.try_clone("references to an engine")?))
    }

    /// The address, for C. Counts on.
    pub(crate) fn into_raw(self) -> NonNull<()> {
        self.0.into_raw()
    }

    /// Takes back what [`EngineRef::into_raw`] gave.
    ///
    /// # Safety
    ///
    /// `raw` must be from `into_raw`, and taken back once only.
    pub(crate) unsafe fn from_raw(raw: NonNull<()>) -> EngineRef {
        // SAFETY: the caller's promise.
        EngineRef(unsafe { RefCounted::from_raw(raw) })
    }

    /// The configuration.
    pub(crate) fn config(&self) -> &Config {
        &self.0.config
    }

    /// The types. They outlive the engine while they are referred to.
    pub(crate) fn types(&self) -> &RefCounted<Registry> {
        &self.0.types
    }

    /// Whether a type is one of this engine's.
    pub(crate) fn has(&self, of: &RegisteredType) -> bool {
        of.is_of(&self.0.types)
    }

    /// A heap for a store: a reset one, if there is one, or a new one.
    ///
    /// Errors: [`Error::SystemMemory`](crate::error::Error::SystemMemory).
    pub(crate) fn acquire_heap(&self) -> Result<Box<dyn GcHeap>> {
        match self.0.pool.acquire() {
            Some(heap) => Ok(heap),
            None => self.0.config.runtime().new_heap(self.0.heap_options),
        }
    }

    /// Takes back the heap of a store that ends.
    pub(crate) fn return_heap(&self, heap: Box<dyn GcHeap>) {
        self.0.pool.return_heap(heap);
    }
}
