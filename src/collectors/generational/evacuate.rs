//! Evacuation: sparse blocks are emptied while their objects are marked.
//!
//! A block is a *candidate* if few of its bytes are likely to be alive. When a collection finds
//! the first reference to an object in a candidate, the object moves to a block that was free,
//! and leaves a forwarding reference behind. If no free block is left, it stays in place and is
//! marked there. So a collection needs no memory beyond the free blocks that there are.
//!
//! The choice uses what is known before the trace: what the last collection found alive in a
//! block, and which share of the objects made since then survives usually.

use super::GenerationalHeap;
use super::mark::{Marking, beyond_the_end, unknown_type};
use crate::base::work;
use crate::error::{Error, Result};
use crate::heap::{BLOCK_BYTES, BlockRecord, BlockState, GcRef, Hole, ObjectHeader};

/// The classes by which candidates are chosen, each of the same number of live bytes.
const CLASSES: usize = 32;

/// Only blocks of the first classes are worth emptying: those that are at most half full.
const SPARSE_CLASSES: usize = CLASSES / 2;

/// Shares are in 1/256.
const WHOLE: u64 = 256;

/// The share of the bytes in fresh blocks that is expected to survive at first.
pub(super) const FIRST_SURVIVAL: u64 = WHOLE / 8;

impl GenerationalHeap {
    /// Chooses the candidates: the sparsest blocks first, as far as their live bytes are
    /// expected to fit into the free blocks. All blocks, if every object is to move.
    pub(super) fn choose_candidates(&mut self) {
        let free = self.space.free_blocks() as u64 * BLOCK_BYTES;
        let mut expected = [0_u64; CLASSES];
        self.state.fresh_bytes = 0;
        for record in self.small_blocks() {
            let live = self.expected_live(record);
            expected[class_of(live)] += live.max(1);
        }
        let mut room = free;
        let mut classes = 0;
        while classes < SPARSE_CLASSES && expected[classes] <= room {
            room -= expected[classes];
            classes += 1;
        }
        if self.moves_all {
            classes = CLASSES;
        }
        let mut fresh = 0;
        for record in self.small_blocks() {
            record.set_candidate(class_of(self.expected_live(record)) < classes);
            fresh += u64::from(record.is_fresh()) * BLOCK_BYTES;
        }
        self.state.fresh_bytes = fresh;
    }

    /// The records of the blocks that have small objects.
    fn small_blocks(&self) -> impl Iterator<Item = &BlockRecord> {
        let records = self.space.records();
        let used = records.iter().take(self.space.used_end());
        used.filter(|record| record.state() == BlockState::Small)
    }

    /// The bytes of a block that are expected to be alive.
    fn expected_live(&self, record: &BlockRecord) -> u64 {
        let kept = record.live();
        let new = record.new_bytes();
        (kept + new * self.survival / WHOLE).min(BLOCK_BYTES)
    }

    /// Learns which share of the bytes in fresh blocks survived, of which `in_place` stayed
    /// where they were.
    pub(super) fn learn_survival(&mut self, in_place: u64) {
        if self.state.fresh_bytes == 0 {
            return;
        }
        let survived = in_place + self.marks.moved_fresh;
        let share = (survived * WHOLE / self.state.fresh_bytes).min(WHOLE);
        self.survival = (self.survival + share).div_ceil(2);
    }
}

/// The class of a block with this number of live bytes.
fn class_of(live: u64) -> usize {
    ((live * CLASSES as u64 / BLOCK_BYTES) as usize).min(CLASSES - 1)
}

impl Marking<'_> {
    /// Where the object at `old`, `into` bytes from the start of a candidate, is now. Moves it,
    /// if this is the first reference to it that the collection finds. `None`, with nothing
    /// done, if it stays in place.
    pub(super) fn evacuate(
        &mut self,
        old: GcRef,
        into: u64,
        record: &BlockRecord,
    ) -> Result<Option<GcRef>> {
        let Some(head) = self.memory.head(old.offset()) else {
            return Err(beyond_the_end(old.offset()));
        };
        let header = ObjectHeader::from_bits(head.header());
        if let Some(new) = header.forwarded() {
            return match self.is_moved_to(new) {
                true => Ok(Some(new)),
                false => Err(Error::internal("a wrong forwarding", new.raw().into())),
            };
        }
        if record.has_marks_of(self.cycle) && record.is_start(into) {
            return Ok(None);
        }
        let measured = self.layouts.measure_head(header, || head.after_header());
        let Some(measured) = measured else {
            return Err(unknown_type(header));
        };
        let bytes = measured.bytes;
        // It may be larger than `LARGEST_SMALL`, if there was room in the mutator's window.
        if into + bytes > BLOCK_BYTES {
            return Err(beyond_the_end(old.offset()));
        }
        let Some(at) = self.target_for(bytes) else {
            return Ok(None);
        };
        // The object ends in the candidate, and the target is in another block.
        let memory = self.space.region().view();
        memory.copy_to(old.offset(), memory, at, bytes)?;
        work::count(bytes as usize / 2);
        let new = GcRef::from_offset(at);
        head.set_header(ObjectHeader::forwarding(new));
        self.state.moved += bytes;
        self.state.moved_fresh += if record.is_fresh() { bytes } else { 0 };
        if header.is_key() {
            self.pending.push(old)?;
        }
        if let Some((into, record)) = self.locate(new) {
            record.set_start(into);
        }
        self.push(new);
        Ok(Some(new))
    }

    /// Takes `bytes` for an object that moves. `None` if no block is free.
    fn target_for(&mut self, bytes: u64) -> Option<u64> {
        if bytes > self.state.target.bytes() {
            let start = self.space.start_of(self.space.acquire_target()?);
            self.state.target = Hole {
                start,
                end: start + BLOCK_BYTES,
            };
        }
        let at = self.state.target.start;
        self.state.target.start += bytes;
        Some(at)
    }

    /// Whether an object has moved to `reference` in this collection.
    fn is_moved_to(&self, reference: GcRef) -> bool {
        !reference.is_odd()
            && self
                .locate(reference)
                .is_some_and(|(into, record)| record.is_target() && record.is_start(into))
    }
}
