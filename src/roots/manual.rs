//! Manual roots: unrooted in any order, and from any thread.
//!
//! A manual root is a slot of [`FreeListSlots`]. Other threads put the roots that they end
//! into the [`UnrootQueue`]. The owner takes a few out whenever it makes a root, and all
//! in a collection, before it scans these roots (ROOTS-12).
//!
//! Cost: the queue costs the owner one load for each root that it makes, and a root 8 bytes
//! that are not touched before it is queued (ROOTS-8).

use core::cell::Cell;
use core::mem::offset_of;

use super::directory;
use super::floors::PAGE;
use super::free_list::FreeListSlots;
use super::handle::{Handle, MANUAL_BIT};
use super::unroot_queue::{QueueNode, UnrootQueue};
use crate::base::array::{Array, Growth, Zeroed};
use crate::base::dirty_groups::DirtyGroups;
use crate::base::side_meter::SideMeter;
use crate::base::work;
use crate::error::{Error, Result};
use crate::heap::{Budget, GcRef, LOOKUP, Progress, RootSlot};

/// The greatest number of slots that making one root takes out of the queue.
const DRAINED_AT_ONCE: u32 = 32;

/// Where the slots begin.
const SLOTS_AT: usize = offset_of!(ManualRoots, slots);

// SAFETY: numbers. The slot is not queued.
unsafe impl Zeroed for QueueNode {}

/// A store's manual roots.
///
/// Invariants: each slot that was ever used has a queue node; the generation in a node is
/// that of a root that is alive or has ended, never of a future root.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct ManualRoots {
    slots: FreeListSlots<MANUAL_BIT>,
    /// The queue's node of each slot. No code touches a node before its slot is queued, so
    /// until then it costs no memory.
    nodes: Array<QueueNode>,
    store_id: u64,
    queue: UnrootQueue,
    /// The head of the list of roots that the collection under way ends, or 0.
    taken: Cell<u32>,
}

impl ManualRoots {
    /// Where compiled code finds the fields.
    pub(crate) const USED_AT: usize = SLOTS_AT + FreeListSlots::<MANUAL_BIT>::USED_AT;
    pub(crate) const FREE_AT: usize = SLOTS_AT + FreeListSlots::<MANUAL_BIT>::FREE_AT;
    pub(crate) const SLOTS_AT: usize = SLOTS_AT + FreeListSlots::<MANUAL_BIT>::SLOTS_AT;
    pub(crate) const CREATED_AT: usize = SLOTS_AT + FreeListSlots::<MANUAL_BIT>::CREATED_AT;
    pub(crate) const RELEASED_AT: usize = SLOTS_AT + FreeListSlots::<MANUAL_BIT>::RELEASED_AT;
    pub(crate) const YOUNG_AT: usize = SLOTS_AT + FreeListSlots::<MANUAL_BIT>::YOUNG_AT;
    pub(crate) const QUEUE_AT: usize = offset_of!(ManualRoots, queue) + UnrootQueue::HEAD_AT;

    /// No roots, which allocates nothing. Later slots count as having issued all generations
    /// up to `generation`, which must be even.
    pub(crate) fn starting_at(store_id: u64, generation: u32) -> ManualRoots {
        ManualRoots {
            slots: FreeListSlots::starting_at(generation),
            nodes: Array::new(),
            store_id,
            queue: UnrootQueue::new(),
            taken: Cell::new(0),
        }
    }

    /// The same roots, bounded by a meter.
    pub(crate) fn limited_by(mut self, side: &SideMeter) -> ManualRoots {
        self.slots = self.slots.limited_by(side);
        self
    }

    /// The store's id.
    pub(crate) fn store_id(&self) -> u64 {
        self.store_id
    }

    /// Whether a root can be made without the slow path: a slot is free, and no slot is
    /// queued.
    #[inline(always)]
    pub(crate) fn has_free(&self) -> bool {
        self.slots.has_free() && self.queue.is_empty()
    }

    /// Makes a root, given [`ManualRoots::has_free`]; returns the handle's slot
    /// word.
    #[inline(always)]
    pub(crate) fn allocate(&self, reference: GcRef) -> u64 {
        self.slots.allocate(reference)
    }

