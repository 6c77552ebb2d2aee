//! Statuses and messages

use core::ffi::{CStr, c_char};

use crate::base::thread;
use crate::error::{Error, ValueError};

/// How a call ended: one of the GCROOTS_* numbers below, which are never
/// renumbered.
pub type gcroots_status_t = u32;

/// Success.
pub const GCROOTS_OK: gcroots_status_t = 0;
/// A required pointer is NULL.
pub const GCROOTS_ERROR_NULL_ARGUMENT: gcroots_status_t = 1;
/// A value is out of its documented range.
pub const GCROOTS_ERROR_INVALID_ARGUMENT: gcroots_status_t = 2;
/// The handle belongs to another store, or to one since deleted.
pub const GCROOTS_ERROR_WRONG_STORE: gcroots_status_t = 3;
/// The type belongs to another engine.
pub const GCROOTS_ERROR_WRONG_ENGINE: gcroots_status_t = 4;
/// The store belongs to another thread, or is detached.
pub const GCROOTS_ERROR_WRONG_THREAD: gcroots_status_t = 5;
/// Not allowed inside the callback that is running.
pub const GCROOTS_ERROR_BUSY: gcroots_status_t = 6;
/// The handle's scope was exited, or the handle was unrooted.
pub const GCROOTS_ERROR_UNROOTED: gcroots_status_t = 7;
/// A null reference where an object is needed.
pub const GCROOTS_ERROR_NULL_REFERENCE: gcroots_status_t = 8;
/// Not of the needed type, or a failed cast.
pub const GCROOTS_ERROR_TYPE_MISMATCH: gcroots_status_t = 9;
/// A write to something immutable.
pub const GCROOTS_ERROR_IMMUTABLE: gcroots_status_t = 10;
/// A field, element or range that is not there.
pub const GCROOTS_ERROR_OUT_OF_BOUNDS: gcroots_status_t = 11;
/// Not the innermost scope, or not open.
pub const GCROOTS_ERROR_SCOPE_ORDER: gcroots_status_t = 12;
/// A collection is needed inside a no-GC span.
pub const GCROOTS_ERROR_NO_GC: gcroots_status_t = 13;
/// The heap's limit is reached, after a collection; or the system refused.
pub const GCROOTS_ERROR_OUT_OF_MEMORY: gcroots_status_t = 14;
/// More of something than the library supports.
pub const GCROOTS_ERROR_LIMIT: gcroots_status_t = 15;
/// An exception is pending: gcroots_store_take_exception().
pub const GCROOTS_ERROR_EXCEPTION: gcroots_status_t = 16;
/// A bug in gcroots, or an overwritten heap. The store is poisoned: every call on
/// it answers this, except gcroots_store_attach() and gcroots_store_free().
pub const GCROOTS_ERROR_INTERNAL: gcroots_status_t = 17;

/// The names of the statuses, by number.
const NAMES: [&CStr; 18] = [
    c"GCROOTS_OK",
    c"GCROOTS_ERROR_NULL_ARGUMENT",
    c"GCROOTS_ERROR_INVALID_ARGUMENT",
    c"GCROOTS_ERROR_WRONG_STORE",
    c"GCROOTS_ERROR_WRONG_ENGINE",
    c"GCROOTS_ERROR_WRONG_THREAD",
    c"GCROOTS_ERROR_BUSY",
    c"GCROOTS_ERROR_UNROOTED",
    c"GCROOTS_ERROR_NULL_REFERENCE",
    c"GCROOTS_ERROR_TYPE_MISMATCH",
    c"GCROOTS_ERROR_IMMUTABLE",
    c"GCROOTS_ERROR_OUT_OF_BOUNDS",
    c"GCROOTS_ERROR_SCOPE_ORDER",
    c"GCROOTS_ERROR_NO_GC",
    c"GCROOTS_ERROR_OUT_OF_MEMORY",
    c"GCROOTS_ERROR_LIMIT",
    c"GCROOTS_ERROR_EXCEPTION",
    c"GCROOTS_ERROR_INTERNAL",
];

/// The status of each of the core's errors.
pub(crate) fn status_of(error: Error) -> gcroots_status_t {
    match error {
        Error::NullArgument { .. } => GCROOTS_ERROR_NULL_ARGUMENT,
        Error::InvalidArgument { .. }
        | Error::WrongCount { .. }
        | Error::WrongArity { .. }
        | Error::InvalidType { .. }
        | Error::BadRange { .. }
        | Error::BadSlot { .. } => GCROOTS_ERROR_INVALID_ARGUMENT,
        Error::WrongEngine { .. } | Error::ForeignType { .. } => GCROOTS_ERROR_WRONG_ENGINE,
        Error::WrongStore { .. } => GCROOTS_ERROR_WRONG_STORE,
        Error::WrongThread { .. } => GCROOTS_ERROR_WRONG_THREAD,
        Error::Busy { .. } => GCROOTS_ERROR_BUSY,
        Error::Unrooted { .. } => GCROOTS_ERROR_UNROOTED,
        Error::NullReference { .. } | Error::NullValue { .. } => GCROOTS_ERROR_NULL_REFERENCE,
        Error::OutOfBounds { .. } => GCROOTS_ERROR_OUT_OF_BOUNDS,
        Error::TypeMismatch { .. } | Error::NotOfType { .. } | Error::WrongValue { .. } => {
            GCROOTS_ERROR_TYPE_MISMATCH
        }
        Error::Immutable { .. } | Error::ImmutableGlobal { .. } => GCROOTS_ERROR_IMMUTABLE,
        Error::ScopeOrder { .. } | Error::NoOpenSpan { .. } => GCROOTS_ERROR_SCOPE_ORDER,
        Error::NoGc { .. } => GCROOTS_ERROR_NO_GC,
        Error::HeapLimit { .. } | Error::GrowthRefused { .. } | Error::SystemMemory { .. } => {
            GCROOTS_ERROR_OUT_OF_MEMORY
        }
        Error::Limit { .. } => GCROOTS_ERROR_LIMIT,
        Error::InCall { why, .. } => match why {
            ValueError::Kind { .. } => GCROOTS_ERROR_INVALID_ARGUMENT,
            ValueError::WrongStore { .. } => GCROOTS_ERROR_WRONG_STORE,
            ValueError::Unrooted { .. } => GCROOTS_ERROR_UNROOTED,
            ValueError::Null => GCROOTS_ERROR_NULL_REFERENCE,
            ValueError::Type { .. } | ValueError::NotOfType { .. } => GCROOTS_ERROR_TYPE_MISMATCH,
        },
        Error::Exception { .. } => GCROOTS_ERROR_EXCEPTION,
        Error::Returned { status } => status,
        Error::Internal { .. } => GCROOTS_ERROR_INTERNAL,
    }
}

/// The name of a status, like "GCROOTS_ERROR_BUSY"; "GCROOTS_UNKNOWN" for a
/// number that is none. Static; never NULL. Never collects.
#[unsafe(no_mangle)]
pub extern "C" fn gcroots_status_name(status: gcroots_status_t) -> *const c_char {
    NAMES
        .get(status as usize)
        .map_or(c"GCROOTS_UNKNOWN".as_ptr(), |name| name.as_ptr())
}

/// This thread's last error message, with the values that were wrong: "" before
/// the first failure, never NULL. Valid until this thread's next failing call;
/// success does not clear it. Never collects.
#[unsafe(no_mangle)]
pub extern "C" fn gcroots_last_error() -> *const c_char {
    // SAFETY: takes an address inside this thread's block.
    unsafe { (*thread::block()).message.get().cast() }
}
