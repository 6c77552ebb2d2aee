//! Kinds, casts and conversions
//!
//! What a reference refers to, and whether it is of a type. Whether a reference is
//! external belongs to the slot that holds it: slots of GCROOTS_HEAP_ANY and
//! GCROOTS_HEAP_EXTERN take the same objects, and conversions between the two change
//! none.

use core::mem::MaybeUninit;

use super::boundary::{call, enter, fast, put, required, required_const};
use super::reference::gcroots_ref_t;
use super::status::{GCROOTS_OK, gcroots_status_t};
use super::store::gcroots_store_t;
use super::types::*;
use crate::error::{Error, Result};
use crate::store::{RefKind, Store};
use crate::types::{AbstractType, HeapType, RefType, RegisteredType};

/// What a reference refers to.
pub type gcroots_ref_kind_t = u32;

/// Nothing.
pub const GCROOTS_REF_NULL: gcroots_ref_kind_t = 0;
/// Host data.
pub const GCROOTS_REF_EXTERN: gcroots_ref_kind_t = 1;
/// A struct.
pub const GCROOTS_REF_STRUCT: gcroots_ref_kind_t = 2;
/// An array.
pub const GCROOTS_REF_ARRAY: gcroots_ref_kind_t = 3;
/// A 31-bit integer.
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
    /// With GCROOTS_HEAP_TYPE: the type (borrowed); else not looked at.
    pub r#type: *const gcroots_type_t,
    /// What it may refer to; not GCROOTS_HEAP_LOCAL.
    pub heap: gcroots_heap_type_t,
    /// Whether null is one: 0 or not.
    pub is_nullable: u8,
}

/// What a reference refers to: one of GCROOTS_REF_NULL to GCROOTS_REF_FUNC. Never
/// collects.
///
/// \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_ref_kind(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    out: *mut MaybeUninit<gcroots_ref_kind_t>,
) -> gcroots_status_t {
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { put(out, enter(store)?.ref_kind(r#ref.into())? as u32) }
    })
}

/// The type that a struct, an array or a function was made of. Never collects.
///
/// \param[out] out the type (owned); release it with gcroots_type_free()
/// \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED,
///         GCROOTS_ERROR_NULL_REFERENCE; GCROOTS_ERROR_TYPE_MISMATCH for other objects;
///         GCROOTS_ERROR_LIMIT
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn gcroots_ref_type(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    out: *mut MaybeUninit<*mut gcroots_type_t>,
) -> gcroots_status_t {
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { put(out, owned(enter(store)?.ref_type(r#ref.into())?)) }
    })
}

/// Whether a reference is of a type. In constant time, without a lock. Never collects.
///
/// \return GCROOTS_ERROR_NULL_ARGUMENT also for a NULL `of.type` with
///         GCROOTS_HEAP_TYPE; GCROOTS_ERROR_INVALID_ARGUMENT for a heap type that is
///         none; GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED;
///         GCROOTS_ERROR_WRONG_ENGINE
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
    // SAFETY: as above.
    unsafe { with_type(store, of, out, |store, of| store.ref_test(r#ref.into(), of)) }
}

/// A new handle for what a reference refers to, if it is of a type; null for null.
/// In constant time, without a lock. Never collects.
///
/// \param[out] out a new handle of the current scope, or null
/// \return as gcroots_ref_test(); GCROOTS_ERROR_TYPE_MISMATCH if it is not, also for
///         null; GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
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
    // SAFETY: as above.
    unsafe {
        with_type(store, to, out, |store, to| {
            Ok(gcroots_ref_t::from(store.ref_cast(r#ref.into(), to)?))
        })
    }
}

/// An internal reference for a slot of external ones. Null stays null. Never collects.
///
/// \param[out] out a new handle of the current scope for the same object, or null
/// \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED;
///         GCROOTS_ERROR_TYPE_MISMATCH for an exception;
///         GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_extern_convert_any(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { put(out, enter(store)?.convert(r#ref.into())?) }
    })
}

/// An external reference for a slot of internal ones: the opposite of
/// gcroots_extern_convert_any(). An object that was internal is so again; host data
/// become one of GCROOTS_HEAP_ANY and of nothing below. Never collects.
///
/// \param[out] out a new handle of the current scope for the same object, or null
/// \return as gcroots_extern_convert_any()
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_any_convert_extern(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { put(out, enter(store)?.convert(r#ref.into())?) }
    })
}

/// A reference's type, if it is one.
///
/// # Safety
///
/// `of.type` must be a type that the caller holds a reference to, or NULL, unless it is
/// not looked at.
#[inline(always)]
unsafe fn read_fast<'a>(of: gcroots_ref_type_t) -> Option<RefType<&'a RegisteredType>> {
    let heap = if of.heap == GCROOTS_HEAP_TYPE {
        // SAFETY: the caller's promise.
        HeapType::Concrete(unsafe { of.r#type.cast::<RegisteredType>().as_ref() }?)
    } else {
        HeapType::Abstract(*AbstractType::ALL.get(of.heap as usize)?)
    };
    Some(RefType {
        nullable: of.is_nullable != 0,
        heap,
    })
}

/// Does `operation` with a reference's type, and writes its result.
///
/// # Safety
///
/// As for [`enter`] and [`put`], but `store` and `out` may be NULL; `of.type` as for
/// [`read_fast`].
unsafe fn with_type<T>(
    store: *mut gcroots_store_t,
    of: gcroots_ref_type_t,
    out: *mut MaybeUninit<T>,
    operation: impl FnOnce(&Store, RefType<&RegisteredType>) -> Result<T>,
) -> gcroots_status_t {
    call(|| {
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
                allowed: "0 to 12",
            })?;
            put(out, operation(store, of)?)
        }
    })
}
