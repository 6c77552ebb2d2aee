//! The tables, in Markdown.

use std::fmt::Write;

use crate::figures::{Figures, Workload};

/// A table of the operations: a column for each system, with the CPU time in nanoseconds.
/// Behind it stand the ratio to the floor's time and the instructions, where they are known.
pub fn operations(figures: &Figures) -> String {
    let systems: Vec<&str> = systems_with(figures, |system| figures.times.contains_key(system));
    if systems.is_empty() {
        return String::new();
    }
    let mut table = header("CPU ns (times the floor; instructions)", &systems);
    for operation in &figures.operations {
        let cell = |system: &&str| operation_cell(figures, system, operation);
        row(&mut table, operation, systems.iter().map(cell));
    }
    table
}

fn operation_cell(figures: &Figures, system: &str, operation: &str) -> String {
    let Some(time) = figures.time(system, operation) else {
        return String::new();
    };
    let ratio = match figures.time("floor", operation) {
        Some(floor) if system != "floor" => Some(format!("{:.2}", time / floor)),
        _ => None,
    };
    let instructions = figures.instructions(system, operation);
    let instructions = instructions.map(|count| format!("{count:.0}"));
    let more: Vec<String> = [ratio, instructions].into_iter().flatten().collect();
    if more.is_empty() {
        format!("{time:.1}")
    } else {
        format!("{time:.1} ({})", more.join("; "))
    }
}

/// For each workload, a table with a row for each system.
pub fn workloads(figures: &Figures) -> String {
    const COLUMNS: [&str; 7] = [
        "CPU s",
        "ns a unit",
        "peak MiB",
        "request p50 µs",
        "p99",
        "p99.9",
        "greatest",
    ];
    const VALUES: [fn(&Workload) -> f64; 7] = [
        |run| run.nanoseconds / 1e9,
        |run| run.nanoseconds / run.units,
        |run| run.peak_bytes / f64::from(1 << 20),
        |run| run.requests[0] / 1e3,
        |run| run.requests[1] / 1e3,
        |run| run.requests[2] / 1e3,
        |run| run.requests[3] / 1e3,
    ];
    let mut tables = String::new();
    for workload in &figures.workloads {
        tables.push_str(&header(workload, &COLUMNS));
        let has_run = |system: &str| figures.run(system, workload, |run| run.units).is_some();
        for system in systems_with(figures, has_run) {
            let values = VALUES.map(|of| figures.run(system, workload, of).unwrap_or(0.0));
            let digits = [2, 1, 1, 1, 1, 1, 0];
            let cells = values.into_iter().zip(digits);
            let cells = cells.map(|(value, digits)| format!("{value:.digits$}"));
            row(&mut tables, system, cells);
        }
    }
    tables
}

fn systems_with(figures: &Figures, has: impl Fn(&str) -> bool) -> Vec<&str> {
    let systems = figures.systems.iter().map(String::as_str);
    systems.filter(|system| has(system)).collect()
}

pub fn header(first: &str, columns: &[&str]) -> String {
    let mut table = format!("\n| {first} |");
    for column in columns {
        let _ = write!(table, " {column} |");
    }
    table.push_str("\n|---|");
    table.push_str(&"---:|".repeat(columns.len()));
    table.push('\n');
    table
}

pub fn row(table: &mut String, first: &str, cells: impl Iterator<Item = String>) {
    let _ = write!(table, "| {first} |");
    for cell in cells {
        let _ = write!(table, " {cell} |");
    }
    table.push('\n');
}
