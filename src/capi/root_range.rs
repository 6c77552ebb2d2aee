//! Root ranges
//!
//! A root range is an array of slots in the program's memory, such as the stack of an
//! interpreter. Some slots hold raw references, and these are roots. The program reads
//! and writes the slots without a call. Each collection reads all slots, keeps their
//! objects alive, and writes the new bits where objects have moved.
//!
//! The program describes the slots in a gcroots_root_range_t. The library reads that
//! structure at the start of each collection, and under the generational collector in steps of
//! a collection. So the array may grow or move between collections and steps. Two ranges may overlap, as long as the tag bytes of one do not lie inside
//! references of the other.
//!
//! Each collection checks the slots before it moves or frees anything, and a step checks the
//! slots that it reads. The call that collects fails, and nothing has been collected, if
//!
//! - a structure describes memory that cannot be an array of slots
//!   (GCROOTS_ERROR_INVALID_ARGUMENT);
//! - a slot holds bits that are not null, not an i31, and do not refer to an object
//!   (GCROOTS_ERROR_INVALID_ARGUMENT). The message has the `index` of the range's handle,
//!   the number of the slot, and the bits;
//! - a slot below `unchanged` was written (GCROOTS_ERROR_INVALID_ARGUMENT). Only some
//!   engines check this: see "Unchanged slots" below. The message has the `index` of the
//!   range's handle, the number of the slot, and its bits before and now;
//! - the system refuses memory for the check of the bits, with gcroots_config_set_exact_slots()
//!   (GCROOTS_ERROR_OUT_OF_MEMORY).
//!
//! Without gcroots_config_set_exact_slots() this check is approximate. Bits that refer
//! into an object or into free memory may pass, if the memory there looks like an object.
//! The heap's contents may be overwritten then, but no memory outside the heap.
//! gcroots_store_verify() always checks exactly.
//!
//! Under the null collector, which never collects, only gcroots_store_verify() reads
//! ranges.
//!
//! Unchanged slots: the member `unchanged` tells a collection which slots the previous one
//! has seen. The first `unchanged` slots have not been written since the library last set
//! the member.
//!
//! - The library sets it to 0 when the range is added. Each collection sets it to `count`
//!   when it has updated the slots; a collection in steps does so at the end of its first
//!   step. A collection that fails leaves it as it is.
//! - The program lowers it to the number of the lowest slot that it writes; a push writes
//!   slot `count`. A program that writes slots only by pushing may instead lower it to the
//!   new `count` when it pops. It never raises it. 0 is always right.
//! - A value above `count` means `count`.
//! - If the slots move to other memory, `unchanged` stays as it is.
//! - If two structures describe the same slot, the program lowers it in both.
//! - Root visitors report copies of the structure. The library ignores their `unchanged`.
//!
//! Minor collections of GCROOTS_COLLECTOR_GENERATIONAL do not read the slots below it. So an
//! object may die whose only reference was written to such a slot. All other collections read
//! all slots.
//!
//! The check is made by collections, and by gcroots_store_verify(), in engines with
//! gcroots_config_set_exact_slots() or gcroots_config_set_stress(). It compares the
//! references in slots below `unchanged` with copies, which the previous collection made.
//! If the system refuses memory for the copies, nothing is compared until the collection
//! after the next one.

use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use super::boundary::{call, enter, required, write_out};
use super::config::{configure, gcroots_config_t};
use super::reference::gcroots_ref_t;
use super::status::gcroots_status_t;
use super::store::gcroots_store_t;
use crate::heap::{RootRange, SlotLayout};
use crate::roots::Handle;

/// Says where the slots of a root range are.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gcroots_root_range_t {
    /// The first slot, aligned to 4 bytes (borrowed; nullable if `count` is 0).
    pub slots: *mut c_void,
    /// The number of slots.
    pub count: usize,
    /// The number of slots, from the first one on, that have not been written since the
    /// library last set this member: see "Unchanged slots" above. Lowered by the program.
    pub unchanged: usize,
}

const _: () = assert!(
    size_of::<gcroots_root_range_t>() == size_of::<RootRange>()
        && align_of::<gcroots_root_range_t>() == align_of::<RootRange>()
);

/// Describes the slots of a root range. A slot holds a raw reference, a uint32_t, if
/// `(byte & tag_mask) == tag`, where `byte` is the byte at `tag_offset`. If `tag_mask` and
/// `tag` are 0, every slot holds a reference.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gcroots_slot_layout_t {
    /// The bytes from one slot to the next: a multiple of 4, not 0.
    pub slot_bytes: usize,
    /// The offset of the reference in a slot: a multiple of 4, less than `slot_bytes`.
    pub ref_offset: usize,
    /// The offset of the tag byte in a slot: less than `slot_bytes`, and outside the
    /// reference unless `tag_mask` is 0.
    pub tag_offset: usize,
    /// The bits of the tag byte that are compared.
    pub tag_mask: u8,
    /// The value of these bits in slots that hold a reference. Other bits must be 0.
    pub tag: u8,
}

/// Names a root range or a root visitor. If `store_id` is 0, it is zeroed and names
/// neither, whatever the other fields are.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct gcroots_root_source_t {
    /// The id of the store.
    pub store_id: u64,
    /// Tells apart the ranges and visitors that have used the slot, one after another.
    pub generation: u32,
    /// The number of the slot.
    pub index: u32,
}

