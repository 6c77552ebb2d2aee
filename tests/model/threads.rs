//! Threads: a program moves from one thread to the next, and other threads make calls
//! too.
//!
//! Only one thread runs at a time and the others wait for it, so that shared data needs
//! no lock. (`tests/handover.rs` has threads that run at the same time.)

use std::panic::resume_unwind;
use std::thread;

use super::crash;
use super::library::{complain, take_complaint};
use super::session::{CURRENT, Session};

/// A value that the waiting thread lends to the running thread.
struct Lent<T>(T);

// SAFETY: the lender does not use the value until the other thread has ended.
unsafe impl<T> Send for Lent<T> {}

impl<T> Lent<T> {
    /// A method, so that closures capture the whole struct, which is `Send`.
    fn take(self) -> T {
        self.0
    }
}

/// Runs `body` on a new thread and waits for its end.
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
