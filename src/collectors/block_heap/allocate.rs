//! Allocation: where new objects go.
//!
//! The mutator's window is a hole or a free block. An object that does not fit into it gets
//! another window. The larger of the two rests is set aside, and used again for an object that
//! it has room for. A large object gets a run of blocks.

use super::BlockHeap;
use crate::error::Result;
use crate::heap::{
    Allocation, BLOCK_BYTES, BlockSpace, BlockState, GRANULE, GcRef, HEADER_BYTES, Hole, Kind,
    LARGEST_SMALL, LINE_BYTES, Mutator, ObjectHeader,
};

impl BlockHeap {
    /// See [`GcHeap::allocate`](crate::heap::GcHeap::allocate).
    pub(crate) fn allocate(
        &mut self,
        mutator: &Mutator,
        header: ObjectHeader,
        bytes: u64,
    ) -> Result<Allocation> {
        let Some(bytes) = self.allocated_size(bytes) else {
            return Ok(Allocation::Never);
        };
        if !self.make_window(mutator, bytes)? && !self.make_own_window(mutator, bytes)? {
            return Ok(Allocation::CollectOrGrow { bytes });
        }
        if bytes > LARGEST_SMALL {
            return self.allocate_large(mutator, header, bytes);
        }
        let Some(offset) = mutator.bump.bump_within_budget(bytes) else {
            return Ok(Allocation::CollectOrGrow { bytes });
        };
        mutator.write_new_object(offset, header, bytes);
        Ok(Allocation::Done(GcRef::from_offset(offset)))
    }

    /// The bytes that an object of `bytes` takes. `None` if no heap of this limit has room for it.
    pub(crate) fn allocated_size(&self, bytes: u64) -> Option<u64> {
        let rounded = bytes.checked_next_multiple_of(GRANULE)?;
        (rounded <= self.largest_object()).then_some(rounded)
    }

    /// The largest object that an empty heap of this limit has room for.
    pub(crate) fn largest_object(&self) -> u64 {
        let blocks = (self.space.limit_bytes() / BLOCK_BYTES) as usize;
        (blocks - BlockSpace::reserve_of(blocks)) as u64 * BLOCK_BYTES
    }

    /// Allocates a large object in a run of blocks, of which there is one.
    fn allocate_large(
        &mut self,
        mutator: &Mutator,
        header: ObjectHeader,
        bytes: u64,
    ) -> Result<Allocation> {
        let blocks = bytes.div_ceil(BLOCK_BYTES) as usize;
        let Some(block) = self.space.acquire_run(blocks) else {
            return Ok(Allocation::CollectOrGrow { bytes });
        };
        let start = self.space.start_of(block);
        self.region().fill(start + HEADER_BYTES, start + bytes, 0)?;
        self.region().store_u64(start, header.bits())?;
        mutator.bump.count_elsewhere(bytes);
        Ok(Allocation::Done(GcRef::from_offset(start)))
    }

    /// Frees an object that was not initialised. See
    /// [`GcHeap::deallocate_uninit`](crate::heap::GcHeap::deallocate_uninit).
    pub(crate) fn free_uninit(&mut self, mutator: &Mutator, object: GcRef, bytes: u64) {
        let (offset, bytes) = (object.offset(), bytes.next_multiple_of(GRANULE));
        if mutator.bump.unbump(offset, bytes) {
            return;
        }
        let block = self.space.block_of(offset);
        let freed = match self.space.records()[block].state() {
            BlockState::LargeHead => {
                mutator.bump.forget_elsewhere(bytes);
                self.space.release(block, self.poison).map(|_| ())
            }
            _ => {
                mutator.bump.forget_object();
                let granules = (bytes / GRANULE) as u32;
                let header = ObjectHeader::new(Kind::Free, granules);
                self.region().store_u64(offset, header.bits())
            }
        };
        debug_assert!(freed.is_ok());
    }

    /// Whether `bytes` can be allocated: in the mutator's window, in a run of blocks or in a
    /// gap. Lends another window if that is of use.
    pub(crate) fn has_room(&mut self, mutator: &Mutator, bytes: u64) -> Result<bool> {
        if self.make_window(mutator, bytes)? {
            return Ok(true);
        }
        if bytes > LARGEST_SMALL {
            return Ok(false);
        }
        let has_own = bytes > self.most_shared && self.space.has_own_lines(bytes);
        let has_place = has_own || (self.may_take_gap() && self.space.has_gap(bytes));
        Ok(has_place && bytes <= self.headroom_left(mutator))
    }

    /// The bytes that may be allocated before the next collection.
    fn headroom_left(&self, mutator: &Mutator) -> u64 {
        self.headroom.saturating_sub(mutator.bump.allocated_bytes())
    }

