//! Checks of the registry, for tests.

use core::ptr::NonNull;
use std::collections::{HashMap, HashSet};
use std::hash::DefaultHasher;

use super::composite::{StorageType, ValType};
use super::group::{Group, RegisteredType, Type};
use super::heap_type::HeapType;
use super::registry::{IndexEntry, Inner, Registry};
use crate::error::{Error, Result};

/// A number of references for each group.
type Counts = HashMap<NonNull<Group>, usize>;

impl Registry {
    /// Checks that the tables agree, that each group has exactly one edge to each group to
    /// which it refers, and that no count is less than the number of edges. Other threads
    /// may use types at the same time.
    ///
    /// Errors: [`Error::Internal`].
    pub(crate) fn check(&self) -> Result<()> {
        let inner = self.inner.lock();
        inner.check_all(&self.hasher)?;
        let edges = inner.edge_counts();
        inner.check_counts(|group, count| count >= 1 && count >= edges[&group])
    }

    /// Checks everything that [`Registry::check`] does, and that counts are exact. `types`
    /// must be all `Type`s of the registry.
    ///
    /// Errors: [`Error::Internal`].
    pub(crate) fn check_with<'a>(&self, types: impl IntoIterator<Item = &'a Type>) -> Result<()> {
        let inner = self.inner.lock();
        inner.check_all(&self.hasher)?;
        let mut known = inner.edge_counts();
        for registered in types {
            *known.entry(registered.group).or_default() += 1;
        }
        inner.check_counts(|group, count| count == known[&group])
    }
}

impl Inner {
    fn check_all(&self, hasher: &DefaultHasher) -> Result<()> {
        self.check_tables(hasher)?;
        self.groups().try_for_each(|group| self.check_edges(group))
    }

    fn groups(&self) -> impl Iterator<Item = &Group> {
        // SAFETY: registered groups are alive, and stay so while `self` is borrowed.
        self.groups.iter().map(|group| unsafe { group.as_ref() })
    }

    fn check_tables(&self, hasher: &DefaultHasher) -> Result<()> {
        let mut members = 0;
        for group in self.groups() {
            for (registered, position) in group.types.iter().zip(0..) {
                let entry = self.by_index.get(registered.index as usize);
                let named = NonNull::from(group);
                if !matches!(entry, Some(&IndexEntry::Registered(g, p)) if g == named && p == position)
                {
                    let index = registered.index.into();
                    return Err(Error::internal(
                        "a type that is not at its own index",
                        index,
                    ));
                }
                members += 1;
            }
            if group.canonical.hash(hasher) != group.hash {
                return Err(Error::internal("a wrong hash of a rec group", group.hash));
            }
        }
        if members + self.free_indices.len() != self.by_index.len() {
            return Err(Error::internal("a wrong number of types", members as u64));
        }
        let free =
            |&index: &u32| matches!(self.by_index.get(index as usize), Some(IndexEntry::Free));
        match self.free_indices.iter().find(|index| !free(index)) {
            Some(&index) => Err(Error::internal("a free index that is in use", index.into())),
            None => Ok(()),
        }
    }

    /// Checks that a group has exactly one edge to each other group to which its types refer.
    /// A function type refers to its trampoline type.
    fn check_edges(&self, group: &Group) -> Result<()> {
        let mut referred = HashSet::new();
        for index in group.types.iter().flat_map(references) {
            let unknown = Error::internal("a reference to unknown type", index.into());
            referred.insert(self.registered(index).ok_or(unknown)?.0);
        }
        referred.remove(&NonNull::from(group));
        let edges: HashSet<_> = group.edges.iter().copied().collect();
        if edges.len() != group.edges.len() || edges != referred {
            let number = group.edges.len() as u64;
            return Err(Error::internal("wrong edges of a rec group", number));
        }
        Ok(())
    }

    /// The number of edges to each group.
    fn edge_counts(&self) -> Counts {
        let mut counts: Counts = self.groups.iter().map(|&group| (group, 0)).collect();
        for edge in self.groups().flat_map(|group| &group.edges) {
            *counts.entry(*edge).or_default() += 1;
        }
        counts
    }

    fn check_counts(&self, holds: impl Fn(NonNull<Group>, usize) -> bool) -> Result<()> {
        for group in self.groups() {
            let count = group.count.get();
            if !holds(NonNull::from(group), count) {
                return Err(Error::internal("a wrong count of a group", count as u64));
            }
        }
        Ok(())
    }
}

/// The indices of the concrete types to which a type refers.
fn references(registered: &RegisteredType) -> Vec<u32> {
    let composite = &registered.composite;
    let fields = (0..composite.len()).filter_map(|index| composite.field(index));
    let concrete = |(storage, _)| match storage {
        StorageType::Val(ValType::Ref(reference)) => match reference.heap {
            HeapType::Concrete(index) => Some(index),
            HeapType::Abstract(_) => None,
        },
        _ => None,
    };
    let direct = registered.supertypes.last().copied();
    fields
        .filter_map(concrete)
        .chain(direct)
        .chain([registered.trampoline])
        .collect()
}
