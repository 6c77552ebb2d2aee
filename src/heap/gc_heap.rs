//! One store's heap.

use super::barrier::WriteBarrier;
use super::blocks::each_object;
use super::budget::{Budget, Progress};
use super::collection_steps::{CollectionKind, CollectionSteps};
use super::cycle_pacer::CyclePressure;
use super::cycle_steps::CycleSteps;
use super::header::ObjectHeader;
use super::layout::Measured;
use super::layout_table::LayoutTable;
use super::mutator::Mutator;
use super::pinning::Pinning;
use super::reference::{GRANULE, GcRef};
use super::starts::Starts;
use crate::error::{Error, Result};

/// The number of bytes of a reset heap that stay resident, in all spaces together
/// (HEAP-9). A new heap commits this number of bytes unless the configuration says
/// otherwise.
pub(crate) const KEPT_BYTES: u64 = 512 << 10;

/// The outcome of [`GcHeap::allocate`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Allocation {
    /// The new object. Its header is written, the rest is zeros.
    Done(GcRef),
    /// The budget or the room is too small. The allocation may succeed after a
    /// collection, or after [`GcHeap::grow`] by `bytes`.
    CollectOrGrow {
        /// The number of bytes to make room for.
        bytes: u64,
    },
    /// The object does not fit into a heap of this limit, not even into an empty one.
    Never,
}

/// One store's heap.
///
/// The store passes its [`Mutator`] to each method that needs it (HEAP-2). A heap never
/// calls foreign code. Between stores it may change threads.
pub(crate) trait GcHeap: WriteBarrier + Send {
    /// Points `mutator` at the heap, which must be empty. Returns the number of bytes that may
    /// be allocated before the first collection.
    fn open(&mut self, mutator: &Mutator) -> u64;

    /// The number of committed bytes, in all spaces together.
    fn committed_bytes(&self) -> u64;

    /// The bytes of memory that the collector has beside the heap, for itself.
    fn side_bytes(&self) -> u64;

    /// The limit in bytes that is in force, as this collector has rounded it.
    fn limit_bytes(&self) -> u64;

    /// The number of bytes that objects may occupy in the memory that is committed now.
    fn object_bytes(&self) -> u64 {
        self.committed_bytes()
    }

    /// The number of bytes that objects may occupy in the memory that a new heap commits.
    fn initial_object_bytes(&self) -> u64;

