//! The host's side of objects: the data of externrefs, and the functions that the host
//! gave to the library.
//!
//! In the heap, an externref or a function is a header and an index. The index names an
//! entry of the store's [`HostData`] table. The entry has the host's pointer, its
//! finalizer, and its tag or callback. No pointer stands in the heap (`heap.sandbox`,
//! OBJECTS-7).
//!
//! The table is in `table.rs`, the states of an entry in `entry.rs`. A collection sweeps
//! the table (`sweep.rs`) and queues the finalizers of dead objects (`pending.rs`). A finalizer
//! that gets the store is in `store_finalizer.rs`.

mod entry;
mod externref;
mod func;
mod pending;
mod store_finalizer;
mod sweep;
mod table;

pub(crate) use entry::{Finalizer, FunctionEntry, HostEntry};
pub(crate) use externref::{
    EXTERN_BYTES, EXTERN_HEADER, EXTERN_INDEX, VALUE_BIT, index_word, value_tag,
};
pub(crate) use func::{CallBits, CallValue, Callback, FUNC_BYTES, FUNC_INDEX};
pub(crate) use store_finalizer::StoreFinalizer;
pub(crate) use table::HostData;
