//! Statuses and messages
//!
//! A function that can fail returns a status. The introduction at the top of this header
//! says which statuses any function can return, and in which order errors are checked.

use core::ffi::{CStr, c_char};

use super::boundary::{call, required_const, set_message_bytes};
use crate::base::thread;
use crate::error::{Error, ValueError};

/// The outcome of a call: one of the GCROOTS_OK and GCROOTS_ERROR_... numbers below. They
/// are never renumbered. gcroots_func_call() may also return a number of its callback's
/// choice: see GCROOTS_STATUS_EMBEDDER.
pub type gcroots_status_t = u32;

/// The call succeeded.
pub const GCROOTS_OK: gcroots_status_t = 0;
/// A pointer that must not be NULL is NULL.
pub const GCROOTS_ERROR_NULL_ARGUMENT: gcroots_status_t = 1;
/// The function does not accept an argument, because
///
/// - a number is out of its documented range;
/// - the number of values is not what the type or the function needs;
/// - a handle is manual where a scoped one is needed;
/// - a type declaration is not well formed;
/// - a root range is invalid, or one of its slots holds bits that do not refer to an
///   object.
pub const GCROOTS_ERROR_INVALID_ARGUMENT: gcroots_status_t = 2;
/// The handle or scope belongs to another store, or to a store that was deleted.
pub const GCROOTS_ERROR_WRONG_STORE: gcroots_status_t = 3;
/// The type belongs to another engine than the store, or a type declaration refers to a
/// type of another engine.
pub const GCROOTS_ERROR_WRONG_ENGINE: gcroots_status_t = 4;
/// The calling thread does not own the store: another thread does, or it is detached.
pub const GCROOTS_ERROR_WRONG_THREAD: gcroots_status_t = 5;
/// The store does not allow this call now, because
///
/// - a callback is running: see "Callbacks" in the introduction;
/// - a collection in steps is under way: see gcroots_store_gc_start();
/// - the store is being deleted and runs its last finalizers;
/// - the function is gcroots_root_visitor_report(), and no root visitor is running.
pub const GCROOTS_ERROR_BUSY: gcroots_status_t = 6;
/// The handle names nothing that is live in this store, because
///
/// - the scope of the root was exited;
/// - the handle was unrooted, freed or removed;
/// - its bits were never issued by this store;
/// - it is of a kind that the function does not take, such as a scoped handle where a
///   manual one is needed.
pub const GCROOTS_ERROR_UNROOTED: gcroots_status_t = 7;
/// A reference is null where an object is needed, or a handle is zeroed where it must
/// name a weak map or the like.
pub const GCROOTS_ERROR_NULL_REFERENCE: gcroots_status_t = 8;
/// An object, value or type is not of the type that is needed, or a cast failed.
pub const GCROOTS_ERROR_TYPE_MISMATCH: gcroots_status_t = 9;
/// The field, element or global is immutable, and the call would write it.
pub const GCROOTS_ERROR_IMMUTABLE: gcroots_status_t = 10;
/// An index, or a range of indices, is not all inside the object, table or type.
pub const GCROOTS_ERROR_OUT_OF_BOUNDS: gcroots_status_t = 11;
/// Scopes or no-GC spans are not nested as the function needs, because
///
/// - the scope is not open, or was opened outside the callback that is running;
/// - the scope is not the current one, and the function needs the current one;
/// - the no-GC span to close was not opened in the current scope;
/// - no no-GC span is open, and the function works only in one.
pub const GCROOTS_ERROR_SCOPE_ORDER: gcroots_status_t = 12;
/// A no-GC span is open, and
///
/// - the function is gcroots_store_gc() or gcroots_store_gc_start(); or
/// - an allocation does not fit, the heap has reached its limit or the growth callback
///   has refused, and a collection might have made room; or
/// - gcroots_pin() would have to collect.
pub const GCROOTS_ERROR_NO_GC: gcroots_status_t = 13;
/// There is no memory, because
///
/// - the object does not fit within the heap's limit, even after a collection;
/// - the growth callback refused memory, and a collection did not make room;
/// - the system refused memory.
pub const GCROOTS_ERROR_OUT_OF_MEMORY: gcroots_status_t = 14;
/// The call would exceed a limit of the library or of the system on the number of
/// something, such as the 2^31 - 1 roots of each kind that a store can have.
pub const GCROOTS_ERROR_LIMIT: gcroots_status_t = 15;
/// An exception is pending: the function that gcroots_func_call() called threw it, or it
/// was pending before, and nothing was called. gcroots_store_take_exception() takes it.
pub const GCROOTS_ERROR_EXCEPTION: gcroots_status_t = 16;
/// The library found a bug of its own, or a heap that something has overwritten. The
/// store is poisoned: every call on it returns this status, except gcroots_store_attach()
/// and gcroots_store_free().
pub const GCROOTS_ERROR_INTERNAL: gcroots_status_t = 17;
/// The store's collector does not have what the function needs, such as pins.
pub const GCROOTS_ERROR_UNSUPPORTED: gcroots_status_t = 18;

