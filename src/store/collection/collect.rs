//! One collection of a store's heap, from its roots to its statistics.

use std::time::Instant;

use crate::error::{Error, Result};
use crate::heap::{
    Budget, CollectionKind, GarbageCollection, PacerSample, Progress, RootSlot, TraceContext,
    WeakTable, nanoseconds_since,
};
use crate::host::EXTERN_BYTES;
use crate::store::{Cold, Store};

impl Store {
    /// Whether the heap's collector ever frees anything.
    pub(in crate::store) fn collects(&self) -> bool {
        self.engine.config().runtime().collects()
    }

    /// Whether finalizers run last in each call that may collect. Under `null` they do not
    /// (HOST-19), and not if the configuration defers them (HOST-31).
    pub(in crate::store) fn runs_finalizers_inline(&self) -> bool {
        self.collects() && !self.engine.config().defers_finalizers()
    }

    /// Fails while a no-GC span is open (`gc.no-gc`).
    ///
    /// Errors: [`Error::NoGc`].
    pub(in crate::store) fn require_gc_allowed(&self) -> Result<()> {
        match self.mutator.no_gc_spans() {
            0 => Ok(()),
            spans => Err(Error::NoGc { spans }),
        }
    }

    /// Runs one major collection. See [`Cold::collect`].
    pub(in crate::store) fn collect_major(&self) -> Result<()> {
        let cold = &mut *self.cold.borrow_mut();
        let stop = cold.begin_stop();
        cold.collect(self, CollectionKind::Major)?;
        cold.end_collection_stop(&stop);
        Ok(())
    }
}

/// A collection that is under way, and what the pacer must know at its end. It borrows
/// nothing between its steps.
pub(in crate::store) struct PacedCollection {
    gc: GarbageCollection,
    kind: CollectionKind,
    sample: CycleSample,
    /// The external bytes when the collection began.
    external: u64,
    /// The number of tables that have been trimmed.
    trimmed: u32,
    /// The pacer's decision, once the dead objects are freed.
    headroom: Option<u64>,
}

/// What the pacer must know at the end of a collection.
#[derive(Clone, Copy)]
pub(in crate::store) struct CycleSample {
    /// The bytes of the objects when the collection began.
    pub(in crate::store) used: u64,
    /// The bytes that the mutator allocated since the previous collection.
    pub(in crate::store) allocated: u64,
    /// The nanoseconds that the mutator ran since the previous collection.
    pub(in crate::store) mutator_nanoseconds: u64,
    /// The nanoseconds that the steps have taken so far.
    pub(in crate::store) nanoseconds: u64,
}

impl CycleSample {
    /// Adds a step that began at this time.
    pub(in crate::store) fn add_time(&mut self, began: Instant) {
        self.nanoseconds = self.nanoseconds.saturating_add(nanoseconds_since(began));
    }
}

impl PacedCollection {
    /// Whether nothing has changed yet, so that the collection may be dropped.
    pub(in crate::store) fn may_be_abandoned(&self) -> bool {
        self.gc.may_be_abandoned()
    }
}

impl Cold {
    /// Runs one collection at once. Finalizers are queued, not run. Does nothing under
    /// `null`, in a no-GC span, and before the first allocation.
    ///
    /// Errors: those of [`Cold::gather_ranges`]; [`Error::Internal`].
    pub(in crate::store) fn collect(&mut self, store: &Store, kind: CollectionKind) -> Result<()> {
        let begun = self.begin_collection(store, kind)?;
        self.run_collection(store, begun)
    }

    /// Runs a collection that has begun, if one has, in one step.
    ///
    /// Errors: those of [`Cold::collect`].
    pub(in crate::store) fn run_collection(
        &mut self,
        store: &Store,
        begun: Option<PacedCollection>,
    ) -> Result<()> {
        let Some(mut collection) = begun else {
            store.manual.unroot_queued();
            return Ok(());
        };
        let budget = &mut Budget::unlimited();
        let progress = self.step_collection(store, &mut collection, budget);
        if progress.is_err() {
            // The root ranges were refused, and the collection ends without a step.
            store.manual.unroot_taken(&mut Budget::unlimited());
        }
        debug_assert!(progress != Ok(Progress::Continue));
        progress.map(|_| ())
    }

    /// Begins a collection. Returns `None` if there is nothing to do: see [`Cold::collect`].
    pub(in crate::store) fn begin_collection(
        &mut self,
        store: &Store,
        kind: CollectionKind,
    ) -> Result<Option<PacedCollection>> {
        let kind = match self.heap.as_deref() {
            Some(heap) => heap.collection_kind(&store.mutator, kind),
            None => kind,
        };
        if kind == CollectionKind::Major && store.mutator.no_gc_spans() == 0 {
            self.stop_cycle(store)?;
        }
        self.begin_collection_of(store, kind)
    }

