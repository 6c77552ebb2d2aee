//! Runs generated modules on each collector. All collectors must give the same results.
//!
//! The official tests make few objects; generated modules make many. A module depends
//! only on its seed. Its limits count the program's steps and not time, so each run stops
//! at the same place. The comparison covers what the calls return and what the module
//! leaves behind.

mod module;
mod observe;

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::gc::{Collector, Store};
use crate::instantiate::{Failure, instantiate};
use crate::module::{FEATURES, Module};
use crate::options::Options;
use crate::stop::Stop;
use crate::vm::{Limits, Vm};

const LIMITS: Limits = Limits {
    slots: 1 << 14,
    calls: 100,
    steps: 5_000,
    pages: 16,
    elements: 1_000,
};

/// What a module did on one collector.
struct Run {
    /// One line for each observation.
    seen: Vec<String>,
    allocations: u64,
    collections: u64,
}

/// The sums over all modules on one collector.
#[derive(Default)]
struct Total {
    allocations: u64,
    collections: u64,
}

/// Runs the modules. Returns whether all collectors agree on all of them.
pub fn run(options: &Options, modules: u64) -> Result<bool> {
    let begin = Instant::now();
    let collectors = options.collectors.iter();
    let mut totals: Vec<_> = collectors.map(|_| Total::default()).collect();
    let (mut failed, mut endings) = (0, BTreeMap::new());
    for seed in options.seed..options.seed + modules {
        match run_on_all(options, seed, &mut totals) {
            Ok(seen) => {
                for ending in seen.iter().filter_map(|line| ending(line)) {
                    *endings.entry(ending.to_owned()).or_insert(0) += 1;
                }
            }
            Err(error) => {
                println!("FAILED seed {seed}: {error:#}");
                failed += 1;
            }
        }
    }
    for (ending, calls) in endings {
        println!("{calls:6} calls: {ending}");
    }
    for (collector, total) in options.collectors.iter().zip(&totals) {
        println!(
            "{}: {} allocations, {} collections",
            collector.name(),
            total.allocations,
            total.collections
        );
    }
    println!(
        "generated: {} modules passed, {failed} failed, {:.1} s",
        modules - failed,
        begin.elapsed().as_secs_f64()
    );
    Ok(failed == 0)
}

/// How a call ended, without values. None if the line is not about a call.
fn ending(line: &str) -> Option<&str> {
    let (_, how) = line.strip_prefix("call ")?.split_once(": ")?;
    if how.starts_with("returned") {
        return Some("returned");
    }
    let is_digit = |c: char| c.is_ascii_digit();
    Some(how.trim_end_matches(is_digit).trim_end())
}

/// Runs one module on all collectors, and returns what they saw.
///
/// Errors: two collectors saw different things, or a run failed.
fn run_on_all(options: &Options, seed: u64, totals: &mut [Total]) -> Result<Vec<String>> {
    let bytes = module::generate(seed)?;
    let mut first: Option<(Collector, Vec<String>)> = None;
    for (collector, total) in options.collectors.iter().zip(totals) {
        let run = run_on(options, *collector, &bytes);
        let run = run.with_context(|| collector.name())?;
        total.allocations += run.allocations;
        total.collections += run.collections;
        match &first {
            None => first = Some((*collector, run.seen)),
            Some((other, seen)) => compare(*other, seen, *collector, &run.seen)?,
        }
    }
    let (_, seen) = first.context("no collector")?;
    Ok(seen)
}

fn compare(a: Collector, seen_by_a: &[String], b: Collector, seen_by_b: &[String]) -> Result<()> {
    let differs = seen_by_a.iter().zip(seen_by_b).find(|(a, b)| a != b);
    if let Some((by_a, by_b)) = differs {
        // The text of an object can be long.
        let (a, b) = (a.name(), b.name());
        bail!("{a} saw `{by_a:.300}`, {b} saw `{by_b:.300}`");
    }
    if seen_by_a.len() != seen_by_b.len() {
        bail!("{} and {} saw not as many things", a.name(), b.name());
    }
    Ok(())
}

fn run_on(options: &Options, collector: Collector, bytes: &[u8]) -> Result<Run> {
    let mut settings = options.settings(collector);
    // Without stress such small heaps would hardly ever be collected.
    settings.stress = settings.stress.max(1);
    let vm = Vm::new(Store::new(settings)?, LIMITS)?;
    let module = Rc::new(Module::new(&vm.store, bytes, FEATURES)?);
    let mut seen = Vec::new();
    match instantiate(&vm, module, |_, _| None) {
        Ok(instance) => {
            observe::calls(&vm, &instance, options.verify, &mut seen)?;
            let before = observe::state(&vm, &instance)?;
            vm.store.collect()?;
            let after = observe::state(&vm, &instance)?;
            compare(collector, &before, collector, &after).context("after a collection")?;
            seen.extend(after);
        }
        Err(Failure::Stop(Stop::Fault(refused))) => return Err(refused.into()),
        Err(failure) => seen.push(format!("not instantiated: {failure}")),
    }
    vm.store.verify()?;
    Ok(Run {
        seen,
        allocations: vm.store.allocations(),
        collections: vm.store.collections()?,
    })
}
