//! Kinds, casts and conversions
//!
//! These functions tell what a reference refers to, and whether it is of a type.
//!
//! A reference is internal or external because of the slot that holds it, and not because
//! of its object. Slots of GCROOTS_HEAP_ANY and GCROOTS_HEAP_EXTERN hold the same
//! objects. Conversions between the two change no object.

use core::mem::MaybeUninit;

use super::boundary::{call, enter, fast, required, required_const, write_out};
use super::reference::gcroots_ref_t;
use super::status::{GCROOTS_OK, gcroots_status_t};
use super::store::gcroots_store_t;
use super::types::{GCROOTS_HEAP_TYPE, gcroots_heap_type_t, gcroots_type_t, owned};
use crate::error::{Error, Result};
use crate::store::{RefKind, Store};
use crate::types::{AbstractType, HeapType, RefType, RegisteredType};

/// What a reference refers to: one of the GCROOTS_REF_... numbers below.
pub type gcroots_ref_kind_t = u32;

/// Nothing: the reference is null.
pub const GCROOTS_REF_NULL: gcroots_ref_kind_t = 0;
/// An externref, which holds host data.
pub const GCROOTS_REF_EXTERN: gcroots_ref_kind_t = 1;
/// A struct.
pub const GCROOTS_REF_STRUCT: gcroots_ref_kind_t = 2;
/// An array.
pub const GCROOTS_REF_ARRAY: gcroots_ref_kind_t = 3;
/// An i31: a 31-bit integer.
pub const GCROOTS_REF_I31: gcroots_ref_kind_t = 4;
/// An exception.
pub const GCROOTS_REF_EXN: gcroots_ref_kind_t = 5;
/// A function.
pub const GCROOTS_REF_FUNC: gcroots_ref_kind_t = 6;

const _: () = assert!(
    GCROOTS_REF_NULL == RefKind::Null as u32
        && GCROOTS_REF_EXTERN == RefKind::Extern as u32
        && GCROOTS_REF_STRUCT == RefKind::Struct as u32
        && GCROOTS_REF_ARRAY == RefKind::Array as u32
        && GCROOTS_REF_I31 == RefKind::I31 as u32
        && GCROOTS_REF_EXN == RefKind::Exn as u32
        && GCROOTS_REF_FUNC == RefKind::Func as u32
);

/// The type of a reference.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gcroots_ref_type_t {
    /// The registered type (borrowed), if `heap` is GCROOTS_HEAP_TYPE; otherwise ignored.
    pub r#type: *const gcroots_type_t,
    /// What a reference of this type may refer to: GCROOTS_HEAP_ANY to GCROOTS_HEAP_TYPE,
    /// or GCROOTS_HEAP_EVERY.
    pub heap: gcroots_heap_type_t,
    /// Whether null is of this type: 0 if not, any other number if so.
    pub is_nullable: u8,
}

/// Gets what a reference refers to. Never collects.
///
/// \param ref a scoped or manual handle (borrowed), or null
/// \param[out] out one of GCROOTS_REF_NULL to GCROOTS_REF_FUNC
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_ref_kind(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    out: *mut MaybeUninit<gcroots_ref_kind_t>,
) -> gcroots_status_t {
    call("gcroots_ref_kind", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.ref_kind(r#ref.into())? as u32) }
    })
}

