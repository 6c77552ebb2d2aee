//! A rec group as it is declared, before it is registered.

use super::group::Type;
use super::heap_type::{AbstractType, FieldType, HeapType, RefType, StorageType, ValType};
use crate::base::fallible;
use crate::error::{Error, Result};

/// The most members of a group, and types of a collection.
pub(crate) const MEMBERS_MAX: usize = 1_000_000;
/// The most fields of a struct, as in WebAssembly's JavaScript embedding.
pub(crate) const FIELDS_MAX: usize = 10_000;
/// The most parameters, and the most results, of a function.
pub(crate) const PARAMETERS_MAX: usize = 1_000;
/// The most supertypes above a type.
pub(crate) const DEPTH_MAX: usize = 63;

/// Names a concrete type in a declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Declared {
    /// By its index in the collection that is registered together: a member of the
    /// same group, or of one before.
    Local(u32),
    /// By its place in [`RecGroup::outside`].
    Outside(u32),
}

/// What a type is, apart from its place in the order of types.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Composite<C> {
    /// Fields.
    Struct(Vec<FieldType<C>>),
    /// Elements.
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
    /// The abstract type just above it.
    pub(crate) fn abstract_type(&self) -> AbstractType {
        match self {
            Composite::Struct(_) => AbstractType::Struct,
            Composite::Array(_) => AbstractType::Array,
            Composite::Func { .. } => AbstractType::Func,
        }
    }

    /// How many fields there are: an array has one, its element, a function its
    /// parameters and results.
    pub(crate) fn len(&self) -> usize {
        match self {
            Composite::Struct(fields) => fields.len(),
            Composite::Array(_) => 1,
            Composite::Func { params, results } => params.len() + results.len(),
        }
    }
}

/// A member of a group.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SubType<C> {
    /// Whether no type may name it as its supertype.
    pub(crate) is_final: bool,
    /// The supertype that it names.
    pub(crate) supertype: Option<C>,
    /// What it is.
    pub(crate) composite: Composite<C>,
}

impl<C: Copy> SubType<C> {
    /// The same with other names for concrete types.
    pub(crate) fn rename<D>(&self, mut name: impl FnMut(C) -> Result<D>) -> Result<SubType<D>> {
        let name = &mut name;
        let composite = match &self.composite {
            Composite::Struct(fields) => {
                Composite::Struct(collect(fields, |field| rename_field(field, name))?)
            }
            Composite::Array(element) => Composite::Array(rename_field(element, name)?),
            Composite::Func { params, results } => Composite::Func {
                params: collect(params, |param| rename_value(param, name))?,
                results: collect(results, |result| rename_value(result, name))?,
            },
        };
        Ok(SubType {
            is_final: self.is_final,
            supertype: self.supertype.map(name).transpose()?,
            composite,
        })
    }
}

/// Converts a list.
pub(super) fn collect<A, B>(
    from: &[A],
    mut convert: impl FnMut(&A) -> Result<B>,
) -> Result<Vec<B>> {
    let mut to = Vec::new();
    to.try_reserve_exact(from.len())
        .map_err(|_| fallible::refused(size_of_val(from)))?;
    for item in from {
        fallible::push(&mut to, convert(item)?)?;
    }
    Ok(to)
}

fn rename_field<C: Copy, D>(
    field: &FieldType<C>,
    name: &mut impl FnMut(C) -> Result<D>,
) -> Result<FieldType<D>> {
    Ok(FieldType {
        storage: match &field.storage {
            StorageType::I8 => StorageType::I8,
            StorageType::I16 => StorageType::I16,
            StorageType::Val(value) => StorageType::Val(rename_value(value, name)?),
        },
        mutable: field.mutable,
    })
}

