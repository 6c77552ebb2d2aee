//! Why code stops before it returns.

use std::borrow::Cow;
use std::fmt;

use crate::gc::{Raw, Refused};
use crate::memory::OutOfBounds;

#[derive(Debug)]
pub enum Stop {
    /// A trap. The message is that of the official interpreter, without the types that it
    /// adds for casts and indirect calls.
    Trap(Cow<'static, str>),
    /// An exception that no handler has caught so far.
    Thrown(Raw),
    /// The library returned an error that the interpreter does not expect.
    Fault(Refused),
}

pub type Result<T> = std::result::Result<T, Stop>;

/// A trap with a message.
pub fn trap<T>(message: &'static str) -> Result<T> {
    Err(Stop::Trap(Cow::Borrowed(message)))
}

pub const EXHAUSTED: &str = "call stack exhausted";
pub const OUT_OF_MEMORY: &str = "out of memory";

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stop::Trap(message) => write!(f, "trap: {message}"),
            Stop::Thrown(_) => f.write_str("an exception"),
            Stop::Fault(refused) => write!(f, "the library refused: {refused}"),
        }
    }
}

impl std::error::Error for Stop {}

/// Converts errors that no operation expects. A full heap is a trap, all others are faults.
impl From<Refused> for Stop {
    fn from(refused: Refused) -> Stop {
        if refused.is_exhaustion() {
            Stop::Trap(Cow::Borrowed(OUT_OF_MEMORY))
        } else {
            Stop::Fault(refused)
        }
    }
}

impl From<OutOfBounds> for Stop {
    fn from(_: OutOfBounds) -> Stop {
        Stop::Trap(Cow::Borrowed("out of bounds memory access"))
    }
}

/// Turns the error for a null reference into the trap `null`, and the error for a range
/// out of bounds into the trap `bounds`.
pub fn expect<T>(
    answer: crate::gc::Result<T>,
    null: &'static str,
    bounds: &'static str,
) -> Result<T> {
    answer.or_else(|refused| {
        if refused.is_null_reference() {
            trap(null)
        } else if refused.is_out_of_bounds() {
            trap(bounds)
        } else {
            Err(refused.into())
        }
    })
}
