//! The index of the entries: two hash tables and two chains.

use hashbrown::HashTable;

use super::table::{EMPTY, Entries, Entry, Links, NONE, OF_KEY, OF_MAP, UNLINKED};
use crate::base::hashing::mix;
use crate::heap::GcRef;

/// Hash tables with room for up to this many entries are never replaced by smaller ones.
const SMALL: usize = 64;

impl Entries {
    /// The place of the entry of a key in a map.
    pub(super) fn find(&self, map: u32, key: GcRef) -> Option<u32> {
        let same = |&at: &u32| {
            let entry = &self.entries[at as usize];
            entry.map == map && entry.key == key
        };
        self.by_entry.find(entry_hash(map, key), same).copied()
    }

    /// The place of the first entry of a key.
    pub(super) fn first_of_key(&self, key: GcRef) -> Option<u32> {
        let same = |&at: &u32| self.entries[at as usize].key == key;
        self.by_key.find(key_hash(key), same).copied()
    }

    /// Adds the entry at `at` to the hash tables, which must have room, and to the
    /// chains.
    pub(super) fn add_to_index(&mut self, at: u32) {
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

    /// Adds the entry at `at` to the table of entries, and, if it `is_first` of its key,
    /// to the table of keys.
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

    /// Removes the entry at `at` from the hash tables and chains. Returns whether it was
    /// the last entry of its key.
    pub(super) fn remove_from_index(&mut self, at: u32) -> bool {
        let Entry { map, key, .. } = self.entries[at as usize];
        remove(&mut self.by_entry, entry_hash(map, key), at);
        let Links { previous, next } = self.unlink(OF_MAP, at);
        let map = &mut self.maps[map as usize];
        map.count -= 1;
        if previous == NONE {
            map.first = next;
        }
        let of_key = self.unlink(OF_KEY, at);
        if of_key == UNLINKED {
            remove(&mut self.by_key, key_hash(key), at);
        } else if of_key.previous == NONE {
            self.set_first_of_key(key, at, of_key.next);
        }
        of_key == UNLINKED
    }

    /// Replaces the first entry of a key, which is the one at `old`, by the one at `new`.
    fn set_first_of_key(&mut self, key: GcRef, old: u32, new: u32) {
        let found = self.by_key.find_mut(key_hash(key), |&at| at == old);
        debug_assert!(found.is_some());
        if let Some(first) = found {
            *first = new;
        }
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

    /// Empties the hash tables and chains. There must be no free places. The hash tables
    /// keep their room, unless it is far more than needed and smaller tables can be
    /// allocated.
    pub(super) fn clear_index(&mut self) {
        self.by_entry.clear();
        self.by_key.clear();
        self.maps.fill(EMPTY);
        self.free = NONE;
        let count = self.entries.len();
        if self.by_entry.capacity() / 4 <= count.max(SMALL) {
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
}

/// The hash functions of the table of entries and of the table of keys.
pub(super) fn hashers(entries: &[Entry]) -> (impl Fn(&u32) -> u64, impl Fn(&u32) -> u64) {
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

/// Removes the place `at` from a hash table.
fn remove(table: &mut HashTable<u32>, hash: u64, at: u32) {
    let found = table.find_entry(hash, |&other| other == at);
    debug_assert!(found.is_ok());
    if let Ok(entry) = found {
        entry.remove();
    }
}

/// Damage to the index, for tests of [`Entries::check`].
#[cfg(test)]
impl Entries {
    fn any(&self) -> u32 {
        self.by_entry.iter().copied().next().unwrap()
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
        remove(&mut self.by_entry, entry_hash(map, key), at);
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
        self.clear_index();
        for at in 0..self.entries.len() as u32 {
            self.add_to_index(at);
        }
    }
}
