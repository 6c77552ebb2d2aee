//! Collections in steps, between which the embedder decides when to go on.
//!
//! Between steps the store is busy (HEAP-14), so a step is a part of the same collection
//! that `store_gc` runs at once. Finalizers run when it is complete
//! ([`host_code`](crate::store::host_code)).

use crate::error::Result;
use crate::heap::{Budget, CollectionKind, Progress};
use crate::store::Store;
use crate::store::collection::collect::Collection;

impl Store {
    /// Begins a major collection in steps. Until it is complete other calls are refused.
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

    /// Continues the collection that is under way, as far as the budget allows.
    /// Finalizers are queued.
    pub(in crate::store) fn continue_collection(&self, mut budget: Budget) -> Result<Progress> {
        let mut cold = self.cold.borrow_mut();
        if let Some(mut collection) = cold.collection.take() {
            let progress = cold.step_collection(self, &mut collection, &mut budget);
            // After an error in root ranges too: the embedder may correct it.
            if progress != Ok(Progress::Complete) {
                cold.collection = Some(collection);
                return progress;
            }
        }
        self.allow_calls();
        Ok(Progress::Complete)
    }

    /// Ends the collection that is under way, where no finalizers and no root visitors may
    /// run: as if it had never begun, or by completing it. Finalizers wait for the next
    /// point where they may run.
    pub(crate) fn finish_collection(&self) -> Result<()> {
        if !self.is_collecting() || self.abandon_collection() {
            return Ok(());
        }
        self.continue_collection(Budget::unlimited()).map(|_| ())
    }

    /// Whether the next step is the first, which reads the root ranges.
    pub(in crate::store) fn is_at_first_step(&self) -> bool {
        let cold = self.cold.borrow();
        cold.collection
            .as_ref()
            .is_some_and(Collection::may_be_abandoned)
    }

    /// Ends the collection that is under way as if it had never begun, if it has changed
    /// nothing yet. Returns whether it did.
    pub(in crate::store) fn abandon_collection(&self) -> bool {
        let mut cold = self.cold.borrow_mut();
        let has_changed = |collection: &Collection| !collection.may_be_abandoned();
        if cold.collection.as_ref().is_some_and(has_changed) {
            return false;
        }
        cold.collection = None;
        self.allow_calls();
        true
    }
}
