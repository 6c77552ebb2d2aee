//! Types of fields and elements.

use core::convert::Infallible;

use super::{RefType, ValType};

/// Whether a field may be set.
///
/// ```
/// use gcroots::Mutability;
///
/// assert!(Mutability::Var.is_var());
/// assert!(Mutability::Const.is_const());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mutability {
    /// It keeps the value that its object was made with.
    Const,
    /// It may be set.
    Var,
}

impl Mutability {
    /// Whether it is [`Mutability::Const`].
    pub fn is_const(&self) -> bool {
        *self == Mutability::Const
    }

    /// Whether it is [`Mutability::Var`].
    pub fn is_var(&self) -> bool {
        *self == Mutability::Var
    }
}

/// What a field or an element stores.
///
/// ```
/// use gcroots::{RefType, StorageType, ValType};
///
/// assert!(StorageType::I8.matches(&StorageType::I8));
/// assert!(!StorageType::I8.matches(&StorageType::I16));
/// let reference = StorageType::from(RefType::ANYREF);
/// assert_eq!(reference.unwrap_val_type(), &ValType::from(RefType::ANYREF));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum StorageType<M = Infallible> {
    /// 8 bits, packed: set to the lower bits of an `i32`, and read as one.
    I8,
    /// 16 bits, packed.
    I16,
    /// A value.
    ValType(ValType<M>),
}

impl StorageType {
    /// The type of the values that it stores as they are.
    ///
    /// # Panics
    ///
    /// If it is packed.
    #[track_caller]
    pub fn unwrap_val_type(&self) -> &ValType {
        match self {
            StorageType::ValType(of) => of,
            _ => panic!("a packed field is of no value type"),
        }
    }

    /// Whether all that is stored as this may be stored as `other`. Types of two
    /// engines never match.
    pub fn matches(&self, other: &StorageType) -> bool {
        match (self, other) {
            (StorageType::ValType(a), StorageType::ValType(b)) => a.matches(b),
            (a, b) => a == b,
        }
    }
}

impl<M> From<ValType<M>> for StorageType<M> {
    fn from(of: ValType<M>) -> StorageType<M> {
        StorageType::ValType(of)
    }
}

impl<M> From<RefType<M>> for StorageType<M> {
    fn from(reference: RefType<M>) -> StorageType<M> {
        StorageType::ValType(reference.into())
    }
}

/// A field of a struct, or the elements of an array.
///
/// ```
/// use gcroots::{FieldType, Mutability, RefType, StorageType, ValType};
///
/// let counter = FieldType::new(Mutability::Var, ValType::I64);
/// assert_eq!(counter.mutability(), Mutability::Var);
/// assert_eq!(counter.element_type(), &StorageType::ValType(ValType::I64));
///
/// // One that cannot be set may be narrower than its supertype's.
/// let any = FieldType::new(Mutability::Const, RefType::ANYREF);
/// let narrower = FieldType::new(Mutability::Const, RefType::EQREF);
/// assert!(narrower.matches(&any));
/// assert!(!counter.matches(&any));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FieldType<M = Infallible> {
    pub(super) mutability: Mutability,
    pub(super) element_type: StorageType<M>,
}

impl<M> FieldType<M> {
    /// A field that stores this.
    pub fn new(mutability: Mutability, element_type: impl Into<StorageType<M>>) -> FieldType<M> {
        FieldType {
            mutability,
            element_type: element_type.into(),
        }
    }
}

impl FieldType {
    /// Whether it may be set.
    pub fn mutability(&self) -> Mutability {
        self.mutability
    }

    /// What it stores.
    pub fn element_type(&self) -> &StorageType {
        &self.element_type
    }

    /// Whether a field of this type may stand where a supertype has one of `other`:
    /// if either may be set, only the same. Types of two engines never match.
    pub fn matches(&self, other: &FieldType) -> bool {
        if self.mutability.is_var() || other.mutability.is_var() {
            return self == other;
        }
        self.element_type.matches(&other.element_type)
    }
}
