//! The driver of operations that allocate.
//!
//! It attempts the operation, serves the operation's requests and repeats it, and runs
//! finalizers last.

use core::ptr::NonNull;

use super::collections::collect_and_finalize;
use super::finalizers::run_inline;
use super::{growth, root_visitors};
use crate::error::{Error, Result};
use crate::store::Store;
use crate::store::protocol::{Answers, Attempt, OnDemand, Request, Stop};

/// Does `operation`, which may collect, and then runs the queued finalizers, also if the
/// operation failed. If it found the store corrupt, the finalizers wait for the store's
/// deletion.
///
/// Errors: those of `operation`, of the root visitors and of the growth callback.
///
/// # Safety
///
/// The [contract of drivers](super#the-contract-of-drivers) holds for `store`.
pub(crate) unsafe fn allocating<T>(
    store: NonNull<Store>,
    operation: impl Fn(&Store) -> Attempt<T>,
) -> Result<T> {
    // SAFETY: the caller's promise.
    let outcome = unsafe { drive(store, OnDemand::Collect, operation) }?;
    outcome.ok_or(Error::internal(
        "an operation that asks for a collection which it may do",
        0,
    ))
}

/// Does `operation`, which changes the external bytes of an object. It collects, and runs
/// finalizers, only if the configuration limits external bytes.
///
/// Errors: those of [`allocating`].
///
/// # Safety
///
/// The [contract of drivers](super#the-contract-of-drivers) holds for `store`.
pub(crate) unsafe fn changing_external_bytes(
    store: NonNull<Store>,
    operation: impl Fn(&Store) -> Attempt<()>,
) -> Result<()> {
    // SAFETY: the caller's promise; the borrow ends before host code runs.
    if unsafe { store.as_ref() }.limits_external_bytes() {
        // SAFETY: the caller's promise.
        return unsafe { allocating(store, operation) };
    }
    // SAFETY: the caller's promise.
    match operation(unsafe { store.as_ref() }) {
        Ok(()) => Ok(()),
        Err(Stop::Refused(error)) => Err(error),
        Err(Stop::Ask(_)) => Err(Error::internal("a collection without a limit", 0)),
    }
}

/// Same as [`allocating`], for a caller that runs collections itself. Returns `None`,
/// with nothing changed, if the operation needs a collection first. `has_collected` says
/// that the caller has just run a major collection for this operation.
///
/// Errors: those of [`allocating`].
///
/// # Safety
///
/// The [contract of drivers](super#the-contract-of-drivers) holds for `store`.
pub(crate) unsafe fn allocating_without_collecting<T>(
    store: NonNull<Store>,
    has_collected: bool,
    operation: impl Fn(&Store) -> Attempt<T>,
) -> Result<Option<T>> {
    let on_demand = if has_collected {
        OnDemand::Done
    } else {
        OnDemand::Ask
    };
    // SAFETY: the caller's promise.
    unsafe { drive(store, on_demand, operation) }
}

/// Repeats `operation` until it is done, and then runs finalizers. Returns `None` if the
/// operation asks for a collection.
///
/// # Safety
///
/// The [contract of drivers](super#the-contract-of-drivers) holds for `pointer`.
unsafe fn drive<T>(
    pointer: NonNull<Store>,
    on_demand: OnDemand,
    operation: impl Fn(&Store) -> Attempt<T>,
) -> Result<Option<T>> {
    // SAFETY: the caller's promise; each borrow ends before host code runs.
    let store = || unsafe { pointer.as_ref() };
    // SAFETY: the caller's promise.
    let outcome = unsafe { repeat(pointer, on_demand, operation) };
    store().answers.set(Answers::default());
    store().forget_reported_roots();
    if !matches!(outcome, Err(Error::Internal { .. })) {
        // SAFETY: the caller's promise.
        unsafe { run_inline(pointer) };
    }
    outcome
}

/// Attempts `operation` until it is done, fails, or asks for a collection (`None`).
/// Serves the other requests between the attempts.
///
/// # Safety
///
/// The [contract of drivers](super#the-contract-of-drivers) holds for `pointer`.
unsafe fn repeat<T>(
    pointer: NonNull<Store>,
    on_demand: OnDemand,
    operation: impl Fn(&Store) -> Attempt<T>,
) -> Result<Option<T>> {
    // SAFETY: the caller's promise; each borrow ends before host code runs.
    let store = || unsafe { pointer.as_ref() };
    let mut answers = Answers {
        on_demand,
        ..Answers::default()
    };
    if on_demand == OnDemand::Done {
        store().count_awaited_collection()?;
    }
    loop {
        store().answers.set(answers);
        let request = match operation(store()) {
            Ok(value) => return Ok(Some(value)),
            Err(Stop::Refused(error)) => return Err(error),
            Err(Stop::Ask(request)) => request,
        };
        match request {
            Request::Collection => return Ok(None),
            // SAFETY: the caller's promise.
            Request::Roots => unsafe { root_visitors::visit(pointer) }?,
            Request::ExternalBytes => {
                // SAFETY: the caller's promise.
                unsafe { collect_and_finalize(pointer) }?;
                answers.growth = None;
                answers.made_external_room = true;
            }
            Request::Growth(wanted) => {
                store().forget_reported_roots();
                // SAFETY: the caller's promise.
                answers.growth = unsafe { growth::ask(pointer, wanted) };
            }
        }
    }
}
