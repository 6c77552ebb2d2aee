//! A heap of blocks: what the collectors on a [`BlockSpace`] share.
//!
//! It allocates in holes, marks and evacuates, sweeps blocks, and sizes the heap. A collector
//! adds when it collects, what it evacuates, and what it knows of objects besides: see
//! `generational` and `drc`.
//!
//! | file | subject |
//! |---|---|
//! | `allocate`, `taken_gaps` | where new objects go |
//! | `mark`, `mark_stack` | finding the live objects |
//! | `evacuate` | moving objects out of candidates, in the trace of a collection that stops the program |
//! | `leaving`, `leaving_blocks` | moving objects out of blocks, a few blocks at a time |
//! | `sweep` | freeing lines and blocks, giving pages back |
//! | `sizing` | growing and shrinking |

mod allocate;
mod evacuate;
mod leaving;
mod leaving_blocks;
mod mark;
mod mark_stack;
mod sizing;
mod sweep;
mod taken_gaps;

pub(crate) use allocate::rest_of_window;
pub(crate) use mark::{MarkState, Marking, beyond_the_end, unknown_type};
pub(crate) use taken_gaps::TakenGaps;

use leaving_blocks::Leaving;
use mark_stack::MarkStack;
use sweep::SweepState;

use crate::error::Result;
use crate::heap::{
    BlockSpace, Budget, HeapOptions, Hole, LayoutTable, MOST_SHARED, Mutator, PendingEphemerons,
    Progress, Region, Reservation,
};

/// A heap of blocks. See the [module](self).
pub(crate) struct BlockHeap {
    pub(crate) space: BlockSpace,
    reservation: Reservation,
    pub(crate) poison: bool,
    /// The bytes that may be allocated between two collections.
    pub(crate) headroom: u64,
    /// A window that was set aside when an object did not fit into it.
    set_aside: Hole,
    /// The objects that were made in gaps since the last collection.
    pub(crate) taken_gaps: TakenGaps,
    /// The largest object, in bytes, that shares lines with others. A collector that moves
    /// nothing gives larger ones lines of their own: another object of their size has room where
    /// one died.
    most_shared: u64,
    /// Whether the heap asks before it grows.
    pub(crate) asks_to_grow: bool,
    stack: MarkStack,
    /// Keys of weak maps that the collection has reached.
    pub(crate) pending: PendingEphemerons,
    pub(crate) marks: MarkState,
    pub(crate) leaving: Leaving,
    pub(crate) sweep: SweepState,
    /// Pages are being decommitted.
    shrinking: bool,
}

impl BlockHeap {
    /// An empty heap, which must be opened. It has a slot for a nursery if `has_nursery`.
    ///
    /// Errors: [`Error::AddressSpace`](crate::error::Error::AddressSpace),
    /// [`Error::SystemMemory`](crate::error::Error::SystemMemory).
    pub(crate) fn new(
        options: HeapOptions,
        taken_gaps: TakenGaps,
        has_nursery: bool,
    ) -> Result<BlockHeap> {
        let slot = match has_nursery {
            true => BlockSpace::slot_for(options.limit),
            false => 0,
        };
        let limit = BlockSpace::limit_for(options.limit, slot);
        let reservation = Reservation::new(BlockSpace::reserved_bytes(limit, slot))?;
        Ok(BlockHeap {
            space: BlockSpace::new(&reservation, (limit, slot), options.initial)?,
            reservation,
            poison: options.poison,
            headroom: 0,
            set_aside: Hole::default(),
            most_shared: if taken_gaps.are_kept() {
                MOST_SHARED
            } else {
                u64::MAX
            },
            taken_gaps,
            asks_to_grow: options.asks_to_grow,
            stack: MarkStack::new(),
            pending: PendingEphemerons::default(),
            marks: MarkState::default(),
            leaving: Leaving::default(),
            sweep: SweepState::default(),
            shrinking: false,
        })
    }

    /// The memory.
    #[inline(always)]
    pub(crate) fn region(&self) -> &Region {
        self.space.region()
    }

    /// The bytes of memory beside the heap and its tables.
    pub(crate) fn side_bytes(&self) -> u64 {
        let lists = self.taken_gaps.side_bytes() + self.leaving.side_bytes();
        self.stack.side_bytes() + self.pending.side_bytes() + lists
    }

    /// Begins a collection: takes the window back.
    ///
    /// Errors: [`Error::Internal`](crate::error::Error::Internal) if the heap is found
    /// overwritten.
    pub(crate) fn begin(&mut self, mutator: &Mutator) -> Result<()> {
        self.take_back(mutator)?;
        self.shrinking = false;
        self.space.restart_search();
        Ok(())
    }

    /// Begins a trace, after [`BlockHeap::begin`]. The program has allocated `allocated` bytes
    /// since the last one, and has `used` now; 0 if free pages are not to stay because the
    /// collection frees as many.
    pub(crate) fn begin_trace(&mut self, allocated: u64, used: u64) {
        self.begin_marks(allocated, used);
        self.space.forget_new();
    }

    /// As [`BlockHeap::begin_trace`], where the program makes new objects meanwhile.
    pub(crate) fn begin_marks(&mut self, allocated: u64, used: u64) {
        self.set_aside = Hole::default();
        self.pending.clear();
        self.stack.clear();
        self.space.clear_gaps();
        // Without room a trace takes its slower path. That is no error.
        let _ = self.stack.reserve(self.space.committed_bytes());
        self.marks = MarkState::default();
        self.sweep = SweepState::new(self.space.first_old_block(), allocated, used);
        self.space.begin_cycle();
    }

    /// Forgets what a trace that is dropped has marked. Nothing has moved.
    pub(crate) fn drop_marks(&mut self) {
        self.stop_leaving();
        self.space.drop_marks();
        self.stack.clear();
        self.pending.clear();
        self.marks = MarkState::default();
    }

    /// Continues a trace, as far as the budget allows.
    ///
    /// Errors: [`Error::Internal`](crate::error::Error::Internal) if the heap is found
    /// overwritten.
    pub(crate) fn trace<const COUNTS: bool>(
        &mut self,
        layouts: &LayoutTable,
        budget: &mut Budget,
    ) -> Result<Progress> {
        self.marking::<COUNTS>(layouts).trace(budget)
    }

    /// See [`GcHeap::reset`](crate::heap::GcHeap::reset).
    pub(crate) fn reset(&mut self) {
        self.leaving = Leaving::default();
        self.space.reset(self.poison);
        self.set_aside = Hole::default();
        self.taken_gaps.reset();
        // A collection that was not completed leaves entries.
        self.stack.clear();
        self.stack.trim(self.space.committed_bytes());
        self.pending.reset();
    }
}