    /// Allocates `bytes`, header included, if the mutator's budget allows it.
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
        if let Some(object) = self.bump(mutator, header, bytes) {
            return Ok(Allocation::Done(object));
        }
        if bytes > self.largest_object() {
            return Ok(Allocation::Never);
        }
        Ok(Allocation::CollectOrGrow { bytes })
    }

    /// Makes an object of `bytes` in the window, if the budget allows it.
    fn bump(&mut self, mutator: &Mutator, header: ObjectHeader, bytes: u64) -> Option<GcRef> {
        let offset = mutator.bump.bump_within_budget(bytes)?;
        let end = offset + bytes;
        self.note_block(offset, end, end);
        mutator.write_new_object(offset, header, bytes);
        Some(GcRef::from_offset(offset))
    }

    /// The size of the largest object that fits into an empty heap of this limit.
    fn largest_object(&self) -> u64;

    /// The number of bytes that would be committed after [`GcHeap::grow`] by `bytes`, in
    /// all spaces together. It is less if the system refuses memory.
    ///
    /// Errors: [`Error::HeapLimit`].
    fn committed_after_growth(&self, mutator: &Mutator, bytes: u64) -> Result<u64>;

    /// Makes room and budget for `bytes` beyond what is in use, without collecting.
    ///
    /// Errors: [`Error::HeapLimit`], [`Error::SystemMemory`]. After an error nothing has
    /// changed.
    fn grow(&mut self, mutator: &Mutator, bytes: u64) -> Result<()>;

    /// Frees an object of `bytes` whose initialisation failed. Nothing refers to it. If it
    /// is the newest object, its memory is used again at once. Otherwise its memory becomes
    /// a free block, which the next collection reclaims.
    fn deallocate_uninit(&mut self, mutator: &Mutator, object: GcRef, bytes: u64) {
        let (offset, bytes) = (object.offset(), bytes.next_multiple_of(GRANULE));
        if mutator.bump.unbump(offset, bytes) {
            let window_end = mutator.bump.end();
            self.note_block(offset, offset + bytes, window_end);
        } else {
            mutator.write_free(offset, bytes);
        }
    }

    /// Checks the heap's own tables and lists. The caller has checked the objects.
    ///
    /// Errors: [`Error::Internal`]; [`Error::SystemMemory`] if there is no memory to check
    /// with.
    fn check(&self, mutator: &Mutator, layouts: &LayoutTable) -> Result<()> {
        let _ = (mutator, layouts);
        Ok(())
    }

    /// The offsets between which all objects lie.
    fn bounds(&self, mutator: &Mutator) -> (u64, u64) {
        (mutator.bump.start(), mutator.bump.next())
    }

    /// Calls `visit` with the offset of each object, and with the object, in the order of
    /// their offsets.
    ///
    /// Errors: those of `visit`; [`Error::Internal`] on nonsense.
    fn each_object(
        &self,
        mutator: &Mutator,
        layouts: &LayoutTable,
        visit: &mut dyn FnMut(u64, Measured<'_>) -> Result<()>,
    ) -> Result<()> {
        let (start, end) = self.bounds(mutator);
        each_object(self.region(), start, end, layouts, visit)
    }

    /// How the starts of objects are found.
    fn starts(&self) -> Starts<'_>;

    /// Notes that the bytes from `start` to `end` are one block, or part of one. The next
    /// block starts at `next`. Of use to heaps whose starts are found in segments.
    fn note_block(&mut self, start: u64, end: u64, next: u64);

    /// The kind of collection to run when `asked` was requested. May turn a minor
    /// collection into a major one, and never the other way round.
    fn collection_kind(&self, mutator: &Mutator, asked: CollectionKind) -> CollectionKind {
        let _ = (mutator, asked);
        CollectionKind::Major
    }

    /// Whether a minor collection is what makes room for `bytes`, whatever headroom is left.
    fn prefers_minor(&self, mutator: &Mutator, bytes: u64) -> bool {
        let _ = (mutator, bytes);
        false
    }

    /// Whether a collection of this kind is one of a nursery: it needs those roots only that may
    /// refer to young objects, sweeps those entries of tables only whose objects may be young,
    /// and leaves the headroom and the size of the heap as they are.
    fn is_of_nursery(&self, kind: CollectionKind) -> bool {
        let _ = kind;
        false
    }

    /// Whether `bytes` can be allocated without growing or collecting.
    ///
    /// Errors: [`Error::Internal`] if the heap finds itself overwritten.
    fn has_room(&mut self, mutator: &Mutator, bytes: u64) -> Result<bool> {
        Ok(mutator.bump.has_budget(bytes))
    }

    /// Reserves memory for `count` pending ephemerons, so that a collection needs none
    /// (HEAP-4). `count` is the number of objects with the header's key bit. Does nothing
    /// in a heap that never collects.
    ///
    /// Errors: [`Error::SystemMemory`], but only if there was no room for `count` before.
    fn reserve_keys(&mut self, count: usize) -> Result<()>;

    /// Gives back memory of pending ephemerons after a major collection, as far as the budget
    /// allows. `count` is the number of objects with the header's key bit.
    fn trim_keys(&mut self, _count: usize, _budget: &mut Budget) -> Progress {
        Progress::Complete
    }

    /// The steps of a collection, or `None` if the heap never collects.
    fn collection(&mut self) -> Option<&mut dyn CollectionSteps>;

    /// The steps of a collection between which the program runs, or `None` if the heap does not
    /// run such collections, or cannot now.
    fn cycle(&mut self) -> Option<&mut dyn CycleSteps> {
        None
    }

    /// Whether the program should run between the steps of the full collections that its
    /// allocations need.
    fn prefers_cycle(&self, mutator: &Mutator) -> bool {
        let _ = mutator;
        false
    }

    /// How far the program is from the size at which the next cycle must be complete.
    fn cycle_pressure(&self, mutator: &Mutator) -> CyclePressure {
        let _ = mutator;
        CyclePressure::default()
    }

    /// Whether the collection between whose steps the program runs has found that the object at
    /// `reference` is dead, and has not freed it yet.
    fn is_unswept(&self, reference: GcRef) -> bool {
        let _ = reference;
        false
    }

    /// Notes that a weak handle names an object from now on.
    ///
    /// Errors: [`Error::Internal`] if the heap finds itself overwritten.
    fn note_weak(&mut self, object: GcRef) -> Result<()> {
        let _ = object;
        Ok(())
    }

    /// How the heap keeps pinned objects where they are. `None` if it cannot.
    fn pinning(&self) -> Option<&dyn Pinning> {
        None
    }

    /// Lets the collection between whose steps the program runs know that the value of a weak map's
    /// key is `value` from now on. Neither need be an object.
    ///
    /// Errors: [`Error::Internal`] if the heap finds itself overwritten.
    fn note_value(&mut self, key: GcRef, value: GcRef) -> Result<()> {
        let _ = (key, value);
        Ok(())
    }

    /// Ends a collection: sets the budget until the next one to `headroom` bytes beyond
    /// what is in use. The limit and the system may allow less.
    ///
    /// * If `may_grow`, commits the memory that the headroom needs.
    /// * Decommits the memory that it does not need, as far as `budget` allows.
    ///
    /// The caller repeats the call until it returns [`Progress::Complete`].
    fn set_headroom(
        &mut self,
        mutator: &Mutator,
        headroom: u64,
        may_grow: bool,
        budget: &mut Budget,
    ) -> Progress;

    /// Gives back to the system all memory that no object needs, except what stays committed
    /// from the beginning. Of that too the part without objects is not resident afterwards.
    ///
    /// Errors: [`Error::Internal`] if the heap finds itself overwritten.
    fn give_back(&mut self, mutator: &Mutator) -> Result<()>;

    /// Empties the heap, so that another store can open it. Keeps the memory that a new
    /// heap commits, of which at most [`KEPT_BYTES`] stay resident.
    fn reset(&mut self);
}

/// The error of an allocation that neither a collection nor growth can make room for.
pub(crate) fn heap_limit(requested: u64, limit: u64) -> Error {
    Error::HeapLimit { requested, limit }
}
