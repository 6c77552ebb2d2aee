//! The table of the README: frequent operations and the workloads, beside the floor and other
//! systems.

use std::fs;

use anyhow::{Context, Result};

use crate::figures::Figures;
use crate::options::Options;
use crate::tables;

const FILE: &str = "README.md";

/// The lines of the README around the table.
const BEGIN: &str = "<!-- scripts/bench --readme writes this table -->\n";
const END: &str = "<!-- the end of the table -->\n";

/// The rows: the name of an operation or workload, and what the reader sees.
const ROWS: [(&str, &str); 20] = [
    ("scope_enter_exit", "a scope, entered and left"),
    ("root_push", "a scoped root, made of a manual one"),
    ("manual_root_unroot", "a manual root, made and ended"),
    ("manual_churn", "the same, one of 65,536 at random"),
    ("read_scoped", "the pointer of an externref, read"),
    ("struct_get", "a number, read from a struct"),
    ("struct_set", "a number, stored in a struct"),
    ("struct_set_ref", "a reference, stored in a struct"),
    ("struct_new", "a struct of two fields, made"),
    ("array_new_bytes_16", "an array of 16 bytes, made"),
    ("array_read_16", "16 bytes, copied out of an array"),
    ("externref_new", "an externref, made"),
    ("externref_new_finalized", "the same, and its finalizer run"),
    (
        "store_new_object_free",
        "a store with one object, from the pool",
    ),
    ("trees", "binary trees by handles, a node"),
    ("trees_raw", "binary trees by raw references, a node"),
    ("graph", "a graph that changes, a change"),
    ("queue", "a long queue, an element"),
    ("text_index", "an index of externrefs, a word"),
    ("full_collections", "a full collection, a live object"),
];

/// The library's default collector.
const DEFAULT: &str = "generational";

/// The columns: systems whose figures stand beside each other. The ratio to the floor follows the
/// figure of the default collector.
const COLUMNS: [(&str, &[&str]); 6] = [
    ("least", &["floor"]),
    (DEFAULT, &[DEFAULT]),
    ("copying", &["copying"]),
    ("drc", &["drc"]),
    (
        "Wasmtime, copying / drc",
        &[
            "Wasmtime",
            "Wasmtime, compiled",
            "Wasmtime drc",
            "Wasmtime drc, compiled",
        ],
    ),
    ("Java", &["JNI", "Java Serial"]),
];

/// The systems of the last column, and their names there.
const OTHERS: [(&str, &str); 8] = [
    ("malloc", "malloc"),
    ("mimalloc", "mimalloc"),
    ("bdwgc", "bdwgc"),
    ("OCaml", "OCaml"),
    ("Lua", "Lua"),
    ("V8", "V8"),
    ("slab", "slab"),
    ("slotmap", "slotmap"),
];

/// Writes the table into the README.
pub fn write(figures: &Figures, options: &Options) -> Result<()> {
    let path = options.source.join(FILE);
    let text = fs::read_to_string(&path)?;
    let (before, rest) = text.split_once(BEGIN).context("the table's beginning")?;
    let (_, after) = rest.split_once(END).context("the table's end")?;
    let table = table(figures);
    let text = format!("{before}{BEGIN}{table}\n{END}{after}");
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn table(figures: &Figures) -> String {
    let mut columns: Vec<&str> = COLUMNS.iter().map(|(title, _)| *title).collect();
    columns.push("others");
    let mut table = tables::header("CPU ns", &columns);
    for (name, label) in ROWS {
        let cell = |(_, systems): &(&str, &[&str])| {
            let of = |system: &&str| Some(figure(time(figures, system, name)?));
            let cells: Vec<String> = systems.iter().filter_map(of).collect();
            cells.join(" / ") + &times_the_floor(figures, systems, name)
        };
        let other = |(system, known): &(&str, &str)| {
            let time = time(figures, system, name)?;
            Some(format!("{known} {}", figure(time)))
        };
        let others: Vec<String> = OTHERS.iter().filter_map(other).collect();
        let cells = COLUMNS.iter().map(cell);
        tables::row(&mut table, label, cells.chain([others.join(", ")]));
    }
    table
}

/// The time of an operation, or of a unit of a workload.
fn time(figures: &Figures, system: &str, name: &str) -> Option<f64> {
    // The floor has no pool, and asks the operating system for its heap.
    if (system, name) == ("floor", "store_new_object_free") {
        return None;
    }
    let unit = || figures.run(system, name, |run| run.nanoseconds / run.units);
    figures.time(system, name).or_else(unit)
}

/// The ratio in brackets, for the library's default collector.
fn times_the_floor(figures: &Figures, systems: &[&str], name: &str) -> String {
    let floor = time(figures, "floor", name).filter(|_| systems == [DEFAULT]);
    match (floor, time(figures, DEFAULT, name)) {
        (Some(floor), Some(time)) => format!(" ({:.1})", time / floor),
        _ => String::new(),
    }
}

fn figure(time: f64) -> String {
    match time {
        ..9.95 => format!("{time:.1}"),
        ..9950.0 => format!("{time:.0}"),
        _ => format!("{:.0} µs", time / 1000.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_each_system_in_its_column() {
        let mut figures = Figures::default();
        for (system, time) in [
            ("floor", 2.0),
            ("generational", 3.0),
            ("copying", 4.0),
            ("JNI", 40.2),
            ("Lua", 7.0),
        ] {
            figures.operation(system, "struct_new").nanoseconds = vec![time];
        }
        let table = table(&figures);
        let row = "| a struct of two fields, made | 2.0 | 3.0 (1.5) | 4.0 |  |  | 40 | Lua 7.0 |\n";
        assert!(table.contains(row), "{table}");
    }
}
