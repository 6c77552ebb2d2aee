//! Heaps of deleted stores, reset, for the next ones: a store that lives for a
//! moment needs no system call for its heap.

use crate::base::fallible;
use crate::base::lock::Lock;
use crate::error::Result;
use crate::heap::GcHeap;

/// The most heaps that a pool can be made for.
pub(super) const POOL_MAX: usize = 4096;

/// An engine's reset heaps, all of its configuration.
pub(crate) struct HeapPool {
    /// How many it keeps at most.
    room: usize,
    /// Has the room reserved: deleting a store must not need memory.
    heaps: Lock<Vec<Box<dyn GcHeap>>>,
}

impl HeapPool {
    /// An empty pool.
    ///
    /// Errors: [`Error::SystemMemory`](crate::error::Error::SystemMemory).
    pub(super) fn new(room: usize) -> Result<HeapPool> {
        let mut heaps = Vec::new();
        heaps
            .try_reserve_exact(room)
            .map_err(|_| fallible::refused(room * size_of::<Box<dyn GcHeap>>()))?;
        Ok(HeapPool {
            room,
            heaps: Lock::new(heaps),
        })
    }

    /// A reset heap, if there is one.
    pub(super) fn acquire(&self) -> Option<Box<dyn GcHeap>> {
        self.heaps.lock().pop()
    }

    /// Resets a heap and keeps it, if there is room, else gives it back to the
    /// system.
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
