//! The check of the entries, their index and their chains.

use super::table::{Entries, Entry, Map, NONE, OF_KEY, OF_MAP};
use crate::error::{Error, Result};

impl Entries {
    /// Checks the invariants. `has_map` answers whether a map with an index exists.
    ///
    /// Errors: [`Error::Internal`].
    pub(in crate::store::containers::weak_maps) fn check(
        &self,
        has_map: impl Fn(u32) -> bool,
    ) -> Result<()> {
        self.check_places(has_map)?;
        let count = self.by_entry.len();
        let (of_keys, of_maps) = (self.check_keys()?, self.check_maps()?);
        let free = self.check_free()?;
        if (of_keys, of_maps) != (count, count) || self.entries.len() - free != count {
            return Err(wrong(count));
        }
        Ok(())
    }

    /// Checks that a free place has no value, and that every entry belongs to a map and
    /// is found by its map and key.
    fn check_places(&self, has_map: impl Fn(u32) -> bool) -> Result<()> {
        let places = self.entries.iter().zip(&self.values);
        for (at, (entry, value)) in places.enumerate() {
            let sound = if entry.key.is_null() {
                value.reference.get() == 0
            } else {
                has_map(entry.map) && self.find(entry.map, entry.key) == Some(at as u32)
            };
            if !sound {
                return Err(wrong(at));
            }
        }
        Ok(())
    }

    /// Checks the chain of every key. Returns the number of their entries.
    fn check_keys(&self) -> Result<usize> {
        let mut total = 0;
        for first in self.by_key.places() {
            let key = self.entries[first as usize].key;
            total += self.check_chain(OF_KEY, first, |entry| entry.key == key)?;
            if key.is_null() || self.first_of_key(key) != Some(first) {
                return Err(wrong(first as usize));
            }
        }
        Ok(total)
    }

    /// Checks the chain and the count of every map. Returns the number of their entries.
    fn check_maps(&self) -> Result<usize> {
        let mut total = 0;
        for (map, &Map { first, count }) in self.maps.iter().enumerate() {
            let chained = self.check_chain(OF_MAP, first, |entry| entry.map as usize == map)?;
            if chained != count as usize {
                return Err(wrong(chained));
            }
            total += chained;
        }
        Ok(total)
    }

    /// Checks a chain, whose entries must all `belong` to it. Returns its length.
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

    /// Checks the chain of free places. Returns its length.
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

fn wrong(number: usize) -> Error {
    Error::internal("a wrong weak map", number as u64)
}
