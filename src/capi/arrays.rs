//! Arrays
//!
//! An array has elements of one type. Its length never changes. Indices start at 0.
//!
//! Ownership:
//! - The store keeps each type of which it has made an object. The caller may release
//!   its own reference to the type.
//! - A handle inside a gcroots_val_t is borrowed when the value is passed to a function.
//!   It is a new handle of the current scope when a function writes the value.
//!
//! Each function checks for its errors in the order in which it lists them. An empty range
//! of elements may start at the end of the array, but not beyond it.

use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use super::boundary::{
    call, enter, enter_fast, fast, fast_without_output, required, required_const, write_out,
};
use super::reference::gcroots_ref_t;
use super::status::{GCROOTS_OK, gcroots_status_t};
use super::store::gcroots_store_t;
use super::types::{borrowed, gcroots_type_t};
use super::value::{Scalar, check_kinds, gcroots_v128_t, gcroots_val_t, in_place, read};
use crate::base::small_copy::{SMALL, copy_small};
use crate::error::Result;
use crate::heap::FastPath;
use crate::roots::Handle;
use crate::store::host_code;
use crate::store::protocol::Attempt;
use crate::store::{Store, Value};
use crate::types::{RegisteredType, Type};

/// Makes an array whose elements all have the same value, and roots it in the current
/// scope. May collect. Hold no lock that a finalizer takes.
///
/// \param type the array's type (borrowed)
/// \param value the value of each element (borrowed). It is checked even if `length` is
///        0
/// \param length the number of elements
/// \param[out] out the new handle
/// \return GCROOTS_ERROR_INVALID_ARGUMENT if the `kind` of `value` is not a valid one;
///         GCROOTS_ERROR_WRONG_ENGINE if `type` belongs to another engine;
///         GCROOTS_ERROR_TYPE_MISMATCH if `type` is not an array type;
///         GCROOTS_ERROR_WRONG_STORE if the handle in `value` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if the handle in `value` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `value` is null and the elements are not
///         nullable;
///         GCROOTS_ERROR_TYPE_MISMATCH if `value` is not of the element type;
///         GCROOTS_ERROR_LIMIT if `length` is above 2^32 - 1;
///         GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
///         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the object or its
///         root;
///         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_array_new(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    value: *const gcroots_val_t,
    length: usize,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, a type that it holds a reference to or
    // NULL, a value or NULL, and `out` valid for writing or NULL.
    if unsafe { new_fast::<false>(store, r#type, value, length, out) } {
        return GCROOTS_OK;
    }
    new_slow(store, r#type, value, length, out)
}

/// The fast form of [`gcroots_array_new`]. Returns `false`, with nothing changed, if the slow
/// form is needed.
///
/// # Safety
///
/// As for the arguments of [`gcroots_array_new`].
#[inline(always)]
unsafe fn new_fast<const IN_LINE: bool>(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    value: *const gcroots_val_t,
    length: usize,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        fast::<Handle, _>(store, out, |store| {
            let of = r#type.cast::<RegisteredType>().as_ref()?;
            if value.is_null() {
                return None;
            }
            let length = u32::try_from(length).ok()?;
            store.array_new_fast(FastPath::of(IN_LINE), of, in_place(value), length)
        })
    }
}

