//! The entries of a store's weak maps (OBJECTS-16).
//!
//! The entries are in one array, and their values in another, at the same places. Two
//! hash tables lead to them: one from a map and a key to the entry, one from a key to the
//! key's first entry. Two chains link the entries of a key and those of a map. Removing
//! an entry leaves a free place, which a later entry takes.
//!
//! | file | subject |
//! |---|---|
//! | `table.rs` | the structure of the table |
//! | `mod.rs` | operations on one entry: get, replace, insert, remove |
//! | `index.rs` | the two hash tables and the two chains |
//! | `collect.rs` | tracing values, and the sweep of dead keys |
//! | `trim.rs` | giving back memory |
//! | `check.rs` | the check of the invariants |

mod check;
mod collect;
mod index;
mod table;
mod trim;

use core::cell::Cell;

use crate::base::dirty_groups::DirtyGroups;
use crate::base::fallible;
use crate::base::room;
use crate::base::side_meter::SideMeter;
use crate::error::{Error, Result};
use crate::heap::{GcRef, RootSlot};
pub(super) use table::Entries;
use table::{EMPTY, Entry, Map, NONE, OF_KEY, OF_MAP, UNLINKED};

/// An entry that was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Removed {
    /// The entry's key, if no map has an entry of this key any more.
    pub(crate) last_of: Option<GcRef>,
}

/// A map and a key that have no entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vacant {
    /// The hash of map and key.
    hash: u32,
    map: u32,
    key: GcRef,
}

impl Entries {
    /// Makes sure that the maps with indices below `count` exist.
    ///
    /// Errors: [`Error::SystemMemory`].
    pub(super) fn make_maps(&mut self, count: usize, side: &SideMeter) -> Result<()> {
        let missing = count.saturating_sub(self.maps.len());
        side.reserve(&mut self.maps, missing)?;
        self.maps.extend(core::iter::repeat_n(EMPTY, missing));
        Ok(())
    }

    /// The number of entries of a map.
    pub(super) fn count(&self, map: u32) -> u32 {
        self.maps[map as usize].count
    }

    /// The value of a key in a map; `None` if the map has no entry of this key.
    pub(super) fn get(&self, map: u32, key: GcRef) -> Option<GcRef> {
        let at = self.find(map, key)?;
        Some(GcRef::from_raw(self.value(at).get()))
    }

    /// Replaces the value of a key. If the map has no entry of this key, returns where it
    /// would be.
    pub(super) fn replace(&mut self, map: u32, key: GcRef, value: GcRef) -> Option<Vacant> {
        let hash = self.entry_hash(map, key);
        match self.find_hashed(hash, map, key) {
            Some(at) => {
                self.value(at).set(value.raw());
                self.young.mark(at);
                None
            }
            None => Some(Vacant { hash, map, key }),
        }
    }

    /// Makes room for one more entry.
    ///
    /// Errors: [`Error::Limit`], [`Error::SystemMemory`].
    pub(super) fn reserve_one(&mut self, side: &SideMeter) -> Result<()> {
        if self.free == NONE {
            if self.entries.len() >= NONE as usize {
                return Err(Error::Limit {
                    what: "entries of weak maps in a store",
                    limit: NONE.into(),
                });
            }
            side.reserve(&mut self.entries, 1)?;
            side.reserve(&mut self.values, 1)?;
        }
        self.by_entry.reserve_one(side)?;
        self.by_key.reserve_one(side)
    }

    /// Adds an entry. [`Entries::reserve_one`] must have made room.
    #[expect(clippy::disallowed_methods, reason = "there is room")]
    pub(super) fn insert(&mut self, vacant: Vacant, value: GcRef) {
        let Vacant { hash, map, key } = vacant;
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
        self.young.fit(self.entries.len());
        self.young.mark(at);
        self.add_to_index_hashed(hash, at);
    }

    /// Removes the entry of a key, if the map has one.
    pub(super) fn remove(&mut self, map: u32, key: GcRef) -> Option<Removed> {
        let hash = self.entry_hash(map, key);
        let at = self.find_hashed(hash, map, key)?;
        Some(self.remove_at(hash, at))
    }

    /// Removes any one entry of a map, if it has one.
    pub(super) fn remove_any(&mut self, map: u32) -> Option<Removed> {
        match self.maps[map as usize].first {
            NONE => None,
            first => {
                let hash = self.entry_hash(map, self.entries[first as usize].key);
                Some(self.remove_at(hash, first))
            }
        }
    }

    /// Removes the entry at `at`, and puts the place into the chain of free places. `hash`
    /// is that of its map and key.
    pub(super) fn remove_at(&mut self, hash: u32, at: u32) -> Removed {
        let Entry { key, links, .. } = self.entries[at as usize];
        if self.tracing == at {
            self.tracing = links[OF_KEY].next;
        }
        let was_last = self.remove_from_index(hash, at);
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
            last_of: was_last.then_some(key),
        }
    }

    /// The keys of all maps, each once.
    pub(super) fn keys(&self) -> impl Iterator<Item = GcRef> {
        let first = self.by_key.places();
        first.map(|at| self.entries[at as usize].key)
    }

    /// The keys of all entries, and their values.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (GcRef, GcRef)> {
        let places = self.entries.iter().zip(&self.values);
        let pairs = places.map(|(entry, value)| (entry.key, value.reference.get()));
        let used = pairs.filter(|(key, _)| !key.is_null());
        used.map(|(key, value)| (key, GcRef::from_raw(value)))
    }

    /// The number of keys.
    pub(super) fn key_count(&self) -> usize {
        self.by_key.len()
    }

    /// The values. Null at free places.
    pub(super) fn values(&self) -> &[RootSlot] {
        &self.values
    }

    /// The entries whose key or value may be young.
    pub(super) fn young(&self) -> &DirtyGroups {
        &self.young
    }

    /// Notes that no key and no value is young.
    pub(super) fn forget_young(&self) {
        self.young.clear(self.entries.len());
    }

    /// The number of bytes that a sweep visits.
    pub(super) fn swept_bytes(&self) -> u64 {
        let entry = size_of::<Entry>() + size_of::<RootSlot>();
        (self.entries.len() * entry + self.maps.len() * size_of::<Map>()) as u64
    }

    /// Gives back the room that the present entries and maps do not need. There must be no
    /// sweep.
    pub(super) fn give_back(&mut self) {
        let (entries, maps) = (self.entries.len(), self.maps.len());
        room::give_back(&mut self.entries, entries);
        room::give_back(&mut self.values, entries);
        room::give_back(&mut self.maps, maps);
        self.by_entry.give_back();
        self.by_key.give_back();
    }

    /// The bytes of memory that the arrays and hash tables have.
    pub(super) fn side_bytes(&self) -> u64 {
        let tables = self.by_entry.side_bytes() + self.by_key.side_bytes();
        let arrays = fallible::bytes(&self.entries) + fallible::bytes(&self.values);
        arrays + fallible::bytes(&self.maps) + tables
    }

    /// Forgets the maps with indices from `maps` on, which must not exist.
    pub(super) fn truncate_maps(&mut self, maps: usize) {
        self.trimming.maps.note(self.maps.len());
        self.maps.truncate(maps);
    }

    /// The greatest capacity of the arrays and hash tables, in entries.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        let vectors = self.entries.capacity().max(self.values.capacity());
        let tables = self.by_entry.slots().max(self.by_key.slots());
        vectors.max(tables)
    }
}
