//! The collector that checks barriers.
//!
//! **Idea.** Every reference in an object must be stored with `write_gc_ref`, or
//! collectors that count references or remember slots go wrong much later and
//! elsewhere. This one keeps a second copy of all reference slots, which only barriers
//! and new objects change. Whatever differs from it at the next collection or
//! verification was stored without a barrier: that is reported as a bug of the library,
//! with the place. Apart from that it collects as `copying` does.
//!
//! **Cost.** A third space, not counted against the limit; a walk over all objects
//! at each collection, also of one in steps, whose first and last take long; no reference is stored without a call. For tests.
//!
//! **Sources.** Verifying collectors that compare the heap with a snapshot are common
//! practice in virtual machines; this form is this library's.
//!
//! **Rejected.** Protecting the heap's pages against writes, which tells that something
//! was stored but not whether it was a reference. Comparing after each call, for which
//! every call would take as long as a collection.

use super::copying::CopyingHeap;
use crate::base::fallible;
use crate::error::{Error, Result};
use crate::heap::{
    Allocation, Barrier, Budget, CollectionKind, CollectionStats, CollectionSteps, GcHeap, GcRef,
    GcRootsList, GcRuntime, HeapOptions, LayoutTable, Liveness, Mutator, ObjectHeader, Progress,
    Region, Reservation, WriteBarrier, each_object,
};

/// The kind of collector.
pub(crate) struct Check;

impl GcRuntime for Check {
    fn name(&self) -> &'static str {
        "check"
    }

    fn collects(&self) -> bool {
        true
    }

    fn least_limit(&self) -> u64 {
        CopyingHeap::LEAST_LIMIT
    }

    fn new_heap(&self, options: HeapOptions) -> Result<Box<dyn GcHeap>> {
        let heap = CopyingHeap::new(options)?;
        let bytes = heap.limit_bytes() / 2;
        let reservation = Reservation::new(bytes)?;
        Ok(fallible::boxed(CheckHeap {
            heap,
            announced: Announced {
                slots: reservation.region(0, bytes),
                _reservation: reservation,
                start: 0,
                complete: true,
            },
            compared: false,
        })?)
    }
}

struct CheckHeap {
    heap: CopyingHeap,
    announced: Announced,
    /// The collection that is under way has compared the slots.
    compared: bool,
}

/// What each reference slot was last said to hold.
struct Announced {
    /// A copy of the space that the mutator allocates in, of which only the reference
    /// slots mean something.
    slots: Region,
    _reservation: Reservation,
    /// Where that space starts.
    start: u64,
    /// Not if the system refused memory for the copy since the last collection: then
    /// nothing is checked, since barriers do not fail.
    complete: bool,
}

impl Announced {
    /// Notes `outcome`, what a change came to.
    fn note(&mut self, outcome: Result<()>) {
        self.complete &= outcome.is_ok();
    }

    /// Notes a new object, whose slots are null.
    fn add_object(&mut self, offset: u64, bytes: u64) {
        let at = offset - self.start;
        let added = self.slots.commit_to(at + bytes);
        self.note(added.and_then(|()| self.slots.fill(at, at + bytes, 0)));
    }

    /// Notes what was stored at `at`.
    fn set(&mut self, at: u64, reference: GcRef) {
        let stored = self.slots.store_u32(at - self.start, reference.raw());
        self.note(stored);
    }

    /// Takes all slots of `space` up to `end` as they are now.
    fn renew(&mut self, space: &Region, end: u64) {
        let bytes = end - space.start();
        self.start = space.start();
        let room = self.slots.commit_to(bytes);
        let copied = room.and_then(|()| space.copy_to(self.start, &self.slots, 0, bytes));
        self.complete = copied.is_ok();
    }

    /// Refuses a slot at `at` that does not hold what it was said to.
    fn check(&self, space: &Region, at: u64) -> Result<()> {
        let holds = space.load_u32(at)?;
        // Where nothing was said, null was.
        let said = self.slots.load_u32(at - self.start).unwrap_or(0);
        if holds != said {
            return Err(Error::internal(
                "a reference that was stored without a barrier",
                at,
            ));
        }
        Ok(())
    }
}

