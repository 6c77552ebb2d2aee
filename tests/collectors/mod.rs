//! The collectors on which each test of the Rust API runs. A new collector is added here.
#![allow(dead_code, reason = "a test program uses one of the two lists")]

use gcroots::{Collector, Config};

/// All collectors.
pub(crate) const ALL: [Collector; 5] = [
    Collector::Null,
    Collector::Drc,
    Collector::Copying,
    Collector::Generational,
    Collector::Check,
];

/// A configuration of each collector, and one under stress of each collector that may move
/// objects, which then moves all that it can. With the name and whether it collects.
pub(crate) fn variants() -> Vec<(String, Config, bool)> {
    let mut variants = Vec::new();
    for collector in ALL {
        let mut config = Config::new();
        config.collector(collector);
        let collects = collector != Collector::Null;
        variants.push((format!("{collector:?}"), config.clone(), collects));
        if matches!(collector, Collector::Copying | Collector::Generational) {
            config.stress(1).poison(true).move_always(true).pool(0);
            variants.push((format!("{collector:?} with stress"), config, collects));
        }
    }
    variants
}
