//! Counts the instructions of every exported function, once, on its common path, on each
//! collector, and compares them with the floor.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};

use crate::callgrind;
use crate::collectors;
use crate::options::Options;
use crate::peers;
use crate::programs::{Kind, Program, output_of};
use crate::tables;

/// How often a function is called to warm up, and how often while it is counted.
const CALLS: &str = "256";

/// The elements of a range in a bulk operation, and in a second count, from which what each element
/// costs follows.
pub const RANGE: u32 = 16;
const LONG_RANGE: u32 = 48;

/// What a bulk operation grows with if it does so with the length of a range.
const ELEMENTS: &str = "each element";

/// Functions with a counterpart: the operation of the floor that calls it, and its name.
const COUNTERPARTS: [(&str, &str, &str); 20] = [
    ("gcroots_version", "call_empty", "floor_empty"),
    (
        "gcroots_scope_enter",
        "scope_enter_exit",
        "floor_scope_enter",
    ),
    ("gcroots_scope_exit", "scope_enter_exit", "floor_scope_exit"),
    ("gcroots_scope_escape", "scope_escape", "floor_scope_escape"),
    ("gcroots_local_new", "local_new", "floor_push"),
    (
        "gcroots_manually_rooted_to_rooted",
        "root_push",
        "floor_push_manual",
    ),
    (
        "gcroots_ref_to_manually_rooted",
        "manual_root_unroot",
        "floor_manual_new",
    ),
    (
        "gcroots_manually_rooted_unroot",
        "manual_root_unroot",
        "floor_manual_free",
    ),
    ("gcroots_externref_new", "externref_new", "floor_extern_new"),
    ("gcroots_externref_data", "read_scoped", "floor_extern_data"),
    (
        "gcroots_store_new",
        "store_new_object_free",
        "floor_store_new",
    ),
    (
        "gcroots_store_free",
        "store_new_object_free",
        "floor_store_free",
    ),
    ("gcroots_struct_new", "struct_new", "floor_pair_new"),
    (
        "gcroots_struct_new_default",
        "struct_new_default",
        "floor_pair_new",
    ),
    ("gcroots_struct_get_i32", "struct_get", "floor_number"),
    ("gcroots_struct_set_i32", "struct_set", "floor_set_number"),
    ("gcroots_struct_get_ref", "struct_get_ref", "floor_field"),
    (
        "gcroots_struct_set_ref",
        "struct_set_ref",
        "floor_set_field",
    ),
    ("gcroots_array_read", "array_read_16", "floor_bytes_read"),
    ("gcroots_array_len", "array_len", "floor_bytes_length"),
];

/// A function, as benches/functions/ describes it, and its instructions on each collector.
pub struct Row {
    pub function: String,
    handles: u32,
    /// What a bulk operation grows with.
    pub grows_with: Option<String>,
    floor: f64,
    has_counterpart: bool,
    pub instructions: Counts,
    /// The instructions of each further element, for a function that works on a range.
    pub each_element: Option<Counts>,
}

/// The instructions of a call on each collector.
type Counts = [Option<f64>; collectors::ALL.len()];

impl Row {
    /// The instructions on the collector where the function takes the most. The check
    /// collector, which is slow on purpose, does not count.
    pub fn most(&self) -> f64 {
        let counted = self.instructions[..collectors::COMPARED].iter().flatten();
        counted.fold(0.0, |most, &count| f64::max(most, count))
    }

    fn times_the_floor(&self) -> f64 {
        self.most() / self.floor
    }
}

/// The floor of a function that has no counterpart.
fn without_counterpart(handles: u32) -> f64 {
    60.0 + 20.0 * f64::from(handles)
}

/// Counts. Fails if an exported function has no row.
pub fn count(options: &Options) -> Result<Vec<Row>> {
    let program = options.programs.join("functions");
    let program = program.to_str().context("the path is not UTF-8")?;
    let program = Program::new("functions", Kind::Operations, &[program]);
    let mut rows = rows(&program, &floor(options)?)?;
    every_function_has_a_row(options, &rows)?;
    let few = count_ranges_of(RANGE, &program, options, &rows)?;
    let many = count_ranges_of(LONG_RANGE, &program, options, &rows)?;
    for ((row, few), many) in rows.iter_mut().zip(few).zip(many) {
        let is_counted = few.iter().any(Option::is_some);
        ensure!(is_counted, "the row of {} does not call it", row.function);
        row.instructions = few;
        if row.grows_with.as_deref() == Some(ELEMENTS) {
            let more = f64::from(LONG_RANGE - RANGE);
            let each = |at: usize| Some((many[at]? - few[at]?) / more);
            row.each_element = Some(std::array::from_fn(each));
        }
    }
    Ok(rows)
}