    /// Makes a root; returns the handle's slot word.
    ///
    /// Errors: [`Error::Limit`], [`Error::SystemMemory`].
    pub(crate) fn create(&self, reference: GcRef) -> Result<u64> {
        self.reserve()?;
        Ok(self.allocate(reference))
    }

    /// Makes sure that a root can be made.
    ///
    /// Errors: [`Error::Limit`], [`Error::SystemMemory`].
    pub(crate) fn reserve(&self) -> Result<()> {
        self.unroot_some();
        if self.slots.has_free() {
            return Ok(());
        }
        directory::alone(self.store_id, || {
            // No node may be in use when their array is replaced.
            self.unroot_queued();
            while !self.slots.has_free() && !self.slots.reuse_page() {
                self.slots.reserve_unused()?;
                self.reserve_nodes()?;
                self.slots.refill();
            }
            Ok(())
        })
    }

    /// Makes sure that each slot has a queue node. The queue must be empty, and the caller
    /// must be [`directory::alone`].
    fn reserve_nodes(&self) -> Result<()> {
        let slots = self.slots.capacity() as usize;
        // No more nodes than slots: `unroot_later` reads the slot of each node's index.
        let growth = Growth {
            first: 0,
            most: slots,
            what: "roots of one kind in a store",
            side: Some(self.slots.side()),
        };
        // SAFETY: other threads wait for the directory's lock, and this one holds no
        // reference to a node.
        unsafe { self.nodes.replace_zeroed(slots, &growth) }
    }

