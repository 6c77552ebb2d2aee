//! What every collector has in common: references, headers, layouts, memory,
//! and the two traits that a collector implements.
//!
//! The split follows Wasmtime's `GcRuntime` and `GcHeap`: a [`GcRuntime`] is a
//! kind of collector, shared by all stores of an engine; a [`GcHeap`] is one
//! store's heap. What the mutator touches at each allocation lies in an
//! [`Mutator`], which the store keeps in its hot block and lends to the
//! heap, so that allocating needs no call through the trait.
//!
//! Nothing in a heap is a native pointer (`heap.sandbox`). An object is an
//! 8-byte [`ObjectHeader`] and what its [`Layout`] says; a [`GcRef`] is 32 bits.
//! Everything read from the heap is checked before it is used as an address, a
//! size or an index; on nonsense the answer is [`Error::Internal`], which
//! poisons the store.
//!
//! Roots reach a collector as a [`GcRootsList`], a list of spans and ranges. Tables that
//! refer to objects without keeping them alive (host data, identity hashes)
//! reach it as [`WeakTable`]s, swept after tracing: what died costs nothing but
//! its entry there, since the dead are never walked. The values of weak maps are
//! traced when their keys are reached: [`Ephemerons`].

mod access;
mod barrier;
mod budget;
mod bump;
mod collection;
mod counted_header;
mod ephemerons;
mod header;
mod identity_hash;
mod layout;
mod memory;
mod mutator;
mod object_start_table;
mod pacer;
mod reference;
mod root_range;
mod roots_list;
mod space;
mod verify;
mod weak_table;

pub(crate) use access::PlainBits;
pub(crate) use barrier::{Barrier, FastPath, WriteBarrier};
pub(crate) use budget::{Budget, LOOKUP, Progress};
pub(crate) use bump::Window;
pub(crate) use collection::{Collected, GarbageCollection, TraceContext};
pub(crate) use counted_header::{CountedHeader, STICKY};
pub(crate) use ephemerons::{Ephemerons, PendingEphemerons, Trace};
pub(crate) use header::{HEADER_BYTES, Kind, ObjectHeader};
pub(crate) use identity_hash::IdentityHashes;
pub(crate) use layout::{
    ARRAY_CHUNK, ARRAY_ELEMENTS, ARRAY_LENGTH, EXTERN_TYPE, Layout, LayoutTable, References,
    array_bytes,
};
pub(crate) use memory::{COMMIT_UNIT, Region, RegionView, Reservation};
pub(crate) use mutator::Mutator;
pub(crate) use object_start_table::ObjectStartTable;
pub(crate) use pacer::{Cycle, Pacer, nanoseconds_since};
pub(crate) use reference::{GRANULE, GcRef, HEAP_MAX, LEAST_BYTES};
pub(crate) use root_range::{RangeSpan, RootRange, SlotLayout};
pub(crate) use roots_list::{GcRootsList, RootSlot};
pub(crate) use space::{
    ContiguousSpace, FreeListSpace, ListEnds, POISON, SemiSpace, whole_units, write_free,
};
pub(crate) use verify::{ObjectStartBits, each_object, is_plausible, verify};
pub(crate) use weak_table::{Liveness, WeakTable};

use crate::error::{Error, Result};

/// A kind of collector. One value serves every store of an engine.
pub(crate) trait GcRuntime: Sync {
    /// The collector's name, as in test names.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "only tests name collectors so far")
    )]
    fn name(&self) -> &'static str;

    /// Whether heaps of this kind free anything before they end.
    fn collects(&self) -> bool;

    /// Whether collections move objects.
    fn moves(&self) -> bool {
        true
    }

    /// Whether heaps of this kind get the least headroom that the pacer may give, and
    /// none for what it measures.
    fn prefers_small_heap(&self) -> bool {
        false
    }

    /// The least heap limit in bytes; smaller ones are rounded up to it.
    fn least_limit(&self) -> u64;

    /// Makes an empty heap, to be opened.
    ///
    /// Errors: [`Error::SystemMemory`].
    fn new_heap(&self, options: HeapOptions) -> Result<Box<dyn GcHeap>>;
}

