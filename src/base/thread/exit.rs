//! The hook that runs when a thread ends: the destructor of a thread-specific key.

use core::ffi::c_void;
use std::sync::atomic::{AtomicU64, Ordering};

use super::block;
use crate::base::fallible;
use crate::error::{Error, Result};

/// The key whose destructor runs when a thread ends, plus 1. It is 0 until there is one.
static KEY: AtomicU64 = AtomicU64::new(0);

/// The number of rounds of destructors that every system promises. The last round ends the
/// thread for the library, so destructors of other keys may still use its stores. A thread
/// sanitizer stops working for the thread in the last round; under it, this library's code
/// must not run so late.
const DESTRUCTOR_ROUNDS: usize = if cfg!(gcroots_tsan) { 3 } else { 4 };

/// The key, if there is one.
fn key() -> Option<libc::pthread_key_t> {
    let key = KEY.load(Ordering::Acquire).checked_sub(1)?;
    libc::pthread_key_t::try_from(key).ok()
}

/// Returns the key, and makes it on the first call.
///
/// Errors: [`Error::Limit`].
fn key_or_new() -> Result<libc::pthread_key_t> {
    if let Some(key) = key() {
        return Ok(key);
    }
    let mut new = 0;
    // SAFETY: `new` is valid for writing; the library is never unloaded.
    if unsafe { libc::pthread_key_create(&mut new, Some(thread_ends)) } != 0 {
        return Err(Error::Limit {
            what: "thread-specific keys of the system",
            limit: 1024,
        });
    }
    // No lock, which a fork would have to know.
    let won = KEY.compare_exchange(0, u64::from(new) + 1, Ordering::AcqRel, Ordering::Acquire);
    if won.is_err() {
        // SAFETY: the key was created above, and no thread has used it.
        unsafe { libc::pthread_key_delete(new) };
    }
    Ok(key().unwrap_or(new))
}

/// Has [`thread_ends`] called when the calling thread ends. If the thread is ending already,
/// that may never happen in the last round.
///
/// Errors: [`Error::SystemMemory`], [`Error::Limit`].
pub(super) fn arm() -> Result<()> {
    // SAFETY: the key was created.
    let answer =
        unsafe { libc::pthread_setspecific(key_or_new()?, DESTRUCTOR_ROUNDS as *const c_void) };
    match answer {
        0 => Ok(()),
        _ => Err(fallible::refused(0)),
    }
}

/// The system calls this when a thread ends.
extern "C" fn thread_ends(rounds_left: *mut c_void) {
    let rounds_left = rounds_left as usize;
    if let (true, Some(key)) = (rounds_left > 1, key()) {
        // SAFETY: `key` was created; replacing a value that this thread set
        // before needs no memory.
        unsafe { libc::pthread_setspecific(key, (rounds_left - 1) as *const c_void) };
        return;
    }
    block::end();
}
