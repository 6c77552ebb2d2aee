//! One collection, in increments or at once.

use super::area::AllocationArea;
use super::ephemerons::Ephemerons;
use super::layout::LayoutTable;
use super::roots_list::GcRootsList;
use super::survivors::WeakTable;
use super::{CollectionSteps, Result};

/// Bytes of objects traced in one increment.
const INCREMENT_BYTES: u64 = 64 << 10;

/// Whether a collection has more to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Another increment is needed.
    Continue,
    /// Done.
    Complete,
}

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

/// Keys whose values are traced in one increment.
const INCREMENT_KEYS: usize = 1024;

/// The tables that a collection has to do with.
pub(super) struct Tables<'a> {
    pub(super) ephemerons: &'a mut dyn Ephemerons,
    /// Whether the roots include their values.
    pub(super) values_are_roots: bool,
    pub(super) weak: &'a mut [&'a mut dyn WeakTable],
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Roots,
    Trace,
    Values,
    Weak,
    Done,
}

/// A collection that is under way: roots, then by turns objects in increments and the
/// values of keys that were reached meanwhile, until there are neither, then the weak
/// tables. A key is reached once, so that the turns take no longer than what there is
/// to trace. Between increments nothing else may use the heap.
pub(crate) struct GarbageCollection<'a> {
    steps: &'a mut dyn CollectionSteps,
    area: &'a AllocationArea,
    roots: &'a mut GcRootsList,
    layouts: &'a LayoutTable,
    tables: Tables<'a>,
    phase: Phase,
    collected: Collected,
}

impl<'a> GarbageCollection<'a> {
    pub(super) fn new(
        steps: &'a mut dyn CollectionSteps,
        area: &'a AllocationArea,
        roots: &'a mut GcRootsList,
        layouts: &'a LayoutTable,
        tables: Tables<'a>,
    ) -> GarbageCollection<'a> {
        GarbageCollection {
            steps,
            area,
            roots,
            layouts,
            tables,
            phase: Phase::Roots,
            collected: Collected::default(),
        }
    }

    /// Does a bounded part of the work. After an error the heap must not be
    /// used any more.
    pub(crate) fn collect_increment(&mut self) -> Result<Progress> {
        match self.phase {
            Phase::Roots => {
                self.steps.trace_roots(self.roots, self.layouts)?;
                self.trace_immortal_values()?;
                self.phase = Phase::Trace;
            }
            Phase::Trace => {
                if self.steps.trace_increment(self.layouts, INCREMENT_BYTES)? == Progress::Complete
                {
                    self.phase = Phase::Values;
                }
            }
            Phase::Values => {
                self.phase = match self.trace_reached_values()? {
                    0 => Phase::Weak,
                    _ => Phase::Trace,
                };
            }
            Phase::Weak => {
                let survivors = self.steps.survivors();
                self.tables.ephemerons.sweep(&survivors)?;
                for table in self.tables.weak.iter_mut() {
                    table.sweep(&survivors)?;
                }
                self.collected = self.steps.finish(self.area, self.layouts)?;
                self.phase = Phase::Done;
            }
            Phase::Done => {}
        }
        Ok(match self.phase {
            Phase::Done => Progress::Complete,
            _ => Progress::Continue,
        })
    }

    /// Traces the values of keys that never die.
    fn trace_immortal_values(&mut self) -> Result<()> {
        if self.tables.values_are_roots {
            return Ok(());
        }
        let mut trace = |value| self.steps.trace_reference(value, self.layouts);
        self.tables.ephemerons.trace_immortal(&mut trace)
    }

    /// Traces the values of some keys that have been reached; returns of how many.
    fn trace_reached_values(&mut self) -> Result<usize> {
        if self.tables.values_are_roots {
            return Ok(0);
        }
        for count in 0..INCREMENT_KEYS {
            let Some(key) = self.steps.take_reached_key() else {
                return Ok(count);
            };
            let mut trace = |value| self.steps.trace_reference(value, self.layouts);
            self.tables.ephemerons.trace_values(key, &mut trace)?;
        }
        Ok(INCREMENT_KEYS)
    }

    /// Does all of the work that is left.
    pub(crate) fn collect(mut self) -> Result<Collected> {
        while self.collect_increment()? == Progress::Continue {}
        Ok(self.collected)
    }
}
