//! Ephemerons: values that are alive while their keys are.
//!
//! A collector knows nothing of the tables that have them, and the tables nothing of
//! tracing. An object's header says that it is a key; when a collection first reaches
//! such an object, it notes it ([`PendingEphemerons`]), and when there is nothing else to
//! trace, the table traces the values of the keys that were noted ([`Ephemerons`]),
//! which may reach further keys. So each entry is looked at once, however long a chain
//! of keys and values is. After Hayes ("Ephemerons: a New Finalization Mechanism",
//! OOPSLA 1997), with the keys' entries found by hash in place of lists that are
//! searched again after each round.

use super::budget::{Budget, Progress};
use super::reference::GcRef;
use super::weak_table::WeakTable;
use crate::base::fallible;
use crate::error::{Error, Result};

/// Traces a value's object and returns where it is now.
pub(crate) type Trace<'a> = dyn FnMut(GcRef) -> Result<GcRef> + 'a;

/// A table of ephemerons. Its sweep removes the entries of the dead; the values of the
/// others have been traced, or were roots.
pub(crate) trait Ephemerons: WeakTable {
    /// Begins a collection whose roots the values are not, by tracing the values of
    /// keys that are no objects and never die: goes on where the last call ended.
    fn trace_immortal(&mut self, trace: &mut Trace<'_>, budget: &mut Budget) -> Result<Progress>;

    /// Traces the values of a key that was reached, given by the reference that it had
    /// before the collection; returns how many. Needs no memory.
    fn trace_values(&mut self, key: GcRef, trace: &mut Trace<'_>) -> Result<usize>;
}

/// The keys that a collection has reached and whose values are not traced yet. Room
/// for all keys is made as they become keys, so that a collection needs no memory.
#[derive(Debug, Default)]
pub(crate) struct PendingEphemerons(Vec<GcRef>);

impl PendingEphemerons {
    /// Makes room for `count` keys; gives room back that is far more.
    ///
    /// Errors: [`Error::SystemMemory`] if there is more room needed than there was.
    pub(crate) fn reserve(&mut self, count: usize) -> Result<()> {
        self.0.clear();
        fallible::shrink(&mut self.0, count);
        self.0
            .try_reserve(count)
            .map_err(|_| fallible::refused(count * size_of::<GcRef>()))
    }

    /// Notes a key that was reached for the first time.
    ///
    /// Errors: [`Error::Internal`] for more keys than there are.
    pub(crate) fn note(&mut self, key: GcRef) -> Result<()> {
        if self.0.len() == self.0.capacity() {
            return Err(Error::internal(
                "more keys than the weak maps have",
                key.raw().into(),
            ));
        }
        fallible::push(&mut self.0, key)
    }

    /// Takes a key.
    pub(crate) fn take(&mut self) -> Option<GcRef> {
        self.0.pop()
    }

    /// Forgets all keys, keeping the room.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Gives the room back.
    pub(crate) fn reset(&mut self) {
        self.0 = Vec::new();
    }
}
