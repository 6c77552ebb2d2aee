//! Giving memory back to the system, when the embedder says that a store is idle.

use crate::error::Result;
use crate::heap::ObjectStartTable;
use crate::store::Store;

impl Store {
    /// Gives back all memory that the store does not need now: of its heap, and of its tables
    /// (ROOTS-28). Tables that do not get memory for a smaller copy stay as they are.
    ///
    /// Errors: [`Error::Internal`](crate::error::Error::Internal).
    pub(in crate::store) fn give_back(&self) -> Result<()> {
        let cold = &mut *self.cold.borrow_mut();
        cold.stop_cycle(self)?;
        self.lifo.give_back();
        self.scopes.give_back();
        self.manual.give_back();
        self.weak.give_back();
        self.pins.give_back();
        self.tables.give_back();
        self.globals.give_back();
        self.host.give_back();
        cold.weak_maps.give_back();
        cold.hashes.give_back();
        cold.sources.give_back();
        cold.roots.give_back(cold.sources.span_count());
        cold.object_starts = ObjectStartTable::default();
        if let Some(heap) = cold.heap.as_deref_mut() {
            heap.give_back(&self.mutator)?;
        }
        cold.overhead.restart();
        self.update_slow_path();
        self.update_side_bytes(cold);
        cold.check_in_debug_builds(self)
    }
}