/// The instructions of each row, in a run where ranges have this length.
fn count_ranges_of(
    range: u32,
    program: &Program,
    options: &Options,
    rows: &[Row],
) -> Result<Vec<Counts>> {
    let mut counts = vec![[None; collectors::ALL.len()]; rows.len()];
    for (number, collector) in collectors::ALL.iter().enumerate() {
        let command = program.command(&["--count", CALLS, collector.number, &range.to_string()]);
        let parts = callgrind::parts(&command, &options.output)?;
        ensure!(parts.len() == rows.len(), "callgrind lost a row");
        for ((row, part), counts) in rows.iter().zip(&parts).zip(&mut counts) {
            counts[number] = callgrind::each_call(part, &row.function);
        }
    }
    Ok(counts)
}

/// The tables in Markdown.
pub fn tables(mut rows: Vec<Row>, options: &Options) -> String {
    rows.retain(|row| options.measures(&row.function));
    rows.sort_by(|a, b| b.times_the_floor().total_cmp(&a.times_the_floor()));
    let is_bulk = |row: &Row| row.grows_with.is_some();
    let (bulk, other): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(is_bulk);
    table("function", &other) + &table("bulk operation, of a small size", &bulk)
}

/// The instructions of each counterpart.
fn floor(options: &Options) -> Result<BTreeMap<&'static str, f64>> {
    let programs = peers::floor(options)?;
    let program = programs
        .iter()
        .find(|program| program.kind == Kind::Operations);
    let program = program.context("the floor has operations")?;
    let operations = program.names()?;
    let parts = callgrind::parts(&program.command(&["--count", CALLS]), &options.output)?;
    let mut counted = BTreeMap::new();
    for (function, operation, counterpart) in COUNTERPARTS {
        let at = operations.iter().position(|name| name == operation);
        let part = at.and_then(|at| parts.get(at));
        let each = part.and_then(|part| callgrind::each_call(part, counterpart));
        counted.insert(
            function,
            each.with_context(|| format!("{operation} is not counted"))?,
        );
    }
    Ok(counted)
}

/// The rows that the program lists, in its order.
fn rows(program: &Program, floor: &BTreeMap<&str, f64>) -> Result<Vec<Row>> {
    let listed = output_of(&mut program.command(&[]))?;
    let row_of = |line: &str| {
        let fields: Vec<&str> = line.split('\t').collect();
        let [function, handles, grows_with] = fields[..] else {
            bail!("the program printed {line:?}");
        };
        let handles: u32 = handles.parse()?;
        let counterpart = floor.get(function).copied();
        Ok(Row {
            function: function.to_owned(),
            handles,
            grows_with: (grows_with != "-").then(|| grows_with.to_owned()),
            floor: counterpart.unwrap_or_else(|| without_counterpart(handles)),
            has_counterpart: counterpart.is_some(),
            instructions: [None; collectors::ALL.len()],
            each_element: None,
        })
    };
    listed.lines().map(row_of).collect()
}

fn every_function_has_a_row(options: &Options, rows: &[Row]) -> Result<()> {
    let exported = std::fs::read_to_string(options.source.join("include/gcroots.symbols"))?;
    let is_missing = |name: &&str| !rows.iter().any(|row| row.function == *name);
    let missing: Vec<&str> = exported.lines().filter(is_missing).collect();
    ensure!(
        missing.is_empty(),
        "no row in benches/functions: {}",
        missing.join(", ")
    );
    Ok(())
}

/// A table of functions. A floor without a counterpart is in brackets.
fn table(first: &str, rows: &[Row]) -> String {
    let mut columns = vec!["times the floor", "times 60 + 20 a handle", "floor"];
    columns.extend(collectors::ALL.iter().map(|collector| collector.name));
    let mut table = tables::header(first, &columns);
    for row in rows {
        let floor = match row.has_counterpart {
            true => format!("{:.0}", row.floor),
            false => format!("({:.0})", row.floor),
        };
        let mut cells = vec![
            format!("{:.2}", row.times_the_floor()),
            format!("{:.2}", row.most() / without_counterpart(row.handles)),
            floor,
        ];
        let cell =
            |count: &Option<f64>| count.map_or("–".to_owned(), |count| format!("{count:.0}"));
        cells.extend(row.instructions.iter().map(cell));
        tables::row(&mut table, &row.function, cells.into_iter());
    }
    table
}