#[cold]
#[inline(never)]
extern "C" fn new_slow(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    value: *const gcroots_val_t,
    length: usize,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, a type that it holds a reference to or
    // NULL, a value or NULL, and `out` valid for writing or NULL.
    if unsafe { new_fast::<true>(store, r#type, value, length, out) } {
        return GCROOTS_OK;
    }
    call("gcroots_array_new", || {
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

/// Makes an array whose elements are zero or null, and roots it in the current scope. May
/// collect. Hold no lock that a finalizer takes.
///
/// \param type the array's type (borrowed)
/// \param length the number of elements
/// \param[out] out the new handle
/// \return GCROOTS_ERROR_WRONG_ENGINE if `type` belongs to another engine;
///         GCROOTS_ERROR_TYPE_MISMATCH if `type` is not an array type;
///         GCROOTS_ERROR_TYPE_MISMATCH if the elements are references that are not
///         nullable;
///         GCROOTS_ERROR_LIMIT if `length` is above 2^32 - 1;
///         GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
///         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the object or its
///         root;
///         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_array_new_default(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    length: usize,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, a type that it holds a reference to or
    // NULL, and `out` valid for writing or NULL.
    if unsafe { new_default_fast::<false>(store, r#type, length, out) } {
        return GCROOTS_OK;
    }
    new_default_slow(store, r#type, length, out)
}

/// The fast form of [`gcroots_array_new_default`]. Returns `false`, with nothing changed, if the slow
/// form is needed.
///
/// # Safety
///
/// As for the arguments of [`gcroots_array_new_default`].
#[inline(always)]
unsafe fn new_default_fast<const IN_LINE: bool>(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    length: usize,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        fast::<Handle, _>(store, out, |store| {
            let of = r#type.cast::<RegisteredType>().as_ref()?;
            let length = u32::try_from(length).ok()?;
            store.array_new_default_fast(FastPath::of(IN_LINE), of, length)
        })
    }
}

#[cold]
#[inline(never)]
extern "C" fn new_default_slow(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    length: usize,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, a type that it holds a reference to or
    // NULL, and `out` valid for writing or NULL.
    if unsafe { new_default_fast::<true>(store, r#type, length, out) } {
        return GCROOTS_OK;
    }
    call("gcroots_array_new_default", || {
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

/// Makes an array from one value for each element, and roots it in the current scope. May
/// collect. Hold no lock that a finalizer takes.
///
/// \param type the array's type (borrowed)
/// \param elements the values (borrowed), nullable if `count` is 0. Each value is
///        checked completely before the next one
/// \param count the number of values, which is the array's length
/// \param[out] out the new handle
/// \return GCROOTS_ERROR_INVALID_ARGUMENT if `count` is at most 2^32 - 1 and the `kind`
///         of a value is not a valid one;
///         GCROOTS_ERROR_WRONG_ENGINE if `type` belongs to another engine;
///         GCROOTS_ERROR_TYPE_MISMATCH if `type` is not an array type;
///         GCROOTS_ERROR_LIMIT if `count` is above 2^32 - 1;
///         GCROOTS_ERROR_WRONG_STORE if the handle in a value belongs to another store;
///         GCROOTS_ERROR_UNROOTED if the handle in a value is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if a value is null and the elements are not
///         nullable;
///         GCROOTS_ERROR_TYPE_MISMATCH if a value is not of the element type;
///         GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
///         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the object or its
///         root;
///         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_array_new_fixed(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    elements: *const gcroots_val_t,
    count: usize,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, a type that it holds a reference to or
    // NULL, `count` values, and `out` valid for writing or NULL.
    if unsafe { new_fixed_fast::<false>(store, r#type, elements, count, out) } {
        return GCROOTS_OK;
    }
    new_fixed_counted(store, r#type, elements, count, out)
}

/// The fast form with counting. A function of its own has fewer registers to save than one
/// with the slow form in it.
#[cold]
#[inline(never)]
extern "C" fn new_fixed_counted(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    elements: *const gcroots_val_t,
    count: usize,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, a type that it holds a reference to or
    // NULL, `count` values, and `out` valid for writing or NULL.
    if unsafe { new_fixed_fast::<true>(store, r#type, elements, count, out) } {
        return GCROOTS_OK;
    }
    new_fixed_slow(store, r#type, elements, count, out)
}

/// The fast form of [`gcroots_array_new_fixed`]. Returns `false`, with nothing changed, if the slow
/// form is needed.
///
/// # Safety
///
/// As for the arguments of [`gcroots_array_new_fixed`].
#[inline(always)]
unsafe fn new_fixed_fast<const IN_LINE: bool>(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    elements: *const gcroots_val_t,
    count: usize,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        fast::<Handle, _>(store, out, |store| {
            let of = r#type.cast::<RegisteredType>().as_ref()?;
            if elements.is_null() {
                return None;
            }
            let count = u32::try_from(count).ok()?;
            store.array_new_fixed_fast(FastPath::of(IN_LINE), of, count, |index| {
                in_place(elements.add(index))
            })
        })
    }
}

#[cold]
#[inline(never)]
extern "C" fn new_fixed_slow(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    elements: *const gcroots_val_t,
    count: usize,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    call("gcroots_array_new_fixed", || {
        let (store, of) = (required(store, "store")?, required_const(r#type, "type")?);
        let elements = match count {
            0 => NonNull::dangling(),
            _ => required_const(elements, "elements")?,
        };
        let out = required(out, "out")?;
        // SAFETY: the caller passes a store, a type that it holds a reference to, `count`
        // values, and `out` valid for writing.
        unsafe {
            let kinds = || match u32::try_from(count) {
                Ok(_) => check_kinds(elements, count),
                // `array_new_fixed` refuses this count before it reads a value.
                Err(_) => Ok(()),
            };
            make(store, of, out, kinds, |store, of, ()| {
                store.array_new_fixed(of, count, &|index| read(elements.add(index)))
            })
        }
    })
}

/// Makes an array from elements in memory, and roots it in the current scope. May collect.
/// Hold no lock that a finalizer takes.
///
/// The elements must not be references. In memory they lie one after another, each of
/// the size of its storage, as gcroots_array_read() copies them.
///
/// \param type the array's type (borrowed)
/// \param bytes the elements (borrowed), nullable if `length` is 0
/// \param length the number of elements
/// \param[out] out the new handle
/// \return GCROOTS_ERROR_WRONG_ENGINE if `type` belongs to another engine;
///         GCROOTS_ERROR_TYPE_MISMATCH if `type` is not an array type;
///         GCROOTS_ERROR_TYPE_MISMATCH if the elements are references;
///         GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
///         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the object or its
///         root;
///         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_array_new_bytes(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    bytes: *const c_void,
    length: u32,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, a type that it holds a reference to or
    // NULL, `length` elements, and `out` valid for writing or NULL.
    if unsafe { new_bytes_fast::<false>(store, r#type, bytes, length, out) } {
        return GCROOTS_OK;
    }
    new_bytes_slow(store, r#type, bytes, length, out)
}

/// The fast form of [`gcroots_array_new_bytes`]. Returns `false`, with nothing changed, if the slow
/// form is needed.
///
/// # Safety
///
/// As for the arguments of [`gcroots_array_new_bytes`].
#[inline(always)]
unsafe fn new_bytes_fast<const IN_LINE: bool>(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_type_t,
    bytes: *const c_void,
    length: u32,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        fast::<Handle, _>(store, out, |store| {
            let of = r#type.cast::<RegisteredType>().as_ref()?;
            if bytes.is_null() {
                return None;
            }
            store.array_new_bytes_fast(FastPath::of(IN_LINE), of, bytes.cast(), length)
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
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, a type that it holds a reference to or
    // NULL, `length` elements, and `out` valid for writing or NULL.
    if unsafe { new_bytes_fast::<true>(store, r#type, bytes, length, out) } {
        return GCROOTS_OK;
    }
    call("gcroots_array_new_bytes", || {
        let (store, of) = (required(store, "store")?, required_const(r#type, "type")?);
        let bytes = match length {
            0 => NonNull::dangling(),
            _ => required_const(bytes, "bytes")?,
        };
        let out = required(out, "out")?;
        // SAFETY: the caller passes a store, a type that it holds a reference to,
        // `length` elements, and `out` valid for writing.
        unsafe {
            make(
                store,
                of,
                out,
                || Ok(()),
                |store, of, ()| store.array_new_bytes(of, bytes.as_ptr().cast(), length.into()),
            )
        }
    })
}

/// Enters the store, runs `prepare`, which checks integer arguments, and makes an array
/// from its result.
///
/// # Safety
///
/// `store` must be a live store, `out` must be valid for writing, and the caller must hold
/// a reference to the type.
unsafe fn make<T: Copy>(
    store: NonNull<gcroots_store_t>,
    of: NonNull<gcroots_type_t>,
    out: NonNull<MaybeUninit<gcroots_ref_t>>,
    prepare: impl FnOnce() -> Result<T>,
    new: impl Fn(&Store, &Type, T) -> Attempt<Handle>,
) -> Result<()> {
    // SAFETY: the caller's promise.
    unsafe {
        enter(store)?;
        let prepared = prepare()?;
        let of = borrowed(of);
        let new = |store: &Store| new(store, &of, prepared);
        write_out(out, host_code::allocating(store.cast(), new)?)
    }
}

/// Returns the length of an array. Never collects.
///
/// \param[out] out the number of elements
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an array
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
    call("gcroots_array_len", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.array_len(r#ref.into())? as usize) }
    })
}

/// Reads an element of any storage. Never collects.
///
/// An element of storage i8 or i16 is read as an i32, zero-extended.
///
/// \param[out] out the value; a reference is a new handle of the current scope, or null
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an array;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the array has no element `index`;
///         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the new root;
///         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_array_get(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    out: *mut MaybeUninit<gcroots_val_t>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and `out` valid for writing or NULL.
    if unsafe {
        fast(store, out, |store| {
            store.array_get_fast(r#ref.into(), index as u64)
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
    call("gcroots_array_get", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.array_get(r#ref.into(), index as u64)?) }
    })
}

/// Sets an element of any storage. Never collects.
///
/// An element of storage i8 or i16 takes the lower bits of an i32.
///
/// \param value the new value (borrowed)
/// \return GCROOTS_ERROR_INVALID_ARGUMENT if the `kind` of `value` is not a valid one;
///         GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an array;
///         GCROOTS_ERROR_WRONG_STORE if the handle in `value` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if the handle in `value` is stale;
///         GCROOTS_ERROR_IMMUTABLE if the elements are immutable;
///         GCROOTS_ERROR_NULL_REFERENCE if `value` is null and the elements are not
///         nullable;
///         GCROOTS_ERROR_TYPE_MISMATCH if `value` is not of the element type;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the array has no element `index`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_array_set(
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

/// The fast form of [`gcroots_array_set`]. Returns `false`, with nothing changed, if the
/// slow form is needed.
///
/// # Safety
///
/// As for the arguments of [`gcroots_array_set`].
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
            !value.is_null()
                && store.array_set_fast(path, r#ref.into(), index as u64, in_place(value))
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
    call("gcroots_array_set", || {
        let (store, value) = (required(store, "store")?, required_const(value, "value")?);
        // SAFETY: the caller passes a store and a value.
        unsafe {
            let store = enter(store)?;
            store.array_set(r#ref.into(), index as u64, read(value)?)
        }
    })
}

/// Reads an element whose C type is `C`.
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
    call(C::ARRAY_GET, || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller of `get` passes a store, and `out` valid for writing.
        unsafe {
            let bits = enter(store)?.array_get_bits(r#ref.into(), index as u64, C::STORAGE)?;
            write_out(out, C::from_bits(bits))
        }
    })
}

/// Sets an element whose C type is `C`.
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
    call(C::ARRAY_SET, || {
        let store = required(store, "store")?;
        // SAFETY: the caller of `set` passes a store.
        unsafe { enter(store) }?.array_set(r#ref.into(), index as u64, value.to_value())
    })
}

/// Reads an element of storage i32. Never collects.
///
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an array;
///         GCROOTS_ERROR_TYPE_MISMATCH if the elements' storage is not i32;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the array has no element `index`
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

/// Reads an element of storage i64. Never collects.
///
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an array;
///         GCROOTS_ERROR_TYPE_MISMATCH if the elements' storage is not i64;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the array has no element `index`
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

/// Reads an element of storage f32. Never collects.
///
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an array;
///         GCROOTS_ERROR_TYPE_MISMATCH if the elements' storage is not f32;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the array has no element `index`
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

/// Reads an element of storage f64. Never collects.
///
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an array;
///         GCROOTS_ERROR_TYPE_MISMATCH if the elements' storage is not f64;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the array has no element `index`
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

/// Reads an element of storage v128. Never collects.
///
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an array;
///         GCROOTS_ERROR_TYPE_MISMATCH if the elements' storage is not v128;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the array has no element `index`
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

/// Sets an element of storage i32, i16 or i8. An i16 or i8 takes the lower bits. Never
/// collects.
///
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an array;
///         GCROOTS_ERROR_IMMUTABLE if the elements are immutable;
///         GCROOTS_ERROR_TYPE_MISMATCH if the elements' storage is not i32, i16 or i8;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the array has no element `index`
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

/// Sets an element of storage i64. Never collects.
///
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an array;
///         GCROOTS_ERROR_IMMUTABLE if the elements are immutable;
///         GCROOTS_ERROR_TYPE_MISMATCH if the elements' storage is not i64;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the array has no element `index`
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

/// Sets an element of storage f32. Never collects.
///
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an array;
///         GCROOTS_ERROR_IMMUTABLE if the elements are immutable;
///         GCROOTS_ERROR_TYPE_MISMATCH if the elements' storage is not f32;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the array has no element `index`
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

/// Sets an element of storage f64. Never collects.
///
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an array;
///         GCROOTS_ERROR_IMMUTABLE if the elements are immutable;
///         GCROOTS_ERROR_TYPE_MISMATCH if the elements' storage is not f64;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the array has no element `index`
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

/// Sets an element of storage v128. Never collects.
///
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an array;
///         GCROOTS_ERROR_IMMUTABLE if the elements are immutable;
///         GCROOTS_ERROR_TYPE_MISMATCH if the elements' storage is not v128;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the array has no element `index`
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

/// Reads an element of storage i8 or i16, sign-extended. Never collects.
///
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an array;
///         GCROOTS_ERROR_TYPE_MISMATCH if the elements' storage is not i8 or i16;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the array has no element `index`
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
    call("gcroots_array_get_s", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe {
            let bits = enter(store)?.array_get_packed(r#ref.into(), index as u64, true)?;
            write_out(out, bits as i32)
        }
    })
}

/// Reads an element of storage i8 or i16, zero-extended. Never collects.
///
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an array;
///         GCROOTS_ERROR_TYPE_MISMATCH if the elements' storage is not i8 or i16;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the array has no element `index`
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
    call("gcroots_array_get_u", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe {
            let bits = enter(store)?.array_get_packed(r#ref.into(), index as u64, false)?;
            write_out(out, bits)
        }
    })
}

/// Reads an element that is a reference. Never collects.
///
/// \param[out] out a new handle of the current scope, or null
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an array;
///         GCROOTS_ERROR_TYPE_MISMATCH if the elements are not references;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the array has no element `index`;
///         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the new root;
///         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
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
    call("gcroots_array_get_ref", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe {
            write_out(
                out,
                enter(store)?.array_get_ref(r#ref.into(), index as u64)?,
            )
        }
    })
}

/// Makes a local refer to what an element refers to, or to null. Never collects.
///
/// The function makes no new root, so a loop can use one local for all its iterations.
/// All copies of `dst` see the change. `dst` may be `ref` itself.
///
/// \param dst a local, or any other scoped handle of an open scope
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an array;
///         GCROOTS_ERROR_NULL_REFERENCE if `dst` is the null reference;
///         GCROOTS_ERROR_WRONG_STORE if `dst` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `dst` is stale;
///         GCROOTS_ERROR_INVALID_ARGUMENT if `dst` is a manual handle;
///         GCROOTS_ERROR_TYPE_MISMATCH if the elements are not references;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the array has no element `index`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_array_get_ref_into(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    dst: gcroots_ref_t,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL.
    if unsafe {
        fast_without_output(store, |store| {
            store.array_get_ref_into_fast(r#ref.into(), index as u64, dst.into())
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
    call("gcroots_array_get_ref_into", || {
        let store = required(store, "store")?;
        // SAFETY: the caller passes a store.
        unsafe { enter(store) }?.array_get_ref_into(r#ref.into(), index as u64, dst.into())
    })
}

/// Sets an element that is a reference. Never collects.
///
/// \param value_or_null the new value (borrowed)
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an array;
///         GCROOTS_ERROR_WRONG_STORE if `value_or_null` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `value_or_null` is stale;
///         GCROOTS_ERROR_IMMUTABLE if the elements are immutable;
///         GCROOTS_ERROR_NULL_REFERENCE if `value_or_null` is null and the elements are
///         not nullable;
///         GCROOTS_ERROR_TYPE_MISMATCH if the elements are not references, or
///         `value_or_null` is not of the element type;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the array has no element `index`
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
    call("gcroots_array_set_ref", || {
        let store = required(store, "store")?;
        let value = Value::Ref(value.into());
        // SAFETY: the caller passes a store.
        unsafe { enter(store) }?.array_set(r#ref.into(), index as u64, value)
    })
}

/// Sets `count` elements, from `index` on, to one value. Never collects.
///
/// Elements of storage i8 or i16 take the lower bits of an i32.
///
/// \param value the new value (borrowed)
/// \return GCROOTS_ERROR_INVALID_ARGUMENT if the `kind` of `value` is not a valid one;
///         GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an array;
///         GCROOTS_ERROR_WRONG_STORE if the handle in `value` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if the handle in `value` is stale;
///         GCROOTS_ERROR_IMMUTABLE if the elements are immutable;
///         GCROOTS_ERROR_NULL_REFERENCE if `value` is null and the elements are not
///         nullable;
///         GCROOTS_ERROR_TYPE_MISMATCH if `value` is not of the element type;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the range is not inside the array
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_array_fill(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    value: *const gcroots_val_t,
    count: usize,
) -> gcroots_status_t {
    call("gcroots_array_fill", || {
        let (store, value) = (required(store, "store")?, required_const(value, "value")?);
        // SAFETY: the caller passes a store and a value.
        unsafe {
            let store = enter(store)?;
            store.array_fill(r#ref.into(), index as u64, read(value)?, count as u64)
        }
    })
}

/// Copies `count` elements from one array to another, or within one array. Never
/// collects.
///
/// The two ranges may overlap: the result is as if the elements were copied to a
/// temporary array first.
///
/// \param dst the array that is written
/// \param dst_index the first element that is written
/// \param src the array that is read
/// \param src_index the first element that is read
/// \return GCROOTS_ERROR_WRONG_STORE if `dst` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `dst` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `dst` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `dst` does not refer to an array;
///         GCROOTS_ERROR_WRONG_STORE if `src` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `src` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `src` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `src` does not refer to an array;
///         GCROOTS_ERROR_IMMUTABLE if the elements of `dst` are immutable;
///         GCROOTS_ERROR_TYPE_MISMATCH unless the element type of `src` is that of
///         `dst` or, for references, a subtype of it;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the range of `dst` is not inside the array;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the range of `src` is not inside the array
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_array_copy(
    store: *mut gcroots_store_t,
    dst: gcroots_ref_t,
    dst_index: usize,
    src: gcroots_ref_t,
    src_index: usize,
    count: usize,
) -> gcroots_status_t {
    call("gcroots_array_copy", || {
        let store = required(store, "store")?;
        let target = (dst.into(), dst_index as u64);
        let source = (src.into(), src_index as u64);
        // SAFETY: the caller passes a store.
        unsafe { enter(store) }?.array_copy(target, source, count as u64)
    })
}

/// Copies `count` elements, from `index` on, out of the heap. Never collects.
///
/// The elements must not be references. They are copied as they lie in the heap: one
/// after another, each of the size of its storage.
///
/// \param[out] out memory for `count` elements, nullable if `count` is 0
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an array;
///         GCROOTS_ERROR_TYPE_MISMATCH if the elements are references;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the range is not inside the array
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_array_read(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    out: *mut c_void,
    count: usize,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL.
    let found = unsafe { range_fast(store, r#ref, index, count, false) };
    match found {
        // SAFETY: the caller passes room for `count` elements.
        Some((source, bytes)) if !out.is_null() => unsafe { copy(source, out.cast(), bytes) },
        _ => read_slow(store, r#ref, index, out, count),
    }
}

/// Where `count` elements from `index` on are, and how many bytes they have. `None` if the
/// slow form of reading, or with `writes` of writing, is needed.
///
/// # Safety
///
/// `store` must be NULL or point to a live store.
#[inline(always)]
unsafe fn range_fast(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    count: usize,
    writes: bool,
) -> Option<(*mut u8, u64)> {
    // SAFETY: the caller's promise.
    let store = unsafe { enter_fast(store) }?;
    store.array_bytes_fast(r#ref.into(), index as u64, count as u64, writes)
}

/// Copies bytes that may overlap.
///
/// # Safety
///
/// `source` must be valid for reading and `target` for writing `bytes` bytes.
#[inline(always)]
unsafe fn copy(source: *const u8, target: *mut u8, bytes: u64) -> gcroots_status_t {
    if bytes > SMALL {
        return copy_many(source, target, bytes);
    }
    // SAFETY: the caller's promise.
    unsafe { copy_small(source, target, bytes) };
    GCROOTS_OK
}

/// [`copy`] for more than a few bytes. Its caller needs no stack frame.
#[inline(never)]
extern "C" fn copy_many(source: *const u8, target: *mut u8, bytes: u64) -> gcroots_status_t {
    // SAFETY: the promise of the caller of `copy`.
    unsafe { target.copy_from(source, bytes as usize) };
    GCROOTS_OK
}

#[cold]
#[inline(never)]
extern "C" fn read_slow(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    out: *mut c_void,
    count: usize,
) -> gcroots_status_t {
    call("gcroots_array_read", || {
        let store = required(store, "store")?;
        if count > 0 {
            required(out, "out")?;
        }
        // SAFETY: the caller passes a store, and room for `count` elements.
        unsafe {
            let store = enter(store)?;
            store.array_read(r#ref.into(), index as u64, out.cast(), count as u64)
        }
    })
}

/// Copies `count` elements into the heap, from `index` on: the opposite of
/// gcroots_array_read(). Never collects.
///
/// The elements must not be references. In memory they lie one after another, each of
/// the size of its storage.
///
/// \param data the elements (borrowed), nullable if `count` is 0
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` does not refer to an array;
///         GCROOTS_ERROR_IMMUTABLE if the elements are immutable;
///         GCROOTS_ERROR_TYPE_MISMATCH if the elements are references;
///         GCROOTS_ERROR_OUT_OF_BOUNDS if the range is not inside the array
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_array_write(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    data: *const c_void,
    count: usize,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL.
    let found = unsafe { range_fast(store, r#ref, index, count, true) };
    match found {
        // SAFETY: the caller passes `count` elements.
        Some((target, bytes)) if !data.is_null() => unsafe { copy(data.cast(), target, bytes) },
        _ => write_slow(store, r#ref, index, data, count),
    }
}

#[cold]
#[inline(never)]
extern "C" fn write_slow(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    index: usize,
    data: *const c_void,
    count: usize,
) -> gcroots_status_t {
    call("gcroots_array_write", || {
        let store = required(store, "store")?;
        if count > 0 {
            required_const(data, "data")?;
        }
        // SAFETY: the caller passes a store, and `count` elements.
        unsafe {
            let store = enter(store)?;
            store.array_write(r#ref.into(), index as u64, data.cast(), count as u64)
        }
    })
}
