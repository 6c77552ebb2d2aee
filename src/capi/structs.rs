//! Structs
//!
//! A struct has the fields that its type declares. Field indices start at 0.
//!
//! Ownership:
//! - The store keeps each type of which it has made an object. The caller may release
//!   its own reference to the type.
//! - A handle inside a gcroots_val_t is borrowed when the value is passed to a function.
//!   It is a new handle of the current scope when a function writes the value.
//!
//! Each function checks for its errors in the order in which it lists them.

use core::mem::MaybeUninit;
use core::ptr::NonNull;

use super::boundary::{
    call, enter, fast, fast_without_output, required, required_const, write_out,
};
use super::reference::gcroots_ref_t;
use super::status::{GCROOTS_OK, gcroots_status_t};
use super::store::gcroots_store_t;
use super::types::{borrowed, gcroots_type_t};
use super::value::{Scalar, check_kinds, gcroots_v128_t, gcroots_val_t, in_place, read};
use crate::error::Result;
use crate::heap::FastPath;
use crate::roots::Handle;
use crate::store::host_code;
use crate::store::{Store, Value};
use crate::types::{RegisteredType, Type};

/// Makes a struct from one value for each field, and roots it in the current scope. May
/// collect. Hold no lock that a finalizer takes.
///
/// \param type the struct's type (borrowed)
/// \param fields the values (borrowed), nullable if `count` is 0. They are read only if
///        `count` is the number of fields of the type. Each value is checked completely
///        before the next one
/// \param count the number of values
/// \param[out] out the new handle
/// \return GCROOTS_ERROR_INVALID_ARGUMENT if `count` is the number of fields and the
///         `kind` of a value is not a valid one;
///         GCROOTS_ERROR_WRONG_ENGINE if `type` belongs to another engine;
///         GCROOTS_ERROR_TYPE_MISMATCH if `type` is not a struct type;
///         GCROOTS_ERROR_INVALID_ARGUMENT if `count` is not the number of fields;
///         GCROOTS_ERROR_WRONG_STORE if the handle in a value belongs to another store;
///         GCROOTS_ERROR_UNROOTED if the handle in a value is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if a value is null and its field is not
///         nullable;
///         GCROOTS_ERROR_TYPE_MISMATCH if a value is not of its field's type;
///         GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
///         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the object or its
///         root;
///         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_struct_new(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    fields: *const gcroots_val_t,
    count: usize,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, a type that it holds a reference to or
    // NULL, `count` values, and `out` valid for writing or NULL.
    if unsafe { new_fast::<false>(store, r#type, fields, count, out) } {
        return GCROOTS_OK;
    }
    struct_new_counted(store, r#type, fields, count, out)
}

/// The fast form with counting. A function of its own has fewer registers to save than one
/// with the slow form in it.
#[cold]
#[inline(never)]
extern "C" fn struct_new_counted(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    fields: *const gcroots_val_t,
    count: usize,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, a type that it holds a reference to or
    // NULL, `count` values, and `out` valid for writing or NULL.
    if unsafe { new_fast::<true>(store, r#type, fields, count, out) } {
        return GCROOTS_OK;
    }
    struct_new_slow(store, r#type, fields, count, out)
}

/// The fast form of [`gcroots_struct_new`]. Returns `false`, with nothing changed, if the
/// slow form is needed.
///
/// # Safety
///
/// As for the arguments of [`gcroots_struct_new`].
#[inline(always)]
unsafe fn new_fast<const IN_LINE: bool>(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    fields: *const gcroots_val_t,
    count: usize,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        fast::<Handle, _>(store, out, |store| {
            let of = r#type.cast::<RegisteredType>().as_ref()?;
            if fields.is_null() {
                return None;
            }
            store.struct_new_fast(FastPath::of(IN_LINE), of, count, |index| {
                in_place(fields.add(index))
            })
        })
    }
}

#[cold]
#[inline(never)]
extern "C" fn struct_new_slow(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    fields: *const gcroots_val_t,
    count: usize,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    call("gcroots_struct_new", || {
        let (store, of) = (required(store, "store")?, required_const(r#type, "type")?);
        let fields = required_fields(fields, count)?;
        let out = required(out, "out")?;
        // SAFETY: the caller passes a store, a type that it holds a reference to, `count`
        // values, and `out` valid for writing.
        unsafe {
            enter(store)?;
            let of = borrowed(of);
            check_fields(&of, fields, count)?;
            let value = |index| read(fields.add(index));
            let make = |store: &Store| store.struct_new(&of, count, &value);
            write_out(out, host_code::allocating(store.cast(), make)?)
        }
    })
}

/// The values of a new struct, of which there may be none.
pub(super) fn required_fields(
    fields: *const gcroots_val_t,
    count: usize,
) -> Result<NonNull<gcroots_val_t>> {
    match count {
        0 => Ok(NonNull::dangling()),
        _ => required_const(fields, "fields"),
    }
}

/// Checks the kinds of the values of a new struct. With a wrong count no value may be read; making
/// the struct reports the count.
///
/// # Safety
///
/// `fields` must have `count` values.
pub(super) unsafe fn check_fields(
    of: &Type,
    fields: NonNull<gcroots_val_t>,
    count: usize,
) -> Result<()> {
    if count != of.fields.len() {
        return Ok(());
    }
    // SAFETY: the caller's promise.
    unsafe { check_kinds(fields, count) }
}

/// Makes a struct whose fields are zero or null, and roots it in the current scope. May
/// collect. Hold no lock that a finalizer takes.
///
/// \param type the struct's type (borrowed)
/// \param[out] out the new handle
/// \return GCROOTS_ERROR_WRONG_ENGINE if `type` belongs to another engine;
///         GCROOTS_ERROR_TYPE_MISMATCH if `type` is not a struct type;
///         GCROOTS_ERROR_TYPE_MISMATCH if a field is a reference that is not nullable;
///         GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
///         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the object or its
///         root;
///         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_struct_new_default(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, a type that it holds a reference to or
    // NULL, and `out` valid for writing or NULL.
    if unsafe { new_default_fast::<false>(store, r#type, out) } {
        return GCROOTS_OK;
    }
    struct_new_default_slow(store, r#type, out)
}

/// The fast form of [`gcroots_struct_new_default`]. Returns `false`, with nothing changed,
/// if the slow form is needed.
///
/// # Safety
///
/// As for the arguments of [`gcroots_struct_new_default`].
#[inline(always)]
unsafe fn new_default_fast<const IN_LINE: bool>(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        fast::<Handle, _>(store, out, |store| {
            let of = r#type.cast::<RegisteredType>().as_ref()?;
            store.struct_new_default_fast(FastPath::of(IN_LINE), of)
        })
    }
}

#[cold]
#[inline(never)]
extern "C" fn struct_new_default_slow(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, a type that it holds a reference to or
    // NULL, and `out` valid for writing or NULL.
    if unsafe { new_default_fast::<true>(store, r#type, out) } {
        return GCROOTS_OK;
    }
    call("gcroots_struct_new_default", || {
        let (store, of) = (required(store, "store")?, required_const(r#type, "type")?);
        let out = required(out, "out")?;
        // SAFETY: the caller passes a store, a type that it holds a reference to, and
        // `out` valid for writing.
        unsafe {
            enter(store)?;
            let of = borrowed(of);
            let make = |store: &Store| store.struct_new_default(&of);
            write_out(out, host_code::allocating(store.cast(), make)?)
        }
    })
}

/// Reads a field of any storage. Never collects.
///
/// A field of storage i8 or i16 is read as an i32, zero-extended.
///
/// \param[out] out the value; a reference is a new handle of the current scope, or null
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to a struct;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the struct has no field `index`;
///         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the new root;
///         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_struct_get(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    out: *mut MaybeUninit<gcroots_val_t>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and `out` valid for writing or NULL.
    if unsafe {
        fast(store, out, |store| {
            store.struct_get_fast(r#ref.into(), index)
        })
    } {
        return GCROOTS_OK;
    }
    get_val_slow(store, r#ref, index, out)
}

#[cold]
#[inline(never)]
extern "C" fn get_val_slow(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    out: *mut MaybeUninit<gcroots_val_t>,
) -> gcroots_status_t {
    call("gcroots_struct_get", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.struct_get(r#ref.into(), index)?) }
    })
}

/// Sets a field of any storage. Never collects.
///
/// A field of storage i8 or i16 takes the lower bits of an i32.
///
/// \param value the new value (borrowed)
/// \return GCROOTS_ERROR_INVALID_ARGUMENT if the `kind` of `value` is not a valid one;
///         GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to a struct;
///         GCROOTS_ERROR_WRONG_STORE if the handle in `value` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if the handle in `value` is stale;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the struct has no field `index`;
///         GCROOTS_ERROR_IMMUTABLE if the field is immutable;
///         GCROOTS_ERROR_NULL_REFERENCE if `value` is null and the field is not
///         nullable;
///         GCROOTS_ERROR_TYPE_MISMATCH if `value` is not of the field's type
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_struct_set(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    value: *const gcroots_val_t,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and a value or NULL.
    if unsafe { set_val_fast::<false>(store, r#ref, index, value) } {
        return GCROOTS_OK;
    }
    set_val_slow(store, r#ref, index, value)
}

/// The fast form of [`gcroots_struct_set`]. Returns `false`, with nothing changed, if the
/// slow form is needed.
///
/// # Safety
///
/// As for the arguments of [`gcroots_struct_set`].
#[inline(always)]
unsafe fn set_val_fast<const IN_LINE: bool>(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    value: *const gcroots_val_t,
) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        fast_without_output(store, |store| {
            let path = FastPath::of(IN_LINE);
            !value.is_null() && store.struct_set_fast(path, r#ref.into(), index, in_place(value))
        })
    }
}

#[cold]
#[inline(never)]
extern "C" fn set_val_slow(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    value: *const gcroots_val_t,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and a value or NULL.
    if unsafe { set_val_fast::<true>(store, r#ref, index, value) } {
        return GCROOTS_OK;
    }
    call("gcroots_struct_set", || {
        let (store, value) = (required(store, "store")?, required_const(value, "value")?);
        // SAFETY: the caller passes a store and a value.
        unsafe {
            let store = enter(store)?;
            store.struct_set(r#ref.into(), index, read(value)?)
        }
    })
}

/// Reads a field whose C type is `C`.
///
/// # Safety
///
/// `store` must be NULL or point to a live store. `out` must be NULL or valid for writing.
#[inline(always)]
unsafe fn get<C: Scalar>(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    out: *mut MaybeUninit<C>,
) -> gcroots_status_t {
    // SAFETY: the caller's promise.
    if unsafe {
        fast(store, out, |store| {
            let bits = store.struct_get_bits_fast(r#ref.into(), index, C::STORAGE)?;
            Some(C::from_bits(bits))
        })
    } {
        return GCROOTS_OK;
    }
    get_slow(store, r#ref, index, out)
}

#[cold]
#[inline(never)]
extern "C" fn get_slow<C: Scalar>(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    out: *mut MaybeUninit<C>,
) -> gcroots_status_t {
    call(C::STRUCT_GET, || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller of `get` passes a store, and `out` valid for writing.
        unsafe {
            let bits = enter(store)?.struct_get_bits(r#ref.into(), index, C::STORAGE)?;
            write_out(out, C::from_bits(bits))
        }
    })
}

/// Sets a field whose C type is `C`.
///
/// # Safety
///
/// `store` must be NULL or point to a live store.
#[inline(always)]
unsafe fn set<C: Scalar>(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    value: C,
) -> gcroots_status_t {
    // SAFETY: the caller's promise.
    if unsafe {
        fast_without_output(store, |store| {
            store.struct_set_bits_fast(r#ref.into(), index, C::STORAGE, value.to_bits())
        })
    } {
        return GCROOTS_OK;
    }
    set_slow(store, r#ref, index, value)
}

#[cold]
#[inline(never)]
extern "C" fn set_slow<C: Scalar>(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    value: C,
) -> gcroots_status_t {
    call(C::STRUCT_SET, || {
        let store = required(store, "store")?;
        // SAFETY: the caller of `set` passes a store.
        unsafe { enter(store) }?.struct_set(r#ref.into(), index, value.to_value())
    })
}

/// Reads a field of storage i32. Never collects.
///
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to a struct;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the struct has no field `index`;
///         GCROOTS_ERROR_TYPE_MISMATCH if the field's storage is not i32
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_struct_get_i32(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    out: *mut MaybeUninit<i32>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and `out` valid for writing or NULL.
    unsafe { get(store, r#ref, index, out) }
}

/// Reads a field of storage i64. Never collects.
///
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to a struct;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the struct has no field `index`;
///         GCROOTS_ERROR_TYPE_MISMATCH if the field's storage is not i64
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_struct_get_i64(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    out: *mut MaybeUninit<i64>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and `out` valid for writing or NULL.
    unsafe { get(store, r#ref, index, out) }
}

/// Reads a field of storage f32. Never collects.
///
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to a struct;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the struct has no field `index`;
///         GCROOTS_ERROR_TYPE_MISMATCH if the field's storage is not f32
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_struct_get_f32(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    out: *mut MaybeUninit<f32>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and `out` valid for writing or NULL.
    unsafe { get(store, r#ref, index, out) }
}

/// Reads a field of storage f64. Never collects.
///
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to a struct;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the struct has no field `index`;
///         GCROOTS_ERROR_TYPE_MISMATCH if the field's storage is not f64
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_struct_get_f64(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    out: *mut MaybeUninit<f64>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and `out` valid for writing or NULL.
    unsafe { get(store, r#ref, index, out) }
}

/// Reads a field of storage v128. Never collects.
///
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to a struct;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the struct has no field `index`;
///         GCROOTS_ERROR_TYPE_MISMATCH if the field's storage is not v128
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_struct_get_v128(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    out: *mut MaybeUninit<gcroots_v128_t>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and `out` valid for writing or NULL.
    unsafe { get(store, r#ref, index, out) }
}

/// Sets a field of storage i32, i16 or i8. An i16 or i8 takes the lower bits. Never
/// collects.
///
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to a struct;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the struct has no field `index`;
///         GCROOTS_ERROR_IMMUTABLE if the field is immutable;
///         GCROOTS_ERROR_TYPE_MISMATCH if the field's storage is not i32, i16 or i8
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_struct_set_i32(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    value: i32,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL.
    unsafe { set(store, r#ref, index, value) }
}

/// Sets a field of storage i64. Never collects.
///
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to a struct;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the struct has no field `index`;
///         GCROOTS_ERROR_IMMUTABLE if the field is immutable;
///         GCROOTS_ERROR_TYPE_MISMATCH if the field's storage is not i64
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_struct_set_i64(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    value: i64,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL.
    unsafe { set(store, r#ref, index, value) }
}

/// Sets a field of storage f32. Never collects.
///
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to a struct;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the struct has no field `index`;
///         GCROOTS_ERROR_IMMUTABLE if the field is immutable;
///         GCROOTS_ERROR_TYPE_MISMATCH if the field's storage is not f32
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_struct_set_f32(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    value: f32,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL.
    unsafe { set(store, r#ref, index, value) }
}

/// Sets a field of storage f64. Never collects.
///
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to a struct;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the struct has no field `index`;
///         GCROOTS_ERROR_IMMUTABLE if the field is immutable;
///         GCROOTS_ERROR_TYPE_MISMATCH if the field's storage is not f64
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_struct_set_f64(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    value: f64,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL.
    unsafe { set(store, r#ref, index, value) }
}

/// Sets a field of storage v128. Never collects.
///
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to a struct;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the struct has no field `index`;
///         GCROOTS_ERROR_IMMUTABLE if the field is immutable;
///         GCROOTS_ERROR_TYPE_MISMATCH if the field's storage is not v128
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_struct_set_v128(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    value: gcroots_v128_t,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL.
    unsafe { set(store, r#ref, index, value) }
}

/// Reads a field of storage i8 or i16, sign-extended. Never collects.
///
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to a struct;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the struct has no field `index`;
///         GCROOTS_ERROR_TYPE_MISMATCH if the field's storage is not i8 or i16
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_struct_get_s(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    out: *mut MaybeUninit<i32>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and `out` valid for writing or NULL.
    if unsafe {
        fast(store, out, |store| {
            store.struct_get_packed_fast(r#ref.into(), index, true)
        })
    } {
        return GCROOTS_OK;
    }
    get_s_slow(store, r#ref, index, out)
}

#[cold]
#[inline(never)]
extern "C" fn get_s_slow(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    out: *mut MaybeUninit<i32>,
) -> gcroots_status_t {
    call("gcroots_struct_get_s", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe {
            let bits = enter(store)?.struct_get_packed(r#ref.into(), index, true)?;
            write_out(out, bits as i32)
        }
    })
}

/// Reads a field of storage i8 or i16, zero-extended. Never collects.
///
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to a struct;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the struct has no field `index`;
///         GCROOTS_ERROR_TYPE_MISMATCH if the field's storage is not i8 or i16
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_struct_get_u(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    out: *mut MaybeUninit<u32>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and `out` valid for writing or NULL.
    if unsafe {
        fast(store, out, |store| {
            store.struct_get_packed_fast(r#ref.into(), index, false)
        })
    } {
        return GCROOTS_OK;
    }
    get_u_slow(store, r#ref, index, out)
}

#[cold]
#[inline(never)]
extern "C" fn get_u_slow(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    out: *mut MaybeUninit<u32>,
) -> gcroots_status_t {
    call("gcroots_struct_get_u", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe {
            let bits = enter(store)?.struct_get_packed(r#ref.into(), index, false)?;
            write_out(out, bits)
        }
    })
}

/// Reads a field that is a reference. Never collects.
///
/// \param[out] out a new handle of the current scope, or null
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to a struct;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the struct has no field `index`;
///         GCROOTS_ERROR_TYPE_MISMATCH if the field is not a reference;
///         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the new root;
///         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_struct_get_ref(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and `out` valid for writing or NULL.
    if unsafe {
        fast(store, out, |store| {
            store.struct_get_ref_fast(r#ref.into(), index)
        })
    } {
        return GCROOTS_OK;
    }
    get_ref_slow(store, r#ref, index, out)
}

#[cold]
#[inline(never)]
extern "C" fn get_ref_slow(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    call("gcroots_struct_get_ref", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.struct_get_ref(r#ref.into(), index)?) }
    })
}

/// Makes a local refer to what a field refers to, or to null. Never collects.
///
/// The function makes no new root, so a loop can use one local for all its iterations.
/// All copies of `dst` see the change. `dst` may be `ref` itself.
///
/// \param dst a local, or any other scoped handle of an open scope
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to a struct;
///         GCROOTS_ERROR_NULL_REFERENCE if `dst` is the null reference;
///         GCROOTS_ERROR_WRONG_STORE if `dst` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `dst` is stale;
///         GCROOTS_ERROR_INVALID_ARGUMENT if `dst` is a manual handle;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the struct has no field `index`;
///         GCROOTS_ERROR_TYPE_MISMATCH if the field is not a reference
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_struct_get_ref_into(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    dst: gcroots_ref_t,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL.
    if unsafe {
        fast_without_output(store, |store| {
            store.struct_get_ref_into_fast(r#ref.into(), index, dst.into())
        })
    } {
        return GCROOTS_OK;
    }
    get_ref_into_slow(store, r#ref, index, dst)
}

#[cold]
#[inline(never)]
extern "C" fn get_ref_into_slow(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    dst: gcroots_ref_t,
) -> gcroots_status_t {
    call("gcroots_struct_get_ref_into", || {
        let store = required(store, "store")?;
        // SAFETY: the caller passes a store.
        unsafe { enter(store) }?.struct_get_ref_into(r#ref.into(), index, dst.into())
    })
}

/// Sets a field that is a reference. Never collects.
///
/// \param value_or_null the new value (borrowed)
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to a struct;
///         GCROOTS_ERROR_WRONG_STORE if `value_or_null` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `value_or_null` is stale;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the struct has no field `index`;
///         GCROOTS_ERROR_IMMUTABLE if the field is immutable;
///         GCROOTS_ERROR_NULL_REFERENCE if `value_or_null` is null and the field is not
///         nullable;
///         GCROOTS_ERROR_TYPE_MISMATCH if the field is not a reference, or
///         `value_or_null` is not of the field's type
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_struct_set_ref(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    value_or_null: gcroots_ref_t,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL.
    if unsafe {
        fast_without_output(store, |store| {
            store.struct_set_ref_fast(FastPath::Leaf, r#ref.into(), index, value_or_null.into())
        })
    } {
        return GCROOTS_OK;
    }
    set_ref_slow(store, r#ref, index, value_or_null)
}

#[cold]
#[inline(never)]
extern "C" fn set_ref_slow(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    value: gcroots_ref_t,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL.
    if unsafe {
        fast_without_output(store, |store| {
            store.struct_set_ref_fast(FastPath::InLine, r#ref.into(), index, value.into())
        })
    } {
        return GCROOTS_OK;
    }
    call("gcroots_struct_set_ref", || {
        let store = required(store, "store")?;
        let value = Value::Ref(value.into());
        // SAFETY: the caller passes a store.
        unsafe { enter(store) }?.struct_set(r#ref.into(), index, value)
    })
}
