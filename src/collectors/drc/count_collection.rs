//! Count collections. A count collection (minor) frees the objects that neither a slot nor a
//! root refers to. It also frees the objects whose count becomes zero by that.
//!
//! It walks over the lines that were taken since the last collection, and keeps the objects
//! there that are alive: from then on their lines count them. An object that is kept, and dies
//! later in the same walk, is released as an old one.

use core::mem;

use super::{DrcHeap, KEPT_ENTRIES};
use crate::base::fallible;
use crate::error::Result;
use crate::heap::{
    BlockState, GcRef, GcRootsList, Kind, LINE_BYTES, LayoutTable, POISON, WriteBarrier, write_free,
};

impl DrcHeap {
    /// Runs a whole count collection.
    pub(super) fn collect_by_counts(
        &mut self,
        roots: &mut GcRootsList,
        layouts: &LayoutTable,
    ) -> Result<()> {
        self.blocks.forget_window();
        self.flag_roots(roots, true)?;
        let in_gaps = self.keep_in_gaps(layouts)?;
        self.reclaim_dead_zero_counts(layouts)?;
        self.reclaim_all(&in_gaps, layouts)?;
        self.walk_young(layouts)?;
        self.flag_roots(roots, false)
    }

    /// Sets or clears the flag of the objects that roots refer to.
    fn flag_roots(&self, roots: &mut GcRootsList, rooted: bool) -> Result<()> {
        roots.try_each(|root| {
            let object = root.get();
            self.set_header(object, self.counted_header(object)?.rooted(rooted))
        })
    }

    /// Empties the zero-count table and reclaims its dead objects. Objects that only roots
    /// refer to are added again.
    fn reclaim_dead_zero_counts(&mut self, layouts: &LayoutTable) -> Result<()> {
        let mut entries = mem::take(&mut self.zero_counts);
        for &object in &entries {
            if self.header_at(object.offset())?.kind() == Some(Kind::Free) {
                // Reclaimed together with an object of an earlier entry.
                continue;
            }
            let header = self.counted_header(object)?.in_zero_counts(false);
            self.set_header(object, header)?;
            self.reclaim_if_dead(object, layouts)?;
        }
        if self.zero_counts.is_empty() && entries.capacity() <= KEPT_ENTRIES {
            // Keeps the room.
            entries.clear();
            self.zero_counts = entries;
        }
        Ok(())
    }

    /// Counts the objects that were made in gaps in their lines, which are old. Returns them.
    fn keep_in_gaps(&mut self, layouts: &LayoutTable) -> Result<Vec<GcRef>> {
        let objects = self.blocks.taken_gaps.take();
        for object in &objects {
            let offset = object.offset();
            let header = self.header_at(offset)?;
            let bytes = self.size(offset, header, layouts)?;
            if header.kind() == Some(Kind::Free) {
                // The gap was not used, or its object could not be initialised.
                self.blocks.space.return_gap(offset, bytes);
            } else {
                self.blocks.space.keep(offset, bytes);
            }
        }
        Ok(objects)
    }

    /// Reclaims the dead ones of these objects.
    fn reclaim_all(&mut self, objects: &[GcRef], layouts: &LayoutTable) -> Result<()> {
        for &object in objects {
            if self.header_at(object.offset())?.kind() != Some(Kind::Free) {
                self.reclaim_if_dead(object, layouts)?;
            }
        }
        Ok(())
    }

    /// Reclaims the dead objects among those that were made since the last collection, and
    /// keeps the others.
    fn walk_young(&mut self, layouts: &LayoutTable) -> Result<()> {
        let mut from = 0;
        while let Some(block) = self.blocks.space.young_block(from) {
            self.walk_young_block(block, layouts)?;
            from = block + 1;
        }
        while let Some(block) = self.blocks.space.young_block(0) {
            self.blocks.space.end_young(block)?;
            if self.blocks.space.uses_gaps() {
                self.blocks.space.list_gaps(block, layouts)?;
            }
        }
        Ok(())
    }

