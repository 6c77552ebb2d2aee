//! Globals
//!
//! A global holds one value of any type except a packed one. It can be set if it was made
//! mutable. It keeps a reference alive, across scopes, until it is freed or its store is
//! deleted. A gcroots_global_t is not a gcroots_ref_t.
//!
//! The value lies in a hidden struct in the heap. gcroots_store_stats() counts that struct
//! as an object.
//!
//! Each function checks for its errors in the order in which it lists them.

use core::mem::MaybeUninit;

use super::boundary::{
    call, enter, fast, fast_without_output, required, required_const, write_out,
};
use super::reference::gcroots_ref_t;
use super::status::{GCROOTS_OK, gcroots_status_t};
use super::store::gcroots_store_t;
use super::table::{read_heap, references_to};
use super::types::{
    GCROOTS_HEAP_TYPE, GCROOTS_STORAGE_F32, GCROOTS_STORAGE_F64, GCROOTS_STORAGE_I32,
    GCROOTS_STORAGE_I64, GCROOTS_STORAGE_REF, GCROOTS_STORAGE_V128, field, gcroots_field_type_t,
};
use super::value::{gcroots_val_t, read, read_fast};
use crate::error::Error;
use crate::heap::FastPath;
use crate::roots::Handle;
use crate::store::Store;
use crate::store::host_code;
use crate::types::{AbstractType, HeapType, ValType};

/// Names a global. A handle whose `store_id` is 0 names no global, whatever its other
/// members are.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct gcroots_global_t {
    /// The store's id.
    pub store_id: u64,
    /// Tells apart the globals that use the slot one after another.
    pub generation: u32,
    /// The global's slot in its store.
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

/// Makes a global with the given value. May collect. Hold no lock that a finalizer takes.
///
/// \param type the type of the value, and whether the global is mutable (borrowed). The
///        storage must not be i8 or i16, and the heap type must not be
///        GCROOTS_HEAP_LOCAL
/// \param value the first value (borrowed)
/// \param[out] out the global (owned); release it with gcroots_global_free()
/// \return GCROOTS_ERROR_NULL_ARGUMENT if `type` is a reference to GCROOTS_HEAP_TYPE
///         and `type->type` is NULL;
///         GCROOTS_ERROR_INVALID_ARGUMENT if the heap type or the storage is not an
///         allowed one;
///         GCROOTS_ERROR_INVALID_ARGUMENT if the `kind` of `value` is not a valid one;
///         GCROOTS_ERROR_WRONG_ENGINE if `type->type` belongs to another engine;
///         GCROOTS_ERROR_WRONG_STORE if the handle in `value` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if the handle in `value` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `value` is null and the global is not
///         nullable;
///         GCROOTS_ERROR_TYPE_MISMATCH if `value` is not of the global's type;
///         GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
///         GCROOTS_ERROR_OUT_OF_MEMORY if there is no memory for the global;
///         GCROOTS_ERROR_LIMIT if the store has no slot left for a global, or the
///         engine too many types
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn gcroots_global_new(
    store: *mut gcroots_store_t,
    r#type: *const gcroots_field_type_t,
    value: *const gcroots_val_t,
    out: *mut MaybeUninit<gcroots_global_t>,
) -> gcroots_status_t {
    call("gcroots_global_new", || {
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
            write_out(out, host_code::allocating(store.cast(), make)?)
        }
    })
}

/// Reads the value of a global. Never collects.
///
/// \param[out] out the value; a reference is a new handle of the current scope, or null
/// \return GCROOTS_ERROR_NULL_REFERENCE if the `store_id` of `global` is 0;
///         GCROOTS_ERROR_WRONG_STORE if `global` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `global` does not name a global, or the global was
///         freed;
///         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the new root;
///         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
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
    call("gcroots_global_get", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.global_get(global.into())?) }
    })
}

/// Makes a local refer to what a global refers to, or to null. Never collects.
///
/// The function makes no new root, so a loop can use one local for all its iterations.
/// All copies of `dst` see the change.
///
/// \param dst a local, or any other scoped handle of an open scope
/// \return GCROOTS_ERROR_NULL_REFERENCE if the `store_id` of `global` is 0;
///         GCROOTS_ERROR_WRONG_STORE if `global` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `global` does not name a global, or the global was
///         freed;
///         GCROOTS_ERROR_NULL_REFERENCE if `dst` is the null reference;
///         GCROOTS_ERROR_WRONG_STORE if `dst` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `dst` is stale;
///         GCROOTS_ERROR_INVALID_ARGUMENT if `dst` is a manual handle;
///         GCROOTS_ERROR_TYPE_MISMATCH if the global is not a reference
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_global_get_ref_into(
    store: *mut gcroots_store_t,
    global: gcroots_global_t,
    dst: gcroots_ref_t,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL.
    if unsafe {
        fast_without_output(store, |store| {
            store.global_get_ref_into_fast(global.into(), dst.into())
        })
    } {
        return GCROOTS_OK;
    }
    get_ref_into_slow(store, global, dst)
}

