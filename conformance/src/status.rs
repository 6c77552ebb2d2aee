//! The statuses and messages for C programs that the library does not have.

use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char};
use std::fmt::Display;

pub const INTERPRETER_TRAPPED: u32 = 1000;
pub const INTERPRETER_PANICKED: u32 = 1001;
pub const INTERPRETER_GONE: u32 = 1002;
pub const INTERPRETER_BAD_MODULE: u32 = 1003;
pub const INTERPRETER_NOT_LINKED: u32 = 1004;
pub const INTERPRETER_NO_EXPORT: u32 = 1005;

thread_local! {
    static LAST_ERROR: RefCell<CString> = RefCell::default();
}

/// Keeps the message of this thread's last failure.
pub fn set_last_error(message: impl Display) {
    // C ends a text at the first zero.
    let text = message.to_string().replace('\0', "?");
    let text = CString::new(text).unwrap_or_default();
    // A thread that is ending has no message any more.
    let _ = LAST_ERROR.try_with(|last| last.replace(text));
}

/// The message of this thread's last failure. Valid until its next one.
pub fn last_error() -> *const c_char {
    let message = LAST_ERROR.try_with(|last| last.borrow().as_ptr());
    message.unwrap_or(CStr::as_ptr(c""))
}
