//! Handles: scopes, manual roots and weak handles, and the way from a handle to a
//! reference.

mod manual;
pub(in crate::store) mod references;
mod scopes;
mod weak;