    /// Makes sure that `bytes` can be allocated: in the mutator's window, or in a run of
    /// blocks. Returns `false` if there is no room, or if the headroom does not allow it.
    fn make_window(&mut self, mutator: &Mutator, bytes: u64) -> Result<bool> {
        let is_shared = bytes <= LARGEST_SMALL.min(self.most_shared);
        if is_shared && mutator.bump.has_budget(bytes) {
            return Ok(true);
        }
        if bytes > self.headroom_left(mutator) {
            return Ok(false);
        }
        if bytes > LARGEST_SMALL {
            let blocks = bytes.div_ceil(BLOCK_BYTES) as usize;
            return Ok(self.space.has_run(blocks));
        }
        if !is_shared {
            return Ok(false);
        }
        let rest = rest_of_window(mutator);
        let window = if bytes <= rest.bytes() {
            // Only its budget is too small.
            Some(rest)
        } else {
            self.find_window(bytes)
        };
        if let Some(window) = window {
            let budget = self.headroom_left(mutator);
            self.lend(mutator, window, budget)?;
        }
        Ok(window.is_some())
    }

    /// Lends the mutator exactly `bytes`, for an object that is made next: lines of its own, or
    /// a gap. Returns `false` if the heap has neither.
    fn make_own_window(&mut self, mutator: &Mutator, bytes: u64) -> Result<bool> {
        if bytes > LARGEST_SMALL || bytes > self.headroom_left(mutator) {
            return Ok(false);
        }
        let lines = if bytes > self.most_shared {
            self.space.take_own_lines(bytes)
        } else {
            None
        };
        let Some(window) = lines.or_else(|| self.take_gap(bytes)) else {
            return Ok(false);
        };
        let (start, end) = (window.start, window.start + bytes);
        self.space.leave_unused(Hole {
            start: end,
            end: window.end,
        })?;
        self.lend(mutator, Hole { start, end }, bytes)?;
        Ok(true)
    }

    /// Lends the mutator another window, which may be the rest of the present one, with this
    /// budget.
    fn lend(&mut self, mutator: &Mutator, window: Hole, budget: u64) -> Result<()> {
        let rest = rest_of_window(mutator);
        if rest.start != window.start {
            self.set_rest_aside(rest)?;
        }
        mutator.take_back();
        // SAFETY: the hole is committed and belongs to this heap. Nothing else uses it until it
        // is taken back.
        unsafe { mutator.lend(window.start, window.end) };
        mutator
            .bump
            .set_budget_end(window.start.saturating_add(budget));
        Ok(())
    }

    /// Whether the committed memory has room for `bytes`, whatever the headroom is.
    pub(super) fn has_memory_for(&self, mutator: &Mutator, bytes: u64) -> bool {
        if bytes > LARGEST_SMALL {
            return self.space.has_run(bytes.div_ceil(BLOCK_BYTES) as usize);
        }
        let window = rest_of_window(mutator).bytes().max(self.set_aside.bytes());
        (bytes <= self.most_shared && bytes <= window) || self.space.has_own_lines(bytes)
    }

    /// Finds a window for an object of `bytes`: the one that was set aside, or a new one.
    fn find_window(&mut self, bytes: u64) -> Option<Hole> {
        if bytes <= self.set_aside.bytes() {
            return Some(core::mem::take(&mut self.set_aside));
        }
        self.take_window(bytes)
    }

    /// Takes a hole or a free block.
    fn take_window(&self, bytes: u64) -> Option<Hole> {
        let space = &self.space;
        if bytes <= LINE_BYTES {
            return space.take_hole().or_else(|| space.take_block());
        }
        let near = if self.most_shared < LARGEST_SMALL {
            // Nothing moves, so blocks do not become free by themselves.
            space.take_near_hole_of(bytes)
        } else {
            None
        };
        let found = near.or_else(|| space.take_block());
        found.or_else(|| space.take_any_hole_of(bytes))
    }

    /// Whether gaps are used, and one more can be noted.
    fn may_take_gap(&mut self) -> bool {
        self.space.uses_gaps() && self.taken_gaps.has_room()
    }

    /// Takes a gap for an object of exactly `bytes`.
    fn take_gap(&mut self, bytes: u64) -> Option<Hole> {
        if !self.may_take_gap() {
            return None;
        }
        let gap = self.space.take_gap(bytes)?;
        self.taken_gaps.add(gap.start);
        if !self.taken_gaps.are_kept() {
            self.space.note_live(gap.start, bytes);
        }
        Some(gap)
    }

    /// Takes the mutator's window back, and sets its rest aside. So nothing is lost if the
    /// collection that begins is refused.
    ///
    /// Errors: [`Error::Internal`](crate::error::Error::Internal) if the heap is found
    /// overwritten.
    pub(crate) fn take_back(&mut self, mutator: &Mutator) -> Result<()> {
        let rest = rest_of_window(mutator);
        mutator.take_back();
        self.set_rest_aside(rest)
    }

    /// Sets a window's rest aside, if it is larger than what was set aside before.
    fn set_rest_aside(&mut self, rest: Hole) -> Result<()> {
        self.space.leave_unused(rest)?;
        if rest.bytes() > self.set_aside.bytes() {
            self.set_aside = rest;
        }
        Ok(())
    }

    /// Forgets the window that was set aside, because a look at the new objects begins.
    pub(crate) fn forget_window(&mut self) {
        self.set_aside = Hole::default();
    }
}

/// The part of the mutator's window that no object has.
pub(crate) fn rest_of_window(mutator: &Mutator) -> Hole {
    Hole {
        start: mutator.bump.next(),
        end: mutator.bump.end(),
    }
}
