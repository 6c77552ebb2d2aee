//! The remembered set: the old objects, and slots of long arrays, that refer to young objects.
//!
//! The barrier adds an object once: a bit of its header says that it is in the set. Of a long
//! array it adds the slot, or the whole array if there are many slots already. Where there is no
//! memory, the next minor collection looks at all old objects instead, so the barrier never fails.

use super::GenerationalHeap;
use crate::base::{fallible, room};
use crate::error::Result;
use crate::heap::{
    ARRAY_LENGTH, CollectionKind, GcRef, Kind, LONG_ARRAY, Logged, ObjectHeader, Region,
    RememberLog, SLOT_BYTES,
};

/// The bytes of memory that the empty set keeps after a major collection.
const KEPT_BYTES: u64 = 64 << 10;

/// The most slots that are remembered. After that, long arrays are remembered as a whole.
const MOST_SLOTS: usize = 1 << 17;

/// The remembered set.
#[derive(Debug, Default)]
pub(super) struct Remembered {
    /// Objects, each once.
    objects: Vec<GcRef>,
    /// Offsets of slots, divided by the size of a slot.
    slots: Vec<u32>,
    /// Something was not added.
    is_incomplete: bool,
}

impl Remembered {
    /// Adds the slot at `at` of the old object at `holder`, which gets a reference to a young
    /// object.
    pub(super) fn add(&mut self, region: &Region, holder: u64, at: u64) -> Result<()> {
        let header = ObjectHeader::from_bits(region.load_u64(holder)?);
        if header.is_remembered() {
            return Ok(());
        }
        if header.kind() == Some(Kind::Array)
            && region.load_u32(holder + ARRAY_LENGTH)? > LONG_ARRAY
            && self.slots.len() < MOST_SLOTS
        {
            self.push_slot(at);
            return Ok(());
        }
        self.add_object(region, holder, header)
    }

    /// Adds the whole old object at `holder`.
    pub(super) fn add_whole(&mut self, region: &Region, holder: u64) -> Result<()> {
        let header = ObjectHeader::from_bits(region.load_u64(holder)?);
        if header.is_remembered() {
            return Ok(());
        }
        self.add_object(region, holder, header)
    }

    fn push_slot(&mut self, at: u64) {
        let slot = (at / SLOT_BYTES) as u32;
        self.is_incomplete |= fallible::push(&mut self.slots, slot).is_err();
    }

    /// Adds what the barrier has logged, whose objects have the bit in their headers
    /// already.
    pub(super) fn add_logged(&mut self, region: &Region, logged: impl Iterator<Item = Logged>) {
        for entry in logged {
            match entry {
                Logged::Slot(at) => self.push_slot(at),
                Logged::Object(holder) => {
                    let object = GcRef::from_offset(holder);
                    if fallible::push(&mut self.objects, object).is_err() {
                        self.is_incomplete = true;
                        forget_in_header(region, object);
                    }
                }
            }
        }
    }

    fn add_object(&mut self, region: &Region, holder: u64, header: ObjectHeader) -> Result<()> {
        if fallible::push(&mut self.objects, GcRef::from_offset(holder)).is_err() {
            self.is_incomplete = true;
            return Ok(());
        }
        region.store_u64(holder, header.remembered(true).bits())
    }

    /// Forgets an old object of `bytes`, whose memory becomes free.
    pub(super) fn forget(&mut self, object: GcRef, bytes: u64) {
        self.objects.retain(|&other| other != object);
        let first = object.offset() / SLOT_BYTES;
        let slots = first..first + bytes / SLOT_BYTES;
        self.slots.retain(|&slot| !slots.contains(&slot.into()));
    }

    /// The bytes of memory that the set has.
    pub(super) fn side_bytes(&self) -> u64 {
        fallible::bytes(&self.objects) + fallible::bytes(&self.slots)
    }

    /// Whether the set lacks something, so that all old objects must be looked at.
    pub(super) fn is_incomplete(&self) -> bool {
        self.is_incomplete
    }

    /// The offsets of the remembered slots.
    pub(super) fn slots(&self) -> impl Iterator<Item = u64> {
        let offset = |&slot: &u32| u64::from(slot) * SLOT_BYTES;
        self.slots.iter().map(offset)
    }

    /// Sorts the slots, so that [`Remembered::has_slot`] finds them.
    pub(super) fn sort_slots(&mut self) {
        self.slots.sort_unstable();
    }

    /// Whether the slot at `at` is remembered. The slots must be sorted.
    pub(super) fn has_slot(&self, at: u64) -> bool {
        let slot = (at / SLOT_BYTES) as u32;
        self.slots.binary_search(&slot).is_ok()
    }

    /// The remembered objects.
    pub(super) fn objects(&self) -> &[GcRef] {
        &self.objects
    }

    /// Empties the set, and clears the bits in the headers of its objects.
    pub(super) fn clear(&mut self, region: &Region) -> Result<()> {
        for object in self.objects.drain(..) {
            let header = ObjectHeader::from_bits(region.load_u64(object.offset())?);
            if header.kind() != Some(Kind::Free) {
                region.store_u64(object.offset(), header.remembered(false).bits())?;
            }
        }
        self.slots.clear();
        self.is_incomplete = false;
        Ok(())
    }

    /// Gives back the memory that the present entries do not need.
    pub(super) fn give_back(&mut self) {
        let (objects, slots) = (self.objects.len(), self.slots.len());
        room::give_back(&mut self.objects, objects);
        room::give_back(&mut self.slots, slots);
    }
}

/// Clears the bit in the header of an object that the set does not have.
fn forget_in_header(region: &Region, object: GcRef) {
    if let Ok(bits) = region.load_u64(object.offset()) {
        let header = ObjectHeader::from_bits(bits).remembered(false);
        let written = region.store_u64(object.offset(), header.bits());
        debug_assert!(written.is_ok());
    }
}

impl GenerationalHeap {
    /// Remembers the whole object at `holder`, if it is old.
    pub(super) fn remember_whole(&mut self, holder: u64) -> Result<()> {
        let space = &self.blocks.space;
        if space.is_in_slot(holder) {
            return Ok(());
        }
        self.remembered.add_whole(space.region(), holder)
    }

    /// Takes over what the barrier has logged.
    pub(super) fn take_over_log(&mut self, log: &RememberLog) {
        let region = self.blocks.space.region();
        self.remembered.add_logged(region, log.take());
    }

    /// Empties the set, because a collection looks at all young objects.
    pub(super) fn forget_remembered(&mut self) -> Result<()> {
        self.remembered.clear(self.blocks.space.region())?;
        if self.kind == CollectionKind::Major && self.remembered.side_bytes() > KEPT_BYTES {
            self.remembered.give_back();
        }
        Ok(())
    }
}
