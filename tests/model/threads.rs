//! Threads: a program goes from one to the next, and calls come from others too.
//!
//! One thread runs at a time, and the others wait for it, so that what they share needs no
//! lock. (`tests/handover.rs` has threads that run at once.)

use std::panic::resume_unwind;
use std::thread;

use super::crash;
use super::library::{complain, take_complaint};
use super::session::{CURRENT, Session};

/// What the thread that waits lends to the one that runs.
struct Lent<T>(T);

// SAFETY: who lent it does not use it until the other thread has ended.
unsafe impl<T> Send for Lent<T> {}

impl<T> Lent<T> {
    /// A function, so that closures take the whole of it.
    fn take(self) -> T {
        self.0
    }
}

/// Runs `body` on a new thread, and waits until that has ended.
pub(crate) fn on_a_new_thread<T>(session: &Session, body: impl FnOnce() -> T) -> T {
    let (lent, seed) = (Lent((session, body)), crash::seed());
    let run = move || {
        let (session, body) = lent.take();
        crash::note_seed(seed);
        CURRENT.set(session);
        Lent((body(), take_complaint()))
    };
    let ended = thread::scope(|scope| scope.spawn(run).join());
    let (result, complaint) = ended.unwrap_or_else(|panic| resume_unwind(panic)).take();
    if let Some(complaint) = complaint {
        complain(complaint);
    }
    result
}
