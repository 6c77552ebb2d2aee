//! One collection of a store's heap.

use std::time::Instant;

use crate::error::{Error, Result};
use crate::heap::{
    Budget, CollectionKind, GarbageCollection, PacerSample, Progress, RootSlot, TraceContext,
    WeakTable, nanoseconds_since,
};
use crate::host::EXTERN_BYTES;
use crate::store::{Cold, Store};

impl Store {
    /// Whether the heap's collector collects at all.
    pub(in crate::store) fn collects(&self) -> bool {
        self.engine.config().runtime().collects()
    }

    /// Refuses inside a no-GC span (`gc.no-gc`).
    pub(in crate::store) fn require_gc_allowed(&self) -> Result<()> {
        match self.mutator.no_gc_spans() {
            0 => Ok(()),
            spans => Err(Error::NoGc { spans }),
        }
    }

    /// Sends allocations to the slow path while it has something to do beside
    /// allocating: stress, finalizers that wait, or external bytes.
    pub(in crate::store) fn update_slow_path(&self) {
        let stress = self.engine.config().stress() > 0;
        let pending = self.host.has_pending() && self.collects();
        let pressure = self.external_pressure.get();
        self.mutator
            .bump
            .force_slow_path(stress || pending || pressure);
    }

    /// How often a root, a weak map, a table or a global stopped keeping its object alive,
    /// other than by a scope's end; and how often a field or an element was set inside finalizers.
    pub(in crate::store) fn releases(&self) -> u64 {
        self.manual.released().wrapping_add(self.dropped.get())
    }

    /// Counts a release other than a manual root's. References in objects are counted
    /// where they are set through barriers, as they are inside finalizers.
    pub(in crate::store) fn count_release(&self) {
        self.dropped.set(self.dropped.get().wrapping_add(1));
    }

    /// Ends the roots that other threads want unrooted, and collects everything once.
    /// Finalizers are queued, not run. Nothing is collected under `null` or in a
    /// no-GC span, and before the first allocation there is nothing to do.
    pub(in crate::store) fn collect(&self) -> Result<()> {
        self.cold.borrow_mut().collect(self, CollectionKind::Major)
    }
}

/// A collection that is under way. What it borrows, it borrows in each step.
pub(in crate::store) struct Collection {
    gc: GarbageCollection,
    /// Bytes that had been allocated since the one before.
    allocated: u64,
    /// Nanoseconds between the two.
    mutator_nanoseconds: u64,
    /// Nanoseconds that the steps have taken.
    nanoseconds: u64,
    /// What the pacer has decided, once the dead are gone.
    headroom: Option<u64>,
}

impl Collection {
    fn add_time(&mut self, began: Instant) {
        self.nanoseconds = self.nanoseconds.saturating_add(nanoseconds_since(began));
    }

    /// Whether ending it now leaves everything as it was.
    pub(in crate::store) fn may_be_abandoned(&self) -> bool {
        self.gc.may_be_abandoned()
    }
}

impl Cold {
    /// See [`Store::collect`].
    pub(in crate::store) fn collect(&mut self, store: &Store, kind: CollectionKind) -> Result<()> {
        let Some(mut collection) = self.begin_collection(store, kind)? else {
            return Ok(());
        };
        let budget = &mut Budget::unlimited();
        let progress = self.step_collection(store, &mut collection, budget)?;
        debug_assert!(progress == Progress::Complete);
        Ok(())
    }

    /// Ends the roots that other threads want unrooted and begins a collection; `None` if
    /// nothing is to be collected.
    pub(in crate::store) fn begin_collection(
        &mut self,
        store: &Store,
        kind: CollectionKind,
    ) -> Result<Option<Collection>> {
        let began = Instant::now();
        store.manual.unroot_queued();
        let Some(heap) = self.heap.as_deref_mut() else {
            return Ok(None);
        };
        let (mutator, allocated) = (&store.mutator, store.mutator.bump.allocated_bytes());
        let kind = heap.collection_kind(mutator, kind);
        let gc = GarbageCollection::begin(heap, mutator, kind)?;
        Ok(gc.map(|gc| Collection {
            gc,
            allocated,
            mutator_nanoseconds: self.pacer.mutator_nanoseconds(),
            nanoseconds: nanoseconds_since(began),
            headroom: None,
        }))
    }

    /// Continues a collection as far as the budget allows: first tracing and sweeping, then
    /// resizing the heap. Ends it when both are complete. Finalizers are queued.
    pub(in crate::store) fn step_collection(
        &mut self,
        store: &Store,
        collection: &mut Collection,
        budget: &mut Budget,
    ) -> Result<Progress> {
        let began = Instant::now();
        let progress = match collection.headroom {
            Some(headroom) => self.resize_heap(store, headroom, budget)?,
            None => self.trace_sweep_and_resize(store, collection, began, budget)?,
        };
        collection.add_time(began);
        if progress == Progress::Continue {
            return Ok(progress);
        }
        self.count(store, collection);
        match self.check_in_debug_builds(store) {
            Err(Error::SystemMemory { .. }) => Ok(progress),
            checked => checked.map(|()| progress),
        }
    }

