//! Partial collections: what no slot and no root refers to is released, and what only
//! that referred to.

use core::mem;

use super::{DrcHeap, KEPT_ENTRIES};
use crate::base::fallible;
use crate::error::Result;
use crate::heap::{
    GRANULE, GcRef, GcRootsList, Kind, LayoutTable, ObjectHeader, POISON, WriteBarrier, write_free,
};

impl DrcHeap {
    /// Frees what neither a slot nor a root refers to.
    pub(super) fn release_unreferenced(
        &mut self,
        roots: &mut GcRootsList,
        layouts: &LayoutTable,
    ) -> Result<()> {
        self.flag_roots(roots, true)?;
        self.fresh.sort_unstable();
        let mut listed = mem::take(&mut self.zeros);
        for &object in &listed {
            self.judge_listed(object, layouts)?;
        }
        for range in 0..self.fresh.len() {
            let (start, end) = self.fresh[range];
            self.judge_fresh(start, end, layouts)?;
        }
        for range in 0..self.fresh.len() {
            let (start, end) = self.fresh[range];
            self.give_fresh(start, end, layouts)?;
        }
        self.fresh.clear();
        if self.zeros.is_empty() && listed.capacity() <= KEPT_ENTRIES {
            // For its room.
            listed.clear();
            self.zeros = listed;
        }
        self.flag_roots(roots, false)
    }

    fn flag_roots(&self, roots: &mut GcRootsList, rooted: bool) -> Result<()> {
        roots.try_each(|root| {
            let object = root.get();
            self.set(object, self.counted(object)?.rooted(rooted))
        })
    }

    /// Judges an object of the table of zero counts, which is taken out of it.
    fn judge_listed(&mut self, object: GcRef, layouts: &LayoutTable) -> Result<()> {
        let header = ObjectHeader::from_bits(self.region().load_u64(object.offset())?);
        if header.kind() == Some(Kind::Free) {
            // Released since, because of another.
            return Ok(());
        }
        let header = self.counted(object)?.in_zero_counts(false);
        self.set(object, header)?;
        self.judge(object, layouts)
    }

    /// Releases an object without references, unless it has roots: then it is listed.
    fn judge(&mut self, object: GcRef, layouts: &LayoutTable) -> Result<()> {
        let header = self.counted(object)?;
        if header.count() > 0 || header.is_in_zero_counts() {
            return Ok(());
        }
        if header.is_rooted() {
            return self.list(object, header);
        }
        self.push(object);
        self.release_pushed(layouts)
    }

    /// Judges the objects that were made between `start` and `end`.
    fn judge_fresh(&mut self, start: u64, end: u64, layouts: &LayoutTable) -> Result<()> {
        let mut offset = start;
        while offset < end {
            let header = ObjectHeader::from_bits(self.region().load_u64(offset)?);
            let bytes = self.size(offset, header, layouts)?;
            if header.kind() != Some(Kind::Free) {
                self.judge(GcRef::from_offset(offset), layouts)?;
            }
            offset += bytes;
        }
        Ok(())
    }

    /// The size of an object or a free block.
    pub(super) fn size(
        &self,
        offset: u64,
        header: ObjectHeader,
        layouts: &LayoutTable,
    ) -> Result<u64> {
        match header.kind() {
            // A free block is never empty: that would end no walk.
            Some(Kind::Free) => Ok(u64::from(header.type_index()).max(1) * GRANULE),
            _ => Ok(layouts.measure(self.region().view(), offset, header)?.bytes),
        }
    }

    /// Gives what is free between `start` and `end`, neighbours as one.
    fn give_fresh(&mut self, start: u64, end: u64, layouts: &LayoutTable) -> Result<()> {
        let (mut offset, mut free_from) = (start, start);
        while offset < end {
            let header = ObjectHeader::from_bits(self.region().load_u64(offset)?);
            let bytes = self.size(offset, header, layouts)?;
            let is_free = header.kind() == Some(Kind::Free);
            if !is_free {
                self.space.free(free_from, offset)?;
                free_from = offset + bytes;
            }
            offset += bytes;
        }
        self.space.free(free_from, end)
    }

    fn is_fresh(&self, offset: u64) -> bool {
        contains(&self.fresh, offset)
    }

    /// Notes an object to be released. If there is no room, a full collection finds it.
    fn push(&mut self, object: GcRef) {
        self.must_trace |= fallible::push(&mut self.stack, object).is_err();
    }

    /// Releases the objects that were noted, and those that only they referred to.
    fn release_pushed(&mut self, layouts: &LayoutTable) -> Result<()> {
        while let Some(object) = self.stack.pop() {
            let offset = object.offset();
            let header = ObjectHeader::from_bits(self.region().load_u64(offset)?);
            let measured = layouts.measure(self.region().view(), offset, header)?;
            measured.each_reference(|at| {
                let slot = GcRef::from_raw(self.region().load_u32(offset + at)?);
                self.count_less(slot)
            })?;
            self.free_object(offset, measured.bytes)?;
        }
        Ok(())
    }

    /// Counts that a released object's slot goes away.
    fn count_less(&mut self, slot: GcRef) -> Result<()> {
        if !slot.is_object() {
            return Ok(());
        }
        let header = self.counted(slot)?.decrement()?;
        self.set(slot, header)?;
        match header.count() {
            // It is judged later than this one.
            0 if header.is_in_zero_counts() => Ok(()),
            0 if header.is_rooted() => self.list(slot, header),
            0 => {
                self.push(slot);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn free_object(&mut self, offset: u64, bytes: u64) -> Result<()> {
        self.cycle.freed_objects += 1;
        self.cycle.freed_bytes += bytes;
        if self.poison {
            self.region().fill(offset, offset + bytes, POISON)?;
        }
        // Also where it is given away: its header tells those who ask who survived.
        write_free(self.region(), offset, bytes)?;
        if self.is_fresh(offset) {
            // Given with its neighbours.
            return Ok(());
        }
        self.space.free(offset, offset + bytes)
    }
}

/// Whether one of these ranges, which are in order, contains an offset.
pub(super) fn contains(ranges: &[(u64, u64)], offset: u64) -> bool {
    let after = ranges.partition_point(|&(start, _)| start <= offset);
    after > 0 && offset < ranges[after - 1].1
}
