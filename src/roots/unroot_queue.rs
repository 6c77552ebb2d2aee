//! The queue of roots that other threads want unrooted.
//!
//! Any thread puts in, the store's owner takes out. There is one [`Link`] for
//! each manual slot, so that putting in needs no memory, and a slot is in the
//! queue at most once.
//!
//! A link's `queued` says which generation of its slot is to be unrooted, 0 that
//! none is. Whoever changes it from 0 owns the link and puts it into the list; a
//! newer root of a slot that is in the list already only replaces the
//! generation, since the older root must have gone. So a stale handle never
//! displaces a valid one.
//!
//! The list is Treiber's stack ("Systems Programming: Coping with Parallelism",
//! IBM RJ 5118, 1986). Its ABA problem does not arise: one thread takes out, and
//! a link comes back only after it was taken out.
//!
//! `tests/loom.rs` explores the interleavings of this file.

use super::atomics::{AtomicU32, AtomicU64, Ordering};

/// What a slot needs to be in the queue. Zeros: it is not.
#[derive(Debug, Default)]
#[repr(C)]
pub(crate) struct Link {
    /// The generation to unroot, or 0.
    queued: AtomicU32,
    /// The next slot of the list, as in [`UnrootQueue`].
    next: AtomicU32,
}

/// The list's head, and how many handles were stale.
#[derive(Debug)]
#[repr(C, align(64))]
pub(crate) struct UnrootQueue {
    /// The newest slot's index and 1, or 0 if the queue is empty.
    head: AtomicU32,
    stale: AtomicU64,
}

impl UnrootQueue {
    /// An empty queue.
    pub(crate) fn new() -> UnrootQueue {
        UnrootQueue {
            head: AtomicU32::new(0),
            stale: AtomicU64::new(0),
        }
    }

    /// Whether nothing waits, as far as this thread can see.
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.head.load(Ordering::Relaxed) == 0
    }

    /// How many handles were stale.
    pub(crate) fn stale(&self) -> u64 {
        self.stale.load(Ordering::Relaxed)
    }

    /// Counts a stale handle.
    pub(crate) fn count_stale(&self) {
        self.stale.fetch_add(1, Ordering::Relaxed);
    }

    /// Puts in the root of this odd generation in the slot at `index`. The
    /// caller has seen this generation in the slot. Any thread.
    pub(crate) fn push(&self, links: &[Link], index: u32, generation: u32) {
        let link = &links[index as usize];
        let mut queued = link.queued.load(Ordering::Acquire);
        loop {
            if queued >= generation {
                return self.count_stale();
            }
            // Acquire: what the owner read of the link, it read before this.
            match link.queued.compare_exchange(
                queued,
                generation,
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(0) => return self.insert(link, index),
                Ok(_) => return self.count_stale(),
                Err(now) => queued = now,
            }
        }
    }

    fn insert(&self, link: &Link, index: u32) {
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            link.next.store(head, Ordering::Relaxed);
            match self
                .head
                .compare_exchange(head, index + 1, Ordering::Release, Ordering::Relaxed)
            {
                Ok(_) => return,
                Err(now) => head = now,
            }
        }
    }

    /// Checks that the list ends, and that it has the links that are queued, once
    /// each. Nobody may put in or take out meanwhile. `Err` has the slot that is
    /// wrong.
    pub(crate) fn check(&self, links: &[Link]) -> core::result::Result<(), u32> {
        let queued = |link: &Link| link.queued.load(Ordering::Relaxed);
        let mut left = links.iter().filter(|link| queued(link) != 0).count();
        let mut head = self.head.load(Ordering::Acquire);
        while let Some(index) = head.checked_sub(1) {
            let link = links.get(index as usize).ok_or(index)?;
            // Always odd, and no longer list than there are queued links.
            if queued(link) & 1 == 0 || left == 0 {
                return Err(index);
            }
            left -= 1;
            head = link.next.load(Ordering::Relaxed);
        }
        if left == 0 { Ok(()) } else { Err(0) }
    }

    /// Takes out the newest slot and the generation to unroot in it. The owner
    /// only.
    pub(crate) fn pop(&self, links: &[Link]) -> Option<(u32, u32)> {
        let mut head = self.head.load(Ordering::Acquire);
        loop {
            let index = head.checked_sub(1)?;
            let link = &links[index as usize];
            let next = link.next.load(Ordering::Relaxed);
            match self
                .head
                .compare_exchange(head, next, Ordering::Acquire, Ordering::Acquire)
            {
                Ok(_) => return Some((index, link.queued.swap(0, Ordering::AcqRel))),
                Err(now) => head = now,
            }
        }
    }
}
