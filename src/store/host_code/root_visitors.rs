//! Root visitors: functions of the embedder's that report root ranges when a collection
//! begins.
//!
//! A collection does not call them itself, since it holds borrows of the store. It notes
//! that it wants them called, fails, and has changed nothing that a repetition would mind;
//! the driver of foreign code (`finalize.rs`) calls them and repeats it, as it asks the
//! growth callback. What they report serves for all collections of one call, between which
//! nothing of the embedder's runs.

use core::ptr::NonNull;

use crate::error::{Error, Result};
use crate::heap::{RangeSpan, RootRange, SlotLayout};
use crate::roots::Handle;
use crate::store::collection::root_sources::{RootVisitor, Source, SourceKind};
use crate::store::{Cold, Store};

/// What a collection and the driver tell each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Visit {
    /// The visitors have not been called.
    None,
    /// A collection waits for them to be called.
    Wanted,
    /// The visitor with this index is being called; whether all that was reported was
    /// taken.
    Visiting(u32, Result<()>),
    /// All have been called.
    Done,
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
        let Visit::Visiting(visitor, so_far) = self.visit.get() else {
            return Err(Error::internal("a report without a visitor", 0));
        };
        let mut cold = self.cold.borrow_mut();
        let taken = layout.check().and_then(|()| {
            // SAFETY: the caller's promise.
            let span = unsafe { RangeSpan::new(visitor, range, layout) }?;
            cold.check_range(self, &span)?;
            let count = cold.sources.span_count() + 1;
            cold.roots.reserve_ranges(count)?;
            cold.sources.add_reported(span)
        });
        self.visit.set(Visit::Visiting(visitor, so_far.and(taken)));
        taken
    }

    /// Whether the operation that just failed waits for the visitors.
    pub(in crate::store) fn wants_visit(&self) -> bool {
        self.visit.get() == Visit::Wanted
    }

    /// Forgets what was reported: other foreign code runs now.
    pub(in crate::store) fn end_visit(&self) {
        if self.visit.replace(Visit::None) != Visit::None {
            self.cold.borrow_mut().sources.forget_reported();
        }
    }

    /// The next visitor to call, from an index on.
    fn next_visitor(&self, index: u32) -> Option<(u32, RootVisitor)> {
        self.cold.borrow().sources.visitor_from(index)
    }
}

/// Calls the visitors, if there are any, with the store busy for all but reports.
///
/// Errors: that of the first report that was refused; [`Error::Internal`].
///
/// # Safety
///
/// As for [`run_pending`](crate::store::host_code::finalize::run_pending).
pub(in crate::store) unsafe fn visit(pointer: NonNull<Store>) -> Result<()> {
    // SAFETY: the caller's promise; each borrow ends before a visitor is called.
    let store = || unsafe { pointer.as_ref() };
    store().end_visit();
    let mut next = 0;
    let mut outcome = Ok(());
    while let Some((index, RootVisitor { function, env })) = store().next_visitor(next) {
        store().visit.set(Visit::Visiting(index, outcome));
        store().begin_visiting();
        // SAFETY: whoever added the visitor promised that it may be called.
        unsafe { function(env, pointer.as_ptr()) };
        store().end_visiting();
        if let Visit::Visiting(_, taken) = store().visit.get() {
            outcome = taken;
        }
        store().enter()?;
        next = index + 1;
    }
    store().visit.set(Visit::Done);
    outcome.inspect_err(|_| store().end_visit())
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

/// Calls the visitors, if a collection would do anything, and collects everything once.
///
/// Errors: those of [`visit`] and of collecting.
///
/// # Safety
///
/// As for [`visit`].
pub(in crate::store) unsafe fn visit_and_collect(pointer: NonNull<Store>) -> Result<()> {
    // SAFETY: the caller's promise; each borrow ends before a visitor is called.
    let store = || unsafe { pointer.as_ref() };
    let collects = store().collects() && store().cold.borrow().heap.is_some();
    if collects {
        // SAFETY: the caller's promise.
        unsafe { visit(pointer) }?;
    }
    let collected = store().collect();
    store().end_visit();
    collected
}

impl Cold {
    /// Refuses a collection before the visitors have been called, and has them called.
    ///
    /// Errors: [`Error::Busy`], which no caller of the library sees.
    pub(in crate::store) fn require_visited(&mut self, store: &Store) -> Result<()> {
        if !self.sources.has_visitors() || store.visit.get() == Visit::Done {
            return Ok(());
        }
        store.visit.set(Visit::Wanted);
        // The repetition counts this allocation again.
        if !store.repeats_allocation() {
            self.stress_count = self.stress_count.saturating_sub(1);
        }
        Err(Error::Busy {
            during: "before the root visitors have been called",
        })
    }
}
