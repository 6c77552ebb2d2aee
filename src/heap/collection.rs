//! One collection, in increments or at once.

use super::area::AllocationArea;
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

#[derive(Clone, Copy, Debug)]
enum Phase {
    Roots,
    Trace,
    Weak,
    Done,
}

/// A collection that is under way: roots, then objects in increments, then the
/// weak tables. Between increments nothing else may use the heap.
pub(crate) struct GarbageCollection<'a> {
    steps: &'a mut dyn CollectionSteps,
    area: &'a AllocationArea,
    roots: &'a mut GcRootsList,
    layouts: &'a LayoutTable,
    weak: &'a mut [&'a mut dyn WeakTable],
    phase: Phase,
    collected: Collected,
}

impl<'a> GarbageCollection<'a> {
    pub(super) fn new(
        steps: &'a mut dyn CollectionSteps,
        area: &'a AllocationArea,
        roots: &'a mut GcRootsList,
        layouts: &'a LayoutTable,
        weak: &'a mut [&'a mut dyn WeakTable],
    ) -> GarbageCollection<'a> {
        GarbageCollection {
            steps,
            area,
            roots,
            layouts,
            weak,
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
                self.phase = Phase::Trace;
            }
            Phase::Trace => {
                if self.steps.trace_increment(self.layouts, INCREMENT_BYTES)? == Progress::Complete
                {
                    self.phase = Phase::Weak;
                }
            }
            Phase::Weak => {
                let survivors = self.steps.survivors();
                for table in self.weak.iter_mut() {
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

    /// Does all of the work that is left.
    pub(crate) fn collect(mut self) -> Result<Collected> {
        while self.collect_increment()? == Progress::Continue {}
        Ok(self.collected)
    }
}
