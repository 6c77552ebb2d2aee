//! The objects that were made in gaps.

use crate::base::{fallible, room};
use crate::heap::GcRef;

/// The objects that were made in gaps since the last collection. A collector that looks at
/// new objects does not find those by their lines.
#[derive(Debug)]
pub(crate) struct TakenGaps {
    /// `None` if the collector does not need them.
    objects: Option<Vec<GcRef>>,
}

impl TakenGaps {
    /// Nothing, for a collector that does not need them.
    pub(crate) const UNKNOWN: TakenGaps = TakenGaps { objects: None };

    /// An empty list.
    pub(crate) const NONE: TakenGaps = TakenGaps {
        objects: Some(Vec::new()),
    };

    /// Whether the list is kept.
    pub(super) fn are_kept(&self) -> bool {
        self.objects.is_some()
    }

    /// Makes room for one more. Returns `false` if there is no memory.
    pub(super) fn has_room(&mut self) -> bool {
        match &mut self.objects {
            Some(objects) => fallible::reserve(objects, 1).is_ok(),
            None => true,
        }
    }

    /// Adds the object that is made at `offset`. There is room, if
    /// [`has_room`](TakenGaps::has_room) has said that.
    pub(super) fn add(&mut self, offset: u64) {
        if let Some(objects) = &mut self.objects {
            let added = fallible::push(objects, GcRef::from_offset(offset));
            debug_assert!(added.is_ok());
        }
    }

    /// Takes the objects out, and leaves none.
    pub(crate) fn take(&mut self) -> Vec<GcRef> {
        self.objects
            .as_mut()
            .map(core::mem::take)
            .unwrap_or_default()
    }

    /// The objects.
    pub(crate) fn objects(&self) -> &[GcRef] {
        self.objects.as_deref().unwrap_or_default()
    }

    /// Forgets the objects.
    pub(crate) fn clear(&mut self) {
        if let Some(objects) = &mut self.objects {
            objects.clear();
        }
    }

    /// Forgets the objects, and gives the memory back.
    pub(super) fn reset(&mut self) {
        self.clear();
        self.trim();
    }

    /// Gives back the memory that the objects do not need.
    pub(super) fn trim(&mut self) {
        if let Some(objects) = &mut self.objects {
            let used = objects.len();
            room::give_back(objects, used);
        }
    }

    /// The bytes of memory that the list has.
    pub(super) fn side_bytes(&self) -> u64 {
        self.objects.as_ref().map_or(0, fallible::bytes)
    }
}
