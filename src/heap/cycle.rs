//! The driver of a cycle: a full collection between whose steps the program runs.
//!
//! A cycle begins right after a minor collection, and marks what the roots reach. Meanwhile the
//! write barrier marks the old and the new value of each slot that changes, and each minor
//! collection marks what the roots refer to that were written since the last one. When nothing
//! is left to mark, the next minor collection completes the marks: after it no root is unseen
//! and no object is young. If that has brought much to mark, marking goes on.
//!
//! Then the weak tables are swept, and only when all of them are swept is the memory of dead
//! objects free. So no table ever names an object that is not the one that it named before.
//! Between the two, objects move out of sparse blocks, some blocks in each stop. Each of these
//! stops begins with a minor collection.
//!
//! ```text
//! MarkRanges -> MarkRoots -> MarkImmortalKeys -> MarkObjects <-> MarkEphemerons
//!                                                   ^                 |
//!                                      (a minor collection) <-- AwaitMinor, or complete
//!                                                                     |
//!           Done <- FreeDead <- Evacuate <- SweepWeakTables <- SweepEphemerons
//! ```
//!
//! **Sources.** Dijkstra, Lamport, and others, "On-the-fly Garbage Collection", CACM 1978: the
//! new value. Yuasa, "Real-time Garbage Collection on General-purpose Machines", 1990: the old
//! one, so that what a root takes out of the heap is marked before the last minor collection.

use super::budget::{Budget, LOOKUP, Progress};
use super::collection_steps::CollectionStats;
use super::cycle_steps::CycleSteps;
use super::ephemerons::Ephemerons;
use super::gc_heap::GcHeap;
use super::layout_table::LayoutTable;
use super::mutator::Mutator;
use super::reference::GcRef;
use super::roots_list::GcRootsList;
use super::weak_table::WeakTable;
use crate::base::work;
use crate::error::{Error, Result};

/// What a step of a cycle borrows from the store.
pub(crate) struct CycleContext<'a> {
    pub(crate) mutator: &'a Mutator,
    /// All roots, but not the values of `ephemerons`. Of the root ranges, the slots of `piece`.
    pub(crate) roots: &'a mut GcRootsList,
    /// The piece of the root ranges that this step reads, if it reads any.
    pub(crate) piece: RangePiece,
    pub(crate) layouts: &'a LayoutTable,
    /// Swept before the tables in `weak`.
    pub(crate) ephemerons: &'a mut dyn Ephemerons,
    /// Swept in this order. The table whose sweep queues finalizers is the last.
    pub(crate) weak: &'a mut [&'a mut dyn WeakTable],
    /// A minor collection has just run, and the program has not run since.
    pub(crate) is_after_minor: bool,
}

/// A piece of the root ranges.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RangePiece {
    /// What reading it costs.
    pub(crate) cost: u64,
    /// Whether nothing is left to read after it. Otherwise it takes what is left of the budget.
    pub(crate) is_last: bool,
}

/// What a cycle does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Marks what the root ranges refer to, a piece in each step.
    MarkRanges,
    /// Marks what the roots refer to, from a slot of a span on.
    MarkRoots { span: usize, slot: usize },
    /// Marks the values of keys that never die.
    MarkImmortalKeys,
    /// Marks what marked objects refer to.
    MarkObjects,
    /// Marks the values of pending ephemerons.
    MarkEphemerons,
    /// Waits for a minor collection.
    AwaitMinor,
    /// Sweeps the table of ephemerons.
    SweepEphemerons,
    /// Sweeps the weak tables from number `swept` on.
    SweepWeakTables { swept: usize },
    /// Moves objects out of sparse blocks, after a minor collection.
    Evacuate,
    /// Frees the dead.
    FreeDead,
    /// Nothing.
    Done,
}

/// A cycle that is under way.
#[derive(Debug)]
pub(crate) struct Cycle {
    phase: Phase,
    /// The key whose values are being marked.
    key: Option<GcRef>,
    stats: CollectionStats,
}

