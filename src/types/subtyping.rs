//! Whether a type may be declared a subtype of another, field by field.

use super::group::RegisteredType;
use super::heap_type::{FieldType, HeapType, RefType, StorageType, ValType};
use super::layout::Admits;
use super::rec_group::Composite;
use crate::error::{Error, Result};

/// Finds the types of a registry by their indices, those of the group that is being
/// registered among them.
pub(super) trait Types {
    /// The type with this index.
    fn get(&self, index: u32) -> Option<&RegisteredType>;
}

/// Whether each object of `a` has what one of `b` has.
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

/// A mutable field must be the same, a constant one may be narrower.
fn field(types: &impl Types, a: &FieldType<u32>, b: &FieldType<u32>) -> bool {
    if a.mutable || b.mutable {
        return a == b;
    }
    storage(types, &a.storage, &b.storage)
}

/// Whether all that is stored as `a` may be stored as `b`.
pub(super) fn storage(types: &impl Types, a: &StorageType<u32>, b: &StorageType<u32>) -> bool {
    match (a, b) {
        (StorageType::Val(a), StorageType::Val(b)) => value(types, a, b),
        (a, b) => a == b,
    }
}

/// Whether each value of `a` is one of `b`.
pub(super) fn value(types: &impl Types, a: &ValType<u32>, b: &ValType<u32>) -> bool {
    match (a, b) {
        (ValType::Ref(a), ValType::Ref(b)) => reference(types, a, b),
        (a, b) => a == b,
    }
}

/// Whether each reference of `a` is one of `b`.
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

/// What a slot of this type admits.
///
/// Errors: [`Error::Internal`] if there is no such type.
pub(super) fn admits(types: &impl Types, slot: &RefType<u32>) -> Result<Admits> {
    let index = match slot.heap {
        HeapType::Abstract(above) => return Ok(Admits::of_abstract(above, slot.nullable)),
        HeapType::Concrete(index) => index,
    };
    let concrete = types.get(index).ok_or(Error::internal(
        "a type index that does not exist",
        index.into(),
    ))?;
    Ok(concrete.admits(slot.nullable))
}
