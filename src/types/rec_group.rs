//! The declaration of a rec group, before it is registered.

use super::composite::{Composite, Equality, FieldType, StorageType, SubType, ValType};
use super::group::Type;
use super::limits::{MEMBERS_MAX, exceeded};
use crate::base::fallible;
use crate::error::Result;

/// Names a concrete type in a declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Declared {
    /// A member of the same group or of an earlier group, by its index in the collection
    /// of groups that are registered together.
    Local(u32),
    /// A registered type, by its position in the group's list of them. See
    /// [`RecGroup::refer_to`].
    Outside(u32),
}

/// A group that is being declared.
#[derive(Debug, Default)]
pub(crate) struct RecGroup {
    members: Vec<SubType<Declared>>,
    /// The registered types to which members refer.
    outside: Vec<Type>,
    equality: Equality,
}

impl RecGroup {
    /// A hidden group of one final type, the type of an object that holds values of type
    /// `value` for a table or global. `composite` makes the type's structure from the
    /// mutable field that holds such a value.
    ///
    /// Errors: [`Error::Limit`], [`Error::SystemMemory`], those of `composite`.
    ///
    /// [`Error::Limit`]: crate::error::Error::Limit
    /// [`Error::SystemMemory`]: crate::error::Error::SystemMemory
    pub(crate) fn of_hidden_type(
        value: ValType<&Type>,
        composite: impl FnOnce(FieldType<Declared>) -> Result<Composite<Declared>>,
    ) -> Result<RecGroup> {
        let mut group = RecGroup {
            equality: Equality::Hidden,
            ..RecGroup::default()
        };
        let value = value.rename(&mut |of: &Type| group.refer_to(of.try_clone()?))?;
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
    ///
    /// [`Error::Limit`]: crate::error::Error::Limit
    /// [`Error::SystemMemory`]: crate::error::Error::SystemMemory
    pub(crate) fn add(&mut self, member: SubType<Declared>) -> Result<u32> {
        member.composite.check_limits()?;
        if self.members.len() >= MEMBERS_MAX {
            return Err(exceeded("members of a rec group", MEMBERS_MAX));
        }
        let position = self.members.len() as u32;
        fallible::push(&mut self.members, member)?;
        Ok(position)
    }

    /// Keeps a registered type alive, and returns the name by which members refer to it.
    ///
    /// Errors: [`Error::SystemMemory`](crate::error::Error::SystemMemory).
    pub(crate) fn refer_to(&mut self, registered: Type) -> Result<Declared> {
        let position = self.outside.len() as u32;
        fallible::push(&mut self.outside, registered)?;
        Ok(Declared::Outside(position))
    }

    /// The number of registered types that [`RecGroup::refer_to`] keeps alive.
    pub(crate) fn outside_count(&self) -> usize {
        self.outside.len()
    }

    /// Drops all but the first `count` registered types. The others were for a member that
    /// could not be added.
    pub(crate) fn forget_outside(&mut self, count: usize) {
        self.outside.truncate(count);
    }

    /// Makes the group equal to no other, or undoes that.
    pub(crate) fn set_unique(&mut self, on: bool) {
        self.equality = match on {
            true => Equality::Unique,
            false => Equality::Declared,
        };
    }

    /// Which other groups it may equal.
    pub(crate) fn equality(&self) -> Equality {
        self.equality
    }

    /// The members, in order.
    pub(crate) fn members(&self) -> &[SubType<Declared>] {
        &self.members
    }

    /// The registered type that `Declared::Outside(position)` names.
    pub(crate) fn outside(&self, position: u32) -> Option<&Type> {
        self.outside.get(position as usize)
    }
}
