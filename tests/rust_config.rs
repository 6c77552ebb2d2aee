//! What a configuration of the Rust API sets: the limit of external bytes and the wake
//! callback.

mod collectors;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use gcroots::{
    Collector, Config, Engine, Error, ExternRef, Finalizers, ManuallyRooted, RootScope, Rooted,
    Store, StoreToken, Wake,
};

/// Runs a test with a configuration for each collector.
fn on_each_collector(test: impl Fn(Collector, &mut Config)) {
    for collector in collectors::ALL {
        let mut config = Config::new();
        test(collector, config.collector(collector));
    }
}

fn store_of(config: &Config) -> Store<()> {
    Store::new(&Engine::new(config).unwrap(), ()).unwrap()
}

/// Makes a value with external bytes that nothing keeps alive.
fn drop_with(store: &mut Store<()>, value: &Arc<()>, bytes: i64) {
    let mut scope = RootScope::new(&mut *store).unwrap();
    let dropped = ExternRef::new(&mut scope, value.clone()).unwrap();
    dropped.adjust_external_bytes(&mut scope, bytes).unwrap();
}

/// The error of raising the external bytes by 1.
fn refusal(store: &mut Store<()>, kept: &Rooted<ExternRef>) -> Error {
    let refused = kept.adjust_external_bytes(store, 1).unwrap_err();
    *refused.downcast_ref().unwrap()
}

#[test]
fn a_limit_of_external_bytes_drops_the_dead_or_refuses() {
    on_each_collector(|collector, config| {
        let value = Arc::new(());
        let mut store = store_of(config.external_limit(100));
        let kept = ExternRef::new(&mut store, ()).unwrap();
        drop_with(&mut store, &value, 100);
        if collector != Collector::Null {
            kept.adjust_external_bytes(&mut store, 100).unwrap();
            assert_eq!(Arc::strong_count(&value), 1);
        }
        let expected = Error::ExternalLimit {
            requested: 1,
            used: 100,
            waiting: 0,
            limit: 100,
        };
        assert_eq!(refusal(&mut store, &kept), expected);
        store.verify().unwrap();
    });
}

#[test]
fn external_bytes_of_deferred_values_count_until_these_are_dropped() {
    on_each_collector(|collector, config| {
        let value = Arc::new(());
        config.external_limit(100).finalizers(Finalizers::Deferred);
        let mut store = store_of(config);
        let kept = ExternRef::new(&mut store, ()).unwrap();
        drop_with(&mut store, &value, 60);
        drop_with(&mut store, &value, 40);
        let expected = Error::ExternalLimit {
            requested: 1,
            used: 100,
            waiting: if collector == Collector::Null { 0 } else { 100 },
            limit: 100,
        };
        assert_eq!(refusal(&mut store, &kept), expected);
        if collector != Collector::Null {
            assert_eq!(store.run_finalizers(1).unwrap(), 1);
            kept.adjust_external_bytes(&mut store, 40).unwrap();
        }
        store.verify().unwrap();
    });
}

/// What a wake callback was told.
type Told = Arc<Mutex<Vec<(StoreToken, Wake)>>>;

/// Sets a wake callback that notes what it is told.
fn note_wakes(config: &mut Config) -> Told {
    let told = Told::default();
    let noted = told.clone();
    config.wake_callback(move |store, what| noted.lock().unwrap().push((store, what)));
    told
}

/// Takes what a wake callback was told.
fn told(by: &Told) -> Vec<(StoreToken, Wake)> {
    std::mem::take(&mut *by.lock().unwrap())
}

fn manual(store: &mut Store<()>) -> ManuallyRooted<ExternRef> {
    let mut scope = RootScope::new(&mut *store).unwrap();
    let made = ExternRef::new(&mut scope, ()).unwrap();
    made.to_manually_rooted(&mut scope).unwrap()
}

#[test]
fn a_wake_callback_tells_once_that_values_wait() {
    on_each_collector(|collector, config| {
        let value = Arc::new(());
        let by = note_wakes(config.finalizers(Finalizers::Deferred));
        let mut store = store_of(config);
        let expected = match collector {
            Collector::Null => vec![],
            _ => vec![(store.token(), Wake::Finalizers)],
        };
        for _ in 0..2 {
            for _ in 0..3 {
                drop_with(&mut store, &value, 1);
                store.gc().unwrap();
            }
            assert_eq!(told(&by), expected);
            store.run_finalizers(usize::MAX).unwrap();
        }
    });
}

#[test]
fn a_wake_callback_tells_on_any_thread_that_roots_wait() {
    on_each_collector(|_, config| {
        let by = note_wakes(config);
        let engine = Engine::new(config).unwrap();
        let mut stores = [0, 1].map(|_| Store::new(&engine, ()).unwrap());
        let roots = stores
            .each_mut()
            .map(|store| [manual(store), manual(store)]);
        let tokens = stores.each_ref().map(Store::token);
        assert_ne!(tokens[0], tokens[1]);
        for (pair, token) in roots.into_iter().zip(tokens) {
            thread::spawn(move || drop(pair)).join().unwrap();
            assert_eq!(told(&by), [(token, Wake::Unroots)]);
        }
        stores[0].drain_unroots().unwrap();
        drop(manual(&mut stores[0]));
        assert_eq!(told(&by), [(tokens[0], Wake::Unroots)]);
        let first = stores.into_iter().next().unwrap();
        assert_eq!(first.token(), tokens[0], "moving a store keeps its token");
    });
}

#[test]
fn a_panic_in_a_wake_callback_is_ignored() {
    on_each_collector(|_, config| {
        config.wake_callback(|_, _| panic!("a wake callback of a test"));
        let mut store = store_of(config);
        drop(manual(&mut store));
        store.drain_unroots().unwrap();
        store.verify().unwrap();
    });
}

/// Counts its drops.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_wake_callback_lives_as_long_as_the_stores() {
    let drops = Arc::new(AtomicUsize::new(0));
    let counted = Counted(drops.clone());
    let mut config = Config::new();
    config.wake_callback(move |_, _| assert_eq!(counted.0.load(Ordering::Relaxed), 0));
    let mut store = store_of(&config);
    drop(config);
    drop(manual(&mut store));
    assert_eq!(drops.load(Ordering::Relaxed), 0);
    drop(store);
    assert_eq!(drops.load(Ordering::Relaxed), 1);
}
