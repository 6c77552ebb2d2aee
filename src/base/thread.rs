//! Thread tokens, which threads live, and what each has of its own.
//!
//! A store belongs to one thread (`store.one-thread`). Each call compares one
//! word of the store with the calling thread's *token*, so the token must be
//! cheap to read, and no two threads may ever have the same one: the address of
//! a thread-local variable would be reused by the next thread. A token is
//! therefore a number that is never issued again, kept in initial-exec
//! thread-local storage, where reading it takes two instructions. Stable Rust
//! has no way to ask for that storage model; a few lines of assembly do.
//!
//! The thread's last error message lives in the same block, so the library has
//! no other thread-local variable: glibc allocates the general kind on first
//! use in a library that was opened at run time, and aborts if it cannot.
//!
//! Rejected: `std::thread::current().id()` (four times the cost of a call),
//! `thread_local!` in a shared object (a call to `__tls_get_addr`).

use core::cell::UnsafeCell;
use core::ffi::c_void;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::base::fallible;
use crate::base::lock::{Lock, LockGuard};
use crate::error::{Error, Result};

/// Tokens are multiples of this; the bits below hold [`LAYOUT_VERSION`] and
/// [`ENDED`].
const TOKEN_STEP: u64 = 16;

/// The version of the layout of a store's hot block. It stands in the low bits
/// of the words that are compared, so that inline fast paths, once the header has
/// them, never find a match in another version and fall back to calls.
const LAYOUT_VERSION: u64 = 1;

/// In a thread's word when its last exit hook has run, so that no entry word
/// equals it.
const ENDED: u64 = 2;

const _: () = assert!(
    LAYOUT_VERSION == 1,
    "its value stands in the assembly below"
);

/// Bytes of an error message, its terminating 0 included.
pub(crate) const MESSAGE_BYTES: usize = 256;

/// What each thread has of its own. In a new thread the token is 0 and the
/// rest zeros.
#[repr(C)]
pub(crate) struct ThreadBlock {
    /// The token with the layout's version: never 0, so that it differs from
    /// the entry word of a store that is busy.
    word: UnsafeCell<u64>,
    /// The store that this thread's innermost call has entered, for poisoning
    /// it after a panic.
    pub(crate) entered: UnsafeCell<*const c_void>,
    /// This thread's last error message, ending in 0.
    pub(crate) message: UnsafeCell<[u8; MESSAGE_BYTES]>,
}

const BLOCK_BYTES: usize = size_of::<ThreadBlock>();
const _: () = assert!(BLOCK_BYTES == 272, "the size stands in the assembly below");

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

/// The calling thread's token, 0 if it has none yet.
pub(crate) fn token() -> u64 {
    entry_word() & !(TOKEN_STEP - 1)
}

/// What the first word of a store is while the thread with this token may call.
pub(crate) const fn entry_word_of(token: u64) -> u64 {
    token | LAYOUT_VERSION
}

/// What the first word of a store is while the calling thread may call.
#[inline(always)]
pub(crate) fn entry_word() -> u64 {
    let word;
    // SAFETY: reads the first word of this thread's block, by the initial-exec
    // model of the platform's ABI.
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

/// Whether a store's first word is the calling thread's: whether it may call. The
/// comparison is written out because a compiler does not compare an atomic in
/// memory with a register, which is one instruction less of every call.
#[inline(always)]
pub(crate) fn may_call(entry: &AtomicU64) -> bool {
    // SAFETY: reads `entry`, which other threads change by atomic operations, and
    // the first word of this thread's block, as in `entry_word`.
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

/// The calling thread's block. It lives as long as the thread and is used by
/// this thread only.
pub(crate) fn block() -> *const ThreadBlock {
    let block;
    // SAFETY: computes the address of this thread's block, by the initial-exec
    // model of the platform's ABI.
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

/// A thread that has a token, for [`LIVING`].
#[derive(Clone, Copy)]
struct LivingThread {
    token: u64,
    /// The kernel's number for it.
    number: libc::c_long,
}

impl LivingThread {
    /// Whether the kernel knows the thread. Another may have its number by now,
    /// so that only a no is certain.
    fn may_live(self) -> bool {
        // SAFETY: the signal number 0 sends nothing.
        let answer = unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), self.number, 0) };
        answer == 0 || std::io::Error::last_os_error().raw_os_error() != Some(libc::ESRCH)
    }
}

/// The threads that have not ended, but for [`FORKED`].
static LIVING: Living = Living(UnsafeCell::new(Lock::new(Vec::new())));

/// The token of the thread that called `fork`, in its child.
static FORKED: AtomicU64 = AtomicU64::new(0);

/// A mutex that [`after_fork`] replaces.
struct Living(UnsafeCell<Lock<Vec<LivingThread>>>);

// SAFETY: the cell is written in `after_fork` only, while there is one thread.
unsafe impl Sync for Living {}

impl Living {
    fn lock(&self) -> LockGuard<'_, Vec<LivingThread>> {
        // SAFETY: see `Sync`.
        unsafe { &*self.0.get() }.lock()
    }
}

/// The key whose destructor runs when a thread ends, plus 1; 0 before the hooks
/// are installed. Set once, with the lock on [`LIVING`].
static KEY: AtomicU64 = AtomicU64::new(0);

/// Destructor rounds that every system promises. The last round removes the
/// thread, so that other keys' destructors may still use its stores; but a thread
/// sanitizer ends its own part in that one, after which no code of ours may run.
const DESTRUCTOR_ROUNDS: usize = if cfg!(gcroots_tsan) { 3 } else { 4 };

fn key() -> Option<libc::pthread_key_t> {
    let key = KEY.load(Ordering::Relaxed).checked_sub(1)?;
    libc::pthread_key_t::try_from(key).ok()
}

/// Registers, once, what must run when a thread ends and after a fork.
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

/// The calling thread's token, made now if it has none.
///
/// Errors: [`Error::SystemMemory`]; [`Error::Limit`] if the system has no key
/// left, or the thread's last exit hook has run.
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
    // SAFETY: the key was created.
    if unsafe { libc::pthread_setspecific(key, DESTRUCTOR_ROUNDS as *const c_void) } != 0 {
        living.pop();
        return Err(fallible::refused(0));
    }
    // SAFETY: the block is this thread's own, and nothing else borrows it.
    unsafe { *(*block()).word.get() = entry_word_of(new) };
    Ok(new)
}

/// Whether the thread with this token, which is not 0, has not ended. The kernel
/// is asked too: a thread that got its token in one of its exit hooks may end
/// before its last round here.
pub(crate) fn lives(token: u64) -> bool {
    // Acquire: what the thread wrote before its end is seen.
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
    // The exchange fails for every thread but the one that forked.
    let _ = FORKED.compare_exchange(me, 0, Ordering::Release, Ordering::Relaxed);
    LIVING.lock().retain(|thread| thread.token != me);
    // SAFETY: the block is this thread's own, and nothing else borrows it.
    unsafe { *(*block()).word.get() = entry_word_of(0) | ENDED };
}

/// The system calls this in the child of a fork, on the only thread there is.
/// Another thread of the parent may have held the lock, as it ended: the mutex
/// is replaced and not locked, and its list left to leak.
extern "C" fn after_fork() {
    // SAFETY: there is no other thread, and this one holds no guard: it locks
    // nothing while it calls code that could fork.
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
