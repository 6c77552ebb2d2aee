//! What a configuration of the Rust API sets: the limit of external bytes.

use std::sync::Arc;

use gcroots::{Collector, Config, Engine, Error, ExternRef, Finalizers, RootScope, Rooted, Store};

/// Runs a test with a configuration for each collector.
fn on_each_collector(test: impl Fn(Collector, &mut Config)) {
    for collector in [
        Collector::Null,
        Collector::Drc,
        Collector::Copying,
        Collector::Check,
    ] {
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
