//! A crash of the library ends the tests before they can say what they ran: so a handler
//! of signals says it.

use core::ffi::c_int;
use std::cell::Cell;

thread_local! {
    static SEED: Cell<u64> = const { Cell::new(0) };
}

/// What crashes from now on on this thread is the program of this seed.
pub(crate) fn note_seed(seed: u64) {
    SEED.set(seed);
}

/// The seed that this thread's crashes would say.
pub(crate) fn seed() -> u64 {
    SEED.get()
}

/// Has crashes say their seed.
pub(crate) fn install() {
    for signal in [libc::SIGSEGV, libc::SIGBUS, libc::SIGABRT, libc::SIGILL] {
        let handler: extern "C" fn(c_int) = say_seed;
        // SAFETY: zeros are an action without flags; the handler only writes, and ends
        // with what would have happened without it.
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
    // SAFETY: async-signal-safe functions; the text is as long.
    unsafe {
        libc::write(2, text.as_ptr().cast(), text.len());
        libc::raise(signal);
    }
}
