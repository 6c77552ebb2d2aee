//! Every exported function has a row in `benches/functions/`, which counts its instructions, and
//! stands in the header's table of costs. `scripts/budgets` compares the figures of the table.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[test]
fn the_instructions_of_every_function_are_counted() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut rows = String::new();
    for file in fs::read_dir(source.join("benches/functions")).unwrap() {
        rows += &fs::read_to_string(file.unwrap().path()).unwrap();
    }
    let exported = fs::read_to_string(source.join("include/gcroots.symbols")).unwrap();
    let has_row = |name: &&str| {
        let row = format!("ROW({name}, ");
        let bulk = format!("BULK({name}, ");
        rows.contains(&row) || rows.contains(&bulk)
    };
    let missing: Vec<&str> = exported.lines().filter(|name| !has_row(name)).collect();
    assert!(
        missing.is_empty(),
        "no row in benches/functions: {missing:?}"
    );
}

#[test]
fn the_table_of_costs_has_every_function_once() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR"));
    let section = fs::read_to_string(source.join("src/capi/header_costs.h")).unwrap();
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = section.split(|c| !is_of_name(c));
    let names: Vec<&str> = words.filter(|word| word.starts_with("gcroots_")).collect();
    let exported = fs::read_to_string(source.join("include/gcroots.symbols")).unwrap();
    let listed: BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!(
        listed,
        exported.lines().collect(),
        "scripts/bench --costs and scripts/refresh update the table"
    );
    assert_eq!(names.len(), listed.len(), "a function stands in it twice");
}

/// Every file of the header for C++.
fn header_for_cpp(source: &Path) -> String {
    let mut text = String::new();
    for file in fs::read_dir(source.join("include/gcroots")).unwrap() {
        text += &fs::read_to_string(file.unwrap().path()).unwrap();
    }
    text
}

#[test]
fn the_header_for_cpp_has_every_function_or_says_why_not() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR"));
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let header = header_for_cpp(source);
    let code: Vec<&str> = header
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect();
    let code = code.join("\n");
    let used: BTreeSet<&str> = code.split(|c| !is_of_name(c)).collect();
    let exported = fs::read_to_string(source.join("include/gcroots.symbols")).unwrap();
    let missing: BTreeSet<&str> = exported
        .lines()
        .filter(|name| !used.contains(name))
        .collect();

    let page = fs::read_to_string(source.join("docs/cplusplus.md")).unwrap();
    let section = page.split("## What the header leaves out").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    let left_out: BTreeSet<&str> = rows.map(|row| row.split('`').next().unwrap()).collect();
    assert_eq!(
        left_out, missing,
        "docs/cplusplus.md lists what the header leaves out"
    );
}
