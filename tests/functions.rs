//! Every exported function has a row in `benches/functions/`, which counts its instructions.

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