    /// As [`Cold::begin_collection`], of exactly this kind.
    pub(in crate::store) fn begin_collection_of(
        &mut self,
        store: &Store,
        kind: CollectionKind,
    ) -> Result<Option<PacedCollection>> {
        let began = Instant::now();
        store.manual.unroot_some();
        let Some(heap) = self.heap.as_deref_mut() else {
            return Ok(None);
        };
        let (mutator, allocated) = (&store.mutator, store.mutator.bump.allocated_bytes());
        let gc = GarbageCollection::begin(heap, mutator, kind)?;
        if gc.is_some() {
            store.manual.take_queued();
        }
        Ok(gc.map(|gc| PacedCollection {
            gc,
            sample: CycleSample {
                used: mutator.bump.used_bytes(),
                allocated,
                mutator_nanoseconds: self.pacer.mutator_nanoseconds(),
                nanoseconds: nanoseconds_since(began),
            },
            kind,
            external: store.host.external_bytes(),
            trimmed: 0,
            headroom: None,
        }))
    }

    /// Does one step of a collection, as far as the budget allows. In the last step,
    /// updates the statistics and the budgets of allocations. Finalizers are queued.
    ///
    /// Errors: those of [`Cold::gather_ranges`], after which the step may be repeated;
    /// [`Error::Internal`].
    pub(in crate::store) fn step_collection(
        &mut self,
        store: &Store,
        collection: &mut PacedCollection,
        budget: &mut Budget,
    ) -> Result<Progress> {
        let began = Instant::now();
        let progress = self.trace_then_resize(store, collection, began, budget)?;
        collection.sample.add_time(began);
        if progress == Progress::Complete {
            self.count_collection(store, collection);
            if self.is_check_due(store, collection) {
                self.check_in_debug_builds(store)?;
            }
        }
        Ok(progress)
    }

    /// Whether debug builds check the store after this collection: always, but after those of a
    /// nursery only as often as that has had a quarter of the heap's bytes.
    fn is_check_due(&mut self, store: &Store, collection: &PacedCollection) -> bool {
        if self.cycles.is_sweeping() {
            return false;
        }
        if collection.headroom.is_some() {
            self.unchecked = 0;
            return true;
        }
        let used = store.mutator.bump.used_bytes();
        let young = collection.sample.used.saturating_sub(used);
        self.unchecked = self.unchecked.saturating_add(young);
        let is_due = self.unchecked >= used / 4;
        if is_due {
            self.unchecked = 0;
        }
        is_due
    }

    /// Traces and sweeps. Once that is complete, trims the tables and resizes the heap.
    fn trace_then_resize(
        &mut self,
        store: &Store,
        collection: &mut PacedCollection,
        began: Instant,
        budget: &mut Budget,
    ) -> Result<Progress> {
        let headroom = match collection.headroom {
            Some(headroom) => headroom,
            None => {
                if self.trace_and_sweep(store, &mut collection.gc, budget)? == Progress::Continue {
                    return Ok(Progress::Continue);
                }
                if self.heap()?.is_of_nursery(collection.kind) {
                    return Ok(Progress::Complete);
                }
                if self.trim_tables(store, collection, budget) == Progress::Continue {
                    return Ok(Progress::Continue);
                }
                let headroom = self.decide_headroom(store, collection, began)?;
                *collection.headroom.insert(headroom)
            }
        };
        self.resize_heap(store, headroom, budget)
    }

    /// Ends queued roots, traces from the roots, sweeps the weak tables and frees dead objects.
    fn trace_and_sweep(
        &mut self,
        store: &Store,
        gc: &mut GarbageCollection,
        budget: &mut Budget,
    ) -> Result<Progress> {
        let reads_ranges = gc.may_be_abandoned();
        self.list_roots(store, gc)?;
        let (mut host, mut handles) = (&store.host, &store.weak);
        let mut weak: [&mut dyn WeakTable; 3] = [&mut host, &mut handles, &mut self.hashes];
        let mut context = TraceContext {
            mutator: &store.mutator,
            roots: &mut self.roots,
            end_roots: &mut |budget| store.manual.unroot_taken(budget),
            layouts: &self.layouts,
            ephemerons: &mut self.weak_maps,
            weak: &mut weak,
        };
        let Some(heap) = self.heap.as_deref_mut() else {
            return Err(Error::internal("a collection without a heap", 0));
        };
        let progress = gc.step(heap, &mut context, budget)?;
        self.roots.clear();
        if reads_ranges {
            self.set_unchanged(store)?;
        }
        Ok(progress)
    }

