//! Running finalizers (`finalizer.exactly-once`, `finalizer.when`).
//!
//! Finalizers may call the store, so no borrow of it is live while they run. They do not
//! nest: a collection inside a finalizer queues the finalizers of the objects that it
//! frees, and the run that is already in progress takes them from the queue.

use core::ptr::NonNull;

use super::wake::announce;
use crate::error::Result;
use crate::heap::Barrier;
use crate::store::Store;

/// Ends a call that may have collected: runs the finalizers that wait, or announces them if
/// the configuration defers them. Inside a finalizer and under `null` none runs.
///
/// # Safety
///
/// The [contract of drivers](super#the-contract-of-drivers) holds for `pointer`.
pub(super) unsafe fn run_inline(pointer: NonNull<Store>) {
    // SAFETY: the caller's promise; the borrow ends before host code runs.
    let store = unsafe { pointer.as_ref() };
    if !store.runs_finalizers_inline() {
        // SAFETY: the caller's promise.
        return unsafe { announce(pointer) };
    }
    // The bound is enough for all finalizers that wait now. Those that inner collections
    // add run too, up to the bound; the rest wait for the next run (HOST-14).
    let most = store.host.entries_at_most();
    // SAFETY: the caller's promise.
    unsafe { run(pointer, most) };
}

/// Runs at most `most` of the finalizers that wait now, and returns how many wait then. Runs
/// none inside a finalizer.
///
/// Errors: [`Error::Internal`](crate::error::Error::Internal) if a finalizer found the store
/// corrupt.
///
/// # Safety
///
/// The [contract of drivers](super#the-contract-of-drivers) holds for `pointer`.
pub(crate) unsafe fn run_waiting(pointer: NonNull<Store>, most: usize) -> Result<u32> {
    // SAFETY: the caller's promise; each borrow ends before host code runs.
    let store = || unsafe { pointer.as_ref() };
    let waiting = store().host.pending();
    // SAFETY: the caller's promise.
    unsafe {
        run(
            pointer,
            waiting.min(u32::try_from(most).unwrap_or(u32::MAX)),
        )
    };
    store().enter()?;
    Ok(store().host.pending())
}

/// Runs at most `most` of the queued finalizers, each in a scope of its own. Does nothing
/// inside a finalizer. Once the store is poisoned, finalizers stay queued until it is
/// deleted.
///
/// # Safety
///
/// The [contract of drivers](super#the-contract-of-drivers) holds for `store`.
unsafe fn run(store: NonNull<Store>, most: u32) {
    // SAFETY: the caller's promise; each borrow ends before host code runs.
    let store = || unsafe { store.as_ref() };
    if most == 0 || !store().host.has_pending() || store().in_finalizer.get() {
        return;
    }
    store().begin_finalizers();
    for _ in 0..most {
        if !store().enter_fast() {
            break;
        }
        let Some((finalizer, data)) = store().host.take_pending() else {
            break;
        };
        if !store().host.has_pending() {
            store().is_announced.set(false);
        }
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
