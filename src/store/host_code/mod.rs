//! Calling host code: the only files that do, and how they keep the store safe meanwhile.
//!
//! *Host code* is every function of the embedder that the library calls: finalizers, host
//! functions, the growth callback and root visitors. All of them may call the library, so
//! the store has no borrow while they run (HOST-8). Two kinds of files are here.
//!
//! A *driver* runs one kind of public call from beginning to end:
//!
//! | file | runs |
//! |---|---|
//! | `driver.rs` | an operation that allocates: attempts it and serves its requests |
//! | `collections.rs` | `store_gc`, `store_trim`; the steps of a collection, and cancelling it |
//! | `fused.rs` | making a struct for a local, or out of a scope |
//! | `calls.rs` | a call of a host function |
//! | `deletion.rs` | the end of a store |
//!
//! `call_arguments.rs`, `call_results.rs` and `call_value.rs` belong to `calls.rs`, and
//! `timed_steps.rs` to `collections.rs`.
//!
//! Drivers use the files that call host code:
//!
//! | file | calls | when |
//! |---|---|---|
//! | `root_visitors.rs` | root visitors | before a collection |
//! | `growth.rs` | the growth callback | before a heap grows |
//! | `finalizers.rs` | finalizers | last in a call that may collect, or when the owner asks |
//! | `wake.rs` | the wake callback | when deferred finalizers begin to wait |
//!
//! A driver and its operation talk by the values of [`protocol`](super::protocol).
//! `pending_exception.rs` keeps the exception that host code has thrown.
//!
//! # The contract of drivers
//!
//! The functions that call host code take the store as a raw pointer. They are unsafe,
//! and their callers promise:
//!
//! * The store is alive, and the calling thread has entered it.
//! * No exclusive reference into the store is live, and no part of it is borrowed. Shared
//!   references to the store itself are fine.
//!
//! In return, each function makes a shared reference for one operation at a time, and
//! none of its borrows is live while host code runs. Host code may therefore call the
//! store. Calls that are not allowed to it, such as deletion, return
//! [`Error::Busy`](crate::error::Error::Busy).

mod call_arguments;
mod call_results;
mod call_value;
mod calls;
mod collections;
mod deletion;
mod driver;
mod finalizers;
#[cfg(feature = "capi")]
pub(crate) mod fused;
mod growth;
mod pending_exception;
mod root_visitors;
mod timed_steps;
mod wake;

pub(crate) use call_arguments::Call;
#[cfg(feature = "capi")]
pub(in crate::store) use call_arguments::check_arity;
#[cfg(feature = "capi")]
pub(crate) use call_value::ValueInPlace;
pub(crate) use calls::call;
#[cfg(feature = "capi")]
pub(crate) use calls::{Returned, call_fast, call_slow, end};
#[cfg(feature = "capi")]
pub(in crate::store) use calls::{call_function, call_function_fast, leave_call};
#[cfg(feature = "capi")]
pub(crate) use collections::collect_for;
pub(crate) use collections::{cancel_collection, collect_all, collect_step, trim};
#[cfg(any(test, feature = "capi"))]
pub(crate) use deletion::delete;
pub(crate) use deletion::delete_owned;
pub(crate) use driver::{allocating, allocating_without_collecting, changing_external_bytes};
pub(crate) use finalizers::run_waiting;
pub(in crate::store) use root_visitors::Report;
pub(crate) use wake::announce;
