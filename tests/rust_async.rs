//! Collections in steps as futures, on each collector: what a task sees between polls,
//! and what a dropped or forgotten future leaves behind.

mod collectors;

use std::future::Future;
use std::mem;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use gcroots::{
    AsContext, AsContextMut, Collector, Config, Engine, Error, ExternRef, GcHeapOutOfMemory,
    ManuallyRooted, RootScope, Rooted, Store,
};

/// The configuration of a test.
struct Variant {
    config: Config,
    collects: bool,
    stressed: bool,
    runs_between: bool,
}

impl Variant {
    /// Whether the program runs between the steps of a full collection.
    fn runs_between(&self) -> bool {
        self.runs_between
    }

    fn store(&self) -> Store<()> {
        Store::new(&Engine::new(&self.config).unwrap(), ()).unwrap()
    }

    fn store_with_limit(&self, limit: u64) -> Store<()> {
        let mut config = self.config.clone();
        config.heap_limit(limit);
        Store::new(&Engine::new(&config).unwrap(), ()).unwrap()
    }
}

fn on_each_collector(test: impl Fn(&Variant)) {
    for collector in collectors::ALL {
        for stressed in [false, true] {
            println!("on {collector:?}, stressed: {stressed}");
            let mut config = Config::new();
            config.collector(collector).stress(stressed.into());
            config.poison(stressed).pool(0);
            test(&Variant {
                config,
                collects: collector != Collector::Null,
                stressed,
                runs_between: collector == Collector::Generational,
            });
        }
    }
}

/// Counts its drops.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A store with live and dead objects.
struct World {
    store: Store<()>,
    drops: Arc<AtomicUsize>,
    kept: Vec<ManuallyRooted<ExternRef>>,
}

const KEPT: u32 = 100;
const DEAD: usize = 60;

impl World {
    fn new(variant: &Variant) -> World {
        let mut store = variant.store();
        let drops = Arc::new(AtomicUsize::new(0));
        let kept = (0..KEPT).map(|number| {
            let mut scope = RootScope::new(&mut store).unwrap();
            let made = ExternRef::new(&mut scope, number).unwrap();
            made.to_manually_rooted(&mut scope).unwrap()
        });
        let kept = kept.collect();
        // The scope keeps all of them alive until they are made, also under stress.
        let mut scope = RootScope::new(&mut store).unwrap();
        for _ in 0..DEAD {
            ExternRef::new(&mut scope, Counted(Arc::clone(&drops))).unwrap();
        }
        drop(scope);
        World { store, drops, kept }
    }

    fn drops(&self) -> usize {
        self.drops.load(Ordering::Relaxed)
    }

