//! The index of the entries: two hash tables and two chains.

use super::table::{EMPTY, Entries, Entry, Links, NONE, OF_KEY, OF_MAP, Trimming, UNLINKED};
use crate::base::place_index::PlaceIndex;
use crate::base::work;
use crate::heap::{Budget, GcRef, LOOKUP};

/// The greatest number of entries that are added to the index at once.
pub(super) const BATCH: usize = 16;

/// The hashes by which an entry is found.
#[derive(Clone, Copy)]
struct Hashes {
    /// Of the map and the key.
    hash: u32,
    of_key: u32,
}

impl Entries {
    /// The place of the entry of a key in a map.
    pub(super) fn find(&self, map: u32, key: GcRef) -> Option<u32> {
        self.find_hashed(self.entry_hash(map, key), map, key)
    }

    /// As [`Entries::find`], with the hash of map and key.
    pub(super) fn find_hashed(&self, hash: u32, map: u32, key: GcRef) -> Option<u32> {
        let same = |at: u32| {
            let entry = &self.entries[at as usize];
            entry.map == map && entry.key == key
        };
        self.by_entry.find(hash, same)
    }

    /// The place of the first entry of a key.
    pub(super) fn first_of_key(&self, key: GcRef) -> Option<u32> {
        self.first_of_key_hashed(self.key_hash(key), key)
    }

    fn first_of_key_hashed(&self, hash: u32, key: GcRef) -> Option<u32> {
        let same = |at: u32| self.entries[at as usize].key == key;
        self.by_key.find(hash, same)
    }

    /// Adds the entry at `at` to the hash tables, which must have room, and to the chains.
    /// `hash` is that of its map and key. Returns the number of slots that were probed.
    pub(super) fn add_to_index_hashed(&mut self, hash: u32, at: u32) -> u64 {
        let of_key = self.key_hash(self.entries[at as usize].key);
        self.add_to_index_of(Hashes { hash, of_key }, at)
    }

    /// As [`Entries::add_to_index_hashed`], with both hashes.
    fn add_to_index_of(&mut self, Hashes { hash, of_key }: Hashes, at: u32) -> u64 {
        let Entry { map, key, .. } = self.entries[at as usize];
        let probes = self.by_entry.insert(hash, at);
        let entries = &self.entries;
        let same = |at: u32| entries[at as usize].key == key;
        let (first, more) = self.by_key.insert_or_replace(of_key, at, same);
        self.link(OF_KEY, at, first.unwrap_or(NONE));
        let map = &mut self.maps[map as usize];
        map.count += 1;
        let first = core::mem::replace(&mut map.first, at);
        self.link(OF_MAP, at, first);
        probes + more
    }

    /// Adds the `count` entries from `at` on, at most [`BATCH`], as far as the budget allows.
    /// Returns the number of entries that were added, at least one.
    ///
    /// First reads the slots of all of them, which are far from each other, so that the
    /// processor waits for the memory once (OBJECTS-40).
    pub(super) fn add_batch_to_index(
        &mut self,
        at: usize,
        count: usize,
        budget: &mut Budget,
    ) -> usize {
        let (mut hashes, mut touched) = ([Hashes { hash: 0, of_key: 0 }; BATCH], 0);
        let entries = &self.entries[at..at + count];
        for (hashes, &Entry { map, key, .. }) in hashes.iter_mut().zip(entries) {
            let (hash, of_key) = (self.entry_hash(map, key), self.key_hash(key));
            touched ^= self.by_entry.touch(hash) ^ self.by_key.touch(of_key);
            *hashes = Hashes { hash, of_key };
        }
        // The compiler must not leave out the reads.
        core::hint::black_box(touched);
        let mut added = 0;
        for &hashes in &hashes[..count] {
            let probes = self.add_to_index_of(hashes, (at + added) as u32);
            // Four lookups for each entry: two hash tables and two chains.
            budget.spend(4 * LOOKUP + probes);
            added += 1;
            if budget.is_spent() {
                break;
            }
        }
        added
    }

    /// Removes the entry at `at` from the hash tables and chains. `hash` is that of its map
    /// and key. Returns whether it was the last entry of its key.
    pub(super) fn remove_from_index(&mut self, hash: u32, at: u32) -> bool {
        let Entry { map, key, .. } = self.entries[at as usize];
        remove(&mut self.by_entry, hash, at);
        let Links { previous, next } = self.unlink(OF_MAP, at);
        let map = &mut self.maps[map as usize];
        map.count -= 1;
        if previous == NONE {
            map.first = next;
        }
        let chain = self.unlink(OF_KEY, at);
        if chain == UNLINKED {
            let of_key = self.key_hash(key);
            remove(&mut self.by_key, of_key, at);
        } else if chain.previous == NONE {
            self.set_first_of_key(self.key_hash(key), at, chain.next);
        }
        chain == UNLINKED
    }

