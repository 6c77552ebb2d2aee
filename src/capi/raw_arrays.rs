//! Arrays by raw references
//!
//! See the section "Raw references". Element indices start at 0.

use core::ffi::c_void;
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

/// Makes an array whose elements all have one value. May collect. Hold no lock that a
/// finalizer takes.
///
/// \param type the array's type (borrowed)
/// \param fill_or_null the value of all elements (borrowed). NULL makes them zero or null
/// \param length the number of elements
/// \param[out] out the bits of the new array
/// \return GCROOTS_ERROR_WRONG_ENGINE if `type` belongs to another engine;
///         GCROOTS_ERROR_TYPE_MISMATCH if `type` is not an array type;
///         GCROOTS_ERROR_TYPE_MISMATCH if `fill_or_null` is NULL and the elements are
///         references that are not nullable;
///         GCROOTS_ERROR_INVALID_ARGUMENT if the reference in `fill_or_null` refers to no
///         object;
///         GCROOTS_ERROR_NULL_REFERENCE if `fill_or_null` is a 0 and the elements are not
///         nullable;
///         GCROOTS_ERROR_TYPE_MISMATCH if `fill_or_null` is not of the elements' type;
///         GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
///         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the object or for the
///         roots that the call needs meanwhile;
///         GCROOTS_ERROR_LIMIT if the store has no slots left for those roots
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_raw_array_new(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    fill_or_null: *const gcroots_raw_val_t,
    length: u32,
    out: *mut MaybeUninit<u32>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, a type that it holds a reference to or
    // NULL, a value or NULL, and `out` valid for writing or NULL.
    if unsafe { new_fast::<false>(store, r#type, fill_or_null, length, out) } {
        return GCROOTS_OK;
    }
    new_slow(store, r#type, fill_or_null, length, out)
}

/// The fast form of [`gcroots_raw_array_new`]. Returns `false`, with nothing changed, if the
/// slow form is needed.
///
/// # Safety
///
/// As for the arguments of [`gcroots_raw_array_new`].
#[inline(always)]
unsafe fn new_fast<const IN_LINE: bool>(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    fill_or_null: *const gcroots_raw_val_t,
    length: u32,
    out: *mut MaybeUninit<u32>,
) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        fast::<GcRef, _>(store, out, |store| {
            let of = r#type.cast::<RegisteredType>().as_ref()?;
            let path = FastPath::of(IN_LINE);
            if fill_or_null.is_null() {
                return store.array_new_default_fast(path, of, length);
            }
            let value = InPlace::new(path, fill_or_null.cast());
            store.array_new_fast(path, of, value, length)
        })
    }
}

