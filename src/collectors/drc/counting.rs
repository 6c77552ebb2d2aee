//! Counting by the mutator itself, for its fast paths: what the heap's barrier does, where
//! that is no more than to count.

use super::count::Counted;
use crate::heap::{AllocationArea, GcRef, ObjectHeader};

/// Stores a reference in a slot, over what it held; `None`, with nothing changed, if that
/// would leave an object that is to be listed, or finds nonsense.
pub(crate) fn store(area: &AllocationArea, at: u64, source: GcRef) -> Option<()> {
    let old = GcRef::from_raw(area.load(at)?);
    if old == source {
        return Some(());
    }
    // All is read before anything is written.
    let more = match source.is_object() {
        true => Some(counted(area, source)?.more()),
        false => None,
    };
    if old.is_object() {
        let less = counted(area, old)?.less().ok()?;
        if less.count() == 0 {
            return None;
        }
        set(area, old, less)?;
    }
    if let Some(more) = more {
        set(area, source, more)?;
    }
    area.store(at, source.raw())
}

/// Counts a reference that a new object holds; `None` if it finds nonsense.
#[inline(always)]
pub(crate) fn count_new(area: &AllocationArea, source: GcRef) -> Option<()> {
    if !source.is_object() {
        return Some(());
    }
    set(area, source, counted(area, source)?.more())
}

#[inline(always)]
fn counted(area: &AllocationArea, object: GcRef) -> Option<Counted> {
    Counted::of(ObjectHeader::from_bits(area.load(object.offset())?)).ok()
}

#[inline(always)]
fn set(area: &AllocationArea, object: GcRef, header: Counted) -> Option<()> {
    area.store(object.offset(), header.0.bits())
}
