//! The collectors, one file each, behind [`GcRuntime`] and `GcHeap`.
//!
//! | name | what it is |
//! |---|---|
//! | [`null`](mod@null) | bump allocation, never collects |
//! | [`copying`] | Cheney's semi-space copying collector |
//! | [`drc`] | deferred reference counting, with tracing for cycles; moves nothing |
//! | [`check`] | `copying`, and finds references that were stored without a barrier |

mod check;
mod copying;
pub(crate) mod drc;
mod null;

use crate::error::{Error, Result};
use crate::heap::GcRuntime;

/// The number of "the library chooses".
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

/// The collector with this number.
///
/// Errors: [`Error::InvalidArgument`] for a number of no collector, or of one
/// that this library was built without.
pub(crate) fn by_number(number: u32) -> Result<&'static dyn GcRuntime> {
    match number {
        AUTO | COPYING => Ok(&copying::Copying),
        NULL => Ok(&null::Null),
        DRC => Ok(&drc::Drc),
        CHECK => Ok(&check::Check),
        _ => Err(Error::InvalidArgument {
            parameter: "collector",
            value: number.into(),
            allowed: match number {
                GENERATIONAL => {
                    "0 (auto), 1 (null), 2 (drc), 3 (copying) or 5 (check); the others are not built"
                }
                _ => "0 (auto), 1 (null), 2 (drc), 3 (copying) or 5 (check)",
            },
        }),
    }
}
