//! Root ranges
//!
//! A root range is memory of the embedder's that has references, such as an interpreter's
//! stack: an array of slots, of which some hold raw references. Each collection reads all
//! slots, keeps alive what they refer to, and writes the new bits where objects moved. So
//! slots are read and written by the embedder without a call.
//!
//! Where the slots are says a structure of the embedder's, which is read when a collection
//! begins, so that a stack may grow and move at any time. Two ranges may have slots in
//! common, but not one's tags in the other's references.
//!
//! Slots are looked at before anything moves. If one has bits that refer to nothing, or a
//! range cannot be where it says, the call that wanted to collect answers
//! GCROOTS_ERROR_INVALID_ARGUMENT, with the index of the range's handle, the slot and the
//! bits in the message, and nothing has been collected. Bits into the midst of an object or
//! of free memory may pass if they find what looks like an object there: then the
//! heap's contents, though no memory outside, may be overwritten. With
//! gcroots_config_set_exact_slots() each slot is compared with where objects start.
//! gcroots_store_verify() compares always. Under the null collector, which never collects,
//! only gcroots_store_verify() reads ranges.

use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use super::boundary::{call, enter, put, required, required_const};
use super::config::{configure, gcroots_config_t};
use super::reference::gcroots_ref_t;
use super::status::gcroots_status_t;
use super::store::gcroots_store_t;
use crate::heap::{RootRange, SlotLayout};
use crate::roots::Handle;

/// Where the slots of a root range are.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gcroots_root_range_t {
    /// The first slot, aligned to 4 bytes (borrowed, nullable if `count` is 0).
    pub slots: *mut c_void,
    /// How many slots there are.
    pub count: usize,
}

const _: () = assert!(
    size_of::<gcroots_root_range_t>() == size_of::<RootRange>()
        && align_of::<gcroots_root_range_t>() == align_of::<RootRange>()
);

/// What a slot of a root range looks like: it has a raw reference, a uint32_t, if the byte
/// at `tag_offset` and `tag_mask` have the bits of `tag` in common. With a mask and a tag of
/// 0 each slot has one.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gcroots_slot_layout_t {
    /// Bytes from one slot to the next, a multiple of 4.
    pub slot_bytes: usize,
    /// Where the reference is in a slot, a multiple of 4.
    pub ref_offset: usize,
    /// Where the byte is that tells references from others: outside the reference, unless
    /// the mask is 0.
    pub tag_offset: usize,
    /// The bits of that byte that are looked at.
    pub tag_mask: u8,
    /// What they are in slots with a reference.
    pub tag: u8,
}

/// Names a root range or a root visitor. `store_id` 0 is none, whatever the rest.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct gcroots_root_source_t {
    /// The store's id.
    pub store_id: u64,
    /// Which of the sources that were in the slot.
    pub generation: u32,
    /// The slot.
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

/// What the slots look like; without a layout they are references.
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

/// Adds a root range. Never collects.
///
/// \param range where the slots are (borrowed): its address is kept and read in calls that
///              may collect, and in gcroots_store_verify(), until the range is removed or
///              the store deleted. What it says then must be there to read and write.
/// \param layout_or_null copied; NULL for an array of uint32_t
/// \param[out] out the handle (owned); release it with gcroots_root_range_remove()
/// \return GCROOTS_ERROR_INVALID_ARGUMENT for a range whose own address is not aligned, and
///         for a layout that no slot can have; GCROOTS_ERROR_OUT_OF_MEMORY,
///         GCROOTS_ERROR_LIMIT
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn gcroots_root_range_add(
    store: *mut gcroots_store_t,
    range: *const gcroots_root_range_t,
    layout_or_null: *const gcroots_slot_layout_t,
    out: *mut MaybeUninit<gcroots_root_source_t>,
) -> gcroots_status_t {
    call(|| {
        let (store, range) = (required(store, "store")?, required_const(range, "range")?);
        let out = required(out, "out")?;
        // SAFETY: the caller passes a store, a layout, and `out` valid for writing, and
        // promises what is said of `range`.
        unsafe {
            let store = enter(store)?;
            let range = range.cast::<RootRange>().as_ptr().cast_const();
            put(
                out,
                store.root_range_add(range, slot_layout(layout_or_null))?,
            )
        }
    })
}

/// Removes a root range and zeroes its handle; copies of it become stale, and what only
/// the range kept alive is not any more. Does nothing for a zeroed one. Never collects.
///
/// \param[in,out] source (taken)
/// \return GCROOTS_ERROR_WRONG_STORE; GCROOTS_ERROR_UNROOTED if it was removed, or is a
///         root visitor's; the handle is unchanged then
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_root_range_remove(
    store: *mut gcroots_store_t,
    source: *mut gcroots_root_source_t,
) -> gcroots_status_t {
    call(|| {
        let (store, source) = (required(store, "store")?, required(source, "source")?);
        // SAFETY: the caller passes a store, and `source` valid for reading and writing.
        unsafe {
            enter(store)?.root_range_remove(source.read().into())?;
            put(
                source.cast::<MaybeUninit<gcroots_root_source_t>>(),
                Handle::NULL,
            )
        }
    })
}

/// Makes collections check that each slot of a root range refers to the start of an
/// object, which takes a walk over the heap, and memory: a collection may answer
/// GCROOTS_ERROR_OUT_OF_MEMORY then. To find mistakes. Never collects.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_config_set_exact_slots(
    config: *mut gcroots_config_t,
    on: bool,
) -> gcroots_status_t {
    // SAFETY: the caller's promise.
    unsafe {
        configure(config, |config| {
            config.set_exact_slots(on);
            Ok(())
        })
    }
}
