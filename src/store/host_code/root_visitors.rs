//! Root visitors: functions of the embedder that report root ranges before a collection.
//!
//! What they report serves for all collections of one call, as long as no other foreign
//! code runs between them.

use core::ptr::NonNull;

use crate::error::{Error, Result};
use crate::heap::{RangeSpan, RootRange, SlotLayout};
use crate::roots::Handle;
use crate::store::Store;
use crate::store::collection::root_sources::{RootVisitor, Source, SourceKind};

/// The report of the root visitor that is being called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct Report {
    /// The visitor's index.
    visitor: u32,
    /// The outcome of the first range that was refused, in this visitor or an earlier one.
    taken: Result<()>,
}

impl Store {
    /// Adds a root visitor. Never collects.
    ///
    /// Errors: [`Error::Limit`], [`Error::SystemMemory`].
    pub(crate) fn root_visitor_add(&self, visitor: RootVisitor) -> Result<Handle> {
        self.add_root_source(Source::Visitor(visitor))
    }

    /// Removes a root visitor; nothing happens for null. Never collects.
    ///
    /// Errors: [`Error::WrongStore`], [`Error::Unrooted`].
    pub(crate) fn root_visitor_remove(&self, source: Handle) -> Result<()> {
        self.remove_root_source(SourceKind::Visitor, source)
    }

    /// Adds a range to the roots of the collection that calls a visitor. If that is
    /// refused, nothing is collected.
    ///
    /// Errors: [`Error::InvalidArgument`]; [`Error::BadRange`], [`Error::BadSlot`];
    /// [`Error::SystemMemory`].
    ///
    /// # Safety
    ///
    /// The visitor must be running. The range's slots must be as for [`RangeSpan::new`]
    /// until the call that collects returns, or the store calls other foreign code.
    pub(crate) unsafe fn root_visitor_report(
        &self,
        range: RootRange,
        layout: SlotLayout,
    ) -> Result<()> {
        let Some(report) = self.report.get() else {
            return Err(Error::internal("a report without a visitor", 0));
        };
        let mut cold = self.cold.borrow_mut();
        let taken = layout.check().and_then(|()| {
            // SAFETY: the caller's promise.
            let span = unsafe { RangeSpan::new(report.visitor, range, layout) }?;
            cold.check_range(self, &span)?;
            let count = cold.sources.span_count() + 1;
            cold.roots.reserve_ranges(count)?;
            cold.sources.add_reported(span)
        });
        self.report.set(Some(Report {
            taken: report.taken.and(taken),
            ..report
        }));
        taken
    }

    /// Forgets what the visitors reported: other foreign code runs now.
    pub(super) fn forget_reported_roots(&self) {
        self.cold.borrow_mut().sources.forget_reported();
    }

    /// The next visitor to call, from an index on.
    fn next_visitor(&self, index: u32) -> Option<(u32, RootVisitor)> {
        self.cold.borrow().sources.visitor_from(index)
    }
}

/// Calls the visitors, if there are any, with the store busy for all calls but reports.
///
/// Errors: that of the first report that was refused; [`Error::Internal`].
///
/// # Safety
///
/// As for [`run_pending`](super::finalizers::run_pending).
pub(super) unsafe fn visit(pointer: NonNull<Store>) -> Result<()> {
    // SAFETY: the caller's promise; each borrow ends before a visitor is called.
    let store = || unsafe { pointer.as_ref() };
    store().forget_reported_roots();
    let mut next = 0;
    let mut taken = Ok(());
    while let Some((visitor, RootVisitor { function, env })) = store().next_visitor(next) {
        store().report.set(Some(Report { visitor, taken }));
        store().begin_visiting();
        // SAFETY: whoever added the visitor promised that it may be called.
        unsafe { function(env, pointer.as_ptr()) };
        store().end_visiting();
        taken = match store().report.take() {
            Some(report) => report.taken,
            None => taken,
        };
        store().enter()?;
        next = visitor + 1;
    }
    match taken {
        Ok(()) => store().cold.borrow_mut().sources.complete_report(),
        Err(_) => store().forget_reported_roots(),
    }
    taken
}

/// Calls the visitors before the first step of a collection, where calls are refused.
///
/// Errors: those of [`visit`].
///
/// # Safety
///
/// As for [`visit`].
pub(in crate::store) unsafe fn visit_between_steps(pointer: NonNull<Store>) -> Result<()> {
    // SAFETY: the caller's promise; each borrow ends before a visitor is called.
    let store = || unsafe { pointer.as_ref() };
    store().allow_calls();
    // SAFETY: the caller's promise.
    let visited = unsafe { visit(pointer) };
    // Not if a report has poisoned it.
    if store().enter().is_ok() {
        store().begin_collecting();
    }
    visited
}