    /// Checks that the live objects are intact.
    fn check(&mut self) {
        self.store.verify().unwrap();
        for (number, root) in (0..KEPT).zip(&self.kept) {
            let data = root.data(&self.store).unwrap().unwrap();
            assert_eq!(data.downcast_ref(), Some(&number));
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a future to its end. Also returns the number of polls.
fn block_on<F: Future>(future: F) -> (F::Output, usize) {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    for polls in 1.. {
        let mut context = Context::from_waker(&waker);
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return (output, polls);
        }
        // Each future here has woken its task.
        thread::park();
    }
    unreachable!()
}

/// Polls up to `times` times. Returns whether the future is done.
fn poll<F: Future + Unpin>(future: &mut F, times: usize) -> bool {
    let mut context = Context::from_waker(Waker::noop());
    (0..times).any(|_| Pin::new(&mut *future).poll(&mut context).is_ready())
}

fn error<T>(result: anyhow::Result<T>) -> Error {
    match result {
        Ok(_) => panic!("no error"),
        Err(error) => *error.downcast_ref().expect("an error of the library"),
    }
}

#[test]
fn futures_may_be_sent() {
    fn sent<T: Send>(_: &T) {}
    let mut store = Store::new(&Engine::default(), ()).unwrap();
    sent(&store.gc_async());
    sent(&ExternRef::new_async(&mut store, 1u8));
    sent(&ExternRef::new_async(
        RootScope::new(&mut store).unwrap(),
        1u8,
    ));
    let task = async {
        store.gc_async().await?;
        ExternRef::new_async(&mut store, 1u8).await
    };
    sent(&task);
    assert!(block_on(task).0.is_ok());
}

#[test]
fn gc_async_collects_in_steps() {
    on_each_collector(|variant| {
        let mut world = World::new(variant);
        let before = world.store.stats().collections;
        let (outcome, polls) = block_on(world.store.gc_async().increment(100));
        outcome.unwrap();
        assert_eq!(polls > 10, variant.collects, "{polls}");
        assert_eq!(world.drops(), if variant.collects { DEAD } else { 0 });
        let collections = world.store.stats().collections - before;
        assert!(collections >= variant.collects.into());
        assert!(collections <= variant.collects.into() || variant.runs_between());
        world.check();
        // With the default increment, a small heap takes one step.
        assert_eq!(block_on(world.store.gc_async()).1, 1);
        let drops = Arc::clone(&world.drops);
        drop(world);
        assert_eq!(drops.load(Ordering::Relaxed), DEAD);
    });
}

#[test]
fn a_context_and_a_scope_collect_too() {
    on_each_collector(|variant| {
        let mut world = World::new(variant);
        let mut scope = RootScope::new(&mut world.store).unwrap();
        let made = block_on(ExternRef::new_async(&mut scope, 5u32)).0.unwrap();
        block_on(scope.as_context_mut().gc_async()).0.unwrap();
        assert_eq!(number(&scope, &made), 5);
        drop(scope);
        let gone = made.data(&world.store);
        assert!(matches!(error(gone), Error::Unrooted { .. }));
        world.check();
    });
}

fn number(store: &impl AsContext, made: &Rooted<ExternRef>) -> u32 {
    let data = made.data(store).unwrap().unwrap();
    *data.downcast_ref().unwrap()
}

#[test]
fn a_future_that_is_never_polled_does_nothing() {
    on_each_collector(|variant| {
        let mut world = World::new(variant);
        let before = world.store.stats().collections;
        drop(world.store.gc_async());
        mem::forget(world.store.gc_async());
        let drops = Arc::clone(&world.drops);
        let unmade = ExternRef::new_async(&mut world.store, Counted(drops));
        drop(unmade);
        assert_eq!(world.drops(), 1);
        assert_eq!(world.store.stats().collections, before);
        world.check();
    });
}

#[test]
fn a_future_dropped_after_any_poll_leaves_the_heap_whole() {
    on_each_collector(|variant| {
        for polls in 0.. {
            let mut world = World::new(variant);
            let mut collection = world.store.gc_async().increment(100);
            let done = poll(&mut collection, polls);
            drop(collection);
            let dead = if variant.collects && polls > 0 {
                DEAD
            } else {
                0
            };
            // A collection that still marks is dropped, after a minor one has found some of them.
            let drops = world.drops();
            assert!(drops == dead || variant.runs_between() && drops <= DEAD);
            world.check();
            world.store.gc().unwrap();
            world.check();
            let drops = Arc::clone(&world.drops);
            drop(world);
            assert_eq!(drops.load(Ordering::Relaxed), DEAD);
            if done {
                return;
            }
        }
    });
}

#[test]
fn a_forgotten_collection_is_completed_by_the_next_call() {
    type Next = fn(&mut World);
    let nexts: [Next; 7] = [
        |world| world.check(),
        |world| world.store.gc().unwrap(),
        |world| {
            ExternRef::new(&mut world.store, 1u8).unwrap();
        },
        |world| drop(RootScope::new(&mut world.store).unwrap()),
        |world| block_on(world.store.gc_async().increment(0)).0.unwrap(),
        |world| {
            let (outcome, _) = block_on(ExternRef::new_async(&mut world.store, 1u8));
            outcome.unwrap();
        },
        |world| drop(world.kept[0].clone(&mut world.store).unwrap()),
    ];
    on_each_collector(|variant| {
        for polls in [1, 3, 10] {
            for next in nexts {
                let mut world = World::new(variant);
                let mut collection = world.store.gc_async().increment(100);
                poll(&mut collection, polls);
                mem::forget(collection);
                next(&mut world);
                world.check();
                world.store.gc().unwrap();
                assert_eq!(world.drops(), if variant.collects { DEAD } else { 0 });
                world.check();
            }
            let mut world = World::new(variant);
            let mut collection = world.store.gc_async().increment(100);
            poll(&mut collection, polls);
            mem::forget(collection);
            let drops = Arc::clone(&world.drops);
            drop(world);
            assert_eq!(drops.load(Ordering::Relaxed), DEAD);
        }
    });
}

#[test]
fn a_shared_call_after_a_forgotten_collection_drops_no_value() {
    on_each_collector(|variant| {
        let mut world = World::new(variant);
        let mut collection = world.store.gc_async().increment(100);
        let done = poll(&mut collection, 3);
        mem::forget(collection);
        assert_eq!(done, !variant.collects);
        if variant.runs_between() {
            // The store is not busy, and finalizers run in any step after marking.
            return;
        }
        let data = world.kept[7].data(&world.store).unwrap().unwrap();
        let again = world.kept[7].data(&world.store).unwrap().unwrap();
        assert_eq!(world.drops(), 0);
        assert_eq!(
            (data.downcast_ref(), again.downcast_ref()),
            (Some(&7u32), Some(&7u32))
        );
        // The next call that may collect drops them, even if it does not collect.
        ExternRef::new(&mut world.store, ()).unwrap();
        assert_eq!(world.drops(), if variant.collects { DEAD } else { 0 });
    });
}

#[test]
fn other_stores_are_used_meanwhile() {
    on_each_collector(|variant| {
        let (mut world, mut other) = (World::new(variant), World::new(variant));
        let mut both = [
            world.store.gc_async().increment(50),
            other.store.gc_async().increment(80),
        ];
        let mut third = variant.store();
        let mut done = [false; 2];
        while done != [true; 2] {
            for (future, done) in both.iter_mut().zip(&mut done) {
                *done = *done || poll(future, 1);
            }
            ExternRef::new(&mut third, 1u8).unwrap();
            third.gc().unwrap();
        }
        drop(both);
        world.check();
        other.check();
        third.verify().unwrap();
    });
}

#[test]
fn a_future_is_polled_by_one_thread_after_another() {
    on_each_collector(|variant| {
        let mut world = World::new(variant);
        let mut collection = world.store.gc_async().increment(100);
        let mut done = false;
        while !done {
            done = thread::scope(|threads| {
                let future = &mut collection;
                threads.spawn(|| poll(future, 3)).join().unwrap()
            });
        }
        drop(collection);
        assert_eq!(world.drops(), if variant.collects { DEAD } else { 0 });
        world.check();
    });
}

#[test]
fn a_new_object_takes_no_collection_while_there_is_room() {
    on_each_collector(|variant| {
        let mut world = World::new(variant);
        let made = block_on(ExternRef::new_async(&mut world.store, 9u32).increment(100));
        // Under stress each allocation collects.
        assert_eq!(made.1 > 1, variant.stressed && variant.collects);
        assert_eq!(number(&world.store, &made.0.unwrap()), 9);
        world.check();
    });
}

#[test]
fn a_new_object_in_a_full_heap_collects_in_steps() {
    on_each_collector(|variant| {
        let mut store = variant.store_with_limit(64 << 10);
        let mut scope = RootScope::new(&mut store).unwrap();
        let mut count = 0;
        let refused = loop {
            match ExternRef::new(&mut scope, count) {
                Ok(_) => count += 1,
                Err(error) => break error,
            }
        };
        assert!(refused.is::<GcHeapOutOfMemory<i32>>());
        // There is no room as long as everything is alive, also with steps.
        let (refused, polls) = block_on(ExternRef::new_async(&mut scope, 1u64).increment(100));
        assert_eq!(polls > 10, variant.collects);
        let refused = refused
            .unwrap_err()
            .downcast::<GcHeapOutOfMemory<u64>>()
            .unwrap();
        assert!(matches!(refused.cause(), Error::HeapLimit { .. }));
        assert_eq!(refused.into_inner(), 1);
        drop(scope);
        let (made, polls) = block_on(ExternRef::new_async(&mut store, 2u32).increment(100));
        assert_eq!(polls > 10, variant.collects);
        if variant.collects {
            assert_eq!(number(&store, &made.unwrap()), 2);
            assert_eq!(store.stats().objects, 1);
        } else {
            assert!(made.unwrap_err().is::<GcHeapOutOfMemory<u32>>());
        }
        store.verify().unwrap();
    });
}

#[test]
fn a_new_object_whose_future_is_dropped_drops_its_value_once() {
    on_each_collector(|variant| {
        for polls in 0.. {
            let mut world = World::new(variant);
            let value = Counted(Arc::new(AtomicUsize::new(0)));
            let dropped = Arc::clone(&value.0);
            let mut made = ExternRef::new_async(&mut world.store, value).increment(100);
            let done = poll(&mut made, polls);
            drop(made);
            assert_eq!(dropped.load(Ordering::Relaxed), usize::from(!done));
            world.check();
            drop(world);
            assert_eq!(dropped.load(Ordering::Relaxed), 1);
            if done {
                return;
            }
        }
    });
}

#[test]
#[should_panic(expected = "not done")]
fn a_new_object_is_made_once() {
    let mut store = Store::new(&Engine::default(), ()).unwrap();
    let mut made = ExternRef::new_async(&mut store, 1u8);
    assert!(poll(&mut made, 1));
    poll(&mut made, 1);
}

/// A task that keeps a heap at its limit full is refused as a synchronous caller is: after
/// five collections that freed less than 2 percent.
#[test]
fn the_overhead_limit_counts_collections_in_steps() {
    on_each_collector(|variant| {
        // Under `drc` a collection in steps is a major one, too.
        if !variant.collects || variant.stressed {
            return;
        }
        let mut store = variant.store_with_limit(64 << 10);
        while ExternRef::new(&mut store, ()).is_ok() {}
        let filled = store.stats().objects;
        drop(store);
        store = variant.store_with_limit(64 << 10);
        for _ in 10..filled {
            ExternRef::new(&mut store, ()).unwrap();
        }
        let before = store.stats().collections;
        let error = loop {
            let mut scope = RootScope::new(&mut store).unwrap();
            if let Err(error) = block_on(ExternRef::new_async(&mut scope, ())).0 {
                break error.downcast::<GcHeapOutOfMemory<()>>().unwrap();
            }
        };
        assert!(matches!(
            error.cause(),
            Error::Overhead {
                percent: 2,
                collections: 6,
                ..
            }
        ));
        assert_eq!(store.stats().collections, before + 6);
    });
}
