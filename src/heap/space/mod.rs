//! Spaces: the parts that collectors are composed of.
//!
//! **Idea.** A space manages a range of the heap's memory in one way. It knows where the
//! range is, how much of it is committed, and which part of it is free. It knows nothing
//! of roots, tracing, reference counts or pacing: those belong to the collector, which
//! composes spaces and decides when to use each of them.
//!
//! | space | its memory | used by |
//! |---|---|---|
//! | [`ContiguousSpace`] | one interval, committed from its start | `null` |
//! | [`SemiSpace`] | two halves, one of which is empty between collections | `copying`, `check` |
//! | [`BlockSpace`] | one interval of blocks of lines, and tables beside it | `drc`, `generational` |
//!
//! The heap owns the [`Reservation`](super::Reservation) and gives each space a range of
//! it. So the spaces of one heap have one base, and a reference may lead from one to
//! another. A heap drops its spaces together with the reservation.
//!
//! A space never touches the mutator. After a call that commits or decommits memory, the
//! collector tells the [`Mutator`](super::Mutator) which memory it may use.
//!
//! **Sources.** MMTk builds plans of spaces (Blackburn, Cheng, McKinley, "Oil and Water?
//! High Performance Garbage Collection in Java with MMTk", ICSE 2004), and so does the
//! Whippet library.
//!
//! **Rejected.** A trait for spaces. Each collector names the spaces that it has, and no
//! code works on a space of any kind.

mod blocks;
mod bounds;
mod contiguous;
mod free_memory;
mod semi_space;
#[cfg(test)]
mod tests;

pub(crate) use blocks::{
    BLOCK_BYTES, BlockRecord, BlockSpace, BlockState, FIRST_NURSERY_BLOCKS, GranuleBits, Hole,
    LARGEST_SMALL, LARGEST_YOUNG, LINE_BYTES, MOST_SHARED, MarkingState, PromotionWindow,
};
pub(crate) use bounds::whole_units;
pub(crate) use contiguous::ContiguousSpace;
pub(crate) use free_memory::write_free;
pub(crate) use semi_space::SemiSpace;

use super::memory::Region;

/// What freed memory is filled with when poisoning is on.
pub(crate) const POISON: u8 = 0xdb;

/// Releases the contents of the pages of `region` from `start` on, except the first `resident`
/// bytes (HEAP-9). Fills those with [`POISON`] if `poison` is set.
fn release_all_but(region: &Region, start: u64, resident: u64, poison: bool) {
    let end = start + resident;
    region.release_from(end);
    if poison {
        // The rest was released. Filling it would make its pages resident again.
        let filled = region.fill(start, end.min(region.committed_end()), POISON);
        debug_assert!(filled.is_ok());
    }
}