/// The first status of the embedder. The library never returns this number or a greater one
/// of its own accord: only gcroots_func_call() returns them, if a callback does. So a caller
/// can tell a callback's status from the library's. The numbers below that have no name are
/// reserved for the library.
pub const GCROOTS_STATUS_EMBEDDER: gcroots_status_t = 0x10000;

/// The names of the statuses, indexed by number.
const NAMES: [&CStr; 19] = [
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
    c"GCROOTS_ERROR_UNSUPPORTED",
];

/// Returns the status for an error of the core.
pub(crate) fn status_of(error: Error) -> gcroots_status_t {
    match error {
        Error::NullArgument { .. } => GCROOTS_ERROR_NULL_ARGUMENT,
        Error::InvalidArgument { .. }
        | Error::WrongCount { .. }
        | Error::WrongArity { .. }
        | Error::InvalidType { .. }
        | Error::FewExternalBytes { .. }
        | Error::BadRange { .. }
        | Error::BadSlot { .. }
        | Error::ChangedSlot { .. } => GCROOTS_ERROR_INVALID_ARGUMENT,
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
        Error::HeapLimit { .. }
        | Error::SideLimit { .. }
        | Error::ExternalLimit { .. }
        | Error::GrowthRefused { .. }
        | Error::SystemMemory { .. }
        | Error::AddressSpace { .. }
        | Error::Mappings { .. }
        | Error::Overhead { .. } => GCROOTS_ERROR_OUT_OF_MEMORY,
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
        Error::Unsupported { .. } => GCROOTS_ERROR_UNSUPPORTED,
    }
}

/// Returns the name of a status, such as "GCROOTS_ERROR_BUSY". Never collects.
///
/// \return a static string, never NULL; "GCROOTS_UNKNOWN" if the number is not a status
#[unsafe(no_mangle)]
pub extern "C" fn gcroots_status_name(status: gcroots_status_t) -> *const c_char {
    NAMES
        .get(status as usize)
        .map_or(c"GCROOTS_UNKNOWN".as_ptr(), |name| name.as_ptr())
}

/// Returns the message of this thread's last failed call: the function's name, a colon, and
/// what was wrong, with the values. A successful call does not change it, except
/// gcroots_set_error(). If the system has no memory for a thread's first message, the message
/// says so instead. Never collects.
///
/// \return the message (borrowed), at most 255 bytes, valid until the next call on this
///         thread that fails or sets the message; never NULL; "" before the first failure
#[unsafe(no_mangle)]
pub extern "C" fn gcroots_last_error() -> *const c_char {
    thread::last_message()
}

/// Sets this thread's last message. Never collects.
///
/// A callback calls it before it returns a status of its own. gcroots_func_call() then
/// returns that status and leaves the message as it is. Any code may call it, at any time.
/// The library's own messages still replace it: if an allocation fails, its message comes
/// after those that finalizers and growth callbacks have set.
///
/// \param message the text (borrowed). It is copied. What follows its first 255 bytes is left
///        out, and so is a character of UTF-8 that they cut
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_set_error(message: *const c_char) -> gcroots_status_t {
    call("gcroots_set_error", || {
        let message = required_const(message, "message")?;
        // SAFETY: the caller passes a string that ends in 0.
        set_message_bytes(unsafe { CStr::from_ptr(message.as_ptr()) }.to_bytes());
        Ok(())
    })
}
