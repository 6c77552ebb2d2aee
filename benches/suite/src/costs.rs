//! The header's table of costs, which `src/capi/header_costs.h` has. It is made of what
//! [`functions`](crate::functions) counts, and compared with it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::collectors::{self, COMPARED};
use crate::functions::{RANGE, Row};
use crate::options::Options;
use crate::programs::output_of;

/// The file of the section.
const FILE: &str = "src/capi/header_costs.h";

/// The functions that programs call often, without their prefix. Each has a line of its own.
const OFTEN: &[&str] = &[
    "scope_enter",
    "scope_exit",
    "scope_escape",
    "local_new",
    "local_is_null",
    "ref_assign",
    "ref_to_manually_rooted",
    "manually_rooted_to_rooted",
    "manually_rooted_unroot",
    "manually_rooted_unroot_later",
    "weak_new",
    "weak_upgrade",
    "weak_free",
    "weakmap_set",
    "weakmap_get",
    "externref_new",
    "externref_data",
    "struct_new",
    "struct_new_default",
    "struct_get",
    "struct_set",
    "struct_get_i32",
    "struct_set_i32",
    "struct_get_ref",
    "struct_get_ref_into",
    "struct_set_ref",
    "array_new",
    "array_new_default",
    "array_new_fixed",
    "array_new_bytes",
    "array_len",
    "array_get_i32",
    "array_set_i32",
    "array_get_ref",
    "array_set_ref",
    "ref_eq",
    "ref_kind",
    "ref_test",
    "ref_cast",
    "table_get",
    "table_set",
    "global_get",
    "global_set",
    "func_call",
    "ref_to_raw",
    "ref_from_raw",
    "raw_struct_new",
    "raw_struct_get_ref",
    "raw_struct_set_ref",
    "raw_array_get_ref",
    "raw_array_set_ref",
];

/// The other functions stand together, by the most that they take: up to the first limit, up to
/// twice this limit, and so on.
const FIRST_LIMIT: f64 = 25.0;

/// How many times the stated figure a count may be, and how many instructions more. The same holds
/// the other way round.
const FACTOR: f64 = 1.5;
const MORE: f64 = 15.0;

const PREFIX: &str = "gcroots_";

/// Writes the section.
pub fn write(rows: &[Row], options: &Options) -> Result<()> {
    let compiler = output_of(Command::new("rustc").arg("--version"))?;
    let version = compiler.split_whitespace().nth(1);
    let version = version.context("the compiler's version")?;
    let path = options.source.join(FILE);
    fs::write(&path, section(rows, version)?)
        .with_context(|| format!("cannot write {}", path.display()))?;
    eprintln!("{FILE} is written; scripts/refresh puts it into the header");
    Ok(())
}

/// Fails if a function takes far more or fewer instructions than the section says.
pub fn check(rows: &[Row], options: &Options) -> Result<()> {
    let text = fs::read_to_string(options.source.join(FILE))?;
    let stated = stated(&text);
    let wrong: Vec<String> = rows
        .iter()
        .filter_map(|row| match stated.get(row.function.as_str()) {
            Some(stated) => difference(row, stated),
            None => Some(format!("{} is missing", row.function)),
        })
        .collect();
    ensure!(
        wrong.is_empty(),
        "{FILE} is out of date; scripts/bench --costs and scripts/refresh update it\n{}",
        wrong.join("\n")
    );
    eprintln!(
        "the header's table of costs agrees with {} functions",
        rows.len()
    );
    Ok(())
}

/// What the section says of a function: a range for each compared collector, or one range for the
/// most that it takes.
type Stated = Vec<Option<(f64, f64)>>;

/// Reads a section.
fn stated(text: &str) -> BTreeMap<&str, Stated> {
    let mut stated = BTreeMap::new();
    let mut band = (0.0, 0.0);
    for line in text.lines() {
        if let Some(limit) = line.strip_prefix(" *   At most ") {
            let limit: f64 = limit.trim_end_matches(':').parse().unwrap_or(0.0);
            band = (
                if limit > FIRST_LIMIT {
                    limit / 2.0
                } else {
                    0.0
                },
                limit,
            );
        } else if let Some(names) = line.strip_prefix(" *     ") {
            let names = names
                .split([',', ' '])
                .filter(|name| name.starts_with(PREFIX));
            stated.extend(names.map(|name| (name, vec![Some(band)])));
        } else if let Some(row) = line
            .strip_prefix(" *   ")
            .filter(|row| row.starts_with(PREFIX))
        {
            let mut cells = row.split_whitespace();
            let name = cells.next().unwrap_or_default();
            let range = |cell: &str| cell.parse().ok().map(|figure: f64| (figure, figure));
            stated.insert(name, cells.take(COMPARED).map(range).collect());
        }
    }
    stated
}

/// How the counts of a function differ from what is stated, if they do so by much.
fn difference(row: &Row, stated: &[Option<(f64, f64)>]) -> Option<String> {
    let counted = match stated.len() {
        1 => vec![Some(row.most())],
        _ => row.instructions[..COMPARED].to_vec(),
    };
    let is_near = |(count, stated): (&Option<f64>, &Option<(f64, f64)>)| match (count, stated) {
        (Some(count), Some((low, high))) => {
            *count <= high * FACTOR + MORE && *low <= count * FACTOR + MORE
        }
        (count, stated) => count.is_none() == stated.is_none(),
    };
    let is_right = counted.len() == stated.len() && counted.iter().zip(stated).all(is_near);
    (!is_right).then(|| format!("{}: counted {counted:?}, stated {stated:?}", row.function))
}

