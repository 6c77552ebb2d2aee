//! Trampoline types. Function types that differ only in references of the same hierarchies
//! share a trampoline type, so that an engine needs fewer trampolines.

use core::ptr::NonNull;

use super::canonical::Canonical;
use super::composite::{Composite, Equality, SubType, ValType, try_map};
use super::group::Group;
use super::heap_type::{AbstractType, HeapType, RefType};
use super::registry::{Inner, Registry, unknown_index};
use crate::base::fallible;
use crate::base::ref_counted::RefCounted;
use crate::error::Result;

impl Inner {
    /// Registers a trampoline type and returns its index. Its group becomes an edge.
    pub(super) fn trampoline(
        &mut self,
        registry: &RefCounted<Registry>,
        of: SubType<Canonical>,
        edges: &mut Vec<NonNull<Group>>,
    ) -> Result<u32> {
        fallible::reserve(edges, 1)?;
        let mut members = Vec::new();
        fallible::push(&mut members, of)?;
        let form = registry.canonical_form(&members, Equality::Declared)?;
        let group = self.intern(registry, &members, form)?;
        fallible::push(edges, group)?;
        // SAFETY: registered groups are alive.
        let index = unsafe { &(*group.as_ptr()).types }.first();
        index.map(|first| first.index).ok_or(unknown_index(0))
    }

    /// The trampoline type of a function: each reference is replaced by a nullable reference
    /// to the top of its hierarchy, so that one trampoline serves many types. `None` for
    /// other types.
    pub(super) fn trampoline_type(
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
                params: try_map(params, erase)?,
                results: try_map(results, erase)?,
            },
        }))
    }

    /// The top of the hierarchy of a heap type.
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
                let (_, registered) = self.registered(index).ok_or(unknown_index(index))?;
                registered.composite.abstract_type()
            }
        };
        Ok(above.top())
    }
}
