//! Thread tokens, the list of living threads, and the thread-local block.
//!
//! A store belongs to one thread (`store.one-thread`). Each call compares one word of the
//! store with the calling thread's *token*, a number that is never issued again (HOST-1).
//!
//! The token and the thread's last error message share one thread-local block, the only
//! thread-local variable of the library (HOST-2). It uses the initial-exec model, which
//! needs a few lines of assembly, because stable Rust cannot ask for it.
//!
//! A list of living threads says whether the owner of a store has ended (HOST-4, HOST-5).
//!
//! Cost: reading the token takes two instructions.

use core::cell::UnsafeCell;
use core::ffi::c_void;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::base::fallible;
use crate::base::lock::{Lock, LockGuard};
use crate::error::{Error, Result};

/// Tokens are multiples of this. The bits below hold [`LAYOUT_VERSION`] and [`ENDED`].
const TOKEN_STEP: u64 = 16;

/// The version of the layout of a store's hot block. It is part of the words that are
/// compared. If the header ever has inline fast paths, those of another version find no
/// match and fall back to calls.
const LAYOUT_VERSION: u64 = 1;

/// Set in a thread's word once its last exit hook has run. No entry word has this bit.
const ENDED: u64 = 2;

const _: () = assert!(LAYOUT_VERSION == 1, "the assembly below has its value");

/// The greatest size of an error message, with its terminating 0.
pub(crate) const MESSAGE_BYTES: usize = 256;

/// The thread-local block. In a new thread, the token is 0 and the other fields are zeros.
#[repr(C)]
pub(crate) struct ThreadBlock {
    /// The token with the layout's version. It is never 0, as the entry word of a busy store
    /// is.
    word: UnsafeCell<u64>,
    /// The store that this thread's innermost call has entered. A panic poisons it.
    pub(crate) entered: UnsafeCell<*const c_void>,
    /// This thread's last error message, which ends in 0.
    pub(crate) message: UnsafeCell<[u8; MESSAGE_BYTES]>,
}

const BLOCK_BYTES: usize = size_of::<ThreadBlock>();
const _: () = assert!(BLOCK_BYTES == 272, "the assembly below has its size");

core::arch::global_asm!(
    ".pushsection .tdata.gcroots_thread_block,\"awT\",%progbits",
    ".globl gcroots_thread_block",
    ".hidden gcroots_thread_block",
    ".type gcroots_thread_block,%tls_object",
    ".size gcroots_thread_block, 272",
    ".p2align 4",
    "gcroots_thread_block:",
    ".quad 1",
    ".zero 264",
    ".popsection",
);

/// The calling thread's token, or 0 if it has none yet.
pub(crate) fn token() -> u64 {
    entry_word() & !(TOKEN_STEP - 1)
}

/// The first word of a store while the thread with this token may call.
pub(crate) const fn entry_word_of(token: u64) -> u64 {
    token | LAYOUT_VERSION
}

/// The first word of a store while the calling thread may call.
#[inline(always)]
pub(crate) fn entry_word() -> u64 {
    let word;
    // SAFETY: this reads the first word of this thread's block, by the initial-exec model of
    // the platform's ABI.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        core::arch::asm!(
            "mov {0}, qword ptr [rip + gcroots_thread_block@GOTTPOFF]",
            "mov {0}, qword ptr fs:[{0}]",
            out(reg) word,
            options(pure, readonly, nostack, preserves_flags),
        );
        #[cfg(target_arch = "aarch64")]
        core::arch::asm!(
            "adrp {0}, :gottprel:gcroots_thread_block",
            "ldr {0}, [{0}, #:gottprel_lo12:gcroots_thread_block]",
            "mrs {1}, tpidr_el0",
            "ldr {0}, [{1}, {0}]",
            out(reg) word,
            out(reg) _,
            options(pure, readonly, nostack, preserves_flags),
        );
    }
    word
}

