//! Building a group that is not registered yet: indices, supertypes, trampolines.
//! Whatever fails, the registry is as it was.

use core::cell::Cell;
use core::ptr::NonNull;

use super::canonical::{Canonical, CanonicalGroup};
use super::group::{Group, RegisteredType};
use super::heap_type::{AbstractType, HeapType, RefType, ValType};
use super::layout::{Admits, FieldLayout, TypeLayout};
use super::rec_group::{Composite, DEPTH_MAX, SubType, collect, limit};
use super::reference_count::ReferenceCount;
use super::registry::{Inner, Registry, Slot, free_all};
use super::subtyping::{self, Types};
use crate::counted::Counted;
use crate::error::{Error, Result};
use crate::fallible;
use crate::heap::{Layout, ObjectHeader};

/// The types of a registry and those that are being built.
struct Building<'a> {
    inner: &'a Inner,
    types: &'a [RegisteredType],
}

impl Types for Building<'_> {
    fn get(&self, index: u32) -> Option<&RegisteredType> {
        match *self.inner.by_index.get(index as usize)? {
            Slot::Fresh(position) => self.types.get(position as usize),
            _ => self
                .inner
                .registered(index)
                .map(|(_, registered)| registered),
        }
    }
}

/// What [`Inner::slots`] answers.
struct Slots {
    fields: Vec<FieldLayout>,
    results: Vec<FieldLayout>,
    trace: Layout,
}

impl Inner {
    /// Builds and registers a group, counted once.
    ///
    /// Errors: [`Error::InvalidType`], [`Error::Limit`], [`Error::SystemMemory`].
    pub(super) fn build(
        &mut self,
        registry: &Counted<Registry>,
        members: &[SubType<Canonical>],
        canonical: CanonicalGroup,
        is_hidden: bool,
    ) -> Result<NonNull<Group>> {
        let indices = self.take_indices(members.len())?;
        let mut edges = Vec::new();
        let built = self
            .build_types(registry, members, &indices, &mut edges)
            .and_then(|mut types| {
                types.iter_mut().for_each(|of| of.is_hidden = is_hidden);
                keep_distinct(&mut edges)?;
                self.insert(registry, canonical, types, &mut edges)
            });
        if built.is_err() {
            indices.iter().for_each(|&index| self.give_index(index));
            for edge in edges {
                // SAFETY: counted for the group that there is not; what that lets go
                // is unlinked. The registry has another reference, the caller's.
                unsafe { free_all(self.release(edge)) };
            }
        }
        built
    }

