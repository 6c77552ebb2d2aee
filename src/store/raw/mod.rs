//! The raw tier: operations on objects that the caller names by 32 bits.
//!
//! For engines that keep references in memory of their own (docs/engines.md). An
//! operation here does what the operation of the same name in
//! [`objects`](super::objects) does for handles.
//!
//! # Any bits
//!
//! The caller's bits may be anything (`raw.any-bits`). `check.rs` finds out in constant
//! time whether they lead to something in the heap that has the header of an object. An
//! engine can forge such a header in an array of bytes. So a reference from here may be
//! wrong in every way that an overwritten heap can be wrong, and everything behind it is
//! checked as `heap.sandbox` says (CAPI-47).
//!
//! # Staying alive
//!
//! Bits keep nothing alive. An operation that may collect copies the values that it got
//! (`held.rs`), with a root of its own for each reference, and uses the copies only. The
//! roots end with the operation, however it ends (CAPI-49).
//!
//! | file | subject |
//! |---|---|
//! | `check.rs` | from bits to an object |
//! | `bits.rs` | values whose kind is that of their field |
//! | `held.rs` | values that stay alive while an operation collects |
//! | `make.rs` | making objects |
//! | `structs.rs`, `arrays.rs` | reading and setting fields and elements |
//! | `exceptions.rs` | reading exceptions, throwing and taking them |
//! | `references.rs` | casts, and the data of externrefs |
//! | `calls.rs` | calls of functions |
//! | `code_layout.rs` | where compiled code finds the parts of a store |

mod arrays;
mod bits;
mod calls;
mod check;
pub(crate) mod code_layout;
mod exceptions;
mod held;
mod make;
mod references;
mod structs;

pub(crate) use bits::{FieldBits, InPlace};
pub(crate) use calls::{RawCall, call, call_fast, end_call};
pub(crate) use make::{
    array_new, array_new_bytes, array_new_default, array_new_fixed, exn_new, externref_new,
    struct_new, struct_new_default,
};
