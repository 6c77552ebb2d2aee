//! Registering groups: brings a declared group into its canonical form, and finds or builds
//! the registered group.

use core::ptr::NonNull;
use core::sync::atomic::Ordering;

use super::canonical::{Canonical, CanonicalGroup};
use super::composite::{Equality, SubType};
use super::group::{Group, Type};
use super::limits::{MEMBERS_MAX, at_most};
use super::rec_group::{Declared, RecGroup};
use super::registry::{Inner, Registry};
use crate::base::fallible;
use crate::base::ref_counted::RefCounted;
use crate::error::{Error, Result};

/// What finds a group in the registry.
pub(super) struct Form {
    pub(super) canonical: CanonicalGroup,
    /// The hash of the canonical form.
    pub(super) hash: u64,
    pub(super) equality: Equality,
}

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
        let mut types = Vec::new();
        for group in groups {
            Registry::register_group(this, group, &mut types)?;
        }
        Ok(types)
    }

    /// Registers a group and appends its types to those of earlier groups. The lock is held
    /// only while the group is found or built.
    fn register_group(
        this: &RefCounted<Registry>,
        group: &RecGroup,
        types: &mut Vec<Type>,
    ) -> Result<()> {
        let members = canonical_members(this, group, types)?;
        if members.is_empty() {
            return Ok(());
        }
        fallible::reserve(types, members.len())?;
        let count = members.len() as u32;
        let start = types.len() as u32;
        let form = this.canonical_form(&members, group.equality())?;
        let interned = this.inner.lock().intern(this, &members, form);
        let group = interned.map_err(|error| match error {
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

    /// The canonical form of a group with these members, and its hash. Takes no lock.
    ///
    /// Errors: [`Error::SystemMemory`].
    pub(super) fn canonical_form(
        &self,
        members: &[SubType<Canonical>],
        equality: Equality,
    ) -> Result<Form> {
        let serial = match equality {
            Equality::Unique => self.unique_groups.fetch_add(1, Ordering::Relaxed) + 1,
            Equality::Declared | Equality::Hidden => 0,
        };
        let canonical = CanonicalGroup::new(members, equality, serial)?;
        let hash = canonical.hash(&self.hasher);
        Ok(Form {
            canonical,
            hash,
            equality,
        })
    }
}

impl Inner {
    /// The registered group with these members, found or built. `form` is their canonical
    /// form. The caller owns one reference to the group.
    ///
    /// Errors: [`Error::InvalidType`], [`Error::Limit`], [`Error::SystemMemory`].
    pub(super) fn intern(
        &mut self,
        registry: &RefCounted<Registry>,
        members: &[SubType<Canonical>],
        form: Form,
    ) -> Result<NonNull<Group>> {
        // SAFETY: registered groups are alive.
        let same = |group: &NonNull<Group>| unsafe { group.as_ref() }.canonical == form.canonical;
        if let Some(&group) = self.groups.find(form.hash, same) {
            // SAFETY: registered groups are alive.
            unsafe { group.as_ref() }.add_reference()?;
            return Ok(group);
        }
        self.build(registry, members, form)
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
