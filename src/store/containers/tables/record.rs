//! The record of a table: everything but its elements.

use crate::error::{Error, Result};
use crate::roots::{self, RecordSlots};
use crate::types::FieldLayout;

/// A store's tables.
pub(crate) type Tables = RecordSlots<{ roots::TABLE }, Table>;

/// A table, without its elements.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table {
    /// The references that the table admits, and where the first element is in the array.
    pub(crate) element: FieldLayout,
    /// The index of the array's hidden type.
    pub(crate) array_type: u32,
    /// The number of elements.
    pub(crate) size: u32,
    /// The greatest size that the table may grow to. It may be greater than the greatest
    /// length of an array.
    pub(crate) maximum: u64,
}

/// The size of a table as a `u32`, the type of an array's length.
///
/// Errors: [`Error::Limit`] for a greater size.
pub(crate) fn array_length(size: u64) -> Result<u32> {
    u32::try_from(size).map_err(|_| Error::Limit {
        what: "elements of a table",
        limit: u32::MAX.into(),
    })
}

impl Table {
    /// The size after growing by `delta` elements.
    ///
    /// Errors: [`Error::Limit`].
    pub(crate) fn grown(&self, delta: u64) -> Result<u32> {
        let size = u64::from(self.size).saturating_add(delta);
        if size > self.maximum {
            return Err(Error::Limit {
                what: "elements of the table",
                limit: self.maximum,
            });
        }
        array_length(size)
    }

    /// The lengths to try for an array of `size` elements, best first, each once: twice
    /// the old size, so that growing one by one takes linear time; an eighth more than
    /// the old size; `size` itself (OBJECTS-14).
    pub(crate) fn array_lengths(&self, size: u32) -> impl Iterator<Item = u32> {
        let max = u32::try_from(self.maximum).unwrap_or(u32::MAX);
        let longer = |by: u32| size.max(self.size.saturating_add(by).min(max));
        let lengths = [longer(self.size), longer(self.size / 8), size];
        let is_first = move |place: &usize| *place == 0 || lengths[*place] != lengths[place - 1];
        (0..lengths.len())
            .filter(is_first)
            .map(move |place| lengths[place])
    }
}