impl CheckHeap {
    /// Compares all slots of objects between `start` and `end`.
    fn check_slots(&self, start: u64, end: u64, layouts: &LayoutTable) -> Result<()> {
        if !self.announced.complete {
            return Ok(());
        }
        let space = self.heap.region();
        each_object(space, start, end, layouts, |offset, measured| {
            measured.each_reference(|at| self.announced.check(space, offset + at))
        })
    }
}

impl WriteBarrier for CheckHeap {
    fn region(&self) -> &Region {
        self.heap.region()
    }

    fn barrier(&self) -> Barrier {
        Barrier::SLOW
    }

    fn write_barrier(&mut self, _holder: u64, at: u64, _old: GcRef, new: GcRef) -> Result<()> {
        self.announced.set(at, new);
        Ok(())
    }
}

impl GcHeap for CheckHeap {
    fn open(&mut self, mutator: &Mutator) {
        self.heap.open(mutator);
        self.announced
            .renew(self.heap.region(), mutator.bump.next());
    }

    fn committed_bytes(&self) -> u64 {
        self.heap.committed_bytes()
    }

    fn limit_bytes(&self) -> u64 {
        self.heap.limit_bytes()
    }

    fn allocate(
        &mut self,
        mutator: &Mutator,
        header: ObjectHeader,
        bytes: u64,
    ) -> Result<Allocation> {
        let outcome = self.heap.allocate(mutator, header, bytes)?;
        if let Allocation::Done(object) = outcome {
            self.announced
                .add_object(object.offset(), mutator.bump.next() - object.offset());
        }
        Ok(outcome)
    }

    fn largest_object(&self) -> u64 {
        self.heap.largest_object()
    }

    fn committed_after_growth(&self, mutator: &Mutator, bytes: u64) -> Result<u64> {
        self.heap.committed_after_growth(mutator, bytes)
    }

    fn grow(&mut self, mutator: &Mutator, bytes: u64) -> Result<()> {
        self.heap.grow(mutator, bytes)
    }

    fn check(&self, mutator: &Mutator, layouts: &LayoutTable) -> Result<()> {
        self.check_slots(mutator.bump.start(), mutator.bump.next(), layouts)
    }

    fn reserve_keys(&mut self, count: usize) -> Result<()> {
        self.heap.reserve_keys(count)
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
        self.heap.set_headroom(mutator, headroom, may_grow, budget)
    }

    fn reset(&mut self) {
        self.heap.reset();
        self.announced.slots.decommit_from(0);
    }
}

impl CollectionSteps for CheckHeap {
    fn begin(&mut self, mutator: &Mutator, kind: CollectionKind) -> Result<()> {
        self.compared = false;
        self.heap.begin(mutator, kind)
    }

    fn trace_roots(&mut self, roots: &mut GcRootsList, layouts: &LayoutTable) -> Result<()> {
        if !self.compared {
            let (start, end) = self.heap.collected();
            self.check_slots(start, end, layouts)?;
            self.compared = true;
        }
        self.heap.trace_roots(roots, layouts)
    }

    fn trace_increment(&mut self, layouts: &LayoutTable, budget: &mut Budget) -> Result<Progress> {
        self.heap.trace_increment(layouts, budget)
    }

    fn trace_reference(&mut self, reference: GcRef, layouts: &LayoutTable) -> Result<GcRef> {
        self.heap.trace_reference(reference, layouts)
    }

    fn pop_pending_ephemeron(&mut self) -> Option<GcRef> {
        self.heap.pop_pending_ephemeron()
    }

    fn liveness(&self) -> Liveness<'_> {
        self.heap.liveness()
    }

    fn finish(
        &mut self,
        mutator: &Mutator,
        layouts: &LayoutTable,
        budget: &mut Budget,
    ) -> Result<Option<CollectionStats>> {
        let collected = self.heap.finish(mutator, layouts, budget)?;
        if collected.is_some() {
            self.announced
                .renew(self.heap.region(), mutator.bump.next());
        }
        Ok(collected)
    }
}
