//! The collector that checks barriers.
//!
//! **Idea.** Every reference in an object must be stored through the write barrier.
//! Otherwise collectors that count references or remember slots fail much later and
//! elsewhere. This collector keeps a shadow of all reference slots, which only barriers and
//! new objects change (HEAP-32). A slot that differs from its shadow at the next collection
//! or verification was stored without a barrier. That is reported as a bug of the library,
//! with the slot's offset. Otherwise it collects as `copying` does.
//!
//! **Cost.** A third space, which does not count against the limit. Each store of a
//! reference calls the barrier. Each collection walks all objects and copies the survivors
//! once more, in steps, after it has traced. It serves tests.
//!
//! **Sources.** Collectors that compare the heap with a snapshot are common practice in
//! virtual machines. This form is the library's own.
//!
//! **Rejected.** Protecting pages, and comparing after each call (HEAP-32).

use super::copying::CopyingHeap;
use crate::base::{fallible, work};
use crate::error::{Error, Result};
use crate::heap::{
    ARRAY_CHUNK, ARRAY_ELEMENTS, Allocation, Barrier, Budget, CollectionKind, CollectionStats,
    CollectionSteps, GRANULE, GcHeap, GcRef, GcRootsList, GcRuntime, HEADER_BYTES, HeapOptions,
    LayoutTable, Liveness, Mutator, ObjectHeader, Progress, Region, Reservation, SemiSpace, Starts,
    WriteBarrier, each_object,
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
        SemiSpace::LEAST_LIMIT
    }

    fn new_heap(&self, options: HeapOptions) -> Result<Box<dyn GcHeap>> {
        let heap = CopyingHeap::new(options)?;
        let bytes = heap.limit_bytes() / 2;
        let reservation = Reservation::new(bytes)?;
        Ok(fallible::boxed(CheckHeap {
            heap,
            shadow: Shadow {
                slots: reservation.region(0, bytes),
                _reservation: reservation,
                start: 0,
                complete: true,
            },
            progress: CheckProgress::Compare { at: 0, done: 0 },
        })?)
    }
}

struct CheckHeap {
    heap: CopyingHeap,
    shadow: Shadow,
    /// How far the collection that is under way has come.
    progress: CheckProgress,
}

/// What the end of a collection does next.
#[derive(Clone, Copy)]
enum CheckProgress {
    /// Compares the slots of the objects that were collected with the shadow, from the object
    /// at `at` on. Its first `done` bytes have been compared.
    Compare { at: u64, done: u64 },
    /// Ends the collection of the heap.
    Finish,
    /// Copies the survivors from the offset `at` on.
    Renew { at: u64, stats: CollectionStats },
}

/// What each reference slot must hold: what the barrier stored in it last.
struct Shadow {
    /// A copy of the half that the mutator allocates in. Only its reference slots are up to
    /// date.
    slots: Region,
    _reservation: Reservation,
    /// Where that half starts.
    start: u64,
    /// `false` if the system has refused memory for the copy since the last collection.
    /// Then nothing is checked, because barriers do not fail (HEAP-4).
    complete: bool,
}

impl Shadow {
    /// Records whether a change succeeded.
    fn note(&mut self, outcome: Result<()>) {
        self.complete &= outcome.is_ok();
    }

    /// Adds a new object, whose slots are null.
    fn add_object(&mut self, offset: u64, bytes: u64) {
        let at = offset - self.start;
        let added = self.slots.commit_to(at + bytes);
        self.note(added.and_then(|()| self.slots.fill(at, at + bytes, 0)));
    }

    /// Sets the shadow of the slot at `at`.
    fn set(&mut self, at: u64, reference: GcRef) {
        let stored = self.slots.store_u32(at - self.start, reference.raw());
        self.note(stored);
    }

    /// Makes room for all slots of `half` up to `end`. [`Shadow::copy`] then copies them.
    fn begin_renewal(&mut self, half: &Region, end: u64) {
        self.start = half.start();
        self.complete = self.slots.commit_to(end - half.start()).is_ok();
    }

