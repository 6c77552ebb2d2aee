//! Version

use core::ffi::{CStr, c_char};

const VERSION: &CStr =
    match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(version) => version,
        Err(_) => panic!("the version has a zero in it"),
    };

/// The version of the library that was loaded, like "0.1.0". The header's own
/// is in GCROOTS_VERSION. Static; never NULL. Never collects.
#[unsafe(no_mangle)]
pub extern "C" fn gcroots_version() -> *const c_char {
    VERSION.as_ptr()
}
