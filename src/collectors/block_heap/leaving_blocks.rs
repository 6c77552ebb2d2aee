//! The blocks that objects are to leave, and the slots that refer to them. See
//! [`leaving`](super::leaving).

use crate::base::fallible;
use crate::heap::{BlockRecord, Hole, Moved, SLOT_BYTES};

/// The most slots that are recorded for a block.
const MOST_SLOTS: usize = 8192;

/// A block that is to be evacuated.
#[derive(Debug)]
pub(super) struct LeavingBlock {
    pub(super) block: usize,
    /// Offsets of slots, divided by the size of a slot. Some come twice.
    pub(super) slots: Vec<u32>,
}

/// The blocks that are leaving. See [`leaving`](super::leaving).
#[derive(Debug, Default)]
pub(crate) struct Leaving {
    pub(super) blocks: Vec<LeavingBlock>,
    /// The blocks before this number in the list are done.
    pub(super) done: usize,
    /// Where the next object moves to.
    pub(super) target: Hole,
    /// The objects of the last step that tables name.
    pub(super) moved: Vec<Moved>,
    pub(super) has_moved: bool,
    /// The bytes of the objects that have moved in the last step.
    pub(crate) moved_bytes: u64,
    /// The block at which the next choice begins.
    pub(super) next_choice: usize,
}

impl Leaving {
    /// Whether blocks are leaving.
    #[inline(always)]
    pub(crate) fn is_active(&self) -> bool {
        self.done < self.blocks.len()
    }

    /// Whether the last step has moved objects.
    pub(crate) fn has_moved(&self) -> bool {
        self.has_moved
    }

    /// Takes the objects of the last step that tables name.
    pub(crate) fn take_moved(&mut self) -> Vec<Moved> {
        self.has_moved = false;
        core::mem::take(&mut self.moved)
    }

    /// The bytes of memory that the lists have.
    pub(crate) fn side_bytes(&self) -> u64 {
        let slots = self
            .blocks
            .iter()
            .map(|leaving| fallible::bytes(&leaving.slots));
        slots.sum::<u64>() + fallible::bytes(&self.blocks) + fallible::bytes(&self.moved)
    }

    /// Records the slot at `at`, which refers to an object in the block of this record. Whether
    /// there was room.
    pub(super) fn record(&mut self, record: &BlockRecord, at: u64) -> bool {
        let Some(leaving) = record
            .leaving()
            .and_then(|number| self.blocks.get_mut(number))
        else {
            return true;
        };
        let slot = (at / SLOT_BYTES) as u32;
        leaving.slots.len() < MOST_SLOTS && fallible::push(&mut leaving.slots, slot).is_ok()
    }
}
