//! One collection of a store's heap.

use std::time::Instant;

use super::{Cold, Store};
use crate::error::{Error, Result};
use crate::externref::EXTERN_BYTES;
use crate::heap::{Collected, Extent, RootSlot, WeakTable};

impl Store {
    /// Whether the heap's collector collects at all.
    pub(super) fn collects(&self) -> bool {
        self.engine.config().runtime().collects()
    }

    /// Refuses inside a no-GC span (`gc.no-gc`).
    pub(super) fn require_gc_allowed(&self) -> Result<()> {
        match self.area.no_gc_spans() {
            0 => Ok(()),
            spans => Err(Error::NoGc { spans }),
        }
    }

    /// Sends allocations to the slow path while it has something to do beside
    /// allocating: stress, finalizers that wait, or external bytes.
    pub(super) fn refresh_attention(&self) {
        let stress = self.engine.config().stress() > 0;
        let pending = self.host.has_pending() && self.collects();
        let pressure = self.external_pressure.get();
        self.area.set_attention(stress || pending || pressure);
    }

    /// How often a root, a weak map, a table or a global stopped keeping its object alive,
    /// other than by a scope's end; and how often a field or an element was set inside finalizers.
    pub(super) fn releases(&self) -> u64 {
        self.manual.released().wrapping_add(self.dropped.get())
    }

    /// Counts a release other than a manual root's. References in objects are counted
    /// where they are set through barriers, as they are inside finalizers.
    pub(super) fn count_release(&self) {
        self.dropped.set(self.dropped.get().wrapping_add(1));
    }

    /// Ends the roots that other threads want unrooted, and collects everything once.
    /// Finalizers are queued, not run. Nothing is collected under `null` or in a
    /// no-GC span, and before the first allocation there is nothing to do.
    pub(super) fn collect(&self) -> Result<()> {
        self.cold.borrow_mut().collect(self, Extent::Full)
    }
}

impl Cold {
    /// See [`Store::collect`].
    pub(super) fn collect(&mut self, store: &Store, extent: Extent) -> Result<()> {
        let (began, allocated) = (Instant::now(), store.area.allocated_bytes());
        let Some(collected) = self.run(store, extent)? else {
            return Ok(());
        };
        self.pace(store, began, allocated, collected)?;
        match self.check_in_debug_builds(store) {
            Err(Error::SystemMemory { .. }) => Ok(()),
            checked => checked,
        }
    }

    /// Traces, sweeps and frees; `None` if nothing is collected.
    fn run(&mut self, store: &Store, extent: Extent) -> Result<Option<Collected>> {
        self.roots.clear();
        self.gather_ranges(store)?;
        let Some(heap) = self.heap.as_deref_mut() else {
            return Ok(None);
        };
        store.manual.unroot_queued();
        let extent = heap.extent(&store.area, extent);
        // SAFETY: nothing pushes or grows roots until the collection is over; a sweep
        // shortens the values of weak maps and leaves them where they are.
        unsafe {
            self.roots.add(store.lifo.span())?;
            self.roots.add(store.manual.span())?;
            self.roots.add(store.tables.span())?;
            self.roots.add(store.globals.span())?;
            self.roots.add(core::slice::from_ref(&store.pending))?;
            if extent == Extent::Partial {
                self.roots.add(self.weak_maps.values())?;
            }
        }
        let (mut host, mut handles) = (&store.host, &store.weak);
        let mut weak: [&mut dyn WeakTable; 3] = [&mut host, &mut handles, &mut self.hashes];
        let collection = heap.gc(
            &store.area,
            extent,
            &mut self.roots,
            &self.layouts,
            &mut self.weak_maps,
            &mut weak,
        )?;
        let Some(collection) = collection else {
            return Ok(None);
        };
        let collected = collection.collect()?;
        self.roots.clear();
        store.manual.trim();
        store.tables.trim();
        store.globals.trim();
        self.weak_maps.trim();
        heap.reserve_keys(self.weak_maps.keys().len())?;
        Ok(Some(collected))
    }

    /// Decides how much may be allocated before the next collection, and counts this
    /// one, before which so much had been allocated.
    fn pace(
        &mut self,
        store: &Store,
        began: Instant,
        allocated: u64,
        collected: Collected,
    ) -> Result<()> {
        let live = collected.live_bytes;
        // A root slot takes as long as its own bytes, an entry as an externref.
        let roots = u64::from(store.lifo.len()) + store.manual.span().len() as u64;
        let held = store.tables.span().len() + store.globals.span().len();
        let slots = roots + held as u64 + store.weak.swept();
        let scanned = slots * size_of::<RootSlot>() as u64
            + store.host.swept() * EXTERN_BYTES
            + self.weak_maps.swept_bytes()
            + self.sources.scanned();
        let (headroom, nanoseconds) = self.pacer.end_cycle(began, live, scanned, allocated);
        let config = store.engine.config();
        if config.move_always() && collected.moved_bytes != live {
            return Err(Error::internal("objects that were not moved", live));
        }
        // What the callback was not asked about does not grow.
        let may_grow = config.grow_callback().is_none();
        self.heap()?.set_headroom(&store.area, headroom, may_grow);
        self.headroom = headroom;
        self.external_allocated = 0;
        store.external_pressure.set(false);
        // Half of what is alive out there, as in the heap, and never so little
        // that collecting the heap is not worth it.
        self.external_budget = headroom.max(store.host.external_bytes() / 2);
        self.collections += 1;
        self.moved_bytes = self.moved_bytes.saturating_add(collected.moved_bytes);
        self.gc_nanoseconds = self.gc_nanoseconds.saturating_add(nanoseconds);
        store.refresh_attention();
        Ok(())
    }

    fn check_in_debug_builds(&self, store: &Store) -> Result<()> {
        if cfg!(debug_assertions) {
            self.check(store)?;
        }
        Ok(())
    }
}
