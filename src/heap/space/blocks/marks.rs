//! Marks: which objects the collection under way has reached.
//!
//! A mark is a bit beside the heap, and apart from the bits of the known starts. So the known
//! starts and the free lines stay as they are while marks are set, and the program may run
//! meanwhile. The sweep of a block makes its marks the known starts, and the lines that it has
//! marked the live ones.
//!
//! Marks are cleared when the first object of a block is reached.

use super::granule_bits::GranuleBits;
use super::marking_state::MarkingState;
use super::record::{BlockRecord, BlockState};
use super::{BLOCK_BYTES, BlockSpace};
use crate::heap::reference::GcRef;

impl BlockSpace {
    /// The number of the collection that is under way, or of the last one.
    pub(crate) fn cycle(&self) -> u8 {
        self.cycle
    }

    /// Begins a collection, and gives it a number.
    pub(crate) fn begin_cycle(&mut self) {
        self.cycle = self.cycle % 127 + 1;
    }

    /// Forgets which objects are new, because a collection is to find all that are alive.
    pub(crate) fn forget_new(&self) {
        self.tables.young().clear();
    }

    /// What the collection between whose steps the program runs does.
    #[inline(always)]
    pub(crate) fn marking_state(&self) -> MarkingState {
        self.marking.get()
    }

    /// Sets what that collection does.
    pub(crate) fn set_marking_state(&self, state: MarkingState) {
        self.marking.set(state);
    }

    /// The marks of the committed blocks.
    #[inline(always)]
    pub(crate) fn marks(&self) -> &[GranuleBits] {
        self.tables.marks(self.blocks())
    }

    /// Notes that the collection under way reaches its first object in a block. Its lines are to
    /// count the objects that are reached if `counts`.
    pub(crate) fn begin_marks(&self, block: usize, counts: bool) {
        self.records()[block].begin_marks(self.cycle, &self.marks()[block], counts);
    }

    /// Forgets all marks and gray bits, because the collection is dropped.
    pub(crate) fn drop_marks(&self) {
        let end = self.used_end().min(self.blocks());
        let records = &self.records()[self.first_old_block()..end];
        records.iter().for_each(BlockRecord::drop_marks);
        self.forget_gray();
    }

    /// Forgets the gray bits of a collection that was not completed. None is under way then.
    pub(super) fn forget_gray(&self) {
        while self.take_gray(|_| true).is_some() {}
        self.marking.set(MarkingState::Idle);
    }

    /// Marks an object of `bytes` at `offset` that is alive and has been looked at, and its lines,
    /// unless it has a mark. Whether it had none.
    pub(crate) fn mark_black(&self, offset: u64, bytes: u64) -> bool {
        let block = self.block_of(offset);
        let (record, into) = (&self.records()[block], offset - self.start_of(block));
        if !record.has_marks_of(self.cycle) {
            self.begin_marks(block, false);
        }
        let is_new = self.marks()[block].set(into);
        if is_new {
            record.add_marked_live(bytes);
            if record.state() == BlockState::Small {
                record.mark_lines(into, into + bytes);
            }
        }
        is_new
    }

    /// Whether an object has a mark of the collection under way.
    #[inline]
    pub(crate) fn is_marked(&self, object: GcRef) -> bool {
        let into = object.offset().wrapping_sub(self.start());
        let block = (into / BLOCK_BYTES) as usize;
        self.records().get(block).is_some_and(|record| {
            record.has_marks_of(self.cycle) && self.marks()[block].has(into % BLOCK_BYTES)
        })
    }

    /// Whether an object that the collection between whose steps the program runs has not reached
    /// is still in its memory: the object at `reference` is dead.
    pub(crate) fn is_unswept(&self, reference: GcRef) -> bool {
        let MarkingState::Sweeping(from) = self.marking.get() else {
            return false;
        };
        let into = reference.offset().wrapping_sub(self.start());
        let block = (into / BLOCK_BYTES) as usize;
        block >= from.max(self.first_old_block())
            && block < self.blocks()
            && !self.is_new_at(block, into % BLOCK_BYTES)
            && !self.is_marked(reference)
    }

    /// The number of old objects in a block of small objects, and their bytes. Those that were
    /// made since the last minor collection are left out.
    pub(crate) fn old_objects(&self, block: usize) -> (u64, u64) {
        let record = &self.records()[block];
        if record.state() != BlockState::Small {
            return (0, 0);
        }
        (record.old_starts(), record.live())
    }

    /// Whether the large object that starts in a block is dead, after marking has ended.
    pub(crate) fn is_dead_large(&self, block: usize) -> bool {
        !self.tables.young().contains(block) && !self.records()[block].has_marks_of(self.cycle)
    }

    /// Adds an object of `bytes` at `offset` to those that are known to be alive.
    pub(crate) fn note_live(&self, offset: u64, bytes: u64) {
        self.records()[self.block_of(offset)].add_live(bytes);
    }

    /// Whether the object at `offset` is young, so that the collection between whose steps the
    /// program runs does not mark it.
    pub(crate) fn is_young_in_cycle(&self, offset: u64) -> bool {
        self.marking.get() != MarkingState::Idle
            && (self.is_in_slot(offset) || self.is_young_large(offset))
    }

    /// Whether what lies at `into` in a block was made since the last minor collection.
    fn is_new_at(&self, block: usize, into: u64) -> bool {
        self.tables.young().contains(block)
            && match self.records()[block].state() {
                BlockState::Small => self.records()[block].is_new_at(into),
                _ => true,
            }
    }
}