    /// The step in which tracing and sweeping may end, and resizing begins.
    fn trace_sweep_and_resize(
        &mut self,
        store: &Store,
        collection: &mut Collection,
        began: Instant,
        budget: &mut Budget,
    ) -> Result<Progress> {
        let progress = self.trace_and_sweep(store, &mut collection.gc, budget)?;
        if progress == Progress::Continue {
            return Ok(progress);
        }
        let headroom = self.pace(store, collection, began)?;
        collection.headroom = Some(headroom);
        self.resize_heap(store, headroom, budget)
    }

    /// Traces, sweeps and frees, as far as the budget allows.
    fn trace_and_sweep(
        &mut self,
        store: &Store,
        gc: &mut GarbageCollection,
        budget: &mut Budget,
    ) -> Result<Progress> {
        self.lend_roots(store, gc)?;
        let (mut host, mut handles) = (&store.host, &store.weak);
        let mut weak: [&mut dyn WeakTable; 3] = [&mut host, &mut handles, &mut self.hashes];
        let mut context = TraceContext {
            mutator: &store.mutator,
            roots: &mut self.roots,
            layouts: &self.layouts,
            ephemerons: &mut self.weak_maps,
            weak: &mut weak,
        };
        let Some(heap) = self.heap.as_deref_mut() else {
            return Err(Error::internal("a collection without a heap", 0));
        };
        let progress = gc.step(heap, &mut context, budget)?;
        self.roots.clear();
        if progress == Progress::Complete {
            store.manual.trim();
            store.tables.trim();
            store.globals.trim();
            self.weak_maps.trim();
            heap.reserve_keys(self.weak_maps.keys().len())?;
        }
        Ok(progress)
    }

    /// Lists the root slots, which are the same in each step of a collection, since no
    /// call makes or ends roots between them; and the root ranges in the first step, which
    /// goes over all of them, since the embedder may change what it likes before.
    ///
    /// Errors: those of [`Cold::gather_ranges`]; the collection may be repeated or
    /// abandoned then.
    fn lend_roots(&mut self, store: &Store, gc: &GarbageCollection) -> Result<()> {
        self.roots.clear();
        if gc.may_be_abandoned() {
            self.gather_ranges(store)?;
        }
        // SAFETY: the list is cleared when the step is over, and nothing pushes or grows
        // roots meanwhile; a sweep shortens the values of weak maps and leaves them where
        // they are.
        unsafe {
            self.roots.add(store.lifo.span())?;
            self.roots.add(store.manual.span())?;
            self.roots.add(store.tables.span())?;
            self.roots.add(store.globals.span())?;
            self.roots.add(core::slice::from_ref(&store.pending))?;
            if gc.values_are_roots() {
                self.roots.add(self.weak_maps.values())?;
            }
        }
        Ok(())
    }

    /// Commits the memory for the headroom, or gives back what is more.
    fn resize_heap(
        &mut self,
        store: &Store,
        headroom: u64,
        budget: &mut Budget,
    ) -> Result<Progress> {
        // The heap does not grow where the growth callback was not asked.
        let may_grow = store.engine.config().grow_callback().is_none();
        let heap = self.heap()?;
        Ok(heap.set_headroom(&store.mutator, headroom, may_grow, budget))
    }

    /// Decides how much may be allocated before the next collection.
    fn pace(&mut self, store: &Store, collection: &Collection, began: Instant) -> Result<u64> {
        let collected = collection.gc.stats();
        let live = collected.live_bytes;
        if store.engine.config().move_always() && collected.moved_bytes != live {
            return Err(Error::internal("objects that were not moved", live));
        }
        // A root slot takes as long as its own bytes, an entry as an externref.
        let roots = u64::from(store.lifo.len()) + store.manual.span().len() as u64;
        let held = store.tables.span().len() + store.globals.span().len();
        let slots = roots + held as u64 + store.weak.swept();
        let scanned = slots * size_of::<RootSlot>() as u64
            + store.host.swept() * EXTERN_BYTES
            + self.weak_maps.swept_bytes()
            + self.sources.scanned();
        Ok(self.pacer.end_cycle(PacerSample {
            live_bytes: live,
            scanned_bytes: scanned,
            allocated_bytes: collection.allocated,
            mutator_nanoseconds: collection.mutator_nanoseconds,
            collector_nanoseconds: collection
                .nanoseconds
                .saturating_add(nanoseconds_since(began)),
        }))
    }

    /// Counts a collection that is over, and sets budgets until the next one.
    fn count(&mut self, store: &Store, collection: &Collection) {
        let headroom = collection.headroom.unwrap_or(0);
        let collected = collection.gc.stats();
        self.headroom = headroom;
        self.external_allocated = 0;
        store.external_pressure.set(false);
        // Half of what is alive out there, as in the heap, and never so little
        // that collecting the heap is not worth it.
        self.external_budget = headroom.max(store.host.external_bytes() / 2);
        self.collections += 1;
        self.moved_bytes = self.moved_bytes.saturating_add(collected.moved_bytes);
        self.gc_nanoseconds = self.gc_nanoseconds.saturating_add(collection.nanoseconds);
        store.update_slow_path();
    }

    fn check_in_debug_builds(&self, store: &Store) -> Result<()> {
        if cfg!(debug_assertions) {
            self.check(store)?;
        }
        Ok(())
    }
}
