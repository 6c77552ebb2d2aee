//! Identity hashes: a number for an object that stays the same when the object moves.
//!
//! An object that is asked for its hash gets a sequence number in a table, and a bit in its
//! header that says so (OBJECTS-6). The table is keyed by reference. A collection rebuilds
//! it with the new references.

use core::ops::Range;

use hashbrown::HashTable;

use super::budget::{Budget, LOOKUP, Progress};
use super::reference::GcRef;
use super::weak_table::{Liveness, WeakTable};
use crate::base::fallible;
use crate::base::hashing::mix;
use crate::base::side_meter::SideMeter;
use crate::error::{Error, Result};

#[derive(Clone, Copy, Debug)]
struct Entry {
    object: GcRef,
    sequence: u64,
}

/// The identity hashes of a store's objects.
///
/// Invariant: `index` maps the object of each entry to the entry's position, unless a sweep
/// is under way.
#[derive(Debug)]
pub(crate) struct IdentityHashes {
    entries: Vec<Entry>,
    index: HashTable<u32>,
    next_sequence: u64,
    sweep: Sweep,
    side: SideMeter,
}

/// What a sweep does next.
#[derive(Clone, Copy, Debug)]
enum Sweep {
    /// Sweeps the entries from `at` on. The first `kept` entries are survivors.
    Entries { at: usize, kept: usize },
    /// Adds the entries from `at` on to the index.
    Index { at: usize },
}

const NOT_BEGUN: Sweep = Sweep::Entries { at: 0, kept: 0 };

impl IdentityHashes {
    /// An empty table. Allocates nothing.
    pub(crate) const fn new() -> IdentityHashes {
        IdentityHashes {
            entries: Vec::new(),
            index: HashTable::new(),
            next_sequence: 1,
            sweep: NOT_BEGUN,
            side: SideMeter::none(),
        }
    }

    /// The same table, bounded by a meter.
    pub(crate) fn limited_by(mut self, side: &SideMeter) -> IdentityHashes {
        self.side = side.share();
        self
    }

    /// The position of the object's entry.
    fn position(&self, object: GcRef) -> Option<usize> {
        let same = |&at: &u32| {
            self.entries
                .get(at as usize)
                .is_some_and(|e| e.object == object)
        };
        self.index
            .find(table_hash(object), same)
            .map(|&at| at as usize)
    }

    /// The object's hash, if the object was asked for it before.
    pub(crate) fn get(&self, object: GcRef) -> Option<u64> {
        let entry = self.entries.get(self.position(object)?)?;
        Some(mix(entry.sequence))
    }

    /// Gives the object a hash. Its header says that it has none yet.
    ///
    /// Errors: [`Error::Internal`] if it has one; [`Error::SystemMemory`].
    pub(crate) fn insert(&mut self, object: GcRef) -> Result<u64> {
        if self.position(object).is_some() {
            return Err(Error::internal(
                "a hash of an object that is not marked as hashed",
                object.raw().into(),
            ));
        }
        self.side.reserve(&mut self.entries, 1)?;
        let entries = &self.entries;
        let hash = |&at: &u32| table_hash(entries[at as usize].object);
        self.side.reserve_entry(&mut self.index, hash)?;
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        fallible::push(&mut self.entries, Entry { object, sequence })?;
        let last = self.entries.len() - 1;
        self.add_to_index(last..last + 1);
        Ok(mix(sequence))
    }

    /// Adds the entries at these positions to the index, which has room for them.
    #[expect(clippy::disallowed_methods, reason = "the index has room")]
    fn add_to_index(&mut self, range: Range<usize>) {
        let entries = &self.entries;
        let hash = |&at: &u32| table_hash(entries[at as usize].object);
        for at in range {
            let at = at as u32;
            self.index.insert_unique(hash(&at), at, hash);
        }
    }

    /// Moves the survivors among the `count` entries from `at` on behind the first `kept`
    /// entries. Returns the new number of survivors at the front.
    fn keep(
        &mut self,
        at: usize,
        count: usize,
        mut kept: usize,
        liveness: &Liveness<'_>,
    ) -> Result<usize> {
        for at in at..at + count {
            let entry = self.entries[at];
            if let Some(object) = liveness.current_ref(entry.object)? {
                self.entries[kept] = Entry { object, ..entry };
                kept += 1;
            }
        }
        Ok(kept)
    }

    /// The number of objects that have a hash.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The objects that have a hash.
    pub(crate) fn objects(&self) -> impl Iterator<Item = GcRef> {
        self.entries.iter().map(|entry| entry.object)
    }

    /// Gives back the room that the present entries do not need. There must be no sweep.
    pub(crate) fn give_back(&mut self) {
        fallible::shrink(&mut self.entries, 0);
        let count = self.entries.len();
        let mut index = HashTable::new();
        if self.index.capacity() / 2 > count && index.try_reserve(count, |_| 0).is_ok() {
            self.index = index;
            self.add_to_index(0..count);
        }
    }

    /// The bytes of memory that the table has.
    pub(crate) fn side_bytes(&self) -> u64 {
        fallible::bytes(&self.entries) + self.index.allocation_size() as u64
    }

    /// Checks that the index finds each entry.
    ///
    /// Errors: [`Error::Internal`].
    pub(crate) fn check(&self) -> Result<()> {
        let found = |(at, entry): (usize, &Entry)| self.position(entry.object) == Some(at);
        if self.index.len() != self.entries.len() || !self.entries.iter().enumerate().all(found) {
            return Err(Error::internal(
                "an identity hash that its index does not find",
                self.len() as u64,
            ));
        }
        Ok(())
    }
}

impl WeakTable for IdentityHashes {
    fn sweep(&mut self, liveness: &Liveness<'_>, budget: &mut Budget) -> Result<Progress> {
        let count = self.entries.len();
        if let Sweep::Entries { at, kept } = self.sweep {
            let now = budget.take(count - at, LOOKUP);
            let kept = self.keep(at, now, kept, liveness)?;
            let at = at + now;
            self.sweep = Sweep::Entries { at, kept };
            if at < count {
                return Ok(Progress::Continue);
            }
            self.entries.truncate(kept);
            self.index.clear();
            self.sweep = Sweep::Index { at: 0 };
        }
        if let Sweep::Index { at } = self.sweep {
            let left = self.entries.len() - at;
            let now = budget.take(left, LOOKUP);
            self.add_to_index(at..at + now);
            self.sweep = Sweep::Index { at: at + now };
            if now < left {
                return Ok(Progress::Continue);
            }
        }
        self.sweep = NOT_BEGUN;
        Ok(Progress::Complete)
    }
}

/// The hash by which the index finds an object.
fn table_hash(object: GcRef) -> u64 {
    mix(object.raw().into())
}
