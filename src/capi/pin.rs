//! Pins
//!
//! A pin is a root whose object does not move before the pin ends. So the address of an
//! array's elements can be given to the system or to other libraries, for as long as they
//! need it: across calls that collect, and without a no-GC span.
//!
//! A pin keeps its object alive, does not depend on scopes, and lives until
//! gcroots_unpin(). An object may have several pins, and stays until the last one ends.
//!
//! - GCROOTS_COLLECTOR_DRC and GCROOTS_COLLECTOR_NULL move no objects. A pin there is no more
//!   than a root.
//! - GCROOTS_COLLECTOR_GENERATIONAL moves new objects out of the way first, by a minor
//!   collection. Later it leaves the blocks of 32 KiB as they are in which pinned objects
//!   lie. Pin few objects, or large ones.
//! - GCROOTS_COLLECTOR_COPYING and GCROOTS_COLLECTOR_CHECK have no pins.
//!
//! A pin is not a gcroots_ref_t, and its bits are not valid as one.

use core::ffi::c_void;
use core::mem::MaybeUninit;

use super::boundary::{call, enter, required, write_out};
use super::reference::gcroots_ref_t;
use super::status::gcroots_status_t;
use super::store::gcroots_store_t;
use crate::roots::Handle;
use crate::store::host_code;

/// Names a pin. If `store_id` is 0, it is the null pin, whatever the other fields are.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct gcroots_pin_t {
    /// The id of the store.
    pub store_id: u64,
    /// Tells apart the pins that have used the slot, one after another.
    pub generation: u32,
    /// The number of the slot.
    pub index: u32,
}

const _: () = assert!(size_of::<gcroots_pin_t>() == 16 && align_of::<gcroots_pin_t>() == 8);

impl From<Handle> for gcroots_pin_t {
    fn from(handle: Handle) -> gcroots_pin_t {
        let gcroots_ref_t {
            store_id,
            generation,
            index,
        } = handle.into();
        gcroots_pin_t {
            store_id,
            generation,
            index,
        }
    }
}

impl From<gcroots_pin_t> for Handle {
    fn from(pin: gcroots_pin_t) -> Handle {
        gcroots_ref_t {
            store_id: pin.store_id,
            generation: pin.generation,
            index: pin.index,
        }
        .into()
    }
}

/// Pins an object. May collect. Hold no lock that a finalizer takes.
///
/// It collects only under GCROOTS_COLLECTOR_GENERATIONAL, and only if the object is new: if no
/// collection has moved it yet.
///
/// \param ref a scoped or manual handle (borrowed)
/// \param[out] out the pin (owned); release it with gcroots_unpin()
/// \return GCROOTS_ERROR_WRONG_STORE if `ref` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `ref` is stale;
///         GCROOTS_ERROR_NULL_REFERENCE if `ref` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if `ref` is an i31;
///         GCROOTS_ERROR_UNSUPPORTED if the store's collector has no pins;
///         GCROOTS_ERROR_NO_GC if a collection is needed inside a no-GC span;
///         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory for the pin;
///         GCROOTS_ERROR_LIMIT if the store has no slot left for a pin
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn gcroots_pin(
    store: *mut gcroots_store_t,
    r#ref: gcroots_ref_t,
    out: *mut MaybeUninit<gcroots_pin_t>,
) -> gcroots_status_t {
    call("gcroots_pin", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store, and `out` valid for writing.
        unsafe {
            enter(store)?;
            let pinned = host_code::allocating(store.cast(), |store| store.pin(r#ref.into()))?;
            write_out(out, pinned)
        }
    })
}

/// Gets the address of the elements of a pinned array, to read them and, if they are
/// mutable, to write them. They lie in memory one after another. Works only for elements
/// that are not references. Never collects.
///
/// \param pin a pin (borrowed) of an array
/// \param[out] address the address of the first element (borrowed); valid until the pin
///             ends
/// \param[out] bytes the number of bytes of all elements
/// \return GCROOTS_ERROR_WRONG_STORE if `pin` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `pin` has ended;
///         GCROOTS_ERROR_NULL_REFERENCE if `pin` is null;
///         GCROOTS_ERROR_TYPE_MISMATCH if the object is not an array, or its elements are
///         references
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_pin_data(
    store: *mut gcroots_store_t,
    pin: gcroots_pin_t,
    address: *mut MaybeUninit<*mut c_void>,
    bytes: *mut MaybeUninit<usize>,
) -> gcroots_status_t {
    call("gcroots_pin_data", || {
        let store = required(store, "store")?;
        let (address, bytes) = (required(address, "address")?, required(bytes, "bytes")?);
        // SAFETY: the caller passes a store, and `address` and `bytes` valid for writing.
        unsafe {
            let (first, size) = enter(store)?.pin_data(pin.into())?;
            write_out(address, first.cast::<c_void>())?;
            write_out(bytes, size)
        }
    })
}

/// Ends a pin and sets it to zeros. Copies of it become stale, and the address that
/// gcroots_pin_data() returned must not be used any more, unless the object has another
/// pin. Does nothing if the pin is null. Never collects.
///
/// \param[in,out] pin (taken)
/// \return GCROOTS_ERROR_WRONG_STORE if `pin` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `pin` has ended. After a failure the pin is
///         unchanged.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_unpin(
    store: *mut gcroots_store_t,
    pin: *mut gcroots_pin_t,
) -> gcroots_status_t {
    call("gcroots_unpin", || {
        let (store, pin) = (required(store, "store")?, required(pin, "pin")?);
        // SAFETY: the caller passes a store, and `pin` valid for reading and writing.
        unsafe {
            enter(store)?.unpin(pin.read().into())?;
            write_out(pin.cast::<MaybeUninit<gcroots_pin_t>>(), Handle::NULL)
        }
    })
}
