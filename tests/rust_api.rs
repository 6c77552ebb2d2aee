//! The Rust API on each collector. Tests that also use the C API are in `rust_and_c.rs`.

mod collectors;

use std::error::Error as _;
use std::hash::{DefaultHasher, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use gcroots::{
    ArrayRef, ArrayType, AsContext, AsContextMut, Config, Engine, Error, ExternRef, FieldType,
    GcHeapOutOfMemory, ManuallyRooted, Mutability, RootScope, Rooted, StorageType, Store,
};

/// The configuration of a test.
struct Variant {
    config: Config,
    collects: bool,
}

impl Variant {
    fn store(&self) -> Store<()> {
        Store::new(&Engine::new(&self.config).unwrap(), ()).unwrap()
    }

    /// `number` if the collector frees objects, otherwise 0.
    fn if_collected(&self, number: usize) -> usize {
        if self.collects { number } else { 0 }
    }
}

fn on_each_collector(test: impl Fn(&Variant)) {
    for (name, config, collects) in collectors::variants() {
        println!("on {name}");
        test(&Variant { config, collects });
    }
}

/// Counts its drops.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Returns a function that reads a counter, and one that makes values whose drops it
/// counts.
fn counter() -> (impl Fn() -> usize, impl Fn() -> Counted) {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    (
        move || count.load(Ordering::Relaxed),
        move || Counted(Arc::clone(&counted)),
    )
}

/// The number in an externref.
fn number(store: &impl AsContext, externref: &ExternRef) -> anyhow::Result<u32> {
    let data = externref.data(store)?;
    Ok(*data.unwrap().downcast_ref().unwrap())
}

#[track_caller]
fn error<T>(result: anyhow::Result<T>) -> Error {
    match result {
        Ok(_) => panic!("no error"),
        Err(error) => *error.downcast_ref().expect("an error of the library"),
    }
}

#[track_caller]
fn unrooted<T>(result: anyhow::Result<T>) {
    let error = error(result);
    assert!(matches!(error, Error::Unrooted { .. }), "{error}");
}

#[track_caller]
fn wrong_store<T>(result: anyhow::Result<T>) {
    let error = error(result);
    assert!(matches!(error, Error::WrongStore { .. }), "{error}");
}

#[test]
fn a_value_is_read_and_changed_wherever_its_object_moves() {
    on_each_collector(|variant| {
        let mut store = variant.store();
        let text = ExternRef::new(&mut store, String::from("te")).unwrap();
        let unit = ExternRef::new(&mut store, ()).unwrap();
        for letter in ['x', 't'] {
            store.gc().unwrap();
            let data = text.data_mut(&mut store).unwrap().unwrap();
            data.downcast_mut::<String>().unwrap().push(letter);
        }
        let (text, unit) = (text.data(&store).unwrap(), unit.data(&store).unwrap());
        assert_eq!(text.unwrap().downcast_ref::<String>().unwrap(), "text");
        assert!(unit.unwrap().is::<()>());
        store.verify().unwrap();
    });
}

#[test]
fn values_of_any_alignment_keep_it() {
    #[repr(align(256))]
    struct Aligned(u8);

    on_each_collector(|variant| {
        let mut store = variant.store();
        for n in 0..20 {
            let made = ExternRef::new(&mut store, Aligned(n)).unwrap();
            let data = made.data(&store).unwrap().unwrap();
            let aligned = data.downcast_ref::<Aligned>().unwrap();
            assert_eq!(aligned.0, n);
            assert_eq!(core::ptr::from_ref(aligned).addr() % 256, 0);
        }
    });
}

#[test]
fn a_rooted_of_a_scope_that_ended_is_refused() {
    on_each_collector(|variant| {
        let mut store = variant.store();
        let mut scope = RootScope::new(&mut store).unwrap();
        let stale = ExternRef::new(&mut scope, 1u32).unwrap();
        drop(scope);
        // Its slot has a new root now.
        let live = ExternRef::new(&mut store, 2u32).unwrap();
        let mut hasher = DefaultHasher::new();

        unrooted(stale.data(&store));
        unrooted(stale.data_mut(&mut store));
        unrooted(stale.to_manually_rooted(&mut store));
        unrooted(stale.ref_hash(&store, &mut hasher));
        unrooted(Rooted::ref_eq(&store, &stale, &live));
        unrooted(Rooted::ref_eq(&store, &live, &stale));
        assert_eq!(number(&store, &live).unwrap(), 2);
        store.verify().unwrap();
    });
}

#[test]
fn roots_of_another_store_are_refused() {
    on_each_collector(|variant| {
        let (mut store, mut other) = (variant.store(), variant.store());
        let rooted = ExternRef::new(&mut other, 1u32).unwrap();
        let kept = rooted.to_manually_rooted(&mut other).unwrap();
        let mine = ExternRef::new(&mut store, 2u32).unwrap();

        let mut refuse_all = |rooted: Rooted<ExternRef>, kept: &ManuallyRooted<ExternRef>| {
            wrong_store(rooted.data(&store));
            wrong_store(rooted.data_mut(&mut store));
            wrong_store(rooted.to_manually_rooted(&mut store));
            wrong_store(kept.data(&store));
            wrong_store(kept.clone(&mut store));
            wrong_store(kept.to_rooted(&mut store));
            wrong_store(Rooted::ref_eq(&store, &mine, kept));
            wrong_store(RootScope::new(&mut store).unwrap().escape(&rooted));
        };
        refuse_all(rooted, &kept);
        drop(other);
        refuse_all(rooted, &kept);
        store.verify().unwrap();
    });
}

#[test]
fn a_manual_root_ends_once_whatever_store_it_is_given_to() {
    on_each_collector(|variant| {
        let (dropped, counted) = counter();
        let (mut store, mut other) = (variant.store(), variant.store());
        let unroot: fn(ManuallyRooted<ExternRef>, &mut Store<()>) -> anyhow::Result<()> =
            |root, store| root.unroot(store);
        for give in [unroot, |root, store| root.into_rooted(store).map(drop)] {
            let before = dropped();
            let mut scope = RootScope::new(&mut store).unwrap();
            let kept = ExternRef::new(&mut scope, counted()).unwrap();
            let kept = kept.to_manually_rooted(&mut scope).unwrap();
            drop(scope);
            wrong_store(give(kept, &mut other));
            store.gc().unwrap();
            assert_eq!(dropped() - before, variant.if_collected(1));
        }
        assert_eq!(other.stats().stale_unroots + store.stats().stale_unroots, 0);
    });
}

#[test]
fn a_manual_root_lives_across_scopes_until_it_is_unrooted() {
    on_each_collector(|variant| {
        let (dropped, counted) = counter();
        let mut store = variant.store();
        let kept = {
            let mut scope = RootScope::new(&mut store).unwrap();
            let rooted = ExternRef::new(&mut scope, counted()).unwrap();
            rooted.to_manually_rooted(&mut scope).unwrap()
        };
        let twice = kept.clone(&mut store).unwrap();
        assert!(!ManuallyRooted::rooted_eq(&kept, &twice));
        assert!(ManuallyRooted::ref_eq(&store, &kept, &twice).unwrap());

        kept.unroot(&mut store).unwrap();
        assert_eq!(store.stats().manual_roots, 1);
        store.gc().unwrap();
        let mut scope = RootScope::new(&mut store).unwrap();
        let rooted = twice.into_rooted(&mut scope).unwrap();
        assert!(rooted.data(&scope).unwrap().unwrap().is::<Counted>());
        scope.as_context_mut().gc().unwrap();
        assert_eq!(dropped(), 0);
        drop(scope);

        store.gc().unwrap();
        assert_eq!(dropped(), variant.if_collected(1));
        // Each root was unrooted once, not again when its handle was dropped.
        let stats = store.stats();
        assert_eq!((stats.manual_roots, stats.stale_unroots), (0, 0));
        store.verify().unwrap();
    });
}

#[test]
fn handles_and_objects_are_compared_and_hashed_apart() {
    let hash = |feed: &dyn Fn(&mut DefaultHasher)| {
        let mut hasher = DefaultHasher::new();
        feed(&mut hasher);
        hasher.finish()
    };
    on_each_collector(|variant| {
        let mut store = variant.store();
        let a = ExternRef::new(&mut store, 1u32).unwrap();
        let b = ExternRef::new(&mut store, 1u32).unwrap();
        let kept = a.to_manually_rooted(&mut store).unwrap();
        let a_again = kept.to_rooted(&mut store).unwrap();
        let object = |root: &Rooted<ExternRef>, store: &Store<()>| {
            hash(&|hasher| root.ref_hash(store, hasher).unwrap())
        };
        let (hash_of_a, hash_of_b) = (object(&a, &store), object(&b, &store));
        store.gc().unwrap();

        assert!(Rooted::rooted_eq(a, a) && !Rooted::rooted_eq(a, a_again));
        assert!(Rooted::ref_eq(&store, &a, &a_again).unwrap());
        assert!(Rooted::ref_eq(&store, &kept, &a).unwrap());
        assert!(!Rooted::ref_eq(&store, &a, &b).unwrap());

        assert_ne!(hash_of_a, hash_of_b);
        assert_eq!(object(&a_again, &store), hash_of_a);
        assert_eq!(hash(&|h| kept.ref_hash(&store, h).unwrap()), hash_of_a);
        let handle = |root: Rooted<ExternRef>| hash(&|hasher| root.rooted_hash(hasher));
        assert_eq!(handle(a), handle(a));
        assert_ne!(handle(a), handle(a_again));
        assert_ne!(handle(a), hash(&|hasher| kept.rooted_hash(hasher)));
    });
}

#[test]
fn a_scope_may_keep_one_object() {
    on_each_collector(|variant| {
        let mut store = variant.store();
        let mut outer = RootScope::new(&mut store).unwrap();
        let mut inner = RootScope::new(&mut outer).unwrap();
        inner.reserve(100).unwrap();
        let lost = ExternRef::new(&mut inner, 1u32).unwrap();
        let kept = ExternRef::new(&mut inner, 2u32).unwrap();
        let escaped = inner.escape(&kept).unwrap();
        unrooted(lost.data(&outer));
        unrooted(kept.data(&outer));
        outer.as_context_mut().gc().unwrap();
        assert_eq!(number(&outer, &escaped).unwrap(), 2);
        drop(outer);
        unrooted(escaped.data(&store));
        assert_eq!(store.stats().scoped_roots, 0);
    });
}

#[test]
fn a_refused_escape_leaves_the_scope() {
    on_each_collector(|variant| {
        let mut store = variant.store();
        let mut scope = RootScope::new(&mut store).unwrap();
        let stale = ExternRef::new(RootScope::new(&mut scope).unwrap(), 1u32).unwrap();
        let live = ExternRef::new(&mut scope, 2u32).unwrap();
        unrooted(scope.escape(&stale));
        unrooted(live.data(&store));

        let mut scope = RootScope::new(&mut store).unwrap();
        let live = ExternRef::new(&mut scope, 2u32).unwrap();
        core::mem::forget(RootScope::new(&mut scope).unwrap());
        let refused = error(scope.escape(&live));
        assert!(matches!(refused, Error::ScopeOrder { .. }), "{refused}");
        unrooted(live.data(&store));
        store.verify().unwrap();
    });
}

#[test]
fn a_forgotten_scope_ends_with_the_one_around_it() {
    on_each_collector(|variant| {
        let mut store = variant.store();
        let mut outer = RootScope::new(&mut store).unwrap();
        let mut inner = RootScope::new(&mut outer).unwrap();
        let inside = ExternRef::new(&mut inner, 1u32).unwrap();
        core::mem::forget(inner);
        assert_eq!(number(&outer, &inside).unwrap(), 1);
        drop(outer);
        unrooted(inside.data(&store));

        // The outermost scope was forgotten, so its roots live as long as the store.
        let mut scope = RootScope::new(&mut store).unwrap();
        let inside = ExternRef::new(&mut scope, 2u32).unwrap();
        core::mem::forget(scope);
        drop(RootScope::new(&mut store).unwrap());
        store.gc().unwrap();
        assert_eq!(number(&store, &inside).unwrap(), 2);
        store.verify().unwrap();
    });
}

#[test]
fn a_scope_ends_while_its_user_panics() {
    on_each_collector(|variant| {
        let mut store = variant.store();
        let mut inside = None;
        let panic = catch_unwind(AssertUnwindSafe(|| {
            let mut scope = RootScope::new(&mut store).unwrap();
            inside = Some(ExternRef::new(&mut scope, 1u32).unwrap());
            panic!("the user's own");
        }));
        assert!(panic.is_err());
        unrooted(inside.unwrap().data(&store));
    });
}

#[test]
fn a_value_without_room_comes_back() {
    on_each_collector(|variant| {
        let (dropped, counted) = counter();
        let engine = Engine::new(variant.config.clone().heap_limit(1)).unwrap();
        let mut store = Store::new(&engine, ()).unwrap();
        let mut made = 0;
        let refused = loop {
            match ExternRef::new(&mut store, counted()) {
                Ok(_) => made += 1,
                Err(error) => break error,
            }
        };
        assert!((100..10_000).contains(&made), "{made}");
        let refused = refused.downcast::<GcHeapOutOfMemory<Counted>>().unwrap();
        assert!(matches!(refused.cause(), Error::HeapLimit { .. }));
        assert_eq!(
            refused.source().unwrap().to_string(),
            refused.cause().to_string()
        );
        assert_eq!(
            refused.to_string(),
            "no room for a new object in the GC heap"
        );

        let value = refused.into_inner();
        assert_eq!(dropped(), 0);
        drop(value);
        assert_eq!(dropped(), 1);
        store.verify().unwrap();
        drop(store);
        assert_eq!(dropped(), made + 1);
    });
}

#[test]
fn garbage_makes_room() {
    on_each_collector(|variant| {
        if !variant.collects {
            return;
        }
        let (dropped, counted) = counter();
        let engine = Engine::new(variant.config.clone().heap_limit(1)).unwrap();
        let mut store = Store::new(&engine, ()).unwrap();
        for _ in 0..20_000 {
            let mut scope = RootScope::new(&mut store).unwrap();
            ExternRef::new(&mut scope, counted()).unwrap();
        }
        assert!(dropped() > 15_000, "{}", dropped());
        drop(store);
        assert_eq!(dropped(), 20_000);
    });
}

#[test]
fn each_value_is_dropped_once_and_the_stores_data_last() {
    struct Last(Arc<AtomicUsize>, usize);
    impl Drop for Last {
        fn drop(&mut self) {
            assert_eq!(self.0.load(Ordering::Relaxed), self.1);
        }
    }
    on_each_collector(|variant| {
        let count = Arc::new(AtomicUsize::new(0));
        let engine = Engine::new(&variant.config).unwrap();
        let mut store = Store::new(&engine, Last(Arc::clone(&count), 30)).unwrap();
        let counted = || Counted(Arc::clone(&count));
        let mut kept = Vec::new();
        for n in 0..30 {
            let mut scope = RootScope::new(&mut store).unwrap();
            let rooted = ExternRef::new(&mut scope, counted()).unwrap();
            if n % 3 == 0 {
                kept.push(rooted.to_manually_rooted(&mut scope).unwrap());
            }
        }
        store.gc().unwrap();
        store.gc().unwrap();
        assert_eq!(count.load(Ordering::Relaxed), variant.if_collected(20));
        drop(store);
        assert_eq!(count.load(Ordering::Relaxed), 30);
    });
}

#[test]
fn a_stores_data_come_back_after_its_values_were_dropped() {
    on_each_collector(|variant| {
        let (dropped, counted) = counter();
        let engine = Engine::new(&variant.config).unwrap();
        let mut store = Store::new(&engine, vec![1]).unwrap();
        ExternRef::new(&mut store, counted()).unwrap();
        store.data_mut().push(2);
        assert_eq!(store.as_context().data().len(), 2);
        assert_eq!(store.into_data(), [1, 2]);
        assert_eq!(dropped(), 1);
    });
}

/// Panics when dropped. The payload of the panic panics when dropped, too.
struct Panics;

impl Drop for Panics {
    fn drop(&mut self) {
        struct PanicsAgain;
        impl Drop for PanicsAgain {
            fn drop(&mut self) {
                if !thread::panicking() {
                    panic!("what a panic carried");
                }
            }
        }
        std::panic::panic_any(PanicsAgain);
    }
}

#[test]
fn a_panic_in_a_values_drop_harms_nothing_else() {
    on_each_collector(|variant| {
        let (dropped, counted) = counter();
        let mut store = variant.store();
        let mut scope = RootScope::new(&mut store).unwrap();
        for _ in 0..5 {
            ExternRef::new(&mut scope, counted()).unwrap();
            ExternRef::new(&mut scope, (counted(), Panics)).unwrap();
        }
        drop(scope);
        store.gc().unwrap();
        assert_eq!(dropped(), variant.if_collected(10));
        ExternRef::new(&mut store, (counted(), Panics)).unwrap();
        store.verify().unwrap();
        drop(store);
        assert_eq!(dropped(), 11);
    });
}

#[test]
fn a_store_works_on_whichever_thread_has_it() {
    on_each_collector(|variant| {
        let (dropped, counted) = counter();
        let mut store = variant.store();
        let here = ExternRef::new(&mut store, 1u32).unwrap();
        // An owned store moves to a thread that ends.
        let (mut store, there) = thread::spawn(move || {
            assert_eq!(number(&store, &here).unwrap(), 1);
            let there = ExternRef::new(&mut store, 2u32).unwrap();
            store.gc().unwrap();
            (store, there)
        })
        .join()
        .unwrap();
        assert_eq!(number(&store, &there).unwrap(), 2);

        // A borrowed store and a scope move to a thread.
        let mut scope = RootScope::new(&mut store).unwrap();
        let before = ExternRef::new(&mut scope, 3u32).unwrap();
        thread::scope(|threads| {
            threads.spawn(|| {
                ExternRef::new(&mut scope, counted()).unwrap();
                assert_eq!(number(&scope, &before).unwrap(), 3);
                drop(scope);
            });
        });
        unrooted(before.data(&store));
        assert_eq!(number(&store, &here).unwrap(), 1);
        store.verify().unwrap();

        // The other thread drops the store, and nothing was dropped before.
        thread::spawn(move || drop(store)).join().unwrap();
        assert_eq!(dropped(), 1);
    });
}

#[test]
fn a_scope_may_own_its_store() {
    on_each_collector(|variant| {
        let (dropped, counted) = counter();
        let mut scope = RootScope::new(variant.store()).unwrap();
        ExternRef::new(&mut scope, counted()).unwrap();
        thread::spawn(move || drop(scope)).join().unwrap();
        assert_eq!(dropped(), 1);
    });
}

#[test]
fn a_manual_root_may_be_dropped_on_any_thread() {
    on_each_collector(|variant| {
        let (dropped, counted) = counter();
        let mut store = variant.store();
        let mut roots = Vec::new();
        for _ in 0..100 {
            let mut scope = RootScope::new(&mut store).unwrap();
            let rooted = ExternRef::new(&mut scope, counted()).unwrap();
            roots.push(rooted.to_manually_rooted(&mut scope).unwrap());
        }
        let here = roots.split_off(50);
        thread::spawn(move || drop(roots)).join().unwrap();
        drop(here);
        store.gc().unwrap();
        assert_eq!(dropped(), variant.if_collected(100));
        // The null collector never collects, so making roots drops the queued roots.
        for n in 0..100 {
            let mut scope = RootScope::new(&mut store).unwrap();
            ExternRef::new(&mut scope, n).unwrap();
        }
        let stats = store.stats();
        assert_eq!((stats.manual_roots, stats.stale_unroots), (0, 0));
        store.verify().unwrap();
    });
}

#[test]
fn a_manual_root_may_be_dropped_after_its_store() {
    on_each_collector(|variant| {
        let mut store = variant.store();
        let rooted = ExternRef::new(&mut store, 1u32).unwrap();
        let kept = rooted.to_manually_rooted(&mut store).unwrap();
        let moved = kept.clone(&mut store).unwrap();
        drop(store);
        let mut other = variant.store();
        wrong_store(kept.data(&other));
        drop(kept);
        thread::spawn(move || drop(moved)).join().unwrap();
        other.gc().unwrap();
        assert_eq!(other.stats().stale_unroots, 0);
    });
}

#[test]
fn a_value_may_hold_a_manual_root_of_its_own_store() {
    on_each_collector(|variant| {
        let (dropped, counted) = counter();
        let mut store = variant.store();
        let mut scope = RootScope::new(&mut store).unwrap();
        let mut link: Option<ManuallyRooted<ExternRef>> = None;
        for _ in 0..5 {
            let rooted = ExternRef::new(&mut scope, (counted(), link.take())).unwrap();
            link = Some(rooted.to_manually_rooted(&mut scope).unwrap());
        }
        drop(scope);
        store.gc().unwrap();
        assert_eq!(dropped(), 0);
        drop(link);
        // One collection frees the whole chain.
        store.gc().unwrap();
        assert_eq!(dropped(), variant.if_collected(5));
        drop(store);
        assert_eq!(dropped(), 5);
    });
}

#[test]
fn a_value_may_hold_another_store() {
    on_each_collector(|variant| {
        let (dropped, counted) = counter();
        let mut inner = variant.store();
        ExternRef::new(&mut inner, counted()).unwrap();
        let mut store = variant.store();
        let mut scope = RootScope::new(&mut store).unwrap();
        ExternRef::new(&mut scope, std::sync::Mutex::new(inner)).unwrap();
        drop(scope);
        store.gc().unwrap();
        assert_eq!(dropped(), variant.if_collected(1));
        drop(store);
        assert_eq!(dropped(), 1);
    });
}

#[test]
fn a_configuration_out_of_range_is_refused() {
    let refused = |config: &mut Config| error(Engine::new(config));
    for config in [
        Config::new().heap_limit(0),
        Config::new().heap_limit((16 << 30) + 1),
        Config::new()
            .heap_limit(1 << 20)
            .heap_initial((1 << 20) + 1),
        Config::new().pool(4097),
        Config::new().overhead_limit(101),
        Config::new().heap_time_share(0),
        Config::new().heap_time_share(100),
    ] {
        let error = refused(config);
        assert!(matches!(error, Error::InvalidArgument { .. }), "{error}");
    }
    Engine::new(Config::new().heap_limit(16 << 30).heap_initial(1 << 20)).unwrap();
    let engine = Engine::new(
        Config::new()
            .heap_growth(u32::MAX)
            .pause_budget(500)
            .overhead_limit(100),
    )
    .unwrap();
    Engine::new(Config::new().heap_growth(5).heap_time_share(20)).unwrap();
    let mut store = Store::new(&engine, ()).unwrap();
    ExternRef::new(&mut store, ()).unwrap();
    assert_eq!(store.stats().heap_limit, 4 << 30);
}

#[test]
fn threads_share_an_engine() {
    on_each_collector(|variant| {
        let engine = Engine::new(&variant.config).unwrap();
        let threads: Vec<_> = (0..4)
            .map(|n: u32| {
                let engine = engine.clone();
                thread::spawn(move || {
                    let mut store = Store::new(&engine, ()).unwrap();
                    let made = ExternRef::new(&mut store, n).unwrap();
                    store.gc().unwrap();
                    number(&store, &made).unwrap()
                })
            })
            .collect();
        drop(engine);
        for (n, thread) in threads.into_iter().enumerate() {
            assert_eq!(thread.join().unwrap(), n as u32);
        }
    });
}

/// Fills a small store that asks `allows` whether to grow, until an allocation is
/// refused.
fn refused_store(
    variant: &Variant,
    allows: impl Fn(u64, u64) -> bool + Send + Sync + 'static,
) -> (Store<()>, GcHeapOutOfMemory<u32>) {
    let mut config = variant.config.clone();
    config
        .heap_initial(32 << 10)
        .stress(0)
        .grow_callback(allows);
    let mut store = Store::new(&Engine::new(&config).unwrap(), ()).unwrap();
    drop(config);
    for n in 0u32.. {
        if let Err(refused) = ExternRef::new(&mut store, n) {
            return (store, refused.downcast().unwrap());
        }
    }
    unreachable!("the heap has a limit")
}

#[test]
fn the_growth_callback_may_refuse() {
    on_each_collector(|variant| {
        let (store, refused) = refused_store(variant, |committed, wanted| {
            assert!(committed < wanted);
            wanted <= 128 << 10
        });
        let Error::GrowthRefused { wanted } = refused.cause() else {
            panic!("{refused:?}");
        };
        assert!(wanted > 128 << 10);
        assert_eq!(store.stats().committed_bytes, 128 << 10);
        assert_eq!(store.stats().objects, u64::from(refused.into_inner()));
        store.verify().unwrap();
    });
}

#[test]
fn a_growth_callback_that_panics_refuses() {
    on_each_collector(|variant| {
        let (mut store, refused) = refused_store(variant, |_, _| panic!("it panics, as it should"));
        assert!(matches!(refused.cause(), Error::GrowthRefused { .. }));
        store.gc().unwrap();
        store.verify().unwrap();
    });
}

#[test]
fn a_pinned_array_stays_where_it_is() {
    on_each_collector(|variant| {
        let engine = Engine::new(&variant.config).unwrap();
        let bytes = FieldType::new(Mutability::Var, StorageType::I8);
        let bytes = ArrayType::new(&engine, bytes).unwrap();
        let mut store = Store::new(&engine, ()).unwrap();
        let array = ArrayRef::new_default(&mut store, &bytes, 100).unwrap();
        let pinned = match array.pin(&mut store) {
            Ok(pinned) => pinned,
            Err(error) => {
                let is_known = matches!(error.downcast_ref(), Some(Error::Unsupported { .. }));
                assert!(is_known, "{error}");
                return;
            }
        };
        let data = pinned.data(&store).unwrap();
        assert_eq!(data.len(), 100);
        for number in 0..3 {
            // SAFETY: the array is pinned, and nothing else uses its elements now.
            unsafe { (*data).fill(number) };
            ExternRef::new(&mut store, 1).unwrap();
            store.gc().unwrap();
            assert_eq!(pinned.data(&store).unwrap(), data);
            let read = array.get(&mut store, 99).unwrap();
            assert_eq!(read.unwrap_i32(), i32::from(number));
        }
        let mut other = variant.store();
        wrong_store(pinned.data(&other));
        wrong_store(array.pin(&mut other));
        pinned.unpin(&mut store).unwrap();
        store.verify().unwrap();
    });
}
