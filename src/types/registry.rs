//! The registry: one group for each canonical form. See the module's opening.

use core::ptr::NonNull;
use core::sync::atomic::{AtomicU64, Ordering};
use std::hash::{DefaultHasher, Hasher};

use hashbrown::HashTable;

use super::canonical::{Canonical, CanonicalGroup};
use super::group::{Group, RegisteredType, Type};
use super::rec_group::{Composite, Declared, MEMBERS_MAX, RecGroup, SubType, at_most, limit};
use super::subtyping::{self, Types};
use crate::counted::Counted;
use crate::error::{Error, Result};
use crate::fallible;
use crate::keyed_hash::keyed_hasher;
use crate::lock::Lock;

/// An engine's types. Shared by threads.
pub(crate) struct Registry {
    pub(super) inner: Lock<Inner>,
}

/// What the lock protects.
pub(super) struct Inner {
    /// Has read a secret: nobody can make groups whose hashes collide.
    pub(super) hasher: DefaultHasher,
    pub(super) groups: HashTable<NonNull<Group>>,
    pub(super) by_index: Vec<Slot>,
    /// Indices of free slots. Has room for all of them: dropping must not need
    /// memory.
    pub(super) free: Vec<u32>,
}

// SAFETY: groups belong to no thread; what the pointers lead to is read only, but for
// what the lock protects.
unsafe impl Send for Inner {}

/// What an index names.
#[derive(Clone, Copy)]
pub(super) enum Slot {
    /// Nothing.
    Free,
    /// A member of the group that is being built, by its position.
    Fresh(u32),
    /// A member of a registered group.
    Registered(NonNull<Group>, u32),
}

impl Registry {
    /// An empty registry, which allocates nothing but itself.
    ///
    /// Errors: [`Error::SystemMemory`].
    pub(crate) fn new() -> Result<Counted<Registry>> {
        Counted::new(Registry {
            inner: Lock::new(Inner {
                hasher: own_hasher(),
                groups: HashTable::new(),
                by_index: Vec::new(),
                free: Vec::new(),
            }),
        })
    }

    /// Registers a collection of groups, all or none. The result has a type for each
    /// member of each group, in order: a map from the indices in the collection, by
    /// which members refer to each other, to registered types.
    ///
    /// Errors: [`Error::InvalidType`] if a member is not well formed,
    /// [`Error::ForeignType`] if it refers to a type of another registry,
    /// [`Error::Limit`], [`Error::SystemMemory`].
    pub(crate) fn register(this: &Counted<Registry>, groups: &[&RecGroup]) -> Result<Vec<Type>> {
        let members = groups.iter().map(|group| group.members().len()).sum();
        at_most(members, MEMBERS_MAX, "types of a collection")?;
        // Dropped after the lock: dropping a type may need it.
        let mut types = Vec::new();
        let mut inner = this.inner.lock();
        for group in groups {
            inner.register(this, group, &mut types)?;
        }
        drop(inner);
        Ok(types)
    }

    /// How many types there are.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        let inner = self.inner.lock();
        inner.by_index.len() - inner.free.len()
    }

    /// Whether each element of one type of arrays may be one of another's, both of this
    /// registry. Takes the lock.
    pub(crate) fn elements_fit(&self, from: &RegisteredType, to: &RegisteredType) -> bool {
        let inner = self.inner.lock();
        match (&from.composite, &to.composite) {
            (Composite::Array(from), Composite::Array(to)) => {
                subtyping::storage(&*inner, &from.storage, &to.storage)
            }
            _ => false,
        }
    }

    /// The type with this index.
    ///
    /// Errors: [`Error::Limit`] if there are too many references to it,
    /// [`Error::Internal`] if there is no such type.
    pub(super) fn type_at(&self, index: u32) -> Result<Type> {
        let inner = self.inner.lock();
        match inner.by_index.get(index as usize) {
            Some(&Slot::Registered(group, position)) => {
                // SAFETY: registered groups are alive while the lock is held; this
                // one is counted for the reference.
                unsafe {
                    group.as_ref().add_reference()?;
                    Ok(Type::new(group, position))
                }
            }
            _ => Err(Error::internal(
                "a type index that does not exist",
                index.into(),
            )),
        }
    }

    /// Gives up a reference to a group that may be the last.
    ///
    /// # Safety
    ///
    /// The group must be registered and counted for the caller, who does not use it
    /// any more.
    pub(super) unsafe fn release(group: NonNull<Group>) {
        // SAFETY: the caller's promise.
        let registry = unsafe { group.as_ref() }
            .registry
            .try_clone("references to a registry");
        let Ok(registry) = registry else {
            return;
        };
        let mut inner = registry.inner.lock();
        // SAFETY: the caller's promise.
        let dropped = unsafe { inner.release(group) };
        drop(inner);
        // SAFETY: no longer registered, and counted by nobody.
        unsafe { free_all(dropped) };
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // Each group keeps its registry.
        debug_assert!(self.inner.lock().groups.is_empty());
    }
}

