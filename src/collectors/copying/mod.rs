//! Semi-space copying.
//!
//! **Idea.** Objects are allocated in one of two equal spaces. A collection
//! copies what the roots reach into the other and leaves a forwarding reference
//! behind; the copies are themselves the queue of objects to scan, so that no
//! stack and no recursion is needed. Then the spaces change roles. A long array is
//! copied in pieces as it is scanned, so that no step of a collection takes long; until
//! then its copy says where the original is.
//!
//! **Cost.** Time proportional to what survives (`gc.precise`: what the roots
//! reach), nothing for the dead. Half of
//! the committed memory is idle. Both spaces are committed as the heap grows,
//! so that a collection cannot fail for lack of memory.
//!
//! **Sources.** Cheney, "A Nonrecursive List Compacting Algorithm", CACM 13(11),
//! 1970.
//!
//! **Rejected.** Finding dead host objects by walking the old space: that costs
//! time for every dead object. The host-data table is swept instead.
//! Depth-first order, which is faster on trees, needs a stack.
//!
//! Each reference read from an object is checked before it is followed: it must
//! lie in the old space, its header must be of a known type, and the object must
//! end within the old space and fit into the new.

mod evacuate;

use evacuate::Met;

use crate::base::fallible;
use crate::error::Result;
use crate::heap::{
    Budget, COMMIT_UNIT, CollectionKind, CollectionStats, CollectionSteps, GRANULE, GcHeap, GcRef,
    GcRootsList, GcRuntime, HeapOptions, KEPT_BYTES, LayoutTable, Liveness, Mutator,
    PendingEphemerons, Progress, Region, Reservation, WriteBarrier, heap_limit,
};

/// What freed memory is filled with when poisoning is on.
const POISON: u8 = 0xdb;

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
        CopyingHeap::LEAST_LIMIT
    }

    fn new_heap(&self, options: HeapOptions) -> Result<Box<dyn GcHeap>> {
        Ok(fallible::boxed(CopyingHeap::new(options)?)?)
    }
}

pub(super) struct CopyingHeap {
    /// Committed up to the same length each, unless the system refused.
    spaces: [Region; 2],
    reservation: Reservation,
    /// Which space the mutator allocates in.
    active: usize,
    /// Bytes of a space.
    half: u64,
    /// Bytes of a space that are committed at first.
    initial: u64,
    poison: bool,
    cycle: Cycle,
    reached: PendingEphemerons,
}

/// The state of the collection that is under way.
#[derive(Debug, Default)]
struct Cycle {
    /// Where the objects in the old space end.
    from_end: u64,
    /// Copies before this have been scanned.
    scan: u64,
    /// Where the next copy goes.
    next: u64,
    objects: u64,
    /// Of the long array at `scan`: where its original is, and how many of its bytes have
    /// been copied and scanned.
    long: Option<(u64, u64)>,
    /// The old space has been filled up to here.
    filled: u64,
    /// Memory is being given back.
    shrinking: bool,
}

impl CopyingHeap {
    /// The least heap limit in bytes.
    pub(super) const LEAST_LIMIT: u64 = 8 * COMMIT_UNIT;

    /// An empty heap, to be opened.
    ///
    /// Errors: [`Error::SystemMemory`](crate::error::Error::SystemMemory).
    pub(super) fn new(options: HeapOptions) -> Result<CopyingHeap> {
        let half = options.limit.max(Self::LEAST_LIMIT) / 2 / COMMIT_UNIT * COMMIT_UNIT;
        let reservation = Reservation::new(2 * half)?;
        let initial = (options.initial / 2)
            .clamp(1, half)
            .next_multiple_of(COMMIT_UNIT);
        let mut heap = CopyingHeap {
            spaces: [
                reservation.region(0, half),
                reservation.region(half, 2 * half),
            ],
            reservation,
            active: 0,
            half,
            initial,
            poison: options.poison,
            cycle: Cycle::default(),
            reached: PendingEphemerons::default(),
        };
        heap.commit(initial)?;
        Ok(heap)
    }

    /// Where the objects of the collection that is under way start and end.
    pub(super) fn collected(&self) -> (u64, u64) {
        (self.first_object(self.active), self.cycle.from_end)
    }

