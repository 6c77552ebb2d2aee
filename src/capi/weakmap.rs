//! Weak maps
//!
//! A weak map gives keys values. Both are references. The map keeps a value alive while
//! the map and the key are alive, and never keeps a key alive. So a key that only its own
//! value refers to dies, together with the value. The same holds for a chain or a cycle of
//! keys and values that nothing else keeps alive. (The entries of a map are ephemerons.)
//!
//! A collection removes the entries whose keys it finds dead, before any finalizer runs.
//! Under the null collector no key dies, and entries stay until they are deleted.
//!
//! - A key is any reference except null. Keys are compared by identity, as
//!   gcroots_ref_eq() compares references. An i31 never dies. An object may be a key in
//!   any number of maps.
//! - A value is any reference, or null.
//! - A map lives until it is freed, or until its store is deleted. It does not depend on
//!   scopes.
//!
//! The handle of a map is not a gcroots_ref_t, and its bits are not valid as one.

use core::mem::MaybeUninit;

use super::boundary::{call, enter, required, write_out};
use super::reference::gcroots_ref_t;
use super::status::gcroots_status_t;
use super::store::gcroots_store_t;
use crate::roots::Handle;

/// Names a weak map. If `store_id` is 0, it is zeroed and names no map, whatever the
/// other fields are.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct gcroots_weakmap_t {
    /// The id of the store.
    pub store_id: u64,
    /// Tells apart the maps that have used the slot, one after another.
    pub generation: u32,
    /// The number of the slot.
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

/// Makes an empty weak map. Never collects.
///
/// \param[out] out the map (owned); release it with gcroots_weakmap_free()
/// \return GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory;
///         GCROOTS_ERROR_LIMIT if the store has no slot left for a weak map
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn gcroots_weakmap_new(
    store: *mut gcroots_store_t,
    out: *mut MaybeUninit<gcroots_weakmap_t>,
) -> gcroots_status_t {
    call("gcroots_weakmap_new", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.weakmap_new()?) }
    })
}

/// Sets the value of a key in a map. The key may have a value there already, which is
/// replaced; this needs no memory. The map roots neither the key nor the value. Never
/// collects.
///
/// \param key a scoped or manual handle (borrowed)
/// \param value_or_null a scoped or manual handle (borrowed), or null
/// \return GCROOTS_ERROR_NULL_REFERENCE if `map` is zeroed or `key` is null;
///         GCROOTS_ERROR_WRONG_STORE if `map`, `key` or `value_or_null` belongs to
///         another store;
///         GCROOTS_ERROR_UNROOTED if `map` was freed, or `key` or `value_or_null` is
///         stale;
///         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for a new entry;
///         GCROOTS_ERROR_LIMIT if the weak maps of the store have too many entries
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_weakmap_set(
    store: *mut gcroots_store_t,
    map: gcroots_weakmap_t,
    key: gcroots_ref_t,
    value_or_null: gcroots_ref_t,
) -> gcroots_status_t {
    call("gcroots_weakmap_set", || {
        let store = required(store, "store")?;
        // SAFETY: the caller passes a store.
        unsafe { enter(store)?.weakmap_set(map.into(), key.into(), value_or_null.into()) }
    })
}

/// Makes a scoped root for the value of a key in a map. Never collects.
///
/// \param key a scoped or manual handle (borrowed)
/// \param[out] out the new handle, in the current scope; null if the map does not have
///             the key, or if the value is null
/// \return GCROOTS_ERROR_NULL_REFERENCE if `map` is zeroed or `key` is null;
///         GCROOTS_ERROR_WRONG_STORE if `map` or `key` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `map` was freed or `key` is stale;
///         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the new root;
///         GCROOTS_ERROR_LIMIT if the store has no slot left for a scoped root
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_weakmap_get(
    store: *mut gcroots_store_t,
    map: gcroots_weakmap_t,
    key: gcroots_ref_t,
    out: *mut MaybeUninit<gcroots_ref_t>,
) -> gcroots_status_t {
    call("gcroots_weakmap_get", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.weakmap_get(map.into(), key.into())?) }
    })
}

/// Removes a key and its value from a map. Never collects.
///
/// \param key a scoped or manual handle (borrowed)
/// \param[out] out whether the map had the key, also if the value was null
/// \return GCROOTS_ERROR_NULL_REFERENCE if `map` is zeroed or `key` is null;
///         GCROOTS_ERROR_WRONG_STORE if `map` or `key` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `map` was freed or `key` is stale
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_weakmap_delete(
    store: *mut gcroots_store_t,
    map: gcroots_weakmap_t,
    key: gcroots_ref_t,
    out: *mut MaybeUninit<bool>,
) -> gcroots_status_t {
    call("gcroots_weakmap_delete", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.weakmap_delete(map.into(), key.into())?) }
    })
}

/// Gets the number of entries of a map. Entries whose keys have died are included until a
/// collection finds the keys dead. Never collects.
///
/// \return GCROOTS_ERROR_NULL_REFERENCE if `map` is zeroed;
///         GCROOTS_ERROR_WRONG_STORE if `map` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `map` was freed
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_weakmap_size(
    store: *mut gcroots_store_t,
    map: gcroots_weakmap_t,
    out: *mut MaybeUninit<usize>,
) -> gcroots_status_t {
    call("gcroots_weakmap_size", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe { write_out(out, enter(store)?.weakmap_size(map.into())? as usize) }
    })
}

/// Deletes a map and sets its handle to zeros. Copies of the handle become stale. Values
/// that only the map kept alive are unreachable from then on. Does nothing if the handle
/// is zeroed. Never collects.
///
/// Cost: in proportion to the number of entries.
///
/// \param[in,out] map (taken)
/// \return GCROOTS_ERROR_WRONG_STORE if `map` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `map` was freed. After a failure the handle is
///         unchanged.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_weakmap_free(
    store: *mut gcroots_store_t,
    map: *mut gcroots_weakmap_t,
) -> gcroots_status_t {
    call("gcroots_weakmap_free", || {
        let (store, map) = (required(store, "store")?, required(map, "map")?);
        // SAFETY: the caller passes a store, and `map` valid for reading and writing.
        unsafe {
            enter(store)?.weakmap_free(map.read().into())?;
            write_out(map.cast::<MaybeUninit<gcroots_weakmap_t>>(), Handle::NULL)
        }
    })
}
