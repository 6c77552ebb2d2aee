//! Checks that `docs` is right about the source, and the source's own rules: which files may
//! import from which, and which may have `unsafe` code.

#[path = "conventions/documents.rs"]
mod documents;
#[path = "conventions/imports.rs"]
mod imports;
#[path = "conventions/layers.rs"]
mod layers;
#[path = "conventions/modules.rs"]
mod modules;
#[path = "conventions/page.rs"]
mod page;
#[path = "conventions/tokens.rs"]
mod tokens;
#[path = "conventions/unsafe_code.rs"]
mod unsafe_code;

use std::fs;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files in a folder and in its folders. All paths are relative to [`root`].
fn files(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root().join(folder)).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{folder}/{}", entry.file_name().to_str().unwrap());
        if entry.path().is_dir() {
            found.extend(files(&name));
        } else {
            found.push(name);
        }
    }
    found
}