/// A hasher that no other registry has.
fn own_hasher() -> DefaultHasher {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut hasher = keyed_hasher();
    hasher.write_u64(COUNT.fetch_add(1, Ordering::Relaxed));
    hasher
}

/// Frees groups that are linked from `first` on.
///
/// # Safety
///
/// They must be unlinked from the registry, and counted by nobody.
pub(super) unsafe fn free_all(first: Option<NonNull<Group>>) {
    let mut next = first;
    while let Some(group) = next {
        // SAFETY: the caller's promise; `Inner::build` leaked the box.
        let group = unsafe { Box::from_raw(group.as_ptr()) };
        next = group.next_dropped.get();
    }
}

impl Inner {
    /// Registers a group and appends its types.
    fn register(
        &mut self,
        registry: &Counted<Registry>,
        group: &RecGroup,
        types: &mut Vec<Type>,
    ) -> Result<()> {
        let members = canonical_members(registry, group, types)?;
        if members.is_empty() {
            return Ok(());
        }
        types
            .try_reserve(members.len())
            .map_err(|_| fallible::refused(members.len() * size_of::<Type>()))?;
        let count = members.len() as u32;
        let start = types.len() as u32;
        let group =
            self.intern(registry, &members, group.is_hidden())
                .map_err(|error| match error {
                    Error::InvalidType { index, what, other } => Error::InvalidType {
                        index: start + index,
                        what,
                        other,
                    },
                    other => other,
                })?;
        for position in 0..count {
            // SAFETY: interning counted it once, for the first type; the others are
            // counted here. A count that is too high leaves the group to those.
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

    /// The group of these members, counted once more: the one that is registered, or
    /// a new one.
    pub(super) fn intern(
        &mut self,
        registry: &Counted<Registry>,
        members: &[SubType<Canonical>],
        is_hidden: bool,
    ) -> Result<NonNull<Group>> {
        let canonical = CanonicalGroup::new(members, is_hidden)?;
        let hash = canonical.hash(&self.hasher);
        // SAFETY: groups in the table are alive.
        let same = |group: &NonNull<Group>| unsafe { group.as_ref() }.canonical == canonical;
        if let Some(&group) = self.groups.find(hash, same) {
            // SAFETY: as above.
            unsafe { group.as_ref() }.add_reference()?;
            return Ok(group);
        }
        self.build(registry, members, canonical, is_hidden)
    }

    /// The registered type with this index, which must be one.
    pub(super) fn registered(&self, index: u32) -> Option<(NonNull<Group>, &RegisteredType)> {
        match *self.by_index.get(index as usize)? {
            Slot::Registered(group, position) => {
                // SAFETY: groups in slots are alive, and stay so while `self` is
                // borrowed.
                let types = unsafe { &(*group.as_ptr()).types };
                Some((group, types.get(position as usize)?))
            }
            Slot::Free | Slot::Fresh(_) => None,
        }
    }

    /// Takes free indices for a group's members, in order.
    ///
    /// Errors: [`Error::Limit`], [`Error::SystemMemory`]; nothing has changed then.
    pub(super) fn take_indices(&mut self, count: usize) -> Result<Vec<u32>> {
        let refused = |_| fallible::refused(count * size_of::<Slot>());
        let missing = count.saturating_sub(self.free.len());
        let slots = self.by_index.len() + missing;
        if u32::try_from(slots).is_err() {
            return Err(limit("types of an engine", u32::MAX as usize));
        }
        let mut indices = Vec::new();
        indices.try_reserve_exact(count).map_err(refused)?;
        self.by_index.try_reserve(missing).map_err(refused)?;
        let room = slots - self.free.len();
        self.free.try_reserve(room).map_err(refused)?;
        for position in 0..count {
            let index = match self.free.pop() {
                Some(index) => index,
                None => {
                    fallible::push(&mut self.by_index, Slot::Free)?;
                    (self.by_index.len() - 1) as u32
                }
            };
            self.by_index[index as usize] = Slot::Fresh(position as u32);
            fallible::push(&mut indices, index)?;
        }
        Ok(indices)
    }

    /// Makes an index free.
    pub(super) fn give_index(&mut self, index: u32) {
        self.by_index[index as usize] = Slot::Free;
        // There is room.
        let given = fallible::push(&mut self.free, index);
        debug_assert!(given.is_ok());
    }

    /// Counts once less; if that was the last reference, unlinks the group, and all
    /// that only it kept, and returns them linked.
    ///
    /// # Safety
    ///
    /// The group must be registered and counted for the caller.
    pub(super) unsafe fn release(&mut self, group: NonNull<Group>) -> Option<NonNull<Group>> {
        let (mut found, mut dropped) = (None, None);
        // SAFETY: groups are alive while counted, and while linked here.
        unsafe {
            if !group.as_ref().count.drop_with_lock() {
                return None;
            }
            push(&mut found, group);
            while let Some(group) = pop(&mut found) {
                self.unlink(group);
                for &edge in &group.as_ref().edges {
                    if edge.as_ref().count.drop_with_lock() {
                        push(&mut found, edge);
                    }
                }
                push(&mut dropped, group);
            }
        }
        dropped
    }

    /// Takes a group out of the tables.
    fn unlink(&mut self, group: NonNull<Group>) {
        // SAFETY: the caller drops it, and has not yet.
        let unlinked = unsafe { &*group.as_ptr() };
        if let Ok(entry) = self
            .groups
            .find_entry(unlinked.hash, |&other| other == group)
        {
            entry.remove();
        }
        for registered in &unlinked.types {
            self.give_index(registered.index);
        }
    }
}

/// Links a group before the others.
///
/// # Safety
///
/// The group must be alive, and in no list.
unsafe fn push(list: &mut Option<NonNull<Group>>, group: NonNull<Group>) {
    // SAFETY: the caller's promise.
    unsafe { group.as_ref() }
        .next_dropped
        .set(list.replace(group));
}

/// Takes the first group of a list.
///
/// # Safety
///
/// The groups must be alive.
unsafe fn pop(list: &mut Option<NonNull<Group>>) -> Option<NonNull<Group>> {
    let group = list.take()?;
    // SAFETY: the caller's promise.
    *list = unsafe { group.as_ref() }.next_dropped.take();
    Some(group)
}

/// A group's members with canonical names; `types` are those of the collection that
/// are registered already.
fn canonical_members(
    registry: &Counted<Registry>,
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
            Declared::Outside(place) => outside(registry, group, place, start + position),
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

/// The name of a registered type to which the type with this index in the collection
/// refers.
fn outside(
    registry: &Counted<Registry>,
    group: &RecGroup,
    place: u32,
    index: u32,
) -> Result<Canonical> {
    let Some(registered) = group.outside(place) else {
        return Err(Error::internal("a type that no group keeps", place.into()));
    };
    if !core::ptr::eq::<Registry>(&**registry, &*registered.group().registry) {
        return Err(Error::ForeignType { index });
    }
    Ok(Canonical::Registered(registered.index))
}

impl Types for Inner {
    fn get(&self, index: u32) -> Option<&RegisteredType> {
        self.registered(index).map(|(_, registered)| registered)
    }
}