/// The text of the section.
fn section(rows: &[Row], compiler: &str) -> Result<String> {
    let mut text = format!(
        "/* --- Costs {}
 *
 * What calls cost in instructions: those of the function and of all that it calls, without the
 * caller's own. callgrind (of valgrind) has counted them on x86-64, in a release build by rustc
 * {compiler}. Figures have two digits. They say how much work a call is. They do not depend on the
 * machine, and leave out what does: the time of an instruction, cache misses and the work of
 * the operating system.
 *
 * Each call succeeds on its common path, and causes no collection. Structs, calls and exceptions
 * have two fields or arguments, arrays of references that are made have two elements, and arrays
 * of bytes 16. A call that allocates also costs its share of later collections. That share
 * depends on how many objects live.
 *
 * Functions that programs call often:
 *
",
        "-".repeat(66)
    );
    heading(&mut text, "");
    for name in OFTEN {
        let function = format!("{PREFIX}{name}");
        let row = rows.iter().find(|row| row.function == function);
        figures(
            &mut text,
            row.with_context(|| format!("{function} is not counted"))?,
            "",
        );
    }
    let is_often = |row: &&Row| {
        OFTEN
            .iter()
            .any(|name| row.function[PREFIX.len()..] == **name)
    };
    let bulk = rows.iter().filter(|row| row.grows_with.is_some());
    let _ = write!(
        text,
        " *
 * Functions whose work grows with an argument or with the store. The figures are for a range of
 * {RANGE} elements, or a store of about 30 objects with 200 references. In the last column are the
 * instructions of each further element, or what the work grows with:
 *
"
    );
    heading(&mut text, "grows with");
    for row in bulk.filter(|row| !is_often(row)) {
        figures(&mut text, row, &growth(row));
    }
    let others = rows
        .iter()
        .filter(|row| row.grows_with.is_none() && !is_often(row));
    text.push_str(" *\n * The other functions, by the most that a call takes under one of these collectors:\n");
    bands(&mut text, others);
    text.push_str(" */\n");
    Ok(text)
}

fn heading(text: &mut String, last: &str) {
    let _ = write!(text, " *   {:<36}", "");
    for collector in &collectors::ALL[..COMPARED] {
        let _ = write!(text, "{:>1$}", collector.name, width(collector));
    }
    end_line(text, last);
}

/// The width of a collector's column.
fn width(collector: &collectors::Collector) -> usize {
    (collector.name.len() + 2).max(8)
}

/// The line of a function.
fn figures(text: &mut String, row: &Row, last: &str) {
    let _ = write!(text, " *   {:<36}", row.function);
    for (collector, count) in collectors::ALL[..COMPARED].iter().zip(&row.instructions) {
        let figure = count.map_or("-".to_owned(), two_digits);
        let _ = write!(text, "{figure:>0$}", width(collector));
    }
    end_line(text, last);
}

fn end_line(text: &mut String, last: &str) {
    if !last.is_empty() {
        let _ = write!(text, "   {last}");
    }
    text.push('\n');
}

/// What the work of a bulk operation grows with.
fn growth(row: &Row) -> String {
    let Some(each) = &row.each_element else {
        return row.grows_with.clone().unwrap_or_default();
    };
    let each = each[..COMPARED].iter().flatten().copied();
    let mut figures: Vec<String> = each.map(two_digits).collect();
    if figures.iter().all(|figure| *figure == figures[0]) {
        figures.truncate(1);
    }
    figures.join(", ")
}

/// The names of functions, under the limits that they keep.
fn bands<'a>(text: &mut String, rows: impl Iterator<Item = &'a Row>) {
    let mut bands: BTreeMap<u64, Vec<&str>> = BTreeMap::new();
    for row in rows {
        let mut limit = FIRST_LIMIT;
        while row.most() > limit {
            limit *= 2.0;
        }
        bands.entry(limit as u64).or_default().push(&row.function);
    }
    for (limit, names) in bands {
        let _ = write!(text, " *\n *   At most {limit}:\n");
        let mut line = String::new();
        for name in names {
            if line.len() + name.len() > 80 {
                let _ = writeln!(text, " *    {line},");
                line.clear();
            }
            let _ = write!(line, "{}{name}", if line.is_empty() { " " } else { ", " });
        }
        let _ = writeln!(text, " *    {line}");
    }
}

/// A figure with two digits that count.
fn two_digits(count: f64) -> String {
    if count < 0.05 {
        return "0".to_owned();
    }
    let magnitude = count.log10().floor() as i32;
    let unit = 10_f64.powi(magnitude - 1);
    let decimals = usize::try_from(1 - magnitude).unwrap_or(0);
    format!("{:.decimals$}", (count / unit).round() * unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_two_digits() {
        let figures = [2474.0, 996.0, 26.4, 5.04, 0.31, 0.0].map(two_digits);
        assert_eq!(figures, ["2500", "1000", "26", "5.0", "0.31", "0"]);
    }

    #[test]
    fn a_section_is_read() {
        let text = " *   gcroots_a     26    -   1300   40   the heap\n *\n *   At most 50:\n\
                    \x20*     gcroots_b, gcroots_c,\n *     gcroots_d\n * gcroots_e\n";
        let stated = stated(text);
        assert_eq!(stated.len(), 4);
        assert_eq!(
            stated["gcroots_a"],
            [
                Some((26.0, 26.0)),
                None,
                Some((1300.0, 1300.0)),
                Some((40.0, 40.0))
            ]
        );
        assert_eq!(stated["gcroots_b"], [Some((25.0, 50.0))]);
        assert_eq!(stated["gcroots_d"], [Some((25.0, 50.0))]);
    }
}
