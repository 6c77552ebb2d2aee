//! A mutex without poisoning, which thread sanitizers understand.
//!
//! The standard library is not instrumented. A sanitizer therefore does not see the order
//! that a contended lock creates, and reports races that do not exist. Built with
//! `--cfg gcroots_tsan`, the lock creates the same order once more by an atomic of its own.

use core::ops::{Deref, DerefMut};
#[cfg(gcroots_tsan)]
use core::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A mutex. Locking allocates nothing. A panic while it is held does not poison it, so the
/// value must be sound at each point that may panic.
#[derive(Debug)]
pub(crate) struct Lock<T> {
    mutex: Mutex<T>,
    #[cfg(gcroots_tsan)]
    order: AtomicU32,
}

impl<T> Lock<T> {
    /// An unlocked lock.
    pub(crate) const fn new(value: T) -> Lock<T> {
        Lock {
            mutex: Mutex::new(value),
            #[cfg(gcroots_tsan)]
            order: AtomicU32::new(0),
        }
    }

    /// Waits until no other thread holds the lock, and locks it.
    pub(crate) fn lock(&self) -> LockGuard<'_, T> {
        let guard = self.mutex.lock().unwrap_or_else(PoisonError::into_inner);
        #[cfg(gcroots_tsan)]
        self.order.load(Ordering::Acquire);
        LockGuard {
            guard,
            #[cfg(gcroots_tsan)]
            order: &self.order,
        }
    }
}

/// Unlocks the lock when it is dropped.
pub(crate) struct LockGuard<'a, T> {
    guard: MutexGuard<'a, T>,
    #[cfg(gcroots_tsan)]
    order: &'a AtomicU32,
}

impl<T> Deref for LockGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.guard
    }
}

impl<T> DerefMut for LockGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.guard
    }
}

#[cfg(gcroots_tsan)]
impl<T> Drop for LockGuard<'_, T> {
    fn drop(&mut self) {
        // The mutex is unlocked after this, when the fields are dropped.
        self.order.store(1, Ordering::Release);
    }
}
