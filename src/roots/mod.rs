//! Roots: what keeps objects alive, and the handles that name them.
//!
//! # The goal
//!
//! Misusing a root never reaches freed or foreign memory, in release builds,
//! across a C ABI where the compiler checks nothing. Collectors may move any
//! object at any collection. And creating, reading or dropping a root costs a
//! few nanoseconds: no lock, no atomic read-modify-write, no allocation a root.
//!
//! # The idea
//!
//! A handle is not a pointer. It is 16 bytes of plain data: the store's id, a
//! slot, and the slot's generation. The slot lives in the store's root set and
//! holds the reference; a collector updates it when the object moves, and the
//! handle stays as it is. Before a handle is used, its store id is compared with
//! the store's, its slot with the array's length, and its generation with the
//! slot's. A slot takes a new generation for each root, so a handle whose root
//! is gone no longer matches.
//!
//! # Two kinds
//!
//! * *Scoped* roots ([`LifoRoots`]) are a stack. Entering a scope notes the
//!   stack's length ([`ScopeStack`]), leaving it truncates the stack: one store,
//!   however many roots there were. Entries above the length keep their
//!   generation for the next push.
//! * *Manual* roots ([`ManualRoots`]) have a free list and live until they are
//!   unrooted, in any order.
//!
//! The high bit of a handle's index tells which kind it is; the two highest ones those of
//! tables and globals. *Weak* handles
//! ([`WeakHandles`]) have slots like manual roots, which collections sweep
//! instead of tracing them. Tables and globals have such slots too ([`RecordSlots`]),
//! which are traced: they hold the objects that have the elements and the values.
//!
//! # Other threads
//!
//! A root belongs to the store's owner thread, but destructors and other
//! languages' finalizers run anywhere. [`unroot_later`] finds the store by the
//! id in the handle ([`directory`]) and queues the slot (`unroot_queue.rs`); the
//! owner, which pays one load for it when it makes a root, unroots later.
//!
//! # `roots.never-stale`
//!
//! A handle whose root has gone never resolves again, however long the program
//! runs. A 32-bit generation that wraps does not give that: after 2^32 roots an
//! old handle would match again, in minutes. So generations do not wrap. The
//! greatest one is never issued: a slot that gets there is *retired*, which
//! costs 8 bytes each 2^32 pushes (2^31 for manual roots), and pushes skip it.
//! Resolution refuses the greatest generation, so that forged bits cannot match
//! a retired slot. Growing the array keeps all generations.
//!
//! # Details that carry weight
//!
//! * The LIFO array ends in a *sentinel* slot of the greatest generation beyond
//!   its capacity. A push that finds that generation takes the slow path, so
//!   one comparison serves for "retired", "exhausted" and "full".
//! * A manual slot's generation is odd while in use. If free slots' generations
//!   could be forged, the free-list link would be taken for a reference.
//! * Links (over runs of retired slots, between free slots) stand in the
//!   reference's place with the low bit set. To a collector that is an `i31`,
//!   so it needs to know nothing about them.
//! * A scope's token is a serial number that is never reused. Depth and length
//!   in the token would let a forged one lengthen the stack and revive stale
//!   handles, and would accept a second exit.
//! * Root slots need no write barrier: every collector scans them all.
//!
//! # What was rejected
//!
//! Pointers to slots (a stale one cannot be checked); one allocation a root
//! (Wasmtime's manual roots before they were flattened); reference counts on
//! handles (atomic, or not usable from other threads' destructors); a shared
//! liveness flag for each root, for which Wasmtime's became 24 bytes and an `Arc`.
//!
//! The design follows Wasmtime's `RootSet`, `RootScope`, `Rooted` and
//! `ManuallyRooted`; generations that retire their slot, checked scopes and
//! the checks of forged bits are this library's.

pub(crate) mod directory;
mod free_list;
mod handle;
mod lifo;
mod manual;
mod records;
mod scopes;
mod slots;
mod unroot_queue;
mod weak;

/// What the queue's loom model replaces.
mod atomics {
    pub(super) use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};
}

pub(crate) use directory::unroot_later;
pub(crate) use free_list::FreeListSlots;
pub(crate) use handle::{GLOBAL, Handle, SLOTS_MAX, TABLE};
pub(crate) use lifo::LifoRoots;
pub(crate) use manual::ManualRoots;
pub(crate) use records::RecordSlots;
pub(crate) use scopes::{ScopeStack, ScopeToken};
pub(crate) use weak::WeakHandles;

#[cfg(test)]
mod tests;
