//! The entries of a store's weak maps.
//!
//! They lie in one array, their values in another. Two hash tables say where: one finds
//! an entry by its map and key, one the first entry of a key. The entries of one key
//! are chained, and so are those of one map. An entry that is removed leaves a free
//! place, which the next one takes. A sweep moves all entries to the front, and then puts
//! them into the tables and chains anew, for which the tables have room, or into smaller
//! tables.

use core::cell::Cell;

use hashbrown::HashTable;

use crate::base::fallible;
use crate::base::hashing::mix;
use crate::error::{Error, Result};
use crate::heap::{Budget, GcRef, LOOKUP, Liveness, Progress, RootSlot, Trace, WeakTable};

/// No entry: a chain's end.
const NONE: u32 = u32::MAX;

/// The chain of a key's entries.
const OF_KEY: usize = 0;

/// The chain of a map's entries.
const OF_MAP: usize = 1;

/// An entry's neighbours in a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Links {
    previous: u32,
    next: u32,
}

const UNLINKED: Links = Links {
    previous: NONE,
    next: NONE,
};

#[derive(Clone, Copy, Debug)]
struct Entry {
    map: u32,
    /// Null where there is no entry; then the next free place is the `next` of
    /// `links[OF_MAP]`.
    key: GcRef,
    links: [Links; 2],
}

/// What a map has.
#[derive(Clone, Copy, Debug)]
struct Map {
    first: u32,
    count: u32,
}

const EMPTY: Map = Map {
    first: NONE,
    count: 0,
};

/// An entry that was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Removed {
    /// Its key, if no map has an entry for that any more.
    pub(crate) last_of: Option<GcRef>,
}

/// See the module.
///
/// Invariants: `values` is as long as `entries`, and null where there is no entry.
/// Unless a sweep is under way, each entry is in `by_entry`, in its key's chain, which begins in `by_key`, and in
/// its map's, which begins in `maps`. The others are in the chain of free places.
#[derive(Debug)]
pub(super) struct Entries {
    entries: Vec<Entry>,
    values: Vec<RootSlot>,
    by_entry: HashTable<u32>,
    by_key: HashTable<u32>,
    maps: Vec<Map>,
    free: u32,
    /// How many values the collection that is under way has traced, if it traces them
    /// with their keys.
    traced: Option<usize>,
    /// How many entries have been gone over for keys that never die.
    gone_over: usize,
    sweep: Sweep,
}

/// How far a sweep has got.
#[derive(Clone, Copy, Debug)]
enum Sweep {
    /// Entries before `at` have been gone over; `kept` of them are at the front.
    Entries { at: usize, kept: usize },
    /// Entries before `at` are in the tables and chains.
    Tables { at: usize },
}

const NOT_BEGUN: Sweep = Sweep::Entries { at: 0, kept: 0 };

impl Entries {
    /// No entries, which allocates nothing.
    pub(super) const fn new() -> Entries {
        Entries {
            entries: Vec::new(),
            values: Vec::new(),
            by_entry: HashTable::new(),
            by_key: HashTable::new(),
            maps: Vec::new(),
            free: NONE,
            traced: None,
            gone_over: 0,
            sweep: NOT_BEGUN,
        }
    }

    /// Makes sure that there are the first `count` maps.
    ///
    /// Errors: [`Error::SystemMemory`].
    pub(super) fn make_maps(&mut self, count: usize) -> Result<()> {
        let missing = count.saturating_sub(self.maps.len());
        self.maps
            .try_reserve(missing)
            .map_err(|_| fallible::refused(missing * size_of::<Map>()))?;
        self.maps.extend(core::iter::repeat_n(EMPTY, missing));
        Ok(())
    }

    /// How many entries a map has.
    pub(super) fn count(&self, map: u32) -> u32 {
        self.maps[map as usize].count
    }

    fn find(&self, map: u32, key: GcRef) -> Option<u32> {
        let same = |&at: &u32| {
            let entry = &self.entries[at as usize];
            entry.map == map && entry.key == key
        };
        self.by_entry.find(entry_hash(map, key), same).copied()
    }

