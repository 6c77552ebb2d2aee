//! A counted reference: an `Arc` that is made without aborting and never overflows
//! its count.

use core::ops::Deref;
use core::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering, fence};

use crate::base::fallible;
use crate::error::{Error, Result};

struct Shared<T> {
    references: AtomicUsize,
    value: T,
}

/// One of the references to a value, which ends with the last of them.
pub(crate) struct RefCounted<T>(NonNull<Shared<T>>);

// SAFETY: as for `Arc`.
unsafe impl<T: Send + Sync> Send for RefCounted<T> {}
// SAFETY: as for `Arc`.
unsafe impl<T: Send + Sync> Sync for RefCounted<T> {}

impl<T> RefCounted<T> {
    /// The first reference to a value.
    ///
    /// Errors: [`Error::SystemMemory`].
    pub(crate) fn new(value: T) -> Result<RefCounted<T>> {
        let shared = fallible::boxed(Shared {
            references: AtomicUsize::new(1),
            value,
        })?;
        Ok(RefCounted(NonNull::from(Box::leak(shared))))
    }

    /// One more reference to what `what` names in the error.
    ///
    /// Errors: [`Error::Limit`].
    pub(crate) fn try_clone(&self, what: &'static str) -> Result<RefCounted<T>> {
        // Relaxed, as for `Arc`: the caller's reference keeps the value alive.
        self.shared()
            .references
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_add(1))
            .map_err(|_| Error::Limit {
                what,
                limit: usize::MAX as u64,
            })?;
        Ok(RefCounted(self.0))
    }

    /// The address, for C. Counts on.
    pub(crate) fn into_raw(self) -> NonNull<()> {
        let raw = self.0.cast();
        core::mem::forget(self);
        raw
    }

    /// Takes back what [`RefCounted::into_raw`] gave.
    ///
    /// # Safety
    ///
    /// `raw` must be from `into_raw` of this type, and taken back once only.
    pub(crate) unsafe fn from_raw(raw: NonNull<()>) -> RefCounted<T> {
        RefCounted(raw.cast())
    }

    fn shared(&self) -> &Shared<T> {
        // SAFETY: alive while counted.
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
