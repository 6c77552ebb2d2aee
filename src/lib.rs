//! A garbage-collected heap with roots that cannot be misused.
//!
//! A [`Store`] is a heap. Programs refer to its objects by roots, which keep the objects
//! alive:
//!
//! * A [`Rooted`] is a root in a [`RootScope`]. The root ends with the scope.
//! * A [`ManuallyRooted`] is a root that ends when it is unrooted or dropped.
//!
//! Both are handles: 16 bytes of plain data that borrow nothing. A collection may move any
//! object, and the handles stay valid. A call that receives the handle of a root that has
//! ended returns [`Error::Unrooted`], however long ago the root ended.
//!
//! ```
//! use gcroots::{Engine, Error, ExternRef, ManuallyRooted, RootScope, Store};
//!
//! let engine = Engine::default();
//! let mut store = Store::new(&engine, ())?;
//!
//! // An object's data is a value of any type that is `Send` and `Sync`.
//! let mut scope = RootScope::new(&mut store)?;
//! let passing = ExternRef::new(&mut scope, String::from("passing"))?;
//! let kept = ExternRef::new(&mut scope, vec![1, 2, 3])?;
//! let kept: ManuallyRooted<ExternRef> = kept.to_manually_rooted(&mut scope)?;
//! drop(scope);
//!
//! // The scope has ended, so a collection drops the text.
//! store.gc()?;
//! assert_eq!(store.stats().objects, 1);
//! let error = passing.data(&store).unwrap_err();
//! assert!(matches!(error.downcast_ref(), Some(Error::Unrooted { .. })));
//!
//! let numbers = kept.data(&store)?.and_then(|data| data.downcast_ref::<Vec<i32>>());
//! assert_eq!(numbers, Some(&vec![1, 2, 3]));
//! # anyhow::Ok(())
//! ```
//!
//! The other objects are structs ([`StructRef`]), arrays ([`ArrayRef`]) and exceptions
//! ([`ExnRef`]). Their types are registered with an [`Engine`], and equal declarations give
//! the same type. An [`I31`] is a 31-bit integer in a reference, and needs no memory. An
//! [`AnyRef`] refers to a struct or an array, or is an `I31`. A [`RecGroup`] declares types
//! that refer to each other.
//!
//! ```
//! use gcroots::{Engine, FieldType, Mutability, RefType, Store, StructRef, StructType};
//! use gcroots::{Val, ValType};
//!
//! let engine = Engine::default();
//! let node = StructType::new(&engine, [
//!     FieldType::new(Mutability::Const, ValType::I32),
//!     FieldType::new(Mutability::Var, RefType::ANYREF),
//! ])?;
//! let mut store = Store::new(&engine, ())?;
//! let last = StructRef::new(&mut store, &node, &[Val::I32(2), Val::AnyRef(None)])?;
//! let first = StructRef::new(&mut store, &node, &[Val::I32(1), last.into()])?;
//! last.set_field(&mut store, 1, first.into())?; // cycles are collected too
//! # anyhow::Ok(())
//! ```
//!
//! [`Func::wrap`] makes a function of a closure. C code, Rust code and other functions can
//! call it.
//!
//! Functions return [`anyhow::Result`]. The error can be downcast to [`Error`], or, where
//! the documentation says so, to [`GcHeapOutOfMemory`].
//!
//! The module `capi` is the source of the C API, `include/gcroots.h`. It is a default
//! feature. Rust and C may use the same store.
//!
//! # Layers
//!
//! Imports point down only, and `tests/conventions.rs` checks it.
//!
//! ```text
//! api  capi                 safe Rust; extern "C" without logic of its own
//! store                     one heap, its roots, objects and host data
//! engine  host              what stores share; what the host attaches to objects
//! collectors  types  roots  null, copying, drc, generational, check; registry; handles
//! heap                      what collectors share: references, layouts, memory
//! base  error               memory that can be refused, locks, threads; errors
//! ```
//!
//! `docs/design/README.md` has the whole picture, the promises with their tags, and the way
//! to the decisions.

// Growing must not abort when memory runs out (`capi.no-abort`). clippy.toml lists the
// functions that abort. Tests may abort.
#![cfg_attr(not(test), deny(clippy::disallowed_methods))]
#![cfg_attr(
    not(feature = "capi"),
    expect(dead_code, reason = "only the C API uses some operations of the core")
)]

#[cfg(not(all(
    target_os = "linux",
    target_pointer_width = "64",
    any(target_arch = "x86_64", target_arch = "aarch64")
)))]
compile_error!("gcroots supports Linux on x86-64 and aarch64");

mod api;
mod base;
#[cfg(feature = "capi")]
pub mod capi;
mod collectors;
mod engine;
pub mod error;
mod heap;
mod host;
mod roots;
mod store;
mod types;

pub use api::{
    AnyRef, ArrayElement, ArrayRef, ArrayType, AsContext, AsContextMut, Caller, Collector, Config,
    Engine, EqRef, ExnRef, ExternRef, FieldType, Finality, Finalizers, Func, FuncReturn, FuncType,
    FuncValue, FuncValues, GcAsync, GcHeapOutOfMemory, GcRef, Global, GlobalType, HeapType, I31,
    IntoFunc, ManuallyRooted, Member, Mutability, NewAsync, Pinned, RecGroup, RefType, RootScope,
    Rooted, RootedGcRef, StorageType, Store, StoreContext, StoreContextMut, StoreToken, StructRef,
    StructType, Supertype, Table, TableType, Tag, ThrownException, TypedFunc, Val, ValType, Wake,
};
pub use error::Error;
pub use store::{PauseKind, PauseStats, Stats};

/// The examples in the README work.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
