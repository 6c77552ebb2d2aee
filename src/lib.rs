//! A garbage-collected heap with roots that cannot be misused.
//!
//! The library is used through its C API, `include/gcroots.h`; the [`capi`]
//! module is that header's source. `docs/design.md` has the promises by their
//! tags, and the decisions.
//!
//! # Layers
//!
//! Imports point down only.
//!
//! ```text
//! capi                                 extern "C", one file per noun, no logic
//! store                                one heap, its roots, its host data
//! roots  externref  identity_hash      peers
//! collectors                           null, copying
//! heap                                 the traits, headers, layouts, memory
//! thread  lock  fallible  error
//! ```

// No growth that aborts when memory is out (`capi.no-abort`); the list is in
// clippy.toml. Tests may abort.
#![cfg_attr(not(test), deny(clippy::disallowed_methods))]
#![cfg_attr(
    not(feature = "capi"),
    expect(dead_code, reason = "some of the core's operations only C has, so far")
)]

#[cfg(not(all(
    target_os = "linux",
    target_pointer_width = "64",
    any(target_arch = "x86_64", target_arch = "aarch64")
)))]
compile_error!("gcroots supports Linux on x86-64 and aarch64");

mod api;
#[cfg(feature = "capi")]
pub mod capi;
mod collectors;
pub mod error;
mod externref;
mod fallible;
mod heap;
mod identity_hash;
mod lock;
mod roots;
mod store;
mod thread;

pub use api::{
    AsContext, AsContextMut, Collector, Config, Engine, ExternRef, GcHeapOutOfMemory, GcRef,
    ManuallyRooted, RootScope, Rooted, RootedGcRef, Store, StoreContext, StoreContextMut,
};
pub use error::Error;
pub use store::Stats;
