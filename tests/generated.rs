//! Checks that the committed copies of generated files are current, and that headers say
//! which functions collect.
//!
//! `scripts/refresh` updates the files: it runs these tests with `GCROOTS_REFRESH` set.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// Compares `fresh` with the committed file, or replaces the file.
fn compare(committed: &str, fresh: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(committed);
    if env::var_os("GCROOTS_REFRESH").is_some() {
        fs::write(&path, fresh).unwrap();
    }
    let old = fs::read_to_string(&path).unwrap_or_default();
    let differing = old
        .lines()
        .zip(fresh.lines())
        .enumerate()
        .find(|(_, (a, b))| a != b);
    assert!(
        old == fresh,
        "{committed} is out of date, first at {differing:?}: run scripts/refresh"
    );
}

#[test]
fn the_committed_header_is_what_the_build_generates() {
    compare(
        "include/gcroots.h",
        include_str!(concat!(env!("OUT_DIR"), "/gcroots.h")),
    );
}

/// The shared object that was built with this test.
fn shared_object() -> std::path::PathBuf {
    let test = env::current_exe().unwrap();
    test.with_file_name("libgcroots.so")
}

/// The names that `nm -D --defined-only` prints.
fn exported_symbols() -> Vec<String> {
    let output = Command::new("nm")
        .args(["-D", "--defined-only", "--format=posix"])
        .arg(shared_object())
        .output()
        .expect("nm runs");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let name = |line: &str| line.split(' ').next().unwrap().to_owned();
    text.lines().map(name).collect()
}

#[test]
fn the_shared_object_exports_what_the_list_says() {
    let mut symbols = exported_symbols();
    symbols.sort();
    assert!(symbols.iter().all(|name| name.starts_with("gcroots_")));
    compare("include/gcroots.symbols", &(symbols.join("\n") + "\n"));
}

/// What the comment of each function that may collect warns of.
const WARNING: &str = "Hold no lock that a finalizer takes.";

/// Panics if the comment of this function does not say whether it collects.
fn check_says_whether_it_collects(name: &str, comment: &str) {
    let words: Vec<_> = comment.split_whitespace().filter(|&w| w != "*").collect();
    let prose = words.join(" ");
    assert!(
        prose.contains("May collect") || prose.contains("Never collects"),
        "{name} does not say whether it may collect"
    );
}

/// Panics if this function may collect and its comment does not warn of locks.
fn check_warns_of_locks(name: &str, comment: &str) {
    let words: Vec<_> = comment.split_whitespace().filter(|&w| w != "*").collect();
    let prose = words.join(" ");
    let (collects, warns) = (prose.contains("May collect"), prose.contains(WARNING));
    assert_eq!(collects, warns, "{name}: `{WARNING}`");
}

/// The name of the function in a declaration.
fn name_of(declaration: &str) -> &str {
    let before = declaration.split('(').next().unwrap();
    before.rsplit([' ', '*']).next().unwrap()
}

#[test]
fn every_exported_function_is_declared_and_says_whether_it_collects() {
    let header = include_str!(concat!(env!("OUT_DIR"), "/gcroots.h"));
    let mut declared = Vec::new();
    // Each item is a comment and the code up to the next comment.
    for item in header.split("/**").skip(1) {
        let (comment, code) = item.split_once("*/").unwrap();
        let Some((_, declaration)) = code.split_once("\nGCROOTS_API") else {
            continue;
        };
        let name = name_of(declaration);
        check_says_whether_it_collects(name, comment);
        check_warns_of_locks(name, comment);
        declared.push(name.to_owned());
    }
    declared.sort();
    let mut symbols = exported_symbols();
    symbols.sort();
    assert_eq!(declared, symbols);
}

/// Functions that return something owned inside a structure, and only sometimes.
const OWNED_INSIDE: [&str; 3] = [
    "gcroots_type_field",
    "gcroots_table_type",
    "gcroots_global_type",
];

#[test]
fn the_result_of_a_function_must_be_used_if_it_is_owned() {
    let header = include_str!(concat!(env!("OUT_DIR"), "/gcroots.h"));
    let mut marked = 0;
    for item in header.split("/**").skip(1) {
        let (comment, code) = item.split_once("*/").unwrap();
        let Some((_, declaration)) = code.split_once("\nGCROOTS_API") else {
            continue;
        };
        let name = name_of(declaration);
        let is_marked = declaration.contains("GCROOTS_NODISCARD");
        let is_owned = comment.contains("owned)") && !OWNED_INSIDE.contains(&name);
        assert_eq!(
            is_owned, is_marked,
            "{name}: whether it returns something owned"
        );
        marked += usize::from(is_marked);
    }
    assert!(marked > 20);
}

#[test]
fn every_function_of_the_wasm_headers_says_whether_it_collects() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("include/gcroots_wasm");
    let mut headers = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let header = fs::read_to_string(entry.unwrap().path()).unwrap();
        let mut documented = Vec::new();
        for item in header.split("/**").skip(1) {
            let (comment, code) = item.split_once("*/").unwrap();
            // Code after a body does not belong to this comment.
            let code = code.split("\n}\n").next().unwrap();
            let Some((_, declaration)) = code.split_once("\nstatic inline ") else {
                continue;
            };
            let name = name_of(declaration);
            check_says_whether_it_collects(name, comment);
            documented.push(name);
        }
        let functions = header.split("static inline ").skip(1).map(name_of);
        assert_eq!(documented, functions.collect::<Vec<_>>());
        assert!(!documented.is_empty());
        headers += 1;
    }
    assert_eq!(headers, 8);
}
