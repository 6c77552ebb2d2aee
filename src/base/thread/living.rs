//! The list of living threads, which says whether the owner of a store has ended (HOST-4,
//! HOST-5).

use core::ffi::c_void;
use std::sync::atomic::{AtomicU64, Ordering};

use super::block::{block, entry_word};
use super::token::{LAYOUT_VERSION, is_of_the_ended, issue, token_of, word, word_of_the_ended};
use crate::base::fallible;
use crate::base::fork::{self, Holdable, Links, Member, Process};
use crate::error::{Error, Result};

/// The kernel's number of the calling thread.
fn own_number() -> libc::c_long {
    // SAFETY: gettid has no preconditions.
    unsafe { libc::syscall(libc::SYS_gettid) }
}

fn own_token() -> u64 {
    token_of(entry_word())
}

/// A thread that has a token, in the list [`LIVING`].
#[derive(Clone, Copy)]
struct LivingThread {
    token: u64,
    /// The kernel's number of the thread.
    number: libc::c_long,
    /// Whether the thread exists in a parent of this process only. A call may have been cut
    /// off, so nobody may have its stores (HOST-5).
    cut_off: bool,
}

impl LivingThread {
    /// Whether the kernel knows the thread. Only the answer "no" is certain: another thread
    /// may have the number by now.
    fn may_live(self) -> bool {
        if self.cut_off {
            return true;
        }
        // SAFETY: signal number 0 sends nothing.
        let answer = unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), self.number, 0) };
        answer == 0 || std::io::Error::last_os_error().raw_os_error() != Some(libc::ESRCH)
    }

    /// Adapts to the child of a fork, whose only thread calls this.
    fn after_fork(&mut self) {
        if self.token == own_token() {
            self.number = own_number();
        } else {
            self.cut_off = true;
        }
    }
}

/// The threads with a token that have not ended. In the child of a fork, also those that
/// were not forked.
static LIVING: Living = Living {
    threads: Holdable::new(Vec::new()),
    links: Links::new(),
};

struct Living {
    threads: Holdable<Vec<LivingThread>>,
    /// A fork holds the lock (HOST-27).
    links: Links,
}

// SAFETY: `hold` and `release` lock and unlock, and change numbers and flags.
unsafe impl Member for Living {
    fn links(&self) -> &Links {
        &self.links
    }

    unsafe fn hold(&self) {
        // SAFETY: the caller's promise.
        unsafe { self.threads.hold() };
    }

    unsafe fn release(&self, process: Process) {
        // SAFETY: the caller's promise.
        unsafe {
            if process == Process::Child {
                self.threads
                    .with_held(|threads| threads.iter_mut().for_each(LivingThread::after_fork));
            }
            self.threads.release();
        }
    }
}

/// The key whose destructor runs when a thread ends, plus 1. It is 0 until the hook is
/// installed, and set once, under the lock of [`LIVING`].
static KEY: AtomicU64 = AtomicU64::new(0);

/// The number of rounds of destructors that every system promises. The last round removes
/// the thread, so destructors of other keys may still use its stores. A thread sanitizer
/// stops working for the thread in the last round; under it, this library's code must not
/// run so late.
const DESTRUCTOR_ROUNDS: usize = if cfg!(gcroots_tsan) { 3 } else { 4 };

/// The key, if the hook is installed.
fn key() -> Option<libc::pthread_key_t> {
    let key = KEY.load(Ordering::Relaxed).checked_sub(1)?;
    libc::pthread_key_t::try_from(key).ok()
}

/// Registers the hook that runs when a thread ends, once. The caller has the lock of
/// [`LIVING`].
///
/// Errors: [`Error::Limit`].
fn install_hook() -> Result<libc::pthread_key_t> {
    if let Some(key) = key() {
        return Ok(key);
    }
    let mut key = 0;
    // SAFETY: `key` is valid for writing; the library is never unloaded.
    if unsafe { libc::pthread_key_create(&mut key, Some(thread_ends)) } != 0 {
        return Err(Error::Limit {
            what: "thread-specific keys of the system",
            limit: 1024,
        });
    }
    KEY.store(u64::from(key) + 1, Ordering::Relaxed);
    Ok(key)
}

/// The calling thread's token. Makes one if the thread has none.
///
/// Errors: [`Error::SystemMemory`]; [`Error::Limit`] if the system has no key left, or the
/// thread's last exit hook has run.
pub(crate) fn token_or_new() -> Result<u64> {
    if own_token() != 0 {
        return Ok(own_token());
    }
    if is_of_the_ended(entry_word()) {
        return Err(Error::Limit {
            what: "stores of a thread that is ending",
            limit: 0,
        });
    }
    let new = issue();
    fork::join(&LIVING)?;
    let mut living = LIVING.threads.lock();
    let key = install_hook()?;
    let thread = LivingThread {
        token: new,
        number: own_number(),
        cut_off: false,
    };
    fallible::push(&mut living, thread)?;
    // SAFETY: `key` was created.
    if unsafe { libc::pthread_setspecific(key, DESTRUCTOR_ROUNDS as *const c_void) } != 0 {
        living.pop();
        return Err(fallible::refused(0));
    }
    // SAFETY: only this thread uses the block, and nothing else borrows it.
    unsafe { *(*block()).word.get() = word(new, LAYOUT_VERSION) };
    Ok(new)
}

/// Whether the thread with this token, which must not be 0, is alive. The kernel is asked
/// too: a thread that got its token in one of its exit hooks may end before its last round
/// (HOST-4).
pub(crate) fn lives(token: u64) -> bool {
    let living = LIVING.threads.lock();
    let thread = living.iter().find(|thread| thread.token == token);
    thread.is_some_and(|thread| thread.may_live())
}

/// The system calls this when a thread that has a token ends.
extern "C" fn thread_ends(rounds_left: *mut c_void) {
    let rounds_left = rounds_left as usize;
    if let (true, Some(key)) = (rounds_left > 1, key()) {
        // SAFETY: `key` was created; replacing a value that this thread set
        // before needs no memory.
        unsafe { libc::pthread_setspecific(key, (rounds_left - 1) as *const c_void) };
        return;
    }
    let me = own_token();
    LIVING.threads.lock().retain(|thread| thread.token != me);
    // SAFETY: only this thread uses the block, and nothing else borrows it.
    unsafe { *(*block()).word.get() = word_of_the_ended(LAYOUT_VERSION) };
}
