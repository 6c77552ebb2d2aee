//! Collections: when an allocation collects, what one collection does from its roots to
//! its statistics, and verification.
//!
//! | file | what it has |
//! |---|---|
//! | `allocate.rs` | the slow path of an allocation |
//! | `room.rs` | whether an allocation that lacks room collects or grows the heap |
//! | `collect.rs` | one collection |
//! | `check_marks.rs` | checks the marks of such a collection |
//! | `cycle.rs` | a full collection between whose steps the program runs |
//! | `steps.rs` | a collection in steps, between which the embedder decides when to go on |
//! | `stops.rs` | the stops of the program, which are counted as pauses |
//! | `root_sources.rs` | root ranges and root visitors: where the embedder's roots are |
//! | `range_pieces.rs` | the pieces in which a cycle reads root ranges |
//! | `root_ranges.rs` | what a collection does with the slots of root ranges |
//! | `slot_copies.rs` | copies of slots, which show a wrong `unchanged` |
//! | `give_back.rs` | gives memory back when the store is idle |
//! | `releases.rs` | counts what stopped keeping its object alive, for `store_gc` |
//! | `verify.rs` | checks every structure, object and reference of the store |
//!
//! # The path of one collection
//!
//! Nothing here calls host code. What a collection needs from the embedder, its
//! [driver](super::host_code) has asked before (HOST-8).
//!
//! ```text
//! gcroots_store_gc                     enters the store
//!   host_code::collect_all             repeats while finalizers release older objects
//!     visit_and_collect                calls the root visitors
//!       Store::collect_major           borrows the cold part
//!         Cold::collect                runs all steps at once
//!           Cold::begin_collection     ends queued roots, decides the kind
//!           Cold::step_collection      measures the step, counts a completed collection
//!             trace_then_resize        resizes the heap after the last of the tracing
//!               trace_and_sweep        lists the roots, makes the context, trims tables
//!                 GarbageCollection::step      the phases: roots, objects, weak tables
//!                   CollectionSteps::...       the collector's own part of a phase
//!                     a space          copies, marks or frees an object
//!     run_finalizers                   runs the finalizers that this has queued
//! ```
//!
//! An allocation enters at `Cold::collect`, through `room.rs`. A collection in steps
//! enters at `Cold::begin_collection` and `Cold::step_collection`, through `steps.rs`.

mod allocate;
mod check_marks;
pub(in crate::store) mod collect;
pub(in crate::store) mod cycle;
mod give_back;
mod pins;
mod range_pieces;
mod releases;
mod room;
mod root_ranges;
pub(in crate::store) mod root_sources;
mod slot_copies;
mod steps;
mod stops;
mod verify;

#[cfg(feature = "capi")]
pub(crate) use root_sources::{RootVisitor, VisitorFunction};
