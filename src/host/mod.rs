//! What belongs to the host and hangs on objects: the data of externrefs, and the
//! functions that the host can be called by.
//!
//! In the heap an externref or a function is a header and an index. The index names an
//! entry of the store's [`HostData`] table, which holds the host's pointer, its finalizer
//! and its tag or callback. No pointer stands in the heap (`heap.sandbox`).

mod externref;
mod func;
mod host_data;

pub(crate) use externref::{
    EXTERN_BYTES, EXTERN_HEADER, EXTERN_INDEX, VALUE_BIT, index_word, value_tag,
};
pub(crate) use func::{CallBits, CallValue, Callback, FUNC_BYTES, FUNC_INDEX};
pub(crate) use host_data::{Finalizer, FunctionEntry, HostData, HostEntry};