    fn first_of_key(&self, key: GcRef) -> Option<u32> {
        let same = |&at: &u32| self.entries[at as usize].key == key;
        self.by_key.find(key_hash(key), same).copied()
    }

    fn value(&self, at: u32) -> &Cell<u32> {
        &self.values[at as usize].reference
    }

    /// A key's value; `None` if it has none.
    pub(super) fn get(&self, map: u32, key: GcRef) -> Option<GcRef> {
        let at = self.find(map, key)?;
        Some(GcRef::from_raw(self.value(at).get()))
    }

    /// Gives a key that has a value another; `false` if it has none.
    pub(super) fn replace(&mut self, map: u32, key: GcRef, value: GcRef) -> bool {
        let found = self.find(map, key);
        found
            .inspect(|&at| self.value(at).set(value.raw()))
            .is_some()
    }

    /// Makes room for one entry more.
    ///
    /// Errors: [`Error::Limit`], [`Error::SystemMemory`].
    pub(super) fn reserve_one(&mut self) -> Result<()> {
        if self.free == NONE {
            if self.entries.len() >= NONE as usize {
                return Err(Error::Limit {
                    what: "entries of weak maps in a store",
                    limit: NONE.into(),
                });
            }
            self.entries
                .try_reserve(1)
                .map_err(|_| fallible::refused(size_of::<Entry>()))?;
            self.values
                .try_reserve(1)
                .map_err(|_| fallible::refused(size_of::<RootSlot>()))?;
        }
        let (by_entry, by_key) = hashers(&self.entries);
        let reserved = self.by_entry.try_reserve(1, by_entry);
        reserved
            .and_then(|()| self.by_key.try_reserve(1, by_key))
            .map_err(|_| fallible::refused(size_of::<u32>()))
    }

    /// Gives a key that has none a value, given room for an entry.
    #[expect(clippy::disallowed_methods, reason = "there is room")]
    pub(super) fn insert(&mut self, map: u32, key: GcRef, value: GcRef) {
        let links = [UNLINKED; 2];
        let entry = Entry { map, key, links };
        let at = self.free;
        let at = if at == NONE {
            self.entries.push(entry);
            self.values.push(RootSlot {
                generation: Cell::new(0),
                reference: Cell::new(value.raw()),
            });
            self.entries.len() as u32 - 1
        } else {
            self.free = self.entries[at as usize].links[OF_MAP].next;
            self.entries[at as usize] = entry;
            self.value(at).set(value.raw());
            at
        };
        self.add(at);
    }

    /// Removes a key's entry, if it has one.
    pub(super) fn remove(&mut self, map: u32, key: GcRef) -> Option<Removed> {
        Some(self.remove_at(self.find(map, key)?))
    }

    /// Removes some entry of a map, if it has one.
    pub(super) fn remove_any(&mut self, map: u32) -> Option<Removed> {
        match self.maps[map as usize].first {
            NONE => None,
            first => Some(self.remove_at(first)),
        }
    }

    fn remove_at(&mut self, at: u32) -> Removed {
        let Entry { key, .. } = self.entries[at as usize];
        let key_goes = self.take_out(at);
        let mut links = [UNLINKED; 2];
        links[OF_MAP].next = self.free;
        self.entries[at as usize] = Entry {
            map: NONE,
            key: GcRef::NULL,
            links,
        };
        self.value(at).set(GcRef::NULL.raw());
        self.free = at;
        Removed {
            last_of: key_goes.then_some(key),
        }
    }

    /// The keys of all maps, each once.
    pub(super) fn keys(&self) -> impl ExactSizeIterator<Item = GcRef> {
        self.by_key.iter().map(|&at| self.entries[at as usize].key)
    }

    /// The values, null where there is no entry.
    pub(super) fn values(&self) -> &[RootSlot] {
        &self.values
    }

    /// Bytes that a sweep goes over.
    pub(super) fn swept_bytes(&self) -> u64 {
        let entry = size_of::<Entry>() + size_of::<RootSlot>();
        (self.entries.len() * entry + self.maps.len() * size_of::<Map>()) as u64
    }
}

