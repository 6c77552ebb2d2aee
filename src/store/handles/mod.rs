//! Handles: the store's functions for roots and scopes, and the way from a handle to a
//! reference. The slots themselves are in [`roots`](crate::roots); `docs/design/roots.md`
//! explains them.
//!
//! | file | subject |
//! |---|---|
//! | `resolve.rs` | the checks of a handle, and the reference that it names |
//! | `identity.rs` | equality and identity hashes of references |
//! | `locals.rs` | scoped roots: pushes, locals, `assign` |
//! | `scopes.rs` | scopes and no-GC spans |
//! | `manual.rs` | manual roots |
//! | `pins.rs` | pins |
//! | `weak.rs` | weak handles |
//!
//! This room keeps `handles.any-bits` (any 16 bytes may be passed as a handle) and
//! `roots.never-stale` (a handle of a root that has ended is refused).

mod identity;
mod locals;
mod manual;
mod pins;
pub(in crate::store) mod resolve;
mod scopes;
mod weak;
