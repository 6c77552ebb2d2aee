//! Runs WebAssembly's official tests over libgcroots.
//!
//! An interpreter for WebAssembly 3.0 without vectors and threads, which uses the
//! library through its C API only, and keeps each reference that it has in the
//! library's roots: the value stack is a root range; tables, globals and exceptions are
//! the library's; functions are, too. Types are registered with the library, so that
//! what is tested is its registry, its casts, its layouts, its collectors and its roots.
//! C programs can run modules with it too, by `include/gcroots_interpreter.h`.
//!
//! To read it, begin with `gc`, which is all contact with the library, then `code` (what
//! functions become), `vm` (which runs them), `instance`, `script` and `capi`. *Rejected:*
//! using the crate, which would test neither the C API nor what embedders can do with it.

#![deny(unsafe_code)]

#[expect(unsafe_code, reason = "what C gives is there")]
mod capi;
mod code;
#[expect(unsafe_code, reason = "all calls of C are there")]
pub mod gc;
pub mod generated;
mod host;
mod instance;
mod memory;
mod module;
pub mod options;
pub mod script;
mod status;
pub mod suite;
mod vm;
