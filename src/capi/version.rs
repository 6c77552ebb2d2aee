//! Version

use core::ffi::{CStr, c_char};

const VERSION: &CStr =
    match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(version) => version,
        Err(_) => panic!("the version has a zero in it"),
    };

/// Returns the version of the library that was loaded, such as "1.0.0". Before a
/// release, it ends in a hyphen and the name of the pre-release ("1.0.0-alpha.1"). The
/// version of the header is GCROOTS_VERSION. Never collects.
///
/// \return a static string, never NULL
#[unsafe(no_mangle)]
pub extern "C" fn gcroots_version() -> *const c_char {
    VERSION.as_ptr()
}
