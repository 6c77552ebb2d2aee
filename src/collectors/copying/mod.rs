//! Semi-space copying.
//!
//! **Idea.** Objects are allocated in one half of a semi-space. A collection copies the
//! objects that the roots reach into the other half, and leaves a forwarding reference in
//! place of each original. The copies are themselves the queue of objects to scan
//! (HEAP-21). Then the halves are flipped. A chunked array is copied chunk by chunk as it
//! is scanned, so that no step of a collection takes long; until then its copy says where
//! the original is.
//!
//! **Cost.** Time proportional to the survivors (`gc.precise`: what the roots reach), none
//! for dead objects. Half of the committed memory is idle (HEAP-22).
//!
//! **Sources.** Cheney, "A Nonrecursive List Compacting Algorithm", CACM 13(11), 1970.
//!
//! **Rejected.** Depth-first order (HEAP-21). A walk over the old half for dead host
//! objects (HEAP-3).
//!
//! Each reference that is read from an object is checked before it is followed: it must
//! lie in the from half, its header must be of a known type, and the object must end
//! within the from half and fit into the to half (HEAP-8).

mod evacuate;

use evacuate::{ChunkedCopy, ScanOutcome};

use crate::base::{fallible, work};
use crate::error::Result;
use crate::heap::{
    Budget, COMMIT_UNIT, CollectionKind, CollectionStats, CollectionSteps, GRANULE, GcHeap, GcRef,
    GcRootsList, GcRuntime, HeapOptions, LayoutTable, Liveness, Mutator, POISON, PendingEphemerons,
    Progress, Region, Reservation, SemiSpace, Starts, WriteBarrier, heap_limit, whole_units,
};

/// The kind of collector.
pub(crate) struct Copying;

impl GcRuntime for Copying {
    fn name(&self) -> &'static str {
        "copying"
    }

    fn collects(&self) -> bool {
        true
    }

    fn least_limit(&self) -> u64 {
        SemiSpace::LEAST_LIMIT
    }

    fn new_heap(&self, options: HeapOptions) -> Result<Box<dyn GcHeap>> {
        Ok(fallible::boxed(CopyingHeap::new(options)?)?)
    }
}

pub(super) struct CopyingHeap {
    space: SemiSpace,
    reservation: Reservation,
    poison: bool,
    state: CollectionState,
    /// Keys of weak maps that the collection has reached.
    pending: PendingEphemerons,
}

/// The state of the collection that is under way.
#[derive(Debug, Default)]
struct CollectionState {
    /// Where the objects in the from half end.
    from_end: u64,
    /// The copies before this offset have been scanned.
    scan: u64,
    /// Where the next copy goes.
    next: u64,
    /// The number of copies.
    objects: u64,
    /// How far the chunked array at `scan` has been copied, if that has begun.
    chunked: Option<ChunkedCopy>,
    /// The from half has been poisoned up to here.
    poisoned: u64,
    /// Pages are being decommitted.
    shrinking: bool,
    /// The next step brings the halves together.
    settling: bool,
}

impl CopyingHeap {
    /// An empty heap, which must be opened.
    ///
    /// Errors: [`Error::SystemMemory`](crate::error::Error::SystemMemory).
    pub(super) fn new(options: HeapOptions) -> Result<CopyingHeap> {
        let half = whole_units(options.limit.max(SemiSpace::LEAST_LIMIT) / 2);
        let reservation = Reservation::new(SemiSpace::reserved_bytes(half))?;
        Ok(CopyingHeap {
            space: SemiSpace::new(&reservation, half, options.initial / 2)?,
            reservation,
            poison: options.poison,
            state: CollectionState::default(),
            pending: PendingEphemerons::default(),
        })
    }

    /// Where the objects that are being collected start and end.
    pub(super) fn collected_range(&self) -> (u64, u64) {
        let first = SemiSpace::first_object(self.space.from());
        (first, self.state.from_end)
    }

    /// The half that the survivors move to.
    pub(super) fn copies(&self) -> &Region {
        self.space.to()
    }

    /// The bytes of the from half that are in use.
    fn used(&self, mutator: &Mutator) -> u64 {
        mutator.bump.next() - self.space.from().start()
    }

