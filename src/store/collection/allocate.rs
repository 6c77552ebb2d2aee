//! The slow path of an allocation. It makes the store's heap, runs a collection that is
//! due, and makes room.

use crate::error::{Error, Result};
use crate::heap::{Allocation, Barrier, GcHeap, GcRef, ObjectHeader, heap_limit};
use crate::store::protocol::{Attempt, Request, Stop};
use crate::store::{Cold, Store};

impl Store {
    /// Sends every allocation to the slow path while that has something to do besides
    /// allocating: stress, finalizers that wait, or external bytes.
    pub(in crate::store) fn update_slow_path(&self) {
        let stress = self.engine.config().stress() > 0;
        let pending = self.host.has_pending() && self.runs_finalizers_inline();
        let pressure = self.external_pressure.get() || self.external_step.get();
        self.mutator
            .bump
            .force_slow_path(stress || pending || pressure);
    }
}

impl Cold {
    /// Allocates an object of `bytes`, header included. Its header is written and the
    /// rest is zeros. May collect; finalizers are queued.
    ///
    /// Errors: [`Error::HeapLimit`] after a collection, [`Error::NoGc`],
    /// [`Error::GrowthRefused`], [`Error::SystemMemory`]; those of
    /// [`Cold::gather_ranges`].
    pub(in crate::store) fn allocate(
        &mut self,
        store: &Store,
        header: ObjectHeader,
        bytes: u64,
    ) -> Attempt<GcRef> {
        let counted = self.stress_count;
        let outcome = self.attempt_allocation(store, header, bytes);
        if outcome == Err(Stop::Ask(Request::Roots)) {
            // The repetition counts this allocation again.
            self.stress_count = counted;
        }
        outcome
    }

    fn attempt_allocation(
        &mut self,
        store: &Store,
        header: ObjectHeader,
        bytes: u64,
    ) -> Attempt<GcRef> {
        self.make_heap(store)?;
        self.collect_if_due(store)?;
        self.step_if_due(store)?;
        match self.heap()?.allocate(&store.mutator, header, bytes)? {
            Allocation::Done(object) => return Ok(object),
            Allocation::Never => return Err(heap_limit(bytes, self.heap()?.limit_bytes()).into()),
            Allocation::CollectOrGrow { bytes } => self.make_room(store, bytes)?,
        }
        match self.heap()?.allocate(&store.mutator, header, bytes)? {
            Allocation::Done(object) => Ok(object),
            _ => Err(Error::internal("missing reserved heap space", bytes).into()),
        }
    }

    /// Frees an object whose initialisation failed.
    pub(in crate::store) fn free_unused(&mut self, store: &Store, object: GcRef, bytes: u64) {
        if let Some(heap) = self.heap.as_deref_mut() {
            heap.deallocate_uninit(&store.mutator, object, bytes);
        }
    }

    /// Makes the heap if the store has none.
    ///
    /// Errors: [`Error::SystemMemory`].
    pub(in crate::store) fn make_heap(&mut self, store: &Store) -> Result<()> {
        if self.heap.is_none() {
            let heap = self.heap.insert(store.engine.acquire_heap()?);
            self.headroom = heap.open(&store.mutator);
            self.external_budget = self.headroom;
            self.external_due = self.headroom;
            self.use_collectors_barrier(store);
            store.update_slow_path();
        }
        Ok(())
    }

    /// Sets the mutator's write barrier to the collector's. While finalizers run, the slow
    /// barrier stays (HOST-16).
    pub(in crate::store) fn use_collectors_barrier(&self, store: &Store) {
        if store.in_finalizer.get() {
            return;
        }
        let wanted = self.heap.as_ref().map(|heap| heap.barrier());
        store.mutator.set_barrier(wanted.unwrap_or(Barrier::NONE));
    }

    /// The heap, which [`Cold::make_heap`] has made.
    ///
    /// Errors: [`Error::Internal`] if there is no heap.
    pub(in crate::store) fn heap(&mut self) -> Result<&mut dyn GcHeap> {
        match self.heap.as_deref_mut() {
            Some(heap) => Ok(heap),
            None => Err(Error::internal("an allocation without a heap", 0)),
        }
    }
}
