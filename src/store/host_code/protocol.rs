//! The protocol between an operation of the core and the drivers of foreign code.
//!
//! An operation holds borrows of the store, so it never calls foreign code itself
//! (HOST-8). Where it needs some, it stops before it has changed anything that a repetition
//! would notice, and returns [`Stop::Ask`] with its [`Request`]. The
//! [`driver`](super::driver) has no borrow of the store; it serves the request, notes the
//! answer in the store's [`Answers`], and repeats the operation from its beginning.

use crate::error::Error;
use crate::heap::CollectionKind;

/// The outcome of one attempt at an operation.
pub(crate) type Attempt<T> = core::result::Result<T, Stop>;

/// Why an attempt did not come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The operation is refused. The caller gets the error.
    Refused(Error),
    /// The operation needs an answer and is to be repeated with it.
    Ask(Request),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Stop {
        Stop::Refused(error)
    }
}

/// What an operation asks of its driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// Ask the growth callback.
    Growth(Growth),
    /// Have the root visitors report: the operation is about to collect.
    Roots,
    /// Collect: the caller does not want the operation to collect by itself.
    Collection,
}

/// A request for more committed memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Growth {
    /// Bytes that the heap has committed.
    pub(in crate::store) committed: u64,
    /// Bytes that the heap wants to have committed.
    pub(in crate::store) wanted: u64,
    /// The collection that this attempt has done before it asked.
    pub(in crate::store) collected: Option<CollectionKind>,
}

/// The growth callback's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct GrowthAnswer {
    pub(in crate::store) allowed: bool,
    /// A collection after which another of its kind would find nothing more.
    pub(in crate::store) collected: Option<CollectionKind>,
}

/// What an operation does where it would collect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::store) enum OnDemand {
    /// It collects.
    #[default]
    Collect,
    /// It asks for a collection.
    Ask,
    /// It takes a major collection for done. Where there is no room the heap grows.
    Done,
}

/// What the driver tells the attempt that is under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::store) struct Answers {
    pub(in crate::store) on_demand: OnDemand,
    /// The growth callback's answer, if an earlier attempt asked.
    pub(in crate::store) growth: Option<GrowthAnswer>,
}

impl Answers {
    /// The collection that was done for this operation before this attempt.
    pub(in crate::store) fn collected(self) -> Option<CollectionKind> {
        match self.on_demand {
            OnDemand::Done => Some(CollectionKind::Major),
            OnDemand::Collect | OnDemand::Ask => self.growth.and_then(|answer| answer.collected),
        }
    }
}
