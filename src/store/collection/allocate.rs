//! Allocation's slow path: the first heap, a collection that is due, room.

use crate::error::{Error, Result};
use crate::heap::{Allocation, Barrier, GcHeap, GcRef, ObjectHeader, heap_limit};
use crate::store::host_code::{Attempt, Request, Stop};
use crate::store::{Cold, Store};

impl Cold {
    /// Allocates an object of `bytes`: its header is written, the rest is zeros. May
    /// collect; finalizers are queued.
    ///
    /// Errors: [`Error::HeapLimit`] after a collection, [`Error::NoGc`],
    /// [`Error::SystemMemory`]; those of [`Cold::gather_ranges`].
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

    /// Gives back an object whose initialisation failed.
    pub(in crate::store) fn give_back(&mut self, store: &Store, object: GcRef, bytes: u64) {
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
            heap.open(&store.mutator);
            self.headroom = store.mutator.bump.end() - store.mutator.bump.next();
            self.external_budget = self.headroom;
            self.restore_barrier(store);
            store.update_slow_path();
        }
        Ok(())
    }

    /// Has the mutator store references as the collector wants it.
    pub(in crate::store) fn restore_barrier(&self, store: &Store) {
        let wanted = self.heap.as_ref().map(|heap| heap.barrier());
        store.mutator.set_barrier(wanted.unwrap_or(Barrier::NONE));
    }

    /// The heap, which an allocation has made.
    ///
    /// Errors: [`Error::Internal`] if there is none.
    pub(in crate::store) fn heap(&mut self) -> Result<&mut dyn GcHeap> {
        match self.heap.as_deref_mut() {
            Some(heap) => Ok(heap),
            None => Err(Error::internal("an allocation without a heap", 0)),
        }
    }
}
