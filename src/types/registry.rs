//! The registry of an engine's types: it finds groups by their canonical forms and types by
//! their indices, and unregisters groups whose last reference is dropped.

use core::ptr::NonNull;
use core::sync::atomic::{AtomicU64, Ordering};
use std::hash::{DefaultHasher, Hasher};

use hashbrown::HashTable;

use super::group::{Group, RegisteredType, Type};
use super::limits::exceeded;
use crate::base::fallible;
use crate::base::fork::ForkLock;
use crate::base::hashing::keyed_hasher;
use crate::base::ref_counted::RefCounted;
use crate::error::{Error, Result};

/// The types of an engine. Threads share it.
pub(crate) struct Registry {
    /// It has read a secret, so that nobody can construct groups whose hashes collide.
    pub(super) hasher: DefaultHasher,
    /// The number of unique groups that were registered so far, or refused.
    pub(super) unique_groups: AtomicU64,
    pub(super) inner: ForkLock<Inner>,
}

/// The tables, which the lock protects.
pub(super) struct Inner {
    /// The registered groups, by the hashes of their canonical forms.
    pub(super) groups: HashTable<NonNull<Group>>,
    /// What each type index stands for.
    pub(super) by_index: Vec<IndexEntry>,
    /// The free indices. It has room for all indices, so that dropping a group needs no
    /// memory.
    pub(super) free_indices: Vec<u32>,
}

// SAFETY: groups belong to no thread. Threads only read what the pointers refer to, except
// what the lock protects.
unsafe impl Send for Inner {}

/// What a type index stands for.
#[derive(Clone, Copy)]
pub(super) enum IndexEntry {
    /// Nothing.
    Free,
    /// A member of the group that is being built, by its position.
    Building(u32),
    /// A member of a registered group, by its position.
    Registered(NonNull<Group>, u32),
}

impl Registry {
    /// An empty registry. Its tables have no memory yet.
    ///
    /// Errors: [`Error::SystemMemory`].
    pub(crate) fn new() -> Result<RefCounted<Registry>> {
        RefCounted::new(Registry {
            hasher: registry_hasher(),
            unique_groups: AtomicU64::new(0),
            inner: ForkLock::new(Inner {
                groups: HashTable::new(),
                by_index: Vec::new(),
                free_indices: Vec::new(),
            })?,
        })
    }

    /// The number of registered types.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        let inner = self.inner.lock();
        inner.by_index.len() - inner.free_indices.len()
    }

    /// A new reference to the type with this index.
    ///
    /// Errors: [`Error::Limit`] if the type has too many references, [`Error::Internal`] if
    /// there is no such type.
    pub(super) fn type_at(&self, index: u32) -> Result<Type> {
        let inner = self.inner.lock();
        match inner.by_index.get(index as usize) {
            Some(&IndexEntry::Registered(group, position)) => {
                // SAFETY: registered groups are alive while the lock is held. The new
                // reference is passed on to the `Type`.
                unsafe {
                    group.as_ref().add_reference()?;
                    Ok(Type::new(group, position))
                }
            }
            _ => Err(unknown_index(index)),
        }
    }

    /// Drops a reference to a group. If it was the last, unregisters and frees the group and
    /// every group that only it kept alive.
    ///
    /// # Safety
    ///
    /// The group must be registered. The caller must own the reference, and not use it
    /// afterwards.
    pub(super) unsafe fn drop_reference(group: NonNull<Group>) {
        // Keeps the registry alive while its groups are freed.
        // SAFETY: the caller's promise.
        let registry = unsafe { group.as_ref() }
            .registry
            .try_clone("references to a registry");
        let Ok(registry) = registry else {
            return;
        };
        let mut inner = registry.inner.lock();
        // SAFETY: the caller's promise.
        let unregistered = unsafe { inner.drop_reference(group) };
        drop(inner);
        // SAFETY: the list is unregistered, and nobody has a reference.
        unsafe { free_all(unregistered) };
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // Each group keeps its registry alive.
        debug_assert!(self.inner.lock().groups.is_empty());
    }
}

/// A hasher that differs from those of other registries and other processes.
fn registry_hasher() -> DefaultHasher {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut hasher = keyed_hasher();
    hasher.write_u64(COUNT.fetch_add(1, Ordering::Relaxed));
    hasher
}