/// How much of a reset heap stays resident, in all spaces together, and what a
/// heap commits at first if nothing was said.
pub(crate) const KEPT_BYTES: u64 = 512 << 10;

/// How large a heap may be, and what to do with freed memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeapOptions {
    /// Bytes that may be committed, in all spaces together.
    pub(crate) limit: u64,
    /// Bytes to commit at first, in all spaces together.
    pub(crate) initial: u64,
    /// Fill freed memory with a pattern.
    pub(crate) poison: bool,
}

/// The outcome of an allocation that the area's budget or room may not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Allocation {
    /// The object, its header written, the rest zeros.
    Done(GcRef),
    /// It may succeed after a collection, or after growing by so many bytes.
    CollectOrGrow {
        /// Bytes to make room for.
        bytes: u64,
    },
    /// It cannot succeed in a heap of this limit, however empty.
    Never,
}

/// One store's heap.
///
/// The store lends its [`Mutator`] to each method that needs it. A heap
/// never calls foreign code. Between stores it may change threads.
pub(crate) trait GcHeap: WriteBarrier + Send {
    /// Points `area` at the heap, which must be empty.
    fn open(&mut self, mutator: &Mutator);

    /// Bytes committed, in all spaces together.
    fn committed_bytes(&self) -> u64;

    /// The limit in bytes, as rounded for this collector.
    fn limit_bytes(&self) -> u64;

    /// Allocates `bytes` (header included) if the area's budget allows.
    ///
    /// Errors: [`Error::Internal`] if the heap finds itself overwritten.
    fn allocate(
        &mut self,
        mutator: &Mutator,
        header: ObjectHeader,
        bytes: u64,
    ) -> Result<Allocation> {
        let Some(bytes) = bytes.checked_next_multiple_of(GRANULE) else {
            return Ok(Allocation::Never);
        };
        if let Some(offset) = mutator.bump.bump_within_budget(bytes) {
            mutator.write_new_object(offset, header, bytes);
            return Ok(Allocation::Done(GcRef::from_offset(offset)));
        }
        if bytes > self.largest_object() {
            return Ok(Allocation::Never);
        }
        Ok(Allocation::CollectOrGrow { bytes })
    }

    /// The largest object that an empty heap of this limit has room for.
    fn largest_object(&self) -> u64;

    /// The bytes that [`GcHeap::grow`] would have committed then, in all spaces
    /// together, or fewer if the system refuses.
    ///
    /// Errors: [`Error::HeapLimit`].
    fn committed_after_growth(&self, mutator: &Mutator, bytes: u64) -> Result<u64>;

    /// Makes room and budget for `bytes` more, beyond what is in use, without
    /// collecting.
    ///
    /// Errors: [`Error::HeapLimit`], [`Error::SystemMemory`]; nothing has
    /// changed then.
    fn grow(&mut self, mutator: &Mutator, bytes: u64) -> Result<()>;

    /// Gives back an object whose initialisation failed, before anything refers
    /// to it. The newest object's memory is reused at once, another's when the
    /// next collection does not find it.
    fn deallocate_uninit(&mut self, mutator: &Mutator, object: GcRef, bytes: u64) {
        let bytes = bytes.next_multiple_of(GRANULE);
        if !mutator.bump.unbump(object.offset(), bytes) {
            mutator.write_free(object.offset(), bytes);
        }
    }

    /// Checks what this heap knows beside its objects. They have been found sound.
    ///
    /// Errors: [`Error::Internal`]; [`Error::SystemMemory`] when there is no memory to
    /// check with.
    fn check(&self, mutator: &Mutator, layouts: &LayoutTable) -> Result<()> {
        let _ = (mutator, layouts);
        Ok(())
    }

