//! The driver of foreign code: finalizers (`finalizer.exactly-once`,
//! `finalizer.when`).
//!
//! These functions take the store as a raw pointer and hold no borrow of it
//! while a finalizer runs, which may call the store again. Finalizers do not
//! nest: those that a collection inside a finalizer finds are queued for the
//! loop that is already running.

use core::ptr::NonNull;

use crate::error::{Error, Result};
use crate::heap::{Barrier, Budget};
use crate::store::{Store, growth, root_visitors};

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

/// Does `operation`, which may collect, and then runs the finalizers that wait,
/// also if it failed; but not in a store that was found to be nonsense, where
/// they wait for the store's end. Repeats it when it failed to ask the growth
/// callback (`growth.rs`).
///
/// # Safety
///
/// As for [`run_pending`].
pub(crate) unsafe fn allocating<T>(
    store: NonNull<Store>,
    operation: impl Fn(&Store) -> Result<T>,
) -> Result<T> {
    let outcome = loop {
        // SAFETY: the caller's promise; the borrow ends before a callback begins.
        let borrowed = unsafe { store.as_ref() };
        let outcome = operation(borrowed);
        if borrowed.wants_visit() {
            // SAFETY: as above.
            match unsafe { root_visitors::visit(store) } {
                Ok(()) => continue,
                Err(error) => {
                    borrowed.take_wanted();
                    break Err(error);
                }
            }
        }
        borrowed.end_visit();
        let Some((committed, wanted, collected)) = borrowed.take_wanted() else {
            break outcome;
        };
        // SAFETY: as above.
        unsafe { growth::ask(store, committed, wanted, collected) };
    };
    if !matches!(outcome, Err(Error::Internal { .. })) {
        // SAFETY: the caller's promise.
        unsafe { run_pending(store) };
    }
    outcome
}

/// Collects until every object that is unreachable now is gone and finalized,
/// also those that only finalizers let go. Inside a finalizer: once, and the
/// finalizers are left to the loop that is running.
///
/// Errors: [`Error::NoGc`]; those of root ranges and visitors.
///
/// # Safety
///
/// As for [`run_pending`].
pub(crate) unsafe fn full_collection(pointer: NonNull<Store>) -> Result<()> {
    // SAFETY: the caller's promise; each borrow ends before a callback begins.
    let store = || unsafe { pointer.as_ref() };
    store().require_gc_allowed()?;
    if store().in_finalizer.get() {
        // SAFETY: the caller's promise.
        return unsafe { root_visitors::visit_and_collect(pointer) };
    }
    store().host.begin_full_collection();
    store().manual.unroot_queued();
    loop {
        let releases = store().releases();
        let sources = store().has_root_sources();
        // SAFETY: the caller's promise.
        unsafe {
            root_visitors::visit_and_collect(pointer)?;
            run_pending(pointer);
        }
        // A finalizer that unrooted something may have been what kept another
        // old object alive; in root ranges it does so without a call. Only old
        // ones count, or finalizers that make garbage would keep this loop going
        // for ever.
        let old_taken = store().host.take_old_taken();
        store().enter()?;
        store().manual.unroot_queued();
        let let_go = sources || store().releases() != releases;
        if !old_taken || !let_go {
            return Ok(());
        }
    }
}

/// Goes on with the collection in steps that is under way, and runs finalizers when it is
/// over; whether it is, or none is under way. Only what was unreachable when it began is
/// sure to be gone then: it does not repeat for what finalizers let go.
///
/// # Safety
///
/// As for [`run_pending`], but the store may be entered between steps.
pub(crate) unsafe fn collection_step(pointer: NonNull<Store>, budget: Budget) -> Result<bool> {
    // SAFETY: the caller's promise; each borrow ends before a callback begins.
    let store = || unsafe { pointer.as_ref() };
    if !store().is_collecting() {
        return Ok(true);
    }
    if store().is_at_first_step() {
        // SAFETY: the caller's promise.
        unsafe { root_visitors::visit_between_steps(pointer) }?;
    }
    let progress = store().gc_go_on(budget);
    store().end_visit();
    let done = progress?;
    if done {
        // SAFETY: the caller's promise.
        unsafe { run_pending(pointer) };
    }
    Ok(done)
}

/// Ends the collection in steps that is under way, if there is one: as if it had never
/// begun if nothing has been changed yet, else by doing what is left of it.
///
/// # Safety
///
/// As for [`collection_step`].
pub(crate) unsafe fn collection_cancel(pointer: NonNull<Store>) -> Result<()> {
    // SAFETY: the caller's promise; the borrow ends before a callback begins.
    let store = unsafe { pointer.as_ref() };
    if !store.is_collecting() || store.gc_abandon() {
        return Ok(());
    }
    // SAFETY: the caller's promise.
    unsafe { collection_step(pointer, Budget::unlimited()) }.map(|_| ())
}

/// Deletes the store: runs the finalizers of all its objects, then its data's.
///
/// Errors: [`Error::WrongThread`],
/// [`Error::Busy`]; nothing has happened then.
///
/// # Safety
///
/// `store` must be from [`Store::new`], and not deleted before.
pub(crate) unsafe fn delete(pointer: NonNull<Store>) -> Result<()> {
    // SAFETY: the caller's promise.
    unsafe {
        let sound = pointer.as_ref().begin_closing()?;
        delete_closed(pointer, sound);
    }
    Ok(())
}

/// Deletes a store as [`delete`] does, whichever thread owns it.
///
/// # Safety
///
/// As for [`delete`]; and no other thread, and no callback of the store, may be
/// using it.
pub(crate) unsafe fn delete_owned(pointer: NonNull<Store>) {
    // SAFETY: the caller's promise.
    unsafe {
        let sound = pointer.as_ref().close();
        delete_closed(pointer, sound);
    }
}

/// Deletes a store whose deletion has begun; if it is sound, its heap goes to the
/// engine's pool.
///
/// # Safety
///
/// `store` must be from [`Store::new`], and not deleted before.
unsafe fn delete_closed(pointer: NonNull<Store>, sound: bool) {
    // SAFETY: the caller's promise; each borrow ends before a callback begins.
    let store = || unsafe { pointer.as_ref() };
    store().host.on_store_end();
    while let Some((finalizer, data)) = store().host.take_pending() {
        // SAFETY: as in `run_pending`. Calls of the store answer BUSY.
        unsafe { finalizer(data) };
    }
    let data = store().data.get();
    if let Some(finalizer) = data.finalizer {
        // SAFETY: whoever set the data promised that its finalizer may be
        // called with it.
        unsafe { finalizer(data.pointer) };
    }
    if sound {
        store().return_heap();
    }
    // SAFETY: the caller gives up the store.
    unsafe { Store::free(pointer) };
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
