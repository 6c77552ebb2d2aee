//! What a store can tell about itself.

use super::Store;

/// A store's statistics; see `gcroots_stats_t` for the fields' meaning.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stats {
    pub(crate) objects: u64,
    pub(crate) live_bytes: u64,
    pub(crate) committed_bytes: u64,
    pub(crate) external_bytes: u64,
    pub(crate) scoped_roots: u64,
    pub(crate) scoped_roots_max: u64,
    pub(crate) manual_roots: u64,
    pub(crate) manual_roots_max: u64,
    pub(crate) weak_handles: u64,
    pub(crate) weak_handles_max: u64,
    pub(crate) collections: u64,
    pub(crate) moved_bytes: u64,
    pub(crate) gc_nanoseconds: u64,
    pub(crate) finalizers_run: u64,
    pub(crate) stale_unroots: u64,
}

impl Store {
    /// The statistics now.
    pub(crate) fn stats(&self) -> Stats {
        let cold = self.cold.borrow();
        Stats {
            objects: self.area.objects(),
            live_bytes: self.area.used_bytes(),
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
