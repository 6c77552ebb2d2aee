//! Which stores live: how a thread that has only a handle finds its store.
//!
//! The directory is split by the store's id, so that stores rarely wait for
//! each other. While a thread holds the lock of a part, the stores in it neither
//! grow their manual roots nor end.

use core::ptr::NonNull;

use hashbrown::HashTable;

use super::handle::Handle;
use super::manual::ManualRoots;
use crate::base::fallible;
use crate::base::hashing::mix;
use crate::base::lock::Lock;
use crate::error::Result;

/// How many parts there are.
const PARTS: usize = 64;

static DIRECTORY: [Part; PARTS] = [const { Part(Lock::new(HashTable::new())) }; PARTS];

/// Aligned, so that no two locks share a cache line.
#[repr(align(64))]
struct Part(Lock<HashTable<Entry>>);

#[derive(Clone, Copy)]
struct Entry {
    store_id: u64,
    roots: NonNull<ManualRoots>,
}

// SAFETY: the pointer is followed by `unroot_later` only, under the lock.
unsafe impl Send for Entry {}

fn part(store_id: u64) -> &'static Lock<HashTable<Entry>> {
    &DIRECTORY[store_id as usize % PARTS].0
}

/// Makes the roots of a store findable.
///
/// Errors: [`Error::SystemMemory`](crate::error::Error::SystemMemory).
///
/// # Safety
///
/// `roots` must stay where they are until [`remove`]. Their owner, a thread at a
/// time, grows them in [`alone`] only.
#[expect(clippy::disallowed_methods, reason = "room is reserved first")]
pub(crate) unsafe fn add(roots: NonNull<ManualRoots>) -> Result<()> {
    // SAFETY: the caller's promise.
    let store_id = unsafe { roots.as_ref() }.store_id();
    let mut entries = part(store_id).lock();
    let hash = |entry: &Entry| mix(entry.store_id);
    entries
        .try_reserve(1, hash)
        .map_err(|_| fallible::refused(size_of::<Entry>()))?;
    entries.insert_unique(mix(store_id), Entry { store_id, roots }, hash);
    Ok(())
}

/// Makes the roots of a store no longer findable.
pub(crate) fn remove(store_id: u64) {
    let mut entries = part(store_id).lock();
    if let Ok(entry) = entries.find_entry(mix(store_id), |entry| entry.store_id == store_id) {
        entry.remove();
    }
    if entries.is_empty() {
        // Gives its memory back.
        *entries = HashTable::new();
    }
}

/// Does `operation` while no other thread queues a root of this store.
pub(crate) fn alone<T>(store_id: u64, operation: impl FnOnce() -> T) -> T {
    let _entries = part(store_id).lock();
    operation()
}

/// Has the owner of the handle's store unroot it, at its next collection or when
/// it makes a root. Any thread; nothing happens once the store was deleted. A
/// handle that is not of a live manual root is ignored and counted. Needs no
/// memory.
pub(crate) fn unroot_later(handle: Handle) {
    if handle.is_null() {
        return;
    }
    let entries = part(handle.store_id).lock();
    let same = |entry: &Entry| entry.store_id == handle.store_id;
    if let Some(entry) = entries.find(mix(handle.store_id), same) {
        // SAFETY: `add` was promised that the roots are there, and that they do
        // not grow while this thread holds the lock.
        unsafe { entry.roots.as_ref() }.unroot_later(handle);
    }
}
