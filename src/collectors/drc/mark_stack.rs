//! The room of the stack of a backup trace, and what happens when it is full (HEAP-54).
//!
//! The stack keeps room for an entry for each [`BYTES_FOR_ENTRY`] committed bytes. Beyond
//! that it grows while the system has memory. If it is full, an object is marked with a flag
//! instead, and a walk over the heap finds such objects and scans them.

use super::{DrcHeap, KEPT_ENTRIES};
use crate::base::room::Room;
use crate::base::{fallible, room, work};
use crate::error::Result;
use crate::heap::{Budget, CountedHeader, GcRef, KEPT_BYTES, Kind, LayoutTable, Progress};

/// The committed bytes for which the stack has one entry of 4 bytes.
const BYTES_FOR_ENTRY: u64 = 1024;

/// The entries whose memory goes back at a time: 64 KiB.
const ENTRIES_AT_ONCE: usize = 16 << 10;

impl DrcHeap {
    /// The number of entries that the stack keeps room for.
    fn stack_room(&self) -> usize {
        (self.committed_bytes_of_space() / BYTES_FOR_ENTRY) as usize
    }

    /// Makes sure of the stack's room. The stack must be empty.
    ///
    /// Errors: [`Error::SystemMemory`](crate::error::Error::SystemMemory). A backup trace
    /// works with less room, but may need more walks.
    pub(super) fn reserve_stack(&mut self) -> Result<()> {
        let wanted = self.stack_room();
        if self.stack.capacity() < wanted {
            let bytes = wanted * size_of::<GcRef>();
            let reserved = self.stack.try_reserve_exact(wanted);
            return reserved.map_err(|_| fallible::refused(bytes));
        }
        Ok(())
    }

    /// Cuts the stack to its room. It must be empty.
    pub(super) fn trim_stack(&mut self) {
        let kept = self.stack_room();
        room::give_back(&mut self.stack, kept);
    }

    /// Cuts the stack of a pooled heap to the room that the part of the heap needs that stays
    /// resident (HEAP-9). It must be empty.
    pub(super) fn cut_stack_for_pool(&mut self) {
        let kept = (KEPT_BYTES / BYTES_FOR_ENTRY) as usize;
        if self.stack.capacity() > kept {
            self.stack = Vec::new();
        }
    }

    /// Cuts a stack that has grown beyond what it may keep to its room, as far as the budget
    /// allows: first discards its pages from the end. The stack must be empty.
    pub(super) fn shrink_stack(&mut self, budget: &mut Budget) -> Progress {
        let kept = self.stack_room();
        let mut at = match self.state.stack_end {
            Some(at) => at,
            None if self.stack.capacity() <= KEPT_ENTRIES.max(kept) => return Progress::Complete,
            None => self.stack.capacity(),
        };
        while at > kept {
            if budget.is_spent() {
                self.state.stack_end = Some(at);
                return Progress::Continue;
            }
            let from = at.saturating_sub(ENTRIES_AT_ONCE).max(kept);
            Room::discard(&mut self.stack, from, at);
            budget.spend(((at - from) * size_of::<GcRef>() / 16) as u64);
            at = from;
        }
        self.state.stack_end = None;
        Room::cut(&mut self.stack, kept);
        Progress::Complete
    }

    /// Continues the walk that scans the marked objects for which the stack had no room: from
    /// the offset `at` to the next such object, or over about `most` bytes. Scans one object
    /// at most; the stack is emptied before the walk goes on. Returns what that cost.
    ///
    /// If the stack overflows again, it has been filled since the walk began, with objects
    /// that were not marked before. So the number of walks is at most the number of objects
    /// divided by the stack's room, plus one.
    #[cold]
    pub(super) fn walk_overflowed(
        &mut self,
        at: u64,
        most: u64,
        layouts: &LayoutTable,
    ) -> Result<u64> {
        let end = self.state.end;
        let stop = at.saturating_add(most).min(end);
        let (mut offset, mut found) = (at, None);
        while offset < stop && found.is_none() {
            let header = self.header_at(offset)?;
            let counted = CountedHeader::of_any(header);
            if header.kind() != Some(Kind::Free) && counted.is_rooted() {
                let object = GcRef::from_offset(offset);
                self.set_header(object, counted.rooted(false))?;
                found = Some(object);
            }
            offset += self.size_within(offset, header, end, layouts)?;
        }
        self.state.walk = (offset < end).then_some(offset);
        let walked = (offset - at) / 4;
        work::count(walked as usize);
        Ok(match found {
            Some(object) => walked + self.scan_object(object, layouts)?,
            None => walked,
        })
    }
}
