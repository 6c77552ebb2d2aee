//! Tables
//!
//! A table holds references of one type, at indices from 0 on. It can grow up to its
//! maximum. It keeps its elements alive, across scopes, until it is freed or its store is
//! deleted. A gcroots_table_t is not a gcroots_ref_t.
//!
//! Indices and sizes have 64 bits, as in WebAssembly. Like an array, a table has at most
//! 2^32 - 1 elements. Each takes 4 bytes.
//!
//! The elements lie in a hidden array in the heap. gcroots_store_stats() counts that array
//! as an object. A table that grows beyond its array gets a larger one; the old array is
//! counted until a collection frees it.
//!
//! Cost: when a table needs a larger array, it reserves more room than requested, if its
//! maximum and the heap allow that. So appending elements one by one takes time
//! proportional to their number.
//!
//! Each function checks for its errors in the order in which it lists them. A function
//! that fails writes no element. An empty range of elements may start at the end of the
//! table, but not beyond it.

use core::mem::{ManuallyDrop, MaybeUninit};

use super::boundary::{
    call, enter, fast, fast_without_output, required, required_const, write_out,
};
use super::casts::gcroots_ref_type_t;
use super::reference::gcroots_ref_t;
use super::status::{GCROOTS_OK, gcroots_status_t};
use super::store::gcroots_store_t;
use super::types::{GCROOTS_HEAP_TYPE, borrowed, field, gcroots_heap_type_t, gcroots_type_t};
use crate::error::{Error, Result};
use crate::heap::FastPath;
use crate::roots::Handle;
use crate::store::Store;
use crate::store::host_code;
use crate::types::{AbstractType, HeapType, RefType, Type};

/// Names a table. A handle whose `store_id` is 0 names no table, whatever its other
/// members are.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct gcroots_table_t {
    /// The store's id.
    pub store_id: u64,
    /// Tells apart the tables that use the slot one after another.
    pub generation: u32,
    /// The table's slot in its store.
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

/// The type of a table.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gcroots_table_type_t {
    /// The type of the elements.
    pub element: gcroots_ref_type_t,
    /// The greatest size to which the table can grow, as gcroots_table_new() got it.
    pub maximum: u64,
}

/// A heap type, valid as long as the caller holds its reference to the type.
pub(super) type HeapTypeOf = HeapType<ManuallyDrop<Type>>;

/// Reads a heap type. `of` is read only with [`GCROOTS_HEAP_TYPE`].
///
/// Errors: [`Error::NullArgument`] for a NULL `of` that is read,
/// [`Error::InvalidArgument`] for a number that is not a heap type.
///
/// # Safety
///
/// With [`GCROOTS_HEAP_TYPE`], `of` must be NULL or a type that the caller holds a
/// reference to.
pub(super) unsafe fn read_heap(
    heap: gcroots_heap_type_t,
    of: *const gcroots_type_t,
) -> Result<HeapTypeOf> {
    if heap == GCROOTS_HEAP_TYPE {
        let of = required_const(of, "type")?;
        // SAFETY: the caller's promise.
        return Ok(HeapType::Concrete(unsafe { borrowed(of) }));
    }
    match AbstractType::from_number(heap) {
        Some(of) => Ok(HeapType::Abstract(of)),
        None => Err(Error::InvalidArgument {
            parameter: "heap",
            value: heap.into(),
            allowed: "0 to 12, or 14",
        }),
    }
}

/// The type of references to `heap`. They are nullable unless `is_nullable` is 0.
pub(super) fn references_to(heap: &HeapTypeOf, is_nullable: u8) -> RefType<&Type> {
    RefType {
        nullable: is_nullable != 0,
        heap: match heap {
            HeapType::Abstract(of) => HeapType::Abstract(*of),
            HeapType::Concrete(of) => HeapType::Concrete(of),
        },
    }
}

/// Makes a table of `size` elements, which are all the same reference or null. May
/// collect. Hold no lock that a finalizer takes.
///
/// \param element the type of the elements; its member `type` (borrowed)
/// \param size the number of elements
/// \param maximum the greatest size to which the table can grow; UINT64_MAX for no
///        other limit than that of all tables
/// \param init_or_null the value of each element (borrowed). It may be null if `size`
///        is 0, even if the elements are not nullable
/// \param[out] out the table (owned); release it with gcroots_table_free()
/// \return GCROOTS_ERROR_NULL_ARGUMENT if `element.heap` is GCROOTS_HEAP_TYPE and
///         `element.type` is NULL;
///         GCROOTS_ERROR_INVALID_ARGUMENT if `element.heap` is not a heap type, or is
///         GCROOTS_HEAP_LOCAL;
///         GCROOTS_ERROR_INVALID_ARGUMENT if `size` is above `maximum`;
///         GCROOTS_ERROR_WRONG_ENGINE if `element.type` belongs to another engine;
///         GCROOTS_ERROR_WRONG_STORE if `init_or_null` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `init_or_null` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `init_or_null` is null and the elements are
///         not nullable;
///         GCROOTS_ERROR_TYPE_MISMATCH if `init_or_null` is not of the element type;
///         GCROOTS_ERROR_LIMIT if `size` is above 2^32 - 1;
///         GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
///         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the table;
///         GCROOTS_ERROR_LIMIT if the store has no slot left for a table, or the engine
///         too many types
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
    call("gcroots_table_new", || {
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
            write_out(out, host_code::allocating(store.cast(), make)?)
        }
    })
}

