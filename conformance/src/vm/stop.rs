//! Why code stops before it returns.

use std::borrow::Cow;
use std::fmt;

use crate::gc::{Raw, Refused};
use crate::memory::OutOfBounds;

#[derive(Debug)]
pub enum Stop {
    /// With the message that the official tests know.
    Trap(Cow<'static, str>),
    /// No handler yet has taken this exception.
    Thrown(Raw),
    /// The library refused what it should not have.
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

/// All refusals that no operation expects. A heap that is full is a trap.
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

/// What a null reference and a range that is not there mean to an operation.
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
