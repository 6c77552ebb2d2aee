//! The types of objects and functions, and the registry that engines keep of them.
//!
//! # Goals
//!
//! Types are those of WebAssembly GC: structs, arrays and functions with declared
//! supertypes, in *rec groups* whose members may refer to each other.
//!
//! * Two modules that declare the same group get the same types, on whichever threads they
//!   are compiled.
//! * A cast takes a few instructions.
//! * Allocations and casts take no lock.
//!
//! # The idea
//!
//! Types are equal *iso-recursively*: two types are equal if their whole groups are equal
//! and they have the same position. Therefore a group has a [canonical form](canonical), a
//! sequence of words. In it a reference to a member of the group is the member's position,
//! and any other reference is the index of a registered type. The [`Registry`] keeps one
//! [`Group`](group::Group) for each canonical form (hash-consing). Groups with equal forms
//! are one group, and have the same type indices.
//!
//! A registered type never changes. It has the indices of all its supertypes, from the root
//! of the hierarchy down. So a subtype test is one comparison at a known depth (Cohen,
//! "Type-Extension Type Tests Can Be Performed in Constant Time", TOPLAS 13(4), 1991).
//!
//! # Lifetime of a type
//!
//! A [`Type`] is a counted reference to its group. A group also counts as a reference to
//! each group to which it refers, so a type keeps alive every type that it is made of.
//! References between groups have no cycles, since a group refers only to groups that were
//! registered before it.
//!
//! A group's count falls from 1 to 0 only under the registry's lock, and a lookup raises it
//! only under the lock. So a group that is being dropped cannot be found, and cannot be
//! dropped twice. Dropping a group can drop the last references to other groups. The registry
//! puts those on a list instead of recursing.
//!
//! # Files
//!
//! Files depend on each other in one direction, from [`registration`] down to `heap_type`,
//! with two exceptions:
//!
//! * [`group`] and [`registry`] refer to each other: the registry finds groups, and a group
//!   keeps its registry alive until its last reference is dropped.
//! * Building a function type registers its [trampoline type](trampoline). So
//!   [`registration`] and [`build`] call each other, as methods of the registry.
//!
//! # Rejected
//!
//! * Comparing the structure of types at each use. It takes exponential time, or a table of
//!   assumptions.
//! * Counts that fall to 0 outside the lock, with a later check whether another thread has
//!   found the group in the meantime. This is a common source of errors in such registries.

mod admits;
mod build;
mod canonical;
#[cfg(test)]
mod check;
mod composite;
mod group;
mod heap_type;
mod layout;
mod limits;
mod rec_group;
mod reference_count;
mod registration;
mod registry;
mod subtyping;
mod trampoline;

/// The atomics of [`reference_count`]. The loom tests replace them.
mod atomics {
    pub(super) use core::sync::atomic::{AtomicUsize, Ordering};
}

pub(crate) use admits::Admits;
pub(crate) use composite::{Composite, FieldType, StorageType, SubType, ValType};
pub(crate) use group::{RegisteredType, Type};
pub(crate) use heap_type::{AbstractType, HeapType, RefType};
pub(crate) use layout::{FieldLayout, Storage};
pub(crate) use limits::{check_field_count, check_value_counts};
pub(crate) use rec_group::{Declared, RecGroup};
pub(crate) use registry::Registry;

#[cfg(test)]
pub(crate) mod tests;
