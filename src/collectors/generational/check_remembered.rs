//! The check of the remembered set: that each reference from an old object to a young one is
//! remembered.
//!
//! It runs before a minor collection where freed memory is filled with a pattern, and in debug
//! builds. It looks at all old objects, so it serves tests. A reference that it finds was stored
//! without the barrier, or the set has lost it.

use super::GenerationalHeap;
use crate::error::{Error, Result};
use crate::heap::{GcRef, LayoutTable, ObjectHeader};

impl GenerationalHeap {
    /// Whether the set is checked before each minor collection.
    pub(super) fn checks_remembered(&self) -> bool {
        self.blocks.poison || cfg!(debug_assertions)
    }

    /// Checks that the set has each reference from an old object to a young one. Objects that
    /// the mutator made in old blocks since the last collection need not be in it.
    ///
    /// Errors: [`Error::Internal`].
    pub(super) fn check_remembered(&self, layouts: &LayoutTable) -> Result<()> {
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
                if self.is_young(referent) && !remembered.slots().any(|slot| slot == offset + at) {
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
