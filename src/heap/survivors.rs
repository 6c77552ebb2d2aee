//! Who survived a collection, and the tables that want to know.

use core::marker::PhantomData;

use super::header::ObjectHeader;
use super::memory::RegionView;
use super::reference::GcRef;
use crate::error::{Error, Result};

/// Answers, at the end of tracing, where an object is now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Survivors<'a> {
    /// The space that survivors moved out of.
    pub(crate) from: RegionView,
    /// Where the objects in it ended.
    pub(crate) from_end: u64,
    /// Where the first survivor is now.
    pub(crate) to_start: u64,
    /// Where the last one ends.
    pub(crate) to_end: u64,
    /// The collection.
    pub(crate) collection: PhantomData<&'a ()>,
}

impl Survivors<'_> {
    /// Where the object that was at `old` is now, or `None` if it died.
    #[inline]
    pub(crate) fn get(&self, old: GcRef) -> Result<Option<GcRef>> {
        // Tables are the library's own memory; the load checks the rest.
        debug_assert!(old.is_object() && old.offset() < self.from_end);
        let header = ObjectHeader::from_bits(self.from.load_u64(old.offset())?);
        match header.forwarded() {
            None => Ok(None),
            Some(new) if new.lies_in(self.to_start, self.to_end) => Ok(Some(new)),
            Some(new) => Err(Error::internal("a wrong forwarding", new.raw().into())),
        }
    }
}

/// A table that refers to objects without keeping them alive.
pub(crate) trait WeakTable {
    /// Updates each entry to where its object is now, and removes or sets aside
    /// those whose object died. Needs no memory; calls no foreign code.
    fn sweep(&mut self, survivors: &Survivors<'_>) -> Result<()>;
}
