//! Structs
//!
//! A struct has the fields of its type, at indices from 0 on. The store keeps each type
//! that it has made an object of; the caller's reference may go. References inside a
//! gcroots_val_t are borrowed going in and new handles of the current scope coming out.
//!
//! Functions that take a struct answer GCROOTS_ERROR_WRONG_STORE,
//! GCROOTS_ERROR_UNROOTED, GCROOTS_ERROR_NULL_REFERENCE, and
//! GCROOTS_ERROR_TYPE_MISMATCH if it is another object or null; then, for a value that
//! is a reference, GCROOTS_ERROR_WRONG_STORE and GCROOTS_ERROR_UNROOTED; then
//! GCROOTS_ERROR_OUT_OF_BOUNDS for a field that is not there. Functions that set answer
//! GCROOTS_ERROR_IMMUTABLE next, and last GCROOTS_ERROR_NULL_REFERENCE for null in a
//! field that is never null, and GCROOTS_ERROR_TYPE_MISMATCH for a value that the field
//! does not take.

use core::mem::MaybeUninit;
use core::ptr::NonNull;

use super::boundary::{call, enter, fast, fast_without_output, put, required, required_const};
use super::reference::gcroots_ref_t;
use super::status::{GCROOTS_OK, gcroots_status_t};
use super::store::gcroots_store_t;
use super::types::{borrowed, gcroots_type_t};
use super::value::{Raw, Scalar, check_kinds, gcroots_v128_t, gcroots_val_t, read};
use crate::heap::FastPath;
use crate::store::host_code::finalize;
use crate::store::{Store, Value};
use crate::types::RegisteredType;

