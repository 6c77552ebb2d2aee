//! The bytes of memory that a store has beside its heap.

use super::{Cold, Store};

impl Store {
    /// The bytes of memory that the store's tables have, and its collector for itself.
    /// Parts of a table that were never used count: the system may not have delivered them.
    fn side_bytes(&self, cold: &Cold) -> u64 {
        self.lifo.side_bytes()
            + self.scopes.side_bytes()
            + self.manual.side_bytes()
            + self.weak.side_bytes()
            + self.pins.side_bytes()
            + self.host.side_bytes()
            + self.types.side_bytes()
            + self.tables.side_bytes()
            + self.globals.side_bytes()
            + cold.side_bytes()
    }

    /// Tells the meter what the tables and the collector have now. Growth that the meter
    /// does not see, and shrinking, are then in the sum.
    pub(in crate::store) fn update_side_bytes(&self, cold: &Cold) -> u64 {
        let bytes = self.side_bytes(cold);
        self.side.set_used(bytes);
        bytes
    }
}

impl Cold {
    /// The bytes of the tables in this part, and what the collector has for itself.
    fn side_bytes(&self) -> u64 {
        self.heap.as_ref().map_or(0, |heap| heap.side_bytes())
            + self.layouts.side_bytes()
            + self.tags.side_bytes()
            + self.keyed_data.side_bytes()
            + self.hashes.side_bytes()
            + self.weak_maps.side_bytes()
            + self.object_starts.side_bytes()
            + self.sources.side_bytes()
            + self.roots.side_bytes()
            + self.pauses.side_bytes()
    }
}
