//! Running finalizers (`finalizer.exactly-once`, `finalizer.when`).
//!
//! Finalizers may call the store, so no borrow of it is live while they run. They do not
//! nest: a collection inside a finalizer queues the finalizers of the objects that it
//! frees, and the run that is already in progress takes them from the queue.

use core::ptr::NonNull;

use crate::heap::Barrier;
use crate::store::Store;

/// Runs the queued finalizers, each in a scope of its own. Does nothing inside a
/// finalizer. Under `null`, and once the store is poisoned, finalizers stay queued until
/// the store is deleted.
///
/// # Safety
///
/// The [contract of drivers](super#the-contract-of-drivers) holds for `store`.
pub(super) unsafe fn run_finalizers(store: NonNull<Store>) {
    // SAFETY: the caller's promise; each borrow ends before host code runs.
    let store = || unsafe { store.as_ref() };
    if !store().host.has_pending() || store().in_finalizer.get() || !store().collects() {
        return;
    }
    store().begin_finalizers();
    // The bound is enough for all finalizers that wait now. Those that inner collections
    // add run too, up to the bound; the rest wait for the next run (HOST-14).
    for _ in 0..store().host.entries_at_most() {
        if !store().enter_fast() {
            break;
        }
        let Some((finalizer, data)) = store().host.take_pending() else {
            break;
        };
        store().begin_finalizer();
        // SAFETY: the creator of the object promised that its finalizer may be called
        // with its data. It was taken off the queue, so it runs once.
        unsafe { finalizer(data) };
        store().end_finalizer();
    }
    store().end_finalizers();
}

impl Store {
    /// Begins a run of finalizers. Until [`Store::end_finalizers`], each store of a
    /// reference takes the slow barrier, which counts it as a release (HOST-16).
    fn begin_finalizers(&self) {
        self.in_finalizer.set(true);
        self.mutator.set_barrier(Barrier::SLOW);
    }

    /// Ends a run of finalizers.
    fn end_finalizers(&self) {
        self.in_finalizer.set(false);
        self.cold.borrow().use_collectors_barrier(self);
        self.update_slow_path();
    }

    /// Enters the finalizer's scope.
    fn begin_finalizer(&self) {
        self.finalizers_run.set(self.finalizers_run.get() + 1);
        self.scopes
            .enter_callback(self.lifo.len(), self.mutator.no_gc_spans());
    }

    /// Leaves the finalizer's scope. Ends the roots, scopes and no-GC spans that the
    /// finalizer left open.
    fn end_finalizer(&self) {
        let saved = self.scopes.exit_callback();
        self.lifo.truncate(saved.roots);
        self.mutator.restore_no_gc(saved.no_gc_spans);
    }
}
