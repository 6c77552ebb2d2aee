//! Raw references
//!
//! For engines: interpreters and compilers that keep references in their own memory and
//! read objects themselves. docs/engines.md is the introduction.
//!
//! A raw reference is 32 bits:
//!
//! - 0 is null.
//! - If the lowest bit is 1, it is an i31. The other bits are the integer.
//! - Otherwise it is an object. Its address is the heap's base plus 4 times the bits.
//!
//! A raw reference is a copy of what a root refers to, and is not a root itself. Roots
//! keep the object alive; the slots of root ranges are roots. The bits are valid until
//! the next collection. Under GCROOTS_COLLECTOR_DRC and GCROOTS_COLLECTOR_NULL, which
//! move no objects, they are valid as long as the object lives.
//!
//! The functions gcroots_raw_... do what the functions without `raw_` do for handles. They
//! make objects, read them and store in them without a root that outlives the call:
//!
//! - The references that are passed stay alive during the call, and so does a new object.
//!   If the call collects, the new object refers to where they are then. The roots that
//!   the call has for this count in `scoped_roots` and `scoped_roots_max` of
//!   gcroots_stats_t.
//! - After a call that may collect, all bits that the caller holds are stale, also if the
//!   call failed. Only slots of root ranges are updated. The bits that the call returns are
//!   those of the object after the collection and its finalizers.
//! - Any 32 bits may be passed. The check takes constant time: bits pass if they lead to
//!   something in the heap that has the header of a type that the store knows. So bits from
//!   before a collection may pass and name another object, or the middle of one. The call
//!   then acts on that, in the heap of this store and nowhere else. Objects that hold the
//!   contents of tables and globals are refused.
//! - With gcroots_config_set_exact_slots() bits pass only if they refer to the start of an
//!   object. Use it in tests, together with gcroots_config_set_stress() and
//!   gcroots_config_set_poison().
//!
//! Each function checks for its errors in the order in which it lists them.

use core::ffi::c_void;
use core::mem::MaybeUninit;

use super::boundary::{call, enter, fast, required, required_const, write_out};
use super::reference::gcroots_ref_t;
use super::status::{GCROOTS_OK, gcroots_status_t};
use super::store::gcroots_store_t;
use super::types::{borrowed, gcroots_type_t};
use crate::store::raw::FieldBits;
use crate::types::RegisteredType;

/// A value without a kind. The type of the field or element says which member is valid. A
/// field or element of storage i8 or i16 takes the lower bits of `i32`, and is read as an
/// `i32`, zero-extended.
#[repr(C)]
#[derive(Clone, Copy)]
pub union gcroots_raw_val_t {
    /// Storage ref: a raw reference.
    pub r#ref: u32,
    /// Storages i8, i16 and i32.
    pub i32: i32,
    /// Storage i64.
    pub i64: i64,
    /// Storage f32.
    pub f32: f32,
    /// Storage f64.
    pub f64: f64,
    /// Storage v128: the bytes, in memory order.
    pub v128: [u8; 16],
}

const _: () = assert!(
    size_of::<gcroots_raw_val_t>() == 16
        && size_of::<gcroots_raw_val_t>() == size_of::<FieldBits>()
        && align_of::<gcroots_raw_val_t>() == align_of::<FieldBits>()
);

impl From<FieldBits> for gcroots_raw_val_t {
    fn from(bits: FieldBits) -> gcroots_raw_val_t {
        // SAFETY: both types are unions of the same size, and `gcroots_raw_val_t` allows all
        // bits.
        unsafe { core::mem::transmute::<FieldBits, gcroots_raw_val_t>(bits) }
    }
}

/// Gets the raw reference for a handle. Never collects.
///
/// \param ref_or_null a scoped or manual handle (borrowed), or null
/// \param[out] out the raw reference; 0 for null
/// \return GCROOTS_ERROR_WRONG_STORE if `ref_or_null` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref_or_null` is stale
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_ref_to_raw(
    store: *mut gcroots_store_t,
    ref_or_null: gcroots_ref_t,
    out: *mut MaybeUninit<u32>,
) -> gcroots_status_t {
    call("gcroots_ref_to_raw", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.ref_to_raw(ref_or_null.into())?) }
    })
}