fn rename_value<C: Copy, D>(
    value: &ValType<C>,
    name: &mut impl FnMut(C) -> Result<D>,
) -> Result<ValType<D>> {
    Ok(match value {
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

/// A group that is being declared.
#[derive(Debug, Default)]
pub(crate) struct RecGroup {
    members: Vec<SubType<Declared>>,
    /// Registered types that members refer to.
    outside: Vec<Type>,
    /// Whether it is one of [`RecGroup::of_one_holding`], which equals no other.
    is_hidden: bool,
}

impl RecGroup {
    /// A hidden group of one final type that `composite` makes of a field that may be set and
    /// holds values of this type.
    ///
    /// Errors: [`Error::Limit`], [`Error::SystemMemory`].
    pub(crate) fn of_one_holding(
        value: ValType<&Type>,
        composite: impl FnOnce(FieldType<Declared>) -> Result<Composite<Declared>>,
    ) -> Result<RecGroup> {
        let mut group = RecGroup {
            is_hidden: true,
            ..RecGroup::default()
        };
        let value = rename_value(&value, &mut |of: &Type| group.refer_to(of.try_clone()?))?;
        let composite = composite(FieldType {
            storage: StorageType::Val(value),
            mutable: true,
        })?;
        group.add(SubType {
            is_final: true,
            supertype: None,
            composite,
        })?;
        Ok(group)
    }

    /// Adds a member and returns its position.
    ///
    /// Errors: [`Error::Limit`], [`Error::SystemMemory`].
    pub(crate) fn add(&mut self, member: SubType<Declared>) -> Result<u32> {
        check_limits(&member.composite)?;
        if self.members.len() >= MEMBERS_MAX {
            return Err(limit("members of a rec group", MEMBERS_MAX));
        }
        let position = self.members.len() as u32;
        fallible::push(&mut self.members, member)?;
        Ok(position)
    }

    /// Keeps a registered type for members to refer to.
    ///
    /// Errors: [`Error::SystemMemory`].
    pub(crate) fn refer_to(&mut self, registered: Type) -> Result<Declared> {
        let place = self.outside.len() as u32;
        fallible::push(&mut self.outside, registered)?;
        Ok(Declared::Outside(place))
    }

    /// How many registered types members refer to.
    pub(crate) fn outside_count(&self) -> usize {
        self.outside.len()
    }

    /// Lets go all registered types but the first `count`: those of a member that was
    /// not added.
    pub(crate) fn forget_outside(&mut self, count: usize) {
        self.outside.truncate(count);
    }

    /// Whether no group that is declared equals it.
    pub(crate) fn is_hidden(&self) -> bool {
        self.is_hidden
    }

    /// The members, in order.
    pub(crate) fn members(&self) -> &[SubType<Declared>] {
        &self.members
    }

    /// The registered type that `Declared::Outside(place)` names.
    pub(crate) fn outside(&self, place: u32) -> Option<&Type> {
        self.outside.get(place as usize)
    }
}

impl<C: Copy> Composite<C> {
    /// What a field stores, and whether it may be set.
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

/// Whether a struct may have so many fields.
///
/// Errors: [`Error::Limit`].
pub(crate) fn check_field_count(count: usize) -> Result<()> {
    at_most(count, FIELDS_MAX, "fields of a struct")
}

/// Whether a function may have so many parameters and results.
///
/// Errors: [`Error::Limit`].
pub(crate) fn check_value_counts(params: usize, results: usize) -> Result<()> {
    at_most(params, PARAMETERS_MAX, "parameters of a function")?;
    at_most(results, PARAMETERS_MAX, "results of a function")
}

fn check_limits<C>(composite: &Composite<C>) -> Result<()> {
    match composite {
        Composite::Struct(fields) => check_field_count(fields.len()),
        Composite::Array(_) => Ok(()),
        Composite::Func { params, results } => check_value_counts(params.len(), results.len()),
    }
}

pub(super) fn at_most(count: usize, most: usize, what: &'static str) -> Result<()> {
    if count > most {
        return Err(limit(what, most));
    }
    Ok(())
}

pub(super) fn limit(what: &'static str, limit: usize) -> Error {
    Error::Limit {
        what,
        limit: limit as u64,
    }
}
