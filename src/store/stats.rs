//! What a store can tell about itself.

use super::Store;

/// A store's statistics. Bytes and counts are as of now; objects and live bytes
/// include what died since the last collection.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Objects: the last collection's survivors and what came since. Those that hold
    /// what is in tables and globals are among them.
    pub objects: u64,
    /// Bytes of those objects.
    pub live_bytes: u64,
    /// Bytes that the heap has committed, in all its spaces together.
    pub committed_bytes: u64,
    /// External bytes of the objects that have not been found dead.
    pub external_bytes: u64,
    /// Scoped roots, locals included.
    pub scoped_roots: u64,
    /// The most scoped roots that there were at once.
    pub scoped_roots_max: u64,
    /// Manual roots.
    pub manual_roots: u64,
    /// The most manual roots that there were at once.
    pub manual_roots_max: u64,
    /// Weak handles, those of dead objects included.
    pub weak_handles: u64,
    /// The most weak handles that there were at once.
    pub weak_handles_max: u64,
    /// Collections.
    pub collections: u64,
    /// Bytes that collections moved.
    pub moved_bytes: u64,
    /// Nanoseconds spent in collections, finalizers not included.
    pub gc_nanoseconds: u64,
    /// Finalizers that have run.
    pub finalizers_run: u64,
    /// Handles given to be unrooted later that named no live root: ignored, and
    /// counted when that was found out.
    pub stale_unroots: u64,
}

impl Store {
    /// The statistics now.
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
            moved_bytes: cold.moved_bytes,
            gc_nanoseconds: cold.gc_nanoseconds,
            finalizers_run: self.finalizers_run.get(),
            stale_unroots: self.manual.stale_unroots(),
        }
    }
}
