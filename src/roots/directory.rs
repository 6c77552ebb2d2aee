//! The directory of living stores: a thread that has only a handle finds its store here
//! (ROOTS-8).
//!
//! The directory is split by store id, and each part has a lock, so stores rarely wait for
//! each other. While a thread holds the lock of a part, the stores in it neither end nor
//! grow their manual roots.

use core::ffi::c_void;
use core::ptr::NonNull;

use hashbrown::HashTable;

use super::handle::Handle;
use super::manual::ManualRoots;
use super::wake::{Wake, WakeCallback};
use crate::base::fallible;
use crate::base::fork::{self, Holdable, Links, Member, Process};
use crate::base::hashing::mix;
use crate::error::Result;

/// The number of parts.
const PARTS: usize = 64;

static DIRECTORY: Directory = Directory {
    parts: [const { Part(Holdable::new(Entries::new())) }; PARTS],
    links: Links::new(),
};

struct Directory {
    parts: [Part; PARTS],
    /// A fork holds the locks of all parts (HOST-27).
    links: Links,
}

/// A part of the directory. No two locks share a cache line.
#[repr(align(64))]
struct Part(Holdable<Entries>);

/// The stores of a part. Ids follow each other, so a part has no more than one store unless
/// many are alive. That one needs no memory (HOST-40).
struct Entries {
    first: Option<Entry>,
    /// The other stores, by id.
    others: HashTable<Entry>,
}

impl Entries {
    const fn new() -> Entries {
        Entries {
            first: None,
            others: HashTable::new(),
        }
    }

    fn find(&self, store_id: u64) -> Option<&Entry> {
        let same = |entry: &Entry| entry.store_id == store_id;
        let first = self.first.as_ref().filter(|entry| same(entry));
        first.or_else(|| self.others.find(mix(store_id), same))
    }

    /// Adds a store.
    ///
    /// Errors: [`Error::SystemMemory`](crate::error::Error::SystemMemory).
    #[expect(clippy::disallowed_methods, reason = "room is reserved first")]
    fn add(&mut self, entry: Entry) -> Result<()> {
        if self.first.is_none() {
            self.first = Some(entry);
            return Ok(());
        }
        let hash = |entry: &Entry| mix(entry.store_id);
        self.others
            .try_reserve(1, hash)
            .map_err(|_| fallible::refused(size_of::<Entry>()))?;
        self.others.insert_unique(hash(&entry), entry, hash);
        Ok(())
    }

    /// Removes a store, if it is there.
    fn remove(&mut self, store_id: u64) {
        let same = |entry: &Entry| entry.store_id == store_id;
        if self.first.as_ref().is_some_and(same) {
            self.first = None;
        } else if let Ok(entry) = self.others.find_entry(mix(store_id), same) {
            entry.remove();
            if self.others.is_empty() {
                // Frees the memory of the part.
                self.others = HashTable::new();
            }
        }
    }
}

// SAFETY: `hold` and `release` lock and unlock, and nothing else.
unsafe impl Member for Directory {
    fn links(&self) -> &Links {
        &self.links
    }

    unsafe fn hold(&self) {
        for part in &self.parts {
            // SAFETY: the caller's promise.
            unsafe { part.0.hold() };
        }
    }

    unsafe fn release(&self, _process: Process) {
        for part in &self.parts {
            // SAFETY: the caller's promise.
            unsafe { part.0.release() };
        }
    }
}

#[derive(Clone, Copy)]
struct Entry {
    store_id: u64,
    roots: NonNull<ManualRoots>,
    waker: Option<Waker>,
}

/// A wake callback and the store that it is for.
#[derive(Clone, Copy)]
pub(crate) struct Waker {
    pub(crate) callback: WakeCallback,
    pub(crate) store: NonNull<c_void>,
}

// SAFETY: only `unroot_later` follows the pointer, under the lock.
unsafe impl Send for Entry {}

/// The part that a store is in.
fn part(store_id: u64) -> &'static Holdable<Entries> {
    &DIRECTORY.parts[store_id as usize % PARTS].0
}

/// Adds the roots of a store. `waker` is called when the store's unroot queue stops being
/// empty.
///
/// Errors: [`Error::SystemMemory`](crate::error::Error::SystemMemory).
///
/// # Safety
///
/// `roots` and the store of `waker` must stay where they are until [`remove`]. Their owner is one thread at a time,
/// and grows them in [`alone`] only.
pub(crate) unsafe fn add(roots: NonNull<ManualRoots>, waker: Option<Waker>) -> Result<()> {
    // SAFETY: the caller's promise.
    let store_id = unsafe { roots.as_ref() }.store_id();
    fork::join(&DIRECTORY)?;
    part(store_id).lock().add(Entry {
        store_id,
        roots,
        waker,
    })
}

/// Removes the roots of a store.
pub(crate) fn remove(store_id: u64) {
    part(store_id).lock().remove(store_id);
}

/// Runs `operation` while no other thread queues a root of this store.
pub(crate) fn alone<T>(store_id: u64, operation: impl FnOnce() -> T) -> T {
    let _entries = part(store_id).lock();
    operation()
}

/// Asks the owner of the handle's store to unroot the handle. The owner does so when it
/// makes a root, or at its next collection. If the queue was empty, calls the store's wake
/// callback, under the lock, so that the store and the callback's `env` live (HOST-33).
///
/// Any thread may call this. It needs no memory. A handle of a deleted store is ignored. A
/// handle that names no live manual root is counted as stale.
pub(crate) fn unroot_later(handle: Handle) {
    // Before the first store there is nothing to find, and a fork does not hold the locks.
    if handle.is_null() || !DIRECTORY.links.joined() {
        return;
    }
    let entries = part(handle.store_id).lock();
    if let Some(entry) = entries.find(handle.store_id) {
        // SAFETY: the caller of `add` promised that the roots are there, and that they do not
        // grow while this thread holds the lock.
        let wakes = unsafe { entry.roots.as_ref() }.unroot_later(handle);
        if let (true, Some(waker)) = (wakes, entry.waker) {
            // SAFETY: the store ends only after `remove`, which waits for the lock.
            unsafe { waker.callback.call(waker.store.as_ptr(), Wake::Unroots) };
        }
    }
}
