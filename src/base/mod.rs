//! What the library needs of a language runtime and a C library: memory that can be
//! refused, counted references, locks, hashes, threads.
//!
//! Nothing here knows of heaps, roots or stores. Growth goes through [`fallible`], so
//! that no call aborts when memory is out (`capi.no-abort`).

pub(crate) mod array;
pub(crate) mod fallible;
pub(crate) mod hashing;
pub(crate) mod lock;
pub(crate) mod ref_counted;
pub(crate) mod thread;
