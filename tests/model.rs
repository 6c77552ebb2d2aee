//! Each collector equals a model of a store: random programs over the whole C API run on
//! both, and every value, status, identity, finalizer and statistic is compared.
//!
//! `GCROOTS_MODEL_OPERATIONS` is how many operations each lane does (20,000 if it is not
//! set: `scripts/test` sets more), `GCROOTS_MODEL_SEED` where the seeds begin. A failure
//! prints its seed and its program, shortened, to be pasted into `REGRESSIONS`; a crash
//! its seed.
//!
//! A collector is added as a lane (`model/lane.rs`) and a test below; a function as a call
//! (`program.rs`), its arguments (`action.rs`), what it should do (`predict.rs`) and how it
//! is called (`library.rs`): the compiler says where.
#![cfg(feature = "capi")]

#[path = "model/action.rs"]
mod action;
#[path = "model/crash.rs"]
mod crash;
#[path = "model/lane.rs"]
mod lane;
#[path = "model/library.rs"]
mod library;
#[path = "model/model.rs"]
mod model;
#[path = "model/predict.rs"]
mod predict;
#[path = "model/program.rs"]
mod program;
#[path = "model/session.rs"]
mod session;
#[path = "model/shrink.rs"]
mod shrink;
#[path = "model/types.rs"]
mod types;
#[path = "model/walk.rs"]
mod walk;

use std::env;

use lane::{CHECK, COPYING, Lane, NULL, STRESS};
use program::Call::*;
use program::{Operation, from_bytes, generate, op};
use session::{Outcome, run};
use shrink::shrink;

const OPERATIONS: u64 = 20_000;
/// How many operations a program has.
const LENGTHS: [usize; 4] = [50, 200, 400, 1000];

/// Programs that failed once, and the lanes on which they did.
const REGRESSIONS: &[(Lane, &[Operation])] = &[(
    // A finalizer that clears a field, which kept another object alive.
    COPYING,
    &[
        op(StructNew, 0x3),
        op(WeakNew, 0x0),
        op(ArrayNew, 0x0),
        op(ArrayNewFixed, 0x0),
        op(ExternNew, 0x0),
        op(WeakUpgrade, 0x0),
        op(ExternNew, 0x0),
        op(ScopeEnter, 0x0),
        op(ToManual, 0x0),
        op(Convert, 0x0),
        op(StructSetAs, 0x3),
        op(Unroot, 0x0),
        op(Convert, 0x0),
        op(ArrayNewFixed, 0x0),
        op(StructNewDefault, 0x0),
        op(ArrayNew, 0x0),
        op(StructGet, 0x2),
        op(StructSet, 0xe),
        op(ScopeExit, 0x0),
        op(LocalNew, 0x0),
        op(ScopeEnter, 0x0),
        op(ExternNew, 0x0),
        op(ScopeExit, 0x0),
        op(Collect, 0x0),
    ],
)];

fn number(variable: &str, default: u64) -> u64 {
    match env::var(variable) {
        Ok(value) => value
            .parse()
            .unwrap_or_else(|_| panic!("{variable}={value}")),
        Err(_) => default,
    }
}

/// Runs programs until there were enough operations.
fn equals_the_model(lane: Lane) {
    let wanted = number("GCROOTS_MODEL_OPERATIONS", OPERATIONS);
    let mut seed = number("GCROOTS_MODEL_SEED", 0);
    let (mut operations, mut refused, mut programs) = (0, 0, 0);
    crash::install();
    while operations < wanted {
        crash::note_seed(seed);
        let program = generate(seed, LENGTHS[seed as usize % LENGTHS.len()]);
        let outcome = check(lane.for_seed(seed), &program, &format!("seed {seed}"));
        operations += outcome.operations;
        refused += outcome.refused;
        programs += 1;
        seed += 1;
    }
    println!(
        "{}: {operations} operations of {programs} programs, {refused} refused",
        lane.name
    );
    // Few enough that most do something, and enough to try refusals.
    assert!((operations / 20..operations / 3).contains(&refused));
}

/// Runs a program, which must not differ.
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
fn check_equals_the_model() {
    equals_the_model(CHECK);
}

#[test]
fn programs_that_failed_once_do_not() {
    for (lane, program) in REGRESSIONS {
        check(*lane, program, "a regression");
    }
}

#[test]
fn any_bytes_are_a_program() {
    let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(2000).collect();
    let program = from_bytes(&bytes);
    assert_eq!(program.len(), 400);
    check(COPYING, &program, "bytes");
}