#[cold]
#[inline(never)]
extern "C" fn new_slow(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    fill_or_null: *const gcroots_raw_val_t,
    length: u32,
    out: *mut MaybeUninit<u32>,
) -> gcroots_status_t {
    // SAFETY: the caller of `gcroots_raw_array_new` passes a store or NULL, a type that it
    // holds a reference to or NULL, a value or NULL, and `out` valid for writing or NULL.
    if unsafe { new_fast::<true>(store, r#type, fill_or_null, length, out) } {
        return GCROOTS_OK;
    }
    call("gcroots_raw_array_new", || {
        let (store, of) = (required(store, "store")?, required_const(r#type, "type")?);
        let out = required(out, "out")?;
        // SAFETY: the caller passes a store, a type that it holds a reference to, a value or
        // NULL, and `out` valid for writing.
        unsafe {
            enter(store)?;
            let (of, core) = (borrowed(of), store.cast());
            let made = match NonNull::new(fill_or_null.cast_mut()) {
                Some(fill) => raw::array_new(core, &of, fill.cast(), length)?,
                None => raw::array_new_default(core, &of, length)?,
            };
            write_out(out, made)
        }
    })
}

/// Makes an array of the given values. May collect. Hold no lock that a finalizer takes.
///
/// \param type the array's type (borrowed)
/// \param elements the values (borrowed), nullable if `length` is 0. They are not read any
///        more once the call collects or runs host code. Each value is checked completely
///        before the next one
/// \param length the number of values
/// \param[out] out the bits of the new array
/// \return GCROOTS_ERROR_WRONG_ENGINE if `type` belongs to another engine;
///         GCROOTS_ERROR_TYPE_MISMATCH if `type` is not an array type;
///         GCROOTS_ERROR_INVALID_ARGUMENT if the reference in a value refers to no object;
///         GCROOTS_ERROR_NULL_REFERENCE if a value is 0 and the elements are not nullable;
///         GCROOTS_ERROR_TYPE_MISMATCH if a value is not of the elements' type;
///         GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
///         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the object or for the
///         roots that the call needs meanwhile;
///         GCROOTS_ERROR_LIMIT if the store has no slots left for those roots
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_raw_array_new_fixed(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    elements: *const gcroots_raw_val_t,
    length: u32,
    out: *mut MaybeUninit<u32>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, a type that it holds a reference to or
    // NULL, `length` values, and `out` valid for writing or NULL.
    if unsafe { new_fixed_fast::<false>(store, r#type, elements, length, out) } {
        return GCROOTS_OK;
    }
    new_fixed_slow(store, r#type, elements, length, out)
}

/// The fast form of [`gcroots_raw_array_new_fixed`]. Returns `false`, with nothing changed, if the
/// slow form is needed.
///
/// # Safety
///
/// As for the arguments of [`gcroots_raw_array_new_fixed`].
#[inline(always)]
unsafe fn new_fixed_fast<const IN_LINE: bool>(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    elements: *const gcroots_raw_val_t,
    length: u32,
    out: *mut MaybeUninit<u32>,
) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        fast::<GcRef, _>(store, out, |store| {
            let of = r#type.cast::<RegisteredType>().as_ref()?;
            let path = FastPath::of(IN_LINE);
            if elements.is_null() {
                return None;
            }
            let element = |index| InPlace::new(path, elements.add(index).cast());
            store.array_new_fixed_fast(path, of, length, element)
        })
    }
}

#[cold]
#[inline(never)]
extern "C" fn new_fixed_slow(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    elements: *const gcroots_raw_val_t,
    length: u32,
    out: *mut MaybeUninit<u32>,
) -> gcroots_status_t {
    // SAFETY: the caller of `gcroots_raw_array_new_fixed` passes a store or NULL, a type that it
    // holds a reference to or NULL, `length` values, and `out` valid for writing or NULL.
    if unsafe { new_fixed_fast::<true>(store, r#type, elements, length, out) } {
        return GCROOTS_OK;
    }
    call("gcroots_raw_array_new_fixed", || {
        let (store, of) = (required(store, "store")?, required_const(r#type, "type")?);
        let elements = match length {
            0 => NonNull::dangling(),
            _ => required_const(elements, "elements")?,
        };
        let out = required(out, "out")?;
        // SAFETY: the caller passes a store, a type that it holds a reference to, `length`
        // values, and `out` valid for writing.
        unsafe {
            enter(store)?;
            let (of, elements) = (borrowed(of), elements.cast());
            let made = raw::array_new_fixed(store.cast(), &of, elements, length)?;
            write_out(out, made)
        }
    })
}

/// Makes an array of numbers that are copied from memory outside the heap. May collect.
/// Hold no lock that a finalizer takes.
///
/// \param type the array's type (borrowed)
/// \param bytes the elements (borrowed), one after another as gcroots_array_read() writes
///        them; nullable if `length` is 0
/// \param length the number of elements
/// \param[out] out the bits of the new array
/// \return GCROOTS_ERROR_WRONG_ENGINE if `type` belongs to another engine;
///         GCROOTS_ERROR_TYPE_MISMATCH if `type` is not an array type, or its elements are
///         references;
///         GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
///         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the object or for the
///         roots that the call needs meanwhile;
///         GCROOTS_ERROR_LIMIT if the store has no slots left for those roots
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_raw_array_new_bytes(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    bytes: *const c_void,
    length: u32,
    out: *mut MaybeUninit<u32>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, a type that it holds a reference to or
    // NULL, `length` elements, and `out` valid for writing or NULL.
    if unsafe { new_bytes_fast::<false>(store, r#type, bytes, length, out) } {
        return GCROOTS_OK;
    }
    new_bytes_slow(store, r#type, bytes, length, out)
}

/// The fast form of [`gcroots_raw_array_new_bytes`]. Returns `false`, with nothing changed, if the
/// slow form is needed.
///
/// # Safety
///
/// As for the arguments of [`gcroots_raw_array_new_bytes`].
#[inline(always)]
unsafe fn new_bytes_fast<const IN_LINE: bool>(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    bytes: *const c_void,
    length: u32,
    out: *mut MaybeUninit<u32>,
) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        fast::<GcRef, _>(store, out, |store| {
            let of = r#type.cast::<RegisteredType>().as_ref()?;
            let path = FastPath::of(IN_LINE);
            if bytes.is_null() {
                return None;
            }
            store.array_new_bytes_fast(path, of, bytes.cast(), length)
        })
    }
}

#[cold]
#[inline(never)]
extern "C" fn new_bytes_slow(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    bytes: *const c_void,
    length: u32,
    out: *mut MaybeUninit<u32>,
) -> gcroots_status_t {
    // SAFETY: the caller of `gcroots_raw_array_new_bytes` passes a store or NULL, a type that it
    // holds a reference to or NULL, `length` elements, and `out` valid for writing or NULL.
    if unsafe { new_bytes_fast::<true>(store, r#type, bytes, length, out) } {
        return GCROOTS_OK;
    }
    call("gcroots_raw_array_new_bytes", || {
        let (store, of) = (required(store, "store")?, required_const(r#type, "type")?);
        let bytes = match length {
            0 => NonNull::dangling(),
            _ => required_const(bytes, "bytes")?,
        };
        let out = required(out, "out")?;
        // SAFETY: the caller passes a store, a type that it holds a reference to, `length`
        // elements, and `out` valid for writing.
        unsafe {
            enter(store)?;
            let (of, bytes) = (borrowed(of), bytes.cast());
            write_out(out, raw::array_new_bytes(store.cast(), &of, bytes, length)?)
        }
    })
}

/// Gets an array's length. Never collects.
///
/// \param array the bits of an array
/// \param[out] out the number of elements
/// \return GCROOTS_ERROR_INVALID_ARGUMENT if `array` refers to no object;
///         GCROOTS_ERROR_NULL_REFERENCE if `array` is 0;
///         GCROOTS_ERROR_TYPE_MISMATCH if `array` does not refer to an array
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_raw_array_len(
    store: *mut gcroots_store_t,
    array: u32,
    out: *mut MaybeUninit<u32>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and `out` valid for writing or NULL.
    if unsafe { fast(store, out, |store| store.raw_array_len_fast(array)) } {
        return GCROOTS_OK;
    }
    len_slow(store, array, out)
}

#[cold]
#[inline(never)]
extern "C" fn len_slow(
    store: *mut gcroots_store_t,
    array: u32,
    out: *mut MaybeUninit<u32>,
) -> gcroots_status_t {
    call("gcroots_raw_array_len", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller of `gcroots_raw_array_len` passes a store, and `out` valid for
        // writing.
        unsafe { write_out(out, enter(store)?.raw_array_len(array)?) }
    })
}

/// Reads an element of any storage. Never collects.
///
/// \param array the bits of an array
/// \param[out] out the value; the bytes that the element does not have are 0
/// \return GCROOTS_ERROR_INVALID_ARGUMENT if `array` refers to no object;
///         GCROOTS_ERROR_NULL_REFERENCE if `array` is 0;
///         GCROOTS_ERROR_TYPE_MISMATCH if `array` does not refer to an array;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the array has no element `index`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_raw_array_get(
    store: *mut gcroots_store_t,
    array: u32,
    index: u32,
    out: *mut MaybeUninit<gcroots_raw_val_t>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and `out` valid for writing or NULL.
    if unsafe {
        fast(store, out, |store| {
            store.raw_array_get_fast(array, index.into())
        })
    } {
        return GCROOTS_OK;
    }
    get_slow(store, array, index, out)
}

#[cold]
#[inline(never)]
extern "C" fn get_slow(
    store: *mut gcroots_store_t,
    array: u32,
    index: u32,
    out: *mut MaybeUninit<gcroots_raw_val_t>,
) -> gcroots_status_t {
    call("gcroots_raw_array_get", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller of `gcroots_raw_array_get` passes a store, and `out` valid for
        // writing.
        unsafe { write_out(out, enter(store)?.raw_array_get(array, index.into())?) }
    })
}

/// Sets an element of any storage. Never collects.
///
/// \param array the bits of an array
/// \param value the new value (borrowed)
/// \return GCROOTS_ERROR_INVALID_ARGUMENT if `array` refers to no object;
///         GCROOTS_ERROR_NULL_REFERENCE if `array` is 0;
///         GCROOTS_ERROR_TYPE_MISMATCH if `array` does not refer to an array;
///         GCROOTS_ERROR_INVALID_ARGUMENT if the reference in `value` refers to no object;
///         GCROOTS_ERROR_IMMUTABLE if the elements are immutable;
///         GCROOTS_ERROR_NULL_REFERENCE if `value` is 0 and the elements are not nullable;
///         GCROOTS_ERROR_TYPE_MISMATCH if `value` is not of the elements' type;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the array has no element `index`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_raw_array_set(
    store: *mut gcroots_store_t,
    array: u32,
    index: u32,
    value: *const gcroots_raw_val_t,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and a value or NULL.
    if unsafe {
        fast_without_output(store, |store| {
            let set = || {
                let value = NonNull::new(value.cast_mut())?.cast();
                store.raw_array_set_fast(FastPath::InLine, array, index.into(), value.as_ptr())
            };
            set().is_some()
        })
    } {
        return GCROOTS_OK;
    }
    set_slow(store, array, index, value)
}

#[cold]
#[inline(never)]
extern "C" fn set_slow(
    store: *mut gcroots_store_t,
    array: u32,
    index: u32,
    value: *const gcroots_raw_val_t,
) -> gcroots_status_t {
    call("gcroots_raw_array_set", || {
        let (store, value) = (required(store, "store")?, required_const(value, "value")?);
        // SAFETY: the caller of `gcroots_raw_array_set` passes a store and a value.
        unsafe { enter(store)?.raw_array_fill(array, index.into(), value.cast(), 1) }
    })
}

/// Reads an element of storage ref. Never collects.
///
/// \param array the bits of an array
/// \param[out] out the bits of the reference in the element; valid until the next
///             collection
/// \return GCROOTS_ERROR_INVALID_ARGUMENT if `array` refers to no object;
///         GCROOTS_ERROR_NULL_REFERENCE if `array` is 0;
///         GCROOTS_ERROR_TYPE_MISMATCH if `array` does not refer to an array;
///         GCROOTS_ERROR_TYPE_MISMATCH if the elements' storage is not ref;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the array has no element `index`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_raw_array_get_ref(
    store: *mut gcroots_store_t,
    array: u32,
    index: u32,
    out: *mut MaybeUninit<u32>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and `out` valid for writing or NULL.
    if unsafe {
        fast(store, out, |store| {
            store.raw_array_get_ref_fast(array, index.into())
        })
    } {
        return GCROOTS_OK;
    }
    get_ref_slow(store, array, index, out)
}

#[cold]
#[inline(never)]
extern "C" fn get_ref_slow(
    store: *mut gcroots_store_t,
    array: u32,
    index: u32,
    out: *mut MaybeUninit<u32>,
) -> gcroots_status_t {
    call("gcroots_raw_array_get_ref", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller of `gcroots_raw_array_get_ref` passes a store, and `out` valid
        // for writing.
        unsafe { write_out(out, enter(store)?.raw_array_get_ref(array, index.into())?) }
    })
}

/// Sets an element of storage ref. Never collects.
///
/// \param array the bits of an array
/// \param value the bits of the new reference
/// \return GCROOTS_ERROR_INVALID_ARGUMENT if `array` refers to no object;
///         GCROOTS_ERROR_NULL_REFERENCE if `array` is 0;
///         GCROOTS_ERROR_TYPE_MISMATCH if `array` does not refer to an array;
///         GCROOTS_ERROR_INVALID_ARGUMENT if `value` refers to no object;
///         GCROOTS_ERROR_IMMUTABLE if the elements are immutable;
///         GCROOTS_ERROR_NULL_REFERENCE if `value` is 0 and the elements are not nullable;
///         GCROOTS_ERROR_TYPE_MISMATCH if the elements' storage is not ref, or `value` is
///         not of the elements' type;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the array has no element `index`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_raw_array_set_ref(
    store: *mut gcroots_store_t,
    array: u32,
    index: u32,
    value: u32,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL.
    if unsafe { set_ref_fast::<false>(store, array, index, value) } {
        return GCROOTS_OK;
    }
    set_ref_slow(store, array, index, value)
}

/// The fast form of [`gcroots_raw_array_set_ref`].
///
/// # Safety
///
/// `store` must be NULL or point to a live store.
#[inline(always)]
unsafe fn set_ref_fast<const IN_LINE: bool>(
    store: *mut gcroots_store_t,
    array: u32,
    index: u32,
    value: u32,
) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        fast_without_output(store, |store| {
            store
                .raw_array_set_ref_fast(FastPath::of(IN_LINE), array, index.into(), value)
                .is_some()
        })
    }
}

