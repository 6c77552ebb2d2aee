//! The collectors. Each is a composition of spaces (`src/heap/space`) behind the traits
//! [`GcRuntime`] and `GcHeap`: it decides what is allocated where, when memory is freed,
//! and what a store of a reference costs.
//!
//! | collector | spaces | barrier | moves | for |
//! |---|---|---|---|---|
//! | [`null`](mod@null) | one contiguous space | none | no | short programs, measuring |
//! | [`copying`] | one semi-space | none | yes | the default |
//! | [`drc`] | blocks of lines | counting | no | little memory |
//! | [`generational`] | blocks of lines, of which the first are a nursery | logging | new objects, some old | many short-lived objects |
//! | [`check`] | those of `copying`, and a copy of the reference slots | slow | yes | tests |
//!
//! What the two collectors on blocks share is in [`block_heap`].
//!
//! Each collector is one file or folder, which opens with its idea, its cost, its sources
//! and what was rejected. The decisions are in `docs/design/heap.md`.

mod block_heap;
mod check;
mod copying;
pub(crate) mod drc;
mod generational;
mod null;

use crate::error::{Error, Result};
use crate::heap::GcRuntime;

/// The number that lets the library choose.
pub(crate) const AUTO: u32 = 0;
/// The number of [`null`](mod@null).
pub(crate) const NULL: u32 = 1;
/// The number of deferred reference counting.
pub(crate) const DRC: u32 = 2;
/// The number of [`copying`].
pub(crate) const COPYING: u32 = 3;
/// The number of the generational collector.
pub(crate) const GENERATIONAL: u32 = 4;
/// The number of the collector that checks barriers.
pub(crate) const CHECK: u32 = 5;

/// The numbers of all collectors, for tests.
#[cfg(test)]
pub(crate) const ALL: [u32; 5] = [NULL, DRC, COPYING, GENERATIONAL, CHECK];
/// The numbers of the collectors that collect, for tests.
#[cfg(test)]
pub(crate) const COLLECTING: [u32; 4] = [DRC, COPYING, GENERATIONAL, CHECK];

/// The collector with this number.
///
/// Errors: [`Error::InvalidArgument`] for any other number.
pub(crate) fn by_number(number: u32) -> Result<&'static dyn GcRuntime> {
    match number {
        COPYING => Ok(&copying::Copying),
        NULL => Ok(&null::Null),
        DRC => Ok(&drc::Drc),
        AUTO | GENERATIONAL => Ok(&generational::Generational),
        CHECK => Ok(&check::Check),
        _ => Err(Error::InvalidArgument {
            parameter: "collector",
            value: number.into(),
            allowed: "0 (auto), 1 (null), 2 (drc), 3 (copying), 4 (generational) or 5 (check)",
        }),
    }
}
