//! Layout for compiled code
//!
//! For compilers that emit the fast paths of this library: where a store, a type and a field
//! have what such code reads and writes. docs/engines.md explains the paths, and works out an
//! allocation and a store. gcroots_inline.h is an implementation of them in C.
//!
//! The layout has a version, which is part of the entry word of each store. Code that adds the
//! version that it was made for to its thread's word finds no match in a library with another
//! layout, and must call then. So it is never silently wrong.

use core::mem::MaybeUninit;

use super::boundary::{call, required, write_out};
use super::status::gcroots_status_t;
use crate::host::HostEntry;
use crate::store::raw::code_layout as at;
use crate::types::{FieldLayout, RegisteredType};

/// Offsets in bytes. A slot of a root is two `uint32_t`: the generation and the raw reference.
/// The record of a scope is a `uint64_t`, the serial number, and two `uint32_t`: the length of
/// the scoped roots and the number of no-GC spans when the scope was entered.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct gcroots_code_layout_t {
    /// The version of the layout.
    pub version: u32,
    /// The size of an entry of the host data.
    pub host_entry_bytes: u32,
    /// The offset of the thread's word from the thread pointer, as the ABI of the platform
    /// defines it. The word is a `uint64_t`, the variable gcroots_thread_token.
    pub thread_token: i64,
    /// From a store: the entry word, a `uint64_t`. The thread may call while it is the thread's word plus the version.
    pub entry: u32,
    /// From a store: the id that is in the store's handles, a `uint64_t`.
    pub id: u32,
    /// From a store: the number of slots in use, a `uint32_t`.
    pub scoped_length: u32,
    /// From a store: the number of slots, from the first on, that refer to no young object, a `uint32_t`.
    pub scoped_old: u32,
    /// From a store: the address of the first slot.
    pub scoped_slots: u32,
    /// From a store: the address of the innermost scope's record.
    pub scope_top: u32,
    /// From a store: the address of the record that is kept for finalizers. Records before it can be used.
    pub scope_end: u32,
    /// From a store: the serial number of the next scope, a `uint64_t`.
    pub scope_next_serial: u32,
    /// From a store: the heap's base.
    pub heap_base: u32,
    /// From a store: the offset at which the heap starts, a `uint64_t`.
    pub heap_start: u32,
    /// From a store: the offset at which it ends, a `uint64_t`.
    pub heap_end: u32,
    /// From a store: the number of offsets, from the start on, at which the least object fits, a `uint64_t`.
    pub heap_object_offsets: u32,
    /// From a store: the offset of the next object, a `uint64_t`.
    pub window_next: u32,
    /// From a store: the greatest offset at which it may end, a `uint64_t`.
    pub window_limit: u32,
    /// From a store: the offset of the window's end, a `uint64_t`.
    pub window_end: u32,
    /// From a store: the number of objects, a `uint64_t`.
    pub objects: u32,
    /// From a store: the first value that concerns the collector, a `uint64_t`.
    pub barrier_first: u32,
    /// From a store: the number of values that concern it, a `uint64_t`.
    pub barrier_length: u32,
    /// From a store: the number of granules of the nursery, a `uint64_t`.
    pub barrier_nursery: u32,
    /// From a store: whether values in new objects concern it too, a `bool`.
    pub barrier_new_objects: u32,
    /// From a store: the number of open spans, a `uint32_t`.
    pub no_gc_spans: u32,
    /// From a store: the address of the array of types.
    pub type_table: u32,
    /// From a store: the length of that array, a `size_t`.
    pub type_count: u32,
    /// From a store: whether raw references need calls, a `bool`.
    pub checks_raw_slowly: u32,
    /// From a store: how often a root was made to refer to something else, a `uint64_t`.
    pub counted_releases: u32,
    /// From a store: the number of slots that were ever used, a `uint32_t`.
    pub manual_used: u32,
    /// From a store: the index of the first free slot, a `uint32_t`.
    pub manual_free: u32,
    /// From a store: the address of the first slot.
    pub manual_slots: u32,
    /// From a store: how many were made, a `uint64_t`.
    pub manual_created: u32,
    /// From a store: how many have ended, a `uint64_t`.
    pub manual_released: u32,
    /// From a store: the binary logarithm of the slots of a group, a `uint32_t`.
    pub manual_group_shift: u32,
    /// From a store: whether a slot of each group was written, 64 `bool`s.
    pub manual_groups: u32,
    /// From a store: not 0 if roots wait for being unrooted, a `uint32_t`.
    pub manual_queue: u32,
    /// From a store: the address of the first entry.
    pub host_entries: u32,
    /// From a store: the number of entries that were ever used, a `uint32_t`.
    pub host_used: u32,
    /// From a store: the index of the first free entry, a `uint32_t`.
    pub host_free: u32,
    /// From a store: as `manual_group_shift`.
    pub host_group_shift: u32,
    /// From a store: as `manual_groups`.
    pub host_groups: u32,
    /// From a gcroots_type_t: the header of the type's objects, a `uint64_t`.
    pub type_header: u32,
    /// From a gcroots_type_t: the bytes of a struct, a `uint32_t`.
    pub type_bytes: u32,
    /// From a gcroots_type_t: the bytes of an element, a `uint32_t`.
    pub type_element_bytes: u32,
    /// From a gcroots_type_t: whether all fields have defaults, a `bool`.
    pub type_has_defaults: u32,
    /// From a gcroots_type_t: the address of the first field's layout.
    pub type_fields: u32,
    /// From a gcroots_type_t: the number of fields, a `size_t`. An array has one, for its elements.
    pub type_field_count: u32,
    /// From a gcroots_type_t: the address of the first supertype's index.
    pub type_supertypes: u32,
    /// From a gcroots_type_t: the number of supertypes, a `size_t`.
    pub type_supertype_count: u32,
    /// From a gcroots_type_t: the kind of objects that raw references may lead to, a `uint8_t`.
    pub type_raw_kind: u32,
    /// From a field's layout, of 16 bytes: the offset of the field in its object, a `uint32_t`.
    pub field_offset: u32,
    /// From a field's layout, of 16 bytes: the index of the type that a reference must have, a `uint32_t`.
    pub field_type_index: u32,
    /// From a field's layout, of 16 bytes: the kinds of references that it admits, a bit each, a `uint16_t`: those of headers, 8 for an i31, 9 for null.
    pub field_kinds: u32,
    /// From a field's layout, of 16 bytes: the number of supertypes of that type, a `uint8_t`; 255 for a type that is not concrete.
    pub field_depth: u32,
    /// From a field's layout, of 16 bytes: its gcroots_storage_t, a `uint8_t`.
    pub field_storage: u32,
    /// From a field's layout, of 16 bytes: whether it may be set, a `bool`.
    pub field_mutable: u32,
    /// From a field's layout, of 16 bytes: the `kind` of the gcroots_val_t that it takes, a `uint8_t`.
    pub field_takes: u32,
    /// From an entry of the host data: the pointer of an externref.
    pub host_entry_data: u32,
    /// From an entry of the host data: its finalizer.
    pub host_entry_finalizer: u32,
    /// From an entry of the host data: the bits of its raw reference, a `uint32_t`.
    pub host_entry_object: u32,
    /// From an entry of the host data: of a free entry, the index of the next one, a `uint32_t`.
    pub host_entry_link: u32,
}

