//! Objects that stand for something of the host's.
//!
//! In the heap an externref is a header and an index. The host's pointer, its
//! finalizer and its tag are in the store's [`HostData`] table, never in the
//! heap (`heap.sandbox`): whoever overwrites the heap cannot make the library
//! return or call a pointer of their choice.

mod host_data;

pub(crate) use host_data::{Finalizer, HostData, HostEntry};

use crate::heap::{EXTERN_TYPE, HEADER_BYTES, Kind, ObjectHeader};

/// Bytes of an externref in the heap.
pub(crate) const EXTERN_BYTES: u64 = 16;

/// Where an externref keeps its index, a `u64`, from the object's start.
pub(crate) const EXTERN_INDEX: u64 = HEADER_BYTES;

/// The header of a new externref.
pub(crate) const EXTERN_HEADER: ObjectHeader = ObjectHeader::new(Kind::Extern, EXTERN_TYPE);
