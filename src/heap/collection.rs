//! The driver of one collection, in steps or at once.
//!
//! A collection traces the roots. Then it traces objects and the values of pending
//! ephemerons alternately, until nothing is left to trace. Then it sweeps the tables that
//! refer to objects weakly (HEAP-3), and frees the dead. A key becomes pending once, so
//! alternating takes no longer than tracing everything at once (OBJECTS-15).
//!
//! ```text
//! TraceRanges -> EndRoots -> TraceRoots -> TraceImmortalKeys -> TraceObjects <-> TraceEphemerons
//!                                                                                     |
//!                                  Done <- FreeDead <- SweepWeakTables <- SweepEphemerons
//! ```
//!
//! In a minor collection the values of ephemerons are roots (OBJECTS-17). Such a
//! collection has no phases `TraceImmortalKeys` and `TraceEphemerons`. It has all its roots at
//! once, and so no phase `TraceRanges` either.

use super::budget::{Budget, LOOKUP, Progress};
use super::collection_steps::{CollectionKind, CollectionStats, CollectionSteps};
use super::ephemerons::Ephemerons;
use super::gc_heap::GcHeap;
use super::layout_table::LayoutTable;
use super::mutator::Mutator;
use super::reference::GcRef;
use super::roots_list::GcRootsList;
use super::weak_table::WeakTable;
use crate::base::work;
use crate::error::{Error, Result};

/// The bytes of the largest array that is copied at once, when a reference to it is traced.
const LARGEST_COPY: u64 = 16 << 10;

/// A step scans this number of root slots at least before it looks at the budget again.
const LEAST_ROOTS: usize = 16;

/// What a step of a collection borrows from the store. Each step borrows the same.
pub(crate) struct TraceContext<'a> {
    pub(crate) mutator: &'a Mutator,
    /// All roots. They include the values of `ephemerons` if
    /// [`GarbageCollection::values_are_roots`], and the root ranges in the first step only.
    pub(crate) roots: &'a mut GcRootsList,
    /// Ends roots that are not to be scanned, as far as the budget allows. Repeated until
    /// complete, before the slots of roots are scanned.
    pub(crate) end_roots: &'a mut dyn FnMut(&mut Budget) -> Progress,
    pub(crate) layouts: &'a LayoutTable,
    /// Swept after tracing, before the tables in `weak`.
    pub(crate) ephemerons: &'a mut dyn Ephemerons,
    /// Swept in this order.
    pub(crate) weak: &'a mut [&'a mut dyn WeakTable],
}

/// What a collection does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Scans the root ranges, all in the first step.
    TraceRanges,
    /// Ends the roots that other threads have queued.
    EndRoots,
    /// Scans the root slots from number `scanned` on.
    TraceRoots { scanned: usize },
    /// Traces the values of keys that never die.
    TraceImmortalKeys,
    /// Traces objects.
    TraceObjects,
    /// Traces the values of pending ephemerons.
    TraceEphemerons,
    /// Sweeps the table of ephemerons.
    SweepEphemerons,
    /// Sweeps the weak tables from number `swept` on.
    SweepWeakTables { swept: usize },
    /// Frees the dead.
    FreeDead,
    /// Nothing.
    Done,
}

/// A collection that is under way.
///
/// It borrows nothing between two steps. Nothing else may use the heap or the tables then.
#[derive(Debug)]
pub(crate) struct GarbageCollection {
    phase: Phase,
    /// Whether nothing has changed yet.
    at_first_step: bool,
    values_are_roots: bool,
    /// The key whose values are being traced.
    key: Option<GcRef>,
    stats: CollectionStats,
}

impl GarbageCollection {
    /// Begins a collection; [`GcHeap::collection_kind`] has decided `kind`. Returns `None`
    /// if the heap never collects, or while `mutator` has an open no-GC span.
    ///
    /// Runs no step yet. The caller runs a minor collection in one step.
    ///
    /// Errors: [`Error::Internal`] if the heap finds itself overwritten.
    pub(crate) fn begin(
        heap: &mut dyn GcHeap,
        mutator: &Mutator,
        kind: CollectionKind,
    ) -> Result<Option<GarbageCollection>> {
        debug_assert!(kind == heap.collection_kind(mutator, kind) || heap.cycle().is_some());
        if mutator.no_gc_spans() > 0 {
            return Ok(None);
        }
        let Some(steps) = heap.collection() else {
            return Ok(None);
        };
        steps.begin(mutator, kind)?;
        Ok(Some(GarbageCollection {
            phase: match kind {
                CollectionKind::Minor => Phase::EndRoots,
                CollectionKind::Major => Phase::TraceRanges,
            },
            at_first_step: true,
            values_are_roots: kind == CollectionKind::Minor,
            key: None,
            stats: CollectionStats::default(),
        }))
    }

    /// Whether the roots must include the values of ephemerons.
    pub(crate) fn values_are_roots(&self) -> bool {
        self.values_are_roots
    }

    /// Whether the collection has changed nothing yet, so that dropping it now leaves
    /// everything as it was (HEAP-18).
    pub(crate) fn may_be_abandoned(&self) -> bool {
        self.at_first_step
    }

    /// What the collection did, once it is complete.
    pub(crate) fn stats(&self) -> CollectionStats {
        self.stats
    }

