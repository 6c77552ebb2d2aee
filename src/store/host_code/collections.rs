//! The drivers of collections: `store_gc`, `store_trim`, the steps of a collection, and
//! cancelling it.

use core::ptr::NonNull;
use core::time::Duration;
use std::time::Instant;

use super::finalizers::run_inline;
use super::root_visitors;
use super::timed_steps::TimedSteps;
use crate::error::Result;
use crate::heap::{Budget, Progress, nanoseconds_since};
use crate::store::Store;

/// Collects until every object that is unreachable now is freed and finalized. That
/// includes objects that only those finalizers release (HOST-15). Inside a finalizer it
/// collects once, and the run of finalizers that is already in progress finalizes. If
/// finalizers are deferred it collects once, and the finalizers wait (HOST-31).
///
/// Errors: [`Error::NoGc`](crate::error::Error::NoGc); those of root ranges and root
/// visitors.
///
/// # Safety
///
/// The [contract of drivers](super#the-contract-of-drivers) holds for `pointer`.
pub(crate) unsafe fn collect_all(pointer: NonNull<Store>) -> Result<()> {
    // SAFETY: the caller's promise; each borrow ends before host code runs.
    let store = || unsafe { pointer.as_ref() };
    store().require_gc_allowed()?;
    if store().in_finalizer.get() || !store().runs_finalizers_inline() {
        // SAFETY: the caller's promise.
        unsafe {
            visit_and_collect(pointer)?;
            run_inline(pointer);
        }
        return Ok(());
    }
    store().host.begin_full_collection();
    store().manual.unroot_queued();
    loop {
        let releases = store().releases();
        let has_root_sources = store().has_root_sources();
        // SAFETY: the caller's promise.
        unsafe {
            visit_and_collect(pointer)?;
            run_inline(pointer);
        }
        // A finalizer may have released another object from before this call. In a root
        // range it does so without a call (HOST-18). Only finalizers of such old objects
        // count: finalizers that make garbage would keep this loop running for ever.
        let old_taken = store().host.take_old_taken();
        store().enter()?;
        store().manual.unroot_queued();
        let has_released = has_root_sources || store().releases() != releases;
        if !old_taken || !has_released {
            return Ok(());
        }
    }
}

/// Collects as [`collect_all`] does, and gives back the memory that the store does not need
/// then.
///
/// Errors: those of [`collect_all`].
///
/// # Safety
///
/// The [contract of drivers](super#the-contract-of-drivers) holds for `pointer`.
pub(crate) unsafe fn trim(pointer: NonNull<Store>) -> Result<()> {
    // SAFETY: the caller's promise; the borrow begins after host code has run.
    unsafe {
        collect_all(pointer)?;
        pointer.as_ref().give_back()
    }
}

/// Runs one major collection, and then finalizers as [`run_inline`] does.
///
/// Errors: those of the visitors and of collecting;
/// [`Error::Internal`](crate::error::Error::Internal) if a finalizer found the store corrupt.
///
/// # Safety
///
/// The [contract of drivers](super#the-contract-of-drivers) holds for `pointer`.
pub(super) unsafe fn collect_and_finalize(pointer: NonNull<Store>) -> Result<()> {
    // SAFETY: the caller's promise; the borrow begins after host code has run.
    unsafe {
        visit_and_collect(pointer)?;
        run_inline(pointer);
        pointer.as_ref().enter()
    }
}

/// Calls the root visitors, unless a collection would do nothing, and runs one major
/// collection.
///
/// Errors: those of the visitors and of collecting.
///
/// # Safety
///
/// The [contract of drivers](super#the-contract-of-drivers) holds for `pointer`.
unsafe fn visit_and_collect(pointer: NonNull<Store>) -> Result<()> {
    // SAFETY: the caller's promise; each borrow ends before host code runs.
    let store = || unsafe { pointer.as_ref() };
    if store().collects() && store().cold.borrow().heap.is_some() {
        // SAFETY: the caller's promise.
        unsafe { root_visitors::visit(pointer) }?;
    }
    let collected = store().collect_major();
    store().forget_reported_roots();
    collected
}