impl Inner {
    /// The registered type with this index, and its group. `None` if no registered type has
    /// it.
    pub(super) fn registered(&self, index: u32) -> Option<(NonNull<Group>, &RegisteredType)> {
        match *self.by_index.get(index as usize)? {
            IndexEntry::Registered(group, position) => {
                // SAFETY: registered groups are alive, and stay so while `self` is
                // borrowed.
                let types = unsafe { &(*group.as_ptr()).types };
                Some((group, types.get(position as usize)?))
            }
            IndexEntry::Free | IndexEntry::Building(_) => None,
        }
    }

    /// Takes free indices for the members of a group, in order.
    ///
    /// Errors: [`Error::Limit`], [`Error::SystemMemory`]. The registry is then unchanged.
    pub(super) fn take_indices(&mut self, count: usize) -> Result<Vec<u32>> {
        let missing = count.saturating_sub(self.free_indices.len());
        let total = self.by_index.len() + missing;
        if u32::try_from(total).is_err() {
            return Err(exceeded("types of an engine", u32::MAX as usize));
        }
        let mut indices = fallible::with_room(count)?;
        fallible::reserve(&mut self.by_index, missing)?;
        let room = total - self.free_indices.len();
        fallible::reserve(&mut self.free_indices, room)?;
        for position in 0..count {
            let index = match self.free_indices.pop() {
                Some(index) => index,
                None => {
                    fallible::push(&mut self.by_index, IndexEntry::Free)?;
                    (self.by_index.len() - 1) as u32
                }
            };
            self.by_index[index as usize] = IndexEntry::Building(position as u32);
            fallible::push(&mut indices, index)?;
        }
        Ok(indices)
    }

    /// Makes an index free.
    pub(super) fn free_index(&mut self, index: u32) {
        self.by_index[index as usize] = IndexEntry::Free;
        // `take_indices` reserved the room.
        let freed = fallible::push(&mut self.free_indices, index);
        debug_assert!(freed.is_ok());
    }

    /// Drops one reference. If it was the last, unregisters the group and everything that
    /// only it kept alive, and returns them as a linked list for [`free_all`].
    ///
    /// # Safety
    ///
    /// The group must be registered. The caller must own the reference, and not use it
    /// afterwards.
    pub(super) unsafe fn drop_reference(
        &mut self,
        group: NonNull<Group>,
    ) -> Option<NonNull<Group>> {
        let (mut unreferenced, mut unregistered) = (None, None);
        // SAFETY: a group is alive while it has references. Then it is in one of the two
        // lists, and nothing is freed here.
        unsafe {
            if !group.as_ref().count.decrement_locked() {
                return None;
            }
            push(&mut unreferenced, group);
            while let Some(group) = pop(&mut unreferenced) {
                self.unregister(group);
                for &edge in &group.as_ref().edges {
                    if edge.as_ref().count.decrement_locked() {
                        push(&mut unreferenced, edge);
                    }
                }
                push(&mut unregistered, group);
            }
        }
        unregistered
    }

    /// Removes a group from the tables.
    fn unregister(&mut self, group: NonNull<Group>) {
        // SAFETY: the caller has not freed the group yet.
        let removed = unsafe { &*group.as_ptr() };
        if let Ok(entry) = self
            .groups
            .find_entry(removed.hash, |&other| other == group)
        {
            entry.remove();
        }
        for registered in &removed.types {
            self.free_index(registered.index);
        }
    }
}

/// The error for an index that no type has.
pub(super) fn unknown_index(index: u32) -> Error {
    Error::internal("a type index that does not exist", index.into())
}

/// Frees the groups of a linked list that starts with `first`.
///
/// # Safety
///
/// The groups must be unregistered, and have no references.
pub(super) unsafe fn free_all(first: Option<NonNull<Group>>) {
    let mut next = first;
    while let Some(group) = next {
        // SAFETY: the caller's promise. `Inner::build` leaked the box.
        let group = unsafe { Box::from_raw(group.as_ptr()) };
        next = group.next_unregistered.get();
    }
}

/// Puts a group in front of a linked list.
///
/// # Safety
///
/// The group must be alive, and in no list.
unsafe fn push(list: &mut Option<NonNull<Group>>, group: NonNull<Group>) {
    // SAFETY: the caller's promise.
    unsafe { group.as_ref() }
        .next_unregistered
        .set(list.replace(group));
}

/// Removes the first group of a linked list.
///
/// # Safety
///
/// The groups must be alive.
unsafe fn pop(list: &mut Option<NonNull<Group>>) -> Option<NonNull<Group>> {
    let group = list.take()?;
    // SAFETY: the caller's promise.
    *list = unsafe { group.as_ref() }.next_unregistered.take();
    Some(group)
}
