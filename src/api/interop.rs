//! One store, used from Rust and through the C API.
//!
//! Handles go to and fro as the bits they are. What C made, Rust's
//! [`ExternRef::data`](super::ExternRef::data) answers with `None`; what Rust made, the
//! functions for host data answer with `GCROOTS_ERROR_TYPE_MISMATCH`. Everything else
//! takes both: a struct is a struct. Types go along with their objects.

use super::gc_ref::sealed::RootedGcRefImpl;
use super::store::StorePart;
use super::{
    AsContextMut, GcRef, Global, ManuallyRooted, Rooted, Store, StoreContextMut, Table, Tag,
};
use crate::capi::boundary::set_message;
use crate::capi::exceptions::gcroots_tag_t;
use crate::capi::global::gcroots_global_t;
use crate::capi::manually_rooted::gcroots_manually_rooted_t;
use crate::capi::reference::gcroots_ref_t;
use crate::capi::status::{GCROOTS_ERROR_EXCEPTION, gcroots_status_t, status_of};
use crate::capi::store::gcroots_store_t;
use crate::capi::table::gcroots_table_t;
use crate::roots::Handle;

impl<T> Store<T> {
    /// The store, for the C API (borrowed). The calling thread becomes its owner.
    ///
    /// With it, C must not delete, detach or attach the store. It may be used by the
    /// thread that called this, until the store is next sent to another; not after
    /// the store was dropped; and functions that may collect, not while a borrow of a
    /// value's data is live. Where the store is sent, what C puts into it goes along,
    /// and its finalizers run there.
    ///
    /// ```
    /// use core::mem::MaybeUninit;
    /// use gcroots::capi::externref::gcroots_externref_new;
    /// use gcroots::{Engine, ExternRef, Rooted, Store};
    ///
    /// let mut store = Store::new(&Engine::default(), ())?;
    /// let mut made = MaybeUninit::uninit();
    /// let data = core::ptr::without_provenance_mut(42);
    /// // SAFETY: the store is alive and this thread's, and `made` can be written to.
    /// let status = unsafe { gcroots_externref_new(store.as_ptr(), data, None, &mut made) };
    /// assert_eq!(status, gcroots::capi::status::GCROOTS_OK);
    ///
    /// // SAFETY: it was made.
    /// let from_c = Rooted::<ExternRef>::from(unsafe { made.assume_init() });
    /// assert!(from_c.data(&store)?.is_none());
    /// # anyhow::Ok(())
    /// ```
    pub fn as_ptr(&mut self) -> *mut gcroots_store_t {
        self.as_context_mut().as_ptr()
    }
}

impl<T> StoreContextMut<'_, T> {
    /// As [`Store::as_ptr`]. C may use it as long as this is borrowed, and what it was
    /// borrowed from; inside a function, no longer than that runs.
    pub fn as_ptr(&mut self) -> *mut gcroots_store_t {
        let part: *mut StorePart<T> = self.0;
        // SAFETY: just borrowed exclusively. What is derived from that borrow is what
        // functions of Rust's use that C calls.
        unsafe {
            (*part).owned.set_rust_part(part.cast());
            (*part).owned.as_ptr().cast()
        }
    }
}

/// All null handles have the same bits in Rust.
fn from_c(handle: gcroots_ref_t) -> Handle {
    let handle = Handle::from(handle);
    if handle.is_null() {
        return Handle::NULL;
    }
    handle
}

impl<T: GcRef> From<Rooted<T>> for gcroots_ref_t {
    fn from(rooted: Rooted<T>) -> gcroots_ref_t {
        rooted.handle().into()
    }
}

/// Any bits may be passed, as to C's functions: those that name no root, or one of an
/// object of another type, are refused when they are used.
impl<T: GcRef> From<gcroots_ref_t> for Rooted<T> {
    fn from(handle: gcroots_ref_t) -> Rooted<T> {
        Rooted::new(from_c(handle))
    }
}

/// The root is C's to release from now on.
impl<T: GcRef> From<ManuallyRooted<T>> for gcroots_manually_rooted_t {
    fn from(root: ManuallyRooted<T>) -> gcroots_manually_rooted_t {
        root.into_handle().into()
    }
}

/// The root is Rust's from now on: copies that C has kept become stale when it ends.
/// Any bits may be passed.
impl<T: GcRef> From<gcroots_manually_rooted_t> for ManuallyRooted<T> {
    fn from(root: gcroots_manually_rooted_t) -> ManuallyRooted<T> {
        ManuallyRooted::new(from_c(root.r#ref))
    }
}

impl From<Tag> for gcroots_tag_t {
    fn from(tag: Tag) -> gcroots_tag_t {
        tag.handle().into()
    }
}

/// Any bits may be passed: those that name no tag are refused when they are used.
impl From<gcroots_tag_t> for Tag {
    fn from(tag: gcroots_tag_t) -> Tag {
        Tag::of(tag.into())
    }
}

/// Each may free it, for both.
impl From<Table> for gcroots_table_t {
    fn from(table: Table) -> gcroots_table_t {
        table.handle().into()
    }
}

/// Any bits may be passed: those that name no table are refused when they are used.
impl From<gcroots_table_t> for Table {
    fn from(table: gcroots_table_t) -> Table {
        Table::of(table.into())
    }
}

/// Each may free it, for both.
impl From<Global> for gcroots_global_t {
    fn from(global: Global) -> gcroots_global_t {
        global.handle().into()
    }
}

/// Any bits may be passed: those that name no global are refused when they are used.
impl From<gcroots_global_t> for Global {
    fn from(global: gcroots_global_t) -> Global {
        Global::of(global.into())
    }
}

/// What C gets for an error of a function of Rust's: its own status if it is one of the
/// library's, else that of an exception; and its message.
pub(super) fn answer_for_c(error: &anyhow::Error) -> gcroots_status_t {
    set_message(error);
    match error.downcast_ref() {
        Some(&error) => status_of(error),
        None => GCROOTS_ERROR_EXCEPTION,
    }
}
