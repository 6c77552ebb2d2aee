//! Blocks with pinned objects, whose objects do not move.
//!
//! Each block counts the pins of its objects. A pinned object is alive, so its block is not freed
//! before the last pin has ended.

use super::BlockSpace;
use crate::heap::reference::GcRef;

impl BlockSpace {
    /// Counts a pin of an old object.
    pub(crate) fn pin(&self, object: GcRef) {
        debug_assert!(!self.is_in_slot(object.offset()));
        if let Some((record, _)) = self.record_at(object.offset()) {
            record.add_pin();
        }
    }

    /// Ends the count of a pin of an object.
    pub(crate) fn unpin(&self, object: GcRef) {
        if let Some((record, _)) = self.record_at(object.offset()) {
            record.take_pin();
        }
    }

    /// Whether the object is in a block with pins.
    pub(crate) fn is_in_pinned_block(&self, object: GcRef) -> bool {
        let found = self.record_at(object.offset());
        found.is_some_and(|(record, _)| record.is_pinned())
    }
}
