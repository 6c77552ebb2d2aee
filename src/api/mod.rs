//! The safe Rust API.
//!
//! # The goal
//!
//! Where C gets a status, Rust gets a compile error if possible. The compiler rules out:
//!
//! * a call on a store during another call on it,
//! * data that is borrowed while a collection could run,
//! * unrooting a root twice,
//! * a store that threads share.
//!
//! The core checks what the compiler cannot know: a handle may have outlived its scope,
//! or belong to another store.
//!
//! # The picture
//!
//! ```text
//! Engine ── Store<T> ── data: T                  the embedder's data
//!              │
//!              └─ OwnedStore ── the core's store  one heap, its roots, its host data
//!                   │               ▲      │
//!     the only pointer to it        │      └─ HostValue: the value in an ExternRef
//!                                   │
//!     Rooted<T>, ManuallyRooted<T> ─┘             16 bytes that name a root
//! ```
//!
//! A root refers to one of seven reference types:
//!
//! * `AnyRef` includes `EqRef`, which includes `StructRef`, `ArrayRef` and the `i31`s.
//! * `ExternRef`, `ExnRef` and `Func` are not part of that hierarchy.
//!
//! The Rust type of a root is not trusted, because its handle may come from C. The core
//! looks at the object each time.
//!
//! `StructType`, `ArrayType` and `FuncType` are counted references to registered types.
//! All other types are built from them.
//!
//! A handle borrows nothing; each function that needs the store takes it as an argument.
//! A function that only reads takes an [`AsContext`], and one that changes the store
//! takes an [`AsContextMut`]: a store, a reference to one, or the [`RootScope`] around it.
//!
//! # What soundness rests on
//!
//! * Finalizers drop host values. Every function that may run finalizers borrows the
//!   store exclusively, so no borrow of a host value is live while they run. A value's
//!   `drop` cannot reach the store, except through C. See `owned_store.rs`.
//! * A store is `Send` and not `Sync`. A thread with a reference to the store is
//!   therefore the only thread that uses it, and takes over a store that came from
//!   another thread without further checks.
//! * A callback gets the store from its caller's exclusive borrow. See `func.rs`.
//! * The core decides whether an externref holds a value of this API. It looks at its
//!   own table for that, never at the heap. See `host_value.rs`.
//!
//! The API follows Wasmtime's, so that its users feel at home. `docs/design/rust-api.md`
//! lists the differences and the omissions.

mod anyref;
mod array_element;
mod array_type;
mod arrayref;
mod casts;
mod config;
mod context;
mod declare;
mod engine;
mod eqref;
mod exnref;
mod externref;
mod failure;
mod field_type;
mod finality;
mod func;
mod func_type;
mod func_values;
mod gc_async;
mod gc_ref;
mod global;
mod global_type;
mod growth;
mod heap_type;
mod host_value;
mod i31;
#[cfg(feature = "capi")]
mod interop;
mod manually_rooted;
mod new_async;
mod null;
mod out_of_memory;
mod owned_store;
mod pinned;
mod raw;
mod rec_group;
mod ref_type;
mod registered;
mod root_scope;
mod rooted;
mod store;
mod struct_type;
mod structref;
mod table;
mod table_type;
mod tag;
mod typed_func;
mod val;
mod val_from;
mod val_type;
mod wake;

pub use anyref::AnyRef;
pub use array_element::ArrayElement;
pub use array_type::ArrayType;
pub use arrayref::ArrayRef;
pub use config::{Collector, Config, Finalizers};
pub use context::{AsContext, AsContextMut, StoreContext, StoreContextMut};
pub use engine::Engine;
pub use eqref::EqRef;
pub use exnref::ExnRef;
pub use externref::ExternRef;
pub use failure::ThrownException;
pub use field_type::{FieldType, Mutability, StorageType};
pub use finality::Finality;
pub use func::{Caller, Func};
pub use func_type::FuncType;
pub use func_values::{FuncValue, FuncValues};
pub use gc_async::GcAsync;
pub use gc_ref::{GcRef, RootedGcRef};
pub use global::Global;
pub use global_type::GlobalType;
pub use heap_type::{HeapType, Member};
pub use i31::I31;
pub use manually_rooted::ManuallyRooted;
pub use new_async::NewAsync;
pub use out_of_memory::GcHeapOutOfMemory;
pub use pinned::Pinned;
pub use rec_group::{RecGroup, Supertype};
pub use ref_type::RefType;
pub use root_scope::RootScope;
pub use rooted::Rooted;
pub use store::Store;
pub use struct_type::StructType;
pub use structref::StructRef;
pub use table::Table;
pub use table_type::TableType;
pub use tag::Tag;
pub use typed_func::{FuncReturn, IntoFunc, TypedFunc};
pub use val::Val;
pub use val_type::ValType;
pub use wake::{StoreToken, Wake};

#[cfg(test)]
mod tests;

// Traits and sizes that users may rely on.
const _: () = {
    const fn shared<T: Send + Sync>() {}
    const fn sent<T: Send>() {}
    shared::<Engine>();
    shared::<Config>();
    shared::<Rooted<ExternRef>>();
    shared::<ManuallyRooted<ExternRef>>();
    sent::<Store<core::cell::Cell<u32>>>();
    assert!(size_of::<Rooted<ExternRef>>() == 16);
    assert!(size_of::<ManuallyRooted<ExternRef>>() == 16);
    assert!(size_of::<ExternRef>() == 16);
    shared::<Rooted<StructRef>>();
    shared::<StructType>();
    shared::<RecGroup>();
    sent::<Val>();
    sent::<GcAsync<'_, core::cell::Cell<u32>>>();
    sent::<NewAsync<&mut Store<core::cell::Cell<u32>>, u32>>();
    assert!(size_of::<Val>() == 32);
};
