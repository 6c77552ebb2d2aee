//! Mark-region collection, with evacuation. The generational collector, which has no nursery
//! yet.
//!
//! **Idea.** Objects lie in the blocks and lines of a [`BlockSpace`]. A collection marks what
//! the roots reach, and frees the lines that no live object has. Blocks of which little is
//! likely to be alive are *evacuated* in the same trace: their live objects move to free
//! blocks. So memory does not fragment for long, and there is no second half of the heap.
//!
//! ```text
//! choose candidates -> mark, and evacuate candidates -> weak tables -> sweep blocks
//! ```
//!
//! **Cost.** Time proportional to the survivors (`gc.precise`), and a look at the record of
//! each block. An object that stays in place is read once, when it is scanned; its mark is a
//! bit beside the heap. A fortieth of the blocks is kept free for evacuation (HEAP-83).
//!
//! **Sources.** Blackburn and McKinley, "Immix", PLDI 2008. Blackburn and others evacuate
//! young objects as this collector does ("RC Immix", OOPSLA 2013).
//!
//! **Rejected.** Evacuation in a stop of its own (references to moved objects would have to be
//! found again). Marks in headers (a mark would write to each live object).
//!
//! Each reference that is read from an object is checked before it is followed: its block must
//! be in use, its header must be of a known type, and the object must end in its block or its
//! run of blocks (HEAP-8).

mod allocate;
mod evacuate;
mod mark;
mod mark_stack;
mod sweep;

use mark::MarkState;
use mark_stack::MarkStack;
use sweep::SweepState;

use crate::base::fallible;
use crate::error::Result;
use crate::heap::{
    Allocation, BLOCK_BYTES, BlockSpace, Budget, CollectionKind, CollectionStats, CollectionSteps,
    Gaps, GcHeap, GcRef, GcRootsList, GcRuntime, HeapOptions, Hole, LayoutTable, Liveness,
    Measured, Mutator, ObjectHeader, PendingEphemerons, Progress, Region, Reservation, Starts,
    WriteBarrier, heap_limit,
};

/// A heap below this size doubles when it grows.
const DOUBLES_BELOW: u64 = 4 << 20;

/// The kind of collector.
pub(crate) struct Generational;

impl GcRuntime for Generational {
    fn name(&self) -> &'static str {
        "generational"
    }

    fn collects(&self) -> bool {
        true
    }

    fn headroom_ceiling(&self) -> f64 {
        1.0
    }

    fn least_limit(&self) -> u64 {
        BlockSpace::LEAST_LIMIT
    }

    fn new_heap(&self, options: HeapOptions) -> Result<Box<dyn GcHeap>> {
        Ok(fallible::boxed(GenerationalHeap::new(options)?)?)
    }
}

struct GenerationalHeap {
    space: BlockSpace,
    reservation: Reservation,
    poison: bool,
    /// Whether a collection is to move every object that it can move.
    moves_all: bool,
    /// The bytes that may be allocated between two collections.
    headroom: u64,
    /// A window that was set aside when an object did not fit into it.
    set_aside: Hole,
    /// The gaps, if the heap is nearly full and must not grow.
    gaps: Gaps,
    /// Whether the heap asks before it grows.
    asks_to_grow: bool,
    stack: MarkStack,
    /// Keys of weak maps that the collection has reached.
    pending: PendingEphemerons,
    marks: MarkState,
    state: CollectionState,
    /// The share, in 1/256, of the bytes in fresh blocks that is expected to survive.
    survival: u64,
}

/// The state of the collection that is under way.
#[derive(Debug, Default)]
struct CollectionState {
    /// The bytes of the blocks that were taken since the last collection.
    fresh_bytes: u64,
    sweep: SweepState,
    /// The bytes that were allocated since the last collection.
    allocated: u64,
    /// Pages are being decommitted.
    shrinking: bool,
}

