//! How large a space may be, and how it grows.

use crate::heap::memory::COMMIT_UNIT;

/// The sizes of an interval, in bytes and in multiples of [`COMMIT_UNIT`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// The greatest size.
    pub(super) limit: u64,
    /// What is committed at first, and stays committed (HEAP-10).
    pub(super) initial: u64,
}

impl Bounds {
    /// Bounds with the limit `limit`, a multiple of [`COMMIT_UNIT`]. Rounds `initial` to
    /// a size between one unit and the limit.
    pub(super) fn new(limit: u64, initial: u64) -> Bounds {
        debug_assert!(limit > 0 && limit.is_multiple_of(COMMIT_UNIT));
        Bounds {
            limit,
            initial: initial.clamp(1, limit).next_multiple_of(COMMIT_UNIT),
        }
    }

    /// The size to commit when `needed` bytes are needed and `committed` bytes are
    /// committed now: at least `step` more, within the limit. `None` if `needed` is
    /// beyond the limit.
    pub(super) fn after_growth(self, committed: u64, needed: u64, step: u64) -> Option<u64> {
        if needed > self.limit {
            return None;
        }
        if needed <= committed {
            return Some(committed);
        }
        let stepped = (committed + step).min(self.limit);
        Some(needed.max(stepped).next_multiple_of(COMMIT_UNIT))
    }
}

/// Rounds down to a multiple of [`COMMIT_UNIT`].
pub(crate) fn whole_units(bytes: u64) -> u64 {
    bytes / COMMIT_UNIT * COMMIT_UNIT
}
