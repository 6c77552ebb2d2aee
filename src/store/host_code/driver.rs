//! The driver of operations that allocate: serves what an attempt asks for and repeats it,
//! then runs finalizers.

use core::ptr::NonNull;

use super::finalizers::run_pending;
use super::protocol::{Answers, Attempt, OnDemand, Request, Stop};
use super::{growth, root_visitors};
use crate::error::{Error, Result};
use crate::store::Store;

/// Does `operation`, which may collect, and then runs the finalizers that wait, also if
/// the operation failed. In a store that was found to be nonsense they wait for its
/// deletion.
///
/// Errors: those of `operation`, of the root visitors and of the growth callback.
///
/// # Safety
///
/// As for [`run_pending`].
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

/// [`allocating`] where the caller collects by itself: `None` if the operation needs a
/// collection first; nothing has changed then. `has_collected` tells that the caller has
/// just done one for this operation.
///
/// Errors: as [`allocating`].
///
/// # Safety
///
/// As for [`run_pending`].
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

/// Attempts `operation` until it comes to its end, is refused, or asks for a collection
/// (`None`), and then runs finalizers.
///
/// # Safety
///
/// As for [`run_pending`].
unsafe fn drive<T>(
    pointer: NonNull<Store>,
    on_demand: OnDemand,
    operation: impl Fn(&Store) -> Attempt<T>,
) -> Result<Option<T>> {
    // SAFETY: the caller's promise; each borrow ends before a callback begins.
    let store = || unsafe { pointer.as_ref() };
    let mut answers = Answers {
        on_demand,
        growth: None,
    };
    let outcome = loop {
        store().answers.set(answers);
        let request = match operation(store()) {
            Ok(value) => break Ok(Some(value)),
            Err(Stop::Refused(error)) => break Err(error),
            Err(Stop::Ask(request)) => request,
        };
        match request {
            Request::Collection => break Ok(None),
            Request::Roots => {
                // SAFETY: the caller's promise.
                if let Err(error) = unsafe { root_visitors::visit(pointer) } {
                    break Err(error);
                }
            }
            Request::Growth(wanted) => {
                store().forget_reported_roots();
                // SAFETY: the caller's promise.
                answers.growth = unsafe { growth::ask(pointer, wanted) };
            }
        }
    };
    store().answers.set(Answers::default());
    store().forget_reported_roots();
    if !matches!(outcome, Err(Error::Internal { .. })) {
        // SAFETY: the caller's promise.
        unsafe { run_pending(pointer) };
    }
    outcome
}
