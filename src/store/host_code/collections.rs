//! The drivers of collections: at once, in steps, and cancelled.

use core::ptr::NonNull;

use super::finalizers::run_pending;
use super::root_visitors;
use crate::error::Result;
use crate::heap::{Budget, Progress};
use crate::store::Store;

/// Collects until each object that is unreachable now is gone and finalized, also those
/// that only finalizers release. Inside a finalizer: once, and the loop that is running
/// finalizes.
///
/// Errors: [`Error::NoGc`]; those of root ranges and visitors.
///
/// # Safety
///
/// As for [`run_pending`].
pub(crate) unsafe fn collect_all(pointer: NonNull<Store>) -> Result<()> {
    // SAFETY: the caller's promise; each borrow ends before a callback begins.
    let store = || unsafe { pointer.as_ref() };
    store().require_gc_allowed()?;
    if store().in_finalizer.get() {
        // SAFETY: the caller's promise.
        return unsafe { visit_and_collect(pointer) };
    }
    store().host.begin_full_collection();
    store().manual.unroot_queued();
    loop {
        let releases = store().releases();
        let has_root_sources = store().has_root_sources();
        // SAFETY: the caller's promise.
        unsafe {
            visit_and_collect(pointer)?;
            run_pending(pointer);
        }
        // A finalizer that unrooted something may have released another old object; in
        // root ranges it does so without a call. Only the finalizers of old objects
        // count: those that make garbage would keep this loop running for ever.
        let old_taken = store().host.take_old_taken();
        store().enter()?;
        store().manual.unroot_queued();
        let has_released = has_root_sources || store().releases() != releases;
        if !old_taken || !has_released {
            return Ok(());
        }
    }
}

/// Calls the root visitors, if a collection would do anything, and runs one major
/// collection.
///
/// Errors: those of the visitors and of collecting.
///
/// # Safety
///
/// As for [`run_pending`].
unsafe fn visit_and_collect(pointer: NonNull<Store>) -> Result<()> {
    // SAFETY: the caller's promise; each borrow ends before a callback begins.
    let store = || unsafe { pointer.as_ref() };
    if store().collects() && store().cold.borrow().heap.is_some() {
        // SAFETY: the caller's promise.
        unsafe { root_visitors::visit(pointer) }?;
    }
    let collected = store().collect();
    store().forget_reported_roots();
    collected
}

/// Continues the collection in steps that is under way, and runs finalizers once it is
/// complete. Returns whether it is complete, or none is under way. Only objects that were
/// unreachable when it began are sure to be gone then: it does not repeat for what
/// finalizers release (HEAP-19).
///
/// Errors: those of root ranges and visitors; [`Error::Internal`].
///
/// # Safety
///
/// As for [`run_pending`], but the store may be entered between steps.
pub(crate) unsafe fn collect_step(pointer: NonNull<Store>, budget: Budget) -> Result<bool> {
    // SAFETY: the caller's promise; each borrow ends before a callback begins.
    let store = || unsafe { pointer.as_ref() };
    if !store().is_collecting() {
        return Ok(true);
    }
    if store().is_at_first_step() {
        // SAFETY: the caller's promise.
        unsafe { root_visitors::visit_between_steps(pointer) }?;
    }
    let progress = store().continue_collection(budget);
    store().forget_reported_roots();
    let is_complete = progress? == Progress::Complete;
    if is_complete {
        // SAFETY: the caller's promise.
        unsafe { run_pending(pointer) };
    }
    Ok(is_complete)
}

/// Ends the collection in steps that is under way, if there is one: as if it had never
/// begun if it has changed nothing yet, else by completing it.
///
/// Errors: as [`collect_step`].
///
/// # Safety
///
/// As for [`collect_step`].
pub(crate) unsafe fn cancel_collection(pointer: NonNull<Store>) -> Result<()> {
    // SAFETY: the caller's promise; the borrow ends before a callback begins.
    let store = unsafe { pointer.as_ref() };
    if !store.is_collecting() || store.abandon_collection() {
        return Ok(());
    }
    // SAFETY: the caller's promise.
    unsafe { collect_step(pointer, Budget::unlimited()) }.map(|_| ())
}
