//! Globals
//!
//! A global has one value, of any type but a packed one, which may be set if it was made
//! so. It keeps a reference alive until it is freed, across scopes, or until its store is
//! deleted. It has bits of its own: it is not a gcroots_ref_t. The value lies in the
//! heap, in a hidden struct, which gcroots_store_stats() counts as an object.
//!
//! The functions answer GCROOTS_ERROR_INVALID_ARGUMENT for a value whose kind is none;
//! GCROOTS_ERROR_NULL_REFERENCE for a zeroed global, GCROOTS_ERROR_WRONG_STORE, and
//! GCROOTS_ERROR_UNROOTED for a global that was freed; then for the handle in a value
//! GCROOTS_ERROR_WRONG_STORE and GCROOTS_ERROR_UNROOTED.

use core::mem::MaybeUninit;

use super::boundary::{call, enter, fast, fast_without_output, put, required, required_const};
use super::reference::gcroots_ref_t;
use super::status::{GCROOTS_OK, gcroots_status_t};
use super::store::gcroots_store_t;
use super::table::{read_heap, references_to};
use super::types::*;
use super::value::{gcroots_val_t, read, read_fast};
use crate::error::Error;
use crate::roots::Handle;
use crate::store::Store;
use crate::store::host_code::finalize;
use crate::types::{AbstractType, HeapType, ValType};

/// Names a global. `store_id` 0 names none, whatever the rest.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct gcroots_global_t {
    /// The store's id.
    pub store_id: u64,
    /// Which of the globals that were in the slot.
    pub generation: u32,
    /// The slot.
    pub index: u32,
}

const _: () = assert!(size_of::<gcroots_global_t>() == 16 && align_of::<gcroots_global_t>() == 8);

impl From<Handle> for gcroots_global_t {
    fn from(handle: Handle) -> gcroots_global_t {
        let gcroots_ref_t {
            store_id,
            generation,
            index,
        } = handle.into();
        gcroots_global_t {
            store_id,
            generation,
            index,
        }
    }
}

impl From<gcroots_global_t> for Handle {
    #[inline(always)]
    fn from(global: gcroots_global_t) -> Handle {
        gcroots_ref_t {
            store_id: global.store_id,
            generation: global.generation,
            index: global.index,
        }
        .into()
    }
}

