//! The safe Rust API.
//!
//! # The goal
//!
//! What C gets as a status, Rust gets from the compiler where it can: no call
//! during another one, no data borrowed while a collection could run, no second
//! unroot, no store shared by threads. What the compiler cannot know, the checks of
//! the core refuse: a handle that outlived its scope, or one of another store.
//!
//! # The picture
//!
//! ```text
//! Engine ── Store<T> ── data: T                  yours
//!              │
//!              └─ OwnedStore ── the core's store  one heap, its roots, its host data
//!                   │               ▲      │
//!     the only pointer to it        │      └─ HostValue: what an ExternRef holds
//!                                   │
//!     Rooted<T>, ManuallyRooted<T> ─┘             16 bytes that name a root
//! ```
//!
//! The roots are for references of seven types. `AnyRef` has those of `EqRef`, which has
//! those of `StructRef` and `ArrayRef`, and the `i31`s; `ExternRef`, `ExnRef` and `Func`
//! stand apart. What a reference is said to be is not what it is trusted to be: handles may
//! come from C, and the core looks at the object each time.
//!
//! `StructType`, `ArrayType` and `FuncType` are counted references to registered types,
//! of which all other types consist.
//!
//! A handle borrows nothing: functions that need the store take it. They take
//! whatever leads to it, an [`AsContext`] to read or an [`AsContextMut`] to change:
//! a store, a reference to one, or the [`RootScope`] around it.
//!
//! # What soundness rests on
//!
//! * Everything that may run finalizers, which drop host values, takes the store
//!   exclusively. So no borrow of a value is live then, and no value's `drop` can
//!   reach the store but through C. See `owned_store.rs`.
//! * A store is `Send` and not `Sync`: whoever has a reference to it is on the only
//!   thread that uses it. So a store that came from another thread is taken over
//!   without asking.
//! * A callback gets the store from the exclusive borrow of whoever called: `func.rs`.
//! * The core says whether an externref's data are a value of this API's, by what
//!   stands in its own table and never in the heap. See `host_value.rs`.
//!
//! The API follows Wasmtime's: its users should feel at home. Where it differs, and
//! what it leaves out, is in `docs/design.md`.

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
mod field_type;
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
mod out_of_memory;
mod owned_store;
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
mod val_type;

pub use anyref::AnyRef;
pub use array_element::ArrayElement;
pub use array_type::ArrayType;
pub use arrayref::ArrayRef;
pub use config::{Collector, Config};
pub use context::{AsContext, AsContextMut, StoreContext, StoreContextMut};
pub use engine::Engine;
pub use eqref::EqRef;
pub use exnref::ExnRef;
pub use externref::ExternRef;
pub use field_type::{FieldType, Mutability, StorageType};
pub use func::{Caller, Func, ThrownException};
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
pub use rec_group::{Finality, RecGroup, Supertype};
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

#[cfg(test)]
mod tests;

// What users may rely on.
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
