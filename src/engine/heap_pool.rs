//! The pool of reset heaps: deleted stores return their heaps, and new stores take them.
//!
//! A store that lives for a moment then needs no system call for its heap.

use crate::base::fallible;
use crate::base::fork::ForkLock;
use crate::error::Result;
use crate::heap::GcHeap;

/// The greatest number of heaps that a pool can keep.
pub(super) const POOL_MAX: usize = 4096;

/// An engine's reset heaps. All have the engine's configuration.
pub(crate) struct HeapPool {
    /// The greatest number of heaps in the pool.
    room: usize,
    /// Has memory for `room` heaps, because deleting a store must not need memory.
    heaps: ForkLock<Vec<Box<dyn GcHeap>>>,
}

impl HeapPool {
    /// An empty pool.
    ///
    /// Errors: [`Error::SystemMemory`](crate::error::Error::SystemMemory).
    pub(super) fn new(room: usize) -> Result<HeapPool> {
        let heaps = fallible::with_room(room)?;
        Ok(HeapPool {
            room,
            heaps: ForkLock::new(heaps)?,
        })
    }

    /// Takes a reset heap, if the pool has one.
    pub(super) fn acquire(&self) -> Option<Box<dyn GcHeap>> {
        self.heaps.lock().pop()
    }

    /// Resets a heap and keeps it if the pool has room. Otherwise the heap is dropped.
    pub(super) fn return_heap(&self, mut heap: Box<dyn GcHeap>) {
        if self.heaps.lock().len() >= self.room {
            return;
        }
        heap.reset();
        let mut heaps = self.heaps.lock();
        if heaps.len() < self.room {
            let kept = fallible::push(&mut heaps, heap);
            debug_assert!(kept.is_ok());
        }
    }
}
