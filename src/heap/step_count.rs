//! Counts the steps that code takes in the heap's memory, for tests that bound work.
//!
//! A step is one checked access. An access to many bytes counts one more for each 8 bytes.

use core::cell::Cell;

/// Beyond this number of steps, code counts as endless.
const ENDLESS: u64 = 1 << 32;

thread_local! {
    static STEPS: Cell<u64> = const { Cell::new(0) };
    static LIMIT: Cell<u64> = const { Cell::new(ENDLESS) };
}

/// Counts an access to `bytes`. Panics beyond the limit, so that a test does not hang.
pub(super) fn count_access(bytes: u64) {
    let steps = STEPS.get().saturating_add(1 + bytes / 8);
    STEPS.set(steps);
    if steps > LIMIT.get() {
        LIMIT.set(ENDLESS);
        panic!("more than the expected steps");
    }
}

/// Runs `code`. Returns its result, and the number of steps that it took in this thread.
/// Panics inside `code` after more than `most` steps.
pub(crate) fn steps_of<R>(most: u64, code: impl FnOnce() -> R) -> (R, u64) {
    STEPS.set(0);
    LIMIT.set(most);
    let result = code();
    LIMIT.set(ENDLESS);
    (result, STEPS.get())
}
