//! A simulation of the pacers: a program that allocates at a constant rate, and full collections
//! between its steps. It has no clock, so its figures are the same in each run.
//!
//! The design document HEAP-110 has its table, and a test compares the two.

use std::fmt::Write;

use crate::heap::cycle_pacer::{CyclePacer, CyclePressure, STEP_EVERY};
use crate::heap::pacer::{HeapSizing, Pacer, PacerSample};

const MIB: u64 = 1 << 20;

/// What the program allocates between two looks at the pressure, while no cycle is under way: a
/// nursery.
const NURSERY: u64 = MIB;

/// What a byte of work takes, in nanoseconds.
const COST: f64 = 1.0;

/// The nanoseconds that a step may take, and the greatest headroom, under `generational`.
const STEP_NANOSECONDS: u64 = 250_000;
const CEILING: f64 = 2.0;

/// The cycles until the averages of the pacers are steady.
const CYCLES: usize = 12;

/// A program whose live objects keep their number.
struct Program {
    live: u64,
    /// Its allocated bytes in a nanosecond of its own time.
    rate: f64,
    /// The part of these bytes that becomes old, in percent.
    survival: u64,
}

/// What the last cycle was like.
struct Outcome {
    /// The headroom, and the greatest size of the heap, as multiples of the live bytes.
    headroom: f64,
    peak: f64,
    steps: u64,
    longest_step_nanoseconds: f64,
    /// The share of the steps in the time of the program, during the cycle and altogether.
    share_in_cycle: f64,
    share: f64,
}

/// The time and the bytes that one cycle takes, and the time until it begins.
#[derive(Default)]
struct Cycle {
    allocated: u64,
    old: u64,
    steps: u64,
    longest: f64,
    nanoseconds: f64,
}

impl Cycle {
    /// Marks and sweeps `work` bytes, while the program allocates.
    fn run(&mut self, program: &Program, pacer: &mut CyclePacer, counted: &mut u64, work: u64) {
        let mut work = work;
        while work > 0 {
            *counted += STEP_EVERY;
            self.allocated += STEP_EVERY;
            self.old += STEP_EVERY * program.survival / 100;
            let Some(budget) = pacer.step(*counted, 0) else {
                continue;
            };
            let done = budget.left().min(work);
            let took = done as f64 * COST;
            pacer.learn(done, took as u64);
            work -= done;
            self.steps += 1;
            self.longest = self.longest.max(took);
            self.nanoseconds += took;
        }
    }
}

fn simulate(program: &Program) -> Outcome {
    let mut pacer = Pacer::new(CEILING, HeapSizing::Balanced);
    let mut steps = CyclePacer::new(STEP_NANOSECONDS);
    let (mut used, mut headroom, mut counted) = (program.live, program.live / 2, 0);
    let mut outcome = None;
    for _ in 0..CYCLES {
        let (mut before, mut cycle) = (0, Cycle::default());
        let pressure = |old| CyclePressure {
            used: used + old,
            allocated: old,
            headroom,
        };
        while !steps.is_due(pressure(cycle.old)) {
            before += NURSERY;
            cycle.old += NURSERY * program.survival / 100;
        }
        counted += before;
        let old_before = cycle.old;
        steps.begin(pressure(old_before), counted);
        cycle.run(program, &mut steps, &mut counted, used + old_before);
        steps.end(pressure(cycle.old));
        let time = |bytes: u64| bytes as f64 / program.rate;
        let share = |bytes| cycle.nanoseconds / (cycle.nanoseconds + time(bytes));
        let live = program.live as f64;
        outcome = Some(Outcome {
            headroom: headroom as f64 / live,
            peak: (used + cycle.old) as f64 / live,
            steps: cycle.steps,
            longest_step_nanoseconds: cycle.longest,
            share_in_cycle: share(cycle.allocated),
            share: share(before + cycle.allocated),
        });
        // What became old during the cycle is garbage that the next one frees.
        used = program.live + cycle.old - old_before;
        headroom = pacer.headroom(PacerSample {
            live_bytes: used,
            scanned_bytes: 0,
            allocated_bytes: old_before,
            mutator_nanoseconds: time(before) as u64,
            collector_nanoseconds: cycle.nanoseconds as u64,
            initial_bytes: 0,
        });
    }
    outcome.unwrap()
}

const PROGRAMS: [(u64, f64, u64); 12] = [
    (16, 0.1, 10),
    (16, 1.0, 10),
    (16, 4.0, 10),
    (16, 1.0, 100),
    (256, 0.1, 10),
    (256, 1.0, 10),
    (256, 4.0, 10),
    (256, 1.0, 100),
    (2048, 0.1, 10),
    (2048, 1.0, 10),
    (2048, 4.0, 10),
    (2048, 1.0, 100),
];

fn outcomes() -> impl Iterator<Item = (Program, Outcome)> {
    PROGRAMS.into_iter().map(|(mebibytes, rate, survival)| {
        let program = Program {
            live: mebibytes * MIB,
            rate,
            survival,
        };
        let outcome = simulate(&program);
        (program, outcome)
    })
}

fn table() -> String {
    let mut table = String::from(
        "| live MiB | allocated, MB/s | becomes old | headroom | peak | steps | longest step | \
         share of a cycle's time | of all time |\n\
         |---:|---:|---:|---:|---:|---:|---:|---:|---:|\n",
    );
    for (program, outcome) in outcomes() {
        let _ = writeln!(
            table,
            "| {} | {:.0} | {} % | {:.2} | {:.2} | {} | {:.0} µs | {:.0} % | {:.1} % |",
            program.live / MIB,
            program.rate * 1000.0,
            program.survival,
            outcome.headroom,
            outcome.peak,
            outcome.steps,
            outcome.longest_step_nanoseconds / 1000.0,
            100.0 * outcome.share_in_cycle,
            100.0 * outcome.share,
        );
    }
    table
}

#[test]
fn the_design_document_has_the_table_of_the_simulation() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/design/heap.md");
    let document = std::fs::read_to_string(path).unwrap();
    let table = table();
    assert!(document.contains(&table), "HEAP-110 should have\n{table}");
}

#[test]
fn a_heap_stays_within_its_headroom() {
    for (program, outcome) in outcomes() {
        let most = 1.0 + outcome.headroom * 1.5;
        assert!(
            outcome.peak <= most,
            "{} {}",
            program.live / MIB,
            outcome.peak
        );
        assert!(outcome.longest_step_nanoseconds <= STEP_NANOSECONDS as f64 * 1.01);
    }
}
