//! Collecting: when an allocation collects, one collection from its roots to its
//! statistics, collections in steps, and verification.

mod allocate;
pub(in crate::store) mod collect;
mod room;
mod root_ranges;
pub(in crate::store) mod root_sources;
mod steps;
mod verify;

#[cfg(feature = "capi")]
pub(crate) use root_sources::{RootVisitor, VisitorFunction};
