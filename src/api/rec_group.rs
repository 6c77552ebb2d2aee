//! Rec groups: types that may refer to each other.

use anyhow::Result;

use super::heap_type::Member;
use super::{
    ArrayType, Engine, FieldType, Finality, FuncType, HeapType, StructType, ValType, declare,
};
use crate::base::fallible;
use crate::error;
use crate::types::{self, Composite, Declared, Registry, SubType, Type};

/// The declared supertype of a member of a [`RecGroup`].
///
/// ```
/// use gcroots::{Engine, Finality, Member, RecGroup, Supertype};
///
/// let mut group = RecGroup::new();
/// group.add_struct(Finality::NonFinal, None, [])?;
/// group.add_struct(Finality::Final, Some(Supertype::Member(Member(0))), [])?;
/// let types = RecGroup::register(&Engine::default(), &[&group])?;
/// assert!(types[1].matches(&types[0]));
/// # anyhow::Ok(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Supertype<T> {
    /// A member that is declared earlier, in this group or in an earlier one.
    Member(Member),
    /// A type that is already registered.
    Registered(T),
}

/// Declares types that may refer to each other.
///
/// A collection of groups is registered together, for example all groups of a module. A
/// member refers to members of its own group and of earlier groups. It names them by their
/// index in the collection. Two types are equal if their groups are equal and they have the
/// same position in the group.
///
/// ```
/// use gcroots::{
///     Engine, FieldType, Finality, HeapType, Member, Mutability, RecGroup, RefType, ValType,
/// };
///
/// // A list: a number, and the rest or null.
/// let rest = RefType::new(true, HeapType::Member(Member(0)));
/// let mut list = RecGroup::new();
/// list.add_struct(Finality::Final, None, [
///     FieldType::new(Mutability::Const, ValType::I32),
///     FieldType::new(Mutability::Var, rest),
/// ])?;
/// let types = RecGroup::register(&Engine::default(), &[&list])?;
/// let list = types[0].unwrap_concrete_struct();
///
/// let rest = RefType::new(true, HeapType::ConcreteStruct(list.clone()));
/// assert_eq!(list.field(1), Some(FieldType::new(Mutability::Var, rest)));
/// # anyhow::Ok(())
/// ```
#[derive(Debug, Default)]
pub struct RecGroup(types::RecGroup);

impl RecGroup {
    /// An empty group.
    pub fn new() -> RecGroup {
        RecGroup::default()
    }

    /// Makes the group equal to no other, or undoes that. A unique group gives new types
    /// each time that it is registered.
    ///
    /// ```
    /// use gcroots::{Engine, Finality, RecGroup};
    ///
    /// let engine = Engine::default();
    /// let mut group = RecGroup::new();
    /// group.add_struct(Finality::Final, None, [])?;
    /// group.set_unique(true);
    /// let types = RecGroup::register(&engine, &[&group, &group])?;
    /// assert_ne!(types[0], types[1]);
    /// # anyhow::Ok(())
    /// ```
    pub fn set_unique(&mut self, on: bool) {
        self.0.set_unique(on);
    }

    /// The number of members.
    pub fn len(&self) -> usize {
        self.0.members().len()
    }

    /// Whether the group has no members.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a struct type, and returns its position in the group.
    ///
    /// # Errors
    ///
    /// After an error the group is unchanged.
    ///
    /// * [`Error::Limit`](crate::Error::Limit) for more than 10,000 fields or 1,000,000
    ///   members;
    /// * [`Error::SystemMemory`](crate::Error::SystemMemory).
    pub fn add_struct(
        &mut self,
        finality: Finality,
        supertype: Option<Supertype<StructType>>,
        fields: impl IntoIterator<Item = FieldType<Member>>,
    ) -> Result<u32> {
        let supertype = supertype.as_ref().map(|above| above.core(StructType::core));
        self.add(finality, supertype, |group| {
            declare::struct_of(group, fields)
        })
    }

    /// Adds an array type, and returns its position in the group.
    ///
    /// # Errors
    ///
    /// The errors of [`RecGroup::add_struct`].
    ///
    /// ```
    /// use gcroots::{
    ///     Engine, FieldType, Finality, HeapType, Member, Mutability, RecGroup, RefType,
    /// };
    ///
    /// // A tree: each node is an array of nodes.
    /// let node = RefType::new(false, HeapType::Member(Member(0)));
    /// let mut tree = RecGroup::new();
    /// tree.add_array(Finality::Final, None, FieldType::new(Mutability::Const, node))?;
    /// let types = RecGroup::register(&Engine::default(), &[&tree])?;
    /// assert!(types[0].unwrap_concrete_array().mutability().is_const());
    /// # anyhow::Ok(())
    /// ```
    pub fn add_array(
        &mut self,
        finality: Finality,
        supertype: Option<Supertype<ArrayType>>,
        element: FieldType<Member>,
    ) -> Result<u32> {
        let supertype = supertype.as_ref().map(|above| above.core(ArrayType::core));
        self.add(finality, supertype, |group| {
            declare::array_of(group, &element)
        })
    }

