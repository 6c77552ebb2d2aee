//! Types of tables.

use super::RefType;

/// The type of a table: the type of its elements, their initial number, and their maximum
/// number.
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
    /// Makes a table type. A table of the type has `minimum` elements at first, and at most
    /// `maximum` elements.
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

    /// The initial number of elements. [`Table::ty`](crate::Table::ty) returns a type whose
    /// minimum is the table's current number of elements.
    pub fn minimum(&self) -> u64 {
        self.minimum
    }

    /// The maximum number of elements, if there is one.
    pub fn maximum(&self) -> Option<u64> {
        self.maximum
    }
}
