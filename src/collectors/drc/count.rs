//! What the header of an object says to this collector.
//!
//! ```text
//! bits 0..18   how many slots in objects refer to it; the greatest number stays
//! bit  18      listed: in the table of zero counts
//! bit  19      rooted: a root refers to it, while a partial collection runs
//! bit  20      marked: reached, while a full collection runs
//! ```

use crate::error::{Error, Result};
use crate::heap::{Kind, ObjectHeader};

/// A count that has got here stays until the next full collection counts anew.
pub(super) const STUCK: u32 = (1 << 18) - 1;

const LISTED: u32 = 1 << 18;
const ROOTED: u32 = 1 << 19;
const MARKED: u32 = 1 << 20;

/// An object's header, as this collector reads it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted(pub(super) ObjectHeader);

impl Counted {
    /// The header of an object.
    ///
    /// Errors: [`Error::Internal`] for what is none.
    #[inline]
    pub(super) fn of(header: ObjectHeader) -> Result<Counted> {
        match header.kind() {
            None | Some(Kind::Free) => {
                Err(Error::internal("a reference to no object", header.bits()))
            }
            Some(_) => Ok(Counted(header)),
        }
    }

    fn bits(self) -> u32 {
        self.0.collector_bits()
    }

    fn with(self, bits: u32) -> Counted {
        Counted(self.0.with_collector_bits(bits))
    }

    fn flag(self, flag: u32, on: bool) -> Counted {
        let others = self.bits() & !flag;
        self.with(if on { others | flag } else { others })
    }

    /// How many slots in objects refer to it, at most [`STUCK`].
    pub(super) fn count(self) -> u32 {
        self.bits() & STUCK
    }

    /// The same with this count.
    pub(super) fn with_count(self, count: u32) -> Counted {
        self.with(self.bits() & !STUCK | count)
    }

    /// The same, counted once more.
    pub(super) fn more(self) -> Counted {
        match self.count() {
            STUCK => self,
            count => self.with_count(count + 1),
        }
    }

    /// The same, counted once less.
    ///
    /// Errors: [`Error::Internal`] if it is counted no more.
    pub(super) fn less(self) -> Result<Counted> {
        match self.count() {
            0 => Err(Error::internal("a count below zero", self.0.bits())),
            STUCK => Ok(self),
            count => Ok(self.with_count(count - 1)),
        }
    }

    /// Whether it is in the table of zero counts.
    pub(super) fn is_listed(self) -> bool {
        self.bits() & LISTED != 0
    }

    /// The same, in that table or not.
    pub(super) fn listed(self, on: bool) -> Counted {
        self.flag(LISTED, on)
    }

    /// Whether a root refers to it.
    pub(super) fn is_rooted(self) -> bool {
        self.bits() & ROOTED != 0
    }

    /// The same, rooted or not.
    pub(super) fn rooted(self, on: bool) -> Counted {
        self.flag(ROOTED, on)
    }

    /// Whether a full collection has reached it.
    pub(super) fn is_marked(self) -> bool {
        self.bits() & MARKED != 0
    }

    /// The same, reached or not.
    pub(super) fn marked(self, on: bool) -> Counted {
        self.flag(MARKED, on)
    }
}
