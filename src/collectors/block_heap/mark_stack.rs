//! The queue of marked objects that have to be scanned.
//!
//! It is a stack, so the trace is depth first and the stack stays small. Objects that leave the
//! stack pass a short buffer, in which they wait for the memory that was asked for in advance.
//! The stack has a fixed room. If it is full, the object's gray bit is set instead
//! (`mark.rs`).
//!
//! **Sources.** The buffer: Cher, Hosking, Vitek, "Software Prefetching for Mark-Sweep Garbage
//! Collection", ASPLOS 2004.

use crate::base::{fallible, room};
use crate::error::Result;
use crate::heap::GcRef;

/// The objects that wait for their memory.
const RING: usize = 8;

/// The committed bytes for which the stack has one entry of 4 bytes.
const BYTES_FOR_ENTRY: u64 = 1024;

/// The least number of entries.
const LEAST_ENTRIES: usize = 256;

/// Marked objects that have to be scanned.
#[derive(Debug)]
pub(crate) struct MarkStack {
    entries: Vec<GcRef>,
    /// Objects that left the stack, in the order in which they are scanned, and nulls. The
    /// first is at `at`, and after the last place comes the first.
    ring: [GcRef; RING],
    at: usize,
}

impl MarkStack {
    /// A stack without room.
    pub(crate) const fn new() -> MarkStack {
        MarkStack {
            entries: Vec::new(),
            ring: [GcRef::NULL; RING],
            at: 0,
        }
    }

    /// The entries that a heap of `bytes` needs.
    fn room_for(bytes: u64) -> usize {
        ((bytes / BYTES_FOR_ENTRY) as usize).max(LEAST_ENTRIES)
    }

    /// Makes sure of the room that a heap of `bytes` needs. The stack must be empty.
    ///
    /// Errors: [`Error::SystemMemory`](crate::error::Error::SystemMemory). A trace works with
    /// less room.
    pub(crate) fn reserve(&mut self, bytes: u64) -> Result<()> {
        let missing = MarkStack::room_for(bytes).saturating_sub(self.entries.capacity());
        if missing == 0 {
            return Ok(());
        }
        self.entries = fallible::with_room(MarkStack::room_for(bytes))?;
        Ok(())
    }

    /// Gives back the room that a heap of `bytes` does not need. The stack must be empty.
    pub(crate) fn trim(&mut self, bytes: u64) {
        room::give_back(&mut self.entries, MarkStack::room_for(bytes));
    }

    /// The bytes of memory that the stack has.
    pub(crate) fn side_bytes(&self) -> u64 {
        fallible::bytes(&self.entries)
    }

    /// Forgets all objects.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.ring = [GcRef::NULL; RING];
    }

    /// Adds an object. Whether there was room.
    #[inline(always)]
    pub(crate) fn push(&mut self, object: GcRef) -> bool {
        let has_room = self.entries.len() < self.entries.capacity();
        if has_room {
            // SAFETY: the length is less than the capacity.
            unsafe {
                self.entries
                    .as_mut_ptr()
                    .add(self.entries.len())
                    .write(object);
                self.entries.set_len(self.entries.len() + 1);
            }
        }
        has_room
    }

    /// Removes an object. Calls `prefetch` for objects that will be removed soon.
    #[inline(always)]
    pub(crate) fn pop(&mut self, prefetch: impl Fn(GcRef)) -> Option<GcRef> {
        // Each turn of the ring that finds nothing means that nothing is left.
        for _ in 0..=RING {
            let next = self.entries.pop().unwrap_or(GcRef::NULL);
            prefetch(next);
            let object = core::mem::replace(&mut self.ring[self.at % RING], next);
            self.at = self.at.wrapping_add(1);
            if !object.is_null() {
                return Some(object);
            }
        }
        None
    }
}
