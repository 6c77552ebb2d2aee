//! Reads the sections and tables of a page of the documentation.

use std::fs;

use crate::root;

/// The text below a heading of level 2, up to the next such heading.
pub(crate) fn section(page: &str, heading: &str) -> String {
    let text = fs::read_to_string(root().join(page)).unwrap();
    let start = format!("\n## {heading}\n");
    let section = text.split(&start).nth(1);
    let section = section.unwrap_or_else(|| panic!("{page} has no section {heading}"));
    section.split("\n## ").next().unwrap().to_owned()
}

/// The rows of the tables in a section, without their first two lines.
pub(crate) fn rows(section: &str) -> Vec<Vec<String>> {
    let lines: Vec<_> = section.lines().collect();
    let cells = |line: &str| {
        let line = line.strip_prefix("| ")?.strip_suffix(" |")?;
        Some(
            line.split(" | ")
                .map(|cell| cell.trim().to_owned())
                .collect(),
        )
    };
    let rule = |at: usize| lines.get(at).is_some_and(|line| line.starts_with("|---"));
    let row = |at: &usize| !rule(*at) && !rule(at + 1);
    (0..lines.len())
        .filter(row)
        .filter_map(|at| cells(lines[at]))
        .collect()
}

/// The paths in a cell: between backticks, one path `src/a.rs` or several, `src/{a,b}.rs`.
pub(crate) fn paths(cell: &str) -> Vec<String> {
    let path = cell.split('`').nth(1);
    let path = path.unwrap_or_else(|| panic!("{cell} has no path"));
    let braces = path.split_once('{').and_then(|(before, rest)| {
        let (names, after) = rest.split_once('}')?;
        Some((before, names, after))
    });
    match braces {
        Some((before, names, after)) => {
            let names = names.split(',').map(str::trim);
            names.map(|name| format!("{before}{name}{after}")).collect()
        }
        None => vec![path.to_owned()],
    }
}

/// Whether a path is `file`, or a folder that contains it.
pub(crate) fn contains(path: &str, file: &str) -> bool {
    let rest = file.strip_prefix(path);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
