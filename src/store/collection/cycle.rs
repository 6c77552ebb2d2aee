//! Cycles: full collections between whose steps the program runs.
//!
//! ```text
//! an allocation:   minor collection -> Cold::after_minor       begins a cycle that is due, or does
//!                                                              a small step
//!                  slow path        -> Cold::step_if_due       does the step that the program's
//!                                                              allocations, or external bytes,
//!                                                              have paid for
//! gcroots_store_gc_step             -> Store::continue_cycle   does a step of the caller's budget
//! a collection that stops           -> Cold::stop_cycle        drops or finishes the cycle
//! ```
//!
//! No step runs in a no-GC span.

use std::time::Instant;

use crate::error::{Error, Result};
use crate::heap::{
    Budget, CollectionKind, Cycle, CycleContext, CyclePacer, CyclePressure, GcRef, Moved,
    ObjectHeader, Progress, WeakTable, nanoseconds_since,
};
use crate::host::{EXTERN_INDEX, FUNC_INDEX, VALUE_BIT};
use crate::store::collection::collect::CycleSample;
use crate::store::protocol::{Attempt, OnDemand, Request, Stop};
use crate::store::{Cold, PauseKind, Store};

// A function has its index where an externref has it.
const _: () = assert!(EXTERN_INDEX == FUNC_INDEX);

/// What trimming a slot costs at most.
const TRIM_COST: u64 = 4;

/// Under stress the budgets of steps are this number of powers of two.
const STRESS_SIZES: u64 = 16;

/// A cycle that is under way, and what the pacer must know at its end.
pub(in crate::store) struct PacedCycle {
    cycle: Cycle,
    sample: CycleSample,
    /// The pacer's decision, once the dead objects are freed.
    headroom: Option<u64>,
}

/// The cycles of a store.
pub(in crate::store) struct Cycles {
    under_way: Option<PacedCycle>,
    pacer: CyclePacer,
    /// Another cycle must run, because the embedder has asked for a collection since the one that
    /// is under way began.
    is_owed: bool,
    /// What the stop that is under way has done besides a step: it has ended marking, or moved
    /// objects out of blocks.
    highlight: Option<PauseKind>,
}

impl Cycles {
    /// None, at a pace that leaves the greater part of a pause budget, in nanoseconds, to minor
    /// collections.
    pub(in crate::store) fn new(pause_budget: u64) -> Cycles {
        Cycles {
            under_way: None,
            pacer: CyclePacer::new(pause_budget / 4),
            is_owed: false,
            highlight: None,
        }
    }

    /// Whether a cycle is under way or owed.
    pub(in crate::store) fn has_work(&self) -> bool {
        self.under_way.is_some() || self.is_owed
    }

    /// Whether external bytes have paid for a step of the cycle that is under way. `external` is
    /// the number of those that were added.
    pub(in crate::store) fn owes_external_step(&self, external: u64) -> bool {
        self.under_way.is_some() && self.pacer.owes_external_step(external)
    }

    /// Whether a cycle is under way.
    pub(in crate::store) fn is_under_way(&self) -> bool {
        self.under_way.is_some()
    }

    /// Whether the next step runs a minor collection, which needs the root visitors.
    fn needs_minor(&self) -> bool {
        match &self.under_way {
            Some(paced) => paced.cycle.awaits_minor(),
            None => self.is_owed,
        }
    }

    /// Takes what the stop that is under way has done besides a step.
    pub(in crate::store) fn take_highlight(&mut self) -> Option<PauseKind> {
        self.highlight.take()
    }

    /// Whether dead objects are in the heap, and tables name some of them.
    pub(in crate::store) fn is_sweeping(&self) -> bool {
        let paced = self.under_way.as_ref();
        paced.is_some_and(|paced| !paced.cycle.is_marking())
    }
}

