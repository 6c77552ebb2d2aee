//! The list of threads that have a record, which says whether the owner of a store has ended
//! (HOST-4, HOST-5).
//!
//! A thread's end takes no lock and frees nothing. The records of ended threads are freed
//! when new threads register: the list is swept when it has twice as many records as after
//! the last sweep.
//!
//! Cost: registering a thread takes constant time, on average. Finding one walks over the
//! list.

use core::ptr::NonNull;

use super::block;
use super::record::Record;
use crate::base::fallible;
use crate::base::fork::{self, Holdable, Links, Member, Process};
use crate::error::Result;

/// A shorter list is not swept.
const FIRST_SWEEP: usize = 64;

static LIVING: Living = Living {
    list: Holdable::new(List {
        first: None,
        count: 0,
        sweep_at: FIRST_SWEEP,
    }),
    links: Links::new(),
};

struct Living {
    list: Holdable<List>,
    /// A fork holds the lock (HOST-27).
    links: Links,
}

/// A linked list of records.
struct List {
    first: Option<NonNull<Record>>,
    count: usize,
    /// The number of records at which the list is swept.
    sweep_at: usize,
}

// SAFETY: records belong to no thread.
unsafe impl Send for List {}

impl List {
    /// Appends the record of the calling thread.
    fn add(&mut self, record: &'static Record) {
        record.next.set(self.first.replace(NonNull::from(record)));
        self.count += 1;
    }

    fn records(&self) -> impl Iterator<Item = &Record> {
        let mut next = self.first;
        core::iter::from_fn(move || {
            // SAFETY: records in the list are alive, as long as its lock is held.
            let record = unsafe { next?.as_ref() };
            next = record.next.get();
            Some(record)
        })
    }

    /// Removes the records that nothing needs, if the list has grown enough. Returns them as
    /// a linked list, for [`free_all`].
    fn sweep(&mut self) -> Option<NonNull<Record>> {
        if self.count < self.sweep_at {
            return None;
        }
        let (mut rest, mut needless) = (self.first.take(), None);
        self.count = 0;
        while let Some(record) = rest {
            // SAFETY: records in the list are alive and have begun. The lock is held.
            let (record, is_needless) = unsafe { (record.as_ref(), record.as_ref().is_needless()) };
            rest = record.next.get();
            let list = if is_needless {
                &mut needless
            } else {
                self.count += 1;
                &mut self.first
            };
            record.next.set(list.replace(NonNull::from(record)));
        }
        self.sweep_at = FIRST_SWEEP.max(2 * self.count);
        needless
    }
}

/// Frees the records of a linked list.
///
/// # Safety
///
/// Nothing may use the records.
unsafe fn free_all(first: Option<NonNull<Record>>) {
    let mut next = first;
    while let Some(record) = next {
        // SAFETY: the caller's promise. `own_record` leaked the box.
        let record = unsafe { Box::from_raw(record.as_ptr()) };
        next = record.next.get();
    }
}

// SAFETY: `hold` and `release` lock and unlock, and adapt records, which needs no memory.
unsafe impl Member for Living {
    fn links(&self) -> &Links {
        &self.links
    }

    unsafe fn hold(&self) {
        // SAFETY: the caller's promise.
        unsafe { self.list.hold() };
    }

    unsafe fn release(&self, process: Process) {
        // SAFETY: the caller's promise.
        unsafe {
            if process == Process::Child {
                self.list.with_held(after_fork);
            }
            self.list.release();
        }
    }
}

/// Adapts the records to the child of a fork, on its only thread.
fn after_fork(list: &mut List) {
    let own = block::record();
    for record in list.records() {
        let is_own = own.is_some_and(|own| core::ptr::eq(own, record));
        // SAFETY: records in the list have begun, and this thread has the lock.
        unsafe { record.after_fork(is_own) };
    }
}

/// A record, if it is of the calling thread only.
fn its_own(record: Option<&'static Record>) -> Option<&'static Record> {
    record.filter(|record| record.has_thread())
}

/// The calling thread's record. Makes one if the thread has none.
///
/// Errors: [`Error::SystemMemory`](crate::error::Error::SystemMemory).
pub(super) fn own_record() -> Result<&'static Record> {
    if let Some(record) = its_own(block::record()) {
        return Ok(record);
    }
    fork::join(&LIVING)?;
    let record = fallible::boxed(Record::new(block::record()))?;
    // The program's allocator may have called the library.
    if let Some(record) = its_own(block::record()) {
        return Ok(record);
    }
    let record: &'static Record = Box::leak(record);
    // SAFETY: only this thread knows the record. It is freed when the thread has ended.
    unsafe { record.begin() };
    let mut list = LIVING.list.lock();
    list.add(record);
    let needless = list.sweep();
    drop(list);
    block::set_record(record);
    // SAFETY: the records are in no list any more, and their threads have ended.
    unsafe { free_all(needless) };
    Ok(record)
}

/// Whether the stores of the thread with this token, which must not be 0, are still its own:
/// it has not ended, or this process is a child that has it only in a parent.
pub(crate) fn lives(token: u64) -> bool {
    let list = LIVING.list.lock();
    let record = list.records().find(|record| record.token() == token);
    // SAFETY: records in the list have begun, and this thread has the lock.
    record.is_some_and(|record| unsafe { record.owns_its_stores() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::thread::token_or_new;
    use core::ffi::c_void;

    extern "C" fn register(_: *mut c_void) {
        token_or_new().unwrap();
    }

    #[test]
    fn threads_that_register_while_they_end_are_forgotten() {
        let mut key = 0;
        // SAFETY: `key` is valid for writing.
        let made = unsafe { libc::pthread_key_create(&mut key, Some(register)) };
        assert_eq!(made, 0);
        for _ in 0..1000 {
            let late = std::thread::spawn(move || {
                // SAFETY: `key` was created.
                unsafe { libc::pthread_setspecific(key, core::ptr::dangling()) };
            });
            late.join().unwrap();
        }
        // SAFETY: `key` was created, and the threads that used it have ended.
        unsafe { libc::pthread_key_delete(key) };
        let count = LIVING.list.lock().count;
        assert!(count < 500, "{count} records are left");
    }
}
