//! Arrays
//!
//! An array has a length, which never changes, and elements of one type, at indices
//! from 0 on. The store keeps each type that it has made an object of. References
//! inside a gcroots_val_t are borrowed going in and new handles of the current scope
//! coming out.
//!
//! Functions that take an array answer GCROOTS_ERROR_WRONG_STORE,
//! GCROOTS_ERROR_UNROOTED, GCROOTS_ERROR_NULL_REFERENCE, and
//! GCROOTS_ERROR_TYPE_MISMATCH if it is another object or null; then, for a value that
//! is a reference, GCROOTS_ERROR_WRONG_STORE and GCROOTS_ERROR_UNROOTED. Functions that
//! set answer GCROOTS_ERROR_IMMUTABLE next, then GCROOTS_ERROR_NULL_REFERENCE for null
//! where elements are never null, and GCROOTS_ERROR_TYPE_MISMATCH for a value that
//! elements do not take. Last comes GCROOTS_ERROR_OUT_OF_BOUNDS for elements that are
//! not there. A range of no elements may begin at the length, not beyond.

use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use super::boundary::{call, enter, fast, fast_without_output, put, required, required_const};
use super::reference::gcroots_ref_t;
use super::status::{GCROOTS_OK, gcroots_status_t};
use super::store::gcroots_store_t;
use super::types::{borrowed, gcroots_type_t};
use super::value::{Scalar, check_kinds, gcroots_v128_t, gcroots_val_t, read};
use crate::error::Result;
use crate::heap::FastPath;
use crate::roots::Handle;
use crate::store::host_code::finalize;
use crate::store::{Store, Value};
use crate::types::Type;

