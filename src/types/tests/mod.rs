//! Tests of types and their registry.

mod hash;
mod memory;
mod oracle;
pub(crate) mod refusing_allocator;
mod registry;
