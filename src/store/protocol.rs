//! The protocol between an operation of the store and the driver that runs it.
//!
//! An operation borrows parts of the store, so it never calls host code itself (HOST-8).
//! Where it needs host code, it stops before it has changed anything that a repetition
//! would notice, and returns [`Stop::Ask`] with a [`Request`]. The
//! [driver](super::host_code) has no borrow of the store. It serves the request, writes
//! the answer to the store's [`Answers`], and repeats the operation from its beginning.
//!
//! ```text
//!   driver                                operation
//!     |  Answers { growth: None }            |
//!     |------------------------------------->|  needs more memory
//!     |<---- Stop::Ask(Request::Growth) -----|
//!     |  calls the growth callback           |
//!     |  Answers { growth: Some(allowed) }   |
//!     |------------------------------------->|  grows the heap
//!     |<---- Ok(object) ---------------------|
//! ```

use crate::error::Error;
use crate::heap::CollectionKind;

/// The outcome of one attempt at an operation.
pub(crate) type Attempt<T> = core::result::Result<T, Stop>;

/// Why an attempt did not complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The operation failed. Its caller gets the error.
    Refused(Error),
    /// The operation needs an answer. The driver repeats it with the answer.
    Ask(Request),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Stop {
        Stop::Refused(error)
    }
}

/// What an operation asks its driver to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// Call the growth callback.
    Growth(GrowthRequest),
    /// Call the root visitors: the operation is about to collect.
    Roots,
    /// Run a major collection, and then the finalizers of what it found dead: the external
    /// bytes are over their limit (HEAP-53).
    ExternalBytes,
    /// Leave the collection to the caller, who does not let the operation collect.
    Collection,
}

/// A request for more committed memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GrowthRequest {
    /// The bytes that the heap has committed.
    pub(in crate::store) committed: u64,
    /// The bytes that the heap would have committed after growing.
    pub(in crate::store) wanted: u64,
    /// The collection that this attempt ran before it asked.
    pub(in crate::store) collected: Option<CollectionKind>,
}

/// The growth callback's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct GrowthAnswer {
    /// Whether the heap may grow as requested.
    pub(in crate::store) allowed: bool,
    /// The collection that an earlier attempt ran, if another of its kind would find
    /// nothing more.
    pub(in crate::store) collected: Option<CollectionKind>,
}

/// What an operation does where it needs a collection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::store) enum OnDemand {
    /// It collects.
    #[default]
    Collect,
    /// It asks for a collection: [`Request::Collection`].
    Ask,
    /// It does not collect, because its caller has just run a major collection. It grows
    /// the heap instead.
    Done,
}

/// What the driver tells the attempt that is running.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::store) struct Answers {
    pub(in crate::store) on_demand: OnDemand,
    /// The growth callback's answer, if an earlier attempt asked for it.
    pub(in crate::store) growth: Option<GrowthAnswer>,
    /// Whether the collection that an earlier attempt asked for external bytes has run.
    pub(in crate::store) made_external_room: bool,
}

impl Answers {
    /// The collection that has run for this operation before this attempt.
    pub(in crate::store) fn collected(self) -> Option<CollectionKind> {
        match self.on_demand {
            OnDemand::Done => Some(CollectionKind::Major),
            OnDemand::Collect | OnDemand::Ask => self.growth.and_then(|answer| answer.collected),
        }
    }
}
