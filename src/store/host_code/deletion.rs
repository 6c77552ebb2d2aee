//! Deleting a store: its last finalizers run, then it is freed.

use core::ptr::NonNull;

use crate::error::Result;
use crate::store::{Store, StoreData};

/// Deletes a store: runs the finalizers of all its objects, then those of its data: first
/// the data with keys, the last key first, then the data without a key.
///
/// Errors: [`Error::WrongThread`](crate::error::Error::WrongThread) and
/// [`Error::Busy`](crate::error::Error::Busy), with nothing changed.
///
/// # Safety
///
/// `pointer` must be from [`Store::new`], and not deleted before.
pub(crate) unsafe fn delete(pointer: NonNull<Store>) -> Result<()> {
    // SAFETY: the caller's promise.
    unsafe {
        let is_sound = pointer.as_ref().begin_closing()?;
        delete_closed(pointer, is_sound);
    }
    Ok(())
}

/// Same as [`delete`], whichever thread owns the store.
///
/// # Safety
///
/// `pointer` must be from [`Store::new`], and not deleted before. No other thread, and no
/// callback of the store, may be using it.
pub(crate) unsafe fn delete_owned(pointer: NonNull<Store>) {
    // SAFETY: the caller's promise.
    unsafe {
        let is_sound = pointer.as_ref().close();
        delete_closed(pointer, is_sound);
    }
}

/// Deletes a store whose deletion has begun. The heap of a store that is sound returns to
/// the engine's pool; the heap of a poisoned store is freed.
///
/// # Safety
///
/// `pointer` must be from [`Store::new`], and not deleted before.
unsafe fn delete_closed(pointer: NonNull<Store>, is_sound: bool) {
    // SAFETY: the caller's promise; each borrow ends before host code runs.
    let store = || unsafe { pointer.as_ref() };
    store().host.on_store_end();
    while let Some((finalizer, data)) = store().host.take_pending() {
        // SAFETY: the creator of the object promised that its finalizer may be called
        // with its data. It was taken off the queue, so it runs once. If it calls the
        // store, the store returns BUSY.
        unsafe { finalizer(data) };
    }
    while let Some(data) = store().take_data() {
        if let Some(finalizer) = data.finalizer {
            // SAFETY: whoever set the data promised that its finalizer may be called with
            // it. It was taken out of the store, so it runs once.
            unsafe { finalizer(data.pointer) };
        }
    }
    if is_sound {
        store().return_heap();
    }
    // SAFETY: the caller gives up the store.
    unsafe { Store::free(pointer) };
}

impl Store {
    /// Takes the data that are finalized next, if there are any left.
    fn take_data(&self) -> Option<StoreData> {
        self.take_last_keyed_data().or_else(|| {
            let data = self.data.replace(StoreData::NONE);
            (!data.is_none()).then_some(data)
        })
    }
}
