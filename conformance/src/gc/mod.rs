//! All contact with libgcroots, through its C API.
//!
//! Wasm values are [`Slot`]s, 16 bytes of plain data with a tag. A slot that holds a
//! reference has the reference's raw bits ([`Raw`]), which are good until the next
//! collection. Slots outlive one only on the [`ValueStack`], which is a root range of
//! the library's. Everything else that holds references is the library's own: tables,
//! globals, objects, exceptions.
//!
//! Each operation here turns the raw bits it is given into handles before it calls what
//! may collect, in a scope that it leaves, and its result back into raw bits. So the
//! rule for the interpreter is short: *what was popped is used by one call only*.
//!
//! Nothing here is unsafe to call: the library checks any bits.

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

/// Which part of a packed field or element is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extension {
    /// It is not packed.
    None,
    /// Its sign is extended.
    Signed,
    /// Zeros are put before it.
    Unsigned,
}

/// Why the library refused a call.
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

    /// No memory, or more than the library supports of something.
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