/// Whether the calling thread may call a store whose first word is `entry`. The comparison
/// is in assembly, which saves an instruction in every call (HOST-3).
#[inline(always)]
pub(crate) fn may_call(entry: &AtomicU64) -> bool {
    // SAFETY: this reads `entry`, which other threads change by atomic operations, and the
    // first word of this thread's block, as `entry_word` does.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        core::arch::asm!(
            "mov {word}, qword ptr [rip + gcroots_thread_block@GOTTPOFF]",
            "mov {word}, qword ptr fs:[{word}]",
            "cmp {word}, qword ptr [{entry}]",
            "jne {refused}",
            word = out(reg) _,
            entry = in(reg) entry.as_ptr(),
            refused = label { return false },
            options(readonly, nostack),
        );
        #[cfg(target_arch = "aarch64")]
        core::arch::asm!(
            "adrp {word}, :gottprel:gcroots_thread_block",
            "ldr {word}, [{word}, #:gottprel_lo12:gcroots_thread_block]",
            "mrs {base}, tpidr_el0",
            "ldr {word}, [{base}, {word}]",
            "ldr {base}, [{entry}]",
            "cmp {word}, {base}",
            "b.ne {refused}",
            word = out(reg) _,
            base = out(reg) _,
            entry = in(reg) entry.as_ptr(),
            refused = label { return false },
            options(readonly, nostack),
        );
    }
    true
}

/// The calling thread's block. It lives as long as the thread. Only this thread uses it.
pub(crate) fn block() -> *const ThreadBlock {
    let block;
    // SAFETY: this computes the address of this thread's block, by the initial-exec model of
    // the platform's ABI.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        core::arch::asm!(
            "mov {0}, qword ptr [rip + gcroots_thread_block@GOTTPOFF]",
            "add {0}, qword ptr fs:[0]",
            out(reg) block,
            options(pure, readonly, nostack),
        );
        #[cfg(target_arch = "aarch64")]
        core::arch::asm!(
            "adrp {0}, :gottprel:gcroots_thread_block",
            "ldr {0}, [{0}, #:gottprel_lo12:gcroots_thread_block]",
            "mrs {1}, tpidr_el0",
            "add {0}, {1}, {0}",
            out(reg) block,
            out(reg) _,
            options(pure, readonly, nostack, preserves_flags),
        );
    }
    block
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
    static NEXT: AtomicU64 = AtomicU64::new(TOKEN_STEP);

    if token() != 0 {
        return Ok(token());
    }
    if entry_word() & ENDED != 0 {
        return Err(Error::Limit {
            what: "stores of a thread that is ending",
            limit: 0,
        });
    }
    let new = NEXT.fetch_add(TOKEN_STEP, Ordering::Relaxed);
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
    unsafe { *(*block()).word.get() = entry_word_of(new) };
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
    let me = token();
    // The exchange succeeds for the thread that forked only.
    let _ = FORKED.compare_exchange(me, 0, Ordering::Release, Ordering::Relaxed);
    LIVING.lock().retain(|thread| thread.token != me);
    // SAFETY: only this thread uses the block, and nothing else borrows it.
    unsafe { *(*block()).word.get() = entry_word_of(0) | ENDED };
}

/// The system calls this in the child of a fork, on the child's only thread. A thread of the
/// parent that was ending may have held the lock. So the mutex is replaced, not locked, and
/// its list leaks (HOST-5).
extern "C" fn after_fork() {
    // SAFETY: no other thread exists, and this one holds no guard: it locks nothing while it
    // calls code that could fork.
    unsafe { LIVING.0.get().write(Lock::new(Vec::new())) };
    FORKED.store(token(), Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_never_reused_and_its_end_is_noticed() {
        let mine = token_or_new().unwrap();
        assert_eq!(token_or_new().unwrap(), mine);
        assert_eq!(token(), mine);
        assert!(lives(mine));
        let mut seen = vec![mine];
        for _ in 0..20 {
            let other = std::thread::spawn(|| {
                assert_eq!(token(), 0, "a new thread has none");
                let token = token_or_new().unwrap();
                assert!(lives(token));
                token
            })
            .join()
            .unwrap();
            assert!(!seen.contains(&other));
            assert!(!lives(other));
            assert_eq!(other % TOKEN_STEP, 0);
            seen.push(other);
        }
    }
}
