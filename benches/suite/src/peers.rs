//! Builds the programs of other systems, with compilers and libraries that are installed.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::options::Options;
use crate::programs::{Kind, Program, output_of};

/// Another system.
pub struct Peer {
    pub name: &'static str,
    pub build: fn(&Options) -> Result<Vec<Program>>,
}

pub const ALL: &[Peer] = &[
    Peer {
        name: "malloc",
        build: |options| pointers(options, "malloc", &[], &[]),
    },
    Peer {
        name: "mimalloc",
        build: |options| pointers(options, "mimalloc", &["-DPEER_MIMALLOC"], &["-lmimalloc"]),
    },
    Peer {
        name: "bdwgc",
        build: |options| pointers(options, "bdwgc", &["-DPEER_BDWGC"], &["-lgc"]),
    },
    Peer {
        name: "OCaml",
        build: ocaml,
    },
    Peer {
        name: "Java Serial",
        build: java,
    },
    Peer {
        name: "JNI",
        build: jni,
    },
    Peer {
        name: "V8",
        build: v8,
    },
    Peer {
        name: "Lua",
        build: lua,
    },
    Peer {
        name: "slab and slotmap",
        build: slots,
    },
    Peer {
        name: "Wasmtime",
        build: wasmtime,
    },
];

/// Compiles C files of `benches/` into a program.
fn compile(options: &Options, program: &str, files: &[&str], more: &[&str]) -> Result<String> {
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    compile_with(&compiler, options, program, files, more)
}

fn compile_with(
    compiler: &str,
    options: &Options,
    program: &str,
    files: &[&str],
    more: &[&str],
) -> Result<String> {
    let made = path_of(&options.output.join(program))?;
    let mut compiler = Command::new(compiler);
    compiler.current_dir(options.source.join("benches"));
    compiler.args(["-O2", "-o", &made]);
    output_of(compiler.args(files).args(more))?;
    Ok(made)
}

fn path_of(path: &Path) -> Result<String> {
    Ok(path.to_str().context("the path is not UTF-8")?.to_owned())
}

/// The floor: the least work that can stand behind such an API.
pub fn floor(options: &Options) -> Result<Vec<Program>> {
    let folder = path_of(&options.output)?;
    let with_library = [
        &format!("-L{folder}"),
        "-lfloor",
        &format!("-Wl,-rpath,{folder}"),
    ];
    compile(
        options,
        "libfloor.so",
        &["peers/floor/floor.c"],
        &["-shared", "-fPIC"],
    )?;
    let operations = ["peers/floor/operations.c"];
    let operations = compile(options, "floor_operations", &operations, &with_library)?;
    let workloads = ["peers/floor/workloads.c", "workloads/requests.c"];
    let workloads = compile(options, "floor_workloads", &workloads, &with_library)?;
    Ok(vec![
        Program::new("floor", Kind::Operations, &[&operations]),
        Program::new("floor", Kind::Workloads, &[&workloads]),
    ])
}

/// C pointers, with an allocator or a collector.
fn pointers(
    options: &Options,
    name: &str,
    defines: &[&str],
    libraries: &[&str],
) -> Result<Vec<Program>> {
    let more = [defines, libraries].concat();
    let files = ["peers/pointers/operations.c"];
    let operations = compile(options, &format!("{name}_operations"), &files, &more)?;
    let files = ["peers/pointers/workloads.c", "workloads/requests.c"];
    let workloads = compile(options, name, &files, &more)?;
    Ok(vec![
        Program::new(name, Kind::Operations, &[&operations]),
        Program::new(name, Kind::Workloads, &[&workloads]),
    ])
}

fn ocaml(options: &Options) -> Result<Vec<Program>> {
    let made = path_of(&options.output.join("ocaml_workloads"))?;
    let source = options.output.join("workloads.ml");
    std::fs::copy(
        options.source.join("benches/peers/ocaml/workloads.ml"),
        &source,
    )?;
    let mut compiler = Command::new("ocamlopt");
    compiler
        .args(["-O3", "-I", "+unix", "unix.cmxa", "-o", &made])
        .arg(source);
    output_of(&mut compiler)?;
    Ok(vec![Program::new("OCaml", Kind::Workloads, &[&made])])
}

