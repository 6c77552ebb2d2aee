//! Weak maps of a store. No barrier sees their entries: see
//! [`weak_map`](crate::weak_map).

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

    /// The number of the map that a handle names.
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

    /// The number of the map, and the key.
    ///
    /// Errors: as [`Store::resolve_map`], then as [`Store::object`].
    fn map_and_key(&self, map: Handle, key: Handle) -> Result<(u32, GcRef)> {
        Ok((self.resolve_map(map)?, self.object(key, "key")?))
    }

    /// Gives a key a value in a map, in place of the one that it had. Never collects.
    ///
    /// Errors: as [`Store::map_and_key`], then as [`Store::resolve`] for the value;
    /// [`Error::Limit`], [`Error::SystemMemory`].
    pub(crate) fn weakmap_set(&self, map: Handle, key: Handle, value: Handle) -> Result<()> {
        let (map, key) = self.map_and_key(map, key)?;
        let value = self.resolve(value, "value_or_null")?;
        let Cold {
            heap, weak_maps, ..
        } = &mut *self.cold.borrow_mut();
        if weak_maps.replace(map, key, value) {
            self.count_release();
            return Ok(());
        }
        let keys = weak_maps.reserve_one()?;
        if let Some(heap) = heap.as_deref_mut().filter(|_| key.is_object()) {
            heap.reserve_keys(keys)?;
            set_is_key(heap, key, true)?;
        }
        weak_maps.insert(map, key, value);
        Ok(())
    }

    /// A new scoped root for a key's value; null if that is null or there is none.
    /// Never collects.
    ///
    /// Errors: as [`Store::map_and_key`]; those of a push.
    pub(crate) fn weakmap_get(&self, map: Handle, key: Handle) -> Result<Handle> {
        let (map, key) = self.map_and_key(map, key)?;
        let found = self.cold.borrow().weak_maps.get(map, key);
        match found {
            None | Some(GcRef::NULL) => Ok(Handle::NULL),
            Some(value) => self.push_root(value),
        }
    }

    /// Removes a key and its value from a map; `false` if it was not there. Never
    /// collects.
    ///
    /// Errors: as [`Store::map_and_key`].
    pub(crate) fn weakmap_delete(&self, map: Handle, key: Handle) -> Result<bool> {
        let (map, key) = self.map_and_key(map, key)?;
        let cold = &mut *self.cold.borrow_mut();
        let Some(removed) = cold.weak_maps.remove(map, key) else {
            return Ok(false);
        };
        self.count_release();
        cold.forget_key(removed)?;
        Ok(true)
    }

    /// How many entries a map has whose keys no collection has found dead.
    ///
    /// Errors: as [`Store::resolve_map`].
    pub(crate) fn weakmap_size(&self, map: Handle) -> Result<u32> {
        let map = self.resolve_map(map)?;
        Ok(self.cold.borrow().weak_maps.count(map))
    }

    /// Ends a map, and lets its values go; nothing happens for null. Never collects.
    ///
    /// Errors: as [`Store::resolve_map`].
    pub(crate) fn weakmap_free(&self, map: Handle) -> Result<()> {
        if map.is_null() {
            return Ok(());
        }
        let number = self.resolve_map(map)?;
        let cold = &mut *self.cold.borrow_mut();
        while let Some(removed) = cold.weak_maps.remove_any(number) {
            cold.forget_key(removed)?;
        }
        cold.weak_maps.release(number, map.generation());
        self.count_release();
        Ok(())
    }
}

impl Cold {
    /// Clears the header's bit of a key that is in no map any more.
    fn forget_key(&mut self, removed: Removed) -> Result<()> {
        let key = removed.last_of.filter(|key| key.is_object());
        match (key, self.heap.as_deref()) {
            (Some(key), Some(heap)) => set_is_key(heap, key, false),
            _ => Ok(()),
        }
    }
}

/// Whether an object's header says that it is a key.
pub(in crate::store) fn is_key(heap: &dyn GcHeap, object: GcRef) -> Result<bool> {
    let header = heap.region().load_u64(object.offset())?;
    Ok(ObjectHeader::from_bits(header).is_key())
}

fn set_is_key(heap: &dyn GcHeap, object: GcRef, is_key: bool) -> Result<()> {
    let header = ObjectHeader::from_bits(heap.region().load_u64(object.offset())?);
    let header = header.with_key(is_key);
    heap.region().store_u64(object.offset(), header.bits())
}
