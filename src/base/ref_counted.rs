//! Counted references.
//!
//! A [`RefCounted`] is an `Arc` that never aborts: making one can fail, and so can cloning
//! one, when the count would overflow (`capi.no-abort`). It has no weak references.

use core::ops::Deref;
use core::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering, fence};

use crate::base::fallible;
use crate::error::{Error, Result};

struct Shared<T> {
    references: AtomicUsize,
    value: T,
}

/// A counted reference to a value. The value is dropped with its last reference.
pub(crate) struct RefCounted<T>(NonNull<Shared<T>>);

// SAFETY: threads share the value, and the last one drops it, as with `Arc`.
unsafe impl<T: Send + Sync> Send for RefCounted<T> {}
// SAFETY: see `Send`.
unsafe impl<T: Send + Sync> Sync for RefCounted<T> {}

impl<T> RefCounted<T> {
    /// Moves a value to the heap, and returns the first reference to it.
    ///
    /// Errors: [`Error::SystemMemory`].
    pub(crate) fn new(value: T) -> Result<RefCounted<T>> {
        let shared = fallible::boxed(Shared {
            references: AtomicUsize::new(1),
            value,
        })?;
        Ok(RefCounted(NonNull::from(Box::leak(shared))))
    }

    /// Makes another reference.
    ///
    /// Errors: [`Error::Limit`] of `what`.
    pub(crate) fn try_clone(&self, what: &'static str) -> Result<RefCounted<T>> {
        // Relaxed, as in `Arc`: the caller's reference keeps the value alive.
        self.shared()
            .references
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_add(1))
            .map_err(|_| Error::Limit {
                what,
                limit: usize::MAX as u64,
            })?;
        Ok(RefCounted(self.0))
    }

    /// Converts the reference to an address for C. It stays counted.
    pub(crate) fn into_raw(self) -> NonNull<()> {
        let raw = self.0.cast();
        core::mem::forget(self);
        raw
    }

    /// Converts an address of [`RefCounted::into_raw`] back to the reference.
    ///
    /// # Safety
    ///
    /// `raw` must be a result of `into_raw` of this type that was not converted back yet.
    pub(crate) unsafe fn from_raw(raw: NonNull<()>) -> RefCounted<T> {
        RefCounted(raw.cast())
    }

    fn shared(&self) -> &Shared<T> {
        // SAFETY: this reference keeps the value alive.
        unsafe { self.0.as_ref() }
    }
}

impl<T> Deref for RefCounted<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.shared().value
    }
}

impl<T> Drop for RefCounted<T> {
    fn drop(&mut self) {
        if self.shared().references.fetch_sub(1, Ordering::Release) == 1 {
            fence(Ordering::Acquire);
            // SAFETY: that was the last reference; `new` leaked the box.
            drop(unsafe { Box::from_raw(self.0.as_ptr()) });
        }
    }
}