impl Store {
    /// Lets full collections that the embedder starts run between the program's steps, if the
    /// heap can do that. Whether it can.
    ///
    /// Errors: those of [`Store::gc_start`].
    pub(in crate::store) fn owe_cycle(&self) -> Result<bool> {
        let mut cold = self.cold.borrow_mut();
        let Some(heap) = cold.heap.as_deref_mut() else {
            return Ok(false);
        };
        if heap.cycle().is_none() {
            return Ok(false);
        }
        cold.cycles.is_owed = true;
        Ok(true)
    }

    /// Whether the next step of a cycle runs a minor collection, which needs the root visitors.
    pub(crate) fn needs_minor(&self) -> bool {
        self.cold.borrow().cycles.needs_minor()
    }

    /// Does a step of the cycle that is under way, or begins the one that is owed. Finalizers are
    /// queued.
    ///
    /// Errors: [`Error::NoGc`]; those of collecting.
    pub(crate) fn continue_cycle(&self, mut budget: Budget) -> Result<Progress> {
        let cold = &mut *self.cold.borrow_mut();
        if !cold.cycles.has_work() {
            return Ok(Progress::Complete);
        }
        self.require_gc_allowed()?;
        let stop = cold.begin_stop();
        cold.step_or_begin(self, &mut budget)?;
        cold.end_step_stop(&stop);
        Ok(Progress::complete_if(!cold.cycles.has_work()))
    }

    /// Ends the cycle that is under way, and owes none. Drops it if it still marks, and finishes
    /// it otherwise.
    ///
    /// Errors: those of collecting.
    pub(crate) fn cancel_cycle(&self) -> Result<()> {
        let cold = &mut *self.cold.borrow_mut();
        cold.cycles.is_owed = false;
        if cold.cycles.under_way.is_none() {
            return Ok(());
        }
        let stop = cold.begin_stop();
        cold.stop_cycle(self)?;
        cold.end_step_stop(&stop);
        Ok(())
    }

    /// Notes whether the heap has objects that are dead and not freed.
    fn set_sweeping(&self, is_sweeping: bool) {
        self.is_sweeping.set(is_sweeping);
        #[cfg(feature = "capi")]
        self.checks_raw_slowly
            .set(is_sweeping || self.engine.config().exact_slots());
    }

    /// Whether the collection between whose steps the program runs has found that an object is
    /// dead, and has not freed it yet. No root refers to such an object.
    pub(in crate::store) fn is_unswept(&self, reference: GcRef) -> bool {
        if !self.is_sweeping.get() || !reference.is_object() {
            return false;
        }
        let cold = self.cold.borrow();
        cold.heap
            .as_deref()
            .is_some_and(|heap| heap.is_unswept(reference))
    }
}

impl Cold {
    /// The work of [`Store::continue_cycle`].
    fn step_or_begin(&mut self, store: &Store, budget: &mut Budget) -> Result<()> {
        let needs_minor = self.cycles.needs_minor();
        if needs_minor && !self.collect_minor(store)? {
            return Ok(());
        }
        if self.cycles.under_way.is_none() {
            self.begin_cycle(store)?;
        }
        self.step_cycle(store, budget, needs_minor)
    }

    /// After a minor collection that an allocation has run: does a step of the cycle that is under
    /// way, or begins one that is due. Under stress one is always due, and the steps are of all
    /// sizes.
    ///
    /// Errors: those of collecting.
    pub(in crate::store) fn after_minor(&mut self, store: &Store) -> Result<()> {
        if store.mutator.no_gc_spans() > 0 {
            return Ok(());
        }
        let is_stressed = store.engine.config().stress() > 0;
        if self.cycles.under_way.is_none() {
            if !self.is_cycle_due(store, is_stressed) {
                return Ok(());
            }
            self.begin_cycle(store)?;
        }
        let counted = store.mutator.bump.allocated_bytes();
        let external = self.external_allocated;
        let mut budget = self.cycles.pacer.step_after_minor(counted, external);
        if is_stressed {
            budget = Budget::of(1 << (self.collections % STRESS_SIZES));
        }
        self.step_cycle(store, &mut budget, true)
    }

