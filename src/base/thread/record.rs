//! What the library keeps about a thread outside of the thread-local block, where other
//! threads find it.

use core::cell::Cell;
use core::ptr::NonNull;
use std::sync::atomic::{AtomicBool, Ordering};

use super::life::Life;
use super::token::issue;

/// What the library keeps about a thread.
pub(super) struct Record {
    token: u64,
    /// Whether the thread's last exit hook has run. The thread sets it.
    ended: AtomicBool,
    life: Life,
    /// Whether the thread exists in a parent of this process only. A call may have been cut
    /// off, so nobody may have its stores (HOST-5).
    cut_off: Cell<bool>,
    /// The next record in a list.
    pub(super) next: Cell<Option<NonNull<Record>>>,
}

// SAFETY: the thread uses `token` and `ended` only, which other threads may read. The lock
// of the list protects the rest.
unsafe impl Sync for Record {}

impl Record {
    /// A record with a new token, of no thread yet.
    pub(super) fn new() -> Record {
        Record {
            token: issue(),
            ended: AtomicBool::new(false),
            life: Life::new(),
            cut_off: Cell::new(false),
            next: Cell::new(None),
        }
    }

    /// The token that the thread has, or gets if it ever owns a store.
    pub(super) fn token(&self) -> u64 {
        self.token
    }

    /// Makes this the record of the calling thread.
    ///
    /// # Safety
    ///
    /// The record must stay where it is until the thread has ended. No other thread may know
    /// it yet.
    pub(super) unsafe fn begin(&self) {
        // SAFETY: the caller's promise.
        unsafe { self.life.begin() };
    }

    /// Notes that the thread's last exit hook has run.
    pub(super) fn end(&self) {
        // Release: a thread that finds this sees everything that the ended one wrote.
        self.ended.store(true, Ordering::Release);
    }

    /// Whether the thread's stores are still its own.
    ///
    /// # Safety
    ///
    /// The record must have begun, and the caller must have the lock of the list.
    pub(super) unsafe fn owns_its_stores(&self) -> bool {
        // SAFETY: the caller's promise.
        let over = || unsafe { self.life.is_over() };
        self.cut_off.get() || !(self.ended.load(Ordering::Acquire) || over())
    }

    /// Whether nothing needs the record any more. After its last exit hook, a thread may
    /// still use its record until it has really ended.
    ///
    /// # Safety
    ///
    /// As for [`Record::owns_its_stores`].
    pub(super) unsafe fn is_needless(&self) -> bool {
        // SAFETY: the caller's promise.
        !self.cut_off.get() && unsafe { self.life.is_over() }
    }

    /// Adapts to the child of a fork, on its only thread. `is_own` tells whether this is the
    /// record of that thread.
    ///
    /// # Safety
    ///
    /// As for [`Record::owns_its_stores`].
    pub(super) unsafe fn after_fork(&self, is_own: bool) {
        // SAFETY: the caller's promise. The kernel does not know the numbers of the other
        // threads in this process, but marks on mutexes are memory and were copied.
        unsafe {
            if is_own {
                self.life.begin();
            } else if !self.ended.load(Ordering::Acquire) && !self.life.is_marked() {
                self.cut_off.set(true);
            }
        }
    }
}
