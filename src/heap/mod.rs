//! What all collectors share: the traits that a collector implements, and what the store
//! and the collectors both know of a heap.
//!
//! A collector is a [`GcRuntime`] for the engine and a [`GcHeap`] for each store (HEAP-1).
//! The heap allocates and grows, and gives the mutator its memory. It also implements
//!
//! * [`WriteBarrier`], which tells it of each reference that is stored in an object;
//! * [`CollectionSteps`], which [`GarbageCollection`] drives through one collection;
//! * [`CycleSteps`], if the program may run between the steps of a full collection: [`Cycle`]
//!   drives them, at the pace of a [`CyclePacer`].
//!
//! Collectors are compositions of the spaces in [`space`] (HEAP-35).
//!
//! The [`Mutator`] is in the store's hot block and is passed to the heap's methods. So an
//! allocation calls nothing through a trait (HEAP-2).
//!
//! An object is an 8-byte [`ObjectHeader`] and the contents that its [`Layout`] describes.
//! A [`GcRef`] has 32 bits. Nothing in a heap is a native pointer, and everything that is
//! read from the heap is checked before it is used as an address, a size or an index
//! (`heap.sandbox`, HEAP-8). On nonsense the answer is
//! [`Error::Internal`](crate::error::Error::Internal), which poisons the store.
//!
//! A collector gets its roots as a [`GcRootsList`] (ROOTS-19). Tables that refer to objects
//! weakly are [`WeakTable`]s, which a collection sweeps after tracing (HEAP-3). The values
//! of weak maps are traced when their keys are reached: [`Ephemerons`] (OBJECTS-15).
//! [`Pacer`] decides when to collect (HEAP-11), and [`Overhead`] when collecting is in vain
//! (HEAP-49).
//!
//! The decisions are in `docs/design/heap.md`.

mod access;
mod barrier;
mod blocks;
mod budget;
mod bump;
mod collection;
mod collection_steps;
mod copy_spans;
mod counted_header;
mod cycle;
mod cycle_pacer;
mod cycle_steps;
mod ephemerons;
mod gc_heap;
mod gc_runtime;
mod header;
mod identity_hash;
mod layout;
mod layout_table;
mod layout_word;
mod memory;
mod mutator;
mod object_start_table;
mod overhead;
mod pacer;
mod pinning;
mod reference;
mod remember_log;
mod root_range;
mod roots_list;
mod segment_starts;
mod shrinking;
mod space;
mod starts;
#[cfg(test)]
mod step_count;
mod verify;
mod walk_bound;
mod weak_table;

pub(crate) use access::{HeapAccess, PlainBits};
pub(crate) use barrier::{Barrier, FastPath, WriteBarrier};
pub(crate) use blocks::{PlausibleObjects, each_object};
pub(crate) use budget::{Budget, LOOKUP, Progress};
pub(crate) use collection::{GarbageCollection, TraceContext};
pub(crate) use collection_steps::{CollectionKind, CollectionStats, CollectionSteps};
pub(crate) use copy_spans::{CopySpans, Head};
pub(crate) use counted_header::{CountedHeader, STICKY};
pub(crate) use cycle::{Cycle, CycleContext, RangePiece};
pub(crate) use cycle_pacer::{CyclePacer, CyclePressure, STEP_EVERY};
pub(crate) use cycle_steps::{CycleSteps, Moved};
pub(crate) use ephemerons::{Ephemerons, PendingEphemerons, Trace};
pub(crate) use gc_heap::{Allocation, GcHeap, KEPT_BYTES, heap_limit};
pub(crate) use gc_runtime::{GcRuntime, HeapOptions};
pub(crate) use header::{HEADER_BYTES, Kind, ObjectHeader};
pub(crate) use identity_hash::IdentityHashes;
pub(crate) use layout::{
    ARRAY_CHUNK, ARRAY_ELEMENTS, ARRAY_LENGTH, EXTERN_TYPE, Layout, Measured, REFERENCES_CHUNK,
    References, array_bytes,
};
pub(crate) use layout_table::{CommonLayout, LayoutTable, SimpleLayouts};
pub(crate) use layout_word::ObjectSize;
pub(crate) use memory::{
    COMMIT_UNIT, ObjectBytes, ObjectHead, ObjectSlot, ObjectSpan, Region, Reservation,
};
pub(crate) use mutator::Mutator;
pub(crate) use object_start_table::ObjectStartTable;
pub(crate) use overhead::Overhead;
pub(crate) use pacer::{HeapSizing, Pacer, PacerSample, nanoseconds_since};
pub(crate) use pinning::Pinning;
pub(crate) use reference::{GRANULE, GcRef, HEAP_MAX, LEAST_BYTES, SLOT_BYTES};
pub(crate) use remember_log::{LONG_ARRAY, Logged, RememberLog};
pub(crate) use root_range::{RangeSpan, RootRange, SlotLayout};
pub(crate) use roots_list::{GcRootsList, RootSlot};
#[cfg(test)]
pub(crate) use segment_starts::SEGMENT_BYTES;
pub(crate) use segment_starts::{SegmentStarts, segment_end};
pub(crate) use shrinking::Shrinking;
pub(crate) use space::{
    BLOCK_BYTES, BlockRecord, BlockSpace, BlockState, ContiguousSpace, FIRST_NURSERY_BLOCKS,
    GranuleBits, Hole, LARGEST_SMALL, LARGEST_YOUNG, LINE_BYTES, MOST_SHARED, MarkingState, POISON,
    PromotionWindow, SemiSpace, whole_units, write_free,
};
pub(crate) use starts::Starts;
pub(crate) use verify::{ObjectStartBits, verify};
pub(crate) use walk_bound::WalkBound;
pub(crate) use weak_table::{Liveness, WeakTable};

#[cfg(test)]
pub(crate) use blocks::blocks_for_tests;
#[cfg(test)]
pub(crate) use step_count::steps_of;

#[cfg(test)]
mod tests;
