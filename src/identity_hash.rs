//! Identity hashes: a number for an object that stays when it moves.
//!
//! A moving collector cannot use the address, and a field in every object would
//! cost all of them for the few that are asked. So an object that is asked gets
//! a sequence number in a table keyed by its reference, and a bit in its header
//! that says so; a collection rebuilds the table with the new references. After
//! Agesen ("Space and Time-Efficient Hashing of Garbage-Collected Objects",
//! 1999), with the table in place of a field added on the first move.

use hashbrown::HashTable;

use crate::error::{Error, Result};
use crate::fallible;
use crate::heap::{GcRef, Survivors, WeakTable};

#[derive(Clone, Copy, Debug)]
struct Entry {
    object: GcRef,
    sequence: u64,
}

/// A store's objects that were asked for their hash.
///
/// Invariant: `index` has one position for each entry, found by its object.
#[derive(Debug)]
pub(crate) struct IdentityHashes {
    entries: Vec<Entry>,
    index: HashTable<u32>,
    next_sequence: u64,
}

impl IdentityHashes {
    /// An empty table, which allocates nothing.
    pub(crate) const fn new() -> IdentityHashes {
        IdentityHashes {
            entries: Vec::new(),
            index: HashTable::new(),
            next_sequence: 1,
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
                "an object with a hash that is not hashed",
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
        self.index_last();
        Ok(mix(sequence))
    }

    /// Puts the last entry into the index, which has room.
    #[expect(clippy::disallowed_methods, reason = "the index has room")]
    fn index_last(&mut self) {
        let entries = &self.entries;
        let at = entries.len() - 1;
        let hash = |&at: &u32| table_hash(entries[at as usize].object);
        self.index
            .insert_unique(hash(&(at as u32)), at as u32, hash);
    }

    /// Puts all entries into the index anew. Needs no memory.
    #[expect(
        clippy::disallowed_methods,
        reason = "the index had as many entries before"
    )]
    fn rebuild_index(&mut self) {
        self.index.clear();
        let entries = &self.entries;
        let hash = |&at: &u32| table_hash(entries[at as usize].object);
        for at in 0..entries.len() as u32 {
            self.index.insert_unique(hash(&at), at, hash);
        }
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
                "an identity hash that is not found",
                self.len() as u64,
            ));
        }
        Ok(())
    }
}

impl WeakTable for IdentityHashes {
    fn sweep(&mut self, survivors: &Survivors<'_>) -> Result<()> {
        if self.entries.is_empty() {
            return Ok(());
        }
        let mut outcome = Ok(());
        self.entries
            .retain_mut(|entry| match survivors.get(entry.object) {
                Ok(Some(new)) => {
                    entry.object = new;
                    true
                }
                Ok(None) => false,
                Err(error) => {
                    outcome = Err(error);
                    false
                }
            });
        self.rebuild_index();
        outcome
    }
}

/// Where the index looks for an object.
fn table_hash(object: GcRef) -> u64 {
    mix(object.raw().into())
}

/// Spreads a number over all 64 bits, one to one; 0 stays 0. The finalizer of
/// SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number
/// Generators", OOPSLA 2014).
pub(crate) const fn mix(number: u64) -> u64 {
    let mut z = number;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