    /// Copies the slots of `half` between two offsets, if there is room.
    fn copy(&mut self, half: &Region, from: u64, to: u64) {
        if self.complete {
            let copied = half.copy_to(from, &self.slots, from - self.start, to - from);
            self.complete = copied.is_ok();
        }
    }

    /// Checks that the slot at `at` holds the same as its shadow.
    ///
    /// Errors: [`Error::Internal`].
    fn check(&self, half: &Region, at: u64) -> Result<()> {
        let stored = half.load_u32(at)?;
        // A slot beyond the end of the shadow was never stored through the barrier.
        let expected = self.slots.load_u32(at - self.start).unwrap_or(0);
        if stored != expected {
            return Err(Error::internal(
                "a reference that was stored without a barrier",
                at,
            ));
        }
        Ok(())
    }
}

impl CheckHeap {
    /// Compares all slots of the objects between `start` and `end` with the shadow.
    fn check_slots(&self, start: u64, end: u64, layouts: &LayoutTable) -> Result<()> {
        if !self.shadow.complete {
            return Ok(());
        }
        let half = self.heap.region();
        each_object(half, start, end, layouts, |offset, measured| {
            measured.each_reference(|at| self.shadow.check(half, offset + at))
        })
    }

    /// Compares slots of the objects that were collected with the shadow, from the object at
    /// `at` on, of which `done` bytes are compared already. The objects have not changed but
    /// for the headers of those that moved. Does as much as the budget allows; returns where
    /// to continue, or `None` if all are compared.
    fn compare(
        &self,
        (mut at, mut done): (u64, u64),
        layouts: &LayoutTable,
        budget: &mut Budget,
    ) -> Result<Option<(u64, u64)>> {
        let (half, (start, end)) = (self.heap.region(), self.heap.collected_range());
        if !self.shadow.complete {
            return Ok(None);
        }
        at = at.max(start);
        while at < end {
            if budget.is_spent() {
                return Ok(Some((at, done)));
            }
            let header = ObjectHeader::from_bits(half.load_u64(at)?);
            let header = match header.forwarded() {
                Some(copy) => ObjectHeader::from_bits(self.heap.copies().load_u64(copy.offset())?),
                None => header,
            };
            let measured = layouts.measure(half.view(), at, header)?;
            if !(HEADER_BYTES.max(done)..=end - at).contains(&measured.bytes) {
                return Err(Error::internal(
                    "an object of an impossible size",
                    header.bits(),
                ));
            }
            let check = |slot| self.shadow.check(half, at + slot);
            let to = if measured.is_chunked() {
                let from = done.max(ARRAY_ELEMENTS);
                let to = (from + ARRAY_CHUNK).min(measured.bytes);
                measured.references_between(from, to, check)?;
                to
            } else {
                measured.each_reference(check)?;
                measured.bytes
            };
            work::count((to - done) as usize);
            budget.spend(to - done);
            done = to;
            if done == measured.bytes {
                (at, done) = (at + measured.bytes, 0);
            }
        }
        Ok(None)
    }

    /// Copies survivors to the shadow, from the offset `at` on, as far as the budget allows.
    /// Returns where to continue, or `None` if all are copied.
    fn renew(&mut self, at: u64, end: u64, budget: &mut Budget) -> Option<u64> {
        let granules = (end - at).div_ceil(GRANULE);
        let now = budget.take(granules as usize, 1) as u64;
        let to = (at + now * GRANULE).min(end);
        work::count(now as usize);
        self.shadow.copy(self.heap.region(), at, to);
        (to < end).then_some(to)
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
        self.shadow.set(at, new);
        Ok(())
    }
}

impl GcHeap for CheckHeap {
    fn open(&mut self, mutator: &Mutator) -> u64 {
        let headroom = self.heap.open(mutator);
        let (half, end) = (self.heap.region(), mutator.bump.next());
        self.shadow.begin_renewal(half, end);
        self.shadow.copy(half, half.start(), end);
        headroom
    }