/// Copies the layout to `out`. It is the same for all stores and threads of the process. Never
/// collects. Cost: a copy of a few hundred bytes.
///
/// \param[out] out the layout
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_code_layout(
    out: *mut MaybeUninit<gcroots_code_layout_t>,
) -> gcroots_status_t {
    call("gcroots_code_layout", || {
        let out = required(out, "out")?;
        // SAFETY: the caller passes `out` valid for writing.
        unsafe { write_out(out, layout()) }
    })
}

/// An offset in a structure of the library.
const fn offset(bytes: usize) -> u32 {
    assert!(bytes < 1 << 16);
    bytes as u32
}

fn layout() -> gcroots_code_layout_t {
    gcroots_code_layout_t {
        version: at::LAYOUT_VERSION as u32,
        host_entry_bytes: offset(size_of::<HostEntry>()),
        thread_token: at::thread_token_offset(),
        entry: offset(at::ENTRY),
        id: offset(at::ID),
        scoped_length: offset(at::SCOPED_LENGTH),
        scoped_old: offset(at::SCOPED_OLD),
        scoped_slots: offset(at::SCOPED_SLOTS),
        scope_top: offset(at::SCOPE_TOP),
        scope_end: offset(at::SCOPE_END),
        scope_next_serial: offset(at::SCOPE_NEXT_SERIAL),
        heap_base: offset(at::HEAP_BASE),
        heap_start: offset(at::HEAP_START),
        heap_end: offset(at::HEAP_END),
        heap_object_offsets: offset(at::HEAP_OBJECT_OFFSETS),
        window_next: offset(at::WINDOW_NEXT),
        window_limit: offset(at::WINDOW_LIMIT),
        window_end: offset(at::WINDOW_END),
        objects: offset(at::OBJECTS),
        barrier_first: offset(at::BARRIER_FIRST),
        barrier_length: offset(at::BARRIER_LENGTH),
        barrier_nursery: offset(at::BARRIER_NURSERY),
        barrier_new_objects: offset(at::BARRIER_NEW_OBJECTS),
        no_gc_spans: offset(at::NO_GC_SPANS),
        type_table: offset(at::TYPE_TABLE),
        type_count: offset(at::TYPE_COUNT),
        checks_raw_slowly: offset(at::CHECKS_RAW_SLOWLY),
        counted_releases: offset(at::COUNTED_RELEASES),
        manual_used: offset(at::MANUAL_USED),
        manual_free: offset(at::MANUAL_FREE),
        manual_slots: offset(at::MANUAL_SLOTS),
        manual_created: offset(at::MANUAL_CREATED),
        manual_released: offset(at::MANUAL_RELEASED),
        manual_group_shift: offset(at::MANUAL_GROUP_SHIFT),
        manual_groups: offset(at::MANUAL_GROUPS),
        manual_queue: offset(at::MANUAL_QUEUE),
        host_entries: offset(at::HOST_ENTRIES),
        host_used: offset(at::HOST_USED),
        host_free: offset(at::HOST_FREE),
        host_group_shift: offset(at::HOST_GROUP_SHIFT),
        host_groups: offset(at::HOST_GROUPS),
        type_header: offset(RegisteredType::HEADER_AT),
        type_bytes: offset(RegisteredType::BYTES_AT),
        type_element_bytes: offset(RegisteredType::ELEMENT_BYTES_AT),
        type_has_defaults: offset(RegisteredType::HAS_DEFAULTS_AT),
        type_fields: offset(RegisteredType::FIELDS_AT),
        type_field_count: offset(RegisteredType::FIELD_COUNT_AT),
        type_supertypes: offset(RegisteredType::SUPERTYPES_AT),
        type_supertype_count: offset(RegisteredType::SUPERTYPE_COUNT_AT),
        type_raw_kind: offset(RegisteredType::RAW_KIND_AT),
        field_offset: offset(FieldLayout::OFFSET_AT),
        field_type_index: offset(FieldLayout::TYPE_INDEX_AT),
        field_kinds: offset(FieldLayout::KINDS_AT),
        field_depth: offset(FieldLayout::DEPTH_AT),
        field_storage: offset(FieldLayout::STORAGE_AT),
        field_mutable: offset(FieldLayout::MUTABLE_AT),
        field_takes: offset(FieldLayout::TAKES_AT),
        host_entry_data: offset(HostEntry::DATA_AT),
        host_entry_finalizer: offset(HostEntry::FINALIZER_AT),
        host_entry_object: offset(HostEntry::OBJECT_AT),
        host_entry_link: offset(HostEntry::LINK_AT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A hash of the offsets (FNV-1a), without that of the thread's word.
    fn digest() -> u64 {
        let layout = gcroots_code_layout_t {
            thread_token: 0,
            ..layout()
        };
        let text = format!("{layout:?}");
        text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    }

    /// Code that was compiled for a version must find that layout, or another version. So whoever
    /// changes an offset raises the version, and writes the new pair here.
    #[test]
    fn a_version_has_one_layout() {
        assert_eq!(
            (layout().version, digest()),
            (1, 0xd2a7_da07_1c33_4098),
            "raise LAYOUT_VERSION"
        );
    }
}
