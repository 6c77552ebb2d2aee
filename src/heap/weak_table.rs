//! Who survived a collection, and the tables that want to know.

use super::budget::{Budget, Progress};
use super::header::ObjectHeader;
use super::memory::RegionView;
use super::reference::GcRef;
use crate::error::{Error, Result};

/// Answers, at the end of tracing, where an object is now.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Liveness<'a> {
    /// They moved, and left a forwarding reference behind.
    Moved {
        /// The space that they moved out of.
        from: RegionView<'a>,
        /// Where the objects in it ended.
        from_end: u64,
        /// Where the first survivor is now.
        to_start: u64,
        /// Where the last one ends.
        to_end: u64,
    },
    /// They are where they were.
    InPlace {
        /// The space that they are in.
        space: RegionView<'a>,
        /// Tells from a header whether the object survived.
        alive: fn(ObjectHeader) -> bool,
    },
}

impl Liveness<'_> {
    /// Where the object that was at `old` is now, or `None` if it died.
    #[inline]
    pub(crate) fn get(&self, old: GcRef) -> Result<Option<GcRef>> {
        debug_assert!(old.is_object());
        // Tables are the library's own memory; the load checks the rest.
        match *self {
            Liveness::InPlace { space, alive, .. } => {
                let header = ObjectHeader::from_bits(space.load_u64(old.offset())?);
                Ok(alive(header).then_some(old))
            }
            Liveness::Moved {
                from,
                from_end,
                to_start,
                to_end,
                ..
            } => {
                debug_assert!(old.offset() < from_end);
                let header = ObjectHeader::from_bits(from.load_u64(old.offset())?);
                match header.forwarded() {
                    None => Ok(None),
                    Some(new) if new.lies_in(to_start, to_end) => Ok(Some(new)),
                    Some(new) => Err(Error::internal("a wrong forwarding", new.raw().into())),
                }
            }
        }
    }
}

/// A table that refers to objects without keeping them alive.
pub(crate) trait WeakTable {
    /// Updates entries to where their objects are now, and removes or sets aside
    /// those whose object died: goes on where the last call ended, as far as the budget
    /// allows. Needs no memory; calls no foreign code. Nothing else uses the table until
    /// it is complete; the call after that begins another sweep.
    fn sweep(&mut self, survivors: &Liveness<'_>, budget: &mut Budget) -> Result<Progress>;
}
