//! Finalizers of externrefs that get an `env` and the store beside the data.
//!
//! An entry of the host-data table has no room for them. Such an externref has a box of its
//! own, and the box takes the tag's place in the entry (HOST-34). When the object dies, the box
//! becomes the data of a simple finalizer, [`run`]. So the queue of finalizers, and all that
//! runs it, need to know only one kind.

use core::cell::Cell;
use core::ffi::c_void;
use core::ptr::NonNull;

use super::entry::{Finalizer, HostEntry, OLD, OLD_WITH_STORE, WITH_STORE, has_store};
use crate::error::{Error, Result};

/// Runs when an externref has died. The library does not follow `env` and `store`.
type StoreFinalizerFunction =
    unsafe extern "C" fn(env: *mut c_void, store: *mut c_void, data: *mut c_void);

/// A finalizer that gets more than the data.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StoreFinalizer {
    function: StoreFinalizerFunction,
    env: *mut c_void,
    store: *mut c_void,
    /// The tag of the externref while that is alive.
    tag: *const c_void,
    /// The data of the externref once that has died.
    data: *mut c_void,
    /// The store's number of boxes.
    boxes: *const Cell<u64>,
}

impl StoreFinalizer {
    pub(crate) fn new(
        function: StoreFinalizerFunction,
        env: *mut c_void,
        store: *mut c_void,
    ) -> StoreFinalizer {
        StoreFinalizer {
            function,
            env,
            store,
            tag: core::ptr::null(),
            data: core::ptr::null_mut(),
            boxes: core::ptr::null(),
        }
    }
}

/// Calls the function of a box, and frees the box.
///
/// # Safety
///
/// `finalizer` must be a leaked box of an entry, and must not be used again. Its store must
/// be alive. The function may be called with what the box holds.
unsafe extern "C" fn run(finalizer: *mut c_void) {
    // SAFETY: the caller's promise.
    let taken = unsafe { *Box::from_raw(finalizer.cast::<StoreFinalizer>()) };
    // SAFETY: the store is alive, and the number is part of it.
    let boxes = unsafe { &*taken.boxes };
    boxes.set(boxes.get() - 1);
    // SAFETY: the caller's promise. The box is free, so the function may do anything.
    unsafe { (taken.function)(taken.env, taken.store, taken.data) };
}

impl HostEntry {
    /// The box of the entry, which must be in use.
    pub(super) fn store_finalizer(&self) -> Option<NonNull<StoreFinalizer>> {
        if has_store(self.link) {
            NonNull::new(self.tag.cast_mut().cast())
        } else {
            None
        }
    }

    /// Tells the host's types apart; null means untagged. The entry must be in use by an
    /// externref.
    #[inline]
    pub(crate) fn tag(&self) -> *const c_void {
        self.store_finalizer().map_or(self.tag, |finalizer| {
            // SAFETY: the box is the entry's own until the object has died.
            unsafe { finalizer.as_ref() }.tag
        })
    }

    /// Gives the entry of a new externref, which has its tag already, this finalizer.
    /// `boxes` is in the store, which outlives the box.
    pub(super) fn set_store_finalizer(
        &mut self,
        mut finalizer: Box<StoreFinalizer>,
        boxes: &Cell<u64>,
    ) {
        finalizer.tag = self.tag;
        finalizer.boxes = boxes;
        self.tag = Box::into_raw(finalizer).cast_const().cast();
        self.finalizer = Some(run);
        self.link = WITH_STORE;
    }

    /// The data and the finalizer to queue after the object's death.
    pub(super) fn queued(&self) -> (*mut c_void, Option<Finalizer>) {
        let Some(finalizer) = self.store_finalizer() else {
            return (self.data, self.finalizer);
        };
        // SAFETY: the box is the entry's own, and nothing else refers to it.
        unsafe { (*finalizer.as_ptr()).data = self.data };
        (finalizer.as_ptr().cast(), self.finalizer)
    }
}

/// The `link` of an entry in use after its object has become old.
#[inline(always)]
pub(super) const fn old_link(link: u32) -> u32 {
    if has_store(link) { OLD_WITH_STORE } else { OLD }
}

/// Checks an entry in use: one that says that it has a box has one. Returns whether it has.
pub(super) fn check(entry: &HostEntry) -> Result<bool> {
    let has_box = !entry.tag.is_null() && entry.finalizer.is_some() && entry.is_externref();
    if has_store(entry.link) && !has_box {
        return Err(Error::internal(
            "a finalizer with a store that is missing",
            entry.object.into(),
        ));
    }
    Ok(has_store(entry.link))
}
