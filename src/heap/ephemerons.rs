//! Ephemerons: values that are alive while their keys are (OBJECTS-15).
//!
//! A header bit says that an object is a key. When a collection first reaches a key, the
//! collector puts it into its [`PendingEphemerons`]. When nothing else is left to trace, the
//! table of [`Ephemerons`] traces the values of the pending keys. That may reach further
//! keys. The collector knows nothing of the table, and the table nothing of tracing.

use super::budget::{Budget, Progress};
use super::reference::GcRef;
use super::shrinking::Shrinking;
use super::weak_table::WeakTable;
use crate::base::fallible;
use crate::error::{Error, Result};

/// Traces a value's object and returns its reference now.
pub(crate) type Trace<'a> = dyn FnMut(GcRef) -> Result<GcRef> + 'a;

/// A table of ephemerons. Its sweep removes the entries whose keys died. The values of the
/// other entries were traced before, or were roots.
pub(crate) trait Ephemerons: WeakTable {
    /// Begins to trace values. The program changes the table between the steps if `between`.
    fn begin_trace(&mut self, between: bool);

    /// Traces the values of the keys that never die, because they are no objects. Does as
    /// much as the budget allows; the next call continues. Called only if the values are
    /// not roots, and before all other tracing of values.
    fn trace_immortal(&mut self, trace: &mut Trace<'_>, budget: &mut Budget) -> Result<Progress>;

    /// Traces the values of a pending key. `key` is the key's reference from before the
    /// collection. Does as much as the budget allows; the next call, with the same key,
    /// continues. Needs no memory.
    ///
    /// Errors: [`Error::Internal`] if the table does not have the key, although the program has
    /// not run since it was reached.
    fn trace_values(
        &mut self,
        key: GcRef,
        trace: &mut Trace<'_>,
        budget: &mut Budget,
    ) -> Result<Progress>;
}

/// The keys that a collection has reached, and whose values are not traced yet. Room for
/// all keys is reserved when they become keys, so that a collection needs no memory
/// (HEAP-4).
#[derive(Debug, Default)]
pub(crate) struct PendingEphemerons {
    keys: Vec<GcRef>,
    shrinking: Shrinking,
}

impl PendingEphemerons {
    /// Makes room for `count` keys besides those that wait.
    ///
    /// Errors: [`Error::SystemMemory`], but only if there was no room before.
    pub(crate) fn reserve(&mut self, count: usize) -> Result<()> {
        self.shrinking.note(self.keys.len().saturating_add(count));
        fallible::reserve(&mut self.keys, count)
    }

    /// Gives back memory after a major collection, which left `count` keys, as far as the
    /// budget allows.
    pub(crate) fn trim(&mut self, count: usize, budget: &mut Budget) -> Progress {
        self.keys.clear();
        self.shrinking.end_major(&mut self.keys, count, budget)
    }

    /// Adds a key that was reached for the first time.
    ///
    /// Errors: [`Error::Internal`] for more keys than there is room for.
    pub(crate) fn push(&mut self, key: GcRef) -> Result<()> {
        if self.keys.len() == self.keys.capacity() {
            return Err(Error::internal(
                "more keys than the weak maps have",
                key.raw().into(),
            ));
        }
        fallible::push(&mut self.keys, key)
    }

    /// The bytes of memory that the list has.
    pub(crate) fn side_bytes(&self) -> u64 {
        fallible::bytes(&self.keys)
    }

    /// Removes a key.
    pub(crate) fn pop(&mut self) -> Option<GcRef> {
        self.keys.pop()
    }

    /// Removes all keys, and keeps the room.
    pub(crate) fn clear(&mut self) {
        self.keys.clear();
    }

    /// Removes all keys, and frees the room.
    pub(crate) fn reset(&mut self) {
        *self = PendingEphemerons::default();
    }
}
