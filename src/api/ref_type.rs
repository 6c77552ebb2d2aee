//! Types of references.

use core::convert::Infallible;

use super::HeapType;
use super::heap_type::Named;
use crate::types::{self, Type};

/// The type of a reference: the heap type of its referent, and whether it is nullable.
///
/// ```
/// use gcroots::{HeapType, RefType};
///
/// let never_null = RefType::new(false, HeapType::Any);
/// assert!(!never_null.is_nullable());
/// assert_eq!(never_null.heap_type(), &HeapType::Any);
/// assert!(never_null.matches(&RefType::ANYREF));
/// assert!(!RefType::ANYREF.matches(&never_null));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RefType<M = Infallible> {
    pub(super) is_nullable: bool,
    pub(super) heap_type: HeapType<M>,
}

impl<M> RefType<M> {
    /// Null or an external reference.
    pub const EXTERNREF: RefType<M> = RefType::new(true, HeapType::Extern);
    /// The null external reference.
    pub const NULLEXTERNREF: RefType<M> = RefType::new(true, HeapType::NoExtern);
    /// Null or a function.
    pub const FUNCREF: RefType<M> = RefType::new(true, HeapType::Func);
    /// The null function.
    pub const NULLFUNCREF: RefType<M> = RefType::new(true, HeapType::NoFunc);
    /// Null or an internal reference.
    pub const ANYREF: RefType<M> = RefType::new(true, HeapType::Any);
    /// Null or a comparable internal reference.
    pub const EQREF: RefType<M> = RefType::new(true, HeapType::Eq);
    /// Null or a 31-bit integer.
    pub const I31REF: RefType<M> = RefType::new(true, HeapType::I31);
    /// Null or an array.
    pub const ARRAYREF: RefType<M> = RefType::new(true, HeapType::Array);
    /// Null or a struct.
    pub const STRUCTREF: RefType<M> = RefType::new(true, HeapType::Struct);
    /// The null internal reference.
    pub const NULLREF: RefType<M> = RefType::new(true, HeapType::None);
    /// Null or an exception.
    pub const EXNREF: RefType<M> = RefType::new(true, HeapType::Exn);
    /// The null exception.
    pub const NULLEXNREF: RefType<M> = RefType::new(true, HeapType::NoExn);

    /// The type of references to `heap_type`, which includes null if `is_nullable`.
    pub const fn new(is_nullable: bool, heap_type: HeapType<M>) -> RefType<M> {
        RefType {
            is_nullable,
            heap_type,
        }
    }
}

impl RefType {
    /// The type for the core.
    pub(super) fn to_core(&self) -> types::RefType<&Type> {
        types::RefType {
            nullable: self.is_nullable,
            heap: match self.heap_type.named() {
                Named::Abstract(of) => types::HeapType::Abstract(of),
                Named::Registered(of) => types::HeapType::Concrete(of),
                Named::Member(never) => match *never {},
            },
        }
    }

    /// Whether the type includes null.
    pub fn is_nullable(&self) -> bool {
        self.is_nullable
    }

    /// The heap type of the referent.
    pub fn heap_type(&self) -> &HeapType {
        &self.heap_type
    }

    /// Whether this type is `other` or a subtype of it. Types of different engines never
    /// match.
    pub fn matches(&self, other: &RefType) -> bool {
        (other.is_nullable || !self.is_nullable) && self.heap_type.matches(&other.heap_type)
    }
}
