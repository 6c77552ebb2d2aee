//! Identity hashes: a number for an object that stays the same when the object moves.
//!
//! An object that is asked for its hash gets a sequence number in a table, and a bit in its
//! header that says so (OBJECTS-6). The table is keyed by reference. A collection rebuilds
//! it with the new references.

use super::budget::{Budget, LOOKUP, Progress};
use super::reference::GcRef;
use super::shrinking::Shrinking;
use super::weak_table::{Liveness, WeakTable};
use crate::base::dirty_groups::DirtyGroups;
use crate::base::hashing::{KeyedHash, mix};
use crate::base::place_index::PlaceIndex;
use crate::base::side_meter::SideMeter;
use crate::base::{fallible, room, work};
use crate::error::{Error, Result};

/// The place of no entry. Ends the chain of free places.
const NONE: u32 = u32::MAX;

/// An entry. In a free place the object is null, and the sequence number is the next free place.
#[derive(Clone, Copy, Debug)]
struct Entry {
    object: GcRef,
    sequence: u64,
}

/// The identity hashes of a store's objects.
///
/// Invariant: `index` maps the object of each entry to the entry's position, unless a sweep that
/// moves entries is under way. All other places are in the chain of free places.
#[derive(Debug)]
pub(crate) struct IdentityHashes {
    entries: Vec<Entry>,
    index: PlaceIndex,
    /// The program chooses which objects get a hash, and so the references in the table.
    hash: KeyedHash,
    next_sequence: u64,
    sweep: Sweep,
    side: SideMeter,
    shrinking: Shrinking,
    index_shrinking: Shrinking,
    /// The entries have shrunk, and the index has not yet.
    entries_trimmed: bool,
    /// The first free place, or [`NONE`].
    free: u32,
    /// The entries whose objects may be young.
    young: DirtyGroups,
    /// The entries that a sweep between the program's steps has visited.
    visited: usize,
}

/// What a sweep does next.
#[derive(Clone, Copy, Debug)]
enum Sweep {
    /// Sweeps the entries from `at` on. The first `kept` entries are survivors.
    Entries { at: usize, kept: usize },
    /// Empties the slots of the index from `at` on.
    Clear { at: usize },
    /// Adds the entries from `at` on to the index.
    Index { at: usize },
}

const NOT_BEGUN: Sweep = Sweep::Entries { at: 0, kept: 0 };

impl IdentityHashes {
    /// An empty table. Allocates nothing.
    pub(crate) fn new() -> IdentityHashes {
        IdentityHashes {
            entries: Vec::new(),
            index: PlaceIndex::new(),
            hash: KeyedHash::new(),
            next_sequence: 1,
            sweep: NOT_BEGUN,
            shrinking: Shrinking::new(),
            index_shrinking: Shrinking::new(),
            entries_trimmed: false,
            free: NONE,
            young: DirtyGroups::new(),
            visited: 0,
            side: SideMeter::none(),
        }
    }

    /// The same table, bounded by a meter.
    pub(crate) fn limited_by(mut self, side: &SideMeter) -> IdentityHashes {
        self.side = side.share();
        self
    }

    /// The hash by which the index finds an object.
    fn table_hash(&self, object: GcRef) -> u32 {
        self.hash.of(object.raw().into())
    }

    /// The position of the object's entry.
    fn position(&self, object: GcRef) -> Option<usize> {
        let same = |at: u32| {
            self.entries
                .get(at as usize)
                .is_some_and(|e| e.object == object)
        };
        let found = self.index.find(self.table_hash(object), same);
        found.map(|at| at as usize)
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
        if self.free == NONE {
            if self.entries.len() >= NONE as usize {
                return Err(Error::Limit {
                    what: "identity hashes in a store",
                    limit: NONE.into(),
                });
            }
            self.side.reserve(&mut self.entries, 1)?;
        }
        self.index.reserve_one(&self.side)?;
        let sequence = self.next_sequence;
        let entry = Entry { object, sequence };
        let at = self.free as usize;
        let at = if self.free == NONE {
            fallible::push(&mut self.entries, entry)?;
            self.entries.len() - 1
        } else {
            self.free = self.entries[at].sequence as u32;
            self.entries[at] = entry;
            at
        };
        self.next_sequence += 1;
        self.young.fit(self.entries.len());
        self.young.mark(at as u32);
        self.add_to_index(at);
        Ok(mix(sequence))
    }

    /// Removes the entry at a position.
    fn remove_at(&mut self, at: usize) {
        let hash = self.table_hash(self.entries[at].object);
        self.index.remove(hash, at as u32);
        self.entries[at] = Entry {
            object: GcRef::NULL,
            sequence: self.free.into(),
        };
        self.free = at as u32;
    }

    /// Adds the entry at a position to the index, which has room for it. Returns the number
    /// of slots that were probed.
    fn add_to_index(&mut self, at: usize) -> u64 {
        let hash = self.table_hash(self.entries[at].object);
        self.index.insert(hash, at as u32)
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
        work::count(count * LOOKUP as usize);
        for at in at..at + count {
            let entry = self.entries[at];
            if entry.object.is_null() {
                continue;
            }
            if let Some(object) = liveness.current_ref(entry.object)? {
                self.entries[kept] = Entry { object, ..entry };
                kept += 1;
            }
        }
        Ok(kept)
    }

    /// Ends the first phase of a sweep, which kept `kept` entries.
    fn begin_index(&mut self, kept: usize) {
        self.shrinking.note(self.entries.len());
        self.index_shrinking
            .note(PlaceIndex::slots_for(self.entries.len()));
        self.entries.truncate(kept);
        self.free = NONE;
        let slots = self.index.slots();
        if slots > 0 {
            let wanted = self.index_shrinking.wanted(slots);
            self.index.begin_clearing(wanted.unwrap_or(slots));
        }
        self.sweep = Sweep::Clear { at: 0 };
    }