/// Makes a global with this value. May collect.
///
/// \param type what it holds, and whether it may be set (borrowed); not packed, and not
///             GCROOTS_HEAP_LOCAL
/// \param value (borrowed)
/// \param[out] out the global (owned); release it with gcroots_global_free()
/// \return GCROOTS_ERROR_NULL_ARGUMENT also for a NULL `type->type` with
///         GCROOTS_HEAP_TYPE; GCROOTS_ERROR_INVALID_ARGUMENT for another type, and for
///         the value as above; GCROOTS_ERROR_WRONG_ENGINE; for the value as above,
///         GCROOTS_ERROR_NULL_REFERENCE for null where it is never null, and
///         GCROOTS_ERROR_TYPE_MISMATCH; GCROOTS_ERROR_NO_GC,
///         GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn gcroots_global_new(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_field_type_t,
    value: *const gcroots_val_t,
    out: *mut MaybeUninit<gcroots_global_t>,
) -> gcroots_status_t {
    call(|| {
        let (store, of) = (required(store, "store")?, required_const(r#type, "type")?);
        // SAFETY: the caller passes a type.
        let of = unsafe { of.read() };
        let is_reference = of.storage == GCROOTS_STORAGE_REF;
        if is_reference && of.heap == GCROOTS_HEAP_TYPE {
            required_const(of.r#type, "type")?;
        }
        let (value, out) = (required_const(value, "value")?, required(out, "out")?);
        // SAFETY: the caller passes a store, a type that it holds a reference to, a
        // value, and `out` valid for writing.
        unsafe {
            enter(store)?;
            let heap = match is_reference {
                true => read_heap(of.heap, of.r#type)?,
                false => HeapType::Abstract(AbstractType::Any),
            };
            let content = match of.storage {
                GCROOTS_STORAGE_I32 => ValType::I32,
                GCROOTS_STORAGE_I64 => ValType::I64,
                GCROOTS_STORAGE_F32 => ValType::F32,
                GCROOTS_STORAGE_F64 => ValType::F64,
                GCROOTS_STORAGE_V128 => ValType::V128,
                GCROOTS_STORAGE_REF => ValType::Ref(references_to(&heap, of.is_nullable)),
                other => {
                    return Err(Error::InvalidArgument {
                        parameter: "storage",
                        value: other.into(),
                        allowed: "2 (i32) to 7 (reference)",
                    });
                }
            };
            let (mutable, value) = (of.is_mutable != 0, read(value)?);
            let make = |store: &Store| store.global_new(content, mutable, value);
            put(out, finalize::allocating(store.cast(), make)?)
        }
    })
}

/// A global's value. Never collects.
///
/// \param[out] out its `of.ref`, if it is a reference, is a new handle or null
/// \return as above; GCROOTS_ERROR_OUT_OF_MEMORY and GCROOTS_ERROR_LIMIT if a handle is
///         needed
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_global_get(
    store: *mut gcroots_store_t,
    global: gcroots_global_t,
    out: *mut MaybeUninit<gcroots_val_t>,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and `out` valid for writing or NULL.
    if unsafe {
        fast(store, out, |store| {
            store
                .global_get_fast(global.into())
                .map(gcroots_val_t::from)
        })
    } {
        return GCROOTS_OK;
    }
    get_slow(store, global, out)
}

#[cold]
#[inline(never)]
extern "C" fn get_slow(
    store: *mut gcroots_store_t,
    global: gcroots_global_t,
    out: *mut MaybeUninit<gcroots_val_t>,
) -> gcroots_status_t {
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: as above.
        unsafe { put(out, enter(store)?.global_get(global.into())?) }
    })
}

/// Sets a global. Never collects.
///
/// \param value (borrowed)
/// \return as above; GCROOTS_ERROR_IMMUTABLE; for the value GCROOTS_ERROR_NULL_REFERENCE
///         for null where it is never null, and GCROOTS_ERROR_TYPE_MISMATCH
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_global_set(
    store: *mut gcroots_store_t,
    global: gcroots_global_t,
    value: *const gcroots_val_t,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and a value or NULL.
    if unsafe {
        fast_without_output(store, |store| {
            let value = match value.is_null() {
                true => None,
                false => read_fast(value),
            };
            value.is_some_and(|value| store.global_set_fast(global.into(), value))
        })
    } {
        return GCROOTS_OK;
    }
    set_slow(store, global, value)
}

#[cold]
#[inline(never)]
extern "C" fn set_slow(
    store: *mut gcroots_store_t,
    global: gcroots_global_t,
    value: *const gcroots_val_t,
) -> gcroots_status_t {
    call(|| {
        let (store, value) = (required(store, "store")?, required_const(value, "value")?);
        // SAFETY: as above.
        unsafe {
            let store = enter(store)?;
            store.global_set(global.into(), read(value)?)
        }
    })
}

/// Ends a global and zeroes its handle; copies of it become stale, and what only the
/// global kept alive is not any more. Does nothing for a zeroed one. Never collects.
///
/// \param[in,out] global (taken)
/// \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED; the handle is
///         unchanged then
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_global_free(
    store: *mut gcroots_store_t,
    global: *mut gcroots_global_t,
) -> gcroots_status_t {
    call(|| {
        let (store, global) = (required(store, "store")?, required(global, "global")?);
        // SAFETY: the caller passes a store, and `global` valid for reading and writing.
        unsafe {
            enter(store)?.global_free(global.read().into())?;
            put(global.cast::<MaybeUninit<gcroots_global_t>>(), Handle::NULL)
        }
    })
}
