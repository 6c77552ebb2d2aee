//! Structs by raw references
//!
//! See the section "Raw references". Field indices start at 0.

use core::mem::MaybeUninit;
use core::ptr::NonNull;

use super::boundary::{
    call, enter, fast, fast_without_output, required, required_const, write_out,
};
use super::raw::gcroots_raw_val_t;
use super::status::{GCROOTS_OK, gcroots_status_t};
use super::store::gcroots_store_t;
use super::types::{borrowed, gcroots_type_t};
use crate::heap::{FastPath, GcRef};
use crate::store::raw::{self, InPlace};
use crate::types::RegisteredType;

/// Makes a struct from one value for each field. May collect. Hold no lock that a finalizer
/// takes.
///
/// \param type the struct's type (borrowed)
/// \param fields the values (borrowed), nullable if `count` is 0. They are read only if
///        `count` is the number of fields of the type, and not any more once the call
///        collects or runs host code. Each value is checked completely before the next one
/// \param count the number of values
/// \param[out] out the bits of the new struct
/// \return GCROOTS_ERROR_WRONG_ENGINE if `type` belongs to another engine;
///         GCROOTS_ERROR_TYPE_MISMATCH if `type` is not a struct type;
///         GCROOTS_ERROR_INVALID_ARGUMENT if `count` is not the number of fields;
///         GCROOTS_ERROR_INVALID_ARGUMENT if the reference in a value refers to no object;
///         GCROOTS_ERROR_NULL_REFERENCE if a value is 0 and its field is not nullable;
///         GCROOTS_ERROR_TYPE_MISMATCH if a value is not of its field's type;
///         GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
///         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the object or for the
///         roots that the call needs meanwhile;
///         GCROOTS_ERROR_LIMIT if the store has no slots left for those roots
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_raw_struct_new(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    fields: *const gcroots_raw_val_t,
    count: usize,
    out: *mut MaybeUninit<u32>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, a type that it holds a reference to or
    // NULL, `count` values, and `out` valid for writing or NULL.
    if unsafe { new_fast::<false>(store, r#type, fields, count, out) } {
        return GCROOTS_OK;
    }
    new_counted(store, r#type, fields, count, out)
}

/// The fast form with counting. A function of its own has fewer registers to save than one
/// with the slow form in it.
#[cold]
#[inline(never)]
extern "C" fn new_counted(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    fields: *const gcroots_raw_val_t,
    count: usize,
    out: *mut MaybeUninit<u32>,
) -> gcroots_status_t {
    // SAFETY: the caller of `gcroots_raw_struct_new` passes a store or NULL, a type that it
    // holds a reference to or NULL, `count` values, and `out` valid for writing or NULL.
    if unsafe { new_fast::<true>(store, r#type, fields, count, out) } {
        return GCROOTS_OK;
    }
    new_slow(store, r#type, fields, count, out)
}

/// The fast form of [`gcroots_raw_struct_new`]. Returns `false`, with nothing changed, if the
/// slow form is needed.
///
/// # Safety
///
/// As for the arguments of [`gcroots_raw_struct_new`].
#[inline(always)]
unsafe fn new_fast<const IN_LINE: bool>(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    fields: *const gcroots_raw_val_t,
    count: usize,
    out: *mut MaybeUninit<u32>,
) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        fast::<GcRef, _>(store, out, |store| {
            let of = r#type.cast::<RegisteredType>().as_ref()?;
            if fields.is_null() {
                return None;
            }
            let path = FastPath::of(IN_LINE);
            let field = |index| InPlace::new(path, fields.add(index).cast());
            store.struct_new_fast(path, of, count, field)
        })
    }
}

#[cold]
#[inline(never)]
extern "C" fn new_slow(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    fields: *const gcroots_raw_val_t,
    count: usize,
    out: *mut MaybeUninit<u32>,
) -> gcroots_status_t {
    call("gcroots_raw_struct_new", || {
        let (store, of) = (required(store, "store")?, required_const(r#type, "type")?);
        let fields = match count {
            0 => NonNull::dangling(),
            _ => required_const(fields, "fields")?,
        };
        let out = required(out, "out")?;
        // SAFETY: the caller passes a store, a type that it holds a reference to, `count`
        // values, and `out` valid for writing.
        unsafe {
            enter(store)?;
            let made = raw::struct_new(store.cast(), &borrowed(of), fields.cast(), count)?;
            write_out(out, made)
        }
    })
}

/// Makes a struct whose fields are zero or null. May collect. Hold no lock that a finalizer
/// takes.
///
/// \param type the struct's type (borrowed)
/// \param[out] out the bits of the new struct
/// \return GCROOTS_ERROR_WRONG_ENGINE if `type` belongs to another engine;
///         GCROOTS_ERROR_TYPE_MISMATCH if `type` is not a struct type;
///         GCROOTS_ERROR_TYPE_MISMATCH if a field is a reference that is not nullable;
///         GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
///         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the object or for the root
///         that the call needs meanwhile;
///         GCROOTS_ERROR_LIMIT if the store has no slot left for that root
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_raw_struct_new_default(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    out: *mut MaybeUninit<u32>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, a type that it holds a reference to or
    // NULL, and `out` valid for writing or NULL.
    if unsafe { new_default_fast::<false>(store, r#type, out) } {
        return GCROOTS_OK;
    }
    new_default_slow(store, r#type, out)
}

/// The fast form of [`gcroots_raw_struct_new_default`]. Returns `false`, with nothing
/// changed, if the slow form is needed.
///
/// # Safety
///
/// As for the arguments of [`gcroots_raw_struct_new_default`].
#[inline(always)]
unsafe fn new_default_fast<const IN_LINE: bool>(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    out: *mut MaybeUninit<u32>,
) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        fast::<GcRef, _>(store, out, |store| {
            let of = r#type.cast::<RegisteredType>().as_ref()?;
            store.struct_new_default_fast(FastPath::of(IN_LINE), of)
        })
    }
}

#[cold]
#[inline(never)]
extern "C" fn new_default_slow(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    out: *mut MaybeUninit<u32>,
) -> gcroots_status_t {
    // SAFETY: the caller of `gcroots_raw_struct_new_default` passes a store or NULL, a type
    // that it holds a reference to or NULL, and `out` valid for writing or NULL.
    if unsafe { new_default_fast::<true>(store, r#type, out) } {
        return GCROOTS_OK;
    }
    call("gcroots_raw_struct_new_default", || {
        let (store, of) = (required(store, "store")?, required_const(r#type, "type")?);
        let out = required(out, "out")?;
        // SAFETY: the caller passes a store, a type that it holds a reference to, and `out`
        // valid for writing.
        unsafe {
            enter(store)?;
            write_out(out, raw::struct_new_default(store.cast(), &borrowed(of))?)
        }
    })
}

/// Reads a field of any storage. Never collects.
///
/// \param object the bits of a struct
/// \param[out] out the value; the bytes that the field does not have are 0
/// \return GCROOTS_ERROR_INVALID_ARGUMENT if `object` refers to no object;
///         GCROOTS_ERROR_NULL_REFERENCE if `object` is 0;
///         GCROOTS_ERROR_TYPE_MISMATCH if `object` does not refer to a struct;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the struct has no field `field`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_raw_struct_get(
    store: *mut gcroots_store_t,
    object: u32,
    field: u32,
    out: *mut MaybeUninit<gcroots_raw_val_t>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and `out` valid for writing or NULL.
    if unsafe {
        fast(store, out, |store| {
            store.raw_struct_get_fast(object, field as usize)
        })
    } {
        return GCROOTS_OK;
    }
    get_slow(store, object, field, out)
}

#[cold]
#[inline(never)]
extern "C" fn get_slow(
    store: *mut gcroots_store_t,
    object: u32,
    field: u32,
    out: *mut MaybeUninit<gcroots_raw_val_t>,
) -> gcroots_status_t {
    call("gcroots_raw_struct_get", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller of `gcroots_raw_struct_get` passes a store, and `out` valid for
        // writing.
        unsafe { write_out(out, enter(store)?.raw_struct_get(object, field as usize)?) }
    })
}

/// Sets a field of any storage. Never collects.
///
/// \param object the bits of a struct
/// \param value the new value (borrowed). It is read only if the struct has the field
/// \return GCROOTS_ERROR_INVALID_ARGUMENT if `object` refers to no object;
///         GCROOTS_ERROR_NULL_REFERENCE if `object` is 0;
///         GCROOTS_ERROR_TYPE_MISMATCH if `object` does not refer to a struct;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the struct has no field `field`;
///         GCROOTS_ERROR_INVALID_ARGUMENT if the reference in `value` refers to no object;
///         GCROOTS_ERROR_IMMUTABLE if the field is immutable;
///         GCROOTS_ERROR_NULL_REFERENCE if `value` is 0 and the field is not nullable;
///         GCROOTS_ERROR_TYPE_MISMATCH if `value` is not of the field's type
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_raw_struct_set(
    store: *mut gcroots_store_t,
    object: u32,
    field: u32,
    value: *const gcroots_raw_val_t,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and a value or NULL.
    if unsafe {
        fast_without_output(store, |store| {
            let set = || {
                let value = NonNull::new(value.cast_mut())?.cast();
                store.raw_struct_set_fast(FastPath::InLine, object, field as usize, value.as_ptr())
            };
            set().is_some()
        })
    } {
        return GCROOTS_OK;
    }
    set_slow(store, object, field, value)
}

#[cold]
#[inline(never)]
extern "C" fn set_slow(
    store: *mut gcroots_store_t,
    object: u32,
    field: u32,
    value: *const gcroots_raw_val_t,
) -> gcroots_status_t {
    call("gcroots_raw_struct_set", || {
        let (store, value) = (required(store, "store")?, required_const(value, "value")?);
        // SAFETY: the caller of `gcroots_raw_struct_set` passes a store and a value.
        unsafe { enter(store)?.raw_struct_set(object, field as usize, value.cast()) }
    })
}

/// Reads a field of storage ref. Never collects.
///
/// \param object the bits of a struct
/// \param[out] out the bits of the reference in the field; valid until the next collection
/// \return GCROOTS_ERROR_INVALID_ARGUMENT if `object` refers to no object;
///         GCROOTS_ERROR_NULL_REFERENCE if `object` is 0;
///         GCROOTS_ERROR_TYPE_MISMATCH if `object` does not refer to a struct;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the struct has no field `field`;
///         GCROOTS_ERROR_TYPE_MISMATCH if the field's storage is not ref
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_raw_struct_get_ref(
    store: *mut gcroots_store_t,
    object: u32,
    field: u32,
    out: *mut MaybeUninit<u32>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and `out` valid for writing or NULL.
    if unsafe {
        fast(store, out, |store| {
            store.raw_struct_get_ref_fast(object, field as usize)
        })
    } {
        return GCROOTS_OK;
    }
    get_ref_slow(store, object, field, out)
}

#[cold]
#[inline(never)]
extern "C" fn get_ref_slow(
    store: *mut gcroots_store_t,
    object: u32,
    field: u32,
    out: *mut MaybeUninit<u32>,
) -> gcroots_status_t {
    call("gcroots_raw_struct_get_ref", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller of `gcroots_raw_struct_get_ref` passes a store, and `out` valid
        // for writing.
        unsafe {
            let bits = enter(store)?.raw_struct_get_ref(object, field as usize)?;
            write_out(out, bits)
        }
    })
}

/// Sets a field of storage ref. Never collects.
///
/// \param object the bits of a struct
/// \param value the bits of the new reference
/// \return GCROOTS_ERROR_INVALID_ARGUMENT if `object` refers to no object;
///         GCROOTS_ERROR_NULL_REFERENCE if `object` is 0;
///         GCROOTS_ERROR_TYPE_MISMATCH if `object` does not refer to a struct;
///         GCROOTS_ERROR_INVALID_ARGUMENT if `value` refers to no object;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the struct has no field `field`;
///         GCROOTS_ERROR_IMMUTABLE if the field is immutable;
///         GCROOTS_ERROR_NULL_REFERENCE if `value` is 0 and the field is not nullable;
///         GCROOTS_ERROR_TYPE_MISMATCH if the field's storage is not ref, or `value` is not
///         of the field's type
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_raw_struct_set_ref(
    store: *mut gcroots_store_t,
    object: u32,
    field: u32,
    value: u32,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL.
    if unsafe { set_ref_fast::<false>(store, object, field, value) } {
        return GCROOTS_OK;
    }
    set_ref_counted(store, object, field, value)
}

/// The fast form with counting. A function of its own has fewer registers to save than one
/// with the slow form in it.
#[cold]
#[inline(never)]
extern "C" fn set_ref_counted(
    store: *mut gcroots_store_t,
    object: u32,
    field: u32,
    value: u32,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL.
    if unsafe { set_ref_fast::<true>(store, object, field, value) } {
        return GCROOTS_OK;
    }
    set_ref_slow(store, object, field, value)
}

/// The fast form of [`gcroots_raw_struct_set_ref`].
///
/// # Safety
///
/// `store` must be NULL or point to a live store.
#[inline(always)]
unsafe fn set_ref_fast<const IN_LINE: bool>(
    store: *mut gcroots_store_t,
    object: u32,
    field: u32,
    value: u32,
) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        fast_without_output(store, |store| {
            store
                .raw_struct_set_ref_fast(FastPath::of(IN_LINE), object, field as usize, value)
                .is_some()
        })
    }
}

#[cold]
#[inline(never)]
extern "C" fn set_ref_slow(
    store: *mut gcroots_store_t,
    object: u32,
    field: u32,
    value: u32,
) -> gcroots_status_t {
    call("gcroots_raw_struct_set_ref", || {
        let store = required(store, "store")?;
        // SAFETY: the caller of `gcroots_raw_struct_set_ref` passes a store.
        unsafe { enter(store) }?.raw_struct_set_ref(object, field as usize, value)
    })
}