    /// The group's types. What they refer to is counted, and noted in `edges`, also
    /// on an error.
    fn build_types(
        &mut self,
        registry: &Counted<Registry>,
        members: &[SubType<Canonical>],
        indices: &[u32],
        edges: &mut Vec<NonNull<Group>>,
    ) -> Result<Vec<RegisteredType>> {
        let mut types = Vec::new();
        types
            .try_reserve_exact(members.len())
            .map_err(|_| fallible::refused(size_of_val(members)))?;
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
            let slots = self.slots(&types, &types[position])?;
            types[position].fields = slots.fields;
            types[position].results = slots.results;
            types[position].trace = slots.trace;
        }
        for (position, member) in members.iter().enumerate() {
            if let Some(trampoline) = self.erased(members, member)? {
                types[position].trampoline = if members == core::slice::from_ref(&trampoline) {
                    indices[position]
                } else {
                    self.trampoline(registry, trampoline, edges)?
                };
            }
        }
        Ok(types)
    }

    /// A member's type; `types` are those before it.
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
            let above = building.get(supertype).ok_or(unknown(supertype))?;
            let refused = |_| fallible::refused(above.supertypes.len() * 4);
            if above.supertypes.len() >= DEPTH_MAX {
                return Err(limit("supertypes above a type", DEPTH_MAX));
            }
            supertypes
                .try_reserve_exact(above.supertypes.len() + 1)
                .map_err(refused)?;
            supertypes.extend(above.supertypes.iter().copied().chain([supertype]));
        }
        Ok(RegisteredType {
            index,
            group: NonNull::dangling(),
            is_final: renamed.is_final,
            is_hidden: false,
            layout: TypeLayout::of(&renamed.composite)?,
            admits: Admits::of_concrete(
                index,
                renamed.composite.abstract_type(),
                supertypes.len() as u8,
            ),
            supertypes,
            header: ObjectHeader::new(TypeLayout::kind(&renamed.composite), index),
            fields: Vec::new(),
            results: Vec::new(),
            trace: Layout::Array {
                element_bytes: 0,
                references: false,
            },
            composite: renamed.composite,
            trampoline: index,
        })
    }

    /// What gets, sets, calls and collectors need of a type whose group's `types` are
    /// built.
    fn slots(&self, types: &[RegisteredType], built: &RegisteredType) -> Result<Slots> {
        let building = Building { inner: self, types };
        let admits = |value: &ValType<u32>| match value {
            ValType::Ref(reference) => subtyping::admits(&building, reference),
            _ => Ok(Admits::default()),
        };
        let fields = built.layout.fields(&built.composite, admits)?;
        let trace = built.layout.trace(&built.composite, &fields)?;
        Ok(Slots {
            fields,
            results: TypeLayout::results(&built.composite, admits)?,
            trace,
        })
    }

    /// Counts a registered type's group for the group that is being built, perhaps not
    /// for the first time.
    fn add_edge(&self, index: u32, edges: &mut Vec<NonNull<Group>>) -> Result<()> {
        let (group, _) = self.registered(index).ok_or(unknown(index))?;
        if edges.last() == Some(&group) {
            return Ok(());
        }
        edges
            .try_reserve(1)
            .map_err(|_| fallible::refused(size_of::<NonNull<Group>>()))?;
        // SAFETY: registered groups are alive.
        unsafe { group.as_ref() }.add_reference()?;
        fallible::push(edges, group)
    }

    /// The index of a trampoline type, whose group becomes an edge.
    fn trampoline(
        &mut self,
        registry: &Counted<Registry>,
        erased: SubType<Canonical>,
        edges: &mut Vec<NonNull<Group>>,
    ) -> Result<u32> {
        edges
            .try_reserve(1)
            .map_err(|_| fallible::refused(size_of::<NonNull<Group>>()))?;
        let mut members = Vec::new();
        fallible::push(&mut members, erased)?;
        let group = self.intern(registry, &members, false)?;
        fallible::push(edges, group)?;
        // SAFETY: registered groups are alive; this one has one member.
        let index = unsafe { &(*group.as_ptr()).types }.first();
        index.map(|first| first.index).ok_or(unknown(0))
    }

    /// Registers a group that is complete, counted once. Takes the edges.
    fn insert(
        &mut self,
        registry: &Counted<Registry>,
        canonical: CanonicalGroup,
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
            hash: canonical.hash(&self.hasher),
            canonical,
            types,
            edges: Vec::new(),
            next_dropped: Cell::new(None),
        })?;
        let group = Box::leak(group);
        group.edges = core::mem::take(edges);
        let group = NonNull::from(group);
        // SAFETY: nobody else has the group yet.
        let types = unsafe { &mut (*group.as_ptr()).types };
        types.iter_mut().for_each(|built| built.group = group);
        self.link(group, hash);
        Ok(group)
    }

    /// Puts a group into the tables, which have room.
    #[expect(clippy::disallowed_methods, reason = "room was reserved")]
    fn link(&mut self, group: NonNull<Group>, hash: impl Fn(&NonNull<Group>) -> u64) {
        // SAFETY: just made.
        let linked = unsafe { &*group.as_ptr() };
        self.groups.insert_unique(linked.hash, group, hash);
        for (registered, position) in linked.types.iter().zip(0..) {
            self.by_index[registered.index as usize] = Slot::Registered(group, position);
        }
    }
}

/// Keeps one edge to each group, and no room for more. On an error too, what is there
/// is counted.
///
/// Errors: [`Error::SystemMemory`].
fn keep_distinct(edges: &mut Vec<NonNull<Group>>) -> Result<()> {
    edges.sort_unstable();
    edges.dedup_by(|edge, before| {
        if edge != before {
            return false;
        }
        // SAFETY: counted twice at least.
        let last = unsafe { edge.as_ref() }.count.drop_with_lock();
        debug_assert!(!last);
        true
    });
    *edges = collect(edges, |&edge| Ok(edge))?;
    Ok(())
}

/// Checks that a type may have the supertype that it names.
fn check_supertype(types: &Building<'_>, position: u32, checked: &RegisteredType) -> Result<()> {
    let Some(&index) = checked.supertypes.last() else {
        return Ok(());
    };
    let supertype = types.get(index).ok_or(unknown(index))?;
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

fn unknown(index: u32) -> Error {
    Error::internal("a type index that does not exist", index.into())
}

impl Inner {
    /// A function's trampoline type: each reference is a nullable one to the top of
    /// its hierarchy, so that one trampoline serves many types. `None` for other
    /// types.
    fn erased(
        &self,
        members: &[SubType<Canonical>],
        member: &SubType<Canonical>,
    ) -> Result<Option<SubType<Canonical>>> {
        let Composite::Func { params, results } = &member.composite else {
            return Ok(None);
        };
        let erase = |value: &ValType<Canonical>| match value {
            ValType::Ref(reference) => Ok(ValType::Ref(RefType {
                nullable: true,
                heap: HeapType::Abstract(self.top(members, reference.heap)?),
            })),
            other => Ok(*other),
        };
        Ok(Some(SubType {
            is_final: true,
            supertype: None,
            composite: Composite::Func {
                params: collect(params, erase)?,
                results: collect(results, erase)?,
            },
        }))
    }

    /// The top of a heap type's hierarchy.
    fn top(
        &self,
        members: &[SubType<Canonical>],
        heap: HeapType<Canonical>,
    ) -> Result<AbstractType> {
        let above = match heap {
            HeapType::Abstract(above) => above,
            HeapType::Concrete(Canonical::Member(position)) => {
                members[position as usize].composite.abstract_type()
            }
            HeapType::Concrete(Canonical::Registered(index)) => {
                let (_, registered) = self.registered(index).ok_or(unknown(index))?;
                registered.composite.abstract_type()
            }
        };
        Ok(above.top())
    }
}
