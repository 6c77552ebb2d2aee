//! Building a group that is not registered yet: its indices, supertypes and trampolines. An
//! error leaves the registry unchanged.

use core::cell::Cell;
use core::ptr::NonNull;

use super::admits::Admits;
use super::canonical::Canonical;
use super::composite::{Equality, SubType, ValType, try_map};
use super::group::{Group, RegisteredType};
use super::layout::{FieldLayout, TypeLayout};
use super::limits::{DEPTH_MAX, exceeded};
use super::reference_count::ReferenceCount;
use super::registration::Form;
use super::registry::{IndexEntry, Inner, Registry, free_all, unknown_index};
use super::subtyping::{self, Types};
use crate::base::fallible;
use crate::base::ref_counted::RefCounted;
use crate::error::{Error, Result};
use crate::heap::{Layout, ObjectHeader};

/// Finds types of a registry, and types of the group that is being built.
struct Building<'a> {
    inner: &'a Inner,
    types: &'a [RegisteredType],
}

impl Types for Building<'_> {
    fn get(&self, index: u32) -> Option<&RegisteredType> {
        match *self.inner.by_index.get(index as usize)? {
            IndexEntry::Building(position) => self.types.get(position as usize),
            _ => self
                .inner
                .registered(index)
                .map(|(_, registered)| registered),
        }
    }
}

/// The layouts of a type that need the other types of its group.
struct Layouts {
    fields: Vec<FieldLayout>,
    results: Vec<FieldLayout>,
    trace: Layout,
}

impl Inner {
    /// Builds and registers a group. The caller owns one reference to it.
    ///
    /// Errors: [`Error::InvalidType`], [`Error::Limit`], [`Error::SystemMemory`].
    pub(super) fn build(
        &mut self,
        registry: &RefCounted<Registry>,
        members: &[SubType<Canonical>],
        form: Form,
    ) -> Result<NonNull<Group>> {
        let equality = form.equality;
        let indices = self.take_indices(members.len())?;
        let mut edges = Vec::new();
        let built = self
            .build_types(registry, members, equality, &indices, &mut edges)
            .and_then(|mut types| {
                let is_hidden = equality == Equality::Hidden;
                if is_hidden {
                    types.iter_mut().for_each(RegisteredType::hide);
                }
                keep_distinct(&mut edges)?;
                self.insert(registry, form, types, &mut edges)
            });
        if built.is_err() {
            indices.iter().for_each(|&index| self.free_index(index));
            for edge in edges {
                // SAFETY: the edge is a reference of the group that was not built. The
                // caller keeps the registry alive.
                unsafe { free_all(self.drop_reference(edge)) };
            }
        }
        built
    }

    /// Builds the types of a group. Adds a reference to each group to which they refer, and
    /// appends that group to `edges`. On an error the caller drops the references in
    /// `edges`.
    fn build_types(
        &mut self,
        registry: &RefCounted<Registry>,
        members: &[SubType<Canonical>],
        equality: Equality,
        indices: &[u32],
        edges: &mut Vec<NonNull<Group>>,
    ) -> Result<Vec<RegisteredType>> {
        let mut types = fallible::with_room(members.len())?;
        for (member, &index) in members.iter().zip(indices) {
            let built = self.build_type(&types, member, indices, index, edges)?;
            fallible::push(&mut types, built)?;
        }
        for (position, built) in types.iter().enumerate() {
            let building = Building {
                inner: self,
                types: &types,
            };
            check_supertype(&building, position as u32, built)?;
        }
        for position in 0..types.len() {
            let layouts = self.layouts(&types, &types[position])?;
            types[position].fields = layouts.fields.into();
            types[position].results = layouts.results;
            types[position].trace = layouts.trace;
        }
        for (position, member) in members.iter().enumerate() {
            if let Some(trampoline) = self.trampoline_type(members, member)? {
                // A unique type serves itself only (TYPES-19).
                let is_own =
                    equality == Equality::Declared && members == core::slice::from_ref(&trampoline);
                types[position].trampoline = if is_own {
                    indices[position]
                } else {
                    self.trampoline(registry, trampoline, edges)?
                };
            }
        }
        Ok(types)
    }

    /// Builds the type of a member. `types` are the types of the members before it.
    fn build_type(
        &self,
        types: &[RegisteredType],
        member: &SubType<Canonical>,
        indices: &[u32],
        index: u32,
        edges: &mut Vec<NonNull<Group>>,
    ) -> Result<RegisteredType> {
        let renamed = member.rename(|name| match name {
            Canonical::Member(position) => Ok(indices[position as usize]),
            Canonical::Registered(index) => {
                self.add_edge(index, edges)?;
                Ok(index)
            }
        })?;
        let mut supertypes = Vec::new();
        if let Some(supertype) = renamed.supertype {
            let building = Building { inner: self, types };
            let above = building.get(supertype).ok_or(unknown_index(supertype))?;
            if above.supertypes.len() >= DEPTH_MAX {
                return Err(exceeded("supertypes above a type", DEPTH_MAX));
            }
            supertypes = fallible::with_room(above.supertypes.len() + 1)?;
            supertypes.extend(above.supertypes.iter().copied().chain([supertype]));
        }
        Ok(RegisteredType {
            index,
            group: NonNull::dangling(),
            is_final: renamed.is_final,
            is_hidden: false,
            raw_kind: TypeLayout::kind(&renamed.composite) as u8,
            layout: TypeLayout::of(&renamed.composite)?,
            admits: Admits::of_concrete(
                index,
                renamed.composite.abstract_type(),
                supertypes.len() as u8,
            ),
            supertypes: supertypes.into(),
            header: ObjectHeader::new(TypeLayout::kind(&renamed.composite), index),
            fields: Vec::new().into(),
            results: Vec::new(),
            trace: Layout::Array {
                element_bytes: 0,
                references: false,
            },
            composite: renamed.composite,
            trampoline: index,
        })
    }

