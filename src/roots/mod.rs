//! Roots keep objects alive. Handles name roots.
//!
//! # Goals
//!
//! * Misusing a handle never reaches freed or foreign memory: in release builds too, and
//!   across a C ABI, where the compiler checks nothing (`handles.any-bits`).
//! * A handle whose root has ended never resolves again (`roots.never-stale`).
//! * Collectors may move any object at any collection.
//! * Making, reading and ending a root costs a few nanoseconds: no lock, no atomic
//!   read-modify-write, no allocation for each root.
//!
//! # The idea
//!
//! A handle is not a pointer. It is 16 bytes of plain data: the store's id, the index of a
//! slot, and a generation ([`Handle`], ROOTS-1). The slot is in the store's root set and
//! holds the reference. A collector that moves the object updates the slot, and the handle
//! stays as it is.
//!
//! To resolve a handle, the library compares its store id with the store's, its index with
//! the length of the array, and its generation with the slot's. A slot takes a new
//! generation for each root, so the handle of a root that has ended no longer matches.
//! Generations never wrap: a slot that has issued its last one is retired (ROOTS-2).
//!
//! # The structures
//!
//! | structure | its slots | how they end |
//! |---|---|---|
//! | [`LifoRoots`] | scoped roots, a stack | leaving a scope truncates the stack |
//! | [`ManualRoots`] | manual roots | each is unrooted, in any order, from any thread |
//! | [`Pins`] | pins, whose objects do not move | each is unpinned, in any order |
//! | [`WeakHandles`] | weak handles, which keep nothing alive | each is dropped, in any order |
//! | [`RecordSlots`] | tables and globals, with a record each | each is freed, in any order |
//!
//! The last four are built on [`FreeListSlots`]. All five are built on `SlotArray`, whose
//! sentinel slot lets a push test for "full" and "retired" at once (ROOTS-3). The high bits
//! of a handle's index mark its kind (ROOTS-17). [`ScopeStack`] has the open scopes, which
//! are named by serial numbers (ROOTS-13).
//!
//! [`LifoRoots::give_back`] and its siblings give pages of slots back to the system. A page
//! that was given back leaves a floor, from which its slots begin when they are used again
//! (`floors.rs`, ROOTS-28). Pages inside an array with a free list are listed meanwhile
//! (`src/base/released_pages.rs`, ROOTS-40).
//!
//! # How a collector sees the slots
//!
//! It gets spans of slots and scans them all, so root slots need no write barrier (ROOTS-7,
//! ROOTS-19). Slots without a root hold something else in the place of the reference: a
//! *link* between free slots, or a *jump* over retired slots. Both are odd, and a collector
//! takes them for an `i31` (ROOTS-5).
//!
//! # Other threads
//!
//! A root belongs to the store's owner thread. Destructors and other languages' finalizers
//! run on any thread. [`unroot_later`] finds the store by the id in the handle
//! ([`directory`], ROOTS-8) and puts the slot's *node* into the store's unroot queue
//! (`unroot_queue.rs`, ROOTS-10). The owner unroots later. The queue costs it one load for
//! each root that it makes.
//!
//! The alternatives that were rejected are in `docs/design/roots.md`. The design follows
//! Wasmtime's `RootSet`, `RootScope`, `Rooted` and `ManuallyRooted`. Generations that retire
//! their slot, checked scopes and the checks of forged bits are this library's.

pub(crate) mod directory;
mod floors;
mod free_list;
mod handle;
mod lifo;
mod manual;
mod pins;
mod records;
mod scopes;
mod slots;
mod unroot_queue;
mod wake;
mod weak;

/// The atomics of the unroot queue. The model in `tests/loom.rs` replaces them.
mod atomics {
    pub(super) use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};
}

pub(crate) use directory::unroot_later;
pub(crate) use free_list::FreeListSlots;
pub(crate) use handle::{GLOBAL, Handle, SLOTS_MAX, TABLE};
pub(crate) use lifo::{LifoRoots, NextSlot};
pub(crate) use manual::ManualRoots;
pub(crate) use pins::Pins;
pub(crate) use records::RecordSlots;
pub(crate) use scopes::{ScopeStack, ScopeToken};
#[cfg(feature = "capi")]
pub(crate) use wake::WakeFunction;
pub(crate) use wake::{Wake, WakeCallback};
pub(crate) use weak::WeakHandles;

#[cfg(test)]
mod tests;