    fn committed_bytes(&self) -> u64 {
        self.heap.committed_bytes()
    }

    fn side_bytes(&self) -> u64 {
        self.heap.side_bytes() + self.shadow.slots.committed_end()
    }

    fn limit_bytes(&self) -> u64 {
        self.heap.limit_bytes()
    }

    fn object_bytes(&self) -> u64 {
        self.heap.object_bytes()
    }

    fn initial_object_bytes(&self) -> u64 {
        self.heap.initial_object_bytes()
    }

    fn allocate(
        &mut self,
        mutator: &Mutator,
        header: ObjectHeader,
        bytes: u64,
    ) -> Result<Allocation> {
        let outcome = self.heap.allocate(mutator, header, bytes)?;
        if let Allocation::Done(object) = outcome {
            self.shadow
                .add_object(object.offset(), mutator.bump.next() - object.offset());
        }
        Ok(outcome)
    }

    fn starts(&self) -> Starts<'_> {
        self.heap.starts()
    }

    fn note_block(&mut self, start: u64, end: u64, next: u64) {
        self.heap.note_block(start, end, next);
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
        self.heap.check(mutator, layouts)?;
        self.check_slots(mutator.bump.start(), mutator.bump.next(), layouts)
    }

    fn reserve_keys(&mut self, count: usize) -> Result<()> {
        self.heap.reserve_keys(count)
    }

    fn trim_keys(&mut self, count: usize, budget: &mut Budget) -> Progress {
        self.heap.trim_keys(count, budget)
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

    fn give_back(&mut self, mutator: &Mutator) -> Result<()> {
        self.heap.give_back(mutator)?;
        let used = mutator.bump.next() - self.shadow.start;
        self.shadow.slots.decommit_from(used);
        Ok(())
    }

    fn reset(&mut self) {
        self.heap.reset();
        self.shadow.slots.decommit_from(0);
    }
}

impl CollectionSteps for CheckHeap {
    fn begin(&mut self, mutator: &Mutator, kind: CollectionKind) -> Result<()> {
        self.progress = CheckProgress::Compare { at: 0, done: 0 };
        self.heap.begin(mutator, kind)
    }

    fn trace_roots(&mut self, roots: &mut GcRootsList, layouts: &LayoutTable) -> Result<()> {
        self.heap.trace_roots(roots, layouts)
    }

    fn trace_increment(&mut self, layouts: &LayoutTable, budget: &mut Budget) -> Result<Progress> {
        self.heap.trace_increment(layouts, budget)
    }

    fn trace_reference(&mut self, reference: GcRef, layouts: &LayoutTable) -> Result<GcRef> {
        self.heap.trace_reference(reference, layouts)
    }

    fn copied_bytes(&self) -> u64 {
        self.heap.copied_bytes()
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
        if let CheckProgress::Compare { at, done } = self.progress {
            if let Some((at, done)) = self.compare((at, done), layouts, budget)? {
                self.progress = CheckProgress::Compare { at, done };
                return Ok(None);
            }
            self.progress = CheckProgress::Finish;
        }
        if let CheckProgress::Finish = self.progress {
            let Some(stats) = self.heap.finish(mutator, layouts, budget)? else {
                return Ok(None);
            };
            let half = self.heap.region();
            self.shadow.begin_renewal(half, mutator.bump.next());
            let at = half.start();
            self.progress = CheckProgress::Renew { at, stats };
        }
        let CheckProgress::Renew { at, stats } = self.progress else {
            return Err(Error::internal("a collection that ends in no phase", 0));
        };
        if let Some(at) = self.renew(at, mutator.bump.next(), budget) {
            self.progress = CheckProgress::Renew { at, stats };
            return Ok(None);
        }
        Ok(Some(stats))
    }
}