const _: () =
    assert!(size_of::<gcroots_root_source_t>() == 16 && align_of::<gcroots_root_source_t>() == 8);

impl From<Handle> for gcroots_root_source_t {
    fn from(handle: Handle) -> gcroots_root_source_t {
        let gcroots_ref_t {
            store_id,
            generation,
            index,
        } = handle.into();
        gcroots_root_source_t {
            store_id,
            generation,
            index,
        }
    }
}

impl From<gcroots_root_source_t> for Handle {
    fn from(source: gcroots_root_source_t) -> Handle {
        gcroots_ref_t {
            store_id: source.store_id,
            generation: source.generation,
            index: source.index,
        }
        .into()
    }
}

/// Reads a layout of slots. Without a layout each slot is a reference.
///
/// # Safety
///
/// `layout` must be NULL or valid for reading.
pub(super) unsafe fn slot_layout(layout: *const gcroots_slot_layout_t) -> SlotLayout {
    let Some(layout) = NonNull::new(layout.cast_mut()) else {
        return SlotLayout::REFERENCES;
    };
    // SAFETY: the caller's promise.
    let layout = unsafe { layout.read() };
    SlotLayout {
        slot_bytes: layout.slot_bytes,
        ref_offset: layout.ref_offset,
        tag_offset: layout.tag_offset,
        tag_mask: layout.tag_mask,
        tag: layout.tag,
    }
}

/// Adds a root range to a store, and sets its `unchanged` to 0. Never collects.
///
/// \param range where the slots are (borrowed). The library keeps this address. It reads
///        and writes the structure and the slots in this call, in calls that may collect and in
///        gcroots_store_verify(), until the range is removed or the store is deleted.
///        Structure and slots must be valid in these calls.
/// \param layout_or_null copied; NULL if the slots are an array of uint32_t
/// \param[out] out the handle (owned); release it with gcroots_root_range_remove()
/// \return GCROOTS_ERROR_INVALID_ARGUMENT if `range` is not aligned to 8 bytes;
///         GCROOTS_ERROR_INVALID_ARGUMENT if the layout breaks a rule of
///         gcroots_slot_layout_t;
///         GCROOTS_ERROR_OUT_OF_MEMORY if the system refuses memory;
///         GCROOTS_ERROR_LIMIT if the store has no slot left for a root range
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn gcroots_root_range_add(
    store: *mut gcroots_store_t,
    range: *mut gcroots_root_range_t,
    layout_or_null: *const gcroots_slot_layout_t,
    out: *mut MaybeUninit<gcroots_root_source_t>,
) -> gcroots_status_t {
    call("gcroots_root_range_add", || {
        let (store, range) = (required(store, "store")?, required(range, "range")?);
        let out = required(out, "out")?;
        // SAFETY: the caller passes a store, a layout or NULL, and `out` valid for writing.
        // It keeps `range` and its slots valid, as documented.
        unsafe {
            let store = enter(store)?;
            let range = range.cast::<RootRange>().as_ptr();
            write_out(
                out,
                store.root_range_add(range, slot_layout(layout_or_null))?,
            )
        }
    })
}

/// Removes a root range and sets its handle to zeros. Copies of the handle become stale.
/// The slots are no roots from then on. Does nothing if the handle is zeroed. Never
/// collects.
///
/// \param[in,out] source (taken)
/// \return GCROOTS_ERROR_WRONG_STORE if `source` belongs to another store;
///         GCROOTS_ERROR_UNROOTED if `source` was removed, or names a root visitor. After
///         a failure the handle is unchanged.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_root_range_remove(
    store: *mut gcroots_store_t,
    source: *mut gcroots_root_source_t,
) -> gcroots_status_t {
    call("gcroots_root_range_remove", || {
        let (store, source) = (required(store, "store")?, required(source, "source")?);
        // SAFETY: the caller passes a store, and `source` valid for reading and writing.
        unsafe {
            enter(store)?.root_range_remove(source.read().into())?;
            write_out(
                source.cast::<MaybeUninit<gcroots_root_source_t>>(),
                Handle::NULL,
            )
        }
    })
}

/// Makes collections check exactly that each slot of a root range refers to the start of
/// an object, to find mistakes. A collection may then return GCROOTS_ERROR_OUT_OF_MEMORY.
/// The functions gcroots_raw_... then check their raw references exactly too, before anything
/// else about them, and may return GCROOTS_ERROR_OUT_OF_MEMORY for it. Also makes collections
/// check `unchanged` of root ranges. Off by default. Never collects.
///
/// Cost: a walk over the heap, and memory, in each collection. 4 bytes for each slot of a
/// root range, which gcroots_store_stats() counts in `side_bytes`. A call with raw references
/// costs as much as gcroots_ref_from_raw() for each of them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_config_set_exact_slots(
    config: *mut gcroots_config_t,
    on: bool,
) -> gcroots_status_t {
    // SAFETY: the caller's promise.
    unsafe {
        configure("gcroots_config_set_exact_slots", config, |config| {
            config.set_exact_slots(on);
            Ok(())
        })
    }
}