impl GenerationalHeap {
    /// An empty heap, which must be opened.
    ///
    /// Errors: [`Error::AddressSpace`](crate::error::Error::AddressSpace),
    /// [`Error::SystemMemory`](crate::error::Error::SystemMemory).
    fn new(options: HeapOptions) -> Result<GenerationalHeap> {
        let limit = BlockSpace::limit_for(options.limit);
        let reservation = Reservation::new(BlockSpace::reserved_bytes(limit))?;
        Ok(GenerationalHeap {
            space: BlockSpace::new(&reservation, limit, options.initial)?,
            reservation,
            poison: options.poison,
            moves_all: options.moves_all,
            headroom: 0,
            set_aside: Hole::default(),
            gaps: Gaps::default(),
            asks_to_grow: options.asks_to_grow,
            stack: MarkStack::new(),
            pending: PendingEphemerons::default(),
            marks: MarkState::default(),
            state: CollectionState::default(),
            survival: evacuate::FIRST_SURVIVAL,
        })
    }

    /// Tells the mutator where the committed memory ends now.
    fn update_end(&self, mutator: &Mutator) {
        // SAFETY: the space is committed up to its end and belongs to this heap, which tells
        // the mutator whenever that changes. The mutator's window lies in a block in use.
        unsafe { mutator.set_heap_end(self.space.end()) };
    }
}

impl WriteBarrier for GenerationalHeap {
    fn region(&self) -> &Region {
        self.space.region()
    }
}

impl GcHeap for GenerationalHeap {
    fn open(&mut self, mutator: &Mutator) -> u64 {
        let (start, end) = (self.space.start(), self.space.end());
        // SAFETY: as in `update_end`.
        unsafe { mutator.set_memory(self.reservation.base(), start, end) };
        self.headroom = self.space.spare_blocks() as u64 * BLOCK_BYTES;
        self.headroom
    }

    fn committed_bytes(&self) -> u64 {
        self.space.committed_bytes()
    }

    fn side_bytes(&self) -> u64 {
        self.stack.side_bytes() + self.pending.side_bytes()
    }

    fn limit_bytes(&self) -> u64 {
        self.space.limit_bytes()
    }

    fn initial_object_bytes(&self) -> u64 {
        self.space.initial_bytes()
    }

    fn allocate(
        &mut self,
        mutator: &Mutator,
        header: ObjectHeader,
        bytes: u64,
    ) -> Result<Allocation> {
        self.allocate_in_blocks(mutator, header, bytes)
    }

    fn largest_object(&self) -> u64 {
        self.largest_run()
    }

    fn committed_after_growth(&self, mutator: &Mutator, bytes: u64) -> Result<u64> {
        let committed = self.space.committed_bytes();
        if self.has_memory_for(mutator, bytes) {
            // Only the headroom is too small.
            return Ok(committed);
        }
        let step = if committed < DOUBLES_BELOW {
            committed
        } else {
            committed / 8
        };
        let blocks = bytes.div_ceil(BLOCK_BYTES).max(1) as usize;
        let wanted = self.space.after_growth(blocks, step);
        wanted.ok_or(heap_limit(bytes, self.limit_bytes()))
    }

    fn grow(&mut self, mutator: &Mutator, bytes: u64) -> Result<()> {
        let wanted = self.committed_after_growth(mutator, bytes)?;
        if wanted > self.space.committed_bytes() {
            let blocks = bytes.div_ceil(BLOCK_BYTES).max(1) as usize;
            let needed = self.space.after_growth(blocks, 0).unwrap_or(wanted);
            let grown = self.space.commit(wanted);
            grown.or_else(|_| self.space.commit(needed))?;
        }
        self.update_end(mutator);
        let allocated = mutator.bump.allocated_bytes();
        self.headroom = self.headroom.max(allocated.saturating_add(bytes));
        Ok(())
    }

    fn deallocate_uninit(&mut self, mutator: &Mutator, object: GcRef, bytes: u64) {
        self.free_uninit(mutator, object, bytes);
    }

    fn check(&self, mutator: &Mutator, layouts: &LayoutTable) -> Result<()> {
        self.space.check(mutator, layouts)
    }

