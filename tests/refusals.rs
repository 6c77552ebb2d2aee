//! The tables of `c-tests/calls.h` are complete: every exported function is in one, with
//! each pointer that it requires and each handle that it takes, and C tests run each table.
//!
//! What a function requires is read from the header: its macro `GCROOTS_NONNULL`, which
//! `build.rs` derives from the documentation. The C tests run the rows, so the pointers that
//! the header forbids to be NULL are those that the library refuses. A new function fails here
//! until it has a row, or a reason below why it needs none.

use std::fs;
use std::path::{Path, PathBuf};

/// Functions that cannot refuse anything.
const WITHOUT_REFUSALS: [(&str, &str); 12] = [
    ("gcroots_version", "takes nothing"),
    ("gcroots_last_error", "takes nothing"),
    ("gcroots_config_new", "takes nothing"),
    ("gcroots_rec_group_new", "takes nothing"),
    ("gcroots_status_name", "answers a name for every number"),
    ("gcroots_config_free", "does nothing for NULL"),
    ("gcroots_engine_free", "does nothing for NULL"),
    ("gcroots_rec_group_free", "does nothing for NULL"),
    ("gcroots_type_free", "does nothing for NULL"),
    ("gcroots_engine_clone", "answers NULL for NULL"),
    ("gcroots_type_clone", "answers NULL for NULL"),
    ("gcroots_ref_same_root", "compares any bits"),
];

/// Handles of which any bits are accepted.
const ANY_BITS_ARE_ACCEPTED: [(&str, &str, &str); 1] = [(
    "gcroots_manually_rooted_unroot_later",
    "handle",
    "the store ignores and counts bad handles",
)];

/// Tables of functions that take a store, and are not among `tables_of_stores`.
const RUN_SEPARATELY: [(&str, &str); 4] = [
    ("step_calls", "every_call_is_refused() adds it"),
    ("free_calls", "every_call_is_refused() adds it"),
    ("attach_calls", "how a thread gets a store of nobody's"),
    (
        "report_calls",
        "root visitors may report: a_report_is_refused()",
    ),
];

const HANDLE_TYPES: [&str; 10] = [
    "gcroots_ref_t",
    "gcroots_scope_t",
    "gcroots_manually_rooted_t",
    "gcroots_weak_t",
    "gcroots_pin_t",
    "gcroots_weakmap_t",
    "gcroots_tag_t",
    "gcroots_table_t",
    "gcroots_global_t",
    "gcroots_root_source_t",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// A parameter of an exported function.
struct Parameter {
    name: String,
    /// Whether `GCROOTS_NONNULL` lists it.
    is_nonnull: bool,
    /// Whether it must not be NULL unless it is an array of no elements.
    is_array: bool,
    is_handle: bool,
}

/// The parameters of each exported function, from the header.
fn declarations() -> Vec<(String, Vec<Parameter>)> {
    let header = read("include/gcroots.h");
    let mut declarations = Vec::new();
    for item in header.split("/**").skip(1) {
        let (comment, code) = item.split_once("*/").unwrap();
        let Some((_, declaration)) = code.split_once("\nGCROOTS_API") else {
            continue;
        };
        let (before, parameters) = declaration.split_once('(').unwrap();
        let (parameters, attributes) = parameters.split_once(")\n").unwrap();
        let nonnull = nonnull(attributes.split(';').next().unwrap());
        let name = before.rsplit([' ', '*', '\n']).next().unwrap();
        let parameters = parameters.split(',').filter(|p| p.trim() != "void");
        let parameters = (1..)
            .zip(parameters)
            .map(|(number, p)| parameter(p, comment, nonnull.contains(&number)))
            .collect();
        declarations.push((name.to_owned(), parameters));
    }
    declarations
}

/// The numbers in `GCROOTS_NONNULL(...)`.
fn nonnull(attributes: &str) -> Vec<usize> {
    let Some((_, list)) = attributes.split_once("GCROOTS_NONNULL(") else {
        return Vec::new();
    };
    let (list, _) = list.split_once(')').unwrap();
    list.split(", ")
        .map(|number| number.parse().unwrap())
        .collect()
}

fn parameter(declaration: &str, comment: &str, is_nonnull: bool) -> Parameter {
    let name = declaration.rsplit([' ', '*', '\n']).next().unwrap();
    let kind = declaration.trim_end().strip_suffix(name).unwrap();
    let is_handle = kind
        .split([' ', '*'])
        .any(|word| HANDLE_TYPES.contains(&word));
    Parameter {
        name: name.to_owned(),
        is_nonnull,
        is_array: documentation(name, comment).contains("nullable if `"),
        // `out` is written with a handle, and has none before.
        is_handle: is_handle && name != "out",
    }
}

/// The documentation of a parameter.
fn documentation<'a>(name: &str, comment: &'a str) -> &'a str {
    let mut parts = comment.split("\\param").skip(1);
    let part = parts.find(|part| {
        part.split_whitespace().any(|word| word == name)
            && part.trim_start_matches("[out]").split_whitespace().next() == Some(name)
    });
    part.map_or("", |part| part.split("\\return").next().unwrap())
}

/// A row of a table.
struct Row {
    table: String,
    function: String,
    pointers: Vec<String>,
    handles: Vec<String>,
}