impl Cycle {
    /// Begins a cycle, right after a minor collection. Runs no step yet.
    ///
    /// Errors: [`Error::Internal`] if the heap finds itself overwritten, or runs no cycles.
    pub(crate) fn begin(
        heap: &mut dyn GcHeap,
        mutator: &Mutator,
        ephemerons: &mut dyn Ephemerons,
    ) -> Result<Cycle> {
        let Some(steps) = heap.cycle() else {
            return Err(without_collector());
        };
        steps.begin_cycle(mutator)?;
        ephemerons.begin_trace(true);
        Ok(Cycle {
            phase: Phase::MarkRanges,
            key: None,
            stats: CollectionStats::default(),
        })
    }

    /// Whether the next step reads a piece of the root ranges.
    pub(crate) fn reads_ranges(&self) -> bool {
        self.phase == Phase::MarkRanges
    }

    /// Whether the cycle waits for a minor collection.
    pub(crate) fn awaits_minor(&self) -> bool {
        matches!(self.phase, Phase::AwaitMinor | Phase::Evacuate)
    }

    /// Whether the cycle moves objects out of sparse blocks next.
    pub(crate) fn is_evacuating(&self) -> bool {
        self.phase == Phase::Evacuate
    }

    /// Ends evacuation, because no minor collection runs before the next step.
    pub(crate) fn stop_evacuation(&mut self, heap: &mut dyn GcHeap, mutator: &Mutator) {
        if let Some(steps) = heap.cycle() {
            steps.stop_leaving(mutator);
        }
    }

    /// Whether the cycle still marks, so that it may be dropped.
    pub(crate) fn is_marking(&self) -> bool {
        !matches!(
            self.phase,
            Phase::SweepEphemerons
                | Phase::SweepWeakTables { .. }
                | Phase::Evacuate
                | Phase::FreeDead
                | Phase::Done
        )
    }

    /// What the cycle did, once it is complete.
    pub(crate) fn stats(&self) -> CollectionStats {
        self.stats
    }

    /// Runs phases until the cycle is complete, awaits a minor collection, has just ended marking,
    /// or has spent the budget.
    ///
    /// Errors: [`Error::Internal`] if the heap finds itself overwritten. After an error the heap
    /// must not be used any more.
    pub(crate) fn step(
        &mut self,
        heap: &mut dyn GcHeap,
        context: &mut CycleContext<'_>,
        budget: &mut Budget,
    ) -> Result<Progress> {
        let Some(steps) = heap.cycle() else {
            return Err(without_collector());
        };
        if self.phase == Phase::AwaitMinor && context.is_after_minor {
            self.phase = Phase::MarkObjects;
        }
        while self.phase != Phase::Done {
            if budget.is_spent() || self.phase == Phase::AwaitMinor {
                return Ok(Progress::Continue);
            }
            if self.phase == Phase::Evacuate && steps.has_leaving() && !context.is_after_minor {
                return Ok(Progress::Continue);
            }
            let was_marking = self.is_marking();
            self.phase = self.run_phase(steps, context, budget)?;
            if was_marking && !self.is_marking() {
                return Ok(Progress::Continue);
            }
        }
        Ok(Progress::Complete)
    }

