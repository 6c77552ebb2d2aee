//! The Rust value in an externref: a value of any type behind one thin pointer.
//!
//! The core's table has one word for host data, but a pointer to a trait object takes
//! two. So each value is allocated behind a header, which contains a function that knows
//! the value's type. Each value takes one allocation. If that fails, the caller gets the
//! value back.
//!
//! # Why the pointer in the table can be trusted
//!
//! Only [`ExternRef::new`](super::ExternRef::new) makes externrefs whose table entry has
//! the core's tag for Rust values. C cannot pass that tag, and cannot set the data of such
//! an entry. The tag and the pointer are in the table, never in the heap (`heap.sandbox`).
//!
//! # Panics in a value's `drop`
//!
//! The finalizer catches the panic, after the panic hook has run. The other values are
//! still dropped, and the call that collected succeeds. There are two reasons: the call
//! may come from a C program, which cannot unwind, and an allocation should not panic
//! because of an unrelated object.

use core::any::Any;
use core::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::base::fallible;
use crate::error::Error;

/// A value behind its header.
#[repr(C)]
pub(super) struct HostValue<T> {
    header: Header,
    value: T,
}

/// The part of a [`HostValue`] that does not depend on the value's type.
#[repr(C)]
struct Header {
    /// Returns the value as a trait object.
    ///
    /// # Safety
    ///
    /// The pointer must point to the [`HostValue`] of this header.
    as_any: unsafe fn(*mut c_void) -> *mut (dyn Any + Send + Sync),
}

impl<T: Any + Send + Sync> HostValue<T> {
    /// Moves a value to the Rust heap. Returns the value if there is no memory.
    #[inline]
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
/// `data` must be a live [`HostValue`] of `T` from a leaked box. References to the value
/// must follow Rust's aliasing rules.
pub(super) unsafe fn value_of<T>(data: *mut c_void) -> *mut T {
    // SAFETY: the caller's promise.
    unsafe { &raw mut (*data.cast::<HostValue<T>>()).value }
}

/// # Safety
///
/// `data` must be a live [`HostValue`] of `T`.
unsafe fn as_any<T: Any + Send + Sync>(data: *mut c_void) -> *mut (dyn Any + Send + Sync) {
    let value = data.cast::<HostValue<T>>();
    // SAFETY: the caller's promise.
    unsafe { &raw mut (*value).value }
}

/// The value behind `data`, as a trait object.
///
/// # Safety
///
/// `data` must be a live [`HostValue`] from a leaked box. References to the value must
/// follow Rust's aliasing rules.
#[inline]
pub(super) unsafe fn value(data: *mut c_void) -> *mut (dyn Any + Send + Sync) {
    // SAFETY: the caller's promise; the header comes first.
    unsafe { ((*data.cast::<Header>()).as_any)(data) }
}

/// The finalizer of an externref: drops its value. Never unwinds.
///
/// # Safety
///
/// `data` must be a [`HostValue`] of `T` from a leaked box, and must not be used again.
pub(super) unsafe extern "C" fn drop_value<T>(data: *mut c_void) {
    // SAFETY: the caller's promise.
    let value = unsafe { Box::from_raw(data.cast::<HostValue<T>>()) };
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
        // The payload's own `drop` may panic too. The payload of that second panic is
        // leaked.
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(panic)));
        core::mem::forget(dropped);
    }
}
