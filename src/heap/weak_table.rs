//! Tables that refer to objects weakly, and how they learn which objects survived
//! (HEAP-3).

use super::budget::{Budget, Progress};
use super::header::ObjectHeader;
use super::memory::{ObjectSpan, RegionView};
use super::reference::GcRef;
use super::space::BlockSpace;
use crate::error::{Error, Result};

/// Tells, after tracing, which objects are alive and where they are now.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Liveness<'a> {
    /// Survivors moved. Each left a forwarding header behind.
    Moved {
        /// The objects of the space that the survivors left.
        from: ObjectSpan<'a>,
        /// Where the first survivor starts now.
        to_start: u64,
        /// Where the last survivor ends now.
        to_end: u64,
    },
    /// Survivors stayed in place.
    InPlace {
        /// The space that the objects are in.
        space: RegionView<'a>,
        /// Whether the object with this header survived.
        alive: fn(ObjectHeader) -> bool,
    },
    /// The young objects that survived moved out of the nursery. Each left a forwarding header
    /// behind. All old objects survived.
    Promoted {
        /// The space that the objects are in.
        space: &'a BlockSpace,
    },
    /// Survivors have a mark in the space, or are new. None moved, and the program has run since
    /// the marks are complete.
    MarkedBetween {
        /// The space that the objects are in.
        space: &'a BlockSpace,
    },
    /// Survivors have a mark in the space. Some moved, and left a forwarding header behind.
    Marked {
        /// The space that the objects are in.
        space: &'a BlockSpace,
    },
}

impl Liveness<'_> {
    /// The reference that an object has now, or `None` if the object died. `old` is its
    /// reference from before the collection.
    ///
    /// Errors: [`Error::Internal`] if the heap is found overwritten.
    #[inline(always)]
    pub(crate) fn current_ref(&self, old: GcRef) -> Result<Option<GcRef>> {
        debug_assert!(old.is_object());
        // `old` comes from the library's own memory, so it is an object's. The loads check
        // that it lies in the space.
        match *self {
            Liveness::InPlace { space, alive, .. } => {
                let header = ObjectHeader::from_bits(space.load_u64(old.offset())?);
                Ok(alive(header).then_some(old))
            }
            Liveness::Marked { space } => space.current_ref(old),
            Liveness::MarkedBetween { space } => Ok((!space.is_unswept(old)).then_some(old)),
            Liveness::Promoted { space } => space.ref_after_promotion(old),
            Liveness::Moved {
                from,
                to_start,
                to_end,
                ..
            } => {
                let Some(head) = from.head(old.object_offset()) else {
                    return Err(outside_the_heap(old));
                };
                match ObjectHeader::from_bits(head.header()).forwarded() {
                    None => Ok(None),
                    Some(new) if new.lies_in(to_start, to_end) => Ok(Some(new)),
                    Some(new) => Err(wrong_forwarding(new)),
                }
            }
        }
    }
}

/// The error of a reference that does not lie in the space that was collected.
#[cold]
fn outside_the_heap(old: GcRef) -> Error {
    Error::internal("a reference outside the heap", old.raw().into())
}

/// The error of a forwarding reference to a place where no survivor can be.
#[cold]
fn wrong_forwarding(new: GcRef) -> Error {
    Error::internal("a wrong forwarding", new.raw().into())
}

/// A table that refers to objects weakly: without keeping them alive.
pub(crate) trait WeakTable {
    /// Updates the references of entries whose objects survived. Removes the entries whose
    /// objects died, or sets them aside.
    ///
    /// Does as much as the budget allows; the next call continues. Nothing else uses the
    /// table until the sweep is complete. The call after that begins another sweep. Needs
    /// no memory, and calls no foreign code.
    ///
    /// Errors: [`Error::Internal`] if the heap is found overwritten.
    fn sweep(&mut self, liveness: &Liveness<'_>, budget: &mut Budget) -> Result<Progress>;

    /// As [`WeakTable::sweep`], where the program uses the table between two calls, and minor
    /// collections sweep its young entries. Objects stay where they are, and so do the entries.
    ///
    /// Errors: [`Error::Internal`] if the heap is found overwritten.
    fn sweep_between(&mut self, liveness: &Liveness<'_>, budget: &mut Budget) -> Result<Progress>;

    /// Lets the next call of [`WeakTable::sweep_between`] begin at the first entry.
    fn restart_sweep(&mut self);
}