    /// Gives the mutator the from half, whose objects end at `next`.
    fn open_from_half(&self, mutator: &Mutator, next: u64, objects: u64) {
        let first = SemiSpace::first_object(self.space.from());
        let end = self.space.usable_end();
        // SAFETY: the half is committed up to `end` and belongs to this heap, which tells
        // the mutator whenever the committed memory changes.
        unsafe { mutator.set_heap(self.reservation.base(), first, next, end, objects) };
    }

    /// Tells the mutator where the usable part of the from half ends now.
    fn update_end(&self, mutator: &Mutator) {
        // SAFETY: as in `open_from_half`.
        unsafe { mutator.set_end(self.space.usable_end()) };
    }

    /// Poisons the objects in the from half.
    fn poison_from_half(&mut self, budget: &mut Budget) -> Progress {
        let (start, end) = (self.state.poisoned, self.state.from_end);
        let granules = end.saturating_sub(start).div_ceil(GRANULE);
        if granules == 0 {
            return Progress::Complete;
        }
        // Filling a granule takes far less time than tracing one.
        let now = budget.take(granules as usize, 1) as u64;
        self.state.poisoned = (start + now * GRANULE).min(end);
        let filled = self.space.from().fill(start, self.state.poisoned, POISON);
        debug_assert!(filled.is_ok());
        if now < granules {
            Progress::Continue
        } else {
            Progress::Complete
        }
    }
}

impl CopyingHeap {
    /// Brings halves that have become small together again. If that exceeds what is left of
    /// the budget, the next step does it, as one piece of work.
    fn settle(&mut self, budget: &mut Budget) -> Progress {
        let cost = self.space.cost_of_settling();
        if cost > budget.left() && !self.state.settling {
            self.state.settling = true;
            return Progress::Continue;
        }
        self.state.settling = false;
        self.space.settle();
        work::count(cost as usize);
        budget.spend(cost);
        Progress::Complete
    }
}

impl WriteBarrier for CopyingHeap {
    fn region(&self) -> &Region {
        self.space.from()
    }
}

impl GcHeap for CopyingHeap {
    fn open(&mut self, mutator: &Mutator) -> u64 {
        // A reset, which needs no memory, may leave a gap.
        self.space.settle();
        let first = SemiSpace::first_object(self.space.from());
        self.space.starts_mut().restart(first);
        self.open_from_half(mutator, first, 0);
        self.space.usable_end() - first
    }

    fn committed_bytes(&self) -> u64 {
        self.space.committed_bytes()
    }

    fn side_bytes(&self) -> u64 {
        self.pending.side_bytes() + self.space.side_bytes()
    }

    fn starts(&self) -> Starts<'_> {
        Starts::InSegments(self.space.starts())
    }

    fn note_block(&mut self, start: u64, end: u64, next: u64) {
        self.space.starts_mut().note_block(start, end, next);
    }

    fn limit_bytes(&self) -> u64 {
        self.space.limit_bytes()
    }

    fn object_bytes(&self) -> u64 {
        self.space.capacity()
    }

    fn initial_object_bytes(&self) -> u64 {
        self.space.initial_bytes() - GRANULE
    }

    fn largest_object(&self) -> u64 {
        self.space.largest_object()
    }

    fn committed_after_growth(&self, mutator: &Mutator, bytes: u64) -> Result<u64> {
        let needed = self.used(mutator).saturating_add(bytes);
        match self.space.after_growth(needed) {
            Some(capacity) => Ok(2 * capacity),
            None => Err(heap_limit(bytes, self.limit_bytes())),
        }
    }

    fn grow(&mut self, mutator: &Mutator, bytes: u64) -> Result<()> {
        let wanted = self.committed_after_growth(mutator, bytes)? / 2;
        self.space.grow(wanted, self.used(mutator) + bytes)?;
        self.update_end(mutator);
        Ok(())
    }

    fn check(&self, _mutator: &Mutator, _layouts: &LayoutTable) -> Result<()> {
        self.space.check()
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
        let wanted = self
            .used(mutator)
            .saturating_add(headroom)
            .min(self.space.half_limit())
            .next_multiple_of(COMMIT_UNIT);
        if may_grow {
            // If the system refuses, the next collection comes earlier. That is no error.
            let _ = self.space.commit(wanted);
        }
        // Pages go back only when more than twice the wanted capacity is committed. So a
        // heap whose size swings makes no system calls at each collection.
        let kept = wanted.max(self.space.initial_bytes());
        let mut progress = Progress::Complete;
        if self.space.capacity() > 2 * kept || self.state.shrinking {
            progress = self.space.decommit_towards(kept, budget);
        }
        self.state.shrinking = progress == Progress::Continue;
        if progress == Progress::Complete {
            progress = self.settle(budget);
        }
        self.update_end(mutator);
        mutator
            .bump
            .set_budget_end(self.space.from().start() + wanted);
        progress
    }

    fn give_back(&mut self, mutator: &Mutator) -> Result<()> {
        let used = self.used(mutator).next_multiple_of(COMMIT_UNIT);
        let kept = used.max(self.space.initial_bytes());
        self.space.decommit_towards(kept, &mut Budget::unlimited());
        self.space.settle();
        self.space.release_unused(mutator.bump.next());
        self.update_end(mutator);
        Ok(())
    }

    fn reset(&mut self) {
        self.pending.reset();
        self.space.reset(self.poison);
    }
}

