//! The whole store, checked: every structure, every object, every reference.

use super::weak_maps::is_key;
use super::{Cold, Store};
use crate::error::{Error, Result};
use crate::externref::{EXTERN_INDEX, VALUE_BIT, value_tag};
use crate::heap::{self, GcHeap, GcRef};

impl Store {
    /// Checks every structure of the store and every reference in it.
    ///
    /// Errors: [`Error::Internal`] on nonsense, [`Error::SystemMemory`] when
    /// there is no memory to check with.
    pub(crate) fn verify(&self) -> Result<()> {
        self.cold.borrow().check(self)
    }
}

impl Cold {
    /// See [`Store::verify`].
    pub(super) fn check(&self, store: &Store) -> Result<()> {
        store.lifo.check()?;
        store.manual.check()?;
        store
            .scopes
            .check(store.lifo.len(), store.area.no_gc_spans())?;
        store.host.check()?;
        store.types.check()?;
        store.weak.check()?;
        self.hashes.check()?;
        self.weak_maps.check()?;
        let Some(heap) = self.heap.as_deref() else {
            return Ok(());
        };
        let region = heap.region();
        let (mut externrefs, mut hashed, mut keys) = (0, 0, 0);
        let mut visit = |object: GcRef, header: heap::ObjectHeader| {
            hashed += u64::from(header.is_hashed());
            keys += u64::from(header.is_key());
            if header.is_extern() {
                externrefs += 1;
                let word = region.load_u64(object.offset() + EXTERN_INDEX)?;
                let entry = store.host.get(word & !VALUE_BIT, object);
                if entry.is_none_or(|e| (e.tag == value_tag()) != (word & VALUE_BIT != 0)) {
                    return Err(Error::internal("an externref without host data", word));
                }
            }
            Ok(())
        };
        let starts = heap::verify(&store.area, heap, &self.layouts, &mut visit)?;
        if externrefs != store.host.live() {
            return Err(Error::internal(
                "host data without its externref",
                externrefs,
            ));
        }
        if hashed != self.hashes.len() as u64 {
            return Err(Error::internal("a wrong number of hashed objects", hashed));
        }
        self.hashes
            .objects()
            .chain(store.weak.references())
            .chain(self.weak_maps.keys())
            .try_for_each(|object| starts.check(object))?;
        self.check_keys(heap, keys)?;
        let roots = store.lifo.span().iter().chain(store.manual.span());
        roots
            .chain(self.weak_maps.values())
            .map(|slot| GcRef::from_raw(slot.reference.get()))
            .try_for_each(|root| starts.check(root))
    }

    /// Checks that the headers that say so are the keys'; so many are there.
    fn check_keys(&self, heap: &dyn GcHeap, marked: u64) -> Result<()> {
        let mut keys = 0;
        for key in self.weak_maps.keys().filter(|key| key.is_object()) {
            keys += 1;
            if !is_key(heap, key)? {
                return Err(Error::internal("an unmarked key", key.raw().into()));
            }
        }
        if keys != marked {
            return Err(Error::internal("a wrong number of keys", marked));
        }
        Ok(())
    }
}
