//! The steps of a collection, as a collector implements them.

use super::budget::{Budget, Progress};
use super::layout_table::LayoutTable;
use super::mutator::Mutator;
use super::reference::GcRef;
use super::roots_list::GcRootsList;
use super::weak_table::Liveness;
use crate::error::Result;

/// Which garbage a collection has to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CollectionKind {
    /// The garbage that the collector finds at the least cost.
    Minor,
    /// All garbage.
    Major,
}

/// What a collection did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CollectionStats {
    /// The number of objects that survived.
    pub(crate) objects: u64,
    /// The bytes of those objects.
    pub(crate) live_bytes: u64,
    /// The bytes of the objects that moved.
    pub(crate) moved_bytes: u64,
    /// The bytes of the objects that could not move, in a collection that must move all others.
    pub(crate) unmovable_bytes: u64,
}

/// The steps of a collection.
///
/// The driver, [`GarbageCollection`](crate::heap::GarbageCollection), first calls
/// [`CollectionSteps::begin`]. Then it repeats the steps that trace until nothing is left to
/// trace, sweeps the weak tables with [`CollectionSteps::liveness`], and repeats
/// [`CollectionSteps::finish`] until that is complete.
///
/// Nothing else uses the heap between the first call of [`CollectionSteps::trace_roots`]
/// and the end of [`CollectionSteps::finish`]. Before it, the collection may be abandoned:
/// the mutator goes on, and a later collection begins again.
///
/// Errors: [`Error::Internal`](crate::error::Error::Internal) if the heap finds itself
/// overwritten. After an error the heap must not be used any more.
pub(crate) trait CollectionSteps {
    /// Begins a collection. [`GcHeap::collection_kind`](crate::heap::GcHeap::collection_kind)
    /// has decided `kind`.
    fn begin(&mut self, mutator: &Mutator, kind: CollectionKind) -> Result<()>;

    /// Traces the referents of the roots that are chosen in the list, and updates these
    /// roots. A root may come twice. Called at least once.
    fn trace_roots(&mut self, roots: &mut GcRootsList, layouts: &LayoutTable) -> Result<()>;

    /// Traces objects, as far as the budget allows.
    fn trace_increment(&mut self, layouts: &LayoutTable, budget: &mut Budget) -> Result<Progress>;

    /// Traces the referent of a reference from outside the heap. `reference` is the one
    /// from before the collection. Returns the object's reference now.
    fn trace_reference(&mut self, reference: GcRef, layouts: &LayoutTable) -> Result<GcRef>;

    /// Grows by the bytes of each object that the collection copies. Stays the same under a
    /// collector that copies nothing.
    fn copied_bytes(&self) -> u64 {
        0
    }

    /// Removes a pending ephemeron: an object with the header's key bit that the trace has
    /// reached. Returns its reference from before the collection. Each is returned once.
    fn pop_pending_ephemeron(&mut self) -> Option<GcRef>;

    /// Which objects are alive, once tracing is complete.
    fn liveness(&self) -> Liveness<'_>;

    /// Frees the dead, as far as the budget allows. `None` asks for another call. The last
    /// call points `mutator` at the memory for new objects.
    fn finish(
        &mut self,
        mutator: &Mutator,
        layouts: &LayoutTable,
        budget: &mut Budget,
    ) -> Result<Option<CollectionStats>>;
}
