//! What stores share: the configuration and the pool of heaps, counted.

use core::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering, fence};

use super::config::Config;
use super::heap_pool::HeapPool;
use crate::error::{Error, Result};
use crate::fallible;
use crate::heap::{GcHeap, HeapOptions};

/// A configuration that stores are made from. Shared by threads.
pub(crate) struct Engine {
    references: AtomicUsize,
    config: Config,
    heap_options: HeapOptions,
    pool: HeapPool,
}

/// A counted reference to an [`Engine`]: an `Arc` that is made without aborting
/// and never overflows its count.
pub(crate) struct EngineRef(NonNull<Engine>);

// SAFETY: the count is atomic, and the engine, which is only read, may be shared
// and dropped by any thread: the assertion checks it.
unsafe impl Send for EngineRef {}
// SAFETY: as above.
unsafe impl Sync for EngineRef {}
const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<Engine>();
};

impl EngineRef {
    /// An engine with a copy of `config`.
    ///
    /// Errors: those of [`Config::heap_options`], [`Error::SystemMemory`].
    pub(crate) fn new(config: Config) -> Result<EngineRef> {
        let engine = fallible::boxed(Engine {
            references: AtomicUsize::new(1),
            heap_options: config.heap_options()?,
            pool: HeapPool::new(config.pool())?,
            config,
        })?;
        Ok(EngineRef(NonNull::from(Box::leak(engine))))
    }

    /// One more reference.
    ///
    /// Errors: [`Error::Limit`].
    pub(crate) fn try_clone(&self) -> Result<EngineRef> {
        // Relaxed, as for `Arc`: the caller's reference keeps the engine alive.
        self.engine()
            .references
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_add(1))
            .map_err(|_| Error::Limit {
                what: "references to an engine",
                limit: usize::MAX as u64,
            })?;
        Ok(EngineRef(self.0))
    }

    /// The address, for C. Counts on.
    pub(crate) fn into_raw(self) -> *mut Engine {
        let raw = self.0.as_ptr();
        core::mem::forget(self);
        raw
    }

    /// Takes back what [`EngineRef::into_raw`] gave.
    ///
    /// # Safety
    ///
    /// `raw` must be from `into_raw`, and taken back once only.
    pub(crate) unsafe fn from_raw(raw: NonNull<Engine>) -> EngineRef {
        EngineRef(raw)
    }

    fn engine(&self) -> &Engine {
        // SAFETY: alive while counted.
        unsafe { self.0.as_ref() }
    }

    /// The configuration.
    pub(crate) fn config(&self) -> &Config {
        &self.engine().config
    }

    /// A heap for a store: a reset one, if there is one, or a new one.
    ///
    /// Errors: [`Error::SystemMemory`].
    pub(super) fn take_heap(&self) -> Result<Box<dyn GcHeap>> {
        let engine = self.engine();
        match engine.pool.take() {
            Some(heap) => Ok(heap),
            None => engine.config.runtime().new_heap(engine.heap_options),
        }
    }

    /// Takes back the heap of a store that ends.
    pub(super) fn give_heap(&self, heap: Box<dyn GcHeap>) {
        self.engine().pool.put(heap);
    }
}

impl Drop for EngineRef {
    fn drop(&mut self) {
        if self.engine().references.fetch_sub(1, Ordering::Release) == 1 {
            fence(Ordering::Acquire);
            // SAFETY: that was the last reference; `new` leaked the box.
            drop(unsafe { Box::from_raw(self.0.as_ptr()) });
        }
    }
}
