//! Conversion of the API's types to declarations for the core.

use core::convert::Infallible;

use super::heap_type::{Member, Named};
use super::{FieldType, StorageType, ValType};
use crate::base::fallible;
use crate::error::Result;
use crate::types::{
    self, Composite, Declared, RecGroup, Type, check_field_count, check_value_counts,
};

/// A name for a member of a rec group that is being declared.
pub(super) trait MemberName {
    /// The member's index in the collection.
    fn index(&self) -> u32;
}

impl MemberName for Member {
    fn index(&self) -> u32 {
        self.0
    }
}

impl MemberName for Infallible {
    fn index(&self) -> u32 {
        match *self {}
    }
}

/// Declares a struct with these fields.
///
/// Errors: [`Error::Limit`](crate::Error::Limit),
/// [`Error::SystemMemory`](crate::Error::SystemMemory). All functions of this file can
/// return these two.
pub(super) fn struct_of<M: MemberName>(
    group: &mut RecGroup,
    fields: impl IntoIterator<Item = FieldType<M>>,
) -> Result<Composite<Declared>> {
    let mut declared = Vec::new();
    for declaring in fields {
        check_field_count(declared.len() + 1)?;
        fallible::push(&mut declared, field(group, &declaring)?)?;
    }
    Ok(Composite::Struct(declared))
}

/// Declares an array with these elements.
pub(super) fn array_of<M: MemberName>(
    group: &mut RecGroup,
    element: &FieldType<M>,
) -> Result<Composite<Declared>> {
    Ok(Composite::Array(field(group, element)?))
}

/// Declares a function.
pub(super) fn func_of<M: MemberName>(
    group: &mut RecGroup,
    params: impl IntoIterator<Item = ValType<M>>,
    results: impl IntoIterator<Item = ValType<M>>,
) -> Result<Composite<Declared>> {
    let (mut declared_params, mut declared_results) = (Vec::new(), Vec::new());
    for param in params {
        check_value_counts(declared_params.len() + 1, 0)?;
        fallible::push(&mut declared_params, value(group, &param)?)?;
    }
    for result in results {
        check_value_counts(0, declared_results.len() + 1)?;
        fallible::push(&mut declared_results, value(group, &result)?)?;
    }
    Ok(Composite::Func {
        params: declared_params,
        results: declared_results,
    })
}

/// Refers to a registered type. The group keeps the type alive.
pub(super) fn registered(group: &mut RecGroup, of: &Type) -> Result<Declared> {
    group.refer_to(of.try_clone()?)
}

fn field<M: MemberName>(
    group: &mut RecGroup,
    field: &FieldType<M>,
) -> Result<types::FieldType<Declared>> {
    Ok(types::FieldType {
        storage: match &field.element_type {
            StorageType::I8 => types::StorageType::I8,
            StorageType::I16 => types::StorageType::I16,
            StorageType::ValType(of) => types::StorageType::Val(value(group, of)?),
        },
        mutable: field.mutability.is_var(),
    })
}

fn value<M: MemberName>(
    group: &mut RecGroup,
    value: &ValType<M>,
) -> Result<types::ValType<Declared>> {
    Ok(match value {
        ValType::I32 => types::ValType::I32,
        ValType::I64 => types::ValType::I64,
        ValType::F32 => types::ValType::F32,
        ValType::F64 => types::ValType::F64,
        ValType::V128 => types::ValType::V128,
        ValType::Ref(reference) => types::ValType::Ref(types::RefType {
            nullable: reference.is_nullable,
            heap: match reference.heap_type.named() {
                Named::Abstract(of) => types::HeapType::Abstract(of),
                Named::Registered(of) => types::HeapType::Concrete(registered(group, of)?),
                Named::Member(member) => types::HeapType::Concrete(Declared::Local(member.index())),
            },
        }),
    })
}
