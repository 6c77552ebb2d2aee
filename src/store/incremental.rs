//! Collections in steps: the embedder decides when to go on.
//!
//! Between steps the store is busy ([`State::Collecting`](super::entry)), so that a
//! collector need not follow what changes: a step is a part of the same collection that
//! `store_gc` does at once. Finalizers run when it is over, from `finalize.rs`.

use super::Store;
use crate::error::Result;
use crate::heap::{Budget, Extent, Progress};

impl Store {
    /// Begins a full collection in steps, until whose end other calls are refused.
    ///
    /// Errors: [`Error::Busy`](crate::error::Error::Busy) inside a callback,
    /// [`Error::NoGc`](crate::error::Error::NoGc).
    pub(crate) fn gc_start(&self) -> Result<()> {
        self.require_no_callback()?;
        self.require_gc_allowed()?;
        let mut cold = self.cold.borrow_mut();
        cold.collection = cold.begin_collection(self, Extent::Full)?;
        self.begin_collecting();
        Ok(())
    }

    /// Goes on with the collection that is under way; whether it is over. Finalizers are
    /// queued.
    pub(super) fn gc_go_on(&self, budget: Budget) -> Result<bool> {
        let mut cold = self.cold.borrow_mut();
        if let Some(mut collection) = cold.collection.take() {
            let progress = cold.step_collection(self, &mut collection, &mut { budget })?;
            if progress == Progress::Continue {
                cold.collection = Some(collection);
                return Ok(false);
            }
        }
        self.allow_calls();
        Ok(true)
    }

    /// Does what is left of the collection that is under way, where no finalizers may run:
    /// they wait for the next point where they may.
    pub(crate) fn gc_complete(&self) -> Result<()> {
        if !self.is_collecting() {
            return Ok(());
        }
        self.gc_go_on(Budget::unlimited()).map(|_| ())
    }

    /// Ends the collection that is under way, if nothing has been changed yet, as if it
    /// had never begun; whether it did.
    pub(super) fn gc_abandon(&self) -> bool {
        let mut cold = self.cold.borrow_mut();
        let begun = |collection: &super::collect::Collection| !collection.may_be_abandoned();
        if cold.collection.as_ref().is_some_and(begun) {
            return false;
        }
        cold.collection = None;
        self.allow_calls();
        true
    }
}