    fn is_cycle_due(&mut self, store: &Store, is_stressed: bool) -> bool {
        let Some(heap) = self.heap.as_deref_mut() else {
            return false;
        };
        let pressure = heap.cycle_pressure(&store.mutator);
        let is_due = self.cycles.pacer.is_due(pressure) && heap.prefers_cycle(&store.mutator);
        (is_due || is_stressed) && heap.cycle().is_some() || self.is_cycle_due_for_external(store)
    }

    /// Whether a cycle should begin because of external bytes.
    fn is_cycle_due_for_external(&mut self, store: &Store) -> bool {
        self.is_external_due() && !self.is_external_far_over() && self.can_begin_cycle(store)
    }

    /// Whether a full collection that the heap needs now would be a cycle.
    pub(in crate::store) fn can_begin_cycle(&mut self, store: &Store) -> bool {
        self.heap
            .as_deref_mut()
            .is_some_and(|heap| heap.cycle().is_some() && heap.prefers_cycle(&store.mutator))
    }

    /// Does the step that the program's allocations have paid for, if one is due.
    ///
    /// Errors: [`Request::Roots`] if external bytes have paid for a step that needs the reports of
    /// the root visitors; those of collecting.
    #[inline]
    pub(in crate::store) fn step_if_due(&mut self, store: &Store) -> Attempt<()> {
        let Some(paced) = &self.cycles.under_way else {
            return Ok(());
        };
        if !paced.cycle.awaits_minor() {
            return Ok(self.step_paid_for(store, false)?);
        }
        if !paced.cycle.is_evacuating() && !store.external_step.get() {
            return Ok(());
        }
        if self.needs_reports(store) {
            return Err(Stop::Ask(Request::Roots));
        }
        Ok(self.step_paid_for(store, true)?)
    }

    /// Whether the step that external bytes have paid for needs the reports of the root visitors.
    fn needs_reports(&self, store: &Store) -> bool {
        let may_collect = store.answers.get().on_demand == OnDemand::Collect;
        let may_step = may_collect && store.mutator.no_gc_spans() == 0;
        may_step && store.external_step.get() && !self.sources.have_reported()
    }

    #[cold]
    fn step_paid_for(&mut self, store: &Store, needs_minor: bool) -> Result<()> {
        let may_collect =
            store.answers.get().on_demand == OnDemand::Collect && self.sources.have_reported();
        if store.mutator.no_gc_spans() > 0 || needs_minor && !may_collect {
            return Ok(());
        }
        let counted = store.mutator.bump.allocated_bytes();
        let Some(mut budget) = self.cycles.pacer.step(counted, self.external_allocated) else {
            return Ok(());
        };
        let stop = self.begin_stop();
        if needs_minor && !self.collect_minor(store)? {
            return Ok(());
        }
        let (began, work) = (Instant::now(), budget.left());
        self.step_cycle(store, &mut budget, needs_minor)?;
        let done = work - budget.left();
        self.cycles.pacer.learn(done, nanoseconds_since(began));
        self.end_step_stop(&stop);
        Ok(())
    }

    /// Begins a cycle, right after a minor collection.
    fn begin_cycle(&mut self, store: &Store) -> Result<()> {
        let began = Instant::now();
        let mutator = &store.mutator;
        self.begin_pieces()?;
        let Some(heap) = self.heap.as_deref_mut() else {
            return Ok(());
        };
        let pressure = heap.cycle_pressure(mutator);
        let allocated = mutator.bump.allocated_bytes();
        let cycle = Cycle::begin(heap, mutator, &mut self.weak_maps)?;
        let work = CyclePressure {
            used: pressure.used.saturating_add(self.sources.scanned_bytes()),
            ..pressure
        };
        self.cycles.is_owed = false;
        self.cycles.pacer.begin(work, allocated);
        let (room, external) = (self.external_budget, self.external_allocated);
        self.cycles.pacer.begin_external(work.used, room, external);
        self.postpone_external();
        self.cycles.under_way = Some(PacedCycle {
            cycle,
            sample: CycleSample {
                used: pressure.used,
                allocated,
                mutator_nanoseconds: self.pacer.mutator_nanoseconds(),
                nanoseconds: nanoseconds_since(began),
            },
            headroom: None,
        });
        Ok(())
    }

