//! Where compiled code finds the parts of a store that its fast paths read and write: offsets
//! in bytes from the store's address.
//!
//! The inline forms of `gcroots_inline.h` are such code, and so is what an engine's compiler
//! emits. The offsets are part of the version that a store's first word contains
//! ([`LAYOUT_VERSION`]): whoever changes one of them, or what a part means, raises it.

use core::mem::offset_of;

use crate::base::dirty_groups::DirtyGroups;
pub(crate) use crate::base::thread::{LAYOUT_VERSION, thread_token_offset};
use crate::heap::Mutator;
use crate::host::HostData;
use crate::roots::{LifoRoots, ManualRoots, ScopeStack};
use crate::store::Store;
use crate::store::objects::type_table::TypeTable;

pub(crate) const ENTRY: usize = offset_of!(Store, entry);
pub(crate) const ID: usize = offset_of!(Store, id);

const LIFO: usize = offset_of!(Store, lifo);
pub(crate) const SCOPED_LENGTH: usize = LIFO + LifoRoots::LEN_AT;
pub(crate) const SCOPED_OLD: usize = LIFO + LifoRoots::OLD_AT;
pub(crate) const SCOPED_SLOTS: usize = LIFO + LifoRoots::SLOTS_AT;

const SCOPES: usize = offset_of!(Store, scopes);
pub(crate) const SCOPE_TOP: usize = SCOPES + ScopeStack::TOP_AT;
pub(crate) const SCOPE_END: usize = SCOPES + ScopeStack::END_AT;
pub(crate) const SCOPE_NEXT_SERIAL: usize = SCOPES + ScopeStack::NEXT_SERIAL_AT;

const MUTATOR: usize = offset_of!(Store, mutator);
pub(crate) const HEAP_BASE: usize = MUTATOR + Mutator::BASE_AT;
pub(crate) const HEAP_START: usize = MUTATOR + Mutator::START_AT;
pub(crate) const HEAP_END: usize = MUTATOR + Mutator::END_AT;
pub(crate) const HEAP_OBJECT_OFFSETS: usize = MUTATOR + Mutator::OBJECT_OFFSETS_AT;
pub(crate) const WINDOW_NEXT: usize = MUTATOR + Mutator::NEXT_AT;
pub(crate) const WINDOW_LIMIT: usize = MUTATOR + Mutator::LIMIT_AT;
pub(crate) const WINDOW_END: usize = MUTATOR + Mutator::WINDOW_END_AT;
pub(crate) const OBJECTS: usize = MUTATOR + Mutator::OBJECTS_AT;
pub(crate) const BARRIER_FIRST: usize = MUTATOR + Mutator::BARRIER_FIRST_AT;
pub(crate) const BARRIER_LENGTH: usize = MUTATOR + Mutator::BARRIER_LENGTH_AT;
pub(crate) const BARRIER_NURSERY: usize = MUTATOR + Mutator::BARRIER_NURSERY_AT;
pub(crate) const BARRIER_NEW_OBJECTS: usize = MUTATOR + Mutator::BARRIER_NEW_OBJECTS_AT;
pub(crate) const NO_GC_SPANS: usize = MUTATOR + Mutator::NO_GC_AT;

const TYPES: usize = offset_of!(Store, types);
pub(crate) const TYPE_TABLE: usize = TYPES + TypeTable::FIRST_AT;
pub(crate) const TYPE_COUNT: usize = TYPES + TypeTable::COUNT_AT;

pub(crate) const CHECKS_RAW_SLOWLY: usize = offset_of!(Store, checks_raw_slowly);
pub(crate) const COUNTED_RELEASES: usize = offset_of!(Store, counted_releases);

const MANUAL: usize = offset_of!(Store, manual);
pub(crate) const MANUAL_USED: usize = MANUAL + ManualRoots::USED_AT;
pub(crate) const MANUAL_FREE: usize = MANUAL + ManualRoots::FREE_AT;
pub(crate) const MANUAL_SLOTS: usize = MANUAL + ManualRoots::SLOTS_AT;
pub(crate) const MANUAL_CREATED: usize = MANUAL + ManualRoots::CREATED_AT;
pub(crate) const MANUAL_RELEASED: usize = MANUAL + ManualRoots::RELEASED_AT;
pub(crate) const MANUAL_GROUP_SHIFT: usize = MANUAL + ManualRoots::YOUNG_AT + DirtyGroups::SHIFT_AT;
pub(crate) const MANUAL_GROUPS: usize = MANUAL + ManualRoots::YOUNG_AT + DirtyGroups::DIRTY_AT;
pub(crate) const MANUAL_QUEUE: usize = MANUAL + ManualRoots::QUEUE_AT;

const HOST: usize = offset_of!(Store, host);
pub(crate) const HOST_ENTRIES: usize = HOST + HostData::ENTRIES_AT;
pub(crate) const HOST_USED: usize = HOST + HostData::USED_AT;
pub(crate) const HOST_FREE: usize = HOST + HostData::FREE_AT;
pub(crate) const HOST_GROUP_SHIFT: usize = HOST + HostData::YOUNG_AT + DirtyGroups::SHIFT_AT;
pub(crate) const HOST_GROUPS: usize = HOST + HostData::YOUNG_AT + DirtyGroups::DIRTY_AT;
