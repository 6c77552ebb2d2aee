//! The queue of finalizers: entries whose objects have died and whose finalizers wait.
//!
//! The entries of the queue are linked through the table itself, so a collection needs no
//! memory to queue any number of finalizers (HOST-13, `finalizer.exactly-once`).

use core::ffi::c_void;

use super::entry::{END, Finalizer, PENDING, PENDING_OLD};
use super::table::{HostData, set_predicted};
use crate::error::{Error, Result};
use crate::heap::GcRef;

impl HostData {
    /// Whether finalizers are waiting.
    pub(crate) fn has_pending(&self) -> bool {
        self.pending_first.get() != END
    }

    /// The number of finalizers that are waiting.
    pub(crate) fn pending(&self) -> u32 {
        self.pending_count.get()
    }

    /// Queues a finalizer that belongs to no object, given [`HostData::has_free`].
    pub(crate) fn queue(&self, data: *mut c_void, finalizer: Finalizer) {
        let index = self.insert(GcRef::NULL, data, Some(finalizer));
        self.make_pending(index, PENDING);
    }

    /// Puts the entry at `index` at the end of the queue, as [`PENDING`] or
    /// [`PENDING_OLD`].
    pub(super) fn make_pending(&self, index: u32, object: u32) {
        self.set(index, object, END);
        if self.has_pending() {
            let last = self.pending_last.get();
            self.set(last, self.object(last), index);
        } else {
            self.pending_first.set(index);
        }
        self.pending_last.set(index);
        self.pending_count.set(self.pending_count.get() + 1);
    }

    /// Notes that an entry that becomes pending keeps `external_bytes` until its finalizer
    /// is taken (HEAP-53).
    #[inline(always)]
    pub(super) fn wait_for_finalizer(&self, index: u32, external_bytes: u128) {
        if external_bytes > 0 {
            let mut entry = self.read(index);
            entry.external_bytes = external_bytes as u64;
            self.write(index, entry);
            self.waiting_bytes
                .set(self.waiting_bytes.get() + external_bytes);
        }
    }

    /// Takes the first finalizer out of the queue.
    pub(crate) fn take_pending(&self) -> Option<(Finalizer, *mut c_void)> {
        if !self.has_pending() {
            return None;
        }
        let index = self.pending_first.get();
        let entry = self.read(index);
        if entry.object == PENDING_OLD {
            self.old_taken.set(true);
        }
        // A sweep queues entries from the last to the first.
        set_predicted(&self.pending_first, index.wrapping_sub(1), || entry.link);
        self.pending_count.set(self.pending_count.get() - 1);
        if entry.external_bytes > 0 {
            let kept = u128::from(entry.external_bytes);
            self.waiting_bytes.set(self.waiting_bytes.get() - kept);
        }
        self.clear(index);
        self.put_on_free_list(index);
        Some((entry.finalizer?, entry.data))
    }

    /// Begins a full collection (HOST-15): all objects and all waiting finalizers are old
    /// now. Objects that finalizers make are new.
    pub(crate) fn begin_full_collection(&self) {
        self.all_old.set(true);
        self.old_taken.set(false);
        let mut next = self.pending_first.get();
        while next != END {
            self.set(next, PENDING_OLD, self.link(next));
            next = self.link(next);
        }
    }

    /// Whether the finalizer of an old object was taken since the last call of this.
    pub(crate) fn take_old_taken(&self) -> bool {
        self.old_taken.replace(false)
    }

    /// Checks the queue and returns the number of its entries.
    pub(super) fn check_pending(&self) -> Result<u64> {
        let (first, last) = (self.pending_first.get(), self.pending_last.get());
        let (count, newest) = self.check_list(first, &[PENDING, PENDING_OLD])?;
        if count > 0 && newest != last {
            return Err(Error::internal(
                "a wrong end of the finalizers' queue",
                last.into(),
            ));
        }
        if count != self.pending_count.get().into() {
            return Err(Error::internal("a wrong number of finalizers", count));
        }
        Ok(count)
    }
}