#[cold]
#[inline(never)]
extern "C" fn get_ref_into_slow(
    store: *mut gcroots_store_t,
    global: gcroots_global_t,
    dst: gcroots_ref_t,
) -> gcroots_status_t {
    call("gcroots_global_get_ref_into", || {
        let store = required(store, "store")?;
        // SAFETY: the caller passes a store.
        unsafe { enter(store) }?.global_get_ref_into(global.into(), dst.into())
    })
}

/// Sets the value of a global. Never collects.
///
/// \param value the new value (borrowed)
/// \return GCROOTS_ERROR_INVALID_ARGUMENT if the `kind` of `value` is not a valid one;
///         GCROOTS_ERROR_NULL_REFERENCE if the `store_id` of `global` is 0;
///         GCROOTS_ERROR_WRONG_STORE if `global` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `global` does not name a global, or the global was
///         freed;
///         GCROOTS_ERROR_WRONG_STORE if the handle in `value` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if the handle in `value` is stale;
///         GCROOTS_ERROR_IMMUTABLE if the global is immutable;
///         GCROOTS_ERROR_NULL_REFERENCE if `value` is null and the global is not
///         nullable;
///         GCROOTS_ERROR_TYPE_MISMATCH if `value` is not of the global's type
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_global_set(
    store: *mut gcroots_store_t,
    global: gcroots_global_t,
    value: *const gcroots_val_t,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and a value or NULL.
    if unsafe { set_fast::<false>(store, global, value) } {
        return GCROOTS_OK;
    }
    set_slow(store, global, value)
}

/// The fast form of [`gcroots_global_set`]. Returns `false`, with nothing changed, if the
/// slow form is needed.
///
/// # Safety
///
/// As for the arguments of [`gcroots_global_set`].
#[inline(always)]
unsafe fn set_fast<const IN_LINE: bool>(
    store: *mut gcroots_store_t,
    global: gcroots_global_t,
    value: *const gcroots_val_t,
) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        fast_without_output(store, |store| {
            let value = match value.is_null() {
                true => None,
                false => read_fast(value),
            };
            value.is_some_and(|value| {
                store.global_set_fast(FastPath::of(IN_LINE), global.into(), value)
            })
        })
    }
}

#[cold]
#[inline(never)]
extern "C" fn set_slow(
    store: *mut gcroots_store_t,
    global: gcroots_global_t,
    value: *const gcroots_val_t,
) -> gcroots_status_t {
    // SAFETY: the caller passes a store or NULL, and a value or NULL.
    if unsafe { set_fast::<true>(store, global, value) } {
        return GCROOTS_OK;
    }
    call("gcroots_global_set", || {
        let (store, value) = (required(store, "store")?, required_const(value, "value")?);
        // SAFETY: the caller passes a store and a value.
        unsafe {
            let store = enter(store)?;
            store.global_set(global.into(), read(value)?)
        }
    })
}

/// Returns the type of a global. Never collects.
///
/// \param[out] out the type of the value, and whether the global is mutable. If its `type`
///             is not NULL, it is a new reference (owned); release it with
///             gcroots_type_free()
/// \return GCROOTS_ERROR_NULL_REFERENCE if the `store_id` of `global` is 0;
///         GCROOTS_ERROR_WRONG_STORE if `global` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `global` does not name a global, or the global was
///         freed;
///         GCROOTS_ERROR_LIMIT if the type of the value has too many references
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_global_type(
    store: *mut gcroots_store_t,
    global: gcroots_global_t,
    out: *mut MaybeUninit<gcroots_field_type_t>,
) -> gcroots_status_t {
    call("gcroots_global_type", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe {
            let (of, mutable) = enter(store)?.global_type(global.into())?;
            let mut content = field(&of, 0)?;
            content.is_mutable = mutable.into();
            write_out(out, content)
        }
    })
}

/// Ends a global and zeroes its handle. Never collects.
///
/// Copies of the handle become stale. The global no longer keeps its value alive. For a
/// zeroed handle the function does nothing. If it fails, the handle is unchanged.
///
/// \param[in,out] global the global (taken)
/// \return GCROOTS_ERROR_WRONG_STORE if `global` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `global` does not name a global, or the global was
///         freed
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_global_free(
    store: *mut gcroots_store_t,
    global: *mut gcroots_global_t,
) -> gcroots_status_t {
    call("gcroots_global_free", || {
        let (store, global) = (required(store, "store")?, required(global, "global")?);
        // SAFETY: the caller passes a store, and `global` valid for reading and writing.
        unsafe {
            enter(store)?.global_free(global.read().into())?;
            write_out(global.cast::<MaybeUninit<gcroots_global_t>>(), Handle::NULL)
        }
    })
}