/// Makes an array of `length` times a value, rooted in the current scope. May collect.
///
/// \param type (borrowed)
/// \param value (borrowed)
/// \param[out] out the handle
/// \return GCROOTS_ERROR_INVALID_ARGUMENT for a value whose kind is none;
///         GCROOTS_ERROR_WRONG_ENGINE and GCROOTS_ERROR_TYPE_MISMATCH for a type of
///         another engine, or of no arrays; for the value as functions that set;
///         GCROOTS_ERROR_LIMIT for more than 2^32 - 1 elements; GCROOTS_ERROR_NO_GC,
///         GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_array_new(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    value: *const gcroots_val_t,
    length: usize,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    call(|| {
        let (store, of) = (required(store, "store")?, required_const(r#type, "type")?);
        let (value, out) = (required_const(value, "value")?, required(out, "out")?);
        // SAFETY: the caller passes a store, a type that it holds a reference to, a
        // value, and `out` valid for writing.
        unsafe {
            make(
                store,
                of,
                out,
                || read(value),
                |store, of, value| store.array_new(of, value, length as u64),
            )
        }
    })
}

/// Makes an array of zeros or nulls, rooted in the current scope. May collect.
///
/// \param type (borrowed)
/// \param[out] out the handle
/// \return GCROOTS_ERROR_WRONG_ENGINE; GCROOTS_ERROR_TYPE_MISMATCH for a type of no
///         arrays, or of references that are never null; GCROOTS_ERROR_LIMIT for more
///         than 2^32 - 1 elements; GCROOTS_ERROR_NO_GC, GCROOTS_ERROR_OUT_OF_MEMORY,
///         GCROOTS_ERROR_LIMIT
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_array_new_default(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    length: usize,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    call(|| {
        let (store, of) = (required(store, "store")?, required_const(r#type, "type")?);
        let out = required(out, "out")?;
        // SAFETY: the caller passes a store, a type that it holds a reference to, and
        // `out` valid for writing.
        unsafe {
            make(
                store,
                of,
                out,
                || Ok(()),
                |store, of, ()| store.array_new_default(of, length as u64),
            )
        }
    })
}

/// Makes an array of these values, rooted in the current scope. May collect.
///
/// \param type (borrowed)
/// \param elements the values (borrowed), nullable if there is none
/// \param[out] out the handle
/// \return as gcroots_array_new(); GCROOTS_ERROR_LIMIT for the count comes before what
///         is wrong with values
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_array_new_fixed(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    elements: *const gcroots_val_t,
    count: usize,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    call(|| {
        let (store, of) = (required(store, "store")?, required_const(r#type, "type")?);
        let elements = match count {
            0 => NonNull::dangling(),
            _ => required_const(elements, "elements")?,
        };
        let out = required(out, "out")?;
        // SAFETY: the caller passes a store, a type that it holds a reference to, as
        // many values as it says, and `out` valid for writing.
        unsafe {
            let kinds = || match u32::try_from(count) {
                Ok(_) => check_kinds(elements, count),
                // Refused below, and nothing is read.
                Err(_) => Ok(()),
            };
            make(store, of, out, kinds, |store, of, ()| {
                store.array_new_fixed(of, count, &|index| read(elements.add(index)))
            })
        }
    })
}

/// Makes an array in a store that is entered first; then `prepare` checks integers.
///
/// # Safety
///
/// As for [`enter`] and [`put`]; the caller must hold a reference to the type.
unsafe fn make<T: Copy>(
    store: NonNull<gcroots_store_t>,
    of: NonNull<gcroots_type_t>,
    out: NonNull<MaybeUninit<gcroots_ref_t>>,
    prepare: impl FnOnce() -> Result<T>,
    new: impl Fn(&Store, &Type, T) -> Result<Handle>,
) -> Result<()> {
    // SAFETY: the caller's promise.
    unsafe {
        enter(store)?;
        let prepared = prepare()?;
        let of = borrowed(of);
        let new = |store: &Store| new(store, &of, prepared);
        put(out, finalize::allocating(store.cast(), new)?)
    }
}

/// An array's length. Never collects.
///
/// \return for the array as above
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_array_len(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    out: *mut MaybeUninit<usize>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and `out` valid for writing or NULL.
    if unsafe { fast(store, out, |store| store.array_len_fast(r#ref.into())) } {
        return GCROOTS_OK;
    }
    len_slow(store, r#ref, out)
}

#[cold]
#[inline(never)]
extern "C" fn len_slow(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    out: *mut MaybeUninit<usize>,
) -> gcroots_status_t {
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: as above.
        unsafe { put(out, enter(store)?.array_len(r#ref.into())? as usize) }
    })
}

/// An element's value. Never collects.
///
/// \param[out] out its `of.ref`, if it is a reference, is a new handle or null
/// \return for the array and the index as above; GCROOTS_ERROR_OUT_OF_MEMORY and
///         GCROOTS_ERROR_LIMIT if a handle is needed
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_array_get(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    out: *mut MaybeUninit<gcroots_val_t>,
) -> gcroots_status_t {
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { put(out, enter(store)?.array_get(r#ref.into(), index as u64)?) }
    })
}

/// Sets an element. Never collects.
///
/// \param value (borrowed)
/// \return GCROOTS_ERROR_INVALID_ARGUMENT for a value whose kind is none; for the
///         array, the index and the value as above
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_array_set(
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
            store.array_set(r#ref.into(), index as u64, read(value)?)
        }
    })
}

/// Reads an element that stores a `C`.
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
            let bits = store.array_get_bits_fast(r#ref.into(), index as u64, C::STORAGE)?;
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
            let bits = enter(store)?.array_get_bits(r#ref.into(), index as u64, C::STORAGE)?;
            put(out, C::from_bits(bits))
        }
    })
}

/// Sets an element that stores a `C`.
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
            store.array_set_bits_fast(r#ref.into(), index as u64, C::STORAGE, value.to_bits())
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
        unsafe { enter(store) }?.array_set(r#ref.into(), index as u64, value.to_value())
    })
}

/// An element that stores an i32. Never collects.
///
/// \return for the array and the index as above; GCROOTS_ERROR_TYPE_MISMATCH for
///         another element
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_array_get_i32(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    out: *mut MaybeUninit<i32>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and `out` valid for writing or NULL.
    unsafe { get(store, r#ref, index, out) }
}

/// An element that stores an i64. Never collects.
///
/// \return for the array and the index as above; GCROOTS_ERROR_TYPE_MISMATCH for
///         another element
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_array_get_i64(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    out: *mut MaybeUninit<i64>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and `out` valid for writing or NULL.
    unsafe { get(store, r#ref, index, out) }
}

/// An element that stores an f32. Never collects.
///
/// \return for the array and the index as above; GCROOTS_ERROR_TYPE_MISMATCH for
///         another element
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_array_get_f32(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    out: *mut MaybeUninit<f32>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and `out` valid for writing or NULL.
    unsafe { get(store, r#ref, index, out) }
}

/// An element that stores an f64. Never collects.
///
/// \return for the array and the index as above; GCROOTS_ERROR_TYPE_MISMATCH for
///         another element
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_array_get_f64(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    out: *mut MaybeUninit<f64>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and `out` valid for writing or NULL.
    unsafe { get(store, r#ref, index, out) }
}

/// An element that stores a v128. Never collects.
///
/// \return for the array and the index as above; GCROOTS_ERROR_TYPE_MISMATCH for
///         another element
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_array_get_v128(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    out: *mut MaybeUninit<gcroots_v128_t>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and `out` valid for writing or NULL.
    unsafe { get(store, r#ref, index, out) }
}

/// Sets an element that stores an i32. A packed one takes the lower bits. Never collects.
///
/// \return for the array, the index and the value as above
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_array_set_i32(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    value: i32,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL.
    unsafe { set(store, r#ref, index, value) }
}

/// Sets an element that stores an i64. Never collects.
///
/// \return for the array, the index and the value as above
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_array_set_i64(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    value: i64,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL.
    unsafe { set(store, r#ref, index, value) }
}

/// Sets an element that stores an f32. Never collects.
///
/// \return for the array, the index and the value as above
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_array_set_f32(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    value: f32,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL.
    unsafe { set(store, r#ref, index, value) }
}

/// Sets an element that stores an f64. Never collects.
///
/// \return for the array, the index and the value as above
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_array_set_f64(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    value: f64,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL.
    unsafe { set(store, r#ref, index, value) }
}

/// Sets an element that stores a v128. Never collects.
///
/// \return for the array, the index and the value as above
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_array_set_v128(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    value: gcroots_v128_t,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL.
    unsafe { set(store, r#ref, index, value) }
}

/// An element that is packed, an i8 or i16, with its sign extended. Never collects.
///
/// \return for the array and the index as above; GCROOTS_ERROR_TYPE_MISMATCH for
///         another element
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_array_get_s(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    out: *mut MaybeUninit<i32>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and `out` valid for writing or NULL.
    if unsafe {
        fast(store, out, |store| {
            store.array_get_packed_fast(r#ref.into(), index as u64, true)
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
            let bits = enter(store)?.array_get_packed(r#ref.into(), index as u64, true)?;
            put(out, bits as i32)
        }
    })
}

/// An element that is packed, an i8 or i16, with zeros before it. Never collects.
///
/// \return for the array and the index as above; GCROOTS_ERROR_TYPE_MISMATCH for
///         another element
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_array_get_u(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    out: *mut MaybeUninit<u32>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and `out` valid for writing or NULL.
    if unsafe {
        fast(store, out, |store| {
            store.array_get_packed_fast(r#ref.into(), index as u64, false)
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
            let bits = enter(store)?.array_get_packed(r#ref.into(), index as u64, false)?;
            put(out, bits)
        }
    })
}

/// An element that stores a reference. Never collects.
///
/// \param[out] out a new handle of the current scope, or null
/// \return for the array and the index as above; GCROOTS_ERROR_TYPE_MISMATCH for
///         another element; GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_array_get_ref(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and `out` valid for writing or NULL.
    if unsafe {
        fast(store, out, |store| {
            store.array_get_ref_fast(r#ref.into(), index as u64)
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
        unsafe {
            put(
                out,
                enter(store)?.array_get_ref(r#ref.into(), index as u64)?,
            )
        }
    })
}

/// Sets an element that stores a reference. Never collects.
///
/// \param value_or_null (borrowed)
/// \return for the array, the index and the value as above
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_array_set_ref(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    value_or_null: gcroots_ref_t,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL.
    if unsafe {
        fast_without_output(store, |store| {
            store.array_set_ref_fast(
                FastPath::Leaf,
                r#ref.into(),
                index as u64,
                value_or_null.into(),
            )
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
            store.array_set_ref_fast(FastPath::InLine, r#ref.into(), index as u64, value.into())
        })
    } {
        return GCROOTS_OK;
    }
    call(|| {
        let store = required(store, "store")?;
        let value = Value::Ref(value.into());
        // SAFETY: as above.
        unsafe { enter(store) }?.array_set(r#ref.into(), index as u64, value)
    })
}

/// Sets `count` elements from `index` on to a value. Never collects.
///
/// \param value (borrowed)
/// \return GCROOTS_ERROR_INVALID_ARGUMENT for a value whose kind is none; for the
///         array, the value and the elements as above
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_array_fill(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    value: *const gcroots_val_t,
    count: usize,
) -> gcroots_status_t {
    call(|| {
        let (store, value) = (required(store, "store")?, required_const(value, "value")?);
        // SAFETY: the caller passes a store and a value.
        unsafe {
            let store = enter(store)?;
            store.array_fill(r#ref.into(), index as u64, read(value)?, count as u64)
        }
    })
}

/// Copies `count` elements from one array to another or to the same, where the two
/// ranges may overlap. Never collects.
///
/// \param dst the array that is written to
/// \param src the array that is read
/// \return for `dst`, then for `src`, as above; GCROOTS_ERROR_IMMUTABLE for `dst`;
///         GCROOTS_ERROR_TYPE_MISMATCH unless the elements' type in `src` is the one in
///         `dst`, or references below it; GCROOTS_ERROR_OUT_OF_BOUNDS for `dst`, then
///         `src`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_array_copy(
    store: *mut gcroots_store_t,
    dst: gcroots_ref_t,
    dst_index: usize,
    src: gcroots_ref_t,
    src_index: usize,
    count: usize,
) -> gcroots_status_t {
    call(|| {
        let store = required(store, "store")?;
        let target = (dst.into(), dst_index as u64);
        let source = (src.into(), src_index as u64);
        // SAFETY: the caller passes a store.
        unsafe { enter(store) }?.array_copy(target, source, count as u64)
    })
}

/// Copies `count` elements from `index` on, which are no references, as memory has
/// them: each takes the size of its storage. Never collects.
///
/// \param[out] out room for the elements, nullable if `count` is 0
/// \return for the array as above; GCROOTS_ERROR_TYPE_MISMATCH for elements that are
///         references; for the elements as above
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_array_read(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    out: *mut c_void,
    count: usize,
) -> gcroots_status_t {
    call(|| {
        let store = required(store, "store")?;
        if count > 0 {
            required(out, "out")?;
        }
        // SAFETY: the caller passes a store, and room for as many elements.
        unsafe {
            let store = enter(store)?;
            store.array_read(r#ref.into(), index as u64, out.cast(), count as u64)
        }
    })
}

/// Sets `count` elements from `index` on, which are no references, to what memory has:
/// the opposite of gcroots_array_read(). Never collects.
///
/// \param data the elements (borrowed), nullable if `count` is 0
/// \return for the array as above; GCROOTS_ERROR_IMMUTABLE; GCROOTS_ERROR_TYPE_MISMATCH
///         for elements that are references; for the elements as above
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_array_write(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    data: *const c_void,
    count: usize,
) -> gcroots_status_t {
    call(|| {
        let store = required(store, "store")?;
        if count > 0 {
            required_const(data, "data")?;
        }
        // SAFETY: the caller passes a store, and as many elements.
        unsafe {
            let store = enter(store)?;
            store.array_write(r#ref.into(), index as u64, data.cast(), count as u64)
        }
    })
}
