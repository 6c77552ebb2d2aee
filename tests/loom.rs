//! Explores all interleavings of a few threads, and all values that their relaxed loads
//! may see, with loom. The subjects are the queue of roots to unroot, and the reference
//! count of a group of types (`loom/types.rs`). Their sources are compiled here again
//! with the atomics of loom.
//!
//! `RUSTFLAGS='--cfg gcroots_loom' cargo test --test loom -- --nocapture`
#![cfg(gcroots_loom)]

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use loom::sync::Arc;
use loom::thread;

/// The atomics of loom, changed so that it explores all orders.
///
/// If two threads load an atomic, loom 0.7.2 misses the order in which a later write of
/// one thread comes before the load of the other. So each load first changes a companion
/// atomic. Loom explores all orders of those changes, and they order nothing else.
mod atomics {
    use loom::sync::atomic;
    pub(crate) use loom::sync::atomic::Ordering;

    #[derive(Debug)]
    pub(crate) struct Explored<T> {
        value: T,
        companion: atomic::AtomicU32,
    }

    pub(crate) type AtomicU32 = Explored<atomic::AtomicU32>;
    pub(crate) type AtomicU64 = Explored<atomic::AtomicU64>;
    pub(crate) type AtomicUsize = Explored<atomic::AtomicUsize>;

    impl Default for AtomicU32 {
        fn default() -> AtomicU32 {
            AtomicU32::new(0)
        }
    }

    impl AtomicU32 {
        pub(crate) fn new(value: u32) -> AtomicU32 {
            Explored {
                value: atomic::AtomicU32::new(value),
                companion: atomic::AtomicU32::new(0),
            }
        }

        pub(crate) fn load(&self, order: Ordering) -> u32 {
            self.companion.fetch_add(0, Ordering::Relaxed);
            self.value.load(order)
        }

        pub(crate) fn store(&self, value: u32, order: Ordering) {
            self.value.store(value, order);
        }

        pub(crate) fn swap(&self, value: u32, order: Ordering) -> u32 {
            self.value.swap(value, order)
        }

        pub(crate) fn compare_exchange(
            &self,
            old: u32,
            new: u32,
            success: Ordering,
            failure: Ordering,
        ) -> Result<u32, u32> {
            self.value.compare_exchange(old, new, success, failure)
        }
    }

    impl AtomicU64 {
        pub(crate) fn new(value: u64) -> AtomicU64 {
            Explored {
                value: atomic::AtomicU64::new(value),
                companion: atomic::AtomicU32::new(0),
            }
        }

        /// Loads a count after all threads have ended.
        pub(crate) fn load(&self, order: Ordering) -> u64 {
            self.value.load(order)
        }

        pub(crate) fn fetch_add(&self, value: u64, order: Ordering) -> u64 {
            self.value.fetch_add(value, order)
        }
    }

    impl AtomicUsize {
        pub(crate) fn new(value: usize) -> AtomicUsize {
            Explored {
                value: atomic::AtomicUsize::new(value),
                companion: atomic::AtomicU32::new(0),
            }
        }

        pub(crate) fn load(&self, order: Ordering) -> usize {
            self.companion.fetch_add(0, Ordering::Relaxed);
            self.value.load(order)
        }

        pub(crate) fn fetch_sub(&self, value: usize, order: Ordering) -> usize {
            self.value.fetch_sub(value, order)
        }

        pub(crate) fn compare_exchange(
            &self,
            old: usize,
            new: usize,
            success: Ordering,
            failure: Ordering,
        ) -> Result<usize, usize> {
            self.value.compare_exchange(old, new, success, failure)
        }
    }
}
#[path = "../src/types/reference_count.rs"]
mod reference_count;
#[path = "loom/types.rs"]
mod types;
#[path = "../src/roots/unroot_queue.rs"]
mod unroot_queue;

use atomics::AtomicU32;
use unroot_queue::{QueueNode, UnrootQueue};

/// The slots of a store, like those of `ManualRoots`: generations, which are odd while
/// the slot is in use.
struct Roots<const SLOTS: usize> {
    generations: [AtomicU32; SLOTS],
    nodes: [QueueNode; SLOTS],
    queue: UnrootQueue,
}

impl<const SLOTS: usize> Roots<SLOTS> {
    /// Each slot has its first root.
    fn new() -> Arc<Self> {
        Arc::new(Roots {
            generations: std::array::from_fn(|_| AtomicU32::new(1)),
            nodes: std::array::from_fn(|_| QueueNode::default()),
            queue: UnrootQueue::new(),
        })
    }

    fn generation(&self, index: u32) -> u32 {
        self.generations[index as usize].load(Relaxed)
    }

    /// What any thread does. Returns whether it saw the root alive.
    fn unroot_later(&self, index: u32, generation: u32) -> bool {
        let alive = self.generation(index) == generation;
        if alive {
            self.queue.push(&self.nodes, index, generation);
        } else {
            self.queue.count_stale();
        }
        alive
    }

    /// What the owner does for each root that it makes.
    fn unroot_one(&self) -> bool {
        let Some((index, generation)) = self.queue.pop(&self.nodes) else {
            return false;
        };
        if !self.release(index, generation) {
            self.queue.count_stale();
        }
        true
    }

