//! Pinned objects. Minor collections move young objects only, so a young object is promoted
//! before it is pinned. Full collections move the objects of candidates only, and no block with
//! a pinned object is one ([`candidates`](super::candidates)).

use super::GenerationalHeap;
use crate::heap::{GcRef, Pinning};

impl Pinning for GenerationalHeap {
    fn must_move_first(&self, object: GcRef) -> bool {
        self.blocks.space.is_in_slot(object.offset())
    }

    fn pin(&self, object: GcRef) {
        self.blocks.space.pin(object);
    }

    fn unpin(&self, object: GcRef) {
        self.blocks.space.unpin(object);
    }

    fn stays(&self, object: GcRef) -> bool {
        let space = &self.blocks.space;
        !space.is_in_slot(object.offset()) && space.is_in_pinned_block(object)
    }
}
