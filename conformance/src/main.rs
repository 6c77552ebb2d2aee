//! Runs WebAssembly's official tests over libgcroots.
//!
//! An interpreter for WebAssembly 3.0 without vectors and threads, which uses the
//! library through its C API only, and keeps each reference that it has in the
//! library's roots: the value stack is a root range; tables, globals and exceptions are
//! the library's; functions are, too. Types are registered with the library, so that
//! what is tested is its registry, its casts, its layouts, its collectors and its roots.
//!
//! To read it, begin with `gc`, which is all contact with the library, then `code` (what
//! functions become), `vm` (which runs them), `instance` and `script`. *Rejected:* using
//! the crate, which would test neither the C API nor what embedders can do with it.

#![deny(unsafe_code)]

mod code;
#[expect(unsafe_code, reason = "all calls of C are there")]
mod gc;
mod generated;
mod host;
mod instance;
mod memory;
mod module;
mod options;
mod script;
mod suite;
mod vm;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;

use gc::Collector;
use options::Options;
use script::Report;
use suite::Script;

fn main() -> ExitCode {
    match Options::parse(std::env::args().skip(1)).and_then(|options| run(&options)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all passed.
fn run(options: &Options) -> Result<bool> {
    if let Some(modules) = options.generated {
        return generated::run(options, modules);
    }
    let mut scripts = Vec::new();
    for path in &options.paths {
        scripts.extend(suite::at(path)?);
    }
    if options.paths.is_empty() {
        scripts = suite::official();
        scripts.extend(suite::own()?);
    }
    scripts.retain(|script| script.name.contains(&options.filter));
    anyhow::ensure!(
        !scripts.is_empty(),
        "no file has {:?} in its name",
        options.filter
    );
    let mut passed = true;
    for collector in &options.collectors {
        passed &= run_suite(options, *collector, &scripts);
    }
    Ok(passed)
}

fn run_suite(options: &Options, collector: Collector, scripts: &[Script]) -> bool {
    let begin = Instant::now();
    let mut total = Report::default();
    for script in scripts {
        let report = script::run(script, options.settings(collector), options.verify);
        for failure in &report.failures {
            println!("FAILED {failure}");
        }
        println!(
            "{:6} {:4} {}",
            report.passed,
            report.failures.len(),
            script.name
        );
        total.passed += report.passed;
        total.failures.extend(report.failures);
        total.allocations += report.allocations;
        total.collections += report.collections;
    }
    println!(
        "{}: {} files, {} directives passed, {} failed; {} allocations, {} collections, {:.1} s",
        collector.name(),
        scripts.len(),
        total.passed,
        total.failures.len(),
        total.allocations,
        total.collections,
        begin.elapsed().as_secs_f64(),
    );
    total.failures.is_empty()
}