    /// Works on the phase. Returns the next phase, or the same one if the budget is spent.
    fn run_phase(
        &mut self,
        steps: &mut dyn CycleSteps,
        context: &mut CycleContext<'_>,
        budget: &mut Budget,
    ) -> Result<Phase> {
        let (phase, layouts) = (self.phase, context.layouts);
        let next_if_complete = |next, progress| match progress {
            Progress::Complete => next,
            Progress::Continue => phase,
        };
        Ok(match phase {
            Phase::MarkRanges => mark_ranges(steps, context, budget)?,
            Phase::MarkRoots { span, slot } => mark_roots(span, slot, steps, context, budget)?,
            Phase::MarkImmortalKeys => {
                let mut trace = |value| mark(steps, value);
                let traced = context.ephemerons.trace_immortal(&mut trace, budget)?;
                next_if_complete(Phase::MarkObjects, traced)
            }
            Phase::MarkObjects => {
                let marked = steps.mark_increment(layouts, budget)?;
                next_if_complete(Phase::MarkEphemerons, marked)
            }
            Phase::MarkEphemerons => match self.mark_ephemerons(steps, context, budget)? {
                0 if context.is_after_minor => {
                    steps.end_marking(context.mutator)?;
                    context.ephemerons.restart_sweep();
                    context
                        .weak
                        .iter_mut()
                        .for_each(|table| table.restart_sweep());
                    Phase::SweepEphemerons
                }
                0 => Phase::AwaitMinor,
                _ => Phase::MarkObjects,
            },
            Phase::SweepEphemerons => {
                let liveness = steps.marked_liveness();
                let swept = context.ephemerons.sweep_between(&liveness, budget)?;
                next_if_complete(Phase::SweepWeakTables { swept: 0 }, swept)
            }
            Phase::SweepWeakTables { swept: index } => match context.weak.get_mut(index) {
                Some(table) => {
                    let swept = table.sweep_between(&steps.marked_liveness(), budget)?;
                    next_if_complete(Phase::SweepWeakTables { swept: index + 1 }, swept)
                }
                None => Phase::Evacuate,
            },
            Phase::Evacuate => {
                let evacuated = steps.evacuate_step(context.mutator, layouts, budget)?;
                next_if_complete(Phase::FreeDead, evacuated)
            }
            Phase::FreeDead => match steps.sweep_step(context.mutator, layouts, budget)? {
                Some(stats) => {
                    self.stats = stats;
                    Phase::Done
                }
                None => phase,
            },
            Phase::AwaitMinor | Phase::Done => phase,
        })
    }

    /// Marks the values of pending ephemerons, as far as the budget allows. Returns the number of
    /// ephemerons.
    fn mark_ephemerons(
        &mut self,
        steps: &mut dyn CycleSteps,
        context: &mut CycleContext<'_>,
        budget: &mut Budget,
    ) -> Result<usize> {
        let mut count = 0;
        while let Some(key) = self.key.take().or_else(|| steps.pop_marked_ephemeron()) {
            count += 1;
            let mut trace = |value| mark(steps, value);
            let traced = context.ephemerons.trace_values(key, &mut trace, budget)?;
            self.key = (traced == Progress::Continue).then_some(key);
            if budget.is_spent() {
                break;
            }
        }
        Ok(count)
    }
}

/// Marks the referent of a reference, which stays where it is.
fn mark(steps: &mut dyn CycleSteps, reference: GcRef) -> Result<GcRef> {
    steps.mark_reference(reference)?;
    Ok(reference)
}

/// Marks what the slots of a piece of the root ranges refer to. Returns the next phase.
fn mark_ranges(
    steps: &mut dyn CycleSteps,
    context: &mut CycleContext<'_>,
    budget: &mut Budget,
) -> Result<Phase> {
    context.roots.choose(0, 0);
    steps.mark_roots(context.roots, context.layouts)?;
    context.roots.clear_ranges();
    if context.piece.is_last {
        budget.spend(context.piece.cost);
        return Ok(Phase::MarkRoots { span: 0, slot: 0 });
    }
    budget.spend(budget.left());
    Ok(Phase::MarkRanges)
}

/// Marks what the slots of roots refer to, from a slot of a span on, as far as the budget allows.
/// A span may be longer or shorter than in the last step: a minor collection looks at the slots
/// that were written since. Returns the next phase.
fn mark_roots(
    mut span: usize,
    mut slot: usize,
    steps: &mut dyn CycleSteps,
    context: &mut CycleContext<'_>,
    budget: &mut Budget,
) -> Result<Phase> {
    while let Some(slots) = context.roots.span_slots(span) {
        let left = slots.saturating_sub(slot);
        let now = budget.take(left, LOOKUP);
        work::count(now.saturating_mul(LOOKUP as usize));
        context.roots.choose_in_span(span, slot, now);
        steps.mark_roots(context.roots, context.layouts)?;
        if now < left {
            let slot = slot + now;
            return Ok(Phase::MarkRoots { span, slot });
        }
        (span, slot) = (span + 1, 0);
    }
    Ok(Phase::MarkImmortalKeys)
}

/// The error of a heap that runs no cycles.
#[cold]
fn without_collector() -> Error {
    Error::internal("a cycle without a collector", 0)
}
