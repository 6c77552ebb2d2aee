//! The steps of a cycle, as a collector implements them.

use super::budget::{Budget, Progress};
use super::collection_steps::CollectionStats;
use super::layout_table::LayoutTable;
use super::mutator::Mutator;
use super::reference::GcRef;
use super::roots_list::GcRootsList;
use super::weak_table::Liveness;
use crate::error::Result;

/// An object that has moved, and that a table outside of the heap names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moved {
    pub(crate) old: GcRef,
    pub(crate) new: GcRef,
}

/// The steps of a full collection between which the program runs. See
/// [`Cycle`](crate::heap::Cycle), which calls them.
///
/// From [`CycleSteps::begin_cycle`] to [`CycleSteps::end_marking`] the write barrier marks what
/// the program's stores overwrite and store, and minor collections mark what they promote, what
/// that refers to, and what the roots refer to that were written. From then on old objects
/// without a mark are dead, and stay in their memory until [`CycleSteps::sweep_step`] frees them.
///
/// Errors: [`Error::Internal`](crate::error::Error::Internal) if the heap finds itself
/// overwritten. After an error the heap must not be used any more.
pub(crate) trait CycleSteps {
    /// Begins to mark, right after a minor collection.
    fn begin_cycle(&mut self, mutator: &Mutator) -> Result<()>;

    /// Marks the referents of the roots that are chosen in the list.
    fn mark_roots(&mut self, roots: &mut GcRootsList, layouts: &LayoutTable) -> Result<()>;

    /// Marks what marked objects refer to, as far as the budget allows.
    fn mark_increment(&mut self, layouts: &LayoutTable, budget: &mut Budget) -> Result<Progress>;

    /// Marks the referent of a reference from outside the heap.
    fn mark_reference(&mut self, reference: GcRef) -> Result<()>;

    /// Removes a pending ephemeron: an object with the header's key bit that was marked. Each
    /// is returned once.
    fn pop_marked_ephemeron(&mut self) -> Option<GcRef>;

    /// Ends marking. Nothing is left to mark, and no object is young.
    fn end_marking(&mut self, mutator: &Mutator) -> Result<()>;

    /// Which objects are alive, once marking has ended.
    fn marked_liveness(&self) -> Liveness<'_>;

    /// Whether objects are to move out of blocks.
    fn has_leaving(&self) -> bool;

    /// Moves objects out of blocks, right after a minor collection, as far as the budget allows.
    fn evacuate_step(
        &mut self,
        mutator: &Mutator,
        layouts: &LayoutTable,
        budget: &mut Budget,
    ) -> Result<Progress>;

    /// Lets all objects stay that have not moved.
    fn stop_leaving(&mut self, mutator: &Mutator);

    /// Whether the last step has moved objects.
    fn has_moved(&self) -> bool;

    /// Takes the objects that the last step has moved and that tables outside of the heap name:
    /// externrefs, functions, hashed objects, and keys of weak maps.
    fn take_moved(&mut self) -> Vec<Moved>;

    /// Frees the dead, as far as the budget allows. `None` asks for another call.
    fn sweep_step(
        &mut self,
        mutator: &Mutator,
        layouts: &LayoutTable,
        budget: &mut Budget,
    ) -> Result<Option<CollectionStats>>;

    /// Ends a cycle whose sweep is complete: counts what becomes old from now on.
    fn end_cycle(&mut self, mutator: &Mutator);

    /// Forgets all marks, as if the cycle had not begun. Only before marking has ended.
    fn drop_marks(&mut self, mutator: &Mutator);
}
