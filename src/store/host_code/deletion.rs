//! Deleting a store: the last finalizers.

use core::ptr::NonNull;

use crate::error::Result;
use crate::store::Store;

/// Deletes the store: runs the finalizers of all its objects, then its data's.
///
/// Errors: [`Error::WrongThread`],
/// [`Error::Busy`]; nothing has happened then.
///
/// # Safety
///
/// `store` must be from [`Store::new`], and not deleted before.
pub(crate) unsafe fn delete(pointer: NonNull<Store>) -> Result<()> {
    // SAFETY: the caller's promise.
    unsafe {
        let sound = pointer.as_ref().begin_closing()?;
        delete_closed(pointer, sound);
    }
    Ok(())
}

/// Deletes a store as [`delete`] does, whichever thread owns it.
///
/// # Safety
///
/// As for [`delete`]; and no other thread, and no callback of the store, may be
/// using it.
pub(crate) unsafe fn delete_owned(pointer: NonNull<Store>) {
    // SAFETY: the caller's promise.
    unsafe {
        let sound = pointer.as_ref().close();
        delete_closed(pointer, sound);
    }
}

/// Deletes a store whose deletion has begun; if it is sound, its heap goes to the
/// engine's pool.
///
/// # Safety
///
/// `store` must be from [`Store::new`], and not deleted before.
unsafe fn delete_closed(pointer: NonNull<Store>, sound: bool) {
    // SAFETY: the caller's promise; each borrow ends before a callback begins.
    let store = || unsafe { pointer.as_ref() };
    store().host.on_store_end();
    while let Some((finalizer, data)) = store().host.take_pending() {
        // SAFETY: as in `run_pending`. Calls of the store answer BUSY.
        unsafe { finalizer(data) };
    }
    let data = store().data.get();
    if let Some(finalizer) = data.finalizer {
        // SAFETY: whoever set the data promised that its finalizer may be
        // called with it.
        unsafe { finalizer(data.pointer) };
    }
    if sound {
        store().return_heap();
    }
    // SAFETY: the caller gives up the store.
    unsafe { Store::free(pointer) };
}
