//! Tests that the declarations in `src/gc/ffi.rs` agree with `gcroots.h`, and that
//! `gcroots_interpreter.h` declares what `src/capi.rs` defines. The Rust declarations are
//! turned into C, which a compiler accepts only if they agree with the header.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

#[test]
fn the_declarations_are_those_of_the_header() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let rust = std::fs::read_to_string(here.join("src/gc/ffi.rs")).unwrap();
    let (c, checks) = in_c(&rust);
    assert!(checks > 100, "only {checks} checks");
    compile("header.c", &format!("#include \"gcroots.h\"\n{c}"));
}

#[test]
fn the_interpreters_header_is_true() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let status = std::fs::read_to_string(here.join("src/status.rs")).unwrap();
    let (constants, checks) = in_c(&status.replace("pub fn", "fn"));
    assert_eq!(checks, 6);
    let mut c = format!("#include \"gcroots_interpreter.h\"\n{constants}");
    let capi = std::fs::read_to_string(here.join("src/capi.rs")).unwrap();
    let definitions: Vec<_> = capi
        .split("\npub unsafe extern \"C\" fn ")
        .skip(1)
        .collect();
    assert_eq!(definitions.len(), 6);
    for definition in definitions {
        let (signature, _) = definition.split_once(" {").unwrap();
        let name = signature.split('(').next().unwrap();
        function(&mut c, name, &format!("{};", signature.replace('\n', " ")));
    }
    compile("interpreter.c", &c);
}

fn compile(name: &str, c: &str) {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&file, c).unwrap();
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let output = Command::new(compiler)
        .args(["-std=c11", "-fsyntax-only", "-Wall", "-Werror"])
        .arg(format!("-I{}", here.join("../include").display()))
        .arg(format!("-I{}", here.join("include").display()))
        .arg(&file)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
}

/// Turns Rust declarations into C that compiles only if they agree with the header. Also
/// returns how many declarations it checks.
fn in_c(rust: &str) -> (String, usize) {
    let mut c = "#include <stddef.h>\n".to_owned();
    let mut checks = 0;
    let mut lines = rust.lines().map(str::trim);
    while let Some(line) = lines.next() {
        let Some(item) = line.strip_prefix("pub ") else {
            continue;
        };
        let (kind, rest) = item.split_once(' ').unwrap();
        let name = rest.split([':', ' ', '(', '{']).next().unwrap();
        match kind {
            "const" => constant(&mut c, name, rest),
            "type" if rest.contains("extern") => {
                let parts: Vec<_> = lines.by_ref().take_while(|l| !l.starts_with(')')).collect();
                callback(&mut c, name, rest, &parts);
            }
            "type" => alias(&mut c, name, rest),
            "fn" => function(&mut c, name, rest),
            // Types in macros have no names.
            "struct" | "union" if name.starts_with("gcroots") => {
                let fields: Vec<_> = lines.by_ref().take_while(|l| *l != "}").collect();
                mirror(&mut c, kind, name, &fields);
            }
            _ => continue,
        }
        checks += 1;
    }
    (c, checks)
}

fn constant(c: &mut String, name: &str, rest: &str) {
    let value = rest.split_once("= ").unwrap().1;
    writeln!(
        c,
        "_Static_assert({name} == {} , \"\");",
        value.trim_end_matches(';')
    )
    .unwrap();
}

fn alias(c: &mut String, name: &str, rest: &str) {
    let of = type_in_c(rest.split_once("= ").unwrap().1.trim_end_matches(';'));
    writeln!(
        c,
        "_Static_assert(__builtin_types_compatible_p({name}, {of}), \"\");"
    )
    .unwrap();
}

/// The type of a callback. `lines` are its parameters if they are not on its first line.
fn callback(c: &mut String, name: &str, rest: &str, lines: &[&str]) {
    let (params, result) = match rest.split_once("fn(").unwrap().1.split_once(')') {
        Some((params, _)) => (params.to_owned(), "void"),
        None => (lines.join(" "), "gcroots_status_t"),
    };
    let params = params_in_c(&params);
    writeln!(c, "typedef {result} (*mirror_{name})({params});").unwrap();
    alias(c, name, &format!("= mirror_{name}"));
}

/// Declares a function again, from `name(a: A, b: B) -> C;`.
fn function(c: &mut String, name: &str, rest: &str) {
    let (params, result) = rest.split_once('(').unwrap().1.rsplit_once(')').unwrap();
    let result = match result.trim_end_matches(';').split_once("-> ") {
        Some((_, result)) => type_in_c(result),
        None => "void".to_owned(),
    };
    writeln!(c, "{result} {name}({});", params_in_c(params)).unwrap();
}

/// Declares a second type with these fields, and asserts that the layouts are equal.
fn mirror(c: &mut String, kind: &str, name: &str, fields: &[&str]) {
    let mut members = String::new();
    let mut asserts = format!("_Static_assert(sizeof({name}) == sizeof(mirror_{name}), \"\");\n");
    for field in fields {
        let (field, of) = field.trim_start_matches("pub ").split_once(": ").unwrap();
        let (field, of) = (field.trim_end_matches('_'), of.trim_end_matches(','));
        let member = match of.strip_prefix('[').and_then(|of| of.split_once(';')) {
            Some((of, count)) => format!("{} {field}[{}", type_in_c(of), count.trim()),
            None => format!("{} {field}", type_in_c(of)),
        };
        writeln!(members, "{member};").unwrap();
        let offset = |of: &str| format!("offsetof({of}, {field})");
        let (theirs, ours) = (offset(name), offset(&format!("mirror_{name}")));
        writeln!(asserts, "_Static_assert({theirs} == {ours}, \"\");").unwrap();
    }
    writeln!(
        c,
        "typedef {kind} {{\n{members}}} mirror_{name};\n{asserts}"
    )
    .unwrap();
}

/// The C types of the parameters `a: A, b: B`.
fn params_in_c(params: &str) -> String {
    let params = params
        .split(',')
        .map(str::trim)
        .filter(|param| !param.is_empty());
    let types = params.map(|param| type_in_c(param.split_once(": ").unwrap().1));
    let types: Vec<_> = types.collect();
    if types.is_empty() {
        return "void".to_owned();
    }
    types.join(", ")
}

fn type_in_c(of: &str) -> String {
    if let Some(to) = of.strip_prefix("*mut ") {
        return format!("{} *", type_in_c(to));
    }
    if let Some(to) = of.strip_prefix("*const ") {
        return format!("{} const *", type_in_c(to));
    }
    if let Some(of) = of.strip_prefix("Option<") {
        return type_in_c(of.trim_end_matches('>'));
    }
    match of {
        "u8" | "u32" | "u64" => format!("uint{}_t", &of[1..]),
        "i32" | "i64" => format!("int{}_t", &of[1..]),
        "f32" => "float".to_owned(),
        "f64" => "double".to_owned(),
        "usize" => "size_t".to_owned(),
        "c_void" => "void".to_owned(),
        "c_char" => "char".to_owned(),
        _ => of.to_owned(),
    }
}
