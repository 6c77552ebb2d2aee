//! What an externref made by Rust holds: any value, behind one thin pointer.
//!
//! The core's table has one word for the host's data, and a pointer to a trait
//! object is two. So a value is allocated behind a header, a function that knows the
//! value's type. One allocation a value, which may fail and then gives it back.
//!
//! # Why a pointer in the table is one of ours
//!
//! Only [`ExternRef::new`](super::ExternRef::new) makes externrefs whose entry has the
//! core's tag for values; C cannot pass that tag, nor set such an entry's data. The
//! tag and the pointer stand in the table, never in the heap (`heap.sandbox`).
//!
//! # A panic in a value's `drop`
//!
//! is caught in the finalizer: the panic hook has told about it, the other values
//! are dropped, and the call that happened to collect succeeds. It may be a C
//! program's call, which cannot unwind; and an allocation should not panic for what
//! an object of someone else's does.

use core::any::Any;
use core::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::base::fallible;
use crate::error::Error;

/// A value with a header before it.
#[repr(C)]
pub(super) struct HostValue<T> {
    header: Header,
    value: T,
}

/// What is known of a value of unknown type.
#[repr(C)]
struct Header {
    /// The value as a trait object.
    ///
    /// # Safety
    ///
    /// The pointer must be to the [`HostValue`] of this header.
    as_any: unsafe fn(*mut c_void) -> *mut (dyn Any + Send + Sync),
}

impl<T: Any + Send + Sync> HostValue<T> {
    /// Moves a value to the heap; gives it back if there is no room.
    pub(super) fn new(value: T) -> Result<Box<HostValue<T>>, (T, Error)> {
        let header = Header {
            as_any: as_any::<T>,
        };
        fallible::boxed_or_back(HostValue { header, value })
            .map_err(|(refused, error)| (refused.value, error))
    }

    /// The value.
    pub(super) fn into_value(self) -> T {
        self.value
    }
}

/// The value behind `data`.
///
/// # Safety
///
/// `data` must be a living [`HostValue`] of `T` from a box that was leaked. References
/// to the value must be made by the rules.
pub(super) unsafe fn value_of<T>(data: *mut c_void) -> *mut T {
    // SAFETY: the caller's promise.
    unsafe { &raw mut (*data.cast::<HostValue<T>>()).value }
}

/// # Safety
///
/// `data` must be a living [`HostValue`] of `T`.
unsafe fn as_any<T: Any + Send + Sync>(data: *mut c_void) -> *mut (dyn Any + Send + Sync) {
    let value = data.cast::<HostValue<T>>();
    // SAFETY: the caller's promise.
    unsafe { &raw mut (*value).value }
}

/// The value of any type behind `data`.
///
/// # Safety
///
/// `data` must be a living [`HostValue`] from a box that was leaked. References to
/// the value must be made by the rules.
pub(super) unsafe fn value(data: *mut c_void) -> *mut (dyn Any + Send + Sync) {
    // SAFETY: the caller's promise; the header comes first.
    unsafe { ((*data.cast::<Header>()).as_any)(data) }
}

/// Drops a value, as the finalizer of its externref. Never unwinds.
///
/// # Safety
///
/// `data` must be a [`HostValue`] of `T` from a box that was leaked, and not be used
/// again.
pub(super) unsafe extern "C" fn drop_value<T>(data: *mut c_void) {
    // SAFETY: the caller's promise.
    let value = unsafe { Box::from_raw(data.cast::<HostValue<T>>()) };
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
        // What a panic carries may panic when dropped, too. One that does is kept.
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(panic)));
        core::mem::forget(dropped);
    }
}