    /// Sweeps the entries whose objects may be young.
    ///
    /// Errors: those of [`Liveness::current_ref`].
    fn sweep_young(&mut self, liveness: &Liveness<'_>) -> Result<()> {
        let young = core::mem::replace(&mut self.young, DirtyGroups::new());
        let outcome = young
            .ranges(self.entries.len())
            .flatten()
            .try_for_each(|at| self.sweep_young_entry(at, liveness));
        self.young = young;
        outcome
    }

    fn sweep_young_entry(&mut self, at: usize, liveness: &Liveness<'_>) -> Result<()> {
        let object = self.entries[at].object;
        if object.is_null() {
            return Ok(());
        }
        match liveness.current_ref(object)? {
            Some(same) if same == object => {}
            Some(new) => {
                self.index.remove(self.table_hash(object), at as u32);
                self.entries[at].object = new;
                self.add_to_index(at);
            }
            None => self.remove_at(at),
        }
        Ok(())
    }

    /// Notes that an object has moved.
    ///
    /// Errors: [`Error::Internal`] if it has no hash.
    pub(crate) fn note_moved(&mut self, old: GcRef, new: GcRef) -> Result<()> {
        let Some(at) = self.position(old) else {
            let what = "an object without its hash that has moved";
            return Err(Error::internal(what, old.raw().into()));
        };
        self.index.remove(self.table_hash(old), at as u32);
        self.entries[at].object = new;
        self.add_to_index(at);
        Ok(())
    }

    /// Notes that all objects are old.
    pub(crate) fn forget_young(&mut self) {
        self.young.clear(self.entries.len());
    }

    /// Gives back memory after a sweep in a major collection, as far as the budget allows.
    pub(crate) fn trim(&mut self, budget: &mut Budget) -> Progress {
        if !self.entries_trimmed {
            let used = self.entries.len();
            if self.shrinking.end_major(&mut self.entries, used, budget) == Progress::Continue {
                return Progress::Continue;
            }
            self.entries_trimmed = true;
        }
        let used = PlaceIndex::slots_for(self.entries.len());
        let progress = self
            .index_shrinking
            .end_major(self.index.room(), used, budget);
        self.entries_trimmed = progress == Progress::Continue;
        progress
    }

    /// The number of objects that have a hash.
    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    /// The objects that have a hash.
    pub(crate) fn objects(&self) -> impl Iterator<Item = GcRef> {
        let objects = self.entries.iter().map(|entry| entry.object);
        objects.filter(|object| !object.is_null())
    }

    /// Gives back the room that the present entries do not need. There must be no sweep.
    pub(crate) fn give_back(&mut self) {
        let used = self.entries.len();
        room::give_back(&mut self.entries, used);
        self.index.give_back();
    }

    /// The bytes of memory that the table has.
    pub(crate) fn side_bytes(&self) -> u64 {
        fallible::bytes(&self.entries) + self.index.side_bytes()
    }

    /// Checks that the index finds each entry.
    ///
    /// Errors: [`Error::Internal`].
    pub(crate) fn check(&self) -> Result<()> {
        let mut free = 0;
        let mut next = self.free;
        while let Some(entry) = self.entries.get(next as usize).filter(|_| next != NONE) {
            free += 1;
            if !entry.object.is_null() || free > self.entries.len() {
                return Err(Error::internal("a wrong free identity hash", next.into()));
            }
            next = entry.sequence as u32;
        }
        let found = |(at, entry): (usize, &Entry)| {
            entry.object.is_null() || self.position(entry.object) == Some(at)
        };
        if self.index.len() + free != self.entries.len()
            || !self.entries.iter().enumerate().all(found)
        {
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
        if let Liveness::Promoted { .. } = liveness {
            self.sweep_young(liveness)?;
            return Ok(Progress::Complete);
        }
        let count = self.entries.len();
        if let Sweep::Entries { at, kept } = self.sweep {
            let now = budget.take(count - at, LOOKUP);
            let kept = self.keep(at, now, kept, liveness)?;
            let at = at + now;
            self.sweep = Sweep::Entries { at, kept };
            if at < count {
                return Ok(Progress::Continue);
            }
            self.begin_index(kept);
        }
        if let Sweep::Clear { at } = self.sweep {
            let left = self.index.slots() - at;
            let now = budget.take(left, 1);
            self.index.clear(at, now);
            self.sweep = Sweep::Clear { at: at + now };
            if now < left {
                return Ok(Progress::Continue);
            }
            self.sweep = Sweep::Index { at: 0 };
        }
        if let Sweep::Index { mut at } = self.sweep {
            while at < self.entries.len() && !budget.is_spent() {
                budget.spend(LOOKUP + self.add_to_index(at));
                at += 1;
            }
            self.sweep = Sweep::Index { at };
            if at < self.entries.len() {
                return Ok(Progress::Continue);
            }
        }
        self.sweep = NOT_BEGUN;
        Ok(Progress::Complete)
    }

    fn sweep_between(&mut self, liveness: &Liveness<'_>, budget: &mut Budget) -> Result<Progress> {
        let left = self.entries.len() - self.visited;
        let now = budget.take(left, LOOKUP);
        work::count(now * LOOKUP as usize);
        for at in self.visited..self.visited + now {
            let object = self.entries[at].object;
            if !object.is_null() && liveness.current_ref(object)?.is_none() {
                self.remove_at(at);
            }
        }
        self.visited += now;
        Ok(Progress::complete_if(now == left))
    }

    fn restart_sweep(&mut self) {
        self.visited = 0;
    }
}
