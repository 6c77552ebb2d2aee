//! What the library keeps about a thread outside of the thread-local block, where other
//! threads find it.

use core::cell::{Cell, UnsafeCell};
use core::ptr::NonNull;
use std::sync::atomic::{AtomicBool, Ordering};

use super::life::Life;
use super::token::issue;

/// The greatest size of an error message, with its terminating 0.
pub(crate) const MESSAGE_BYTES: usize = 256;

/// What the library keeps about a thread.
pub(super) struct Record {
    /// 0 in a record that is of no thread.
    token: u64,
    /// The thread's last error message, which ends in 0.
    message: UnsafeCell<[u8; MESSAGE_BYTES]>,
    /// The number of messages that the thread has written here.
    messages: Cell<u64>,
    /// Whether the thread's last exit hook has run. The thread sets it.
    ended: AtomicBool,
    life: Life,
    /// Whether the thread exists in a parent of this process only. A call may have been cut
    /// off, so nobody may have its stores (HOST-5).
    cut_off: Cell<bool>,
    /// The next record in a list.
    pub(super) next: Cell<Option<NonNull<Record>>>,
}

// SAFETY: only the thread uses its message and their number. Other threads may read `token` and `ended`. The
// lock of the list protects the rest.
unsafe impl Sync for Record {}

impl Record {
    /// A record with a new token, for the calling thread. It begins with the last message of
    /// the record that the thread had before.
    pub(super) fn new(before: Option<&Record>) -> Record {
        let record = Record {
            token: issue(),
            ..Record::without_thread(b"")
        };
        if let Some(before) = before {
            // SAFETY: this thread alone uses its message. Nobody writes those of no thread.
            unsafe { *record.message.get() = *before.message.get() };
        }
        record
    }

    /// A record that is of no thread and has this message, which is short.
    pub(super) const fn without_thread(text: &[u8]) -> Record {
        let mut message = [0; MESSAGE_BYTES];
        message.split_at_mut(text.len()).0.copy_from_slice(text);
        Record {
            token: 0,
            message: UnsafeCell::new(message),
            messages: Cell::new(0),
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

    /// Where the thread's last message is.
    pub(super) fn message(&self) -> NonNull<[u8; MESSAGE_BYTES]> {
        NonNull::from(&self.message).cast()
    }

    /// The number of messages that the thread has written here.
    pub(super) fn messages(&self) -> u64 {
        self.messages.get()
    }

    /// Counts a message that the thread is about to write.
    pub(super) fn count_message(&self) {
        self.messages.set(self.messages.get() + 1);
    }

    /// Whether this is the record of a thread.
    pub(super) fn has_thread(&self) -> bool {
        self.token != 0
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
