//! The thread-local block, the only thread-local variable of the library (HOST-2).
//!
//! It uses the initial-exec model, which needs a few lines of assembly, because stable Rust
//! cannot ask for it. Variables of this model are in the static thread-local storage of the
//! process, which is scarce. So the block has only what must be there: what each call reads
//! or writes, and the pointer to the rest.
//!
//! Cost: reading the thread's word takes two instructions.

use core::cell::{Cell, UnsafeCell};
use core::ffi::c_void;
use std::sync::atomic::AtomicU64;

use super::record::Record;
use super::token::{LAYOUT_VERSION, word, word_of_the_ended};

const _: () = assert!(LAYOUT_VERSION == 1, "the assembly below has its value");

/// The thread-local block. In a new thread, the token is 0 and the other fields are zeros.
#[repr(C)]
pub(crate) struct ThreadBlock {
    /// The token with the layout's version. It is never 0, as the entry word of a busy store
    /// is.
    word: Cell<u64>,
    /// The store that this thread's innermost call has entered. A panic poisons it.
    pub(crate) entered: UnsafeCell<*const c_void>,
    /// The thread's record, if it has one.
    record: Cell<Option<&'static Record>>,
    /// The token without a version: `gcroots_thread_token`, which inline code reads. It adds the
    /// version of the layout that it was compiled for. 0 at the end of the thread too.
    token: Cell<u64>,
}

const BLOCK_BYTES: usize = size_of::<ThreadBlock>();
const _: () = assert!(BLOCK_BYTES == 32, "the assembly below has its size");
const _: () = assert!(core::mem::offset_of!(ThreadBlock, token) == 24);

core::arch::global_asm!(
    ".pushsection .tdata.gcroots_thread_block,\"awT\",%progbits",
    ".globl gcroots_thread_block",
    ".hidden gcroots_thread_block",
    ".type gcroots_thread_block,%tls_object",
    ".size gcroots_thread_block, 32",
    ".globl gcroots_thread_token",
    ".type gcroots_thread_token,%tls_object",
    ".size gcroots_thread_token, 8",
    ".p2align 3",
    "gcroots_thread_block:",
    ".quad 1",
    ".zero 16",
    "gcroots_thread_token:",
    ".zero 8",
    ".popsection",
);

/// The calling thread's record, if it has one. Without memory for its own, it has one that
/// is of no thread.
pub(super) fn record() -> Option<&'static Record> {
    // SAFETY: the block is this thread's own.
    unsafe { (*block()).record.get() }
}

/// Sets the calling thread's record.
pub(super) fn set_record(record: &'static Record) {
    // SAFETY: the block is this thread's own.
    unsafe { (*block()).record.set(Some(record)) };
}

/// Gives the calling thread its record's token.
pub(super) fn set_token(token: u64) {
    // SAFETY: the block is this thread's own.
    unsafe {
        (*block()).word.set(word(token, LAYOUT_VERSION));
        (*block()).token.set(token);
    }
}

/// Takes the calling thread's token away, after the last exit hook.
pub(super) fn end() {
    if let Some(record) = record() {
        record.end();
    }
    // SAFETY: the block is this thread's own.
    unsafe {
        (*block()).word.set(word_of_the_ended(LAYOUT_VERSION));
        (*block()).token.set(0);
    }
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

/// The distance of each thread's word for compiled code from the thread pointer. It is the same in
/// all threads.
#[cfg(feature = "capi")]
pub(crate) fn thread_token_offset() -> i64 {
    let offset: i64;
    // SAFETY: this reads the offset of the block, by the initial-exec model of the platform's
    // ABI.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        core::arch::asm!(
            "mov {0}, qword ptr [rip + gcroots_thread_block@GOTTPOFF]",
            out(reg) offset,
            options(pure, readonly, nostack, preserves_flags),
        );
        #[cfg(target_arch = "aarch64")]
        core::arch::asm!(
            "adrp {0}, :gottprel:gcroots_thread_block",
            "ldr {0}, [{0}, #:gottprel_lo12:gcroots_thread_block]",
            out(reg) offset,
            options(pure, readonly, nostack, preserves_flags),
        );
    }
    offset + core::mem::offset_of!(ThreadBlock, token) as i64
}