    /// Where objects start in a space. Offset 0 is the null reference, so the
    /// first granule stays empty; in the other space too, for symmetry.
    fn first_object(&self, space: usize) -> u64 {
        self.spaces[space].start() + GRANULE
    }

    /// Bytes of the active space in use.
    fn used(&self, mutator: &Mutator) -> u64 {
        mutator.bump.next() - self.spaces[self.active].start()
    }

    /// How much of each space is committed.
    fn capacity(&self) -> u64 {
        let of = |space: &Region| space.committed_end() - space.start();
        of(&self.spaces[0]).min(of(&self.spaces[1]))
    }

    /// Commits `capacity` bytes of each space, or nothing.
    fn commit(&mut self, capacity: u64) -> Result<()> {
        let before = self.capacity();
        let outcome = self
            .spaces
            .iter_mut()
            .try_for_each(|space| space.commit_to(space.start() + capacity));
        if outcome.is_err() {
            self.decommit(before);
        }
        outcome
    }

    /// Gives back what is committed beyond `capacity` bytes of each space.
    fn decommit(&mut self, capacity: u64) {
        for space in &mut self.spaces {
            space.decommit_from(space.start() + capacity);
        }
    }

    /// Points `area` at the active space, in use up to `next`.
    fn place(&self, mutator: &Mutator, next: u64, objects: u64) {
        let end = self.spaces[self.active].start() + self.capacity();
        // SAFETY: the space is committed up to there and belongs to this heap,
        // which tells the area whenever that changes.
        unsafe {
            mutator.set_heap(
                self.reservation.base(),
                self.first_object(self.active),
                next,
                end,
                objects,
            );
        }
    }

    /// Tells `area` how far the active space is committed now.
    fn update_end(&self, mutator: &Mutator) {
        let end = self.spaces[self.active].start() + self.capacity();
        // SAFETY: as in `place`.
        unsafe { mutator.set_end(end) };
    }

    /// The old and the new space of the collection that is under way.
    fn old_and_new(&self) -> (&Region, &Region) {
        (&self.spaces[self.active], &self.spaces[1 - self.active])
    }
}

impl WriteBarrier for CopyingHeap {
    fn region(&self) -> &Region {
        &self.spaces[self.active]
    }
}

impl GcHeap for CopyingHeap {
    fn open(&mut self, mutator: &Mutator) {
        self.place(mutator, self.first_object(self.active), 0);
    }

    fn committed_bytes(&self) -> u64 {
        self.spaces
            .iter()
            .map(|space| space.committed_end() - space.start())
            .sum()
    }

    fn limit_bytes(&self) -> u64 {
        2 * self.half
    }

    fn largest_object(&self) -> u64 {
        self.half - GRANULE
    }

    fn committed_after_growth(&self, mutator: &Mutator, bytes: u64) -> Result<u64> {
        let needed = self.used(mutator).saturating_add(bytes);
        if needed > self.half {
            return Err(heap_limit(bytes, self.limit_bytes()));
        }
        if needed <= self.capacity() {
            return Ok(2 * self.capacity());
        }
        let doubled = (2 * self.capacity()).min(self.half);
        Ok(2 * needed.next_multiple_of(COMMIT_UNIT).max(doubled))
    }

    fn grow(&mut self, mutator: &Mutator, bytes: u64) -> Result<()> {
        let wanted = self.committed_after_growth(mutator, bytes)? / 2;
        let needed = (self.used(mutator) + bytes).next_multiple_of(COMMIT_UNIT);
        self.commit(wanted).or_else(|_| self.commit(needed))?;
        self.update_end(mutator);
        Ok(())
    }

    fn reserve_keys(&mut self, count: usize) -> Result<()> {
        self.reached.reserve(count)
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
            .min(self.half)
            .next_multiple_of(COMMIT_UNIT);
        if may_grow {
            // What cannot be committed shortens the cycle; it is no error.
            let _ = self.commit(wanted);
        }
        // Twice the want before pages go back, so that a heap whose size swings
        // does not pay for system calls at every collection.
        let kept = wanted.max(self.initial);
        let mut progress = Progress::Complete;
        if self.capacity() > 2 * kept || self.cycle.shrinking {
            for space in &mut self.spaces {
                let end = space.start() + kept;
                if space.decommit_towards(end, budget) == Progress::Continue {
                    progress = Progress::Continue;
                }
            }
        }
        self.cycle.shrinking = progress == Progress::Continue;
        self.update_end(mutator);
        mutator
            .bump
            .set_budget_end(self.spaces[self.active].start() + wanted);
        progress
    }

