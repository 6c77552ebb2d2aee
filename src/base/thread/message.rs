//! The last error message of each thread.
//!
//! A message is in the thread's record, not in the thread-local block, because static
//! thread-local storage is scarce (HOST-2). If the system has no memory for a record, the
//! thread gets a message that says so.

use core::ffi::c_char;
use core::ptr::NonNull;

use super::block;
use super::living::own_record;
use super::record::{MESSAGE_BYTES, Record};

/// The record of every thread that the system had no memory for. Nobody writes to it.
static WITHOUT_MEMORY: Record =
    Record::without_thread(b"the message is lost, because the system has no memory for it");

/// This thread's last message, which ends in 0. It is empty before the first one.
pub(crate) fn last_message() -> *const c_char {
    match block::record() {
        Some(record) => record.message().cast::<c_char>().as_ptr(),
        None => c"".as_ptr(),
    }
}

/// The number of messages that this thread has written. It tells whether there was one
/// between two moments.
pub(crate) fn messages() -> u64 {
    block::record().map_or(0, Record::messages)
}

/// Where this thread's next message goes, which counts as written. `None` if the system has
/// no memory for it; the last message then says so.
pub(crate) fn message_buffer() -> Option<NonNull<[u8; MESSAGE_BYTES]>> {
    match own_record() {
        Ok(record) => {
            record.count_message();
            Some(record.message())
        }
        Err(_) => {
            block::set_record(&WITHOUT_MEMORY);
            None
        }
    }
}
