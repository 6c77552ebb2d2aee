//! What a table is, apart from its elements.

use crate::error::{Error, Result};
use crate::roots::{self, RecordSlots};
use crate::types::FieldLayout;

/// A store's tables.
pub(crate) type Tables = RecordSlots<{ roots::TABLE }, Table>;

/// What a table is, apart from its elements.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table {
    /// What its elements may be, and where the first is in the array.
    pub(crate) element: FieldLayout,
    /// The index of the array's type.
    pub(crate) array_type: u32,
    /// How many elements there are.
    pub(crate) size: u32,
    /// How many there may be; more than an array has is as good as no limit.
    pub(crate) maximum: u64,
}

/// How many elements a table has that is to have so many: an array's length.
///
/// Errors: [`Error::Limit`].
pub(crate) fn limited(size: u64) -> Result<u32> {
    u32::try_from(size).map_err(|_| Error::Limit {
        what: "elements of a table",
        limit: u32::MAX.into(),
    })
}

impl Table {
    /// The size with `delta` elements more.
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
        limited(size)
    }

    /// How long an array for `size` elements should be, best first: twice as long as
    /// what it replaces, so that growing one by one takes time in proportion; if there
    /// is no room for that, longer by an eighth; at last as long as it must be.
    pub(crate) fn lengths(&self, size: u32) -> impl Iterator<Item = u32> {
        let most = u32::try_from(self.maximum).unwrap_or(u32::MAX);
        let longer = |by: u32| size.max(self.size.saturating_add(by).min(most));
        let lengths = [longer(self.size), longer(self.size / 8), size];
        // Once each.
        let is_first = move |place: &usize| *place == 0 || lengths[*place] != lengths[place - 1];
        (0..lengths.len())
            .filter(is_first)
            .map(move |place| lengths[place])
    }
}