    /// Does a step of the cycle that is under way. If that completes it, updates the statistics
    /// and the budgets of allocations. Finalizers are queued.
    fn step_cycle(
        &mut self,
        store: &Store,
        budget: &mut Budget,
        is_after_minor: bool,
    ) -> Result<()> {
        let Some(mut paced) = self.cycles.under_way.take() else {
            return Ok(());
        };
        let began = Instant::now();
        let progress = self.mark_then_resize(store, &mut paced, (began, is_after_minor), budget);
        paced.sample.add_time(began);
        match progress {
            Ok(Progress::Complete) => self.count_cycle(store, &paced),
            // After an error the step may be repeated: a root range was refused.
            Ok(Progress::Continue) | Err(_) => self.cycles.under_way = Some(paced),
        }
        store.set_sweeping(self.cycles.is_sweeping());
        self.update_external(store);
        progress.map(|_| ())
    }

    /// Marks and sweeps. Once that is complete, resizes the heap.
    fn mark_then_resize(
        &mut self,
        store: &Store,
        paced: &mut PacedCycle,
        (began, is_after_minor): (Instant, bool),
        budget: &mut Budget,
    ) -> Result<Progress> {
        let headroom = match paced.headroom {
            Some(headroom) => headroom,
            None => {
                let progress =
                    self.mark_and_sweep(store, &mut paced.cycle, is_after_minor, budget)?;
                if progress == Progress::Continue {
                    return Ok(progress);
                }
                let live = paced.cycle.stats().live_bytes;
                self.end_pace(store)?;
                self.trim_slots(store, budget);
                let headroom = self.next_headroom(store, &paced.sample, live, began)?;
                *paced.headroom.insert(headroom)
            }
        };
        self.resize_heap(store, headroom, budget)
    }

    /// Trims the tables of slots: free slots at their ends are not scanned any more. Each is trimmed
    /// at once, because the program uses them between the steps. So only tables are trimmed for
    /// which the budget suffices. The tables that cycles sweep in place keep their size.
    fn trim_slots(&mut self, store: &Store, budget: &Budget) {
        let rooted = store.manual.span().len() + store.tables.span().len();
        let slots = (rooted + store.globals.span().len()) as u64 + store.weak.swept();
        if slots.saturating_mul(TRIM_COST) > budget.left() {
            return;
        }
        let kind = CollectionKind::Minor;
        let numbers = 0..;
        for number in numbers {
            let trimmed = self.trim_table(store, (number, kind), &mut Budget::unlimited());
            if trimmed.is_none() {
                return;
            }
        }
    }

    /// Lets the pacer learn from the cycle that is complete.
    fn end_pace(&mut self, store: &Store) -> Result<()> {
        let pressure = self.heap()?.cycle_pressure(&store.mutator);
        self.cycles.pacer.end(pressure);
        if let Some(steps) = self.heap()?.cycle() {
            steps.end_cycle(&store.mutator);
        }
        Ok(())
    }

    /// Marks from the roots, sweeps the weak tables and frees dead objects.
    fn mark_and_sweep(
        &mut self,
        store: &Store,
        cycle: &mut Cycle,
        is_after_minor: bool,
        budget: &mut Budget,
    ) -> Result<Progress> {
        let was_marking = cycle.is_marking();
        let progress = self.run_phases(store, cycle, is_after_minor, budget)?;
        if !was_marking || cycle.is_marking() {
            return Ok(progress);
        }
        self.cycles.highlight = Some(PauseKind::MarkEnd);
        self.check_marks(store)?;
        self.run_phases(store, cycle, is_after_minor, budget)
    }

