//! The statistics of a store.

use super::Store;

/// A store's statistics at the time of the call.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Objects: the survivors of the last collection, and all objects made since, dead or
    /// alive. The hidden objects of tables and globals count.
    pub objects: u64,
    /// Bytes of those objects.
    pub live_bytes: u64,
    /// Bytes that the heap has committed, in all its spaces.
    pub committed_bytes: u64,
    /// External bytes of the objects that no collection has found dead.
    pub external_bytes: u64,
    /// Scoped roots, including locals.
    pub scoped_roots: u64,
    /// The greatest number of scoped roots so far.
    pub scoped_roots_max: u64,
    /// Manual roots.
    pub manual_roots: u64,
    /// The greatest number of manual roots so far.
    pub manual_roots_max: u64,
    /// Weak handles, including those of dead objects.
    pub weak_handles: u64,
    /// The greatest number of weak handles so far.
    pub weak_handles_max: u64,
    /// Collections.
    pub collections: u64,
    /// The minor ones among the collections: those that find a part of the garbage only.
    pub minor_collections: u64,
    /// Bytes that collections have moved.
    pub moved_bytes: u64,
    /// Bytes of the young objects among them that minor collections have promoted.
    pub promoted_bytes: u64,
    /// Nanoseconds spent in collections, without finalizers.
    pub gc_nanoseconds: u64,
    /// Finalizers that have run.
    pub finalizers_run: u64,
    /// Requests to unroot later whose handle named no live root. They are ignored, and are
    /// counted when that is noticed.
    pub stale_unroots: u64,
    /// The most bytes that the heap may commit, in all its spaces: the configured limit, or
    /// less if the default did not fit into the address space. The collector rounds it. 0
    /// before the first object is made.
    pub heap_limit: u64,
    /// Bytes beside the heap: the memory of the store's tables, and what its collector has
    /// for itself. Parts of it that were not used yet count.
    pub side_bytes: u64,
}

impl Store {
    /// The statistics at this moment.
    pub(crate) fn stats(&self) -> Stats {
        let cold = self.cold.borrow();
        Stats {
            objects: self.mutator.bump.objects(),
            live_bytes: self.mutator.bump.used_bytes(),
            committed_bytes: cold.heap.as_ref().map_or(0, |heap| heap.committed_bytes()),
            external_bytes: self.host.external_bytes(),
            scoped_roots: self.lifo.live().into(),
            scoped_roots_max: self.lifo.live_max().into(),
            manual_roots: self.manual.live(),
            manual_roots_max: self.manual.live_max().into(),
            weak_handles: self.weak.live(),
            weak_handles_max: self.weak.live_max().into(),
            collections: cold.collections,
            minor_collections: cold.minor_collections,
            promoted_bytes: cold.promoted_bytes,
            moved_bytes: cold.moved_bytes,
            gc_nanoseconds: cold.gc_nanoseconds,
            finalizers_run: self.finalizers_run.get(),
            stale_unroots: self.manual.stale_unroots(),
            heap_limit: cold.heap.as_ref().map_or(0, |heap| heap.limit_bytes()),
            side_bytes: self.update_side_bytes(&cold),
        }
    }
}