#[cold]
#[inline(never)]
extern "C" fn set_ref_slow(
    store: *mut gcroots_store_t,
    array: u32,
    index: u32,
    value: u32,
) -> gcroots_status_t {
    // SAFETY: the caller of `gcroots_raw_array_set_ref` passes a store or NULL.
    if unsafe { set_ref_fast::<true>(store, array, index, value) } {
        return GCROOTS_OK;
    }
    call("gcroots_raw_array_set_ref", || {
        let store = required(store, "store")?;
        // SAFETY: the caller of `gcroots_raw_array_set_ref` passes a store.
        unsafe { enter(store) }?.raw_array_set_ref(array, index.into(), value)
    })
}

/// Sets `count` elements from `index` on to one value. Never collects.
///
/// \param array the bits of an array
/// \param value the new value (borrowed)
/// \return GCROOTS_ERROR_INVALID_ARGUMENT if `array` refers to no object;
///         GCROOTS_ERROR_NULL_REFERENCE if `array` is 0;
///         GCROOTS_ERROR_TYPE_MISMATCH if `array` does not refer to an array;
///         GCROOTS_ERROR_INVALID_ARGUMENT if the reference in `value` refers to no object;
///         GCROOTS_ERROR_IMMUTABLE if the elements are immutable;
///         GCROOTS_ERROR_NULL_REFERENCE if `value` is 0 and the elements are not nullable;
///         GCROOTS_ERROR_TYPE_MISMATCH if `value` is not of the elements' type;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the elements are not all in the array
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_raw_array_fill(
    store: *mut gcroots_store_t,
    array: u32,
    index: u32,
    value: *const gcroots_raw_val_t,
    count: u32,
) -> gcroots_status_t {
    call("gcroots_raw_array_fill", || {
        let (store, value) = (required(store, "store")?, required_const(value, "value")?);
        // SAFETY: the caller passes a store and a value.
        unsafe { enter(store)?.raw_array_fill(array, index.into(), value.cast(), count.into()) }
    })
}