/// Reads an element, and roots it in the current scope. Never collects.
///
/// \param[out] out a new handle of the current scope, or null
/// \return GCROOTS_ERROR_NULL_REFERENCE if the `store_id` of `table` is 0;
///         GCROOTS_ERROR_WRONG_STORE if `table` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `table` does not name a table, or the table was
///         freed;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the table has no element `index`;
///         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the new root;
///         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
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
    call("gcroots_table_get", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.table_get(table.into(), index)?) }
    })
}

/// Makes a local refer to what an element refers to, or to null. Never collects.
///
/// The function makes no new root, so a loop can use one local for all its iterations.
/// All copies of `dst` see the change.
///
/// \param dst a local, or any other scoped handle of an open scope
/// \return GCROOTS_ERROR_NULL_REFERENCE if the `store_id` of `table` is 0;
///         GCROOTS_ERROR_WRONG_STORE if `table` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `table` does not name a table, or the table was
///         freed;
///         GCROOTS_ERROR_NULL_REFERENCE if `dst` is the null reference;
///         GCROOTS_ERROR_WRONG_STORE if `dst` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `dst` is stale;
///         GCROOTS_ERROR_INVALID_ARGUMENT if `dst` is a manual handle;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the table has no element `index`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_table_get_ref_into(
    store: *mut gcroots_store_t,
    table: gcroots_table_t,
    index: u64,
    dst: gcroots_ref_t,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL.
    if unsafe {
        fast_without_output(store, |store| {
            store.table_get_ref_into_fast(table.into(), index, dst.into())
        })
    } {
        return GCROOTS_OK;
    }
    get_ref_into_slow(store, table, index, dst)
}

#[cold]
#[inline(never)]
extern "C" fn get_ref_into_slow(
    store: *mut gcroots_store_t,
    table: gcroots_table_t,
    index: u64,
    dst: gcroots_ref_t,
) -> gcroots_status_t {
    call("gcroots_table_get_ref_into", || {
        let store = required(store, "store")?;
        // SAFETY: the caller passes a store.
        unsafe { enter(store) }?.table_get_ref_into(table.into(), index, dst.into())
    })
}

/// Sets an element. Never collects.
///
/// \param value_or_null the new value (borrowed)
/// \return GCROOTS_ERROR_NULL_REFERENCE if the `store_id` of `table` is 0;
///         GCROOTS_ERROR_WRONG_STORE if `table` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `table` does not name a table, or the table was
///         freed;
///         GCROOTS_ERROR_WRONG_STORE if `value_or_null` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `value_or_null` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `value_or_null` is null and the elements are
///         not nullable;
///         GCROOTS_ERROR_TYPE_MISMATCH if `value_or_null` is not of the element type;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the table has no element `index`
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
            store.table_set_fast(FastPath::Leaf, table.into(), index, value_or_null.into())
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
    // SAFETY: the caller passes a store or NULL.
    if unsafe {
        fast_without_output(store, |store| {
            store.table_set_fast(FastPath::InLine, table.into(), index, value.into())
        })
    } {
        return GCROOTS_OK;
    }
    call("gcroots_table_set", || {
        let store = required(store, "store")?;
        // SAFETY: the caller passes a store.
        unsafe { enter(store) }?.table_set(table.into(), index, value.into())
    })
}

/// Returns the number of elements of a table. Never collects.
///
/// \param[out] out the number of elements
/// \return GCROOTS_ERROR_NULL_REFERENCE if the `store_id` of `table` is 0;
///         GCROOTS_ERROR_WRONG_STORE if `table` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `table` does not name a table, or the table was
///         freed
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_table_size(
    store: *mut gcroots_store_t,
    table: gcroots_table_t,
    out: *mut MaybeUninit<u64>,
) -> gcroots_status_t {
    call("gcroots_table_size", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.table_size(table.into())?) }
    })
}

/// Returns the type of a table. Never collects.
///
/// \param[out] out the type. If its `element.type` is not NULL, it is a new reference
///             (owned); release it with gcroots_type_free()
/// \return GCROOTS_ERROR_NULL_REFERENCE if the `store_id` of `table` is 0;
///         GCROOTS_ERROR_WRONG_STORE if `table` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `table` does not name a table, or the table was
///         freed;
///         GCROOTS_ERROR_LIMIT if the type of the elements has too many references
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_table_type(
    store: *mut gcroots_store_t,
    table: gcroots_table_t,
    out: *mut MaybeUninit<gcroots_table_type_t>,
) -> gcroots_status_t {
    call("gcroots_table_type", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe {
            let found = enter(store)?.table_type(table.into())?;
            let element = field(&found.array, 0)?;
            let element = gcroots_ref_type_t {
                r#type: element.r#type,
                heap: element.heap,
                is_nullable: found.nullable.into(),
            };
            let maximum = found.maximum;
            write_out(out, gcroots_table_type_t { element, maximum })
        }
    })
}