/// Makes a struct of these values, one for each field, rooted in the current scope. May
/// collect.
///
/// \param type (borrowed)
/// \param fields the values (borrowed), nullable if there is none; read if `count` is
///               the number of the type's fields
/// \param[out] out the handle
/// \return GCROOTS_ERROR_INVALID_ARGUMENT for a value whose kind is none, if the count is
///         the type's; GCROOTS_ERROR_WRONG_ENGINE and GCROOTS_ERROR_TYPE_MISMATCH for a
///         type of another engine, or of no structs; GCROOTS_ERROR_INVALID_ARGUMENT for
///         a `count` that is not the type's; for a value as functions that set;
///         GCROOTS_ERROR_NO_GC, GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_struct_new(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    fields: *const gcroots_val_t,
    count: usize,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, a type that it holds a reference to or
    // NULL, as many values as it says, and `out` valid for writing or NULL.
    if unsafe {
        fast(store, out, |store| {
            let of = r#type.cast::<RegisteredType>().as_ref()?;
            if fields.is_null() {
                return None;
            }
            store.struct_new_fast(FastPath::Leaf, of, count, |index| {
                Raw::new(fields.add(index))
            })
        })
    } {
        return GCROOTS_OK;
    }
    struct_new_slow(store, r#type, fields, count, out)
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
    // SAFETY: as above.
    if unsafe {
        fast(store, out, |store| {
            let of = r#type.cast::<RegisteredType>().as_ref()?;
            if fields.is_null() {
                return None;
            }
            store.struct_new_fast(FastPath::InLine, of, count, |index| {
                Raw::new(fields.add(index))
            })
        })
    } {
        return GCROOTS_OK;
    }
    call(|| {
        let (store, of) = (required(store, "store")?, required_const(r#type, "type")?);
        let fields = match count {
            0 => NonNull::dangling(),
            _ => required_const(fields, "fields")?,
        };
        let out = required(out, "out")?;
        // SAFETY: as above.
        unsafe {
            enter(store)?;
            let of = borrowed(of);
            // A wrong count is refused below, and nothing is read.
            if count == of.fields.len() {
                check_kinds(fields, count)?;
            }
            let value = |index| read(fields.add(index));
            let make = |store: &Store| store.struct_new(&of, count, &value);
            put(out, finalize::allocating(store.cast(), make)?)
        }
    })
}

/// Makes a struct whose fields are zeros and nulls, rooted in the current scope. May
/// collect.
///
/// \param type (borrowed)
/// \param[out] out the handle
/// \return GCROOTS_ERROR_WRONG_ENGINE; GCROOTS_ERROR_TYPE_MISMATCH for a type of no
///         structs, or with a reference that is never null; GCROOTS_ERROR_NO_GC,
///         GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_struct_new_default(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    call(|| {
        let (store, of) = (required(store, "store")?, required_const(r#type, "type")?);
        let out = required(out, "out")?;
        // SAFETY: the caller passes a store, a type that it holds a reference to, and
        // `out` valid for writing.
        unsafe {
            enter(store)?;
            let of = borrowed(of);
            let make = |store: &Store| store.struct_new_default(&of);
            put(out, finalize::allocating(store.cast(), make)?)
        }
    })
}

/// A field's value. Never collects.
///
/// \param[out] out its `of.ref`, if it is a reference, is a new handle or null
/// \return for the struct and the index as above; GCROOTS_ERROR_OUT_OF_MEMORY and
///         GCROOTS_ERROR_LIMIT if a handle is needed
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_struct_get(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    out: *mut MaybeUninit<gcroots_val_t>,
) -> gcroots_status_t {
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { put(out, enter(store)?.struct_get(r#ref.into(), index)?) }
    })
}

/// Sets a field. Never collects.
///
/// \param value (borrowed)
/// \return GCROOTS_ERROR_INVALID_ARGUMENT for a value whose kind is none; for the
///         struct, the index and the value as above
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_struct_set(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    value: *const gcroots_val_t,
) -> gcroots_status_t {
    call(|| {
        let (store, value) = (required(store, "store")?, required_const(value, "value")?);
        // SAFETY: the caller passes a store and a value.
        unsafe {
            let store = enter(store)?;
            store.struct_set(r#ref.into(), index, read(value)?)
        }
    })
}

/// Reads a field that stores a `C`.
///
/// # Safety
///
/// As for [`fast`].
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
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller of `get` passes a store, and `out` valid for writing.
        unsafe {
            let bits = enter(store)?.struct_get_bits(r#ref.into(), index, C::STORAGE)?;
            put(out, C::from_bits(bits))
        }
    })
}

/// Sets a field that stores a `C`.
///
/// # Safety
///
/// As for [`fast_without_output`].
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
    call(|| {
        let store = required(store, "store")?;
        // SAFETY: the caller of `set` passes a store.
        unsafe { enter(store) }?.struct_set(r#ref.into(), index, value.to_value())
    })
}

/// A field that stores an i32. Never collects.
///
/// \return for the struct and the index as above; GCROOTS_ERROR_TYPE_MISMATCH for
///         another field
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

/// A field that stores an i64. Never collects.
///
/// \return for the struct and the index as above; GCROOTS_ERROR_TYPE_MISMATCH for
///         another field
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

/// A field that stores an f32. Never collects.
///
/// \return for the struct and the index as above; GCROOTS_ERROR_TYPE_MISMATCH for
///         another field
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

/// A field that stores an f64. Never collects.
///
/// \return for the struct and the index as above; GCROOTS_ERROR_TYPE_MISMATCH for
///         another field
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

/// A field that stores a v128. Never collects.
///
/// \return for the struct and the index as above; GCROOTS_ERROR_TYPE_MISMATCH for
///         another field
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

/// Sets a field that stores an i32. A packed one takes the lower bits. Never collects.
///
/// \return for the struct, the index and the value as above
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

/// Sets a field that stores an i64. Never collects.
///
/// \return for the struct, the index and the value as above
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

/// Sets a field that stores an f32. Never collects.
///
/// \return for the struct, the index and the value as above
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

/// Sets a field that stores an f64. Never collects.
///
/// \return for the struct, the index and the value as above
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

/// Sets a field that stores a v128. Never collects.
///
/// \return for the struct, the index and the value as above
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

/// A field that is packed, an i8 or i16, with its sign extended. Never collects.
///
/// \return for the struct and the index as above; GCROOTS_ERROR_TYPE_MISMATCH for
///         another field
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
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: as above.
        unsafe {
            let bits = enter(store)?.struct_get_packed(r#ref.into(), index, true)?;
            put(out, bits as i32)
        }
    })
}

/// A field that is packed, an i8 or i16, with zeros before it. Never collects.
///
/// \return for the struct and the index as above; GCROOTS_ERROR_TYPE_MISMATCH for
///         another field
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
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: as above.
        unsafe {
            let bits = enter(store)?.struct_get_packed(r#ref.into(), index, false)?;
            put(out, bits)
        }
    })
}

/// A field that stores a reference. Never collects.
///
/// \param[out] out a new handle of the current scope, or null
/// \return for the struct and the index as above; GCROOTS_ERROR_TYPE_MISMATCH for
///         another field; GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
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
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: as above.
        unsafe { put(out, enter(store)?.struct_get_ref(r#ref.into(), index)?) }
    })
}

/// Sets a field that stores a reference. Never collects.
///
/// \param value_or_null (borrowed)
/// \return for the struct, the index and the value as above
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
    call(|| {
        let store = required(store, "store")?;
        let value = Value::Ref(value.into());
        // SAFETY: as above.
        unsafe { enter(store) }?.struct_set(r#ref.into(), index, value)
    })
}