/// Tables and chains.
impl Entries {
    /// Puts the entry at `at` into the tables, which have room, and chains.
    fn add(&mut self, at: u32) {
        let Entry { map, key, .. } = self.entries[at as usize];
        let first = self.first_of_key(key);
        self.add_to_tables(at, first.is_none());
        if let Some(first) = first {
            self.set_first_of_key(key, first, at);
        }
        self.link(OF_KEY, at, first.unwrap_or(NONE));
        let map = &mut self.maps[map as usize];
        map.count += 1;
        let first = core::mem::replace(&mut map.first, at);
        self.link(OF_MAP, at, first);
    }

    /// Puts the entry at `at` into the table of entries, and into that of keys if it
    /// `is_first`.
    #[expect(clippy::disallowed_methods, reason = "there is room")]
    fn add_to_tables(&mut self, at: u32, is_first: bool) {
        let Entry { map, key, .. } = self.entries[at as usize];
        let (by_entry, by_key) = hashers(&self.entries);
        self.by_entry
            .insert_unique(entry_hash(map, key), at, by_entry);
        if is_first {
            self.by_key.insert_unique(key_hash(key), at, by_key);
        }
    }

    /// Takes the entry at `at` out of the tables and chains. Returns whether its key
    /// has no other.
    fn take_out(&mut self, at: u32) -> bool {
        let Entry { map, key, .. } = self.entries[at as usize];
        remove(&mut self.by_entry, entry_hash(map, key), at);
        let Links { previous, next } = self.unlink(OF_MAP, at);
        let its = &mut self.maps[map as usize];
        its.count -= 1;
        if previous == NONE {
            its.first = next;
        }
        let around = self.unlink(OF_KEY, at);
        if around == UNLINKED {
            remove(&mut self.by_key, key_hash(key), at);
        } else if around.previous == NONE {
            self.set_first_of_key(key, at, around.next);
        }
        around == UNLINKED
    }

    fn set_first_of_key(&mut self, key: GcRef, before: u32, now: u32) {
        let found = self.by_key.find_mut(key_hash(key), |&at| at == before);
        debug_assert!(found.is_some());
        if let Some(first) = found {
            *first = now;
        }
    }

    /// Puts the entry at `at` before the first one of a chain.
    fn link(&mut self, chain: usize, at: u32, first: u32) {
        self.entries[at as usize].links[chain] = Links {
            previous: NONE,
            next: first,
        };
        if first != NONE {
            self.entries[first as usize].links[chain].previous = at;
        }
    }

    /// Takes the entry at `at` out of a chain; returns its neighbours.
    fn unlink(&mut self, chain: usize, at: u32) -> Links {
        let links = self.entries[at as usize].links[chain];
        if links.previous != NONE {
            self.entries[links.previous as usize].links[chain].next = links.next;
        }
        if links.next != NONE {
            self.entries[links.next as usize].links[chain].previous = links.previous;
        }
        links
    }

    /// Takes all entries, of which none is free, out of the tables and chains. The tables
    /// keep their room, or, if that is far more than is needed, become smaller.
    fn clear_tables(&mut self) {
        self.by_entry.clear();
        self.by_key.clear();
        self.maps.fill(EMPTY);
        self.free = NONE;
        let count = self.entries.len();
        if self.by_entry.capacity() / 4 <= count.max(KEPT) {
            return;
        }
        let (mut by_entry, mut by_key) = (HashTable::new(), HashTable::new());
        let room = by_entry
            .try_reserve(2 * count, |_| 0)
            .and_then(|()| by_key.try_reserve(2 * count, |_| 0));
        if room.is_ok() {
            (self.by_entry, self.by_key) = (by_entry, by_key);
        }
    }

    /// Gives back room that is far more than what is in use needs, after a sweep, which
    /// does so for the tables. There are no more than the first `maps` maps.
    pub(super) fn trim(&mut self, maps: usize) {
        debug_assert!(self.free == NONE);
        self.maps.truncate(maps);
        fallible::shrink(&mut self.maps, maps);
        let count = self.entries.len();
        fallible::shrink(&mut self.entries, count);
        fallible::shrink(&mut self.values, count);
    }

