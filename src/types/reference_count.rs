//! The count of references to a group.
//!
//! It rises without the registry's lock only where it is at least 1, and falls from 1
//! to 0 only under the lock, as the kernel's `atomic_dec_and_lock` has it. Whoever
//! finds a group in the registry holds the lock, and so finds none that is being
//! dropped; and of two threads that drop a group at once, one is the last.
//!
//! `tests/loom.rs` explores the interleavings of this file.

use super::atomics::{AtomicUsize, Ordering};

/// A count of references.
#[derive(Debug)]
pub(crate) struct ReferenceCount(AtomicUsize);

impl ReferenceCount {
    /// One reference.
    pub(crate) fn new() -> ReferenceCount {
        ReferenceCount(AtomicUsize::new(1))
    }

    /// Counts once more. The caller has a reference, or the lock. `false` if there
    /// are too many.
    pub(crate) fn add(&self) -> bool {
        // Relaxed, as for `Arc`: what is counted is alive already.
        self.update(Ordering::Relaxed, |n| n.checked_add(1))
    }

    /// Counts once less, unless this is the last reference: then `false`.
    pub(crate) fn drop_unless_last(&self) -> bool {
        self.update(Ordering::Release, |n| n.checked_sub(1).filter(|&n| n > 0))
    }

    /// Counts once less; whether this was the last reference. The caller has the
    /// lock.
    pub(crate) fn drop_with_lock(&self) -> bool {
        self.0.fetch_sub(1, Ordering::AcqRel) == 1
    }

    /// How many references there are.
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
