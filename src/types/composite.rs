//! Value types, field types, and the composite types that are made of them.
//!
//! `C` names a concrete type. Each stage has its own names: [`Declared`] while a group is
//! declared, [`Canonical`] in its canonical form, and the type's index once it is
//! registered.
//!
//! [`Declared`]: super::rec_group::Declared
//! [`Canonical`]: super::canonical::Canonical

use super::heap_type::{AbstractType, HeapType, RefType};
use super::limits::{check_field_count, check_value_counts};
use crate::base::fallible;
use crate::error::Result;

/// The type of a parameter or result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ValType<C> {
    /// A 32-bit integer.
    I32,
    /// A 64-bit integer.
    I64,
    /// A 32-bit float.
    F32,
    /// A 64-bit float.
    F64,
    /// A vector of 128 bits.
    V128,
    /// A reference.
    Ref(RefType<C>),
}

impl<C: Copy> ValType<C> {
    /// The same type with other names for concrete types.
    ///
    /// Errors: those of `name`.
    pub(crate) fn rename<D>(&self, name: &mut impl FnMut(C) -> Result<D>) -> Result<ValType<D>> {
        Ok(match self {
            ValType::I32 => ValType::I32,
            ValType::I64 => ValType::I64,
            ValType::F32 => ValType::F32,
            ValType::F64 => ValType::F64,
            ValType::V128 => ValType::V128,
            ValType::Ref(reference) => ValType::Ref(RefType {
                nullable: reference.nullable,
                heap: match reference.heap {
                    HeapType::Abstract(abstract_type) => HeapType::Abstract(abstract_type),
                    HeapType::Concrete(concrete) => HeapType::Concrete(name(concrete)?),
                },
            }),
        })
    }
}

/// What a field or element stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StorageType<C> {
    /// An 8-bit integer, read as an `i32`.
    I8,
    /// A 16-bit integer, read as an `i32`.
    I16,
    /// A value.
    Val(ValType<C>),
}

/// The type of a field of a struct, or of the elements of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FieldType<C> {
    /// What is stored.
    pub(crate) storage: StorageType<C>,
    /// Whether it may be set.
    pub(crate) mutable: bool,
}

impl<C: Copy> FieldType<C> {
    fn rename<D>(&self, name: &mut impl FnMut(C) -> Result<D>) -> Result<FieldType<D>> {
        Ok(FieldType {
            storage: match &self.storage {
                StorageType::I8 => StorageType::I8,
                StorageType::I16 => StorageType::I16,
                StorageType::Val(value) => StorageType::Val(value.rename(name)?),
            },
            mutable: self.mutable,
        })
    }
}

/// The structure of a type, without its supertype.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Composite<C> {
    /// A struct, by its fields.
    Struct(Vec<FieldType<C>>),
    /// An array, by its elements.
    Array(FieldType<C>),
    /// A function.
    Func {
        /// Its parameters.
        params: Vec<ValType<C>>,
        /// Its results.
        results: Vec<ValType<C>>,
    },
}

impl<C> Composite<C> {
    /// The abstract type directly above it.
    pub(crate) fn abstract_type(&self) -> AbstractType {
        match self {
            Composite::Struct(_) => AbstractType::Struct,
            Composite::Array(_) => AbstractType::Array,
            Composite::Func { .. } => AbstractType::Func,
        }
    }

    /// The number of fields of a struct. 1 for an array: its element. The number of
    /// parameters and results of a function.
    pub(crate) fn len(&self) -> usize {
        match self {
            Composite::Struct(fields) => fields.len(),
            Composite::Array(_) => 1,
            Composite::Func { params, results } => params.len() + results.len(),
        }
    }

    /// Checks the numbers of fields, parameters and results.
    ///
    /// Errors: [`Error::Limit`](crate::error::Error::Limit).
    pub(super) fn check_limits(&self) -> Result<()> {
        match self {
            Composite::Struct(fields) => check_field_count(fields.len()),
            Composite::Array(_) => Ok(()),
            Composite::Func { params, results } => check_value_counts(params.len(), results.len()),
        }
    }
}

impl<C: Copy> Composite<C> {
    /// What a field stores, and whether it may be set. Indices are those of
    /// [`Composite::len`]. `None` if the index is too high.
    #[inline]
    pub(crate) fn field(&self, index: usize) -> Option<(StorageType<C>, bool)> {
        match self {
            Composite::Struct(fields) => fields.get(index).map(|f| (f.storage, f.mutable)),
            Composite::Array(element) => (index == 0).then_some((element.storage, element.mutable)),
            Composite::Func { params, results } => {
                let value = params.iter().chain(results).nth(index)?;
                Some((StorageType::Val(*value), false))
            }
        }
    }
}

/// A type as a member of a group.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SubType<C> {
    /// Whether no type may declare it as its supertype.
    pub(crate) is_final: bool,
    /// The declared supertype.
    pub(crate) supertype: Option<C>,
    /// Its structure.
    pub(crate) composite: Composite<C>,
}

impl<C: Copy> SubType<C> {
    /// The same type with other names for concrete types.
    ///
    /// Errors: those of `name`, [`Error::SystemMemory`](crate::error::Error::SystemMemory).
    pub(crate) fn rename<D>(&self, mut name: impl FnMut(C) -> Result<D>) -> Result<SubType<D>> {
        let name = &mut name;
        let composite = match &self.composite {
            Composite::Struct(fields) => {
                Composite::Struct(try_map(fields, |field| field.rename(name))?)
            }
            Composite::Array(element) => Composite::Array(element.rename(name)?),
            Composite::Func { params, results } => Composite::Func {
                params: try_map(params, |param| param.rename(name))?,
                results: try_map(results, |result| result.rename(name))?,
            },
        };
        Ok(SubType {
            is_final: self.is_final,
            supertype: self.supertype.map(name).transpose()?,
            composite,
        })
    }
}

/// Converts each element of a list. The new list has no spare room.
///
/// Errors: those of `convert`, [`Error::SystemMemory`](crate::error::Error::SystemMemory).
pub(super) fn try_map<A, B>(
    from: &[A],
    mut convert: impl FnMut(&A) -> Result<B>,
) -> Result<Vec<B>> {
    let mut to = fallible::with_room(from.len())?;
    for item in from {
        fallible::push(&mut to, convert(item)?)?;
    }
    Ok(to)
}

/// Which other groups a group may equal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Equality {
    /// All groups that are declared alike.
    #[default]
    Declared,
    /// The hidden groups that are declared alike (TYPES-5).
    Hidden,
    /// No group, not even itself: each registration makes new types (TYPES-19).
    Unique,
}