    /// Adds a function type, and returns its position in the group.
    ///
    /// # Errors
    ///
    /// The errors of [`RecGroup::add_struct`], with a limit of 1,000 parameters and 1,000
    /// results.
    ///
    /// ```
    /// use gcroots::{Engine, Finality, HeapType, Member, RecGroup, RefType};
    ///
    /// // A function that returns one of its own type.
    /// let itself = RefType::new(false, HeapType::Member(Member(0)));
    /// let mut group = RecGroup::new();
    /// group.add_func(Finality::Final, None, [], [itself.into()])?;
    /// let types = RecGroup::register(&Engine::default(), &[&group])?;
    /// assert_eq!(types[0].unwrap_concrete_func().results().len(), 1);
    /// # anyhow::Ok(())
    /// ```
    pub fn add_func(
        &mut self,
        finality: Finality,
        supertype: Option<Supertype<FuncType>>,
        params: impl IntoIterator<Item = ValType<Member>>,
        results: impl IntoIterator<Item = ValType<Member>>,
    ) -> Result<u32> {
        let supertype = supertype.as_ref().map(|above| above.core(FuncType::core));
        self.add(finality, supertype, |group| {
            declare::func_of(group, params, results)
        })
    }

    /// Adds the member that `composite` makes. After an error the group is unchanged.
    fn add(
        &mut self,
        finality: Finality,
        supertype: Option<Supertype<&Type>>,
        composite: impl FnOnce(&mut types::RecGroup) -> error::Result<Composite<Declared>>,
    ) -> Result<u32> {
        let group = &mut self.0;
        let outside_before = group.outside_count();
        let added = composite(group).and_then(|composite| {
            let supertype = match supertype {
                Some(Supertype::Member(member)) => Some(Declared::Local(member.0)),
                Some(Supertype::Registered(above)) => Some(declare::registered(group, above)?),
                None => None,
            };
            group.add(SubType {
                is_final: finality.is_final(),
                supertype,
                composite,
            })
        });
        if added.is_err() {
            group.forget_outside(outside_before);
        }
        Ok(added?)
    }

    /// Registers a collection of groups and returns the types of all members of all groups,
    /// in order. A group that is already registered, on any thread, gives the same types.
    /// After an error no group is registered.
    ///
    /// # Errors
    ///
    /// * [`Error::InvalidType`](crate::Error::InvalidType) for a reference out of range, and
    ///   for a supertype that is final, of another kind, not declared earlier, or not
    ///   matched by its subtype;
    /// * [`Error::ForeignType`](crate::Error::ForeignType) for a reference to a type of
    ///   another engine;
    /// * [`Error::Limit`](crate::Error::Limit) for more than 63 supertypes above a type, or
    ///   more than 1,000,000 types in the collection;
    /// * [`Error::SystemMemory`](crate::Error::SystemMemory).
    ///
    /// ```
    /// use gcroots::{Engine, Error, Finality, Member, RecGroup, Supertype};
    ///
    /// let mut group = RecGroup::new();
    /// group.add_struct(Finality::Final, Some(Supertype::Member(Member(7))), [])?;
    /// let error = RecGroup::register(&Engine::default(), &[&group]).unwrap_err();
    /// assert!(matches!(error.downcast_ref(), Some(Error::InvalidType { index: 0, .. })));
    /// # anyhow::Ok(())
    /// ```
    pub fn register(engine: &Engine, groups: &[&RecGroup]) -> Result<Vec<HeapType>> {
        let mut core_groups = Vec::new();
        for group in groups {
            fallible::push(&mut core_groups, &group.0)?;
        }
        let mut types = Vec::new();
        for registered in Registry::register(engine.types(), &core_groups)? {
            fallible::push(&mut types, HeapType::of_registered(registered))?;
        }
        Ok(types)
    }
}

impl<T> Supertype<T> {
    fn core<'a>(&'a self, core: impl FnOnce(&'a T) -> &'a Type) -> Supertype<&'a Type> {
        match self {
            Supertype::Member(member) => Supertype::Member(*member),
            Supertype::Registered(above) => Supertype::Registered(core(above)),
        }
    }
}
