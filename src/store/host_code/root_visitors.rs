//! Root visitors: functions of the embedder that report root ranges before a collection.
//!
//! Their reports serve for all collections of one call, until that call runs other host
//! code (HOST-11).

use core::ptr::NonNull;

use crate::base::side_meter::SideMeter;
use crate::error::{Error, Result};
use crate::heap::{RangeSpan, RootRange, SlotLayout};
use crate::roots::Handle;
use crate::store::Store;
use crate::store::collection::root_sources::{RootVisitor, Source, SourceKind};

/// The state of the reports while a root visitor runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct Report {
    /// The index of the handle of the visitor that runs.
    visitor: u32,
    /// The error of the first range that was refused, by this visitor or an earlier one.
    outcome: Result<()>,
}

impl Store {
    /// Adds a root visitor. Never collects.
    ///
    /// Errors: [`Error::Limit`], [`Error::SystemMemory`].
    pub(crate) fn root_visitor_add(&self, visitor: RootVisitor) -> Result<Handle> {
        self.add_root_source(Source::Visitor(visitor))
    }

    /// Removes a root visitor. Does nothing for null. Never collects.
    ///
    /// Errors: [`Error::WrongStore`], [`Error::Unrooted`].
    pub(crate) fn root_visitor_remove(&self, source: Handle) -> Result<()> {
        self.remove_root_source(SourceKind::Visitor, source)
    }

    /// Adds a range to the roots of the collection for which the visitor runs. If the
    /// range is refused, that collection does not run (HOST-12).
    ///
    /// Errors: [`Error::InvalidArgument`]; [`Error::BadRange`], [`Error::BadSlot`];
    /// [`Error::SystemMemory`].
    ///
    /// # Safety
    ///
    /// A visitor must be running. The range's slots must satisfy the conditions of
    /// [`RangeSpan::new`] until the call that collects returns, or until it runs other
    /// host code.
    pub(crate) unsafe fn root_visitor_report(
        &self,
        range: RootRange,
        layout: SlotLayout,
    ) -> Result<()> {
        let Some(report) = self.report.get() else {
            return Err(Error::internal("a report without a visitor", 0));
        };
        let mut cold = self.cold.borrow_mut();
        let added = layout.check().and_then(|()| {
            // SAFETY: the caller's promise.
            let span = unsafe { RangeSpan::new(report.visitor, range, layout) }?;
            cold.check_range(self, &span)?;
            let count = cold.sources.span_count() + 1;
            cold.roots.reserve_ranges(count, &SideMeter::none())?;
            cold.sources.add_reported(span)
        });
        self.report.set(Some(Report {
            outcome: report.outcome.and(added),
            ..report
        }));
        added
    }

    /// Forgets the reports, before other host code runs.
    pub(super) fn forget_reported_roots(&self) {
        self.cold.borrow_mut().sources.forget_reported();
    }

    /// See [`RootSources::visitor_from`](crate::store::collection::root_sources::RootSources).
    fn next_visitor(&self, position: usize) -> Option<(usize, u32, RootVisitor)> {
        self.cold.borrow().sources.visitor_from(position)
    }
}

/// Calls all root visitors. Meanwhile the store is busy for all calls except reports.
///
/// Errors: the error of the first report that was refused; [`Error::Internal`].
///
/// # Safety
///
/// The [contract of drivers](super#the-contract-of-drivers) holds for `pointer`.
pub(super) unsafe fn visit(pointer: NonNull<Store>) -> Result<()> {
    // SAFETY: the caller's promise; each borrow ends before host code runs.
    let store = || unsafe { pointer.as_ref() };
    store().forget_reported_roots();
    let mut next = 0;
    let mut outcome = Ok(());
    while let Some((position, visitor, RootVisitor { function, env })) = store().next_visitor(next)
    {
        store().report.set(Some(Report { visitor, outcome }));
        store().begin_visiting();
        // SAFETY: whoever added the visitor promised that it may be called.
        unsafe { function(env, pointer.as_ptr()) };
        store().end_visiting();
        outcome = match store().report.take() {
            Some(report) => report.outcome,
            None => outcome,
        };
        store().enter()?;
        next = position + 1;
    }
    match outcome {
        Ok(()) => store().cold.borrow_mut().sources.complete_report(),
        Err(_) => store().forget_reported_roots(),
    }
    outcome
}

/// Same as [`visit`], between the steps of a collection, where the store is busy.
///
/// Errors: those of [`visit`].
///
/// # Safety
///
/// The [contract of drivers](super#the-contract-of-drivers) holds for `pointer`, except
/// that the store may be entered between steps.
pub(super) unsafe fn visit_between_steps(pointer: NonNull<Store>) -> Result<()> {
    // SAFETY: the caller's promise; each borrow ends before host code runs.
    let store = || unsafe { pointer.as_ref() };
    store().allow_calls();
    // SAFETY: the caller's promise.
    let visited = unsafe { visit(pointer) };
    // A report may have poisoned the store. Then it stays poisoned.
    if store().enter().is_ok() {
        store().begin_collecting();
    }
    visited
}
