//! Pinning, as a collector implements it.

use super::reference::GcRef;

/// Keeps objects where they are (ROOTS-42). The store's pins are roots, so a pinned object is
/// alive. The methods suit a collector that moves nothing.
pub(crate) trait Pinning {
    /// Whether the object is young, so that the next collection moves it. A collection must
    /// have run before it can be pinned.
    fn must_move_first(&self, object: GcRef) -> bool {
        let _ = object;
        false
    }

    /// Pins an object, once more if it is pinned already.
    fn pin(&self, object: GcRef) {
        let _ = object;
    }

    /// Ends one pin of an object.
    fn unpin(&self, object: GcRef) {
        let _ = object;
    }

    /// Whether no collection moves the object.
    fn stays(&self, object: GcRef) -> bool {
        let _ = object;
        true
    }
}
