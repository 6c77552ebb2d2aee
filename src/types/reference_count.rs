//! The reference count of a registered group.
//!
//! Two rules ensure that a group is freed once, and never while another thread finds it:
//!
//! * Without the registry's lock, the count rises only from 1 or more.
//! * The count falls from 1 to 0 only under the lock, like a count of the Linux kernel's
//!   `atomic_dec_and_lock`.
//!
//! A thread looks up groups under the lock, so it never finds one whose count is 0. If two
//! threads drop references at once, exactly one of them drops the last reference.
//!
//! `tests/loom.rs` explores the interleavings of this file.

use super::atomics::{AtomicUsize, Ordering};

/// A count of references.
#[derive(Debug)]
pub(crate) struct ReferenceCount(AtomicUsize);

impl ReferenceCount {
    /// A count of 1.
    pub(crate) fn new() -> ReferenceCount {
        ReferenceCount(AtomicUsize::new(1))
    }

    /// Adds 1. Returns `false`, without a change, if the count would overflow. The caller
    /// has a reference, or the lock.
    pub(crate) fn increment(&self) -> bool {
        // Relaxed, as for `Arc`: the caller keeps the group alive.
        self.update(Ordering::Relaxed, |n| n.checked_add(1))
    }

    /// Subtracts 1. Returns `false`, without a change, if the count is 1: the last
    /// reference is dropped under the lock, with [`ReferenceCount::decrement_locked`].
    pub(crate) fn decrement_unless_last(&self) -> bool {
        self.update(Ordering::Release, |n| n.checked_sub(1).filter(|&n| n > 0))
    }

    /// Subtracts 1. Returns whether the count is now 0. The caller has the lock.
    pub(crate) fn decrement_locked(&self) -> bool {
        self.0.fetch_sub(1, Ordering::AcqRel) == 1
    }

    /// The number of references.
    #[cfg(test)]
    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn update(&self, order: Ordering, change: impl Fn(usize) -> Option<usize>) -> bool {
        let mut old = self.0.load(Ordering::Relaxed);
        while let Some(new) = change(old) {
            match self.0.compare_exchange(old, new, order, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => old = now,
            }
        }
        false
    }
}