fn java(options: &Options) -> Result<Vec<Program>> {
    let classes = path_of(&options.output.join("java"))?;
    let source = options.source.join("benches/peers/java/Workloads.java");
    output_of(Command::new("javac").args(["-d", &classes]).arg(source))?;
    let command = ["java", "-XX:+UseSerialGC", "-cp", &classes, "Workloads"];
    Ok(vec![Program::new("Java Serial", Kind::Workloads, &command)])
}

/// The native interface, of the JDK that `javac` belongs to.
fn jni(options: &Options) -> Result<Vec<Program>> {
    let classes = path_of(&options.output.join("jni_classes"))?;
    let source = options.source.join("benches/peers/jni/Pair.java");
    output_of(Command::new("javac").args(["-d", &classes]).arg(source))?;
    let settings = Command::new("java")
        .args(["-XshowSettings:properties", "-version"])
        .output()
        .context("cannot run java")?;
    let settings = String::from_utf8_lossy(&settings.stderr);
    let home = settings
        .lines()
        .find_map(|line| line.trim().strip_prefix("java.home = "));
    let home = home.context("java does not say where it is installed")?;
    let flags = [
        &format!("-I{home}/include"),
        &format!("-I{home}/include/linux"),
        &format!("-L{home}/lib/server"),
        "-ljvm",
        &format!("-Wl,-rpath,{home}/lib/server"),
    ];
    let made = compile(options, "jni", &["peers/jni/operations.c"], &flags)?;
    let command = [made.as_str(), &classes];
    Ok(vec![Program::new("JNI", Kind::Operations, &command)])
}

/// V8's C++ API. Its structs are objects with internal fields, and objects with properties.
fn v8(options: &Options) -> Result<Vec<Program>> {
    let folder = path_of(&options.output.join("v8"))?;
    let flags = options.source.join("benches/peers/v8/flags");
    let flags = output_of(Command::new(flags).arg(folder))?;
    let mut more = vec!["-std=c++17", "-w"];
    more.extend(flags.split_whitespace());
    let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
    let files = ["peers/v8/operations.cpp"];
    let made = compile_with(&compiler, options, "v8_operations", &files, &more)?;
    let program_of = |(system, form)| Program::new(system, Kind::Operations, &[&made, form]);
    let systems = [("V8", "fields"), ("V8, properties", "properties")];
    Ok(systems.into_iter().map(program_of).collect())
}

fn lua(options: &Options) -> Result<Vec<Program>> {
    let flags = output_of(Command::new("pkg-config").args(["--cflags", "--libs", "lua5.4"]))?;
    let flags: Vec<&str> = flags.split_whitespace().collect();
    let made = compile(options, "lua", &["peers/lua/operations.c"], &flags)?;
    Ok(vec![Program::new("Lua", Kind::Operations, &[&made])])
}

/// Builds a crate of `benches/peers/` that is not a member of the workspace.
fn cargo(options: &Options, folder: &str) -> Result<String> {
    let target = options.output.join(folder);
    let manifest = options
        .source
        .join("benches/peers")
        .join(folder)
        .join("Cargo.toml");
    let mut cargo = Command::new("cargo");
    cargo
        .args(["build", "--release", "--locked", "--manifest-path"])
        .arg(manifest);
    output_of(cargo.arg("--target-dir").arg(&target))?;
    path_of(&target.join("release/operations"))
}

fn slots(options: &Options) -> Result<Vec<Program>> {
    let program = cargo(options, "slots")?;
    let systems = ["slab", "slotmap"];
    let program_of = |system| Program::new(system, Kind::Operations, &[&program, system]);
    Ok(systems.into_iter().map(program_of).collect())
}

/// Wasmtime's Rust API with its two collectors, and trees in WebAssembly that it compiles.
fn wasmtime(options: &Options) -> Result<Vec<Program>> {
    let program = cargo(options, "wasmtime")?;
    let mut programs = Vec::new();
    for (system, compiled, collector) in [
        ("Wasmtime", "Wasmtime, compiled", "copying"),
        ("Wasmtime drc", "Wasmtime drc, compiled", "drc"),
    ] {
        let of = |system, kind, part| Program::new(system, kind, &[&program, part, collector]);
        programs.push(of(system, Kind::Operations, "operations"));
        programs.push(of(system, Kind::Workloads, "workloads"));
        programs.push(of(compiled, Kind::Workloads, "compiled"));
    }
    Ok(programs)
}
