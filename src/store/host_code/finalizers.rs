//! Running finalizers (`finalizer.exactly-once`, `finalizer.when`).
//!
//! Finalizers run with no borrow of the store, which they may call. They do not nest: a
//! collection inside a finalizer queues what it finds for the loop that is already
//! running.

use core::ptr::NonNull;

use crate::heap::Barrier;
use crate::store::Store;

/// Runs the finalizers that wait, each in a scope of its own, unless one is
/// running already. Under `null`, and once the store is poisoned, they wait for
/// its end.
///
/// # Safety
///
/// `store` must be alive and entered by the calling thread, and no reference
/// into it may be live but shared ones.
pub(crate) unsafe fn run_pending(store: NonNull<Store>) {
    // SAFETY: the caller's promise; each borrow ends before a callback begins.
    let store = || unsafe { store.as_ref() };
    if !store().host.has_pending() || store().in_finalizer.get() || !store().collects() {
        return;
    }
    store().in_finalizer.set(true);
    // Enough for all that wait now. What inner collections add runs too, up to
    // the same number: the rest waits for the next time, or finalizers that make
    // objects of their own kind could keep this loop going for ever.
    for _ in 0..store().host.entries_at_most() {
        if !store().enter_fast() {
            break;
        }
        let Some((finalizer, data)) = store().host.take_pending() else {
            break;
        };
        store().begin_callback();
        // SAFETY: whoever made the object promised that its finalizer may be
        // called with its data; it was taken off the queue, so once.
        unsafe { finalizer(data) };
        store().end_callback();
    }
    store().in_finalizer.set(false);
    store().update_slow_path();
}

impl Store {
    /// Opens the scope around a callback. Until it ends, references are set through
    /// barriers, where they are counted: see [`Store::releases`].
    fn begin_callback(&self) {
        self.mutator.set_barrier(Barrier::SLOW);
        self.finalizers_run.set(self.finalizers_run.get() + 1);
        self.scopes
            .enter_callback(self.lifo.len(), self.mutator.no_gc_spans());
    }

    /// Closes the scope around a callback with all that was left inside it.
    fn end_callback(&self) {
        let saved = self.scopes.exit_callback();
        self.lifo.truncate(saved.roots);
        self.mutator.restore_no_gc(saved.no_gc_spans);
        self.cold.borrow().restore_barrier(self);
    }
}
