//! The only callers of foreign code, and the protocol by which the core has it called.
//!
//! Finalizers, host functions, the growth callback and root visitors may call the library,
//! so no borrow of the store is live while they run (HOST-8). The functions here take the
//! store as a raw pointer:
//!
//! | file | drives |
//! |---|---|
//! | `driver.rs` | an operation that allocates: attempts it, serves what it asks for |
//! | `collections.rs` | `store_gc`, a collection in steps, its cancellation |
//! | `deletion.rs` | the end of a store |
//! | `calls.rs` | a call of a host function |
//!
//! and call, in the order in which they may be nested:
//!
//! | file | calls |
//! |---|---|
//! | `root_visitors.rs` | root visitors, before a collection |
//! | `growth.rs` | the growth callback, before a heap grows |
//! | `finalizers.rs` | finalizers, last |
//!
//! An operation of the core and its driver talk by values of [`protocol`].

mod call_arguments;
mod call_results;
mod call_value;
mod calls;
mod collections;
mod deletion;
mod driver;
mod finalizers;
mod growth;
mod pending_exception;
mod protocol;
mod root_visitors;

pub(crate) use calls::{Call, call};
pub(crate) use collections::{cancel_collection, collect_all, collect_step};
pub(crate) use deletion::{delete, delete_owned};
pub(crate) use driver::{allocating, allocating_without_collecting};
pub(in crate::store) use protocol::{Answers, Growth, OnDemand, Request};
pub(crate) use protocol::{Attempt, Stop};
pub(in crate::store) use root_visitors::Report;
