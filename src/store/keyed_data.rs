//! The embedder's data with keys: a pointer and a finalizer for each key.
//!
//! Each library that uses a store keeps its own data there, under an address of its own. So
//! there are few keys, and the list is searched from its beginning.

use core::ffi::c_void;

use super::{Store, StoreData};
use crate::base::fallible;
use crate::error::{Error, Result};
use crate::host::Finalizer;

/// The data of all keys, in the order in which the keys were first set. A key is not null,
/// and its data are not [`StoreData::NONE`].
#[derive(Default)]
pub(super) struct KeyedData(Vec<(*const c_void, StoreData)>);

impl KeyedData {
    /// The bytes of memory that the list has.
    pub(super) fn side_bytes(&self) -> u64 {
        fallible::bytes(&self.0)
    }

    /// The place of a key.
    fn find(&self, key: *const c_void) -> Option<usize> {
        self.0.iter().position(|(its_key, _)| *its_key == key)
    }

    /// The data of a key.
    fn get(&self, key: *const c_void) -> StoreData {
        let place = self.find(key);
        place.map_or(StoreData::NONE, |place| self.0[place].1)
    }

    /// Replaces the data of a key. With [`StoreData::NONE`], the key has none any more.
    ///
    /// Errors: [`Error::SystemMemory`] if the key is new; nothing has changed then.
    fn set(&mut self, key: *const c_void, data: StoreData) -> Result<()> {
        match self.find(key) {
            Some(place) if data.is_none() => {
                self.0.remove(place);
                fallible::shrink(&mut self.0, 0);
            }
            Some(place) => self.0[place].1 = data,
            None if data.is_none() => (),
            None => fallible::push(&mut self.0, (key, data))?,
        }
        Ok(())
    }

    /// Checks that each key is there once, and has data.
    pub(super) fn check(&self) -> Result<()> {
        for (place, &(key, data)) in self.0.iter().enumerate() {
            if key.is_null() || data.is_none() || self.find(key) != Some(place) {
                return Err(Error::internal("a wrong key of data", place as u64));
            }
        }
        Ok(())
    }
}

impl Store {
    /// The embedder's pointer for a key; null if it has none.
    pub(crate) fn keyed_data(&self, key: *const c_void) -> *mut c_void {
        self.cold.borrow().keyed_data.get(key).pointer
    }

    /// Sets the embedder's pointer for a key. Queues the finalizer of the previous pointer,
    /// as [`Store::set_data`] does.
    ///
    /// Errors: those of [`Store::set_data`]; [`Error::SystemMemory`] for a new key.
    pub(crate) fn set_keyed_data(
        &self,
        key: *const c_void,
        pointer: *mut c_void,
        finalizer: Option<Finalizer>,
    ) -> Result<()> {
        let old = self.cold.borrow().keyed_data.get(key);
        self.reserve_replaced(old)?;
        let new = StoreData { pointer, finalizer };
        self.cold.borrow_mut().keyed_data.set(key, new)?;
        self.queue_replaced(old);
        Ok(())
    }

    /// Takes the data of the key that was set last, at the end of the store.
    pub(super) fn take_last_keyed_data(&self) -> Option<StoreData> {
        let (_, data) = self.cold.borrow_mut().keyed_data.0.pop()?;
        Some(data)
    }
}
