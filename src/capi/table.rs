//! Tables
//!
//! A table has references by index, from 0 on, all of one type, and may grow up to its
//! maximum. It keeps them alive until it is freed, across scopes, or until its store is
//! deleted. It has bits of its own: it is not a gcroots_ref_t.
//!
//! Indices and sizes have 64 bits, as tables of WebAssembly may. A table has 2^32 - 1
//! elements at most, as an array has, of 4 bytes each; they lie in the heap, in a hidden
//! array, which gcroots_store_stats() counts as an object, as it does one that a table
//! grew out of, until that is collected. A table grows faster than it must, where it may
//! and there is room, so that to grow it one by one takes time in proportion.
//!
//! The functions answer GCROOTS_ERROR_NULL_REFERENCE for a zeroed table,
//! GCROOTS_ERROR_WRONG_STORE, and GCROOTS_ERROR_UNROOTED for a table that was freed; then
//! for a value GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED,
//! GCROOTS_ERROR_NULL_REFERENCE for null where an element is never null, and
//! GCROOTS_ERROR_TYPE_MISMATCH; GCROOTS_ERROR_OUT_OF_BOUNDS for an index, or if one of
//! the elements is not there; nothing is written then.

use core::mem::{ManuallyDrop, MaybeUninit};

use super::boundary::{call, enter, fast, fast_without_output, put, required, required_const};
use super::casts::gcroots_ref_type_t;
use super::reference::gcroots_ref_t;
use super::status::{GCROOTS_OK, gcroots_status_t};
use super::store::gcroots_store_t;
use super::types::{GCROOTS_HEAP_TYPE, borrowed, gcroots_heap_type_t, gcroots_type_t};
use crate::error::{Error, Result};
use crate::roots::Handle;
use crate::store::Store;
use crate::store::host_code::finalize;
use crate::types::{AbstractType, HeapType, RefType, Type};

/// Names a table. `store_id` 0 names none, whatever the rest.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct gcroots_table_t {
    /// The store's id.
    pub store_id: u64,
    /// Which of the tables that were in the slot.
    pub generation: u32,
    /// The slot.
    pub index: u32,
}

const _: () = assert!(size_of::<gcroots_table_t>() == 16 && align_of::<gcroots_table_t>() == 8);

impl From<Handle> for gcroots_table_t {
    fn from(handle: Handle) -> gcroots_table_t {
        let gcroots_ref_t {
            store_id,
            generation,
            index,
        } = handle.into();
        gcroots_table_t {
            store_id,
            generation,
            index,
        }
    }
}

impl From<gcroots_table_t> for Handle {
    #[inline(always)]
    fn from(table: gcroots_table_t) -> Handle {
        gcroots_ref_t {
            store_id: table.store_id,
            generation: table.generation,
            index: table.index,
        }
        .into()
    }
}

/// What a reference may refer to, for as long as the caller's type lives.
pub(super) type HeapTypeOf = HeapType<ManuallyDrop<Type>>;

/// Reads what a reference may refer to.
///
/// Errors: [`Error::InvalidArgument`].
///
/// # Safety
///
/// With [`GCROOTS_HEAP_TYPE`], `of` must be a type that the caller holds a reference to.
pub(super) unsafe fn read_heap(
    heap: gcroots_heap_type_t,
    of: *const gcroots_type_t,
) -> Result<HeapTypeOf> {
    if heap == GCROOTS_HEAP_TYPE {
        let of = required_const(of, "type")?;
        // SAFETY: the caller's promise.
        return Ok(HeapType::Concrete(unsafe { borrowed(of) }));
    }
    match AbstractType::ALL.get(heap as usize) {
        Some(&of) => Ok(HeapType::Abstract(of)),
        None => Err(Error::InvalidArgument {
            parameter: "heap",
            value: heap.into(),
            allowed: "0 to 12",
        }),
    }
}

/// The type of references to `heap`.
pub(super) fn references_to(heap: &HeapTypeOf, is_nullable: u8) -> RefType<&Type> {
    RefType {
        nullable: is_nullable != 0,
        heap: match heap {
            HeapType::Abstract(of) => HeapType::Abstract(*of),
            HeapType::Concrete(of) => HeapType::Concrete(of),
        },
    }
}

/// Makes a table of `size` elements, which all are the same reference or null. May
/// collect.
///
/// \param element the elements' type; its `type` (borrowed)
/// \param maximum more elements it never has; UINT64_MAX: as many as a table may have
/// \param init_or_null (borrowed); if `size` is 0, null is fine for elements of any type
/// \param[out] out the table (owned); release it with gcroots_table_free()
/// \return GCROOTS_ERROR_NULL_ARGUMENT also for a NULL `element.type` with
///         GCROOTS_HEAP_TYPE; GCROOTS_ERROR_INVALID_ARGUMENT for a heap type that is
///         none, and if `size` is above `maximum`; GCROOTS_ERROR_WRONG_ENGINE; for the
///         value as above; GCROOTS_ERROR_NO_GC, GCROOTS_ERROR_OUT_OF_MEMORY,
///         GCROOTS_ERROR_LIMIT
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn gcroots_table_new(
    store: *mut gcroots_store_t,
    element: gcroots_ref_type_t,
    size: u64,
    maximum: u64,
    init_or_null: gcroots_ref_t,
    out: *mut MaybeUninit<gcroots_table_t>,
) -> gcroots_status_t {
    call(|| {
        let store = required(store, "store")?;
        if element.heap == GCROOTS_HEAP_TYPE {
            required_const(element.r#type, "type")?;
        }
        let out = required(out, "out")?;
        // SAFETY: the caller passes a store, a type that it holds a reference to, and
        // `out` valid for writing.
        unsafe {
            enter(store)?;
            let heap = read_heap(element.heap, element.r#type)?;
            let of = references_to(&heap, element.is_nullable);
            let make = |store: &Store| store.table_new(of, size, maximum, init_or_null.into());
            put(out, finalize::allocating(store.cast(), make)?)
        }
    })
}

/// Makes a scoped root for an element. Never collects.
///
/// \param[out] out a new handle of the current scope, or null
/// \return as above; GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_table_get(
    store: *mut gcroots_store_t,
    table: gcroots_table_t,
    index: u64,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and `out` valid for writing or NULL.
    if unsafe {
        fast(store, out, |store| {
            store.table_get_fast(table.into(), index)
        })
    } {
        return GCROOTS_OK;
    }
    get_slow(store, table, index, out)
}

#[cold]
#[inline(never)]
extern "C" fn get_slow(
    store: *mut gcroots_store_t,
    table: gcroots_table_t,
    index: u64,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: as above.
        unsafe { put(out, enter(store)?.table_get(table.into(), index)?) }
    })
}

