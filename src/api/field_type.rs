//! Types of fields and elements.

use core::convert::Infallible;

use super::{RefType, ValType};

/// Whether a field is mutable.
///
/// ```
/// use gcroots::Mutability;
///
/// assert!(Mutability::Var.is_var());
/// assert!(Mutability::Const.is_const());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mutability {
    /// The field keeps its initial value.
    Const,
    /// The field can be set.
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

/// The storage type of a field or an element.
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
    /// 8 bits, packed. A write stores the low 8 bits of an `i32`, and a read returns them
    /// as an `i32`.
    I8,
    /// 16 bits, packed in the same way.
    I16,
    /// A value of a value type.
    ValType(ValType<M>),
}

impl StorageType {
    /// The value type.
    ///
    /// # Panics
    ///
    /// Panics if this is a packed type.
    #[track_caller]
    pub fn unwrap_val_type(&self) -> &ValType {
        match self {
            StorageType::ValType(of) => of,
            _ => panic!("a packed field has no value type"),
        }
    }

    /// Whether this type is `other` or a subtype of it. Types of different engines never
    /// match.
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

/// The type of a struct's field or of an array's elements.
///
/// ```
/// use gcroots::{FieldType, Mutability, RefType, StorageType, ValType};
///
/// let counter = FieldType::new(Mutability::Var, ValType::I64);
/// assert_eq!(counter.mutability(), Mutability::Var);
/// assert_eq!(counter.element_type(), &StorageType::ValType(ValType::I64));
///
/// // An immutable field may have a narrower type than the supertype's field.
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
    /// Makes a field type.
    pub fn new(mutability: Mutability, element_type: impl Into<StorageType<M>>) -> FieldType<M> {
        FieldType {
            mutability,
            element_type: element_type.into(),
        }
    }
}

impl FieldType {
    /// Whether the field is mutable.
    pub fn mutability(&self) -> Mutability {
        self.mutability
    }

    /// The storage type.
    pub fn element_type(&self) -> &StorageType {
        &self.element_type
    }

    /// Whether a subtype's field may have this type where the supertype's field has the type
    /// `other`. If either is mutable, both must be equal. Types of different engines never
    /// match.
    pub fn matches(&self, other: &FieldType) -> bool {
        if self.mutability.is_var() || other.mutability.is_var() {
            return self == other;
        }
        self.element_type.matches(&other.element_type)
    }
}
