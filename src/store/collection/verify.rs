//! The whole store, checked: every structure, every object, every reference.

use crate::error::{Error, Result};
use crate::heap::{self, ARRAY_LENGTH, GcHeap, GcRef, Kind, ObjectHeader};
use crate::host::FUNC_INDEX;
use crate::host::{EXTERN_INDEX, VALUE_BIT, value_tag};
use crate::store::containers::weak_maps::is_key;
use crate::store::objects::exceptions::EXN_TAG;
use crate::store::{Cold, Store};
use crate::types::{FieldLayout, Storage};

impl Store {
    /// Checks every structure of the store and every reference in it.
    ///
    /// Errors: [`Error::Internal`] on nonsense, [`Error::SystemMemory`] when
    /// there is no memory to check with; [`Error::BadRange`], [`Error::BadSlot`].
    pub(crate) fn verify(&self) -> Result<()> {
        self.cold.borrow().check(self)
    }
}

impl Cold {
    /// See [`Store::verify`].
    pub(in crate::store) fn check(&self, store: &Store) -> Result<()> {
        store.lifo.check()?;
        store.manual.check()?;
        store
            .scopes
            .check(store.lifo.len(), store.mutator.no_gc_spans())?;
        store.host.check()?;
        store.types.check()?;
        store.weak.check()?;
        store.tables.check()?;
        store.globals.check()?;
        self.hashes.check()?;
        self.weak_maps.check()?;
        self.sources.check()?;
        let Some(heap) = self.heap.as_deref() else {
            return self.verify_ranges(None);
        };
        let region = heap.region();
        let (mut with_host_data, mut hashed, mut keys) = (0, 0, 0);
        let mut visit = |object: GcRef, header: heap::ObjectHeader| {
            hashed += u64::from(header.is_hashed());
            keys += u64::from(header.is_key());
            if header.is_extern() {
                with_host_data += 1;
                let word = region.load_u64(object.offset() + EXTERN_INDEX)?;
                let entry = store.host.get(word & !VALUE_BIT, object);
                if entry.is_none_or(|e| (e.tag == value_tag()) != (word & VALUE_BIT != 0)) {
                    return Err(Error::internal("an externref without host data", word));
                }
            } else if header.kind() == Some(Kind::Func) {
                with_host_data += 1;
                let index = region.load_u64(object.offset() + FUNC_INDEX)?;
                store.function_entry(object, index, header)?;
            }
            Ok(())
        };
        let starts = heap::verify(&store.mutator, heap, &self.layouts, &mut visit)?;
        if with_host_data != store.host.live() {
            return Err(Error::internal(
                "host data without its object",
                with_host_data,
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
        self.check_slots(store, heap)?;
        let roots = store.lifo.span().iter().chain(store.manual.span());
        roots
            .chain(store.tables.span())
            .chain(store.globals.span())
            .chain(self.weak_maps.values())
            .chain([&store.pending])
            .map(|slot| GcRef::from_raw(slot.reference.get()))
            .try_for_each(|root| starts.check(root))?;
        store.check_tables()?;
        store.check_globals()?;
        store.check_pending_exception()?;
        self.starts.check(&store.mutator, heap, &self.layouts)?;
        self.verify_ranges(Some(&starts))
    }

    /// Checks that each reference in an object is one that its slot admits, and each
    /// exception's tag one of its type. References have been found to lead to objects.
    fn check_slots(&self, store: &Store, heap: &dyn GcHeap) -> Result<()> {
        let region = heap.region();
        let (start, end) = heap.walk(&store.mutator);
        heap::each_object(region, start, end, &self.layouts, |offset, _| {
            let header = ObjectHeader::from_bits(region.load_u64(offset)?);
            if header.is_extern() {
                return Ok(());
            }
            let of = store.type_of(header)?;
            if header.kind() == Some(Kind::Func) {
                return Ok(());
            }
            if header.kind() == Some(Kind::Exn) {
                self.check_tag(region.load_u32(offset + EXN_TAG)?, of.index)?;
            }
            let elements = match header.kind() {
                Some(Kind::Array) => region.load_u32(offset + ARRAY_LENGTH)?,
                _ => 1,
            };
            let mut references = of.fields.iter().filter(|f| f.storage == Storage::Ref);
            references.try_for_each(|field| {
                let first = offset + u64::from(field.offset);
                (0..u64::from(elements)).try_for_each(|element| {
                    let at = first + 4 * element;
                    check_slot(store, field, at, GcRef::from_raw(region.load_u32(at)?))
                })
            })
        })
    }

    /// Checks that a tag is there, and of this type.
    fn check_tag(&self, tag: u32, type_index: u32) -> Result<()> {
        match self.tags.get(tag) {
            Some(of) if of.index == type_index => Ok(()),
            _ => Err(Error::internal("an exception without a tag", tag.into())),
        }
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

/// Checks that a slot admits what it holds.
fn check_slot(store: &Store, field: &FieldLayout, at: u64, reference: GcRef) -> Result<()> {
    if store.admits(field.admits, reference) {
        return Ok(());
    }
    Err(Error::internal("a reference of wrong type in a slot", at))
}
