//! A count of the work that tables do, for tests of the budgets of steps.
//!
//! The units are those of budgets, but what a table counts here is what it does, and not
//! what it charges. Outside of unit tests nothing is counted.

#[cfg(test)]
std::thread_local! {
    static DONE: core::cell::Cell<u64> = const { core::cell::Cell::new(0) };
}

/// Counts `units` of work of this thread.
#[inline(always)]
pub(crate) fn count(units: usize) {
    #[cfg(test)]
    DONE.set(DONE.get() + units as u64);
    #[cfg(not(test))]
    let _ = units;
}

/// The work of this thread since the last call of this.
#[cfg(test)]
pub(crate) fn take() -> u64 {
    DONE.replace(0)
}
