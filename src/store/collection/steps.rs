//! A collection in steps, between which the embedder decides when to go on.
//!
//! Between steps the store is busy (HEAP-14), so the steps together do what `store_gc`
//! does at once. The [driver](crate::store::host_code) runs finalizers after the last
//! step.

use crate::error::Result;
use crate::heap::{Budget, CollectionKind, Progress};
use crate::store::Store;
use crate::store::collection::collect::PacedCollection;

impl Store {
    /// Begins a major collection in steps. The store is busy until it is complete.
    ///
    /// Errors: [`Error::Busy`](crate::error::Error::Busy) inside a callback,
    /// [`Error::NoGc`](crate::error::Error::NoGc).
    pub(crate) fn gc_start(&self) -> Result<()> {
        self.require_no_callback()?;
        self.require_gc_allowed()?;
        if self.owe_cycle()? {
            return Ok(());
        }
        let mut cold = self.cold.borrow_mut();
        cold.collection = cold.begin_collection(self, CollectionKind::Major)?;
        self.begin_collecting();
        Ok(())
    }

    /// Continues the collection that is under way, as far as the budget allows.
    /// Finalizers are queued.
    ///
    /// Errors: those of [`Cold::step_collection`](crate::store::Cold::step_collection).
    /// The collection is still under way then, so that the embedder can correct its root
    /// ranges.
    pub(crate) fn continue_collection(&self, mut budget: Budget) -> Result<Progress> {
        let mut cold = self.cold.borrow_mut();
        if let Some(mut collection) = cold.collection.take() {
            let stop = cold.begin_stop();
            let progress = cold.step_collection(self, &mut collection, &mut budget);
            if progress.is_ok() {
                cold.end_step_stop(&stop);
            }
            if progress != Ok(Progress::Complete) {
                cold.collection = Some(collection);
                return progress;
            }
        }
        self.allow_calls();
        Ok(Progress::Complete)
    }

    /// Ends the collection that is under way, where neither finalizers nor root visitors
    /// may run. Abandons it if it has changed nothing yet; otherwise completes it.
    /// Finalizers wait for the next point where they may run.
    ///
    /// Errors: those of [`Store::continue_collection`].
    pub(crate) fn finish_collection(&self) -> Result<()> {
        if !self.is_collecting() || self.abandon_collection() {
            return Ok(());
        }
        self.continue_collection(Budget::unlimited()).map(|_| ())
    }

    /// Whether the next step is the first one, which reads the root ranges.
    pub(in crate::store) fn is_at_first_step(&self) -> bool {
        let cold = self.cold.borrow();
        cold.collection
            .as_ref()
            .is_some_and(PacedCollection::may_be_abandoned)
    }

    /// Drops the collection that is under way, as if it had not begun. Returns false, and
    /// drops nothing, if the collection has already changed something.
    pub(in crate::store) fn abandon_collection(&self) -> bool {
        let mut cold = self.cold.borrow_mut();
        let has_changed = |collection: &PacedCollection| !collection.may_be_abandoned();
        if cold.collection.as_ref().is_some_and(has_changed) {
            return false;
        }
        cold.collection = None;
        self.manual.unroot_taken(&mut Budget::unlimited());
        self.allow_calls();
        true
    }
}