    /// Checks the invariants. `has_map` says whether there is such a map.
    ///
    /// Errors: [`Error::Internal`].
    pub(super) fn check(&self, has_map: impl Fn(u32) -> bool) -> Result<()> {
        let wrong = |number: usize| Err(Error::internal("a wrong weak map", number as u64));
        let count = self.by_entry.len();
        let places = self.entries.iter().zip(&self.values);
        for (at, (entry, value)) in places.enumerate() {
            let sound = if entry.key.is_null() {
                value.reference.get() == 0
            } else {
                has_map(entry.map) && self.find(entry.map, entry.key) == Some(at as u32)
            };
            if !sound {
                return wrong(at);
            }
        }
        let mut of_keys = 0;
        for &first in &self.by_key {
            let key = self.entries[first as usize].key;
            of_keys += self.check_chain(OF_KEY, first, |entry| entry.key == key)?;
            if key.is_null() || self.first_of_key(key) != Some(first) {
                return wrong(first as usize);
            }
        }
        let mut of_maps = 0;
        for (map, &Map { first, count }) in self.maps.iter().enumerate() {
            let chained = self.check_chain(OF_MAP, first, |entry| entry.map as usize == map)?;
            if chained != count as usize {
                return wrong(chained);
            }
            of_maps += chained;
        }
        let free = self.check_free()?;
        if (of_keys, of_maps) != (count, count) || self.entries.len() - free != count {
            return wrong(count);
        }
        Ok(())
    }

    /// The length of a chain, whose entries must `belong`.
    fn check_chain(
        &self,
        chain: usize,
        first: u32,
        belongs: impl Fn(&Entry) -> bool,
    ) -> Result<usize> {
        let (mut count, mut previous, mut at) = (0, NONE, first);
        while at != NONE {
            let entry = self.entries.get(at as usize);
            let sound = |entry: &&Entry| {
                belongs(entry)
                    && entry.links[chain].previous == previous
                    && count < self.entries.len()
            };
            let Some(entry) = entry.filter(sound) else {
                return Err(Error::internal("a wrong chain of a weak map", at.into()));
            };
            count += 1;
            (previous, at) = (at, entry.links[chain].next);
        }
        Ok(count)
    }

    /// How many free places are chained.
    fn check_free(&self) -> Result<usize> {
        let (mut count, mut at) = (0, self.free);
        while at != NONE {
            let free = |entry: &&Entry| entry.key.is_null() && count < self.entries.len();
            let Some(entry) = self.entries.get(at as usize).filter(free) else {
                return Err(Error::internal("a wrong free place", at.into()));
            };
            count += 1;
            at = entry.links[OF_MAP].next;
        }
        Ok(count)
    }
}

/// Collections.
impl Entries {
    /// Traces the values of keys that are no objects.
    pub(super) fn trace_immortal(
        &mut self,
        trace: &mut Trace<'_>,
        budget: &mut Budget,
    ) -> Result<Progress> {
        if self.gone_over == 0 {
            self.traced = Some(0);
        }
        let left = self.entries.len() - self.gone_over;
        let now = budget.take(left, LOOKUP);
        for at in self.gone_over..self.gone_over + now {
            if self.entries[at].key.is_i31() {
                self.trace_value(at as u32, trace)?;
            }
        }
        if now < left {
            self.gone_over += now;
            return Ok(Progress::Continue);
        }
        self.gone_over = 0;
        Ok(Progress::Complete)
    }

    /// Traces the values of a key; returns how many there are.
    pub(super) fn trace_values(&mut self, key: GcRef, trace: &mut Trace<'_>) -> Result<usize> {
        let mut count = 0;
        let mut next = self.first_of_key(key);
        while let Some(at) = next.filter(|&at| at != NONE) {
            self.trace_value(at, trace)?;
            count += 1;
            next = Some(self.entries[at as usize].links[OF_KEY].next);
        }
        Ok(count)
    }

    fn trace_value(&mut self, at: u32, trace: &mut Trace<'_>) -> Result<()> {
        let value = GcRef::from_raw(self.value(at).get());
        if value.is_object() {
            self.value(at).set(trace(value)?.raw());
        }
        self.traced = self.traced.map(|count| count + 1);
        Ok(())
    }

