//! The list of living threads, which says whether the owner of a store has ended (HOST-4,
//! HOST-5).

use core::cell::UnsafeCell;
use core::ffi::c_void;
use std::sync::atomic::{AtomicU64, Ordering};

use super::block::{block, entry_word};
use super::token::{LAYOUT_VERSION, is_of_the_ended, issue, token_of, word, word_of_the_ended};
use crate::base::fallible;
use crate::base::lock::{Lock, LockGuard};
use crate::error::{Error, Result};

fn own_token() -> u64 {
    token_of(entry_word())
}

/// A thread that has a token, in the list [`LIVING`].
#[derive(Clone, Copy)]
struct LivingThread {
    token: u64,
    /// The kernel's number of the thread.
    number: libc::c_long,
}

impl LivingThread {
    /// Whether the kernel knows the thread. Only the answer "no" is certain: another thread
    /// may have the number by now.
    fn may_live(self) -> bool {
        // SAFETY: signal number 0 sends nothing.
        let answer = unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), self.number, 0) };
        answer == 0 || std::io::Error::last_os_error().raw_os_error() != Some(libc::ESRCH)
    }
}

/// The threads with a token that have not ended, without that of [`FORKED`].
static LIVING: Living = Living(UnsafeCell::new(Lock::new(Vec::new())));

/// In the child of a `fork`, the token of the thread that called it. Otherwise 0.
static FORKED: AtomicU64 = AtomicU64::new(0);

/// A list of threads behind a mutex, which [`after_fork`] replaces.
struct Living(UnsafeCell<Lock<Vec<LivingThread>>>);

// SAFETY: only `after_fork` writes the cell, while the process has one thread.
unsafe impl Sync for Living {}

impl Living {
    fn lock(&self) -> LockGuard<'_, Vec<LivingThread>> {
        // SAFETY: see `Sync`.
        unsafe { &*self.0.get() }.lock()
    }
}

/// The key whose destructor runs when a thread ends, plus 1. It is 0 until the hooks are
/// installed, and set once, under the lock of [`LIVING`].
static KEY: AtomicU64 = AtomicU64::new(0);

/// The number of rounds of destructors that every system promises. The last round removes
/// the thread, so destructors of other keys may still use its stores. A thread sanitizer
/// stops working for the thread in the last round; under it, this library's code must not
/// run so late.
const DESTRUCTOR_ROUNDS: usize = if cfg!(gcroots_tsan) { 3 } else { 4 };

/// The key, if the hooks are installed.
fn key() -> Option<libc::pthread_key_t> {
    let key = KEY.load(Ordering::Relaxed).checked_sub(1)?;
    libc::pthread_key_t::try_from(key).ok()
}

/// Registers the hooks that run when a thread ends and after a fork, once. The caller has
/// the lock of [`LIVING`].
///
/// Errors: [`Error::SystemMemory`], [`Error::Limit`].
fn install_hooks() -> Result<libc::pthread_key_t> {
    static FORK_HOOK: AtomicU64 = AtomicU64::new(0);

    if let Some(key) = key() {
        return Ok(key);
    }
    if FORK_HOOK.load(Ordering::Relaxed) == 0 {
        // SAFETY: the library is never unloaded.
        if unsafe { libc::pthread_atfork(None, None, Some(after_fork)) } != 0 {
            return Err(fallible::refused(0));
        }
        FORK_HOOK.store(1, Ordering::Relaxed);
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
    let mut living = LIVING.lock();
    let key = install_hooks()?;
    // SAFETY: gettid has no preconditions.
    let number = unsafe { libc::syscall(libc::SYS_gettid) };
    let thread = LivingThread { token: new, number };
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
    // Acquire: this thread sees everything that the other one wrote before its end.
    if FORKED.load(Ordering::Acquire) == token {
        return true;
    }
    let living = LIVING.lock();
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
    // The exchange succeeds for the thread that forked only.
    let _ = FORKED.compare_exchange(me, 0, Ordering::Release, Ordering::Relaxed);
    LIVING.lock().retain(|thread| thread.token != me);
    // SAFETY: only this thread uses the block, and nothing else borrows it.
    unsafe { *(*block()).word.get() = word_of_the_ended(LAYOUT_VERSION) };
}

/// The system calls this in the child of a fork, on the child's only thread. A thread of the
/// parent that was ending may have held the lock. So the mutex is replaced, not locked, and
/// its list leaks (HOST-5).
extern "C" fn after_fork() {
    // SAFETY: no other thread exists, and this one holds no guard: it locks nothing while it
    // calls code that could fork.
    unsafe { LIVING.0.get().write(Lock::new(Vec::new())) };
    FORKED.store(own_token(), Ordering::Relaxed);
}
