//! The stops of the program for collections, which the store counts as pauses (HEAP-98).
//!
//! A stop begins after the root visitors have reported, and ends before finalizers run. A stop in
//! which nothing is collected is not recorded.

use std::time::Instant;

use crate::store::{Cold, PauseKind};

/// A stop of the program that has begun.
pub(in crate::store) struct StopOfProgram {
    began: Instant,
    collections: u64,
    minor_collections: u64,
}

impl Cold {
    /// Begins a stop.
    pub(in crate::store) fn begin_stop(&mut self) -> StopOfProgram {
        self.cycles.take_highlight();
        StopOfProgram {
            began: Instant::now(),
            collections: self.collections,
            minor_collections: self.minor_collections,
        }
    }

    /// Ends a stop for a collection, and for the step of a cycle after it. The collector decides
    /// whether a minor collection becomes a full one, so the statistics tell which one has run.
    pub(in crate::store) fn end_collection_stop(&mut self, stop: &StopOfProgram) {
        let highlight = self.cycles.take_highlight();
        let kind = if self.collections == stop.collections {
            return;
        } else if self.minor_collections == stop.minor_collections {
            PauseKind::Full
        } else {
            highlight.unwrap_or(PauseKind::Minor)
        };
        self.pauses.record(kind, stop.began);
    }

    /// Ends a stop for a step.
    pub(in crate::store) fn end_step_stop(&mut self, stop: &StopOfProgram) {
        let kind = self.cycles.take_highlight().unwrap_or(PauseKind::Step);
        self.pauses.record(kind, stop.began);
    }
}
