//! Count collections. A count collection (minor) frees the objects that neither a slot nor a
//! root refers to. It also frees the objects whose count becomes zero by that.

use core::mem;

use super::{DrcHeap, KEPT_ENTRIES};
use crate::base::fallible;
use crate::error::Result;
use crate::heap::{GcRef, GcRootsList, Kind, LayoutTable, POISON, WriteBarrier, write_free};

impl DrcHeap {
    /// Runs a whole count collection.
    pub(super) fn collect_by_counts(
        &mut self,
        roots: &mut GcRootsList,
        layouts: &LayoutTable,
    ) -> Result<()> {
        self.flag_roots(roots, true)?;
        // In order, so that `is_young` can search.
        self.young_ranges.sort_unstable();
        self.reclaim_dead_zero_counts(layouts)?;
        for range in 0..self.young_ranges.len() {
            let (start, end) = self.young_ranges[range];
            self.reclaim_dead_young(start, end, layouts)?;
        }
        for range in 0..self.young_ranges.len() {
            let (start, end) = self.young_ranges[range];
            self.free_young(start, end, layouts)?;
        }
        self.young_ranges.clear();
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

    /// Reclaims the dead objects among those that were allocated between `start` and `end`.
    fn reclaim_dead_young(&mut self, start: u64, end: u64, layouts: &LayoutTable) -> Result<()> {
        let mut offset = start;
        while offset < end {
            let header = self.header_at(offset)?;
            let bytes = self.size_within(offset, header, end, layouts)?;
            if header.kind() != Some(Kind::Free) {
                self.reclaim_if_dead(GcRef::from_offset(offset), layouts)?;
            }
            offset += bytes;
        }
        Ok(())
    }

    /// Reclaims an object with count zero that no root refers to. If a root refers to it,
    /// adds it to the zero-count table. Does nothing with an object in the table, which
    /// has its own turn.
    fn reclaim_if_dead(&mut self, object: GcRef, layouts: &LayoutTable) -> Result<()> {
        let header = self.counted_header(object)?;
        if header.count() > 0 || header.is_in_zero_counts() {
            return Ok(());
        }
        if header.is_rooted() {
            return self.add_to_zero_counts(object, header);
        }
        self.defer_release(object);
        self.release_deferred(layouts)
    }

    /// Frees the free memory between `start` and `end`, with adjacent blocks as one.
    fn free_young(&mut self, start: u64, end: u64, layouts: &LayoutTable) -> Result<()> {
        let (mut offset, mut free_from) = (start, start);
        while offset < end {
            let header = self.header_at(offset)?;
            let bytes = self.size_within(offset, header, end, layouts)?;
            if header.kind() != Some(Kind::Free) {
                self.space.free(free_from, offset)?;
                free_from = offset + bytes;
            }
            offset += bytes;
        }
        self.space.free(free_from, end)
    }

    fn is_young(&self, offset: u64) -> bool {
        contains(&self.young_ranges, offset)
    }

    /// Adds a dead object to the list of objects to release. If there is no room, the next
    /// major collection finds it.
    fn defer_release(&mut self, object: GcRef) {
        self.must_trace |= fallible::push(&mut self.stack, object).is_err();
    }

    /// Releases the objects whose release was deferred, and all objects that only those
    /// referred to.
    fn release_deferred(&mut self, layouts: &LayoutTable) -> Result<()> {
        while let Some(object) = self.stack.pop() {
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
        if self.poison {
            self.region().fill(offset, offset + bytes, POISON)?;
        }
        // Also for memory that joins the wilderness: the sweeps of weak tables read from
        // this header that the object is dead.
        write_free(self.region(), offset, bytes)?;
        if self.is_young(offset) {
            // `free_young` frees it together with its neighbours.
            return Ok(());
        }
        self.space.free(offset, offset + bytes)
    }
}

/// Whether one of the ranges, which are in order, contains `offset`.
pub(super) fn contains(ranges: &[(u64, u64)], offset: u64) -> bool {
    let after = ranges.partition_point(|&(start, _)| start <= offset);
    after > 0 && offset < ranges[after - 1].1
}
