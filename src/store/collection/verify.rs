//! The check of a whole store: every structure, every object, every reference.

use crate::error::{Error, Result};
use crate::heap::{self, ARRAY_LENGTH, GcHeap, GcRef, Kind, ObjectHeader, ObjectStartBits};
use crate::host::FUNC_INDEX;
use crate::host::{EXTERN_INDEX, VALUE_BIT, value_tag};
use crate::store::containers::weak_maps::is_key;
use crate::store::objects::exceptions::EXN_TAG;
use crate::store::{Cold, Store};
use crate::types::{FieldLayout, RegisteredType, Storage};

/// How many objects need an entry in a table outside the heap.
#[derive(Default)]
struct Counts {
    with_host_data: u64,
    hashed: u64,
    keys: u64,
}

impl Store {
    /// Checks every structure of the store and every reference in it.
    ///
    /// Errors: [`Error::Internal`] if something is inconsistent; [`Error::SystemMemory`]
    /// when there is no memory for the check; [`Error::BadRange`], [`Error::BadSlot`],
    /// [`Error::ChangedSlot`].
    ///
    /// Finishes a cycle whose sweep has begun: until then, tables and dead objects do not agree.
    pub(crate) fn verify(&self) -> Result<()> {
        let mut cold = self.cold.borrow_mut();
        if cold.cycles.is_sweeping() {
            cold.stop_cycle(self)?;
        }
        cold.check(self)
    }
}

impl Cold {
    /// See [`Store::verify`].
    pub(in crate::store) fn check(&self, store: &Store) -> Result<()> {
        self.check_structures(store)?;
        let Some(heap) = self.heap.as_deref() else {
            return self.verify_ranges(store, None);
        };
        let starts = self.check_objects(store, heap)?;
        self.check_slots(store, heap)?;
        self.check_roots(store, &starts)?;
        store.check_tables()?;
        store.check_globals()?;
        store.check_pending_exception()?;
        self.object_starts
            .check(&store.mutator, heap, &self.layouts)?;
        self.verify_ranges(store, Some(&starts))
    }

    /// Checks the structures outside the heap, each by itself.
    fn check_structures(&self, store: &Store) -> Result<()> {
        store.lifo.check()?;
        store.manual.check()?;
        store
            .scopes
            .check(store.lifo.len(), store.mutator.no_gc_spans())?;
        store.host.check()?;
        store.types.check()?;
        store.weak.check()?;
        store.pins.check()?;
        self.check_pins(&store.pins)?;
        store.tables.check()?;
        store.globals.check()?;
        self.hashes.check()?;
        self.weak_maps.check()?;
        self.sources.check()?;
        self.keyed_data.check()
    }

    /// Checks all objects, and that the tables of host data, identity hashes and weak-map
    /// keys have an entry for each object that needs one, and no other entries. Returns
    /// the starts of the objects.
    fn check_objects(&self, store: &Store, heap: &dyn GcHeap) -> Result<ObjectStartBits> {
        let mut counts = Counts::default();
        let mut visit = |object: GcRef, header: ObjectHeader| {
            counts.hashed += u64::from(header.is_hashed());
            counts.keys += u64::from(header.is_key());
            counts.with_host_data += u64::from(check_host_data(store, heap, object, header)?);
            Ok(())
        };
        let starts = heap::verify(&store.mutator, heap, &self.layouts, &mut visit)?;
        if counts.with_host_data != store.host.live() {
            return Err(Error::internal(
                "host data without its object",
                counts.with_host_data,
            ));
        }
        if counts.hashed != self.hashes.len() as u64 {
            return Err(Error::internal(
                "a wrong number of hashed objects",
                counts.hashed,
            ));
        }
        self.hashes
            .objects()
            .chain(store.weak.references())
            .chain(self.weak_maps.keys())
            .try_for_each(|object| starts.check(object))?;
        self.check_keys(heap, counts.keys)?;
        Ok(starts)
    }

    /// Checks that all root slots refer to objects.
    fn check_roots(&self, store: &Store, starts: &ObjectStartBits) -> Result<()> {
        let roots = store.lifo.span().iter().chain(store.manual.span());
        roots
            .chain(store.pins.span())
            .chain(store.tables.span())
            .chain(store.globals.span())
            .chain(self.weak_maps.values())
            .chain([&store.pending])
            .map(|slot| GcRef::from_raw(slot.reference.get()))
            .try_for_each(|root| starts.check(root))
    }

    /// Checks that each slot of an object admits the reference that it holds, and that
    /// each exception has a tag of its type. The caller has checked that all references
    /// lead to objects.
    fn check_slots(&self, store: &Store, heap: &dyn GcHeap) -> Result<()> {
        let region = heap.region();
        heap.each_object(&store.mutator, &self.layouts, &mut |offset, _| {
            let header = ObjectHeader::from_bits(region.load_u64(offset)?);
            if header.is_extern() {
                return Ok(());
            }
            let of = store.type_of(header)?;
            match header.kind() {
                Some(Kind::Func) => return Ok(()),
                Some(Kind::Exn) => self.check_tag(region.load_u32(offset + EXN_TAG)?, of.index)?,
                _ => {}
            }
            check_references(store, heap, offset, header, of)
        })
    }

    /// Checks that a tag exists and is of the given type.
    fn check_tag(&self, tag: u32, type_index: u32) -> Result<()> {
        match self.tags.get(tag) {
            Some(of) if of.index == type_index => Ok(()),
            _ => Err(Error::internal("an exception without a tag", tag.into())),
        }
    }

    /// Checks that the keys of weak maps are the objects with a key bit in their header.
    /// `marked` is the number of these objects.
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

/// Checks the host data of an externref or a function. Returns whether the object is one
/// of these.
fn check_host_data(
    store: &Store,
    heap: &dyn GcHeap,
    object: GcRef,
    header: ObjectHeader,
) -> Result<bool> {
    let region = heap.region();
    if header.is_extern() {
        let word = region.load_u64(object.offset() + EXTERN_INDEX)?;
        let entry = store.host.get(word & !VALUE_BIT, object);
        if entry.is_none_or(|e| (e.tag() == value_tag()) != (word & VALUE_BIT != 0)) {
            return Err(Error::internal("an externref without host data", word));
        }
        return Ok(true);
    }
    if header.kind() == Some(Kind::Func) {
        let index = region.load_u64(object.offset() + FUNC_INDEX)?;
        store.function_entry(object, index, header)?;
        return Ok(true);
    }
    Ok(false)
}

/// Checks that the slots of the object at `offset` admit the references that they hold.
fn check_references(
    store: &Store,
    heap: &dyn GcHeap,
    offset: u64,
    header: ObjectHeader,
    of: &RegisteredType,
) -> Result<()> {
    let region = heap.region();
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
}

/// Checks that a slot admits the reference that it holds.
fn check_slot(store: &Store, field: &FieldLayout, at: u64, reference: GcRef) -> Result<()> {
    if store.admits(&field.admits, reference) {
        return Ok(());
    }
    Err(Error::internal("a reference of wrong type in a slot", at))
}