/// Copies `count` elements from one array to another. The two may be the same array, and the
/// ranges may overlap. Never collects.
///
/// \param dst the bits of the array that is written
/// \param dst_index the first element that is written
/// \param src the bits of the array that is read
/// \param src_index the first element that is read
/// \return GCROOTS_ERROR_INVALID_ARGUMENT if `dst` refers to no object;
///         GCROOTS_ERROR_NULL_REFERENCE if `dst` is 0;
///         GCROOTS_ERROR_TYPE_MISMATCH if `dst` does not refer to an array;
///         the same three for `src`;
///         GCROOTS_ERROR_IMMUTABLE if the elements of `dst` are immutable;
///         GCROOTS_ERROR_TYPE_MISMATCH if the type of the elements of `src` is not that of
///         `dst` or a subtype of it;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the elements are not all in the arrays
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_raw_array_copy(
    store: *mut gcroots_store_t,
    dst: u32,
    dst_index: u32,
    src: u32,
    src_index: u32,
    count: u32,
) -> gcroots_status_t {
    call("gcroots_raw_array_copy", || {
        let store = required(store, "store")?;
        // SAFETY: the caller passes a store.
        let store = unsafe { enter(store) }?;
        let (to, from) = ((dst, dst_index.into()), (src, src_index.into()));
        store.raw_array_copy(to, from, count.into())
    })
}
