//! The rules of subtyping, from whole types down to references.

use super::admits::Admits;
use super::composite::{Composite, FieldType, StorageType, ValType};
use super::group::RegisteredType;
use super::heap_type::{HeapType, RefType};
use super::registry::{Inner, Registry, unknown_index};
use crate::error::Result;

/// Finds types by their indices. An implementation may also find types of a group that is
/// not registered yet.
pub(super) trait Types {
    /// The type with this index.
    fn get(&self, index: u32) -> Option<&RegisteredType>;
}

impl Types for Inner {
    fn get(&self, index: u32) -> Option<&RegisteredType> {
        self.registered(index).map(|(_, registered)| registered)
    }
}

impl Registry {
    /// Whether each element of an array of type `from` may be an element of an array of
    /// type `to`. Both types must be of this registry. Takes the lock.
    pub(crate) fn elements_fit(&self, from: &RegisteredType, to: &RegisteredType) -> bool {
        let inner = self.inner.lock();
        match (&from.composite, &to.composite) {
            (Composite::Array(from), Composite::Array(to)) => {
                storage(&*inner, &from.storage, &to.storage)
            }
            _ => false,
        }
    }
}

/// Whether the structure `a` matches the structure `b` of a declared supertype.
pub(super) fn composite(types: &impl Types, a: &Composite<u32>, b: &Composite<u32>) -> bool {
    match (a, b) {
        (Composite::Struct(a), Composite::Struct(b)) => {
            a.len() >= b.len() && a.iter().zip(b).all(|(a, b)| field(types, a, b))
        }
        (Composite::Array(a), Composite::Array(b)) => field(types, a, b),
        (
            Composite::Func { params, results },
            Composite::Func {
                params: other_params,
                results: other_results,
            },
        ) => {
            params.len() == other_params.len()
                && results.len() == other_results.len()
                && other_params
                    .iter()
                    .zip(params)
                    .all(|(b, a)| value(types, b, a))
                && results
                    .iter()
                    .zip(other_results)
                    .all(|(a, b)| value(types, a, b))
        }
        _ => false,
    }
}

/// Whether a field of type `a` may stand for one of type `b`. A mutable field must have
/// the same type. A constant field may have a subtype.
fn field(types: &impl Types, a: &FieldType<u32>, b: &FieldType<u32>) -> bool {
    if a.mutable || b.mutable {
        return a == b;
    }
    storage(types, &a.storage, &b.storage)
}

/// Whether everything stored as `a` may be stored as `b`.
pub(super) fn storage(types: &impl Types, a: &StorageType<u32>, b: &StorageType<u32>) -> bool {
    match (a, b) {
        (StorageType::Val(a), StorageType::Val(b)) => value(types, a, b),
        (a, b) => a == b,
    }
}

/// Whether each value of type `a` is a value of type `b`.
pub(super) fn value(types: &impl Types, a: &ValType<u32>, b: &ValType<u32>) -> bool {
    match (a, b) {
        (ValType::Ref(a), ValType::Ref(b)) => reference(types, a, b),
        (a, b) => a == b,
    }
}

/// Whether each reference of type `a` is a reference of type `b`.
pub(super) fn reference(types: &impl Types, a: &RefType<u32>, b: &RefType<u32>) -> bool {
    (b.nullable || !a.nullable) && heap(types, a.heap, b.heap)
}

fn heap(types: &impl Types, a: HeapType<u32>, b: HeapType<u32>) -> bool {
    match (a, b) {
        (HeapType::Abstract(a), HeapType::Abstract(b)) => a.is_subtype_of(b),
        (HeapType::Concrete(a), HeapType::Abstract(b)) => types
            .get(a)
            .is_some_and(|a| a.composite.abstract_type().is_subtype_of(b)),
        (HeapType::Abstract(a), HeapType::Concrete(b)) => types
            .get(b)
            .is_some_and(|b| a.is_bottom() && a.top() == b.composite.abstract_type().top()),
        (HeapType::Concrete(a), HeapType::Concrete(b)) => match (types.get(a), types.get(b)) {
            (Some(a), Some(b)) => a.is_subtype_of(b),
            _ => false,
        },
    }
}

/// The references that a reference type admits.
///
/// Errors: [`Error::Internal`](crate::error::Error::Internal) if `types` does not have
/// the concrete type.
pub(super) fn admits(types: &impl Types, of: &RefType<u32>) -> Result<Admits> {
    let index = match of.heap {
        HeapType::Abstract(above) => return Ok(Admits::of_abstract(above, of.nullable)),
        HeapType::Concrete(index) => index,
    };
    let concrete = types.get(index).ok_or(unknown_index(index))?;
    Ok(concrete.admits(of.nullable))
}