/// Gets the type that a struct, an array or a function was made with, or the type of an
/// exception's tag. Never collects.
///
/// \param ref a scoped or manual handle (borrowed)
/// \param[out] out the type (owned); release it with gcroots_type_free()
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH unless `ref` is a struct, an array, a function or
///         an exception;
///         GCROOTS_ERROR_LIMIT if the reference count of the type would overflow
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn gcroots_ref_type(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    out: *mut MaybeUninit<*mut gcroots_type_t>,
) -> gcroots_status_t {
    call("gcroots_ref_type", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, owned(enter(store)?.ref_type(r#ref.into())?)) }
    })
}

/// Tests whether a reference is of a type. Never collects.
///
/// Cost: constant; takes no lock.
///
/// \param ref a scoped or manual handle (borrowed), or null
/// \param[out] out whether `ref` is of the type `of`
/// \return GCROOTS_ERROR_NULL_ARGUMENT also if `of.heap` is GCROOTS_HEAP_TYPE and
///         `of.type` is NULL;
///         GCROOTS_ERROR_INVALID_ARGUMENT if `of.heap` is not a heap type, or is
///         GCROOTS_HEAP_LOCAL;
///         GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_WRONG_ENGINE if `of.type` belongs to another engine
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_ref_test(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    of: gcroots_ref_type_t,
    out: *mut MaybeUninit<bool>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, a type that it holds a reference to or
    // NULL, and `out` valid for writing or NULL.
    if unsafe {
        fast(store, out, |store| {
            store.ref_test_fast(r#ref.into(), read_fast(of)?)
        })
    } {
        return GCROOTS_OK;
    }
    test_slow(store, r#ref, of, out)
}

#[cold]
#[inline(never)]
extern "C" fn test_slow(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    of: gcroots_ref_type_t,
    out: *mut MaybeUninit<bool>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, a type that it holds a reference to or
    // NULL, and `out` valid for writing or NULL.
    unsafe {
        with_type("gcroots_ref_test", store, of, out, |store, of| {
            store.ref_test(r#ref.into(), of)
        })
    }
}

/// Makes a scoped root for what a reference refers to, if it is of a type. Never
/// collects.
///
/// Cost: constant; takes no lock.
///
/// \param ref a scoped or manual handle (borrowed), or null
/// \param[out] out the new handle, in the current scope; null if `ref` is null and null
///             is of the type
/// \return GCROOTS_ERROR_NULL_ARGUMENT also if `to.heap` is GCROOTS_HEAP_TYPE and
///         `to.type` is NULL;
///         GCROOTS_ERROR_INVALID_ARGUMENT if `to.heap` is not a heap type, or is
///         GCROOTS_HEAP_LOCAL;
///         GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_WRONG_ENGINE if `to.type` belongs to another engine;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` is not of the type, also if it is null;
///         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the new root;
///         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_ref_cast(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    to: gcroots_ref_type_t,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, a type that it holds a reference to or
    // NULL, and `out` valid for writing or NULL.
    if unsafe {
        fast(store, out, |store| {
            store.ref_cast_fast(r#ref.into(), read_fast(to)?)
        })
    } {
        return GCROOTS_OK;
    }
    cast_slow(store, r#ref, to, out)
}

#[cold]
#[inline(never)]
extern "C" fn cast_slow(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    to: gcroots_ref_type_t,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, a type that it holds a reference to or
    // NULL, and `out` valid for writing or NULL.
    unsafe {
        with_type("gcroots_ref_cast", store, to, out, |store, to| {
            Ok(gcroots_ref_t::from(store.ref_cast(r#ref.into(), to)?))
        })
    }
}

/// Converts an internal reference to an external one, for a slot of GCROOTS_HEAP_EXTERN.
/// Never collects.
///
/// \param ref a scoped or manual handle (borrowed), or null
/// \param[out] out the new handle, in the current scope, for the same object or i31; null
///             if `ref` is null
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` is an exception or a function;
///         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the new root;
///         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_extern_convert_any(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    call("gcroots_extern_convert_any", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.convert(r#ref.into())?) }
    })
}

/// Converts an external reference to an internal one, for a slot of GCROOTS_HEAP_ANY: the
/// opposite of gcroots_extern_convert_any(). An object that was internal before is so
/// again, of its own type. An externref becomes a reference of GCROOTS_HEAP_ANY, and of
/// none of the types below it. Never collects.
///
/// \param ref a scoped or manual handle (borrowed), or null
/// \param[out] out the new handle, in the current scope, for the same object or i31; null
///             if `ref` is null
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` is an exception or a function;
///         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the new root;
///         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_any_convert_extern(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    call("gcroots_any_convert_extern", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.convert(r#ref.into())?) }
    })
}

/// Reads the type of a reference. Returns `None` if `of.heap` is not a valid number, or
/// `of.type` is needed and NULL.
///
/// # Safety
///
/// `of.type` must be NULL, or a type that the caller holds a reference to, unless it is
/// ignored.
#[inline(always)]
unsafe fn read_fast<'a>(of: gcroots_ref_type_t) -> Option<RefType<&'a RegisteredType>> {
    let heap = if of.heap == GCROOTS_HEAP_TYPE {
        // SAFETY: the caller's promise.
        HeapType::Concrete(unsafe { of.r#type.cast::<RegisteredType>().as_ref() }?)
    } else {
        HeapType::Abstract(AbstractType::from_number(of.heap)?)
    };
    Some(RefType {
        nullable: of.is_nullable != 0,
        heap,
    })
}

/// Does `operation` with the type of a reference, and writes its result. `name` is that of
/// the exported function.
///
/// # Safety
///
/// `store` must be NULL, or from `gcroots_store_new` and not deleted. `out` must be NULL
/// or valid for writing. `of.type` must be NULL, or a type that the caller holds a
/// reference to, unless it is ignored.
unsafe fn with_type<T>(
    name: &'static str,
    store: *mut gcroots_store_t,
    of: gcroots_ref_type_t,
    out: *mut MaybeUninit<T>,
    operation: impl FnOnce(&Store, RefType<&RegisteredType>) -> Result<T>,
) -> gcroots_status_t {
    call(name, || {
        let store = required(store, "store")?;
        if of.heap == GCROOTS_HEAP_TYPE {
            required_const(of.r#type, "type")?;
        }
        let out = required(out, "out")?;
        // SAFETY: the caller's promise.
        unsafe {
            let store = enter(store)?;
            let of = read_fast(of).ok_or(Error::InvalidArgument {
                parameter: "heap",
                value: of.heap.into(),
                allowed: "0 to 12, or 14",
            })?;
            write_out(out, operation(store, of)?)
        }
    })
}
