//! Types of globals.

use super::{Mutability, ValType};

/// The type of a global: the type of its value, and whether it is mutable.
///
/// ```
/// use gcroots::{GlobalType, Mutability, ValType};
///
/// let ty = GlobalType::new(ValType::I32, Mutability::Var);
/// assert_eq!(ty.content(), &ValType::I32);
/// assert_eq!(ty.mutability(), Mutability::Var);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GlobalType {
    content: ValType,
    mutability: Mutability,
}

impl GlobalType {
    /// Makes a global type.
    pub fn new(content: ValType, mutability: Mutability) -> GlobalType {
        GlobalType {
            content,
            mutability,
        }
    }

    /// The type of the value.
    pub fn content(&self) -> &ValType {
        &self.content
    }

    /// Whether the value is mutable.
    pub fn mutability(&self) -> Mutability {
        self.mutability
    }
}
