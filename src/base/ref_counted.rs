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
pub(crate) struct Counted<T>(NonNull<Shared<T>>);

// SAFETY: as for `Arc`.
unsafe impl<T: Send + Sync> Send for Counted<T> {}
// SAFETY: as for `Arc`.
unsafe impl<T: Send + Sync> Sync for Counted<T> {}

impl<T> Counted<T> {
    /// The first reference to a value.
    ///
    /// Errors: [`Error::SystemMemory`].
    pub(crate) fn new(value: T) -> Result<Counted<T>> {
        let shared = fallible::boxed(Shared {
            references: AtomicUsize::new(1),
            value,
        })?;
        Ok(Counted(NonNull::from(Box::leak(shared))))
    }

    /// One more reference to what `what` names in the error.
    ///
    /// Errors: [`Error::Limit`].
    pub(crate) fn try_clone(&self, what: &'static str) -> Result<Counted<T>> {
        // Relaxed, as for `Arc`: the caller's reference keeps the value alive.
        self.shared()
            .references
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_add(1))
            .map_err(|_| Error::Limit {
                what,
                limit: usize::MAX as u64,
            })?;
        Ok(Counted(self.0))
    }

    /// The address, for C. Counts on.
    pub(crate) fn into_raw(self) -> NonNull<()> {
        let raw = self.0.cast();
        core::mem::forget(self);
        raw
    }

    /// Takes back what [`Counted::into_raw`] gave.
    ///
    /// # Safety
    ///
    /// `raw` must be from `into_raw` of this type, and taken back once only.
    pub(crate) unsafe fn from_raw(raw: NonNull<()>) -> Counted<T> {
        Counted(raw.cast())
    }

    fn shared(&self) -> &Shared<T> {
        // SAFETY: alive while counted.
        unsafe { self.0.as_ref() }
    }
}

impl<T> Deref for Counted<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.shared().value
    }
}

impl<T> Drop for Counted<T> {
    fn drop(&mut self) {
        if self.shared().references.fetch_sub(1, Ordering::Release) == 1 {
            fence(Ordering::Acquire);
            // SAFETY: that was the last reference; `new` leaked the box.
            drop(unsafe { Box::from_raw(self.0.as_ptr()) });
        }
    }
}