    /// Runs phases of a cycle until it stops marking, is complete, or has spent the budget.
    fn run_phases(
        &mut self,
        store: &Store,
        cycle: &mut Cycle,
        is_after_minor: bool,
        budget: &mut Budget,
    ) -> Result<Progress> {
        self.roots.clear();
        let read = match cycle.reads_ranges() {
            true => Some(self.gather_piece(store, budget)?),
            false => None,
        };
        self.list_all_roots(store)?;
        let (mut host, mut handles) = (&store.host, &store.weak);
        // The table with finalizers is the last: no finalizer runs before all others are swept.
        let mut weak: [&mut dyn WeakTable; 3] = [&mut handles, &mut self.hashes, &mut host];
        let mut context = CycleContext {
            mutator: &store.mutator,
            roots: &mut self.roots,
            piece: read.map(|(piece, _)| piece).unwrap_or_default(),
            layouts: &self.layouts,
            ephemerons: &mut self.weak_maps,
            weak: &mut weak,
            is_after_minor,
        };
        let Some(heap) = self.heap.as_deref_mut() else {
            return Err(Error::internal("a cycle without a heap", 0));
        };
        let progress = cycle.step(heap, &mut context, budget)?;
        self.roots.clear();
        if let Some((_, unread)) = read {
            self.end_piece(unread);
        }
        self.fix_moved(store)?;
        Ok(progress)
    }

    /// Fixes the tables that name objects which have moved out of a block.
    fn fix_moved(&mut self, store: &Store) -> Result<()> {
        let Some(heap) = self.heap.as_deref_mut() else {
            return Ok(());
        };
        let Some(steps) = heap.cycle().filter(|steps| steps.has_moved()) else {
            return Ok(());
        };
        let moved = steps.take_moved();
        self.cycles.highlight = Some(PauseKind::Evacuation);
        for Moved { old, new } in moved {
            let header = ObjectHeader::from_bits(heap.region().load_u64(new.offset())?);
            if header.is_extern() || header.is_func() {
                let word = heap.region().load_u64(new.offset() + EXTERN_INDEX)?;
                store.host.note_moved(word & !VALUE_BIT, old, new)?;
            }
            if header.is_hashed() {
                self.hashes.note_moved(old, new)?;
            }
            if header.is_key() {
                self.weak_maps.note_moved(old, new);
            }
        }
        self.object_starts.invalidate();
        self.check_marks(store)
    }

    /// Runs a minor collection, whatever is young. Whether one has run.
    fn collect_minor(&mut self, store: &Store) -> Result<bool> {
        let begun = self.begin_collection_of(store, CollectionKind::Minor)?;
        let has_begun = begun.is_some();
        self.run_collection(store, begun)?;
        Ok(has_begun)
    }

    /// Ends the cycle that is under way, before a collection that stops the program. Drops it if
    /// it still marks. Otherwise finishes it, because tables are half swept.
    ///
    /// Errors: those of collecting.
    pub(in crate::store) fn stop_cycle(&mut self, store: &Store) -> Result<()> {
        let Some(paced) = &self.cycles.under_way else {
            return Ok(());
        };
        if paced.cycle.is_marking() {
            self.cycles.under_way = None;
            self.recall_external(store);
            if let Some(steps) = self.heap()?.cycle() {
                steps.drop_marks(&store.mutator);
            }
            return Ok(());
        }
        if let (Some(paced), Some(heap)) = (&mut self.cycles.under_way, self.heap.as_deref_mut()) {
            paced.cycle.stop_evacuation(heap, &store.mutator);
        }
        while self.cycles.under_way.is_some() {
            self.step_cycle(store, &mut Budget::unlimited(), false)?;
        }
        Ok(())
    }

    /// Adds a complete cycle to the statistics, and sets the budgets until the next collection.
    fn count_cycle(&mut self, store: &Store, paced: &PacedCycle) {
        // A collection ends all roots that wait to be unrooted.
        store.manual.unroot_queued();
        let live = paced.cycle.stats().live_bytes;
        self.begin_budgets(store, paced.headroom.unwrap_or(0), &paced.sample, live);
        self.collections += 1;
        let moved = paced.cycle.stats().moved_bytes;
        self.moved_bytes = self.moved_bytes.saturating_add(moved);
        let nanoseconds = paced.sample.nanoseconds;
        self.gc_nanoseconds = self.gc_nanoseconds.saturating_add(nanoseconds);
        store.update_side_bytes(self);
    }
}
