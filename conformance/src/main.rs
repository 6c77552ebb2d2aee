//! Runs the official tests, or the scripts that the command line names.

#![deny(unsafe_code)]

use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;

use gcroots_interpreter::gc::Collector;
use gcroots_interpreter::generated;
use gcroots_interpreter::options::Options;
use gcroots_interpreter::script::{self, Report};
use gcroots_interpreter::suite::{self, Script};

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

/// Runs what the options ask for. Returns whether everything passed.
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
        total.add(report);
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
