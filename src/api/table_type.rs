//! Types of tables.

use super::RefType;

/// The type of a table: what its elements are, and how many there are and may become.
///
/// ```
/// use gcroots::{RefType, TableType};
///
/// let ty = TableType::new(RefType::ANYREF, 2, Some(10));
/// assert_eq!(ty.element(), &RefType::ANYREF);
/// assert_eq!((ty.minimum(), ty.maximum()), (2, Some(10)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TableType {
    element: RefType,
    minimum: u64,
    maximum: Option<u64>,
}

impl TableType {
    /// The type of tables of these elements: of `minimum` at first, of `maximum` at the
    /// most.
    pub fn new(element: RefType, minimum: u64, maximum: Option<u64>) -> TableType {
        TableType {
            element,
            minimum,
            maximum,
        }
    }

    /// The type of the elements.
    pub fn element(&self) -> &RefType {
        &self.element
    }

    /// How many elements there are at first; of a table's own type how many there are.
    pub fn minimum(&self) -> u64 {
        self.minimum
    }

    /// How many elements there are at the most, if that was said.
    pub fn maximum(&self) -> Option<u64> {
        self.maximum
    }
}