/// Does one step of the collection in steps that is under way. If that completes it, runs
/// finalizers. Returns whether the collection is complete; also `true` if none is under
/// way.
///
/// Only objects that were unreachable when the collection began are sure to be freed: it
/// does not repeat for what finalizers release (HEAP-19).
///
/// Errors: those of root ranges and root visitors;
/// [`Error::Internal`](crate::error::Error::Internal).
///
/// # Safety
///
/// The [contract of drivers](super#the-contract-of-drivers) holds for `pointer`, except
/// that the store may be entered between steps: [`Store::enter_between_steps`].
pub(crate) unsafe fn collect_step(pointer: NonNull<Store>, budget: Budget) -> Result<bool> {
    // SAFETY: the caller's promise; each borrow ends before host code runs.
    let store = || unsafe { pointer.as_ref() };
    if !store().is_collecting() {
        // SAFETY: the caller's promise.
        return unsafe { cycle_step(pointer, budget) };
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
        unsafe { run_inline(pointer) };
    }
    Ok(is_complete)
}

/// Does steps of [`collect_step`] until `time` is over, or the collection is complete. Returns
/// whether it is.
///
/// A minor collection of a nursery that may have objects is in the first step, or in one for which
/// the pause budget is left of the time (HEAP-111).
///
/// Errors: those of [`collect_step`].
///
/// # Safety
///
/// The safety conditions of [`collect_step`] hold for `pointer`.
pub(crate) unsafe fn collect_for(pointer: NonNull<Store>, time: Duration) -> Result<bool> {
    // SAFETY: the caller's promise; each borrow ends before host code runs.
    let store = || unsafe { pointer.as_ref() };
    let minor_nanoseconds = store().engine.config().pause_budget();
    let mut steps = TimedSteps::new(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    let (began, mut before, mut budget) = (Instant::now(), 0, steps.first());
    let mut has_empty_nursery = store().needs_minor();
    loop {
        // SAFETY: the caller's promise.
        if unsafe { collect_step(pointer, Budget::of(budget)) }? {
            return Ok(true);
        }
        let now = nanoseconds_since(began);
        steps.learn(budget, now - before);
        let needs_minor = store().needs_minor();
        let is_long = needs_minor && !has_empty_nursery && steps.left(now) < minor_nanoseconds;
        match steps.next(now) {
            Some(next) if !is_long => (before, budget) = (now, next),
            _ => return Ok(false),
        }
        has_empty_nursery |= needs_minor;
    }
}

/// Does one step of the cycle that is under way or owed, and runs finalizers. Returns whether
/// none is then.
///
/// Errors: [`Error::NoGc`](crate::error::Error::NoGc); those of [`collect_step`].
///
/// # Safety
///
/// The [contract of drivers](super#the-contract-of-drivers) holds for `pointer`.
unsafe fn cycle_step(pointer: NonNull<Store>, budget: Budget) -> Result<bool> {
    // SAFETY: the caller's promise; each borrow ends before host code runs.
    let store = || unsafe { pointer.as_ref() };
    if store().needs_minor() {
        store().require_gc_allowed()?;
        // SAFETY: the caller's promise.
        unsafe { root_visitors::visit(pointer) }?;
    }
    let progress = store().continue_cycle(budget);
    store().forget_reported_roots();
    if progress.is_ok() {
        // SAFETY: the caller's promise.
        unsafe { run_inline(pointer) };
    }
    Ok(progress? == Progress::Complete)
}

/// Ends the collection in steps that is under way, if there is one. Abandons it if it has
/// changed nothing yet; otherwise completes it (HEAP-18).
///
/// Errors: those of [`collect_step`].
///
/// # Safety
///
/// The safety conditions of [`collect_step`] hold for `pointer`.
pub(crate) unsafe fn cancel_collection(pointer: NonNull<Store>) -> Result<()> {
    // SAFETY: the caller's promise; the borrow ends before host code runs.
    let store = unsafe { pointer.as_ref() };
    if !store.is_collecting() {
        store.cancel_cycle()?;
        // SAFETY: the caller's promise.
        unsafe { run_inline(pointer) };
        return Ok(());
    }
    if store.abandon_collection() {
        return Ok(());
    }
    // SAFETY: the caller's promise.
    unsafe { collect_step(pointer, Budget::unlimited()) }.map(|_| ())
}