    /// Trims each table: free slots at its end are not scanned any more, and in a major
    /// collection memory that was unused for some time goes back to the system (HEAP-43).
    fn trim_tables(
        &mut self,
        store: &Store,
        collection: &mut PacedCollection,
        budget: &mut Budget,
    ) -> Progress {
        let kind = collection.kind;
        while let Some(progress) = self.trim_table(store, (collection.trimmed, kind), budget) {
            if progress == Progress::Continue {
                return progress;
            }
            collection.trimmed += 1;
        }
        Progress::Complete
    }

    /// Continues to trim the table of this number, after a collection of a kind. `None` if all have
    /// been trimmed.
    pub(in crate::store) fn trim_table(
        &mut self,
        store: &Store,
        (number, kind): (u32, CollectionKind),
        budget: &mut Budget,
    ) -> Option<Progress> {
        let is_major = kind == CollectionKind::Major;
        let (keys, ranges) = (self.weak_maps.key_count(), self.sources.span_count());
        Some(match number {
            0 => store.manual.trim(budget),
            1 => store.weak.trim(budget),
            2 => store.pins.trim(budget),
            3 => store.tables.trim_slots(budget),
            4 => store.tables.trim_records(kind, budget),
            5 => store.globals.trim_slots(budget),
            6 => store.globals.trim_records(kind, budget),
            7 => self.weak_maps.trim_handles(budget),
            8 => self.weak_maps.trim_entries(kind, budget),
            9 => self.sources.trim_handles(budget),
            10 => self.sources.trim_lists(kind, budget),
            11 if is_major => store.host.trim(budget),
            12 if is_major => self.hashes.trim(budget),
            13 if is_major => self.roots.trim(ranges, budget),
            14 if is_major => self.heap.as_deref_mut()?.trim_keys(keys, budget),
            _ => return None,
        })
    }

    /// Lists the root slots for one step. They are the same in each step, because between
    /// steps no call makes or ends roots. The root ranges are listed for the first step
    /// only, which scans all of them: the embedder may change them before that step.
    ///
    /// Errors: those of [`Cold::gather_ranges`]. The collection may then be repeated or
    /// abandoned.
    fn list_roots(&mut self, store: &Store, gc: &GarbageCollection) -> Result<()> {
        self.roots.clear();
        let is_of_nursery =
            gc.values_are_roots() && self.heap()?.is_of_nursery(CollectionKind::Minor);
        if gc.may_be_abandoned() {
            self.gather_ranges(store, is_of_nursery)?;
        }
        if is_of_nursery {
            return self.list_young_roots(store);
        }
        self.list_all_roots(store)?;
        if gc.values_are_roots() {
            // SAFETY: as in `list_all_roots`. A sweep shortens the values of weak maps, but does
            // not move them.
            unsafe { self.roots.add(self.weak_maps.values())? };
        }
        Ok(())
    }

    /// Lists all root slots, for one step.
    ///
    /// Errors: [`Error::SystemMemory`] for more spans than there is room for.
    pub(in crate::store) fn list_all_roots(&mut self, store: &Store) -> Result<()> {
        // SAFETY: the list is cleared when the step is over, and until then nothing
        // pushes or grows roots.
        unsafe {
            self.roots.add(store.lifo.span())?;
            self.roots.add(store.manual.span())?;
            self.roots.add(store.pins.span())?;
            self.roots.add(store.tables.span())?;
            self.roots.add(store.globals.span())?;
            self.roots.add(core::slice::from_ref(&store.pending))
        }
    }

    /// Lists the root slots that may refer to young objects.
    fn list_young_roots(&mut self, store: &Store) -> Result<()> {
        // SAFETY: as in `list_roots`. The groups are in the tables of the slots.
        unsafe {
            self.roots.add(store.lifo.young_span())?;
            let (manual, weak_maps) = (&store.manual, &self.weak_maps);
            self.roots.add_dirty(manual.span(), manual.young())?;
            self.roots
                .add_dirty(store.pins.span(), store.pins.young())?;
            self.roots
                .add_dirty(store.tables.span(), store.tables.young())?;
            self.roots
                .add_dirty(store.globals.span(), store.globals.young())?;
            self.roots.add(core::slice::from_ref(&store.pending))?;
            self.roots.add_dirty(weak_maps.values(), weak_maps.young())
        }
    }

    /// Notes that all objects are old, because a collection has looked at all of the young ones.
    fn forget_young(&mut self, store: &Store) {
        store.lifo.forget_young();
        store.manual.forget_young();
        store.pins.forget_young();
        store.tables.forget_young();
        store.globals.forget_young();
        store.weak.forget_young();
        store.host.forget_young();
        self.hashes.forget_young();
        self.weak_maps.forget_young();
    }

