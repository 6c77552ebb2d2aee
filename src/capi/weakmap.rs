//! Weak maps
//!
//! A weak map gives objects values, and keeps none of them alive by itself: a value is
//! alive while its map and its key are, whatever the value refers to. So a key that
//! only its own value refers to dies, with the value; and so does a chain or a cycle of
//! values and keys of which nothing else is alive (a map's entries are ephemerons).
//! Collections remove the entries of keys that they find dead, before any finalizer
//! runs. Under the null collector nothing dies, and entries go when they are deleted.
//!
//! Keys are told apart by identity, like gcroots_ref_eq() does. Any reference but null
//! may be a key; an i31 never dies. Any reference and null may be a value. An object may
//! be a key in any number of maps. A map lives until it is freed, across scopes, or
//! until its store is deleted. It has bits of its own: it is not a gcroots_ref_t.
//!
//! The functions answer GCROOTS_ERROR_NULL_REFERENCE for a zeroed map and for a null key,
//! GCROOTS_ERROR_WRONG_STORE, and GCROOTS_ERROR_UNROOTED for a map that was freed and
//! for a stale key or value: first for the map, then for the key, then for the value.
//! None of them collects.

use core::mem::MaybeUninit;

use super::boundary::{call, enter, put, required};
use super::reference::gcroots_ref_t;
use super::status::gcroots_status_t;
use super::store::gcroots_store_t;
use crate::roots::Handle;

/// Names a weak map. `store_id` 0 is none, whatever the rest.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct gcroots_weakmap_t {
    /// The store's id.
    pub store_id: u64,
    /// Which of the maps that were in the slot.
    pub generation: u32,
    /// The slot.
    pub index: u32,
}

const _: () = assert!(size_of::<gcroots_weakmap_t>() == 16 && align_of::<gcroots_weakmap_t>() == 8);

impl From<Handle> for gcroots_weakmap_t {
    fn from(handle: Handle) -> gcroots_weakmap_t {
        let gcroots_ref_t {
            store_id,
            generation,
            index,
        } = handle.into();
        gcroots_weakmap_t {
            store_id,
            generation,
            index,
        }
    }
}

impl From<gcroots_weakmap_t> for Handle {
    fn from(map: gcroots_weakmap_t) -> Handle {
        gcroots_ref_t {
            store_id: map.store_id,
            generation: map.generation,
            index: map.index,
        }
        .into()
    }
}

/// Makes a weak map without entries. Never collects.
///
/// \param[out] out the map (owned); release it with gcroots_weakmap_free()
/// \return GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn gcroots_weakmap_new(
    store: *mut gcroots_store_t,
    out: *mut MaybeUninit<gcroots_weakmap_t>,
) -> gcroots_status_t {
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { put(out, enter(store)?.weakmap_new()?) }
    })
}

/// Gives a key a value in the map, in place of the one that it had there, which needs
/// no memory. The map roots neither: whether they live is as above. Never collects.
///
/// \return as above; GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_weakmap_set(
    store: *mut gcroots_store_t,
    map: gcroots_weakmap_t,
    key: gcroots_ref_t,
    value_or_null: gcroots_ref_t,
) -> gcroots_status_t {
    call(|| {
        let store = required(store, "store")?;
        // SAFETY: the caller passes a store.
        unsafe { enter(store)?.weakmap_set(map.into(), key.into(), value_or_null.into()) }
    })
}

/// Makes a scoped root for a key's value. Never collects.
///
/// \param[out] out the new handle, in the current scope; null if the map does not have
///             the key, and if the value is null
/// \return as above; GCROOTS_ERROR_OUT_OF_MEMORY, GCROOTS_ERROR_LIMIT
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_weakmap_get(
    store: *mut gcroots_store_t,
    map: gcroots_weakmap_t,
    key: gcroots_ref_t,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { put(out, enter(store)?.weakmap_get(map.into(), key.into())?) }
    })
}

/// Removes a key and its value from the map. Never collects.
///
/// \param[out] out whether the map had the key, if only for null
/// \return as above
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_weakmap_delete(
    store: *mut gcroots_store_t,
    map: gcroots_weakmap_t,
    key: gcroots_ref_t,
    out: *mut MaybeUninit<bool>,
) -> gcroots_status_t {
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { put(out, enter(store)?.weakmap_delete(map.into(), key.into())?) }
    })
}

/// How many entries the map has, those included whose keys are dead and have not been
/// found dead yet. Never collects.
///
/// \return as above
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_weakmap_size(
    store: *mut gcroots_store_t,
    map: gcroots_weakmap_t,
    out: *mut MaybeUninit<usize>,
) -> gcroots_status_t {
    call(|| {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { put(out, enter(store)?.weakmap_size(map.into())? as usize) }
    })
}

/// Ends a map and zeroes its handle; copies of it become stale, and values that only
/// the map kept alive are not any more. Takes as long as the map has entries. Does
/// nothing for a zeroed one. Never collects.
///
/// \param[in,out] map (taken)
/// \return GCROOTS_ERROR_WRONG_STORE, GCROOTS_ERROR_UNROOTED; the handle is
///         unchanged then
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_weakmap_free(
    store: *mut gcroots_store_t,
    map: *mut gcroots_weakmap_t,
) -> gcroots_status_t {
    call(|| {
        let (store, map) = (required(store, "store")?, required(map, "map")?);
        // SAFETY: the caller passes a store, and `map` valid for reading and writing.
        unsafe {
            enter(store)?.weakmap_free(map.read().into())?;
            put(map.cast::<MaybeUninit<gcroots_weakmap_t>>(), Handle::NULL)
        }
    })
}
