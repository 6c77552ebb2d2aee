//! Runs the programs of `benches/scheme` in the example's Scheme and in other interpreters.

use std::fmt::Write;

use anyhow::{Result, bail};
use serde::Serialize;

use crate::figures::median;
use crate::interpreters::{Interpreter, OURS, PEERS};
use crate::options::Options;
use crate::processes::Usage;
use crate::tables;

/// The programs, and whether what they do is mostly allocation.
const PROGRAMS: [(&str, bool); 13] = [
    ("deriv", true),
    ("eval", true),
    ("queens", true),
    ("sort", true),
    ("streams", true),
    ("strings", true),
    ("trees", true),
    ("fib", false),
    ("floats", false),
    ("generator", false),
    ("sieve", false),
    ("table", false),
    ("tak", false),
];

/// What one program used in one interpreter, in each round.
#[derive(Clone, Serialize)]
pub struct Cell {
    pub interpreter: &'static str,
    pub program: &'static str,
    /// Whether what the program does is mostly allocation.
    pub allocates: bool,
    pub cpu_seconds: Vec<f64>,
    pub peak_mebibytes: Vec<f64>,
}

impl Cell {
    fn add(&mut self, usage: Usage) {
        self.cpu_seconds.push(usage.cpu_seconds);
        self.peak_mebibytes.push(usage.peak_mebibytes);
    }

    fn seconds(&self) -> f64 {
        median(self.cpu_seconds.iter().copied())
    }

    fn mebibytes(&self) -> f64 {
        median(self.peak_mebibytes.iter().copied())
    }
}

/// Which cells a mean is of.
type Filter = fn(&Cell) -> bool;

/// Runs each program in each interpreter that is installed, in rounds.
pub fn measure(options: &Options) -> Result<Vec<Cell>> {
    let interpreters = installed();
    let mut cells = Vec::new();
    for (program, allocates) in PROGRAMS {
        if options.measures(program) {
            compare_outputs(program, &interpreters, options)?;
            cells.extend(interpreters.iter().map(|interpreter| Cell {
                interpreter: interpreter.name,
                program,
                allocates,
                cpu_seconds: Vec::new(),
                peak_mebibytes: Vec::new(),
            }));
        }
    }
    for round in 1..=options.rounds {
        eprintln!("round {round} of {}", options.rounds);
        for (cell, interpreter) in cells.iter_mut().zip(interpreters.iter().cycle()) {
            cell.add(interpreter.run(cell.program, options)?.1);
        }
    }
    Ok(cells)
}

/// The example's Scheme, and the peers on the PATH. The others are named.
fn installed() -> Vec<Interpreter> {
    let (installed, missing) = PEERS
        .into_iter()
        .partition::<Vec<_>, _>(Interpreter::is_installed);
    for peer in missing {
        eprintln!(
            "not measured: {} (its command is not on the PATH)",
            peer.name
        );
    }
    std::iter::once(OURS).chain(installed).collect()
}

/// Fails unless a program prints the same everywhere. This first run is not measured: Guile
/// compiles the program to bytecode, and keeps that for the next runs.
fn compare_outputs(program: &str, interpreters: &[Interpreter], options: &Options) -> Result<()> {
    let (expected, _) = OURS.run(program, options)?;
    for interpreter in interpreters {
        let (output, _) = interpreter.run(program, options)?;
        if output != expected {
            let name = interpreter.name;
            bail!("{program}: {name} prints {output:?}, and not {expected:?}");
        }
    }
    Ok(())
}

/// A row for each program, and the geometric means of the times beside those of the example.
pub fn table(cells: &[Cell]) -> String {
    let mut interpreters: Vec<&str> = Vec::new();
    for cell in cells {
        if !interpreters.contains(&cell.interpreter) {
            interpreters.push(cell.interpreter);
        }
    }
    let mut table = tables::header("CPU s / peak MiB", &interpreters);
    for row in cells.chunks(interpreters.len().max(1)) {
        let name = if row[0].allocates {
            format!("{} \\*", row[0].program)
        } else {
            row[0].program.to_owned()
        };
        let cell = |cell: &Cell| format!("{:.2} / {:.0}", cell.seconds(), cell.mebibytes());
        tables::row(&mut table, &name, row.iter().map(cell));
    }
    let means: [(&str, Filter); 2] = [
        ("times as long, geometric mean", |_| true),
        ("the same, only \\*", |cell| cell.allocates),
    ];
    for (name, counts) in means {
        let mean = |interpreter: &&str| {
            ratio(cells, interpreter, counts).map_or_else(String::new, |mean| format!("{mean:.2}"))
        };
        tables::row(&mut table, name, interpreters.iter().map(mean));
    }
    let _ = writeln!(table, "\n\\* mostly allocation");
    table
}

/// The geometric mean of an interpreter's times over those of the first interpreter.
fn ratio(cells: &[Cell], interpreter: &str, counts: Filter) -> Option<f64> {
    let mut logarithms = Vec::new();
    for cell in cells.iter().filter(|cell| counts(cell)) {
        if cell.interpreter == interpreter {
            let ours = cells.iter().find(|ours| ours.program == cell.program)?;
            logarithms.push((cell.seconds() / ours.seconds()).ln());
        }
    }
    if logarithms.is_empty() {
        return None;
    }
    Some((logarithms.iter().sum::<f64>() / logarithms.len() as f64).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(interpreter: &'static str, program: &'static str, seconds: f64) -> Cell {
        Cell {
            interpreter,
            program,
            allocates: program == "trees",
            cpu_seconds: vec![seconds],
            peak_mebibytes: vec![1.0],
        }
    }

    #[test]
    fn a_mean_is_geometric_and_of_ratios() {
        let cells = [
            cell("ours", "fib", 1.0),
            cell("theirs", "fib", 2.0),
            cell("ours", "trees", 3.0),
            cell("theirs", "trees", 24.0),
        ];
        assert!((ratio(&cells, "theirs", |_| true).unwrap() - 4.0).abs() < 1e-9);
        assert!((ratio(&cells, "theirs", |cell| cell.allocates).unwrap() - 8.0).abs() < 1e-9);
        assert!((ratio(&cells, "ours", |_| true).unwrap() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_table_has_a_row_for_each_program_and_mean() {
        let cells = [cell("ours", "trees", 1.0), cell("theirs", "trees", 2.0)];
        let table = table(&cells);
        assert!(table.contains("| trees \\* | 1.00 / 1 | 2.00 / 1 |"));
        assert!(table.contains("geometric mean | 1.00 | 2.00 |"));
    }

    #[test]
    fn a_program_is_there_in_both_languages() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../scheme");
        for (program, _) in PROGRAMS {
            for extension in ["scm", "lua"] {
                let file = format!("{folder}/{program}.{extension}");
                assert!(std::fs::exists(&file).unwrap(), "{file}");
            }
        }
    }
}
