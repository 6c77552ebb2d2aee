//! The interpreter: its functions, its stack, and its entry points.
//!
//! `machine` is the interpreter's state. `activation` runs code; it keeps its own frames,
//! so recursion in Wasm does not recurse in Rust. `entry` has the ways into it. The other
//! files have the operations, by subject.

mod activation;
mod arrays;
mod calls;
mod entry;
mod exceptions;
mod machine;
mod memories;
mod numeric;
mod references;
mod structs;
mod tables;
mod vectors;

pub use machine::{Limits, Vm};