    fn walk_young_block(&mut self, block: usize, layouts: &LayoutTable) -> Result<()> {
        let start = self.blocks.space.start_of(block);
        if self.blocks.space.records()[block].state() == BlockState::LargeHead {
            let bytes = self.measure(start, layouts)?.bytes;
            self.blocks.space.check_run(start, bytes)?;
            return self.reclaim_or_keep(start, bytes, layouts);
        }
        let mut line = 0;
        while let Some(lines) = self.blocks.space.young_lines(block, line) {
            let (mut at, end) = (lines.start as u64, lines.end as u64);
            (at, line) = (start + at * LINE_BYTES, lines.end);
            let end = start + end * LINE_BYTES;
            while at < end {
                let header = self.header_at(at)?;
                let bytes = self.size_within(at, header, end, layouts)?;
                if header.kind() != Some(Kind::Free) {
                    self.reclaim_or_keep(at, bytes, layouts)?;
                }
                at += bytes;
            }
        }
        Ok(())
    }

    /// Reclaims the new object of `bytes` at `offset` if it is dead, and keeps it if not.
    fn reclaim_or_keep(&mut self, offset: u64, bytes: u64, layouts: &LayoutTable) -> Result<()> {
        if !self.reclaim_if_dead(GcRef::from_offset(offset), layouts)? {
            self.blocks.space.keep(offset, bytes);
        }
        Ok(())
    }

    /// Reclaims an object with count zero that no root refers to. If a root refers to it,
    /// adds it to the zero-count table. Does nothing with an object in the table, which
    /// has its own turn. Returns whether it was reclaimed.
    fn reclaim_if_dead(&mut self, object: GcRef, layouts: &LayoutTable) -> Result<bool> {
        let header = self.counted_header(object)?;
        if header.count() > 0 || header.is_in_zero_counts() {
            return Ok(false);
        }
        if header.is_rooted() {
            self.add_to_zero_counts(object, header)?;
            return Ok(false);
        }
        if !self.defer_release(object) {
            return Ok(false);
        }
        self.release_deferred(layouts)?;
        Ok(true)
    }

    /// Adds a dead object to the list of objects to release. If there is no room, the next
    /// major collection finds it. Whether there was room.
    fn defer_release(&mut self, object: GcRef) -> bool {
        let is_added = fallible::push(&mut self.dead, object).is_ok();
        self.must_trace |= !is_added;
        is_added
    }

    /// Releases the objects whose release was deferred, and all objects that only those
    /// referred to.
    fn release_deferred(&mut self, layouts: &LayoutTable) -> Result<()> {
        while let Some(object) = self.dead.pop() {
            let offset = object.offset();
            let measured = self.measure(offset, layouts)?;
            self.state.visited.visit(offset, measured.bytes)?;
            measured.each_reference(|at| {
                let referent = self.slot_at(offset + at)?;
                self.decrement(referent)
            })?;
            self.free_object(offset, measured.bytes)?;
        }
        Ok(())
    }

    /// Decrements the referent of a slot in an object that is released. Does nothing for a
    /// slot that refers to no object.
    fn decrement(&mut self, referent: GcRef) -> Result<()> {
        if !referent.is_object() {
            return Ok(());
        }
        let header = self.counted_header(referent)?.decrement()?;
        self.set_header(referent, header)?;
        match header.count() {
            // Its entry in the table has its own turn.
            0 if header.is_in_zero_counts() => Ok(()),
            0 if header.is_rooted() => self.add_to_zero_counts(referent, header),
            0 => {
                self.defer_release(referent);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn free_object(&mut self, offset: u64, bytes: u64) -> Result<()> {
        self.state.freed_objects += 1;
        self.state.freed_bytes += bytes;
        if self.blocks.poison {
            self.region().fill(offset, offset + bytes, POISON)?;
        }
        // The sweeps of weak tables read from this header that the object is dead.
        write_free(self.region(), offset, bytes)?;
        self.blocks.space.release_object(offset, bytes)
    }
}
