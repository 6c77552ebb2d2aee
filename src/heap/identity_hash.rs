//! Identity hashes: a number for an object that stays when it moves.
//!
//! A moving collector cannot use the address, and a field in every object would
//! cost all of them for the few that are asked. So an object that is asked gets
//! a sequence number in a table keyed by its reference, and a bit in its header
//! that says so; a collection rebuilds the table with the new references. After
//! Agesen ("Space and Time-Efficient Hashing of Garbage-CollectionStats Objects",
//! 1999), with the table in place of a field added on the first move.

use core::ops::Range;

use hashbrown::HashTable;

use super::budget::{Budget, LOOKUP, Progress};
use super::reference::GcRef;
use super::weak_table::{Liveness, WeakTable};
use crate::base::fallible;
use crate::base::hashing::mix;
use crate::error::{Error, Result};

#[derive(Clone, Copy, Debug)]
struct Entry {
    object: GcRef,
    sequence: u64,
}

/// A store's objects that were asked for their hash.
///
/// Invariant: `index` has one position for each entry, found by its object, unless a
/// sweep is under way.
#[derive(Debug)]
pub(crate) struct IdentityHashes {
    entries: Vec<Entry>,
    index: HashTable<u32>,
    next_sequence: u64,
    sweep: Sweep,
}

/// How far a sweep has got.
#[derive(Clone, Copy, Debug)]
enum Sweep {
    /// Entries before `at` have been gone over; `kept` of them are at the front.
    Entries { at: usize, kept: usize },
    /// Entries before `at` are in the index.
    Index { at: usize },
}

const NOT_BEGUN: Sweep = Sweep::Entries { at: 0, kept: 0 };

impl IdentityHashes {
    /// An empty table, which allocates nothing.
    pub(crate) const fn new() -> IdentityHashes {
        IdentityHashes {
            entries: Vec::new(),
            index: HashTable::new(),
            next_sequence: 1,
            sweep: NOT_BEGUN,
        }
    }

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

    /// The hash of an object that was asked before.
    pub(crate) fn get(&self, object: GcRef) -> Option<u64> {
        let entry = self.entries.get(self.position(object)?)?;
        Some(mix(entry.sequence))
    }

    /// Gives an object that was not asked before, as its header says, a hash.
    ///
    /// Errors: [`Error::Internal`] if it was, [`Error::SystemMemory`].
    pub(crate) fn insert(&mut self, object: GcRef) -> Result<u64> {
        if self.position(object).is_some() {
            return Err(Error::internal(
                "a hash of an object that is not marked as hashed",
                object.raw().into(),
            ));
        }
        self.entries
            .try_reserve(1)
            .map_err(|_| fallible::refused(size_of::<Entry>()))?;
        let entries = &self.entries;
        self.index
            .try_reserve(1, |&at| table_hash(entries[at as usize].object))
            .map_err(|_| fallible::refused(size_of::<u32>()))?;
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        fallible::push(&mut self.entries, Entry { object, sequence })?;
        let last = self.entries.len() - 1;
        self.add_to_index(last..last + 1);
        Ok(mix(sequence))
    }

    /// Puts entries into the index, which has room.
    #[expect(clippy::disallowed_methods, reason = "the index has room")]
    fn add_to_index(&mut self, range: Range<usize>) {
        let entries = &self.entries;
        let hash = |&at: &u32| table_hash(entries[at as usize].object);
        for at in range {
            let at = at as u32;
            self.index.insert_unique(hash(&at), at, hash);
        }
    }

    /// Moves the survivors among `count` entries from `at` on to the `kept` ones at the
    /// front; returns how many are there then.
    fn keep(
        &mut self,
        at: usize,
        count: usize,
        mut kept: usize,
        survivors: &Liveness<'_>,
    ) -> Result<usize> {
        for at in at..at + count {
            let entry = self.entries[at];
            if let Some(object) = survivors.get(entry.object)? {
                self.entries[kept] = Entry { object, ..entry };
                kept += 1;
            }
        }
        Ok(kept)
    }

    /// How many objects have a hash.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The objects that have a hash.
    pub(crate) fn objects(&self) -> impl Iterator<Item = GcRef> {
        self.entries.iter().map(|entry| entry.object)
    }

    /// Checks that the index finds each entry.
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
    fn sweep(&mut self, survivors: &Liveness<'_>, budget: &mut Budget) -> Result<Progress> {
        let count = self.entries.len();
        if let Sweep::Entries { at, kept } = self.sweep {
            let now = budget.take(count - at, LOOKUP);
            let kept = self.keep(at, now, kept, survivors)?;
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

/// Where the index looks for an object.
fn table_hash(object: GcRef) -> u64 {
    mix(object.raw().into())
}
