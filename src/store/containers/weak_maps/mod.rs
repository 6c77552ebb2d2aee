//! Weak maps: values that live while their keys do. The source is Hayes, "Ephemerons: a
//! New Finalization Mechanism", OOPSLA 1997.
//!
//! A store has one table for the entries of all its maps (OBJECTS-16), outside the heap,
//! and handles that name the maps as weak handles name objects. A call finds an entry by
//! its map and key. A collection finds the entries of a key by the key alone, when it
//! reaches the key ([`Ephemerons`](crate::heap::Ephemerons), OBJECTS-15). A bit in the
//! header of an object says that it is a key.
//!
//! Neither keys nor values go through barriers, as roots do not. A collector that counts
//! references does not count them. Keys are swept with the weak tables. A major
//! collection traces values when their keys are reached; a minor collection has the
//! values among its roots ([`WeakMaps::values`], OBJECTS-17).
//!
//! | file | subject |
//! |---|---|
//! | `mod.rs` | the store's functions for weak maps |
//! | `maps.rs` | the maps: handles and entries |
//! | `entries` | the table of entries: its index, its sweep, its check |

mod entries;
mod maps;
#[cfg(test)]
mod tests;

use crate::error::{Error, Result};
use crate::heap::{GcHeap, GcRef, ObjectHeader};
use crate::roots::Handle;
use crate::store::handles::resolve::unrooted_as;
use crate::store::{Cold, Store};
use entries::Removed;
pub(in crate::store) use maps::WeakMaps;

impl Store {
    /// Makes a weak map. Never collects.
    ///
    /// Errors: [`Error::Limit`], [`Error::SystemMemory`].
    pub(crate) fn weakmap_new(&self) -> Result<Handle> {
        let created = self.cold.borrow_mut().weak_maps.create();
        Ok(self.handle(created?))
    }

    /// The index of the map that a handle names.
    ///
    /// Errors: [`Error::NullReference`], [`Error::WrongStore`], [`Error::Unrooted`].
    fn resolve_map(&self, map: Handle) -> Result<u32> {
        if map.is_null() {
            return Err(Error::NullReference { parameter: "map" });
        }
        self.require_mine(map.store_id, "map")?;
        let maps = &self.cold.borrow().weak_maps;
        if map.is_manual() || !maps.has(map.index(), map.generation()) {
            return Err(unrooted_as("weak map", map, "map"));
        }
        Ok(map.index())
    }

    /// The index of the map and the reference of the key that two handles name.
    ///
    /// Errors: as [`Store::resolve_map`], then as [`Store::object`].
    #[inline(always)]
    fn map_and_key(&self, map: Handle, key: Handle) -> Result<(u32, GcRef)> {
        match self.map_and_key_fast(map, key) {
            Some(found) => Ok(found),
            None => self.map_and_key_slow(map, key),
        }
    }

    #[cold]
    #[inline(never)]
    fn map_and_key_slow(&self, map: Handle, key: Handle) -> Result<(u32, GcRef)> {
        Ok((self.resolve_map(map)?, self.object(key, "key")?))
    }

    /// The fast form of [`Store::map_and_key`].
    #[inline(always)]
    fn map_and_key_fast(&self, map: Handle, key: Handle) -> Option<(u32, GcRef)> {
        let is_found = map.store_id == self.id
            && !map.is_manual()
            && self
                .cold
                .try_borrow()
                .ok()?
                .weak_maps
                .has(map.index(), map.generation());
        let key = self.resolve_fast(key).filter(|key| !key.is_null())?;
        is_found.then_some((map.index(), key))
    }

    /// Sets the value of a key in a map. Replaces the old value, if the key has one.
    /// Never collects.
    ///
    /// Errors: as [`Store::map_and_key`]; as [`Store::resolve`] for the value;
    /// [`Error::Limit`], [`Error::SystemMemory`].
    pub(crate) fn weakmap_set(&self, map: Handle, key: Handle, value: Handle) -> Result<()> {
        let (map, key) = self.map_and_key(map, key)?;
        let value = self.resolve(value, "value_or_null")?;
        let Cold {
            heap, weak_maps, ..
        } = &mut *self.cold.borrow_mut();
        if let Some(heap) = heap.as_deref_mut() {
            heap.note_value(key, value)?;
        }
        let Some(vacant) = weak_maps.replace(map, key, value) else {
            self.count_release();
            return Ok(());
        };
        let keys = weak_maps.reserve_one()?;
        if let Some(heap) = heap.as_deref_mut().filter(|_| key.is_object()) {
            heap.reserve_keys(keys)?;
            self.set_is_key(key, true)?;
        }
        weak_maps.insert(vacant, value);
        Ok(())
    }

    /// A new scoped root for the value of a key. Null if the value is null, or the map
    /// has no such key. Never collects.
    ///
    /// Errors: as [`Store::map_and_key`] and [`Store::push_root`].
    pub(crate) fn weakmap_get(&self, map: Handle, key: Handle) -> Result<Handle> {
        let (map, key) = self.map_and_key(map, key)?;
        let found = self.cold.borrow().weak_maps.get(map, key);
        self.push_unless_null(found.unwrap_or(GcRef::NULL))
    }

    /// Removes a key and its value from a map. `false` if the map has no such key. Never
    /// collects.
    ///
    /// Errors: as [`Store::map_and_key`].
    pub(crate) fn weakmap_delete(&self, map: Handle, key: Handle) -> Result<bool> {
        let (map, key) = self.map_and_key(map, key)?;
        let removed = self.cold.borrow_mut().weak_maps.remove(map, key);
        let Some(removed) = removed else {
            return Ok(false);
        };
        self.count_release();
        self.clear_key(removed)?;
        Ok(true)
    }

    /// The number of entries of a map. Entries whose keys died since the last collection
    /// count.
    ///
    /// Errors: as [`Store::resolve_map`].
    pub(crate) fn weakmap_size(&self, map: Handle) -> Result<u32> {
        let map = self.resolve_map(map)?;
        Ok(self.cold.borrow().weak_maps.count(map))
    }

    /// Ends a map, which no longer keeps its values alive. Does nothing for null. Never
    /// collects.
    ///
    /// Errors: as [`Store::resolve_map`].
    pub(crate) fn weakmap_free(&self, map: Handle) -> Result<()> {
        if map.is_null() {
            return Ok(());
        }
        let index = self.resolve_map(map)?;
        let cold = &mut *self.cold.borrow_mut();
        while let Some(removed) = cold.weak_maps.remove_any(index) {
            self.clear_key(removed)?;
        }
        cold.weak_maps.release(index, map.generation());
        self.count_release();
        Ok(())
    }

    /// Clears the bit in the header of a removed entry's key, if that was the key's last
    /// entry.
    ///
    /// Errors: [`Error::Internal`].
    fn clear_key(&self, removed: Removed) -> Result<()> {
        match removed.last_of.filter(|key| key.is_object()) {
            Some(key) => self.set_is_key(key, false),
            None => Ok(()),
        }
    }

    /// Sets or clears the bit in the header of an object that says that it is a key.
    ///
    /// Errors: [`Error::Internal`].
    fn set_is_key(&self, object: GcRef, is_key: bool) -> Result<()> {
        let header = ObjectHeader::from_bits(self.load(object.offset())?);
        self.store(object.offset(), header.with_key(is_key).bits())
    }
}

/// Whether the header of an object says that it is a key of a weak map.
pub(in crate::store) fn is_key(heap: &dyn GcHeap, object: GcRef) -> Result<bool> {
    let header = heap.region().load_u64(object.offset())?;
    Ok(ObjectHeader::from_bits(header).is_key())
}