/// The rows of `c-tests/calls.h`, which says how they are written.
fn rows() -> Vec<Row> {
    let text = read("c-tests/calls.h").replace("\\\n", " ");
    let mut rows = Vec::new();
    for line in text.lines() {
        let Some((table, calls)) = line
            .strip_prefix("#define ")
            .and_then(|l| l.split_once("_CALLS(X)"))
        else {
            continue;
        };
        for row in calls.split("X(gcroots_").skip(1) {
            let function = row.split(',').next().unwrap();
            let mut strings = row.split('"').skip(1).step_by(2);
            let mut words = || strings.next().unwrap().split_whitespace();
            rows.push(Row {
                table: format!("{}_calls", table.to_lowercase()),
                function: format!("gcroots_{function}"),
                pointers: words().map(str::to_owned).collect(),
                // "table.dst" is the parameter `dst`.
                handles: words()
                    .map(|w| w.rsplit('.').next().unwrap().to_owned())
                    .collect(),
            });
        }
    }
    assert!(rows.len() > 150);
    rows
}

/// Panics unless these rows have what a function requires.
fn check(function: &str, parameters: &[Parameter], rows: &[&Row]) {
    let exempt = |list: &[(&str, &str, &str)], name: &str| {
        list.iter().any(|(f, p, _)| *f == function && *p == name)
    };
    for Parameter {
        name,
        is_nonnull,
        is_array,
        is_handle,
    } in parameters
    {
        let refuses = |row: &&Row| row.pointers.contains(name);
        assert_eq!(
            rows.iter().all(refuses),
            *is_nonnull,
            "{function}, `{name}`: left, each row of c-tests/calls.h says that it must not be NULL; \
             right, GCROOTS_NONNULL lists it"
        );
        assert_eq!(
            rows.iter().any(refuses),
            *is_nonnull || *is_array,
            "{function}, `{name}`: left, some row of c-tests/calls.h says that it must not be NULL; \
             right, the header does"
        );
        if *is_handle && !exempt(&ANY_BITS_ARE_ACCEPTED, name) {
            assert!(
                rows.iter().any(|row| row.handles.contains(name)),
                "c-tests/calls.h: no row of {function} says that `{name}` is a handle"
            );
        }
    }
    let place = |name: &String| parameters.iter().position(|p| p.name == *name);
    for row in rows {
        // A reference's type is inside another parameter.
        let places: Vec<_> = row
            .pointers
            .iter()
            .filter(|n| *n != "type")
            .map(place)
            .collect();
        assert!(
            places.iter().all(Option::is_some) && places.is_sorted(),
            "c-tests/calls.h: the pointers of {function} are not its parameters, in their order"
        );
    }
}

#[test]
fn every_exported_function_is_in_a_table_of_refusals() {
    let (rows, declarations) = (rows(), declarations());
    let symbols = read("include/gcroots.symbols");
    for function in symbols.lines() {
        let (_, parameters) = declarations
            .iter()
            .find(|(name, _)| name == function)
            .unwrap_or_else(|| panic!("{function} is not declared"));
        let rows: Vec<_> = rows.iter().filter(|row| row.function == function).collect();
        if WITHOUT_REFUSALS.iter().any(|(name, _)| *name == function) {
            let is_without = rows.is_empty() && !parameters.iter().any(|p| p.is_nonnull);
            assert!(
                is_without,
                "{function} has refusals, and is listed as without"
            );
            continue;
        }
        assert!(!rows.is_empty(), "{function} has no row in c-tests/calls.h");
        check(function, parameters, &rows);
    }
    for row in &rows {
        let exported = symbols.lines().any(|name| name == row.function);
        assert!(
            exported,
            "c-tests/calls.h: {} is not exported",
            row.function
        );
    }
}

/// All C tests, as one text.
fn c_tests() -> String {
    let files = fs::read_dir(root().join("c-tests")).unwrap();
    let files = files.map(|entry| entry.unwrap().path());
    let sources = files.filter(|path: &PathBuf| path.extension().is_some_and(|e| e == "c"));
    sources
        .map(|path| fs::read_to_string(path).unwrap())
        .collect()
}

#[test]
fn every_table_of_refusals_is_run() {
    let (tests, calls) = (c_tests(), read("c-tests/calls.h"));
    let (_, list) = calls.split_once("tables_of_stores[] = {").unwrap();
    let (list, _) = list.split_once('}').unwrap();
    let of_stores: Vec<_> = list.split(',').map(str::trim).collect();
    for Row {
        table,
        function,
        pointers,
        handles,
    } in rows()
    {
        // Case bodies and lists of several tables name it like this.
        let is_run = |by: &str| tests.contains(&format!("{by}({table}"));
        assert!(
            pointers.is_empty() || is_run("check_nulls"),
            "no C test passes NULL to {function}: check_nulls({table})"
        );
        let listed = ANY_BITS_ARE_ACCEPTED
            .iter()
            .any(|(name, ..)| *name == function);
        assert!(
            handles.is_empty() || listed || is_run("check_bad_handles"),
            "no C test passes bad handles to {function}: check_bad_handles({table})"
        );
        let takes_a_store = pointers.iter().any(|name| name == "store");
        let separately = RUN_SEPARATELY.iter().any(|(name, _)| *name == table);
        assert!(
            !takes_a_store || separately || of_stores.contains(&&*table),
            "{table} is not in tables_of_stores, which every_call_is_refused() runs"
        );
    }
}
