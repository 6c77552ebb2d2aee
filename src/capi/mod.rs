//! The C API. `include/gcroots.h` is generated from these files: each file is a section
//! of the header, in the order that `build.rs` lists.
//!
//! An exported function does three things: it unwraps the arguments, calls the core, and
//! writes `out`. `boundary.rs` has what these functions share. Doc comments of exported
//! items are written for readers of the header.
#![expect(non_camel_case_types, reason = "the names that C sees")]
#![expect(
    clippy::missing_safety_doc,
    reason = "the rules for callers stand once, at the top of the header"
)]
#![cfg_attr(
    doc,
    expect(
        rustdoc::broken_intra_doc_links,
        reason = "`\\param[out]` is for readers of the header"
    )
)]

pub mod arrays;
pub(crate) mod boundary;
pub mod casts;
pub mod code_layout;
pub mod config;
pub mod engine;
pub mod exceptions;
pub mod externref;
pub mod func;
pub mod fused;
pub mod global;
pub mod growth;
pub mod i31;
pub mod local;
pub mod manually_rooted;
pub mod no_gc;
pub mod pauses;
pub mod pin;
pub mod raw;
pub mod raw_arrays;
pub mod raw_host;
pub mod raw_structs;
pub mod rec_group;
pub mod reference;
pub mod root_range;
pub mod root_visitor;
pub mod scope;
pub mod status;
pub mod store;
pub mod structs;
pub mod table;
pub mod types;
pub mod value;
pub mod version;
pub mod wake;
pub mod weak;
pub mod weakmap;

#[cfg(test)]
mod tests;
