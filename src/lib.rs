//! A garbage-collected heap with roots that cannot be misused.
//!
//! A [`Store`] is a heap. Objects in it are named by handles: a [`Rooted`] lives as
//! long as the [`RootScope`] that it was made in, a [`ManuallyRooted`] until it is
//! unrooted or dropped. A handle is 16 bytes of plain data that borrows nothing, and
//! collectors may move any object at any collection. A handle whose root has gone is
//! refused, for ever.
//!
//! ```
//! use gcroots::{Engine, Error, ExternRef, ManuallyRooted, RootScope, Store};
//!
//! let engine = Engine::default();
//! let mut store = Store::new(&engine, ())?;
//!
//! // A value of any type that may be sent and shared is an object's data.
//! let mut scope = RootScope::new(&mut store)?;
//! let passing = ExternRef::new(&mut scope, String::from("passing"))?;
//! let kept = ExternRef::new(&mut scope, vec![1, 2, 3])?;
//! let kept: ManuallyRooted<ExternRef> = kept.to_manually_rooted(&mut scope)?;
//! drop(scope);
//!
//! // The scope is over: a collection drops the text.
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
//! Other objects are structs, arrays and exceptions, of types that an engine has once:
//! [`StructRef`], [`ArrayRef`], [`ExnRef`]; and [`I31`]s, which need no memory. An
//! [`AnyRef`] may be any of them but an exception. [`RecGroup`] declares types that
//! refer to each other.
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
//! last.set_field(&mut store, 1, first.into())?; // a cycle is collected as a whole
//! # anyhow::Ok(())
//! ```
//!
//! A closure becomes a function that anybody may call, with [`Func::wrap`].
//!
//! Functions return [`anyhow::Result`]: [`Error`] is what to downcast to, or where
//! they say so [`GcHeapOutOfMemory`].
//!
//! C uses the library through `include/gcroots.h`, whose source is the module `capi`
//! (a default feature). One store may be used from both. `docs/design.md` has the
//! promises by their tags, and the decisions.
//!
//! # Layers
//!
//! Imports point down only.
//!
//! ```text
//! api  capi                            safe Rust; extern "C", one file per noun, no logic
//! store                                one heap, its roots, its host data
//! weak_map  table  global              what has handles of its own, beside objects
//! roots  externref  func  types  identity_hash      peers
//! collectors                           null, copying, drc, check
//! heap                                 the traits, headers, layouts, memory
//! keyed_hash  thread  lock  fallible  error
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
    Engine, EqRef, ExnRef, ExternRef, FieldType, Finality, Func, FuncReturn, FuncType, FuncValue,
    FuncValues, GcAsync, GcHeapOutOfMemory, GcRef, Global, GlobalType, HeapType, I31, IntoFunc,
    ManuallyRooted, Member, Mutability, NewAsync, RecGroup, RefType, RootScope, Rooted,
    RootedGcRef, StorageType, Store, StoreContext, StoreContextMut, StructRef, StructType,
    Supertype, Table, TableType, Tag, ThrownException, TypedFunc, Val, ValType,
};
pub use error::Error;
pub use store::Stats;

/// The examples in the README work.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