    /// Commits memory for the headroom, or returns to the system what exceeds it.
    pub(in crate::store) fn resize_heap(
        &mut self,
        store: &Store,
        headroom: u64,
        budget: &mut Budget,
    ) -> Result<Progress> {
        // With a growth callback, only an allocation grows the heap (HOST-9).
        let may_grow = store.engine.config().grow_callback().is_none();
        let heap = self.heap()?;
        Ok(heap.set_headroom(&store.mutator, headroom, may_grow, budget))
    }

    /// Asks the pacer how much may be allocated before the next collection.
    ///
    /// Errors: [`Error::Internal`] if objects were left in place although the engine was
    /// configured to move all of them (HEAP-33).
    fn decide_headroom(
        &mut self,
        store: &Store,
        collection: &PacedCollection,
        began: Instant,
    ) -> Result<u64> {
        let stats = collection.gc.stats();
        let live = stats.live_bytes;
        if store.engine.config().move_always() && stats.moved_bytes + stats.unmovable_bytes != live
        {
            return Err(Error::internal("objects that were not moved", live));
        }
        self.next_headroom(store, &collection.sample, live, began)
    }

    /// Asks the pacer how much may be allocated until the next full collection, after one that
    /// found `live` bytes alive, and whose last step began at `began`.
    ///
    /// Errors: [`Error::Internal`] if there is no heap.
    pub(in crate::store) fn next_headroom(
        &mut self,
        store: &Store,
        sample: &CycleSample,
        live: u64,
        began: Instant,
    ) -> Result<u64> {
        // A root slot costs as much as its own bytes, a host-data entry as an externref.
        let roots = u64::from(store.lifo.len())
            + (store.manual.span().len() + store.pins.span().len()) as u64;
        let held = store.tables.span().len() + store.globals.span().len();
        let slots = roots + held as u64 + store.weak.swept();
        let scanned = slots * size_of::<RootSlot>() as u64
            + store.host.swept() * EXTERN_BYTES
            + self.weak_maps.swept_bytes()
            + self.sources.scanned_bytes();
        let initial_bytes = if store.engine.config().sets_initial() {
            self.heap()?.initial_object_bytes()
        } else {
            0
        };
        Ok(self.pacer.end_cycle(PacerSample {
            live_bytes: live,
            initial_bytes,
            scanned_bytes: scanned,
            allocated_bytes: sample.allocated,
            mutator_nanoseconds: sample.mutator_nanoseconds,
            collector_nanoseconds: sample.nanoseconds.saturating_add(nanoseconds_since(began)),
        }))
    }

    /// Adds a complete collection to the statistics, and sets the budgets until the next
    /// one.
    fn count_collection(&mut self, store: &Store, collection: &PacedCollection) {
        let stats = collection.gc.stats();
        self.forget_young(store);
        if let Some(headroom) = collection.headroom {
            self.begin_budgets(store, headroom, &collection.sample, stats.live_bytes);
        } else {
            let now = store.host.external_bytes();
            self.forget_freed_external(store, collection.external.saturating_sub(now));
        }
        self.collections += 1;
        if collection.kind == CollectionKind::Minor {
            self.minor_collections += 1;
            self.promoted_bytes = self.promoted_bytes.saturating_add(stats.moved_bytes);
        }
        self.moved_bytes = self.moved_bytes.saturating_add(stats.moved_bytes);
        self.gc_nanoseconds = self
            .gc_nanoseconds
            .saturating_add(collection.sample.nanoseconds);
        store.update_slow_path();
        store.update_side_bytes(self);
    }

    /// Sets the budgets until the next full collection, after one that found `live` bytes alive.
    pub(in crate::store) fn begin_budgets(
        &mut self,
        store: &Store,
        headroom: u64,
        sample: &CycleSample,
        live: u64,
    ) {
        self.headroom = headroom;
        self.external_allocated = 0;
        store.external_pressure.set(false);
        self.external_budget = headroom.max(store.host.external_bytes() / 2); // HEAP-12
        self.external_due = self.external_budget;
        self.external_minor = false;
        if let Some(heap) = self.heap.as_deref() {
            let freed = sample.used.saturating_sub(live);
            self.overhead.note_collection(freed, heap.object_bytes());
        }
    }

    /// Checks the whole store in debug builds, unless there is no memory for the check.
    ///
    /// Errors: those of [`Cold::check`], except [`Error::SystemMemory`].
    pub(in crate::store) fn check_in_debug_builds(&self, store: &Store) -> Result<()> {
        if !cfg!(debug_assertions) {
            return Ok(());
        }
        match self.check(store) {
            Err(Error::SystemMemory { .. }) => Ok(()),
            checked => checked,
        }
    }
}
