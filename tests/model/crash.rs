//! A crash of the library ends the process before a test can print its seed. A signal
//! handler prints it instead.

use core::ffi::c_int;
use std::cell::Cell;

thread_local! {
    static SEED: Cell<u64> = const { Cell::new(0) };
}

/// Sets the seed of the program that this thread runs from now on.
pub(crate) fn note_seed(seed: u64) {
    SEED.set(seed);
}

/// The seed that a crash on this thread would print.
pub(crate) fn seed() -> u64 {
    SEED.get()
}

/// Installs the handler.
pub(crate) fn install() {
    for signal in [libc::SIGSEGV, libc::SIGBUS, libc::SIGABRT, libc::SIGILL] {
        let handler: extern "C" fn(c_int) = say_seed;
        // SAFETY: zeros are an action without flags. The handler only writes, and then
        // raises the signal again with its default action.
        unsafe {
            let mut action: libc::sigaction = core::mem::zeroed();
            action.sa_sigaction = handler as usize;
            action.sa_flags = libc::SA_RESETHAND | libc::SA_NODEFER;
            libc::sigaction(signal, &action, core::ptr::null_mut());
        }
    }
}

extern "C" fn say_seed(signal: c_int) {
    let mut text =
        *b"\nthe program of this seed crashes, GCROOTS_MODEL_SEED=00000000000000000000\n";
    let (mut seed, mut at) = (SEED.get(), text.len() - 1);
    for _ in 0..20 {
        at -= 1;
        text[at] = b'0' + (seed % 10) as u8;
        seed /= 10;
    }
    // SAFETY: both functions are async-signal-safe, and the text has this length.
    unsafe {
        libc::write(2, text.as_ptr().cast(), text.len());
        libc::raise(signal);
    }
}