impl CollectionSteps for CopyingHeap {
    fn begin(&mut self, mutator: &Mutator, _kind: CollectionKind) -> Result<()> {
        let first = SemiSpace::first_object(self.space.to());
        self.state = CollectionState {
            from_end: mutator.bump.next(),
            scan: first,
            next: first,
            objects: 0,
            chunked: None,
            poisoned: self.space.from().start(),
            shrinking: false,
            settling: false,
        };
        self.space.to_starts_mut().restart(first);
        self.pending.clear();
        Ok(())
    }

    fn trace_roots(&mut self, roots: &mut GcRootsList, layouts: &LayoutTable) -> Result<()> {
        self.evacuating(layouts, |evacuation| evacuation.evacuate_spans(roots))?;
        self.evacuating(layouts, |evacuation| evacuation.evacuate_ranges(roots))
    }

    fn trace_increment(&mut self, layouts: &LayoutTable, budget: &mut Budget) -> Result<Progress> {
        // Both copying and scanning count, each with half of its bytes. Otherwise it would
        // cost little to scan an array of references to many objects not yet copied.
        let begun = self.state.scan + self.state.next;
        let mut stop = begun.saturating_add(budget.left().saturating_mul(2));
        loop {
            match self.scan(stop, layouts)? {
                ScanOutcome::ChunkedArray => {
                    // It was copied and scanned.
                    stop = stop.saturating_sub(2 * self.scan_chunk(layouts)?);
                }
                ScanOutcome::Stopped => {
                    budget.spend(budget.left());
                    return Ok(Progress::Continue);
                }
                ScanOutcome::Complete => break,
            }
        }
        budget.spend((self.state.scan + self.state.next - begun) / 2);
        Ok(Progress::Complete)
    }

    fn trace_reference(&mut self, reference: GcRef, layouts: &LayoutTable) -> Result<GcRef> {
        self.evacuating(layouts, |evacuation| evacuation.evacuate(reference))
    }

    fn copied_bytes(&self) -> u64 {
        self.state.next
    }

    fn pop_pending_ephemeron(&mut self) -> Option<GcRef> {
        self.pending.pop()
    }

    fn liveness(&self) -> Liveness<'_> {
        let (first, end) = self.collected_range();
        Liveness::Moved {
            from: self.space.from().view().objects(first, end),
            to_start: SemiSpace::first_object(self.space.to()),
            to_end: self.state.next,
        }
    }

    fn finish(
        &mut self,
        mutator: &Mutator,
        _layouts: &LayoutTable,
        budget: &mut Budget,
    ) -> Result<Option<CollectionStats>> {
        if self.poison && self.poison_from_half(budget) == Progress::Continue {
            return Ok(None);
        }
        self.space.flip();
        self.open_from_half(mutator, self.state.next, self.state.objects);
        let live_bytes = mutator.bump.used_bytes();
        Ok(Some(CollectionStats {
            objects: self.state.objects,
            live_bytes,
            moved_bytes: live_bytes,
            unmovable_bytes: 0,
        }))
    }
}
