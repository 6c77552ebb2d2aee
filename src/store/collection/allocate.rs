//! Allocation's slow path: the first heap, stress, collect or grow.

use crate::error::{Error, Result};
use crate::heap::{Allocation, Barrier, CollectionKind, GcHeap, GcRef, ObjectHeader, heap_limit};
use crate::store::{Cold, Store};

/// What an allocation does where it would collect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum OnDemand {
    /// It collects.
    Collect,
    /// It fails, without a trace, and says so by `Refused`.
    Refuse,
    Refused,
    /// It takes a collection for done: if there is no room the heap grows.
    HasCollected,
}

impl Store {
    /// Does an allocating operation without a collection: `None` if it would collect, and
    /// then nothing has changed. `has_collected` says that one was just made for it.
    pub(crate) fn allocate_without_collecting<T>(
        &self,
        has_collected: bool,
        operation: impl FnOnce() -> Result<T>,
    ) -> Result<Option<T>> {
        self.on_demand.set(if has_collected {
            OnDemand::HasCollected
        } else {
            OnDemand::Refuse
        });
        let outcome = operation();
        match self.on_demand.replace(OnDemand::Collect) {
            OnDemand::Refused => Ok(None),
            _ => outcome.map(Some),
        }
    }

    /// The collection that was made before for the allocation that is under way.
    fn collected_on_demand(&self) -> Option<CollectionKind> {
        match self.on_demand.get() {
            OnDemand::HasCollected => Some(CollectionKind::Major),
            _ => self.collected_for_growth(),
        }
    }
}

impl Cold {
    /// Collects for an allocation of so many bytes.
    ///
    /// Errors: any if it may not collect.
    fn collect_on_demand(&mut self, store: &Store, kind: CollectionKind, bytes: u64) -> Result<()> {
        if store.on_demand.get() != OnDemand::Refuse {
            return self.collect(store, kind);
        }
        store.on_demand.set(OnDemand::Refused);
        Err(heap_limit(bytes, self.heap()?.limit_bytes()))
    }

    /// Allocates an object of `bytes`, header written, the rest zeros. May
    /// collect; finalizers are queued.
    ///
    /// Errors: [`Error::HeapLimit`] after a collection, [`Error::NoGc`],
    /// [`Error::SystemMemory`]; those of [`Cold::gather_ranges`].
    pub(in crate::store) fn allocate(
        &mut self,
        store: &Store,
        header: ObjectHeader,
        bytes: u64,
    ) -> Result<GcRef> {
        self.make_heap(store)?;
        self.collect_if_due(store, bytes)?;
        match self.heap()?.allocate(&store.mutator, header, bytes)? {
            Allocation::Done(object) => return Ok(object),
            Allocation::Never => return Err(heap_limit(bytes, self.heap()?.limit_bytes())),
            Allocation::CollectOrGrow { bytes } => self.make_room(store, bytes)?,
        }
        match self.heap()?.allocate(&store.mutator, header, bytes)? {
            Allocation::Done(object) => Ok(object),
            _ => Err(Error::internal(
                "missing space after a collection or growth",
                bytes,
            )),
        }
    }

    /// Gives back an object whose initialisation failed.
    pub(in crate::store) fn give_back(&mut self, store: &Store, object: GcRef, bytes: u64) {
        if let Some(heap) = self.heap.as_deref_mut() {
            heap.deallocate_uninit(&store.mutator, object, bytes);
        }
    }

    /// Makes the heap if there is none.
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
    pub(in crate::store) fn heap(&mut self) -> Result<&mut dyn GcHeap> {
        match self.heap.as_deref_mut() {
            Some(heap) => Ok(heap),
            None => Err(Error::internal("an allocation without a heap", 0)),
        }
    }

    /// Collects, but not in a no-GC span, when external bytes are worth it, and
    /// with stress at every n-th allocation.
    fn collect_if_due(&mut self, store: &Store, bytes: u64) -> Result<()> {
        let repeated = store.repeats_allocation() || store.collected_on_demand().is_some();
        if repeated || store.mutator.no_gc_spans() > 0 {
            return Ok(());
        }
        let every = store.engine.config().stress();
        self.stress_count = self.stress_count.saturating_add(1);
        let stress = every > 0 && self.stress_count >= every;
        if stress || store.external_pressure.get() {
            // By turns, so that stress sees both.
            let kind = match self.collections % 2 {
                0 => CollectionKind::Minor,
                _ => CollectionKind::Major,
            };
            self.collect_on_demand(store, kind, bytes)?;
        }
        if stress {
            self.stress_count = 0;
        }
        Ok(())
    }

    /// Makes room for `bytes` by growing or collecting. The pacer's headroom
    /// decides: what was allocated since the last collection must be at least
    /// half of it before a collection is worth its cost.
    fn make_room(&mut self, store: &Store, bytes: u64) -> Result<()> {
        let mutator = &store.mutator;
        if !store.collects() {
            return self.grow(store, bytes, None);
        }
        let spans = mutator.no_gc_spans();
        if spans > 0 {
            return self.grow(store, bytes, None).map_err(|error| match error {
                Error::HeapLimit { .. } | Error::GrowthRefused { .. } => Error::NoGc { spans },
                other => other,
            });
        }
        let kind = match store.collected_on_demand() {
            Some(kind) => kind,
            None => match self.grow_or_collect(store, bytes)? {
                Some(kind) => kind,
                None => return Ok(()),
            },
        };
        let grown = self.grow(store, bytes, Some(kind));
        let refused = matches!(
            grown,
            Err(Error::HeapLimit { .. } | Error::GrowthRefused { .. })
        );
        if !refused || store.wants_growth() || kind == CollectionKind::Major {
            return grown;
        }
        // Before an allocation is refused everything is collected.
        self.collect_on_demand(store, CollectionKind::Major, bytes)?;
        if self.heap()?.has_room(mutator, bytes)? {
            return Ok(());
        }
        self.grow(store, bytes, Some(CollectionKind::Major))
    }

    /// The first attempt of [`Cold::make_room`]: grows if a collection is not worth its
    /// cost, else does a partial one. `Some`: that made no room.
    fn grow_or_collect(&mut self, store: &Store, bytes: u64) -> Result<Option<CollectionKind>> {
        let mutator = &store.mutator;
        if mutator.bump.allocated_bytes() < self.headroom / 2 {
            let grown = self.grow(store, bytes, None);
            if grown.is_ok() || store.wants_growth() {
                return grown.map(|()| None);
            }
        }
        let kind = self.heap()?.collection_kind(mutator, CollectionKind::Minor);
        self.collect_on_demand(store, kind, bytes)?;
        let has_room = self.heap()?.has_room(mutator, bytes)?;
        Ok((!has_room).then_some(kind))
    }
}
