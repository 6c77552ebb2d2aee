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
    parts: [const { Part(Holdable::new(HashTable::new())) }; PARTS],
    links: Links::new(),
};

struct Directory {
    parts: [Part; PARTS],
    /// A fork holds the locks of all parts (HOST-27).
    links: Links,
}

/// A part of the directory. No two locks share a cache line.
#[repr(align(64))]
struct Part(Holdable<HashTable<Entry>>);

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
fn part(store_id: u64) -> &'static Holdable<HashTable<Entry>> {
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
#[expect(clippy::disallowed_methods, reason = "room is reserved first")]
pub(crate) unsafe fn add(roots: NonNull<ManualRoots>, waker: Option<Waker>) -> Result<()> {
    // SAFETY: the caller's promise.
    let store_id = unsafe { roots.as_ref() }.store_id();
    fork::join(&DIRECTORY)?;
    let mut entries = part(store_id).lock();
    let hash = |entry: &Entry| mix(entry.store_id);
    entries
        .try_reserve(1, hash)
        .map_err(|_| fallible::refused(size_of::<Entry>()))?;
    let entry = Entry {
        store_id,
        roots,
        waker,
    };
    entries.insert_unique(mix(store_id), entry, hash);
    Ok(())
}

/// Removes the roots of a store.
pub(crate) fn remove(store_id: u64) {
    let mut entries = part(store_id).lock();
    if let Ok(entry) = entries.find_entry(mix(store_id), |entry| entry.store_id == store_id) {
        entry.remove();
    }
    if entries.is_empty() {
        // Frees the memory of the part.
        *entries = HashTable::new();
    }
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
    let same = |entry: &Entry| entry.store_id == handle.store_id;
    if let Some(entry) = entries.find(mix(handle.store_id), same) {
        // SAFETY: the caller of `add` promised that the roots are there, and that they do not
        // grow while this thread holds the lock.
        let wakes = unsafe { entry.roots.as_ref() }.unroot_later(handle);
        if let (true, Some(waker)) = (wakes, entry.waker) {
            // SAFETY: the store ends only after `remove`, which waits for the lock.
            unsafe { waker.callback.call(waker.store.as_ptr(), Wake::Unroots) };
        }
    }
}
