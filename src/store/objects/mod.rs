//! Objects: making them, reading and writing them, and asking for their types.
//! `docs/design/objects.md` explains them.
//!
//! An access to an object takes five steps: resolve the handle
//! ([`handles`](super::handles)), check the kind in the header, find the type, check the
//! index and the value, then load, or store through the barrier.
//!
//! | file | subject |
//! |---|---|
//! | `structs.rs`, `exceptions.rs` | objects with fields |
//! | `arrays.rs`, `array_ranges.rs` | single elements of arrays; ranges of elements |
//! | `externrefs.rs`, `functions.rs` | objects that stand for data of the host |
//! | `i31.rs` | 31-bit integers, which are references without an object |
//! | `tags.rs` | the tags of exceptions |
//! | `external_bytes.rs` | memory outside the heap that objects keep alive |
//! | `casts.rs`, `kinds.rs` | type tests and casts; the kind and the type of an object |
//! | `raw.rs` | references and elements as bits, for compiled code |
//! | `make.rs` | making an object: check, allocate, check again, write |
//! | `new_object_fast.rs`, `new_array_fast.rs` | the fast forms of making objects |
//! | `header.rs`, `typed.rs` | from a handle to the header, the kind and the type |
//! | `type_table.rs` | the types that a store keeps |
//! | `fields.rs`, `elements.rs` | where a field or an element is; checks of its layout |
//! | `value.rs`, `admit.rs` | values, and which values a field admits |
//! | `load_store.rs` | loads and stores in the heap, barriers included |
//!
//! This room keeps `heap.sandbox` (whatever is read from the heap is checked before use)
//! and `capi.error-order` (the slow forms make their checks in the documented order).

mod admit;
mod array_ranges;
mod arrays;
mod casts;
mod elements;
pub(in crate::store) mod exceptions;
mod external_bytes;
mod externrefs;
mod fields;
pub(in crate::store) mod functions;
#[cfg(feature = "capi")]
mod fused;
mod header;
mod i31;
mod kinds;
mod load_store;
mod make;
mod new_array_fast;
mod new_object_fast;
mod raw;
mod structs;
pub(in crate::store) mod tags;
pub(in crate::store) mod type_table;
mod typed;
mod value;

pub(in crate::store) use admit::as_registered;
#[cfg(feature = "capi")]
pub(in crate::store) use elements::{array_size, element_of};
pub(in crate::store) use elements::{element_at, require_range};
pub(crate) use externrefs::ExternRefOptions;
pub(in crate::store) use fields::require_storage;
#[cfg(feature = "capi")]
pub(in crate::store) use header::{kind_name, name_of};
pub(crate) use kinds::RefKind;
#[cfg(feature = "capi")]
pub(in crate::store) use make::require_count;
#[cfg(feature = "capi")]
pub(crate) use new_object_fast::ManualRoot;
#[cfg(feature = "capi")]
pub(in crate::store) use typed::Typed;
pub(crate) use value::{RawValue, ReferenceSource, Value};
