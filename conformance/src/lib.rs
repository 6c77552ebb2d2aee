//! Runs WebAssembly's official tests over libgcroots.
//!
//! It is an interpreter for WebAssembly 3.0, with only a few of the operators on vectors.
//! Memories may be shared between threads, but there are no atomic operators.
//!
//! The interpreter uses the library only through the C API, and keeps all its references in
//! the library's roots: the value stack is a root range, and tables, globals, exceptions and
//! functions are objects of the library. Types are registered with the library. The tests therefore
//! exercise the library's registry, casts, layouts, collectors and roots. C programs can
//! run modules with the interpreter through `include/gcroots_interpreter.h`.
//!
//! To read the source, begin with `gc`, which has all contact with the library. Then read
//! `code` (compiled functions), `vm` (which runs them), `instance`, `script` and `capi`.
//!
//! *Rejected:* using the crate's Rust API. It would test neither the C API nor what
//! embedders can do with it.

#![deny(unsafe_code)]

#[expect(unsafe_code, reason = "the pointers from C are there")]
mod capi;
mod code;
#[expect(unsafe_code, reason = "all calls of the C API are there")]
pub mod gc;
pub mod generated;
mod host;
mod instance;
mod instantiate;
mod memory;
mod module;
pub mod options;
pub mod script;
mod status;
mod stop;
pub mod suite;
mod vm;
