//! Manual roots: unrooted in any order, and from any thread.
//!
//! A manual root is a slot of [`FreeListSlots`]. Other threads put theirs into
//! the [`UnrootQueue`]; the owner takes some out whenever it makes a root, and
//! all before a collection, so that its only cost is one load.

use super::directory;
use super::free_list::FreeListSlots;
use super::handle::{Handle, MANUAL_BIT};
use super::unroot_queue::{QueueNode, UnrootQueue};
use crate::base::array::{Array, Growth, Zeroed};
use crate::error::{Error, Result};
use crate::heap::{GcRef, RootSlot};

/// Slots that the making of one root takes out of the queue at most.
const DRAINED_AT_ONCE: u32 = 32;

// SAFETY: numbers. The slot is not queued.
unsafe impl Zeroed for QueueNode {}

/// A store's manual roots.
///
/// Invariants: each slot that was ever used has a queue node; a slot is queued in the
/// generation of a root that is alive or has gone, never of one to come.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct ManualRoots {
    slots: FreeListSlots<MANUAL_BIT>,
    /// Untouched until a slot is queued, so that they cost no memory before.
    nodes: Array<QueueNode>,
    store_id: u64,
    queue: UnrootQueue,
}

impl ManualRoots {
    /// No roots, which allocates nothing. Slots have issued all generations up to
    /// this one, an even one.
    pub(crate) fn starting_at(store_id: u64, generation: u32) -> ManualRoots {
        ManualRoots {
            slots: FreeListSlots::starting_at(generation),
            nodes: Array::new(),
            store_id,
            queue: UnrootQueue::new(),
        }
    }

    /// The store's id.
    pub(crate) fn store_id(&self) -> u64 {
        self.store_id
    }

    /// Whether a root can be made without the slow path.
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
            while !self.slots.has_free() {
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
        };
        // SAFETY: other threads wait for the directory's lock, and this one holds no
        // reference to a node.
        unsafe { self.nodes.replace_zeroed(slots, &growth) }
    }

    /// Whether something waits to be unrooted, as far as this thread can see.
    #[inline(always)]
    pub(crate) fn has_queued(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Queues the root with these bits to be unrooted, if it is alive; else
    /// counts it as stale. Needs no memory.
    ///
    /// Any thread may call this, in [`directory::alone`] of the store, while the
    /// owner does anything but grow or drop this.
    pub(super) fn unroot_later(&self, handle: Handle) {
        let (nodes, index) = (self.nodes.as_slice(), handle.index());
        let alive = handle.is_manual()
            && handle.generation() & 1 == 1
            && (index as usize) < nodes.len()
            && self.slots.shared_generation(index) == handle.generation();
        if alive {
            self.queue.push(nodes, index, handle.generation());
        } else {
            self.queue.count_stale();
        }
    }

    /// Unroots at least one of the roots that other threads queued, if there is
    /// one.
    pub(crate) fn unroot_some(&self) {
        for _ in 0..DRAINED_AT_ONCE {
            if !self.unroot_one() {
                return;
            }
        }
    }

    /// Unroots all that other threads queued.
    pub(crate) fn unroot_queued(&self) {
        while self.unroot_one() {}
    }

    fn unroot_one(&self) -> bool {
        if self.queue.is_empty() {
            return false;
        }
        let Some((index, generation)) = self.queue.pop(self.nodes.as_slice()) else {
            return false;
        };
        if !self.slots.release(index, generation) {
            self.queue.count_stale();
        }
        true
    }

    /// How many handles were given to [`ManualRoots::unroot_later`] whose roots
    /// had gone, or never were.
    pub(crate) fn stale_unroots(&self) -> u64 {
        self.queue.stale()
    }

    /// What the root with these bits refers to if it is alive; otherwise maybe
    /// something odd or null: see [`FreeListSlots::get_or_odd`].
    #[inline(always)]
    pub(crate) fn get_or_odd(&self, index: u32, generation: u32) -> Option<GcRef> {
        self.slots.get_or_odd(index, generation)
    }

    /// What the root with these bits refers to, if it is alive.
    #[inline(always)]
    pub(crate) fn get(&self, index: u32, generation: u32) -> Option<GcRef> {
        self.slots.get(index, generation)
    }

    /// Ends the root with these bits; `false` if it is not alive, or has the last
    /// generation of its slot.
    #[inline(always)]
    pub(crate) fn release_fast(&self, index: u32, generation: u32) -> bool {
        self.slots.release_fast(index, generation)
    }

    /// Ends the root with these bits; `false` if it is not alive.
    pub(crate) fn release(&self, index: u32, generation: u32) -> bool {
        self.slots.release(index, generation)
    }

    /// Leaves free slots at the end out of what collections scan, if they are
    /// most of it.
    pub(crate) fn trim(&self) {
        self.slots.trim();
    }

    /// The slots that may hold roots, for a collector.
    pub(crate) fn span(&self) -> &[RootSlot] {
        self.slots.span()
    }

    /// How many roots there are.
    pub(crate) fn live(&self) -> u64 {
        self.slots.live()
    }

    /// How many roots have ended.
    pub(crate) fn released(&self) -> u64 {
        self.slots.released()
    }

    /// The most roots that there were at once.
    pub(crate) fn live_max(&self) -> u32 {
        self.slots.live_max()
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