    /// Runs phases until the collection is complete or the budget is spent.
    ///
    /// Errors: [`Error::Internal`] if the heap finds itself overwritten. After an error the
    /// heap must not be used any more.
    pub(crate) fn step(
        &mut self,
        heap: &mut dyn GcHeap,
        context: &mut TraceContext<'_>,
        budget: &mut Budget,
    ) -> Result<Progress> {
        let Some(steps) = heap.collection() else {
            return Err(Error::internal("a collection without a collector", 0));
        };
        if core::mem::take(&mut self.at_first_step) && !self.values_are_roots {
            context.ephemerons.begin_trace(false);
        }
        while self.phase != Phase::Done {
            if budget.is_spent() {
                return Ok(Progress::Continue);
            }
            self.phase = self.run_phase(steps, context, budget)?;
        }
        Ok(Progress::Complete)
    }

    /// Works on the phase. Returns the next phase, or the same one if the budget is spent.
    fn run_phase(
        &mut self,
        steps: &mut dyn CollectionSteps,
        context: &mut TraceContext<'_>,
        budget: &mut Budget,
    ) -> Result<Phase> {
        let (phase, layouts) = (self.phase, context.layouts);
        let next_if_complete = |next, progress| match progress {
            Progress::Complete => next,
            Progress::Continue => phase,
        };
        Ok(match phase {
            Phase::TraceRanges => {
                context.roots.choose(0, 0);
                steps.trace_roots(context.roots, layouts)?;
                budget.spend(context.roots.range_bytes());
                context.roots.clear_ranges();
                Phase::EndRoots
            }
            Phase::EndRoots => next_if_complete(
                Phase::TraceRoots { scanned: 0 },
                (context.end_roots)(budget),
            ),
            Phase::TraceRoots { scanned } => match trace_roots(scanned, steps, context, budget)? {
                Some(scanned) => Phase::TraceRoots { scanned },
                None if self.values_are_roots => Phase::TraceObjects,
                None => Phase::TraceImmortalKeys,
            },
            Phase::TraceImmortalKeys => {
                let mut trace = |value| steps.trace_reference(value, layouts);
                let traced = context.ephemerons.trace_immortal(&mut trace, budget)?;
                next_if_complete(Phase::TraceObjects, traced)
            }
            Phase::TraceObjects => {
                let next = match self.values_are_roots {
                    true => Phase::SweepEphemerons,
                    false => Phase::TraceEphemerons,
                };
                next_if_complete(next, steps.trace_increment(layouts, budget)?)
            }
            Phase::TraceEphemerons => match self.trace_ephemerons(steps, context, budget)? {
                0 => Phase::SweepEphemerons,
                _ => Phase::TraceObjects,
            },
            Phase::SweepEphemerons => {
                let swept = context.ephemerons.sweep(&steps.liveness(), budget)?;
                next_if_complete(Phase::SweepWeakTables { swept: 0 }, swept)
            }
            Phase::SweepWeakTables { swept: index } => match context.weak.get_mut(index) {
                Some(table) => {
                    let swept = table.sweep(&steps.liveness(), budget)?;
                    next_if_complete(Phase::SweepWeakTables { swept: index + 1 }, swept)
                }
                None => Phase::FreeDead,
            },
            Phase::FreeDead => match steps.finish(context.mutator, layouts, budget)? {
                Some(stats) => {
                    self.stats = stats;
                    Phase::Done
                }
                None => phase,
            },
            Phase::Done => phase,
        })
    }

    /// Traces the values of pending ephemerons, as far as the budget allows. Returns the
    /// number of ephemerons.
    fn trace_ephemerons(
        &mut self,
        steps: &mut dyn CollectionSteps,
        context: &mut TraceContext<'_>,
        budget: &mut Budget,
    ) -> Result<usize> {
        let mut count = 0;
        while !budget.is_spent() {
            let Some(key) = self.key.take().or_else(|| steps.pop_pending_ephemeron()) else {
                break;
            };
            let copied = steps.copied_bytes();
            let mut trace = |value| steps.trace_reference(value, context.layouts);
            let traced = context.ephemerons.trace_values(key, &mut trace, budget)?;
            budget.spend((steps.copied_bytes() - copied) / 2);
            self.key = (traced == Progress::Continue).then_some(key);
            count += 1;
        }
        Ok(count)
    }
}

/// Scans root slots from number `scanned` on, as far as the budget allows. Returns the
/// number of slots that have been scanned now, or `None` if that is all of them.
///
/// A collector may copy the referent of each slot. What was copied is known and spent after
/// each few slots.
fn trace_roots(
    mut scanned: usize,
    steps: &mut dyn CollectionSteps,
    context: &mut TraceContext<'_>,
    budget: &mut Budget,
) -> Result<Option<usize>> {
    loop {
        let left = context.roots.slots().saturating_sub(scanned);
        let few = usize::try_from(budget.left() / LARGEST_COPY).unwrap_or(usize::MAX);
        let now = budget.take(left.min(few.max(LEAST_ROOTS)), LOOKUP);
        work::count(now.saturating_mul(LOOKUP as usize));
        context.roots.choose(scanned, now);
        let copied = steps.copied_bytes();
        steps.trace_roots(context.roots, context.layouts)?;
        budget.spend((steps.copied_bytes() - copied) / 2 + context.roots.range_bytes());
        scanned += now;
        if now == left {
            return Ok(None);
        }
        if budget.is_spent() {
            return Ok(Some(scanned));
        }
    }
}
