//! Checks that `docs` is right about the source.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// The paths in the first column of the table of files with `unsafe`. A path is a file
/// `src/a.rs`, several files `src/{a,b}.rs`, or a folder.
fn listed() -> Vec<String> {
    let design = fs::read_to_string(root().join("docs/design.md")).unwrap();
    let section = design.split("## Where `unsafe` is").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let mut listed = Vec::new();
    for line in section.lines() {
        let Some(path) = line.strip_prefix("| `").and_then(|l| l.split('`').next()) else {
            continue;
        };
        match (path.split_once('{'), path.split_once('}')) {
            (Some((before, rest)), Some((_, after))) => {
                let names = rest.split('}').next().unwrap();
                listed.extend(
                    names
                        .split(',')
                        .map(|name| format!("{before}{name}{after}")),
                );
            }
            _ => listed.push(path.to_owned()),
        }
    }
    listed
}

/// Whether a source file has tests only: its name ends in `tests.rs`, or it is in a folder
/// `tests`.
fn is_test(name: &str) -> bool {
    name.ends_with("tests.rs") || name.contains("/tests/")
}

#[test]
fn unsafe_is_only_where_the_design_says() {
    let listed = listed();
    let mut files = Vec::new();
    sources(&root().join("src"), &mut files);
    let mut used = vec![false; listed.len()];
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let name = file.strip_prefix(root()).unwrap().to_str().unwrap();
        let words = ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern"];
        let code = |line: &&str| !line.trim_start().starts_with("//");
        let mut lines = text.lines().filter(code);
        let uses = lines.any(|line| words.iter().any(|word| line.contains(word)));
        if is_test(name) || !uses {
            continue;
        }
        let at = listed
            .iter()
            .position(|l| name == l || name.starts_with(&format!("{l}/")))
            .unwrap_or_else(|| panic!("{name} has unsafe code and is not listed"));
        used[at] = true;
    }
    let unused: Vec<_> = listed.iter().zip(used).filter(|(_, u)| !u).collect();
    assert!(
        unused.is_empty(),
        "listed, but without unsafe code: {unused:?}"
    );
}

#[test]
fn the_c_tests_that_the_documentation_names_exist() {
    for page in ["docs/from-wasmtime.md", "docs/faults.md"] {
        let page = fs::read_to_string(root().join(page)).unwrap();
        let mut named = 0;
        // Every second part is between backticks.
        for code in page.split('`').skip(1).step_by(2) {
            let Some((noun, case)) = code.split_once('.') else {
                continue;
            };
            let Ok(cases) = fs::read_to_string(root().join(format!("c-tests/{noun}.c"))) else {
                continue;
            };
            let case = case.split('@').next().unwrap();
            assert!(
                cases.contains(&format!("\nCASE({case}) {{")),
                "the test {code} does not exist"
            );
            named += 1;
        }
        assert!(named > 0);
    }
}

#[test]
fn the_table_of_faults_has_each_patch() {
    let mut patches = Vec::new();
    for entry in fs::read_dir(root().join("tests/faults")).unwrap() {
        let path = entry.unwrap().path();
        assert!(path.extension().is_some_and(|e| e == "patch"), "{path:?}");
        let text = fs::read_to_string(&path).unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        patches.push((name, text.lines().next().unwrap().to_owned()));
    }
    patches.sort();

    let page = fs::read_to_string(root().join("docs/faults.md")).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let listed: Vec<_> = rows
        .map(|row| {
            let (name, rest) = row.split_once("` | ").unwrap();
            let (what, _) = rest.split_once(" | ").unwrap();
            (name.to_owned(), what.to_owned())
        })
        .collect();
    assert_eq!(listed, patches);
}