    /// Where the objects start and end, for a walk over them and over free memory
    /// between them.
    fn walk(&self, mutator: &Mutator) -> (u64, u64) {
        (mutator.bump.start(), mutator.bump.next())
    }

    /// How much the next collection has to find if so much is asked for: at least that.
    fn collection_kind(&self, mutator: &Mutator, asked: CollectionKind) -> CollectionKind {
        let _ = (mutator, asked);
        CollectionKind::Major
    }

    /// How often free neighbours have been merged outside of collections: what was known
    /// to be a start may be none since.
    fn coalescings(&self) -> u64 {
        0
    }

    /// Whether `bytes` may be allocated without growing or collecting.
    ///
    /// Errors: [`Error::Internal`] if the heap finds itself overwritten.
    fn has_room(&mut self, mutator: &Mutator, bytes: u64) -> Result<bool> {
        Ok(mutator.bump.has_budget(bytes))
    }

    /// Makes room for collections to reach `count` objects with the header's key bit.
    /// Nothing where nothing is ever collected.
    ///
    /// Errors: [`Error::SystemMemory`]; not if there was room for as many before.
    fn reserve_keys(&mut self, count: usize) -> Result<()>;

    /// The hooks of a collection, or `None` if the heap never collects.
    fn collection(&mut self) -> Option<&mut dyn CollectionSteps>;

    /// Ends a collection: sets what may be allocated until the next one to `headroom`
    /// bytes beyond what is in use, as far as the limit and the system allow; commits what
    /// that needs, if `may_grow`, and gives back what it does not, as far as the budget
    /// allows. To be called again until that is complete.
    fn set_headroom(
        &mut self,
        mutator: &Mutator,
        headroom: u64,
        may_grow: bool,
        budget: &mut Budget,
    ) -> Progress;

    /// Empties the heap, to be opened for another store. Keeps the memory that a
    /// new heap has, of which at most [`KEPT_BYTES`] stay resident.
    fn reset(&mut self);
}

/// How much a collection has to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CollectionKind {
    /// What the collector finds at the least cost.
    Minor,
    /// Everything that is unreachable.
    Major,
}

/// What one collection consists of, called in order by [`GarbageCollection`]. Between
/// calls the heap is not used. Until roots are traced, it is as it was for the mutator,
/// and may be used by that, and then by another collection.
pub(crate) trait CollectionSteps {
    /// Begins a collection of an extent that [`GcHeap::collection_kind`] has decided.
    ///
    /// Errors: [`Error::Internal`] if the heap finds itself overwritten.
    fn begin(&mut self, mutator: &Mutator, kind: CollectionKind) -> Result<()>;

    /// Traces what some of the roots, those chosen in the list, refer to, and updates
    /// them; a root may come twice. Called at least once.
    fn trace_roots(&mut self, roots: &mut GcRootsList, layouts: &LayoutTable) -> Result<()>;

    /// Traces objects.
    fn trace_increment(&mut self, layouts: &LayoutTable, budget: &mut Budget) -> Result<Progress>;

    /// Traces what a reference from outside the heap, to an object that was there
    /// when the collection began, refers to, and returns where that is now.
    fn trace_reference(&mut self, reference: GcRef, layouts: &LayoutTable) -> Result<GcRef>;

    /// Takes one of the objects with the header's key bit that have been reached, each
    /// once, by the reference that it had before the collection.
    fn pop_pending_ephemeron(&mut self) -> Option<GcRef>;

    /// Tells survivors from the dead, once tracing is complete.
    fn liveness(&self) -> Liveness<'_>;

    /// Frees the dead; once that is done, points `area` at the room.
    fn finish(
        &mut self,
        mutator: &Mutator,
        layouts: &LayoutTable,
        budget: &mut Budget,
    ) -> Result<Option<Collected>>;
}

/// The error of an allocation that no collection and no growth can make room
/// for.
pub(crate) fn heap_limit(requested: u64, limit: u64) -> Error {
    Error::HeapLimit { requested, limit }
}

#[cfg(test)]
mod tests;