/// Sets an element. Never collects.
///
/// \param value_or_null (borrowed)
/// \return as above
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_table_set(
    store: *mut gcroots_store_t,
    table: gcroots_table_t,
    index: u64,
    value_or_null: gcroots_ref_t,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL.
    if unsafe {
        fast_without_output(store, |store| {
            store.table_set_fast(table.into(), index, value_or_null.into())
        })
    } {
        return GCROOTS_OK;
    }
    set_slow(store, table, index, value_or_null)
}

#[cold]
#[inline(never)]
extern "C" fn set_slow(
    store: *mut gcroots_store_t,
    table: gcroots_table_t,
    index: u64,
    value: gcroots_ref_t,
) -> gcroots_status_t {
    call(|| {
        let store = required(store, "store")?;
        // SAFETY: as above.
        unsafe { enter(store) }?.table_set(table.into(), index, value.into())
    })
}

/// How many elements a table has. Never collects.
///
/// \return as above
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_table_size(
    store: *mut gcroots_store_t,
    table: gcroots_table_t,
    out: *mut MaybeUninit<u64>,
) -> gcroots_status_t {
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { put(out, enter(store)?.table_size(table.into())?) }
    })
}

/// Appends `delta` elements, which all are the same reference or null. May collect. A
/// refusal leaves the table as it was.
///
/// \param init_or_null (borrowed); if `delta` is 0, null is fine for elements of any type
/// \param[out] out how many elements there were before
/// \return for the table and the value as above; GCROOTS_ERROR_LIMIT beyond the table's
///         maximum, or that of all tables; GCROOTS_ERROR_NO_GC,
///         GCROOTS_ERROR_OUT_OF_MEMORY
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_table_grow(
    store: *mut gcroots_store_t,
    table: gcroots_table_t,
    delta: u64,
    init_or_null: gcroots_ref_t,
    out: *mut MaybeUninit<u64>,
) -> gcroots_status_t {
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe {
            enter(store)?;
            let grow = |store: &Store| store.table_grow(table.into(), delta, init_or_null.into());
            put(out, finalize::allocating(store.cast(), grow)?)
        }
    })
}

/// Sets `count` elements from `at` on to a reference or null. Never collects.
///
/// \param value_or_null (borrowed)
/// \return as above
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_table_fill(
    store: *mut gcroots_store_t,
    table: gcroots_table_t,
    at: u64,
    value_or_null: gcroots_ref_t,
    count: u64,
) -> gcroots_status_t {
    call(|| {
        let store = required(store, "store")?;
        // SAFETY: the caller passes a store.
        unsafe { enter(store) }?.table_fill(table.into(), at, value_or_null.into(), count)
    })
}

/// Copies `count` elements from one table to another or to the same, where the two
/// ranges may overlap. Never collects.
///
/// \param dst the table that is written to
/// \param src the table that is read
/// \return for `dst`, then for `src`, as above; GCROOTS_ERROR_TYPE_MISMATCH unless the
///         elements' type in `src` is the one in `dst` or below it;
///         GCROOTS_ERROR_OUT_OF_BOUNDS for `dst`, then `src`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_table_copy(
    store: *mut gcroots_store_t,
    dst: gcroots_table_t,
    dst_at: u64,
    src: gcroots_table_t,
    src_at: u64,
    count: u64,
) -> gcroots_status_t {
    call(|| {
        let store = required(store, "store")?;
        let (target, source) = ((dst.into(), dst_at), (src.into(), src_at));
        // SAFETY: the caller passes a store.
        unsafe { enter(store) }?.table_copy(target, source, count)
    })
}

/// Ends a table and zeroes its handle; copies of it become stale, and what only the
/// table kept alive is not any more. Does nothing for a zeroed one. Never collects.
///
/// \param[in,out] table (taken)
/// \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED; the handle is
///         unchanged then
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_table_free(
    store: *mut gcroots_store_t,
    table: *mut gcroots_table_t,
) -> gcroots_status_t {
    call(|| {
        let (store, table) = (required(store, "store")?, required(table, "table")?);
        // SAFETY: the caller passes a store, and `table` valid for reading and writing.
        unsafe {
            enter(store)?.table_free(table.read().into())?;
            put(table.cast::<MaybeUninit<gcroots_table_t>>(), Handle::NULL)
        }
    })
}
