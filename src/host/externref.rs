//! Externrefs: objects that stand for data of the host.
//!
//! In the heap, an externref is a header and an index. The host's pointer, its finalizer and
//! its tag are in the store's [`HostData`](super::HostData) table, never in the heap
//! (`heap.sandbox`, OBJECTS-7).
//!
//! # Rust values
//!
//! An externref of the Rust API holds a value that the API itself made. Nobody else may read
//! or replace it. Its entry has a tag of the library's own, [`value_tag`], which C cannot
//! pass.
//!
//! In the heap, the index of such an externref has [`VALUE_BIT`] set. That makes it greater
//! than every index in the table, so C's fast path, which does not know the bit, gives up.
//! The slow path then decides by the tag. The bit itself decides nothing: whoever sets or
//! clears it cannot make the library take C's pointer for a Rust value.

use core::ffi::c_void;

use crate::heap::{EXTERN_TYPE, HEADER_BYTES, Kind, ObjectHeader};

/// The size of an externref in the heap.
pub(crate) const EXTERN_BYTES: u64 = 16;

/// The offset of an externref's index, a `u64`.
pub(crate) const EXTERN_INDEX: u64 = HEADER_BYTES;

/// The bit of an externref's index that is set if its data is a Rust value.
pub(crate) const VALUE_BIT: u64 = 1 << 32;

/// The index word of an externref whose entry is at `index`.
#[inline(always)]
pub(crate) const fn index_word(index: u32, is_value: bool) -> u64 {
    if is_value {
        index as u64 | VALUE_BIT
    } else {
        index as u64
    }
}

/// The tag of externrefs whose data is a Rust value.
#[inline(always)]
pub(crate) fn value_tag() -> *const c_void {
    static TAG: u8 = 0;
    (&raw const TAG).cast()
}

/// The header of a new externref.
pub(crate) const EXTERN_HEADER: ObjectHeader = ObjectHeader::new(Kind::Extern, EXTERN_TYPE);