    fn reset(&mut self) {
        self.reached.reset();
        self.decommit(self.initial);
        for space in &self.spaces {
            let kept = space.start() + KEPT_BYTES / 2;
            space.release_from(kept);
            if self.poison {
                // No more than stays: filling pages that were never used takes memory.
                let filled = space.fill(space.start(), kept.min(space.committed_end()), POISON);
                debug_assert!(filled.is_ok());
            }
        }
    }
}

impl CollectionSteps for CopyingHeap {
    fn begin(&mut self, mutator: &Mutator, _extent: CollectionKind) -> Result<()> {
        let first = self.first_object(1 - self.active);
        self.cycle = Cycle {
            from_end: mutator.bump.next(),
            scan: first,
            next: first,
            objects: 0,
            long: None,
            filled: self.spaces[self.active].start(),
            shrinking: false,
        };
        self.reached.clear();
        Ok(())
    }

    fn trace_roots(&mut self, roots: &mut GcRootsList, layouts: &LayoutTable) -> Result<()> {
        self.evacuating(layouts, |evacuation| {
            for root in roots.iter_spans() {
                root.set(evacuation.evacuate(root.get())?);
            }
            Ok(())
        })?;
        self.evacuating(layouts, |evacuation| evacuation.evacuate_ranges(roots))
    }

    fn trace_increment(&mut self, layouts: &LayoutTable, budget: &mut Budget) -> Result<Progress> {
        // What is copied counts as what is scanned, or an array of references to objects
        // that were not reached before would cost little.
        let begun = self.cycle.scan + self.cycle.next;
        let mut stop = begun.saturating_add(budget.left().saturating_mul(2));
        loop {
            match self.scan(stop, layouts)? {
                Met::ChunkedArray => stop = stop.saturating_sub(self.scan_chunk(layouts)?),
                Met::Stop => {
                    budget.spend(budget.left());
                    return Ok(Progress::Continue);
                }
                Met::End => break,
            }
        }
        budget.spend((self.cycle.scan + self.cycle.next - begun) / 2);
        Ok(Progress::Complete)
    }

    fn trace_reference(&mut self, reference: GcRef, layouts: &LayoutTable) -> Result<GcRef> {
        self.evacuating(layouts, |evacuation| evacuation.evacuate(reference))
    }

    fn pop_pending_ephemeron(&mut self) -> Option<GcRef> {
        self.reached.pop()
    }

    fn liveness(&self) -> Liveness<'_> {
        Liveness::Moved {
            from: self.old_and_new().0.view(),
            from_end: self.cycle.from_end,
            to_start: self.first_object(1 - self.active),
            to_end: self.cycle.next,
        }
    }

    fn finish(
        &mut self,
        mutator: &Mutator,
        _layouts: &LayoutTable,
        budget: &mut Budget,
    ) -> Result<Option<CollectionStats>> {
        if self.poison && self.cycle.filled < self.cycle.from_end {
            let start = self.cycle.filled;
            let granules = (self.cycle.from_end - start).div_ceil(GRANULE);
            // Filling a granule takes far less than tracing one.
            let now = budget.take(granules as usize, 1) as u64;
            self.cycle.filled = (start + now * GRANULE).min(self.cycle.from_end);
            let from = self.old_and_new().0;
            let filled = from.fill(start, self.cycle.filled, POISON);
            debug_assert!(filled.is_ok());
            if now < granules {
                return Ok(None);
            }
        }
        self.active = 1 - self.active;
        self.place(mutator, self.cycle.next, self.cycle.objects);
        let live_bytes = mutator.bump.used_bytes();
        Ok(Some(CollectionStats {
            objects: self.cycle.objects,
            live_bytes,
            moved_bytes: live_bytes,
        }))
    }
}
