//! The queue of roots that other threads want unrooted: a Treiber stack (ROOTS-10).
//!
//! Any thread puts roots in; the store's owner takes them out. Each manual slot has a
//! [`QueueNode`], so putting a root in needs no memory, and a slot is in the queue at most
//! once. Cost: a compare-and-exchange or two; the owner tests one word for "empty".
//!
//! `queued` of a node is the generation of its slot that is to be unrooted, or 0. The
//! thread that changes it from 0 owns the node and puts it into the list. A request for a
//! newer root of a slot that is in the list already only replaces the generation, because
//! the older root has ended by then (ROOTS-9).
//!
//! `tests/loom.rs` explores the interleavings of this file.

use super::atomics::{AtomicU32, AtomicU64, Ordering};

/// The place of one slot in the queue. All zeros: the slot is not queued.
#[derive(Debug, Default)]
#[repr(C)]
pub(crate) struct QueueNode {
    /// The generation to unroot, or 0.
    queued: AtomicU32,
    /// The index of the next slot in the list plus 1, or 0 at the end.
    next: AtomicU32,
}

/// The head of the list, and the number of stale handles. Other threads write them, so nothing
/// else is in their cache line. Padding sees to that: an alignment would make the store's block
/// one that the system's allocator takes far longer to find.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct UnrootQueue {
    _before: [u64; LINE_WORDS - 1],
    /// The index of the newest slot plus 1, or 0 if the queue is empty.
    head: AtomicU32,
    stale: AtomicU64,
    _after: [u64; LINE_WORDS - 1],
}

/// The words of a cache line.
const LINE_WORDS: usize = 8;

impl UnrootQueue {
    /// Where compiled code finds the head.
    pub(crate) const HEAD_AT: usize = core::mem::offset_of!(UnrootQueue, head);

    /// An empty queue.
    pub(crate) fn new() -> UnrootQueue {
        UnrootQueue {
            _before: [0; LINE_WORDS - 1],
            head: AtomicU32::new(0),
            stale: AtomicU64::new(0),
            _after: [0; LINE_WORDS - 1],
        }
    }

    /// Whether the queue is empty, as far as this thread can see.
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.head.load(Ordering::Relaxed) == 0
    }

    /// The number of stale handles.
    pub(crate) fn stale(&self) -> u64 {
        self.stale.load(Ordering::Relaxed)
    }

    /// Counts a stale handle.
    pub(crate) fn count_stale(&self) {
        self.stale.fetch_add(1, Ordering::Relaxed);
    }

    /// Puts in the slot at `index` for its root of this odd generation. The caller has
    /// seen this generation in the slot. Any thread may call this. Returns whether the queue
    /// was empty and is not any more.
    pub(crate) fn push(&self, nodes: &[QueueNode], index: u32, generation: u32) -> bool {
        let node = &nodes[index as usize];
        let mut queued = node.queued.load(Ordering::Acquire);
        loop {
            if queued >= generation {
                self.count_stale();
                return false;
            }
            // Acquire: the owner has read the node before this thread writes it.
            match node.queued.compare_exchange(
                queued,
                generation,
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(0) => return self.insert(node, index),
                Ok(_) => {
                    self.count_stale();
                    return false;
                }
                Err(now) => queued = now,
            }
        }
    }

    /// Puts the node in. Returns whether the queue was empty.
    fn insert(&self, node: &QueueNode, index: u32) -> bool {
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            node.next.store(head, Ordering::Relaxed);
            match self
                .head
                .compare_exchange(head, index + 1, Ordering::Release, Ordering::Relaxed)
            {
                Ok(_) => return head == 0,
                Err(now) => head = now,
            }
        }
    }

    /// Checks that the list ends, and that it has each queued node once. Nobody may change
    /// the queue meanwhile. `Err` has the index of the wrong slot.
    pub(crate) fn check(&self, nodes: &[QueueNode]) -> core::result::Result<(), u32> {
        let queued = |node: &QueueNode| node.queued.load(Ordering::Relaxed);
        let mut left = nodes.iter().filter(|node| queued(node) != 0).count();
        let mut head = self.head.load(Ordering::Acquire);
        while let Some(index) = head.checked_sub(1) {
            let node = nodes.get(index as usize).ok_or(index)?;
            // A queued generation is odd, and the list has no more nodes than are queued.
            if queued(node) & 1 == 0 || left == 0 {
                return Err(index);
            }
            left -= 1;
            head = node.next.load(Ordering::Relaxed);
        }
        if left == 0 { Ok(()) } else { Err(0) }
    }

    /// Takes the whole list out. Returns its head, for [`UnrootQueue::pop_taken`]. Only the
    /// owner may call this.
    pub(crate) fn take(&self) -> u32 {
        self.head.swap(0, Ordering::Acquire)
    }

    /// Takes the first slot, and the generation to unroot in it, out of a list that
    /// [`UnrootQueue::take`] took. A slot of such a list counts as queued until then.
    pub(crate) fn pop_taken(nodes: &[QueueNode], head: &mut u32) -> Option<(u32, u32)> {
        let index = head.checked_sub(1)?;
        let node = &nodes[index as usize];
        *head = node.next.load(Ordering::Relaxed);
        Some((index, node.queued.swap(0, Ordering::AcqRel)))
    }

    /// Takes out the newest slot and the generation to unroot in it. Only the owner may
    /// call this.
    pub(crate) fn pop(&self, nodes: &[QueueNode]) -> Option<(u32, u32)> {
        let mut head = self.head.load(Ordering::Acquire);
        loop {
            let index = head.checked_sub(1)?;
            let node = &nodes[index as usize];
            let next = node.next.load(Ordering::Relaxed);
            match self
                .head
                .compare_exchange(head, next, Ordering::Acquire, Ordering::Acquire)
            {
                Ok(_) => return Some((index, node.queued.swap(0, Ordering::AcqRel))),
                Err(now) => head = now,
            }
        }
    }
}