    fn release(&self, index: u32, generation: u32) -> bool {
        let alive = self.generation(index) == generation;
        if alive {
            self.generations[index as usize].store(generation + 1, Relaxed);
        }
        alive
    }

    /// The owner takes a free slot.
    fn create(&self, index: u32) -> u32 {
        let generation = self.generation(index) + 1;
        assert_eq!(generation & 1, 1, "the slot is free");
        self.generations[index as usize].store(generation, Relaxed);
        generation
    }

    /// What the owner does before a collection. Here no other thread is left.
    fn unroot_all(&self) {
        self.queue.check(&self.nodes).unwrap();
        while self.unroot_one() {}
        self.queue.check(&self.nodes).unwrap();
        assert!(self.queue.is_empty());
    }
}

/// The most interruptions of a thread, except where it must wait.
const PREEMPTIONS: usize = 4;

/// Explores a model and prints the number of executions.
fn explore(name: &str, model: impl Fn() + Sync + Send + 'static) {
    let executions = std::sync::Arc::new(AtomicUsize::new(0));
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(PREEMPTIONS);
    let counted = executions.clone();
    builder.check(move || {
        counted.fetch_add(1, Relaxed);
        model();
    });
    println!("{name}: {} executions", executions.load(Relaxed));
}

fn later<const SLOTS: usize>(
    roots: &Arc<Roots<SLOTS>>,
    index: u32,
    generation: u32,
) -> thread::JoinHandle<bool> {
    let roots = roots.clone();
    thread::spawn(move || roots.unroot_later(index, generation))
}

#[test]
fn the_queue_in_all_interleavings() {
    explore("each root that two threads queue ends once", || {
        let roots = Roots::<2>::new();
        let threads = [later(&roots, 0, 1), later(&roots, 1, 1)];
        roots.unroot_one();
        roots.unroot_one();
        for thread in threads {
            assert!(thread.join().unwrap());
        }
        roots.unroot_all();
        assert_eq!([roots.generation(0), roots.generation(1)], [2, 2]);
        assert_eq!(roots.queue.stale(), 0);
    });

    explore("a root that two threads queue ends once", || {
        let roots = Roots::<1>::new();
        let threads = [later(&roots, 0, 1), later(&roots, 0, 1)];
        roots.unroot_one();
        for thread in threads {
            thread.join().unwrap();
        }
        roots.unroot_all();
        assert_eq!(roots.generation(0), 2);
        assert_eq!(roots.queue.stale(), 1);
    });

    explore(
        "the first of two threads wakes the owner, who may drain",
        || {
            let roots = Roots::<2>::new();
            let threads = [0, 1].map(|index| {
                let roots = roots.clone();
                thread::spawn(move || roots.queue.push(&roots.nodes, index, 1))
            });
            // Each drain that finds roots takes the queue from non-empty to empty.
            let mut drains = 0;
            for _ in 0..2 {
                let mut found = false;
                while roots.unroot_one() {
                    found = true;
                }
                drains += u32::from(found);
            }
            let woken = threads.map(|thread| u32::from(thread.join().unwrap()));
            let woken = woken.iter().sum::<u32>();
            drains += u32::from(!roots.queue.is_empty());
            // A root that is queued during a drain may wake once more.
            assert!((drains..=2).contains(&woken), "{woken} for {drains} drains");
            roots.unroot_all();
            assert_eq!([roots.generation(0), roots.generation(1)], [2, 2]);
        },
    );

    explore("two roots that nobody takes out wake once", || {
        let roots = Roots::<2>::new();
        let threads = [0, 1].map(|index| {
            let roots = roots.clone();
            thread::spawn(move || roots.queue.push(&roots.nodes, index, 1))
        });
        let woken = threads.map(|thread| u32::from(thread.join().unwrap()));
        assert_eq!(woken.iter().sum::<u32>(), 1);
        roots.unroot_all();
    });

    explore("a stale handle displaces no valid one", || {
        let roots = Roots::<1>::new();
        let stale = later(&roots, 0, 1);
        // The owner ends that root itself, and makes another.
        roots.release(0, 1);
        let generation = roots.create(0);
        let valid = later(&roots, 0, generation);
        roots.unroot_one();
        stale.join().unwrap();
        assert!(valid.join().unwrap());
        roots.unroot_all();
        assert_eq!(roots.generation(0), generation + 1, "the newer root ended");
        assert_eq!(roots.queue.stale(), 1);
    });

    explore("a slot is queued again while others are", || {
        let roots = Roots::<2>::new();
        let first = [later(&roots, 0, 1), later(&roots, 1, 1)];
        let again = roots.unroot_one().then(|| {
            let index = u32::from(roots.generation(1) == 2);
            let generation = roots.create(index);
            later(&roots, index, generation)
        });
        for thread in first.into_iter().chain(again) {
            assert!(thread.join().unwrap());
        }
        roots.unroot_all();
        assert!((0..2).all(|index| roots.generation(index) & 1 == 0));
        assert_eq!(roots.queue.stale(), 0);
    });
}
