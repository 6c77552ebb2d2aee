//! The check of the remembered set: that each reference from an old object to a young one is
//! remembered.
//!
//! It runs before minor collections where freed memory is filled with a pattern, and in debug
//! builds. It looks at all old objects, so it serves tests. A reference that it finds was stored
//! without the barrier, or the set has lost it.

use super::GenerationalHeap;
use crate::error::{Error, Result};
use crate::heap::{GcRef, LayoutTable, Mutator, ObjectHeader};

impl GenerationalHeap {
    /// Whether the set is checked before this minor collection: always where freed memory is
    /// filled. In other debug builds, as often as the nursery has had a quarter of the heap's
    /// bytes, since a check takes time in proportion to these.
    pub(super) fn checks_remembered(&mut self, mutator: &Mutator) -> bool {
        if !cfg!(debug_assertions) {
            return self.blocks.poison;
        }
        self.unchecked = self.unchecked.saturating_add(self.nursery.bytes);
        let is_due = self.blocks.poison || self.unchecked >= mutator.bump.used_bytes() / 4;
        if is_due {
            self.unchecked = 0;
        }
        is_due
    }

    /// Checks that the set has each reference from an old object to a young one. Objects that
    /// the mutator made in old blocks since the last collection need not be in it.
    ///
    /// Errors: [`Error::Internal`].
    pub(super) fn check_remembered(&mut self, layouts: &LayoutTable) -> Result<()> {
        self.remembered.sort_slots();
        let (space, remembered) = (&self.blocks.space, &self.remembered);
        let region = space.region();
        if remembered.is_incomplete() {
            return Ok(());
        }
        space.each_old_object(layouts, &mut |offset, object| {
            let header = ObjectHeader::from_bits(region.load_u64(offset)?);
            if header.is_remembered() || space.is_in_new_line(offset) {
                return Ok(());
            }
            object.each_reference(|at| {
                let referent = GcRef::from_raw(region.load_u32(offset + at)?);
                if self.is_young(referent) && !remembered.has_slot(offset + at) {
                    return Err(Error::internal(
                        "a reference to a young object that nothing remembers",
                        offset + at,
                    ));
                }
                Ok(())
            })
        })
    }
}
