//! Checks that `unsafe` code is only in the files that the design lists.

use std::fs;

use crate::page::{contains, paths, rows, section};
use crate::{files, root};

/// Whether a source file has tests only: its name ends in `tests.rs`, or it is in a folder
/// `tests`.
fn is_test(name: &str) -> bool {
    name.ends_with("tests.rs") || name.contains("/tests/")
}

#[test]
fn unsafe_is_only_where_the_design_says() {
    let rows = rows(&section("docs/design/README.md", "Where `unsafe` is"));
    let listed: Vec<_> = rows.iter().flat_map(|cells| paths(&cells[0])).collect();
    let mut used = vec![false; listed.len()];
    for file in files("src")
        .into_iter()
        .filter(|file| file.ends_with(".rs"))
    {
        let text = fs::read_to_string(root().join(&file)).unwrap();
        let words = ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern"];
        let code = |line: &&str| !line.trim_start().starts_with("//");
        let mut lines = text.lines().filter(code);
        let uses = lines.any(|line| words.iter().any(|word| line.contains(word)));
        if is_test(&file) || !uses {
            continue;
        }
        let at = listed.iter().position(|path| contains(path, &file));
        used[at.unwrap_or_else(|| panic!("{file} has unsafe code and is not listed"))] = true;
    }
    let unused: Vec<_> = listed.iter().zip(used).filter(|(_, u)| !u).collect();
    assert!(
        unused.is_empty(),
        "listed, but without unsafe code: {unused:?}"
    );
}
