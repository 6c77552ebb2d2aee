//! Compares each collector with a model of a store. Random programs over the whole C API
//! run on both, and every value, status, identity, finalizer and statistic must agree.
//! About a quarter of the calls are misuse: bad handles, NULL, other threads.
//!
//! Three environment variables control the tests:
//!
//! * `GCROOTS_MODEL_OPERATIONS` is the number of operations of each lane. The default is
//!   20,000; `scripts/test` sets more.
//! * `GCROOTS_MODEL_SEED` is the first seed.
//! * `GCROOTS_MODEL_PROGRAM=FILE` runs the program in that file instead.
//!
//! A failure prints its seed and a shortened program, which can be run again from a file.
//! A crash prints its seed only. A bug that is found gets a C test, since the meaning of
//! a program changes when this test changes.
//!
//! To add a collector, add a lane (`model/lane.rs`) and a test below. To add a function,
//! add:
//!
//! * a call (`program.rs`),
//! * its arguments (`action.rs`),
//! * the predicted result (`predict.rs`),
//! * the call of the library (`library.rs`).
//!
//! The compiler reports each place that is missing, except two: the pointers that the
//! function requires (`pointers.rs`), and whether it allocates. Tables, globals,
//! functions, ranges and raw references have all of this in files of their own:
//! `tables.rs`, `globals.rs`, `functions.rs`, `ranges.rs`, `raw.rs`.
#![cfg(feature = "capi")]

#[path = "model/action.rs"]
mod action;
#[path = "model/crash.rs"]
mod crash;
#[path = "model/functions.rs"]
mod functions;
#[path = "model/globals.rs"]
mod globals;
#[path = "model/growth.rs"]
mod growth;
#[path = "model/lane.rs"]
mod lane;
#[path = "model/library.rs"]
mod library;
#[path = "model/model.rs"]
mod model;
#[path = "model/pointers.rs"]
mod pointers;
#[path = "model/predict.rs"]
mod predict;
#[path = "model/program.rs"]
mod program;
#[path = "model/ranges.rs"]
mod ranges;
#[path = "model/raw.rs"]
mod raw;
#[path = "model/room.rs"]
mod room;
#[path = "model/session.rs"]
mod session;
#[path = "model/shrink.rs"]
mod shrink;
#[path = "model/tables.rs"]
mod tables;
#[path = "model/threads.rs"]
mod threads;
#[path = "model/types.rs"]
mod types;
#[path = "model/walk.rs"]
mod walk;

use std::{env, fs};

use lane::{
    CHECK, COPYING, DRC, DRC_STRESS, GENERATIONAL, GENERATIONAL_STRESS, Lane, MEMORIES, NULL,
    STRESS,
};
use program::{Call, Operation, from_bytes, generate, parse};
use session::{Outcome, run};
use shrink::shrink;

const OPERATIONS: u64 = 20_000;
/// The numbers of operations of programs.
const LENGTHS: [usize; 4] = [50, 200, 400, 1000];

fn number(variable: &str, default: u64) -> u64 {
    match env::var(variable) {
        Ok(value) => value
            .parse()
            .unwrap_or_else(|_| panic!("{variable}={value}")),
        Err(_) => default,
    }
}

/// Runs programs until they have done enough operations.
fn equals_the_model(lane: Lane) {
    if let Ok(file) = env::var("GCROOTS_MODEL_PROGRAM") {
        let program = parse(&fs::read_to_string(&file).expect("a program"));
        // With each memory size.
        for seed in (0..MEMORIES).step_by(4) {
            check(lane.for_seed(seed), &program, &file);
        }
        return;
    }
    let wanted = number("GCROOTS_MODEL_OPERATIONS", OPERATIONS);
    let mut seed = number("GCROOTS_MODEL_SEED", 0);
    let (mut operations, mut refused, mut programs) = (0, 0, 0);
    crash::install();
    while operations < wanted {
        crash::note_seed(seed);
        let program = generate(seed, LENGTHS[seed as usize % LENGTHS.len()]);
        let name = format!("seed {seed}, after {operations} operations");
        let outcome = check(lane.for_seed(seed), &program, &name);
        operations += outcome.operations;
        refused += outcome.refused;
        programs += 1;
        seed += 1;
    }
    println!(
        "{}: {operations} operations of {programs} programs, {refused} refused",
        lane.name
    );
    // Most calls must succeed, and enough must be refused.
    assert!((operations / 20..operations / 3).contains(&refused));
}

/// Runs a program. Panics with a shortened program if library and model differ.
fn check(lane: Lane, program: &[Operation], name: &str) -> Outcome {
    let outcome = run(lane, program, false);
    let Some(difference) = outcome.difference else {
        return outcome;
    };
    let shortest = shrink(program, |part| run(lane, part, false).difference.is_some());
    let again = run(lane, &shortest, true);
    let (trace, last) = (again.trace.join("\n"), again.difference.unwrap_or_default());
    panic!(
        "{lane:?}, {name}: {difference}\nshortened to {}:\n{trace}\n{last}",
        shortest.len()
    );
}

#[test]
fn null_equals_the_model() {
    equals_the_model(NULL);
}

#[test]
fn copying_equals_the_model() {
    equals_the_model(COPYING);
}

#[test]
fn copying_under_stress_equals_the_model() {
    equals_the_model(STRESS);
}

#[test]
fn drc_equals_the_model() {
    equals_the_model(DRC);
}

#[test]
fn drc_under_stress_equals_the_model() {
    equals_the_model(DRC_STRESS);
}

#[test]
fn generational_equals_the_model() {
    equals_the_model(GENERATIONAL);
}

#[test]
fn generational_under_stress_equals_the_model() {
    equals_the_model(GENERATIONAL_STRESS);
}

#[test]
fn check_equals_the_model() {
    equals_the_model(CHECK);
}

#[test]
fn a_program_is_read_as_it_is_printed() {
    let program = generate(1, 100);
    let printed: Vec<_> = program.iter().map(|op| format!("{op} // Action")).collect();
    assert_eq!(parse(&printed.join("\n")), program);
}

#[test]
fn a_program_that_fails_is_shortened_to_what_it_takes() {
    let program = generate(1, 1000);
    let fails = |part: &[Operation]| {
        let made = part.iter().position(|op| op.call == Call::ExternNew);
        made.is_some_and(|made| part[made..].iter().any(|op| op.call == Call::Collect))
    };
    assert!(fails(&program));
    let calls: Vec<_> = shrink(&program, fails).iter().map(|op| op.call).collect();
    assert_eq!(calls, [Call::ExternNew, Call::Collect]);
}

#[test]
fn any_bytes_are_a_program() {
    let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(2000).collect();
    let program = from_bytes(&bytes);
    assert_eq!(program.len(), 400);
    check(COPYING, &program, "bytes");
}
