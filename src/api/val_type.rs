//! Types of values.

use core::convert::Infallible;

use super::RefType;
use crate::types::{self, Type};

/// The type of a value: of a parameter, a result, a global, or an unpacked field.
///
/// ```
/// use gcroots::{RefType, ValType};
///
/// assert!(ValType::I32.matches(&ValType::I32));
/// assert!(!ValType::I32.matches(&ValType::I64));
/// assert!(ValType::from(RefType::NULLREF).matches(&ValType::Ref(RefType::EQREF)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ValType<M = Infallible> {
    /// A 32-bit integer.
    I32,
    /// A 64-bit integer.
    I64,
    /// A 32-bit float.
    F32,
    /// A 64-bit float.
    F64,
    /// 128 bits.
    V128,
    /// A reference.
    Ref(RefType<M>),
}

impl ValType {
    /// The type for the core.
    pub(super) fn to_core(&self) -> types::ValType<&Type> {
        match self {
            ValType::I32 => types::ValType::I32,
            ValType::I64 => types::ValType::I64,
            ValType::F32 => types::ValType::F32,
            ValType::F64 => types::ValType::F64,
            ValType::V128 => types::ValType::V128,
            ValType::Ref(reference) => types::ValType::Ref(reference.to_core()),
        }
    }

    /// Whether this type is `other` or a subtype of it. Types of different engines never
    /// match.
    pub fn matches(&self, other: &ValType) -> bool {
        match (self, other) {
            (ValType::Ref(a), ValType::Ref(b)) => a.matches(b),
            (a, b) => a == b,
        }
    }
}

impl<M> From<RefType<M>> for ValType<M> {
    fn from(reference: RefType<M>) -> ValType<M> {
        ValType::Ref(reference)
    }
}
