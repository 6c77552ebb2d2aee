//! Collections in steps: the embedder decides when to go on.
//!
//! Between steps the store is busy ([`State::Collecting`](crate::store::access)), so that a
//! collector need not follow what changes: a step is a part of the same collection that
//! `store_gc` does at once. Finalizers run when it is over, from `finalize.rs`.

use crate::error::Result;
use crate::heap::{Budget, CollectionKind, Progress};
use crate::store::Store;

impl Store {
    /// Begins a full collection in steps, until whose end other calls are refused.
    ///
    /// Errors: [`Error::Busy`](crate::error::Error::Busy) inside a callback,
    /// [`Error::NoGc`](crate::error::Error::NoGc).
    pub(crate) fn gc_start(&self) -> Result<()> {
        self.require_no_callback()?;
        self.require_gc_allowed()?;
        let mut cold = self.cold.borrow_mut();
        cold.collection = cold.begin_collection(self, CollectionKind::Major)?;
        self.begin_collecting();
        Ok(())
    }

    /// Goes on with the collection that is under way; whether it is over. Finalizers are
    /// queued.
    pub(in crate::store) fn gc_go_on(&self, budget: Budget) -> Result<bool> {
        let mut cold = self.cold.borrow_mut();
        if let Some(mut collection) = cold.collection.take() {
            let progress = cold.step_collection(self, &mut collection, &mut { budget });
            // After an error in root ranges too, which may be mended.
            if progress != Ok(Progress::Complete) {
                cold.collection = Some(collection);
                return progress.map(|_| false);
            }
        }
        self.allow_calls();
        Ok(true)
    }

    /// Ends the collection that is under way, where no finalizers and no root visitors may
    /// run: as if it had never begun, or by doing what is left of it. Finalizers wait for
    /// the next point where they may run.
    pub(crate) fn gc_complete(&self) -> Result<()> {
        if !self.is_collecting() || self.gc_abandon() {
            return Ok(());
        }
        self.gc_go_on(Budget::unlimited()).map(|_| ())
    }

    /// Whether the next step is the first, which goes over the root ranges.
    pub(in crate::store) fn is_at_first_step(&self) -> bool {
        let cold = self.cold.borrow();
        cold.collection
            .as_ref()
            .is_some_and(crate::store::collection::collect::Collection::may_be_abandoned)
    }

    /// Ends the collection that is under way, if nothing has been changed yet, as if it
    /// had never begun; whether it did.
    pub(in crate::store) fn gc_abandon(&self) -> bool {
        let mut cold = self.cold.borrow_mut();
        let begun = |collection: &crate::store::collection::collect::Collection| {
            !collection.may_be_abandoned()
        };
        if cold.collection.as_ref().is_some_and(begun) {
            return false;
        }
        cold.collection = None;
        self.allow_calls();
        true
    }
}
