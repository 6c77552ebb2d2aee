//! Checks that what the documentation names exists.

use std::collections::BTreeSet;
use std::fs;

use crate::page::paths;
use crate::{files, root};

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
fn the_example_for_engines_is_a_part_of_a_program() {
    let page = fs::read_to_string(root().join("docs/engines.md")).unwrap();
    let program = fs::read_to_string(root().join("examples/pairs.c")).unwrap();
    let (_, section) = page.split_once("\n## Making and storing\n").unwrap();
    let (_, code) = section.split_once("```c excerpt\n").unwrap();
    let (code, _) = code.split_once("```").unwrap();
    let parts = code.split("\n\n").map(str::trim_end);
    for part in parts {
        assert!(program.contains(part), "not in examples/pairs.c: {part}");
    }
}

#[test]
fn the_code_of_compilers_is_a_part_of_programs() {
    let page = fs::read_to_string(root().join("docs/engines.md")).unwrap();
    let read =
        |name: &str| fs::read_to_string(root().join("examples/compiled").join(name)).unwrap();
    let programs = ["main.c", "x86_64.S", "aarch64.S"].map(read);
    let (_, section) = page.split_once("\n## Compiled code\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let mut excerpts = 0;
    for code in section.split(" excerpt\n").skip(1) {
        let (code, _) = code.split_once("\n```").unwrap();
        let is_part = |program: &String| program.contains(code);
        assert!(programs.iter().any(is_part), "in no program: {code}");
        excerpts += 1;
    }
    assert_eq!(excerpts, 6);
}

/// A block of the guide whose first line names a file is a part of that file.
#[test]
fn excerpts_in_the_guide_are_parts_of_the_files_that_they_name() {
    let mut excerpts = 0;
    for page in files("docs/guide/src") {
        let text = fs::read_to_string(root().join(&page)).unwrap();
        for block in text.split("\n```c excerpt ").skip(1) {
            let (file, rest) = block.split_once('\n').unwrap();
            let (code, _) = rest.split_once("\n```").unwrap();
            let source = fs::read_to_string(root().join(file)).unwrap();
            assert!(source.contains(code), "{page}: not in {file}: {code}");
            excerpts += 1;
        }
    }
    assert!(excerpts > 5, "only {excerpts} excerpts were found");
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

/// The pages for readers of the repository.
fn pages() -> Vec<String> {
    let top = [
        "README.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "CHANGELOG.md",
    ];
    let top = top.into_iter().map(str::to_owned);
    top.chain(files("docs")).collect()
}

#[test]
fn links_between_pages_lead_to_files() {
    let mut links = 0;
    for page in pages() {
        let path = root().join(&page);
        let text = fs::read_to_string(&path).unwrap();
        let outside_of_code = text.split("```").step_by(2);
        for link in outside_of_code.flat_map(|text| text.split("](").skip(1)) {
            let target = link.split([')', '#']).next().unwrap();
            let exists = path.with_file_name("").join(target).exists();
            assert!(target.contains(':') || exists, "{page} links to {target}");
            links += 1;
        }
    }
    assert!(links > 20, "only {links} links were found");
}

#[test]
fn the_files_and_folders_that_pages_name_exist() {
    let folders = [
        "src",
        "tests",
        "c-tests",
        "docs",
        "scripts",
        "conformance",
        "examples",
        "packaging",
    ];
    let mut named = 0;
    for page in pages() {
        let text = fs::read_to_string(root().join(&page)).unwrap();
        for code in text.split('`').skip(1).step_by(2) {
            let word = code.split_whitespace().next().unwrap_or("");
            let is_path = word
                .split_once('/')
                .is_some_and(|(top, _)| folders.contains(&top));
            if !is_path || word.contains('*') || word.contains("NOUN") {
                continue; // a pattern, such as `tests/rust_*.rs` or `c-tests/NOUN.c`
            }
            for path in paths(&format!("`{word}`")) {
                assert!(root().join(&path).exists(), "{page} names {path}");
                named += 1;
            }
        }
    }
    assert!(named > 100, "only {named} paths were found");
}

/// The areas of decisions, and their pages in `docs/design`.
const AREAS: [(&str, &str); 9] = [
    ("ROOTS", "roots.md"),
    ("HEAP", "heap.md"),
    ("TYPES", "types.md"),
    ("OBJECTS", "objects.md"),
    ("HOST", "host-code.md"),
    ("CAPI", "c-api.md"),
    ("RUST", "rust-api.md"),
    ("PKG", "packaging.md"),
    ("TEST", "testing.md"),
];

/// The ids of decisions in a text, such as `ROOTS-9`.
fn decisions(text: &str) -> Vec<String> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let words = text.split(|c| !word(c));
    let is_id = |id: &&str| {
        let parts = id.split_once('-');
        parts.is_some_and(|(area, number)| {
            AREAS.iter().any(|(name, _)| area == *name) && number.parse::<u32>().is_ok()
        })
    };
    words.filter(is_id).map(str::to_owned).collect()
}

#[test]
fn each_decision_that_is_cited_stands_once_on_its_page() {
    let mut taken = BTreeSet::new();
    for (area, page) in AREAS {
        let text = fs::read_to_string(root().join("docs/design").join(page)).unwrap();
        let headings = text
            .lines()
            .filter_map(|line| line.strip_prefix("**")?.split_once(". "));
        for id in headings.flat_map(|(heading, _)| decisions(heading)) {
            assert!(
                id.starts_with(&format!("{area}-")),
                "{id} is on the wrong page, {page}"
            );
            assert!(taken.insert(id.clone()), "{id} has two decisions");
        }
    }
    let mut cited = 0;
    for folder in ["src", "docs", "tests", "c-tests"] {
        for file in files(folder) {
            let Ok(text) = fs::read_to_string(root().join(&file)) else {
                continue;
            };
            for id in decisions(&text) {
                assert!(
                    taken.contains(&id),
                    "{file} cites {id}, which is no decision"
                );
                cited += 1;
            }
        }
    }
    assert!(cited > taken.len(), "the headings are read too");
}