    /// Moves the survivors among `count` entries from `at` on to the `kept` ones at the
    /// front; returns how many are there then.
    fn keep(
        &mut self,
        at: usize,
        count: usize,
        mut kept: usize,
        liveness: &Liveness<'_>,
    ) -> Result<usize> {
        for at in at..at + count {
            let entry = self.entries[at];
            let alive = match entry.key {
                null if null.is_null() => None,
                object if object.is_object() => liveness.current_ref(object)?,
                i31 => Some(i31),
            };
            let Some(key) = alive else {
                continue;
            };
            self.entries[kept] = Entry { key, ..entry };
            let value = self.values[at].reference.get();
            self.values[kept].reference.set(value);
            kept += 1;
        }
        Ok(kept)
    }

    /// Ends the first half of a sweep, after which so many entries are at the front.
    fn end_keeping(&mut self, kept: usize) -> Result<()> {
        // A value that was not traced still refers to where its object was. That a key
        // was not noticed is possible if its header was overwritten.
        if self.traced.take().is_some_and(|traced| traced != kept) {
            return Err(Error::internal(
                "a value of a weak map that was not traced",
                kept as u64,
            ));
        }
        self.entries.truncate(kept);
        self.values.truncate(kept);
        self.clear_tables();
        Ok(())
    }
}

impl WeakTable for Entries {
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
            self.end_keeping(kept)?;
            self.sweep = Sweep::Tables { at: 0 };
        }
        if let Sweep::Tables { at } = self.sweep {
            let left = self.entries.len() - at;
            // Two tables and two chains.
            let now = budget.take(left, 4 * LOOKUP);
            (at..at + now).for_each(|at| self.add(at as u32));
            self.sweep = Sweep::Tables { at: at + now };
            if now < left {
                return Ok(Progress::Continue);
            }
        }
        self.sweep = NOT_BEGUN;
        Ok(Progress::Complete)
    }
}

/// Entries for which the tables' room is not worth giving back.
const KEPT: usize = 64;

/// Hash functions of the two tables.
fn hashers(entries: &[Entry]) -> (impl Fn(&u32) -> u64, impl Fn(&u32) -> u64) {
    let by_entry = |&at: &u32| entry_hash(entries[at as usize].map, entries[at as usize].key);
    let by_key = |&at: &u32| key_hash(entries[at as usize].key);
    (by_entry, by_key)
}

fn key_hash(key: GcRef) -> u64 {
    mix(key.raw().into())
}

fn entry_hash(map: u32, key: GcRef) -> u64 {
    mix(u64::from(map) << 32 | u64::from(key.raw()))
}

/// Removes what says `at` from a table.
fn remove(table: &mut HashTable<u32>, hash: u64, at: u32) {
    let found = table.find_entry(hash, |&other| other == at);
    debug_assert!(found.is_ok());
    if let Ok(entry) = found {
        entry.remove();
    }
}

#[cfg(test)]
impl Entries {
    /// The most entries that there is room for anywhere.
    pub(super) fn room(&self) -> usize {
        let vectors = self.entries.capacity().max(self.values.capacity());
        let tables = self.by_entry.capacity().max(self.by_key.capacity());
        vectors.max(tables)
    }

    fn any(&self) -> u32 {
        self.by_entry.iter().copied().next().unwrap()
    }

    pub(super) fn break_chain(&mut self) {
        let at = self.any() as usize;
        self.entries[at].links[OF_KEY].previous = 0;
    }

    pub(super) fn miscount(&mut self) {
        self.maps[0].count += 1;
    }

    pub(super) fn lose(&mut self) {
        let at = self.any();
        let Entry { map, key, .. } = self.entries[at as usize];
        remove(&mut self.by_entry, entry_hash(map, key), at);
    }

    /// Undoes the damage, without free places.
    pub(super) fn repair(&mut self) {
        let Entries {
            entries, values, ..
        } = self;
        let mut at = 0;
        values.retain(|_| {
            at += 1;
            !entries[at - 1].key.is_null()
        });
        entries.retain(|entry| !entry.key.is_null());
        self.clear_tables();
        for at in 0..self.entries.len() as u32 {
            self.add(at);
        }
    }
}