/// Appends `delta` elements, which are all the same reference or null. May collect. Hold
/// no lock that a finalizer takes.
///
/// If it fails, the table is unchanged.
///
/// \param init_or_null the value of each new element (borrowed). It may be null if
///        `delta` is 0, even if the elements are not nullable
/// \param[out] out the number of elements before the call
/// \return GCROOTS_ERROR_NULL_REFERENCE if the `store_id` of `table` is 0;
///         GCROOTS_ERROR_WRONG_STORE if `table` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `table` does not name a table, or the table was
///         freed;
///         GCROOTS_ERROR_WRONG_STORE if `init_or_null` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `init_or_null` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `init_or_null` is null and the elements are
///         not nullable;
///         GCROOTS_ERROR_TYPE_MISMATCH if `init_or_null` is not of the element type;
///         GCROOTS_ERROR_LIMIT if the new size is above the table's maximum, or above
///         2^32 - 1;
///         GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
///         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the elements
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_table_grow(
    store: *mut gcroots_store_t,
    table: gcroots_table_t,
    delta: u64,
    init_or_null: gcroots_ref_t,
    out: *mut MaybeUninit<u64>,
) -> gcroots_status_t {
    call("gcroots_table_grow", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe {
            enter(store)?;
            let grow = |store: &Store| store.table_grow(table.into(), delta, init_or_null.into());
            write_out(out, host_code::allocating(store.cast(), grow)?)
        }
    })
}

/// Sets `count` elements, from `at` on, to a reference or null. Never collects.
///
/// \param value_or_null the new value (borrowed). It is checked even if `count` is 0
/// \return GCROOTS_ERROR_NULL_REFERENCE if the `store_id` of `table` is 0;
///         GCROOTS_ERROR_WRONG_STORE if `table` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `table` does not name a table, or the table was
///         freed;
///         GCROOTS_ERROR_WRONG_STORE if `value_or_null` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `value_or_null` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `value_or_null` is null and the elements are
///         not nullable;
///         GCROOTS_ERROR_TYPE_MISMATCH if `value_or_null` is not of the element type;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the range is not inside the table
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_table_fill(
    store: *mut gcroots_store_t,
    table: gcroots_table_t,
    at: u64,
    value_or_null: gcroots_ref_t,
    count: u64,
) -> gcroots_status_t {
    call("gcroots_table_fill", || {
        let store = required(store, "store")?;
        // SAFETY: the caller passes a store.
        unsafe { enter(store) }?.table_fill(table.into(), at, value_or_null.into(), count)
    })
}

/// Copies `count` elements from one table to another, or within one table. Never
/// collects.
///
/// The two ranges may overlap: the result is as if the elements were copied to a
/// temporary table first.
///
/// \param dst the table that is written
/// \param dst_at the first element that is written
/// \param src the table that is read
/// \param src_at the first element that is read
/// \return GCROOTS_ERROR_NULL_REFERENCE if the `store_id` of `dst` is 0;
///         GCROOTS_ERROR_WRONG_STORE if `dst` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `dst` does not name a table, or the table was
///         freed;
///         GCROOTS_ERROR_NULL_REFERENCE if the `store_id` of `src` is 0;
///         GCROOTS_ERROR_WRONG_STORE if `src` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `src` does not name a table, or the table was
///         freed;
///         GCROOTS_ERROR_TYPE_MISMATCH unless the element type of `src` is that of
///         `dst` or a subtype of it;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the range of `dst` is not inside the table;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the range of `src` is not inside the table
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_table_copy(
    store: *mut gcroots_store_t,
    dst: gcroots_table_t,
    dst_at: u64,
    src: gcroots_table_t,
    src_at: u64,
    count: u64,
) -> gcroots_status_t {
    call("gcroots_table_copy", || {
        let store = required(store, "store")?;
        let (target, source) = ((dst.into(), dst_at), (src.into(), src_at));
        // SAFETY: the caller passes a store.
        unsafe { enter(store) }?.table_copy(target, source, count)
    })
}

/// Ends a table and zeroes its handle. Never collects.
///
/// Copies of the handle become stale. The table no longer keeps its elements alive. For
/// a zeroed handle the function does nothing. If it fails, the handle is unchanged.
///
/// \param[in,out] table the table (taken)
/// \return GCROOTS_ERROR_WRONG_STORE if `table` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `table` does not name a table, or the table was
///         freed
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_table_free(
    store: *mut gcroots_store_t,
    table: *mut gcroots_table_t,
) -> gcroots_status_t {
    call("gcroots_table_free", || {
        let (store, table) = (required(store, "store")?, required(table, "table")?);
        // SAFETY: the caller passes a store, and `table` valid for reading and writing.
        unsafe {
            enter(store)?.table_free(table.read().into())?;
            write_out(table.cast::<MaybeUninit<gcroots_table_t>>(), Handle::NULL)
        }
    })
}
