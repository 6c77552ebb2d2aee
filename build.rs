//! Generates `gcroots.h` into `OUT_DIR`, and sets the SONAME of the shared object.
//!
//! The header has one section for each file of the C API. The opening comment of the
//! file becomes the comment of the section; the file's items follow in the order of
//! the source, each function with the attributes that follow from its documentation. The
//! header is not written into the source tree, so a read-only copy of the tree can be
//! built. A test compares it with the committed `include/gcroots.h`.

#[path = "build_attributes.rs"]
mod attributes;

use std::path::Path;
use std::{env, fs};

use anyhow::{Context, Result};

/// The file of each section, in the order in which a newcomer meets them.
const SECTIONS: [&str; 36] = [
    "version",
    "status",
    "config",
    "engine",
    "store",
    "pauses",
    "growth",
    "wake",
    "reference",
    "scope",
    "local",
    "manually_rooted",
    "weak",
    "weakmap",
    "externref",
    "no_gc",
    "pin",
    "types",
    "rec_group",
    "value",
    "structs",
    "fused",
    "arrays",
    "i31",
    "casts",
    "exceptions",
    "table",
    "global",
    "func",
    "raw",
    "raw_structs",
    "raw_arrays",
    "raw_host",
    "root_range",
    "root_visitor",
    "code_layout",
];

const DIRECTORY: &str = "src/capi";

fn main() -> Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build_attributes.rs");
    println!("cargo::rerun-if-changed={DIRECTORY}");
    let out = env::var("OUT_DIR")?;
    fs::write(Path::new(&out).join("gcroots.h"), header()?)?;

    let major = env::var("CARGO_PKG_VERSION_MAJOR")?;
    println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libgcroots.so.{major}");
    // Thread-exit hooks point into the library, so it must not be unloaded.
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
    Ok(())
}

fn header() -> Result<String> {
    let mut header = read("header_begin.h")?;
    for part in ["MAJOR", "MINOR", "PATCH"] {
        let value = env::var(format!("CARGO_PKG_VERSION_{part}"))?;
        header = header.replace(&format!("@{part}@"), &value);
    }
    header = header.replace("@VERSION@", &env::var("CARGO_PKG_VERSION")?);
    for section in SECTIONS {
        header.push('\n');
        header.push_str(&banner(section)?);
        header.push('\n');
        header.push_str(&items(section)?);
    }
    for part in ["header_blocks.h", "header_costs.h", "header_end.h"] {
        header.push('\n');
        header.push_str(&read(part)?);
    }
    Ok(header)
}

fn read(name: &str) -> Result<String> {
    let path = Path::new(DIRECTORY).join(name);
    fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))
}

/// The comment of a section, from the `//!` lines at the beginning of its file.
fn banner(section: &str) -> Result<String> {
    let source = read(&format!("{section}.rs"))?;
    let lines: Vec<_> = source
        .lines()
        .map_while(|line| line.strip_prefix("//!"))
        .collect();
    let title = lines.first().context("a section without a title")?.trim();
    let rule = "-".repeat(72 - title.len());
    let mut banner = format!("/* --- {title} {rule}");
    for line in &lines[1..] {
        banner.push_str(format!("\n *{line}").trim_end());
    }
    banner.push_str(if lines.len() > 1 { "\n */\n" } else { " */\n" });
    Ok(banner)
}

/// The declarations of a section's exported items.
fn items(section: &str) -> Result<String> {
    let mut config = cbindgen::Config {
        language: cbindgen::Language::C,
        no_includes: true,
        style: cbindgen::Style::Type,
        documentation_style: cbindgen::DocumentationStyle::Doxy,
        documentation_length: cbindgen::DocumentationLength::Full,
        usize_is_size_t: true,
        sort_by: cbindgen::SortKey::None,
        line_length: 90,
        ..cbindgen::Config::default()
    };
    config.function.must_use = Some("GCROOTS_NODISCARD".into());
    config.function.prefix = Some("GCROOTS_API".into());
    // Includes types that no function of the section mentions.
    config.export.include = types(section)?;
    let bindings = cbindgen::Builder::new()
        .with_config(config)
        .with_src(Path::new(DIRECTORY).join(format!("{section}.rs")))
        .generate()
        .with_context(|| format!("generating the section {section}"))?;
    let mut text = Vec::new();
    bindings.write(&mut text);
    attributes::add(std::str::from_utf8(&text)?)
}

/// The names of a section's exported structs and unions.
fn types(section: &str) -> Result<Vec<String>> {
    let name = |line: &str| {
        let name = line
            .strip_prefix("pub struct ")
            .or_else(|| line.strip_prefix("pub union "))?;
        Some(name.split([' ', '(', '{', ';']).next()?.to_owned())
    };
    Ok(read(&format!("{section}.rs"))?
        .lines()
        .filter_map(name)
        .collect())
}
