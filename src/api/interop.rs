//! Use of one store from Rust and through the C API.
//!
//! A conversion of a handle keeps its bits. Only externrefs differ by their origin:
//!
//! * [`ExternRef::data`](super::ExternRef::data) returns `None` for an externref that C
//!   made.
//! * The C functions for host data return `GCROOTS_ERROR_TYPE_MISMATCH` for an externref
//!   that Rust made.
//!
//! All other functions take the objects of both, and the objects keep their types.

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
    /// The store for the C API (borrowed). The calling thread becomes its owner.
    ///
    /// Rules for the pointer:
    ///
    /// * C must not delete, detach or attach the store.
    /// * Only the thread that called this function may use the pointer. It may do so until
    ///   the store is sent to another thread or dropped.
    /// * Functions that may collect must not be called while a host value is borrowed.
    ///
    /// If the store is sent to another thread, the host data that C put into it go along,
    /// and C's finalizers run on that thread.
    ///
    /// ```
    /// use core::mem::MaybeUninit;
    /// use gcroots::capi::externref::gcroots_externref_new;
    /// use gcroots::{Engine, ExternRef, Rooted, Store};
    ///
    /// let mut store = Store::new(&Engine::default(), ())?;
    /// let mut made = MaybeUninit::uninit();
    /// let data = core::ptr::without_provenance_mut(42);
    /// // SAFETY: the store is live and owned by this thread, and `made` is writable.
    /// let status = unsafe { gcroots_externref_new(store.as_ptr(), data, None, &mut made) };
    /// assert_eq!(status, gcroots::capi::status::GCROOTS_OK);
    ///
    /// // SAFETY: the call succeeded, so it initialised `made`.
    /// let from_c = Rooted::<ExternRef>::from(unsafe { made.assume_init() });
    /// assert!(from_c.data(&store)?.is_none());
    /// # anyhow::Ok(())
    /// ```
    pub fn as_ptr(&mut self) -> *mut gcroots_store_t {
        self.as_context_mut().as_ptr()
    }
}

impl<T> StoreContextMut<'_, T> {
    /// Same as [`Store::as_ptr`]. C may use the pointer as long as this context, and the
    /// store that it borrows, are borrowed. Inside a function, C may use it until the
    /// function returns.
    pub fn as_ptr(&mut self) -> *mut gcroots_store_t {
        let part: *mut StorePart<T> = self.0;
        // SAFETY: the part is borrowed exclusively. Rust functions that C calls use a
        // pointer that derives from this borrow.
        unsafe {
            (*part).owned.set_rust_part(part.cast());
            (*part).owned.as_ptr().cast()
        }
    }
}

/// Converts a handle from C. In Rust all null handles have the same bits.
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

/// The handle may have any bits. If they do not name a root, or if the root's object has
/// another type, functions that use the result return an error.
impl<T: GcRef> From<gcroots_ref_t> for Rooted<T> {
    fn from(handle: gcroots_ref_t) -> Rooted<T> {
        Rooted::new(from_c(handle))
    }
}

/// C owns the root from now on, and must release it.
impl<T: GcRef> From<ManuallyRooted<T>> for gcroots_manually_rooted_t {
    fn from(root: ManuallyRooted<T>) -> gcroots_manually_rooted_t {
        root.into_handle().into()
    }
}

/// Rust owns the root from now on. C's copies of the handle become stale when the root
/// ends. The handle may have any bits.
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

/// The handle may have any bits. If they do not name a tag, functions that use the result
/// return an error.
impl From<gcroots_tag_t> for Tag {
    fn from(tag: gcroots_tag_t) -> Tag {
        Tag::of(tag.into())
    }
}

/// Rust and C share the table. Either may free it, which makes the other's handle stale.
impl From<Table> for gcroots_table_t {
    fn from(table: Table) -> gcroots_table_t {
        table.handle().into()
    }
}

/// The handle may have any bits. If they do not name a table, functions that use the
/// result return an error.
impl From<gcroots_table_t> for Table {
    fn from(table: gcroots_table_t) -> Table {
        Table::of(table.into())
    }
}

/// Rust and C share the global. Either may free it, which makes the other's handle stale.
impl From<Global> for gcroots_global_t {
    fn from(global: Global) -> gcroots_global_t {
        global.handle().into()
    }
}

/// The handle may have any bits. If they do not name a global, functions that use the
/// result return an error.
impl From<gcroots_global_t> for Global {
    fn from(global: gcroots_global_t) -> Global {
        Global::of(global.into())
    }
}

/// The status that C gets if a Rust function fails with `error`. An [`Error`](crate::Error)
/// has its own status; any other error becomes `GCROOTS_ERROR_EXCEPTION`. Also stores the
/// error's message for C.
pub(super) fn answer_for_c(error: &anyhow::Error) -> gcroots_status_t {
    set_message(error);
    match error.downcast_ref() {
        Some(&error) => status_of(error),
        None => GCROOTS_ERROR_EXCEPTION,
    }
}
