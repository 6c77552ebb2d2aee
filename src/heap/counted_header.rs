//! The reference count in an object's header. It is in the bits of the collector.
//!
//! The write barrier increments and decrements the count in line. The two flags belong to
//! the collector `drc`.
//!
//! ```text
//! bits 0..18   the number of slots in objects that refer to it; the greatest is sticky
//! bit  18      zero-count: the object is in the zero-count table
//! bit  19      rooted: a root refers to it, while a minor collection runs
//! ```

use super::header::{Kind, ObjectHeader};
use crate::error::{Error, Result};

/// The sticky count. An object that reaches it keeps it until the next major collection
/// counts again (HEAP-24).
pub(crate) const STICKY: u32 = (1 << 18) - 1;

const ZERO_COUNT: u32 = 1 << 18;
const ROOTED: u32 = 1 << 19;

/// A header with a reference count.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CountedHeader(ObjectHeader);

impl CountedHeader {
    /// The header of an object.
    ///
    /// Errors: [`Error::Internal`] if the header is not an object's.
    #[inline]
    pub(crate) fn of(header: ObjectHeader) -> Result<CountedHeader> {
        match header.kind() {
            None | Some(Kind::Free) => {
                Err(Error::internal("a reference to no object", header.bits()))
            }
            Some(_) => Ok(CountedHeader(header)),
        }
    }

    /// The header as any collector sees it.
    #[inline]
    pub(crate) fn header(self) -> ObjectHeader {
        self.0
    }

    /// The header's bits.
    #[inline]
    pub(crate) fn bits(self) -> u64 {
        self.0.bits()
    }

    #[inline]
    fn collector_bits(self) -> u32 {
        self.0.collector_bits()
    }

    #[inline]
    fn with(self, bits: u32) -> CountedHeader {
        CountedHeader(self.0.with_collector_bits(bits))
    }

    fn with_flag(self, flag: u32, on: bool) -> CountedHeader {
        let others = self.collector_bits() & !flag;
        self.with(if on { others | flag } else { others })
    }

    /// The number of slots in objects that refer to it, at most [`STICKY`].
    #[inline]
    pub(crate) fn count(self) -> u32 {
        self.collector_bits() & STICKY
    }

    /// This header with another count.
    #[inline]
    pub(crate) fn with_count(self, count: u32) -> CountedHeader {
        self.with(self.collector_bits() & !STICKY | count)
    }

    /// This header with its count incremented. A sticky count stays.
    #[inline]
    pub(crate) fn increment(self) -> CountedHeader {
        match self.count() {
            STICKY => self,
            // The count has the lowest bits, and does not overflow.
            _ => CountedHeader(self.0.plus_one()),
        }
    }

    /// This header with its count decremented. A sticky count stays.
    ///
    /// Errors: [`Error::Internal`] if the count is zero.
    #[inline]
    pub(crate) fn decrement(self) -> Result<CountedHeader> {
        match self.count() {
            0 => Err(Error::internal("a count below zero", self.bits())),
            STICKY => Ok(self),
            _ => Ok(CountedHeader(self.0.minus_one())),
        }
    }

    /// Whether the object is in the zero-count table.
    pub(crate) fn is_in_zero_counts(self) -> bool {
        self.collector_bits() & ZERO_COUNT != 0
    }

    /// This header, in the zero-count table or not.
    pub(crate) fn in_zero_counts(self, on: bool) -> CountedHeader {
        self.with_flag(ZERO_COUNT, on)
    }

    /// Whether a root refers to the object.
    pub(crate) fn is_rooted(self) -> bool {
        self.collector_bits() & ROOTED != 0
    }

    /// This header, rooted or not.
    pub(crate) fn rooted(self, on: bool) -> CountedHeader {
        self.with_flag(ROOTED, on)
    }
}
