//! Registering groups: brings a declared group into its canonical form, and finds or builds
//! the registered group.

use core::ptr::NonNull;

use super::canonical::{Canonical, CanonicalGroup};
use super::composite::{Equality, SubType};
use super::group::{Group, Type};
use super::limits::{MEMBERS_MAX, at_most};
use super::rec_group::{Declared, RecGroup};
use super::registry::{Inner, Registry};
use crate::base::fallible;
use crate::base::ref_counted::RefCounted;
use crate::error::{Error, Result};

impl Registry {
    /// Registers a collection of groups, all or none. Returns a type for each member of each
    /// group, in order. So the result maps an index in the collection, by which members refer
    /// to each other, to the registered type.
    ///
    /// Errors: [`Error::InvalidType`] if a member is not well formed,
    /// [`Error::ForeignType`] if it refers to a type of another registry,
    /// [`Error::Limit`], [`Error::SystemMemory`].
    pub(crate) fn register(this: &RefCounted<Registry>, groups: &[&RecGroup]) -> Result<Vec<Type>> {
        let members = groups.iter().map(|group| group.members().len()).sum();
        at_most(members, MEMBERS_MAX, "types of a collection")?;
        // Declared before `inner`, so that an error drops the types after the lock is
        // released: dropping a type may take the lock.
        let mut types = Vec::new();
        let mut inner = this.inner.lock();
        for group in groups {
            inner.register(this, group, &mut types)?;
        }
        drop(inner);
        Ok(types)
    }
}

impl Inner {
    /// Registers a group and appends its types to those of earlier groups.
    fn register(
        &mut self,
        registry: &RefCounted<Registry>,
        group: &RecGroup,
        types: &mut Vec<Type>,
    ) -> Result<()> {
        let members = canonical_members(registry, group, types)?;
        if members.is_empty() {
            return Ok(());
        }
        fallible::reserve(types, members.len())?;
        let count = members.len() as u32;
        let start = types.len() as u32;
        let group =
            self.intern(registry, &members, group.equality())
                .map_err(|error| match error {
                    Error::InvalidType { index, what, other } => Error::InvalidType {
                        index: start + index,
                        what,
                        other,
                    },
                    other => other,
                })?;
        for position in 0..count {
            // SAFETY: `intern` returned a reference for the first type. The others get
            // references here. If there are too many, the types so far keep the group.
            let made = unsafe {
                if position > 0 {
                    group.as_ref().add_reference()?;
                }
                Type::new(group, position)
            };
            fallible::push(types, made)?;
        }
        Ok(())
    }

    /// The registered group with these members, found or built. The caller owns one
    /// reference to it.
    ///
    /// Errors: [`Error::InvalidType`], [`Error::Limit`], [`Error::SystemMemory`].
    pub(super) fn intern(
        &mut self,
        registry: &RefCounted<Registry>,
        members: &[SubType<Canonical>],
        equality: Equality,
    ) -> Result<NonNull<Group>> {
        if equality == Equality::Unique {
            self.unique_groups += 1;
        }
        let canonical = CanonicalGroup::new(members, equality, self.unique_groups)?;
        let hash = canonical.hash(&self.hasher);
        // SAFETY: registered groups are alive.
        let same = |group: &NonNull<Group>| unsafe { group.as_ref() }.canonical == canonical;
        if let Some(&group) = self.groups.find(hash, same) {
            // SAFETY: registered groups are alive.
            unsafe { group.as_ref() }.add_reference()?;
            return Ok(group);
        }
        self.build(registry, members, canonical, equality)
    }
}

/// The members of a group with canonical names. `types` are the registered types of the
/// collection's earlier groups.
///
/// Errors: [`Error::InvalidType`], [`Error::ForeignType`], [`Error::SystemMemory`].
fn canonical_members(
    registry: &RefCounted<Registry>,
    group: &RecGroup,
    types: &[Type],
) -> Result<Vec<SubType<Canonical>>> {
    let (start, count) = (types.len() as u32, group.members().len() as u32);
    let mut members = Vec::new();
    for (member, position) in group.members().iter().zip(0..count) {
        let name = |declared: Declared| match declared {
            Declared::Local(index) if (start..start + count).contains(&index) => {
                Ok(Canonical::Member(index - start))
            }
            Declared::Local(index) => match types.get(index as usize) {
                Some(earlier) => Ok(Canonical::Registered(earlier.index)),
                None => Err(Error::InvalidType {
                    index: start + position,
                    what: "refers to a type that the collection does not have",
                    other: Some(index),
                }),
            },
            Declared::Outside(outside) => {
                canonical_outside(registry, group, outside, start + position)
            }
        };
        let member = member.rename(name)?;
        if let Some(Canonical::Member(supertype)) = member.supertype
            && supertype >= position
        {
            return Err(Error::InvalidType {
                index: start + position,
                what: "comes before its supertype",
                other: Some(start + supertype),
            });
        }
        fallible::push(&mut members, member)?;
    }
    Ok(members)
}

/// The canonical name of the registered type `Declared::Outside(outside)`. The referring
/// member has this index in the collection.
///
/// Errors: [`Error::ForeignType`] if the type is of another registry.
fn canonical_outside(
    registry: &RefCounted<Registry>,
    group: &RecGroup,
    outside: u32,
    index: u32,
) -> Result<Canonical> {
    let Some(registered) = group.outside(outside) else {
        return Err(Error::internal(
            "a type that no group keeps",
            outside.into(),
        ));
    };
    if !registered.is_of(registry) {
        return Err(Error::ForeignType { index });
    }
    Ok(Canonical::Registered(registered.index))
}