    /// Replaces the first entry of a key with this hash, which is the one at `old`, by the one
    /// at `new`.
    fn set_first_of_key(&mut self, hash: u32, old: u32, new: u32) {
        let found = self.by_key.replace(hash, old, new);
        debug_assert!(found);
    }

    /// Puts the entry at `at` in front of the first entry of a chain.
    fn link(&mut self, chain: usize, at: u32, first: u32) {
        self.entries[at as usize].links[chain] = Links {
            previous: NONE,
            next: first,
        };
        if first != NONE {
            self.entries[first as usize].links[chain].previous = at;
        }
    }

    /// Takes the entry at `at` out of a chain. Returns its neighbours.
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

    /// Forgets the hash tables and chains, for a new beginning: [`Entries::clear_index`] must
    /// empty them. There must be no free places. Hash tables that were mostly unused for some
    /// time get fewer slots.
    pub(super) fn begin_clearing(&mut self) {
        self.free = NONE;
        let Trimming {
            by_entry, by_key, ..
        } = &self.trimming;
        for (table, shrinking) in [(&mut self.by_entry, by_entry), (&mut self.by_key, by_key)] {
            let slots = table.slots();
            if slots > 0 {
                table.begin_clearing(shrinking.wanted(slots).unwrap_or(slots));
            }
        }
    }

    /// Empties the chains of maps and the slots of the hash tables from number `from` on,
    /// counted through all of them. Does as much as the budget allows; returns the number of
    /// the next one, or `None` if all are empty.
    pub(super) fn clear_index(&mut self, from: usize, budget: &mut Budget) -> Option<usize> {
        let maps = self.maps.len();
        let (by_entry, by_key) = (self.by_entry.slots(), self.by_key.slots());
        let now = budget.take(maps + by_entry + by_key - from, 1);
        let to = from + now;
        // The part of `from..to` that lies in the `count` things from number `first` on.
        let part = |first: usize, count: usize| {
            let within = |at: usize| at.clamp(first, first + count) - first;
            (within(from), within(to) - within(from))
        };
        let (at, count) = part(0, maps);
        self.maps[at..at + count].fill(EMPTY);
        work::count(count);
        let (at, count) = part(maps, by_entry);
        self.by_entry.clear(at, count);
        let (at, count) = part(maps + by_entry, by_key);
        self.by_key.clear(at, count);
        (to < maps + by_entry + by_key).then_some(to)
    }

    fn key_hash(&self, key: GcRef) -> u32 {
        self.hash.of(key.raw().into())
    }

    /// The hash by which a map's entry of a key is found.
    pub(super) fn entry_hash(&self, map: u32, key: GcRef) -> u32 {
        // A map's number is never the greatest, so this is no hash of a key alone.
        self.hash.of(u64::from(!map) << 32 | u64::from(key.raw()))
    }
}

/// Removes the place `at` from a hash table.
fn remove(table: &mut PlaceIndex, hash: u32, at: u32) {
    let found = table.remove(hash, at);
    debug_assert!(found);
}

/// Damage to the index, for tests of [`Entries::check`].
#[cfg(test)]
impl Entries {
    fn any(&self) -> u32 {
        self.by_entry.places().next().unwrap()
    }

    /// Breaks the chain of a key.
    pub(in crate::store::containers::weak_maps) fn break_chain(&mut self) {
        let at = self.any() as usize;
        self.entries[at].links[OF_KEY].previous = 0;
    }

    /// Makes the number of entries of a map wrong.
    pub(in crate::store::containers::weak_maps) fn set_wrong_count(&mut self) {
        self.maps[0].count += 1;
    }

    /// Removes an entry from one of the hash tables only.
    pub(in crate::store::containers::weak_maps) fn remove_from_one_index(&mut self) {
        let at = self.any();
        let Entry { map, key, .. } = self.entries[at as usize];
        let hash = self.entry_hash(map, key);
        remove(&mut self.by_entry, hash, at);
    }

    /// Undoes the damage. Also removes the free places.
    pub(in crate::store::containers::weak_maps) fn repair(&mut self) {
        let Entries {
            entries, values, ..
        } = self;
        let mut at = 0;
        values.retain(|_| {
            at += 1;
            !entries[at - 1].key.is_null()
        });
        entries.retain(|entry| !entry.key.is_null());
        self.begin_clearing();
        self.clear_index(0, &mut Budget::unlimited());
        for at in 0..self.entries.len() {
            self.add_batch_to_index(at, 1, &mut Budget::unlimited());
        }
    }
}