/// Makes a scoped root for a raw reference. Never collects.
///
/// `raw` may be any 32 bits. The call fails unless they are null, an i31, or refer to the
/// start of an object that is in the heap now. Internal objects, such as those that hold
/// the contents of tables and globals, are refused as well. Bits from before a collection
/// may refer to another object now.
///
/// Cost: constant for an object that was found before. Otherwise the call passes objects
/// before it to find where it starts, at most those of 64 KiB. Between two collections the
/// calls together pass each object once. Bits that refer into a large object are refused in
/// constant time.
///
/// \param[out] out the handle, in the current scope; null if `raw` is 0
/// \return GCROOTS_ERROR_INVALID_ARGUMENT if `raw` refers to no object, or to an internal
///         one;
///         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory to find the object,
///         or for the new root;
///         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_ref_from_raw(
    store: *mut gcroots_store_t,
    raw: u32,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    call("gcroots_ref_from_raw", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.any_from_raw(raw)?) }
    })
}

/// Gets the base of the heap: the address that raw references count from. It does not
/// change until the store is deleted. If the store has no heap yet, the call makes it.
/// Never collects.
///
/// \param[out] out the address (borrowed)
/// \return GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_heap_base(
    store: *mut gcroots_store_t,
    out: *mut MaybeUninit<*mut c_void>,
) -> gcroots_status_t {
    call("gcroots_heap_base", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.heap_base()?.cast::<c_void>()) }
    })
}

/// Gets the address of `count` elements of an array, from index `start` on, to read them
/// and, if they are mutable, to write them. They lie in memory one after another. Works
/// only in a no-GC span, and only for elements that are not references. Never collects.
///
/// \param ref a scoped or manual handle (borrowed) of an array
/// \param[out] out the address (borrowed); valid until the last open no-GC span of the
///             store ends
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` is not an array, or its elements are
///         references;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the elements are not all in the array;
///         GCROOTS_ERROR_SCOPE_ORDER if no no-GC span is open
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_array_span(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    start: u32,
    count: u32,
    out: *mut MaybeUninit<*mut c_void>,
) -> gcroots_status_t {
    call("gcroots_array_span", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe {
            let first = enter(store)?.array_span(r#ref.into(), start.into(), count.into())?;
            write_out(out, first.cast::<c_void>())
        }
    })
}

/// Tests whether an object is of a type or of a subtype of it. Never collects.
///
/// \param object the bits of an object
/// \param type the type (borrowed)
/// \param[out] out whether `object` is of the type; false for an i31 and an externref
/// \return GCROOTS_ERROR_INVALID_ARGUMENT if `object` refers to no object;
///         GCROOTS_ERROR_NULL_REFERENCE if `object` is 0;
///         GCROOTS_ERROR_WRONG_ENGINE if `type` belongs to another engine
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_raw_cast(
    store: *mut gcroots_store_t,
    object: u32,
    r#type: *const gcroots_type_t,
    out: *mut MaybeUninit<bool>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, a type that it holds a reference to or
    // NULL, and `out` valid for writing or NULL.
    if unsafe {
        fast(store, out, |store| {
            let of = r#type.cast::<RegisteredType>().as_ref()?;
            store.raw_cast_fast(object, of)
        })
    } {
        return GCROOTS_OK;
    }
    cast_slow(store, object, r#type, out)
}

#[cold]
#[inline(never)]
extern "C" fn cast_slow(
    store: *mut gcroots_store_t,
    object: u32,
    r#type: *const gcroots_type_t,
    out: *mut MaybeUninit<bool>,
) -> gcroots_status_t {
    call("gcroots_raw_cast", || {
        let (store, of) = (required(store, "store")?, required_const(r#type, "type")?);
        let out = required(out, "out")?;
        // SAFETY: the caller of `gcroots_raw_cast` passes a store, a type that it holds a
        // reference to, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.raw_cast(object, &borrowed(of))?) }
    })
}
