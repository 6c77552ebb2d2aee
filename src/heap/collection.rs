//! One collection, in steps or at once.

use super::budget::{Budget, LOOKUP, Progress};
use super::ephemerons::Ephemerons;
use super::layout::LayoutTable;
use super::mutator::Mutator;
use super::roots_list::GcRootsList;
use super::weak_table::WeakTable;
use super::{CollectionKind, CollectionSteps, GcHeap, Result};
use crate::error::Error;

/// What a collection did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Collected {
    /// Objects that survived.
    pub(crate) objects: u64,
    /// Bytes of them.
    pub(crate) live_bytes: u64,
    /// Bytes that moved.
    pub(crate) moved_bytes: u64,
}

/// What a step of a collection borrows, the same each time.
pub(crate) struct TraceContext<'a> {
    pub(crate) mutator: &'a Mutator,
    /// All roots; those of a partial collection include the values of `ephemerons`.
    /// Ranges only in the first step.
    pub(crate) roots: &'a mut GcRootsList,
    pub(crate) layouts: &'a LayoutTable,
    /// Swept after tracing, and before the `weak` tables.
    pub(crate) ephemerons: &'a mut dyn Ephemerons,
    /// Swept in their order.
    pub(crate) weak: &'a mut [&'a mut dyn WeakTable],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// So many slots of the roots have been gone over.
    Roots(usize),
    ImmortalKeys,
    Trace,
    Values,
    Ephemerons,
    /// So many weak tables have been swept.
    Weak(usize),
    Finish,
    Done,
}

/// A collection that is under way: roots, then by turns objects and the values of keys
/// that were reached meanwhile, until there are neither, then the weak tables, then the
/// heap. A key is reached once, so that the turns take no longer than what there is to
/// trace. It borrows nothing between steps, when nothing else may use the heap or the
/// tables.
#[derive(Debug)]
pub(crate) struct GarbageCollection {
    phase: Phase,
    /// Whether the roots include the values of ephemerons.
    values_are_roots: bool,
    collected: Collected,
}

impl GarbageCollection {
    /// Begins a collection of an extent that [`GcHeap::collection_kind`] has decided. `None` if the
    /// heap never collects, or `area` has an open no-GC span. A partial one is done in one
    /// step.
    ///
    /// Errors: [`Error::Internal`] if the heap finds itself overwritten.
    pub(crate) fn begin(
        heap: &mut dyn GcHeap,
        mutator: &Mutator,
        kind: CollectionKind,
    ) -> Result<Option<GarbageCollection>> {
        debug_assert!(kind == heap.collection_kind(mutator, kind));
        if mutator.no_gc_spans() > 0 {
            return Ok(None);
        }
        let Some(steps) = heap.collection() else {
            return Ok(None);
        };
        steps.begin(mutator, kind)?;
        Ok(Some(GarbageCollection {
            phase: Phase::Roots(0),
            values_are_roots: kind == CollectionKind::Minor,
            collected: Collected::default(),
        }))
    }

    /// Whether the roots must include the values of ephemerons.
    pub(crate) fn values_are_roots(&self) -> bool {
        self.values_are_roots
    }

    /// Whether nothing has been changed that abandoning it would leave behind.
    pub(crate) fn may_be_abandoned(&self) -> bool {
        self.phase == Phase::Roots(0)
    }

    /// What it did, once it is complete.
    pub(crate) fn collected(&self) -> Collected {
        self.collected
    }

    /// Does as much as the budget allows. After an error the heap must not be used any
    /// more.
    pub(crate) fn step(
        &mut self,
        heap: &mut dyn GcHeap,
        lent: &mut TraceContext<'_>,
        budget: &mut Budget,
    ) -> Result<Progress> {
        let Some(steps) = heap.collection() else {
            return Err(Error::internal("a collection without a collector", 0));
        };
        while self.phase != Phase::Done {
            if budget.is_spent() {
                return Ok(Progress::Continue);
            }
            self.phase = self.go_on(steps, lent, budget)?;
        }
        Ok(Progress::Complete)
    }

    /// Works in this phase; returns the next one, or this one if the budget is spent.
    fn go_on(
        &mut self,
        steps: &mut dyn CollectionSteps,
        lent: &mut TraceContext<'_>,
        budget: &mut Budget,
    ) -> Result<Phase> {
        let (phase, layouts) = (self.phase, lent.layouts);
        let if_complete = |progress, next| match progress {
            Progress::Complete => next,
            Progress::Continue => phase,
        };
        Ok(match phase {
            Phase::Roots(done) => trace_roots(steps, lent, done, budget)?,
            Phase::ImmortalKeys if self.values_are_roots => Phase::Trace,
            Phase::Values if self.values_are_roots => Phase::Ephemerons,
            Phase::ImmortalKeys => {
                let mut trace = |value| steps.trace_reference(value, layouts);
                let traced = lent.ephemerons.trace_immortal(&mut trace, budget)?;
                if_complete(traced, Phase::Trace)
            }
            Phase::Trace => if_complete(steps.trace_increment(layouts, budget)?, Phase::Values),
            Phase::Values => match trace_reached_values(steps, lent, budget)? {
                0 => Phase::Ephemerons,
                _ => Phase::Trace,
            },
            Phase::Ephemerons => {
                let swept = lent.ephemerons.sweep(&steps.liveness(), budget)?;
                if_complete(swept, Phase::Weak(0))
            }
            Phase::Weak(swept) => match lent.weak.get_mut(swept) {
                Some(table) => {
                    let swept_now = table.sweep(&steps.liveness(), budget)?;
                    if_complete(swept_now, Phase::Weak(swept + 1))
                }
                None => Phase::Finish,
            },
            Phase::Finish => match steps.finish(lent.mutator, layouts, budget)? {
                Some(collected) => {
                    self.collected = collected;
                    Phase::Done
                }
                None => phase,
            },
            Phase::Done => phase,
        })
    }
}

/// Traces roots, of which so many slots have been gone over.
fn trace_roots(
    steps: &mut dyn CollectionSteps,
    lent: &mut TraceContext<'_>,
    done: usize,
    budget: &mut Budget,
) -> Result<Phase> {
    let left = lent.roots.slots().saturating_sub(done);
    let now = budget.take(left, LOOKUP);
    lent.roots.choose(done, now);
    steps.trace_roots(lent.roots, lent.layouts)?;
    budget.spend(lent.roots.range_bytes());
    Ok(if now == left {
        Phase::ImmortalKeys
    } else {
        Phase::Roots(done + now)
    })
}

/// Traces the values of some keys that have been reached; returns of how many.
fn trace_reached_values(
    steps: &mut dyn CollectionSteps,
    lent: &mut TraceContext<'_>,
    budget: &mut Budget,
) -> Result<usize> {
    let mut count = 0;
    while !budget.is_spent() {
        let Some(key) = steps.pop_pending_ephemeron() else {
            break;
        };
        let mut trace = |value| steps.trace_reference(value, lent.layouts);
        let values = lent.ephemerons.trace_values(key, &mut trace)?;
        // The key's place in a table, the entry, the value, its object.
        budget.spend((values as u64).saturating_mul(4 * LOOKUP));
        count += 1;
    }
    Ok(count)
}
