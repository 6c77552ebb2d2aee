//! The log of the write barrier of a nursery: what the mutator has added to the remembered set.
//!
//! The barrier logs an old object once, when it first gets a reference to a young object: a bit
//! of its header says so then. Of a long array it logs each slot instead, so that a minor
//! collection does not look at all of it. The log is part of the store's hot block, and adding to
//! it needs nothing else. When it is full, the slow barrier moves it to the heap's own set.
//!
//! **Sources.** Logging objects once: Blackburn and McKinley, "Ulterior Reference Counting",
//! OOPSLA 2003. By field: Zhao, Blackburn, McKinley, "Low-Latency, High-Throughput Garbage
//! Collection", PLDI 2022.

use core::cell::Cell;

use super::access::HeapAccess;
use super::header::{Kind, ObjectHeader};
use super::layout::ARRAY_LENGTH;
use super::reference::GcRef;

/// The entries of a log.
const ENTRIES: usize = 32;

/// An array with more elements than this is logged by slot.
pub(crate) const LONG_ARRAY: u32 = 64;

/// What the barrier has logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Logged {
    /// The old object at an offset.
    Object(u64),
    /// The slot at an offset.
    Slot(u64),
}

/// The log. See the [module](self).
#[derive(Debug)]
pub(crate) struct RememberLog {
    count: Cell<u32>,
    /// Offsets of objects, and offsets of slots plus 1.
    entries: [Cell<u64>; ENTRIES],
}

impl RememberLog {
    /// An empty log.
    pub(super) const fn new() -> RememberLog {
        RememberLog {
            count: Cell::new(0),
            entries: [const { Cell::new(0) }; ENTRIES],
        }
    }

    /// Logs that the slot at `at`, in the old object at `holder`, gets a reference to a young
    /// object. `None` if the log is full, or if no object can be at `holder`.
    #[inline(always)]
    pub(super) fn add(&self, memory: &HeapAccess, holder: u64, at: u64) -> Option<()> {
        let word = memory.header_at(GcRef::from_offset(holder))?;
        let header = ObjectHeader::from_bits(word.get());
        if header.is_remembered() {
            return Some(());
        }
        let count = self.count.get();
        let entry = self.entries.get(count as usize)?;
        let is_array = header.kind() == Some(Kind::Array);
        if is_array && memory.load::<u32>(holder + ARRAY_LENGTH)? > LONG_ARRAY {
            entry.set(at + 1);
        } else {
            entry.set(holder);
            word.set(header.remembered(true).bits());
        }
        self.count.set(count + 1);
        Some(())
    }

    /// Takes everything out of the log.
    pub(crate) fn take(&self) -> impl Iterator<Item = Logged> {
        let count = self.count.replace(0) as usize;
        self.entries[..count].iter().map(|entry| match entry.get() {
            slot if slot & 1 == 1 => Logged::Slot(slot - 1),
            object => Logged::Object(object),
        })
    }
}