    /// The layouts of a type. `types` are all types of its group.
    fn layouts(&self, types: &[RegisteredType], built: &RegisteredType) -> Result<Layouts> {
        let building = Building { inner: self, types };
        let admits = |value: &ValType<u32>| match value {
            ValType::Ref(reference) => subtyping::admits(&building, reference),
            _ => Ok(Admits::default()),
        };
        let fields = built.layout.fields(&built.composite, admits)?;
        let trace = built.layout.trace(&built.composite, &fields)?;
        Ok(Layouts {
            fields,
            results: TypeLayout::results(&built.composite, admits)?,
            trace,
        })
    }

    /// Adds a reference to the group of a registered type and appends the group to `edges`,
    /// unless it is the last edge there. The same group may be in `edges` several times.
    fn add_edge(&self, index: u32, edges: &mut Vec<NonNull<Group>>) -> Result<()> {
        let (group, _) = self.registered(index).ok_or(unknown_index(index))?;
        if edges.last() == Some(&group) {
            return Ok(());
        }
        fallible::reserve(edges, 1)?;
        // SAFETY: registered groups are alive.
        unsafe { group.as_ref() }.add_reference()?;
        fallible::push(edges, group)
    }

    /// Registers a complete group, to which the caller then owns one reference. The group
    /// takes the edges. On an error they stay in `edges`.
    fn insert(
        &mut self,
        registry: &RefCounted<Registry>,
        form: Form,
        types: Vec<RegisteredType>,
        edges: &mut Vec<NonNull<Group>>,
    ) -> Result<NonNull<Group>> {
        let hash = |group: &NonNull<Group>| {
            // SAFETY: registered groups are alive.
            unsafe { group.as_ref() }.hash
        };
        self.groups
            .try_reserve(1, hash)
            .map_err(|_| fallible::refused(size_of::<NonNull<Group>>()))?;
        let group = fallible::boxed(Group {
            count: ReferenceCount::new(),
            registry: registry.try_clone("references to a registry")?,
            hash: form.hash,
            canonical: form.canonical,
            types,
            edges: Vec::new(),
            next_unregistered: Cell::new(None),
        })?;
        let group = Box::leak(group);
        group.edges = core::mem::take(edges);
        let group = NonNull::from(group);
        // SAFETY: no other reference to the group exists yet.
        let types = unsafe { &mut (*group.as_ptr()).types };
        types.iter_mut().for_each(|built| built.group = group);
        self.add_to_tables(group, hash);
        Ok(group)
    }

    /// Adds a group to the tables, which have room.
    #[expect(clippy::disallowed_methods, reason = "room was reserved")]
    fn add_to_tables(&mut self, group: NonNull<Group>, hash: impl Fn(&NonNull<Group>) -> u64) {
        // SAFETY: the group was just built.
        let added = unsafe { &*group.as_ptr() };
        self.groups.insert_unique(added.hash, group, hash);
        for (registered, position) in added.types.iter().zip(0..) {
            self.by_index[registered.index as usize] = IndexEntry::Registered(group, position);
        }
    }
}

/// Drops duplicate edges and spare room. On an error, each remaining edge is still one
/// reference.
///
/// Errors: [`Error::SystemMemory`].
fn keep_distinct(edges: &mut Vec<NonNull<Group>>) -> Result<()> {
    edges.sort_unstable();
    edges.dedup_by(|edge, before| {
        if edge != before {
            return false;
        }
        // SAFETY: both edges keep the group alive.
        let last = unsafe { edge.as_ref() }.count.decrement_locked();
        debug_assert!(!last);
        true
    });
    *edges = try_map(edges, |&edge| Ok(edge))?;
    Ok(())
}

/// Checks that a type may have its declared supertype.
///
/// Errors: [`Error::InvalidType`]. Its index is `position`, in the group.
fn check_supertype(types: &Building<'_>, position: u32, checked: &RegisteredType) -> Result<()> {
    let Some(&index) = checked.supertypes.last() else {
        return Ok(());
    };
    let supertype = types.get(index).ok_or(unknown_index(index))?;
    let refused = |what| {
        Err(Error::InvalidType {
            index: position,
            what,
            other: None,
        })
    };
    if supertype.is_final {
        return refused("names a final supertype");
    }
    if supertype.composite.abstract_type() != checked.composite.abstract_type() {
        return refused("names a supertype of another kind");
    }
    if !subtyping::composite(types, &checked.composite, &supertype.composite) {
        return refused("does not match its supertype");
    }
    Ok(())
}
