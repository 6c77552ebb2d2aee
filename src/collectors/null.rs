//! The collector that never collects.
//!
//! **Idea.** Allocation is a bump through one contiguous space, up to the limit. Memory is
//! freed when the store is deleted.
//!
//! **Cost.** None besides the bump. It serves programs that end before their memory does,
//! and measurements: it separates the cost of collecting from all other costs.
//!
//! **Sources.** Known as the null or Epsilon collector (JEP 318).

use crate::base::fallible;
use crate::error::Result;
use crate::heap::{
    Budget, CollectionSteps, ContiguousSpace, GcHeap, GcRuntime, HeapOptions, Mutator, Pinning,
    Progress, Region, Reservation, Starts, WriteBarrier, heap_limit, whole_units,
};

/// The kind of collector.
pub(crate) struct Null;

impl GcRuntime for Null {
    fn name(&self) -> &'static str {
        "null"
    }

    fn collects(&self) -> bool {
        false
    }

    fn moves(&self) -> bool {
        false
    }

    fn least_limit(&self) -> u64 {
        ContiguousSpace::LEAST_LIMIT
    }

    fn new_heap(&self, options: HeapOptions) -> Result<Box<dyn GcHeap>> {
        let limit = whole_units(options.limit.max(self.least_limit()));
        let reservation = Reservation::new(limit)?;
        let space = ContiguousSpace::new(&reservation, 0..limit, options.initial)?;
        Ok(fallible::boxed(NullHeap { space, reservation })?)
    }
}

struct NullHeap {
    space: ContiguousSpace,
    reservation: Reservation,
}

impl NullHeap {
    /// The bytes of the space that are in use after an allocation of `bytes`.
    fn needed(&self, mutator: &Mutator, bytes: u64) -> u64 {
        let used = mutator.bump.next() - self.space.region().start();
        used.saturating_add(bytes)
    }
}

impl WriteBarrier for NullHeap {
    fn region(&self) -> &Region {
        self.space.region()
    }
}

/// Nothing moves.
impl Pinning for NullHeap {}

impl GcHeap for NullHeap {
    fn open(&mut self, mutator: &Mutator) -> u64 {
        let (first, end) = (self.space.open(), self.space.region().committed_end());
        // SAFETY: the space is committed up to `end` and belongs to this heap, which tells
        // the mutator whenever the committed memory changes.
        unsafe { mutator.set_heap(self.reservation.base(), first, first, end, 0) };
        end - first
    }

    fn committed_bytes(&self) -> u64 {
        self.space.committed_bytes()
    }

    fn side_bytes(&self) -> u64 {
        self.space.starts().side_bytes()
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

    fn initial_object_bytes(&self) -> u64 {
        self.space.initial_object_bytes()
    }

    fn largest_object(&self) -> u64 {
        self.space.largest_object()
    }

    fn committed_after_growth(&self, mutator: &Mutator, bytes: u64) -> Result<u64> {
        let step = self.space.committed_bytes();
        self.space
            .after_growth(self.needed(mutator, bytes), step)
            .ok_or(heap_limit(bytes, self.limit_bytes()))
    }

    fn grow(&mut self, mutator: &Mutator, bytes: u64) -> Result<()> {
        let wanted = self.committed_after_growth(mutator, bytes)?;
        self.space.grow(wanted, self.needed(mutator, bytes))?;
        // SAFETY: as in `open`.
        unsafe { mutator.set_end(self.space.region().committed_end()) };
        Ok(())
    }

    fn reserve_keys(&mut self, _count: usize) -> Result<()> {
        Ok(())
    }

    fn pinning(&self) -> Option<&dyn Pinning> {
        Some(self)
    }

    fn collection(&mut self) -> Option<&mut dyn CollectionSteps> {
        None
    }

    fn set_headroom(
        &mut self,
        mutator: &Mutator,
        _headroom: u64,
        _may_grow: bool,
        _budget: &mut Budget,
    ) -> Progress {
        mutator.bump.set_budget_end(mutator.bump.end());
        Progress::Complete
    }

    fn give_back(&mut self, mutator: &Mutator) -> Result<()> {
        let next = mutator.bump.next();
        let kept = next.max(self.space.initial_end());
        self.space.decommit_towards(kept, &mut Budget::unlimited());
        self.space.region().release_from(next);
        // SAFETY: as in `open`.
        unsafe { mutator.set_end(self.space.region().committed_end()) };
        Ok(())
    }

    fn reset(&mut self) {
        // Nothing was freed before, so there is nothing to poison.
        self.space.reset(false);
    }
}
