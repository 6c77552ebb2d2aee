//! Containers: tables, globals and weak maps. Each has handles of its own and is not an
//! object. `docs/design/objects.md` explains them.
//!
//! A table or a global is a record outside the heap, and a *hidden object* in the heap
//! that holds its contents. A root slot of the container refers to the hidden object; no
//! handle does (OBJECTS-12). Weak maps have their entries outside the heap (OBJECTS-16).
//!
//! | folder or file | subject |
//! |---|---|
//! | `tables` | tables: references by index, in an array that can grow |
//! | `globals` | globals: one value each, of any type |
//! | `weak_maps` | weak maps: values that live while their keys do |
//! | `hidden.rs` | the types of hidden objects, and how a hidden object is recognised |
//!
//! This room keeps `gc.precise` for the contents of containers (a value of a weak map
//! does not keep its key alive, and the spare elements of a table are null) and
//! `capi.error-order`.

pub(in crate::store) mod globals;
pub(in crate::store) mod hidden;
pub(in crate::store) mod tables;
pub(in crate::store) mod weak_maps;
