//! Objects that stand for something of the host's.
//!
//! In the heap an externref is a header and an index. The host's pointer, its
//! finalizer and its tag are in the store's [`HostData`](super::HostData) table, never in the
//! heap (`heap.sandbox`): whoever overwrites the heap cannot make the library
//! return or call a pointer of their choice.
//!
//! # Values of Rust's
//!
//! The Rust API's externrefs hold values that it made itself and that nothing else
//! may read or replace. Their entries have a tag of the library's own, [`value_tag`],
//! which C cannot pass. In the heap their index has [`VALUE_BIT`] set: it is beyond
//! every table, so that C's fast path, which knows nothing of this, gives up, and
//! the slow path decides by the tag. The bit decides nothing: whoever sets or clears
//! it cannot make the library take a pointer of C's for a value.

use core::ffi::c_void;

use crate::heap::{EXTERN_TYPE, HEADER_BYTES, Kind, ObjectHeader};

/// Bytes of an externref in the heap.
pub(crate) const EXTERN_BYTES: u64 = 16;

/// Where an externref keeps its index, a `u64`, from the object's start.
pub(crate) const EXTERN_INDEX: u64 = HEADER_BYTES;

/// The bit of an externref's index that is set if its data are a Rust value.
pub(crate) const VALUE_BIT: u64 = 1 << 32;

/// What an externref keeps in its place for the entry at `index`.
#[inline(always)]
pub(crate) const fn index_word(index: u32, is_value: bool) -> u64 {
    if is_value {
        index as u64 | VALUE_BIT
    } else {
        index as u64
    }
}

/// The tag of externrefs whose data are a Rust value.
#[inline(always)]
pub(crate) fn value_tag() -> *const c_void {
    static TAG: u8 = 0;
    (&raw const TAG).cast()
}

/// The header of a new externref.
pub(crate) const EXTERN_HEADER: ObjectHeader = ObjectHeader::new(Kind::Extern, EXTERN_TYPE);
