//! Heaps of deleted stores, reset, for the next ones: a store that lives for a
//! moment needs no system call for its heap.

use crate::fallible;
use crate::heap::GcHeap;
use crate::lock::Lock;

/// An engine's reset heaps, all of its configuration.
pub(crate) struct HeapPool {
    /// How many it keeps at most.
    room: usize,
    heaps: Lock<Vec<Box<dyn GcHeap>>>,
}

impl HeapPool {
    /// An empty pool, which allocates nothing.
    pub(super) const fn new(room: usize) -> HeapPool {
        HeapPool {
            room,
            heaps: Lock::new(Vec::new()),
        }
    }

    /// A reset heap, if there is one.
    pub(super) fn take(&self) -> Option<Box<dyn GcHeap>> {
        self.heaps.lock().pop()
    }

    /// Resets a heap and keeps it, if there is room, else gives it back to the
    /// system.
    pub(super) fn put(&self, mut heap: Box<dyn GcHeap>) {
        if self.heaps.lock().len() >= self.room {
            return;
        }
        heap.reset();
        let mut heaps = self.heaps.lock();
        if heaps.len() < self.room {
            // Without memory for the list there is one heap less in it.
            let _ = fallible::push(&mut heaps, heap);
        }
    }
}