    /// Whether the queue has roots to end, as far as this thread can see.
    #[inline(always)]
    pub(crate) fn has_queued(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Queues the root with these bits to be unrooted if it is alive, and otherwise counts it
    /// as stale. Needs no memory.
    ///
    /// Any thread may call this while it holds the directory's lock of this store. Under
    /// that lock the owner neither grows nor drops its roots. Returns whether the queue was
    /// empty and is not any more.
    pub(super) fn unroot_later(&self, handle: Handle) -> bool {
        let (nodes, index) = (self.nodes.as_slice(), handle.index());
        let alive = handle.is_manual()
            && handle.generation() & 1 == 1
            && (index as usize) < nodes.len()
            && self.slots.shared_generation(index) == handle.generation();
        if alive {
            self.queue.push(nodes, index, handle.generation())
        } else {
            self.queue.count_stale();
            false
        }
    }

    /// Unroots some of the roots that other threads queued: at least one, if any is queued.
    pub(crate) fn unroot_some(&self) {
        for _ in 0..DRAINED_AT_ONCE {
            if !self.unroot_one() {
                return;
            }
        }
    }

    /// Unroots all roots that other threads queued.
    pub(crate) fn unroot_queued(&self) {
        while self.unroot_one() {}
    }

    /// Takes the roots that other threads have queued out of the queue, for
    /// [`ManualRoots::unroot_taken`]. What is queued from now on waits (ROOTS-12).
    pub(crate) fn take_queued(&self) {
        debug_assert!(self.taken.get() == 0);
        self.taken.set(self.queue.take());
    }

    /// Unroots the roots that [`ManualRoots::take_queued`] took, as far as the budget allows.
    pub(crate) fn unroot_taken(&self, budget: &mut Budget) -> Progress {
        let mut head = self.taken.get();
        while head != 0 && !budget.is_spent() {
            if let Some((index, generation)) =
                UnrootQueue::pop_taken(self.nodes.as_slice(), &mut head)
            {
                self.unroot(index, generation);
            }
            budget.spend(LOOKUP);
            work::count(LOOKUP as usize);
        }
        self.taken.set(head);
        match head {
            0 => Progress::Complete,
            _ => Progress::Continue,
        }
    }

    /// Unroots one queued root. Returns false if the queue is empty.
    fn unroot_one(&self) -> bool {
        if self.queue.is_empty() {
            return false;
        }
        let Some((index, generation)) = self.queue.pop(self.nodes.as_slice()) else {
            return false;
        };
        self.unroot(index, generation);
        true
    }

    /// Unroots a root that was queued.
    fn unroot(&self, index: u32, generation: u32) {
        if !self.slots.release(index, generation) {
            self.queue.count_stale();
        }
    }

    /// How many handles were passed to [`ManualRoots::unroot_later`] whose roots had ended or
    /// never existed.
    pub(crate) fn stale_unroots(&self) -> u64 {
        self.queue.stale()
    }

    /// The referent of the root with these bits, if it is alive. Otherwise this may return
    /// something odd or null: see [`FreeListSlots::get_or_odd`].
    #[inline(always)]
    pub(crate) fn get_or_odd(&self, index: u32, generation: u32) -> Option<GcRef> {
        self.slots.get_or_odd(index, generation)
    }

    /// The referent of the root with these bits, if it is alive.
    #[inline(always)]
    pub(crate) fn get(&self, index: u32, generation: u32) -> Option<GcRef> {
        self.slots.get(index, generation)
    }

    /// Ends the root with these bits. Returns false, with nothing changed, if the root is not
    /// alive or has the last generation of its slot.
    #[inline(always)]
    pub(crate) fn release_fast(&self, index: u32, generation: u32) -> bool {
        self.slots.release_fast(index, generation)
    }

    /// Ends the root with these bits. Returns false if it is not alive.
    pub(crate) fn release(&self, index: u32, generation: u32) -> bool {
        self.slots.release(index, generation)
    }

    /// Trims free slots from the end of the scanned part, if they are most of it (ROOTS-15),
    /// as far as the budget allows.
    pub(crate) fn trim(&self, budget: &mut Budget) -> Progress {
        self.slots.trim(budget)
    }

    /// Ends the roots in the queue, and gives back whole pages of free slots (ROOTS-28,
    /// ROOTS-40) and their queue nodes.
    pub(crate) fn give_back(&self) {
        directory::alone(self.store_id, || {
            // No node may be in use when their array shrinks.
            self.unroot_queued();
            let keep = self.slots.kept() as usize;
            // There may never be more nodes than slots.
            // SAFETY: other threads wait for the directory's lock, and this one holds no
            // reference to a node.
            let shrunk = unsafe {
                self.nodes.discard_from(keep);
                self.nodes.shrink_to(keep)
            };
            if shrunk {
                self.slots.give_back();
            }
            self.slots.each_released_run(|first, end| {
                let [first, end] = [first, end].map(|page| (page * PAGE) as usize);
                // SAFETY: other threads wait for the directory's lock, and this one holds
                // no reference to a node.
                unsafe { self.nodes.discard(first, end) };
            });
        });
    }

    /// All slots that may hold roots, for a collector.
    pub(crate) fn span(&self) -> &[RootSlot] {
        self.slots.span()
    }

    /// The slots of the span that may refer to young objects.
    pub(crate) fn young(&self) -> &DirtyGroups {
        self.slots.young()
    }

    /// Notes that no root refers to a young object.
    pub(crate) fn forget_young(&self) {
        self.slots.forget_young();
    }

    /// The number of roots.
    pub(crate) fn live(&self) -> u64 {
        self.slots.live()
    }

    /// The number of roots that have ended.
    pub(crate) fn released(&self) -> u64 {
        self.slots.released()
    }

    /// The greatest number of roots at once.
    pub(crate) fn live_max(&self) -> u32 {
        self.slots.live_max()
    }

    /// The bytes of memory that the slots and the queue have.
    pub(crate) fn side_bytes(&self) -> u64 {
        self.slots.side_bytes() + self.nodes.bytes()
    }

    /// Checks the slots, that each has a queue node, and the queue.
    pub(crate) fn check(&self) -> Result<()> {
        self.slots.check()?;
        let nodes = self.nodes.as_slice();
        if self.span().len() > nodes.len() {
            let nodes = nodes.len() as u64;
            return Err(Error::internal("manual roots without queue nodes", nodes));
        }
        directory::alone(self.store_id, || self.queue.check(nodes))
            .map_err(|slot| Error::internal("a wrong queue of roots to unroot", slot.into()))
    }
}
