//! The bound of a store's memory beside its heap.
//!
//! Each table of a store that calls make larger has a [`SideMeter`] of the store. A growth
//! asks it first, and adds what it took. Nothing else asks: shrinking, freeing and
//! collecting never fail for the bound. The store sets the sum anew after each collection
//! (ROOTS-31).
//!
//! Cost: growing an array or a hash table asks once. A store without a bound has no meter.

use core::cell::Cell;
use core::ptr::NonNull;

use crate::base::fallible;
use crate::error::{Error, Result};

struct Shared {
    references: Cell<usize>,
    limit: u64,
    used: Cell<u64>,
}

/// A reference to a store's meter, or to none: then everything may grow.
#[derive(Debug, Default)]
pub(crate) struct SideMeter(Option<NonNull<Shared>>);

impl SideMeter {
    /// No meter.
    pub(crate) const fn none() -> SideMeter {
        SideMeter(None)
    }

    /// A meter with this limit in bytes; 0 is no limit.
    ///
    /// Errors: [`Error::SystemMemory`].
    pub(crate) fn new(limit: u64) -> Result<SideMeter> {
        if limit == 0 {
            return Ok(SideMeter(None));
        }
        let shared = fallible::boxed(Shared {
            references: Cell::new(1),
            limit,
            used: Cell::new(0),
        })?;
        Ok(SideMeter(Some(NonNull::from(Box::leak(shared)))))
    }

    fn shared(&self) -> Option<&Shared> {
        // SAFETY: the last reference frees it.
        self.0.map(|shared| unsafe { shared.as_ref() })
    }

    /// Another reference to the meter.
    pub(crate) fn share(&self) -> SideMeter {
        if let Some(shared) = self.shared() {
            shared.references.set(shared.references.get() + 1);
        }
        SideMeter(self.0)
    }

    /// The number of bytes that are left below the limit.
    pub(crate) fn left(&self) -> u64 {
        let left = |shared: &Shared| shared.limit.saturating_sub(shared.used.get());
        self.shared().map_or(u64::MAX, left)
    }

    /// Fails if there is no room for `more` bytes.
    ///
    /// Errors: [`Error::SideLimit`].
    pub(crate) fn admit(&self, more: u64) -> Result<()> {
        match self.shared() {
            Some(shared) if more > self.left() => Err(Error::SideLimit {
                requested: more,
                used: shared.used.get(),
                limit: shared.limit,
            }),
            _ => Ok(()),
        }
    }

    /// The bytes that a table gets which has `held` bytes, needs `least`, and would grow to
    /// `wanted`. Where that is too much, it gets half of what is left, so that its next
    /// growths are few.
    ///
    /// Errors: [`Error::SideLimit`].
    pub(crate) fn choose(&self, held: u64, least: u64, wanted: u64) -> Result<u64> {
        let left = self.left();
        if wanted.saturating_sub(held) <= left {
            return Ok(wanted);
        }
        let half = held.saturating_add(left / 2);
        if half >= least {
            return Ok(half);
        }
        self.admit(least.saturating_sub(held)).map(|()| least)
    }

    /// Adds what a table has grown by.
    pub(crate) fn add(&self, more: u64) {
        if let Some(shared) = self.shared() {
            shared.used.set(shared.used.get().saturating_add(more));
        }
    }

    /// Makes room for `more` elements.
    ///
    /// Errors: [`Error::SideLimit`], [`Error::SystemMemory`]; nothing has changed then.
    pub(crate) fn reserve<T>(&self, vec: &mut Vec<T>, more: usize) -> Result<()> {
        if vec.capacity() - vec.len() >= more {
            return Ok(());
        }
        let least = vec.len().saturating_add(more);
        let wanted = least.max(vec.capacity().saturating_mul(2)).max(4);
        let of = |capacity: usize| capacity.saturating_mul(size_of::<T>()) as u64;
        let held = fallible::bytes(vec);
        let chosen = self.choose(held, of(least), of(wanted))? as usize / size_of::<T>();
        let room = chosen.clamp(least, wanted) - vec.len();
        vec.try_reserve_exact(room)
            .or_else(|_| vec.try_reserve_exact(more))
            .map_err(|_| fallible::refused(more.saturating_mul(size_of::<T>())))?;
        self.add(fallible::bytes(vec) - held);
        Ok(())
    }

    /// Sets the sum of what all tables have.
    pub(crate) fn set_used(&self, used: u64) {
        if let Some(shared) = self.shared() {
            shared.used.set(used);
        }
    }
}

impl Drop for SideMeter {
    fn drop(&mut self) {
        let (Some(pointer), Some(shared)) = (self.0, self.shared()) else {
            return;
        };
        let left = shared.references.get() - 1;
        shared.references.set(left);
        if left == 0 {
            // SAFETY: this was the last reference to the box that `new` leaked.
            drop(unsafe { Box::from_raw(pointer.as_ptr()) });
        }
    }
}
