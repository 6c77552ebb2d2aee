//! One entry of the host-data table, and the states that it can be in.
//!
//! Two numbers hold the state, `object` and `link`:
//!
//! | state | `object` | `link` |
//! |---|---|---|
//! | free | [`FREE`] | the next free entry, or [`END`] |
//! | in use | the object's reference, plus [`FUNCTION`] for a function | [`OLD`] if the object is old; [`WITH_STORE`] or [`OLD_WITH_STORE`] if the entry has a [`StoreFinalizer`] |
//! | released | [`RELEASED`] | 0 |
//! | pending | [`PENDING`] or [`PENDING_OLD`] | the next pending entry, or [`END`] |
//!
//! *Old* entries matter to [`HostData::begin_full_collection`] only.
//!
//! [`HostData::begin_full_collection`]: super::HostData::begin_full_collection
//! [`StoreFinalizer`]: super::StoreFinalizer

use core::ffi::c_void;
use core::mem::offset_of;

use crate::heap::{HEAP_MAX, LEAST_BYTES};
use crate::host::Callback;

/// Runs when an object has died.
pub(crate) type Finalizer = unsafe extern "C" fn(data: *mut c_void);

/// The end of the free list and of the queue of finalizers.
pub(super) const END: u32 = u32::MAX;

/// The `link` of an entry in use whose object is old. Any other value means new, because
/// inserting leaves the link of the free list in place.
pub(super) const OLD: u32 = END - 1;

/// The `link` of an entry in use whose object is new and whose finalizer gets the store.
pub(super) const WITH_STORE: u32 = END - 2;

/// The `link` of an entry in use whose object is old and whose finalizer gets the store.
pub(super) const OLD_WITH_STORE: u32 = END - 3;

/// Whether this is the `link` of an entry in use whose finalizer gets the store.
#[inline(always)]
pub(super) const fn has_store(link: u32) -> bool {
    matches!(link, WITH_STORE | OLD_WITH_STORE)
}

/// Whether this is the `link` of an entry in use whose object is old.
#[inline(always)]
pub(super) const fn is_old(link: u32) -> bool {
    matches!(link, OLD | OLD_WITH_STORE)
}

/// A bit of `object` in entries of functions (OBJECTS-9).
pub(super) const FUNCTION: u32 = 1;

/// The `object` of a free entry. Like [`PENDING`] and [`PENDING_OLD`], it is neither null
/// nor the reference of an object, with or without [`FUNCTION`]: no object is at the base
/// of the heap, and the least object would not fit behind the last two numbers.
pub(super) const FREE: u32 = FUNCTION;
/// The `object` of a free entry in a released page, which is zeros (HEAP-65). It is null.
pub(super) const RELEASED: u32 = 0;
pub(super) const PENDING: u32 = u32::MAX;
/// The `object` of a pending entry that is old.
pub(super) const PENDING_OLD: u32 = u32::MAX - 1;

const _: () = assert!((HEAP_MAX - LEAST_BYTES as u64) / 4 < (PENDING_OLD & !FUNCTION) as u64);

/// Whether `object` is that of an entry in use.
pub(super) const fn in_use(object: u32) -> bool {
    object > FREE && object < PENDING_OLD
}

/// An object's host data.
///
/// A free entry has no tag and no external bytes, so making one need not write them. A
/// pending entry has no tag, but keeps its external bytes until its finalizer is taken.
/// `data` and `finalizer` of an entry that is not in use are meaningful only while it is
/// pending.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct HostEntry {
    /// The host's pointer.
    pub(crate) data: *mut c_void,
    /// Runs after the object's death.
    pub(crate) finalizer: Option<Finalizer>,
    /// What [`HostEntry::tag`] returns, or the box of a [`StoreFinalizer`]. In a function's
    /// entry, the callback.
    ///
    /// [`StoreFinalizer`]: super::StoreFinalizer
    pub(super) tag: *const c_void,
    /// Memory outside the heap that the object keeps alive. In a function's entry, the
    /// index of its type.
    pub(crate) external_bytes: u64,
    /// The state: see the module.
    pub(super) object: u32,
    /// The state: see the module.
    pub(super) link: u32,
}

impl HostEntry {
    /// Where compiled code finds the fields.
    pub(crate) const DATA_AT: usize = offset_of!(HostEntry, data);
    pub(crate) const FINALIZER_AT: usize = offset_of!(HostEntry, finalizer);
    pub(crate) const OBJECT_AT: usize = offset_of!(HostEntry, object);
    pub(crate) const LINK_AT: usize = offset_of!(HostEntry, link);

    /// Whether an entry in use is that of an externref.
    pub(super) fn is_externref(&self) -> bool {
        self.object & FUNCTION == 0
    }

    /// The external bytes. A function has none.
    pub(super) fn external_bytes(&self) -> u128 {
        if in_use(self.object) && !self.is_externref() {
            0
        } else {
            self.external_bytes.into()
        }
    }
}

/// The entry of a function.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FunctionEntry {
    /// The host's pointer.
    pub(crate) env: *mut c_void,
    /// The host function.
    pub(crate) callback: Callback,
    /// The index of its type.
    pub(crate) type_index: u32,
}
