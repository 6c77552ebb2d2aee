//! Types: what engines register, and what objects are made of.
//!
//! # The goal
//!
//! Types are those of WebAssembly GC: structs, arrays and functions, in *rec groups*
//! whose members may refer to each other, with declared supertypes. Two modules that
//! declare the same group must get the same types, whatever threads they are
//! compiled on; a cast must be a few instructions; and neither an allocation nor a
//! cast may take a lock.
//!
//! # The idea
//!
//! Types are equal *iso-recursively*: as whole groups, position by position. So a
//! group is brought into a [canonical form](canonical): a sequence of words
//! in which a reference to a member is its position, and any other reference is the
//! index of a type that is registered already. The [`Registry`] keeps one
//! [`Group`](group::Group) for each canonical form (hash-consing); equal forms get the
//! same one, and with it the same type indices.
//!
//! A registered type never changes. It knows the indices of all its supertypes, from
//! the root down, so that "is a subtype of" is one comparison at a known depth
//! (Cohen, "Type-Extension Type Tests Can Be Performed in Constant Time", TOPLAS
//! 13(4), 1991).
//!
//! # How long a type lives
//!
//! A [`Type`] is a counted reference to its group. A group that refers to others
//! counts there as well, so that a type keeps alive all that it is made of. The count
//! falls from 1 to 0 only under the registry's lock, and rises from what the registry
//! finds only there: a group that is being dropped cannot be found, nor dropped twice.
//! Groups that a drop lets go are dropped in turn without recursion.
//!
//! # What was rejected
//!
//! Comparing types structurally at each use, which is exponential or needs a table of
//! assumptions. Counts that fall to 0 outside the lock, with a check afterwards
//! whether somebody has found the group meanwhile: that is where such registries go
//! wrong.

mod build;
mod canonical;
#[cfg(test)]
mod check;
mod group;
mod heap_type;
mod layout;
mod rec_group;
mod reference_count;
mod registry;
mod subtyping;

/// What the loom model of the count replaces.
mod atomics {
    pub(super) use core::sync::atomic::{AtomicUsize, Ordering};
}

pub(crate) use group::{RegisteredType, Type};
pub(crate) use heap_type::{AbstractType, FieldType, HeapType, RefType, StorageType, ValType};
pub(crate) use layout::{Admits, FieldLayout, Storage};
pub(crate) use rec_group::{
    Composite, Declared, RecGroup, SubType, check_field_count, check_value_counts,
};
pub(crate) use registry::Registry;

#[cfg(test)]
mod hash_tests;
#[cfg(test)]
pub(crate) mod memory_tests;
#[cfg(test)]
mod oracle_tests;
#[cfg(test)]
mod tests;
