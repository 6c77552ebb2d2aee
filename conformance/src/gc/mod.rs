//! All contact with libgcroots, through its C API.
//!
//! Wasm values are [`Slot`]s: 24 bytes of plain data with a tag. A slot that holds a
//! reference has the reference's raw bits ([`Raw`]), which are valid until the next
//! collection. Slots survive a collection only on the [`ValueStack`], which is a root
//! range. All other places that hold references are managed by the library: tables,
//! globals, objects and exceptions.
//!
//! Each operation here enters a scope, turns the raw bits that it is given into handles,
//! calls the library, turns the result back into raw bits, and leaves the scope. So the
//! interpreter follows one rule: *a popped reference is used by one call only*.
//!
//! Everything here is safe to call, because the library checks any bits.

mod arrays;
mod casts;
mod exceptions;
mod ffi;
mod functions;
mod globals;
mod rec_groups;
mod references;
mod slot;
mod stack;
mod store;
mod structs;
mod tables;
mod types;

use std::ffi::CStr;
use std::fmt;

pub use exceptions::Tag;
pub use ffi::{
    GCROOTS_ERROR_INVALID_ARGUMENT, GCROOTS_OK, gcroots_engine_t, gcroots_global_t, gcroots_ref_t,
    gcroots_status_t, gcroots_store_t, gcroots_table_t,
};
pub use functions::{Callee, Ended, Entry, FuncId, HostFunc};
pub use globals::Global;
pub use references::RefKind;
pub use slot::{Raw, Slot};
pub use stack::ValueStack;
pub use store::{Collector, Settings, Store};
pub use tables::Table;
pub use types::{FieldType, Heap, RefType, Storage, Type, ValType};

/// How a packed field or element is extended when it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extension {
    /// Not at all: it is not packed.
    None,
    /// With its sign.
    Signed,
    /// With zeros.
    Unsigned,
}

/// An error that the library returned.
#[derive(Debug)]
pub struct Refused {
    status: ffi::gcroots_status_t,
    message: String,
}

impl Refused {
    pub fn status(&self) -> gcroots_status_t {
        self.status
    }

    pub fn is_null_reference(&self) -> bool {
        self.status == ffi::GCROOTS_ERROR_NULL_REFERENCE
    }

    pub fn is_out_of_bounds(&self) -> bool {
        self.status == ffi::GCROOTS_ERROR_OUT_OF_BOUNDS
    }

    pub fn is_type_mismatch(&self) -> bool {
        self.status == ffi::GCROOTS_ERROR_TYPE_MISMATCH
    }

    /// Whether memory or another resource of the library is exhausted.
    pub fn is_exhaustion(&self) -> bool {
        matches!(
            self.status,
            ffi::GCROOTS_ERROR_OUT_OF_MEMORY | ffi::GCROOTS_ERROR_LIMIT
        )
    }

    fn is_exception(&self) -> bool {
        self.status == ffi::GCROOTS_ERROR_EXCEPTION
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "gcroots status {}: {}", self.status, self.message)
    }
}

impl std::error::Error for Refused {}

pub type Result<T> = std::result::Result<T, Refused>;

fn check(status: ffi::gcroots_status_t) -> Result<()> {
    if status == ffi::GCROOTS_OK {
        return Ok(());
    }
    // SAFETY: the message is never NULL, and valid until this thread's next failure.
    let message = unsafe { CStr::from_ptr(ffi::gcroots_last_error()) };
    Err(Refused {
        status,
        message: message.to_string_lossy().into_owned(),
    })
}
