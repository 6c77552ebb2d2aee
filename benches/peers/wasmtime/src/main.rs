//! Wasmtime, by its Rust API and in compiled Wasm.
//!
//!   operations operations COLLECTOR [--time | NAME COUNT]    those of benches/operations
//!   operations workloads COLLECTOR [NAME]                    those of benches/workloads
//!   operations compiled COLLECTOR [NAME]                     the trees, in compiled Wasm
//!
//! COLLECTOR is `copying` or `drc`. Without what is in brackets the program prints names.

#[path = "../../measure.rs"]
mod measure;
#[path = "../../requests.rs"]
mod requests;

mod compiled;
mod graph;
mod operations;
mod queue;
mod sizes;
mod text_index;
mod trees;

use requests::{Requests, run_workload};
use wasmtime::{Collector, Config, Engine};

/// A workload: its name, and a function that returns its number of units.
type Workload = (&'static str, fn(&Engine, &mut Requests) -> u64);

const WORKLOADS: [Workload; 5] = [
    ("trees", trees::trees),
    ("long_lived_tree", trees::long_lived_tree),
    ("graph", graph::graph),
    ("queue", queue::queue),
    ("text_index", text_index::text_index),
];

/// Only for the copying collector: the other one never looks for what cannot be reached.
const TRACING: [Workload; 1] = [("full_collections", trees::full_collections)];

/// What a process that compiles Wasm does as the workload of raw references, which compiled code
/// would have.
const COMPILED: [Workload; 1] = [("trees_raw", compiled::trees)];

fn engine(collector: Collector) -> Engine {
    let mut config = Config::new();
    config.wasm_gc(true).wasm_function_references(true);
    config.collector(collector);
    Engine::new(&config).expect("an engine")
}

fn run(workloads: &[Workload], engine: &Engine, asked: Option<&str>) {
    for (name, body) in workloads {
        match asked {
            None => println!("{name}"),
            Some(asked) if asked == *name => run_workload(name, |requests| body(engine, requests)),
            Some(_) => {}
        }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let collector = match arguments.get(1) {
        Some(&"copying") => Collector::Copying,
        Some(&"drc") => Collector::DeferredReferenceCounting,
        _ => panic!("the second argument is copying or drc"),
    };
    let engine = engine(collector);
    match arguments[0] {
        "operations" => operations::run(&engine),
        "workloads" => {
            let asked = arguments.get(2).copied();
            run(&WORKLOADS, &engine, asked);
            if matches!(collector, Collector::Copying) {
                run(&TRACING, &engine, asked);
            }
        }
        "compiled" => run(&COMPILED, &engine, arguments.get(2).copied()),
        other => panic!("{other} is unknown"),
    }
}