    fn bounds(&self, _mutator: &Mutator) -> (u64, u64) {
        (self.space.start(), self.space.end())
    }

    fn each_object(
        &self,
        mutator: &Mutator,
        layouts: &LayoutTable,
        visit: &mut dyn FnMut(u64, Measured<'_>) -> Result<()>,
    ) -> Result<()> {
        self.space.each_object(mutator, layouts, visit)
    }

    fn starts(&self) -> Starts<'_> {
        Starts::InBlocks(&self.space)
    }

    fn note_block(&mut self, _start: u64, _end: u64, _next: u64) {}

    fn has_room(&mut self, mutator: &Mutator, bytes: u64) -> Result<bool> {
        self.make_window(mutator, bytes)
    }

    fn reserve_keys(&mut self, count: usize) -> Result<()> {
        self.pending.reserve(count)
    }

    fn trim_keys(&mut self, count: usize, budget: &mut Budget) -> Progress {
        self.pending.trim(count, budget)
    }

    fn collection(&mut self) -> Option<&mut dyn CollectionSteps> {
        Some(self)
    }

    fn set_headroom(
        &mut self,
        mutator: &Mutator,
        headroom: u64,
        may_grow: bool,
        budget: &mut Budget,
    ) -> Progress {
        self.resize(mutator, headroom, may_grow, budget)
    }

    fn give_back(&mut self, mutator: &Mutator) -> Result<()> {
        self.take_back(mutator)?;
        self.space.decommit_towards(0, &mut Budget::unlimited());
        self.space
            .release_free_pages((0, 0), &mut Budget::unlimited());
        self.update_end(mutator);
        self.stack.trim(self.space.committed_bytes());
        Ok(())
    }

    fn reset(&mut self) {
        self.space.reset(self.poison);
        self.forget_windows();
        // A collection that was not completed leaves entries.
        self.stack.clear();
        self.stack.trim(self.space.committed_bytes());
        self.pending.reset();
        self.survival = evacuate::FIRST_SURVIVAL;
    }
}

impl CollectionSteps for GenerationalHeap {
    fn begin(&mut self, mutator: &Mutator, _kind: CollectionKind) -> Result<()> {
        self.take_back(mutator)?;
        // Without room a trace takes its slower path. That is no error.
        let _ = self.stack.reserve(self.space.committed_bytes());
        self.pending.clear();
        self.marks = MarkState::default();
        self.state = CollectionState {
            allocated: mutator.bump.allocated_bytes(),
            ..CollectionState::default()
        };
        Ok(())
    }

    fn trace_roots(&mut self, roots: &mut GcRootsList, layouts: &LayoutTable) -> Result<()> {
        self.begin_trace();
        self.marking(layouts).mark_roots(roots)
    }

    fn trace_increment(&mut self, layouts: &LayoutTable, budget: &mut Budget) -> Result<Progress> {
        self.marking(layouts).trace(budget)
    }

    fn trace_reference(&mut self, reference: GcRef, layouts: &LayoutTable) -> Result<GcRef> {
        self.marking(layouts).mark_reference(reference)
    }

    fn copied_bytes(&self) -> u64 {
        self.marks.moved
    }

    fn pop_pending_ephemeron(&mut self) -> Option<GcRef> {
        self.pending.pop()
    }

    fn liveness(&self) -> Liveness<'_> {
        Liveness::Marked { space: &self.space }
    }

    fn finish(
        &mut self,
        mutator: &Mutator,
        layouts: &LayoutTable,
        budget: &mut Budget,
    ) -> Result<Option<CollectionStats>> {
        if self.sweep(layouts, budget)? == Progress::Continue {
            return Ok(None);
        }
        let (objects, live_bytes) = (self.state.sweep.objects, self.state.sweep.live);
        mutator.bump.set_survivors(live_bytes, objects);
        Ok(Some(CollectionStats {
            objects,
            live_bytes,
            moved_bytes: self.marks.moved,
            unmovable_bytes: self.unmovable_bytes(),
        }))
    }
}
