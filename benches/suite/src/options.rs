//! The options of the command.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use lexopt::prelude::*;

pub const HELP: &str = "\
scripts/bench [OPTION...]    measures the library and the floor

  --peers             also measures other systems that are installed here
  --rounds N          runs each program N times, in turn (default: 3)
  --instructions      also counts instructions, with callgrind
  --functions         only counts the instructions of each function of the library
  --only TEXT         only operations and workloads whose names contain TEXT
  --output FOLDER     where figures.json and the plots go (default: build/bench)
  --help              prints this
";

/// What to measure, and where the programs and results are.
pub struct Options {
    /// Whether other systems are measured as well.
    pub peers: bool,
    /// How often each program runs.
    pub rounds: u32,
    /// Whether instructions are counted.
    pub instructions: bool,
    /// Whether every function is counted, and nothing else is done.
    pub functions: bool,
    /// What the names of the measured operations and workloads contain.
    pub only: String,
    /// The folder for programs and results.
    pub output: PathBuf,
    /// The root of the source.
    pub source: PathBuf,
    /// Where CMake has built the library's programs.
    pub programs: PathBuf,
}

impl Options {
    /// Reads the command line. `None` if it asks for help.
    pub fn parse() -> Result<Option<Self>> {
        let source = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        let source = source.canonicalize().context("the source has moved")?;
        let mut options = Self {
            peers: false,
            rounds: 3,
            instructions: false,
            functions: false,
            only: String::new(),
            output: source.join("build/bench"),
            programs: source.join("build/programs/benches"),
            source,
        };
        let mut arguments = lexopt::Parser::from_env();
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("peers") => options.peers = true,
                Long("rounds") => options.rounds = arguments.value()?.parse()?,
                Long("instructions") => options.instructions = true,
                Long("functions") => options.functions = true,
                Long("only") => options.only = arguments.value()?.string()?,
                Long("output") => options.output = arguments.value()?.into(),
                Long("help") => return Ok(None),
                other => bail!(other.unexpected()),
            }
        }
        if options.rounds == 0 {
            bail!("--rounds must be at least 1");
        }
        Ok(Some(options))
    }

    /// Whether an operation or a workload of this name is measured.
    pub fn measures(&self, name: &str) -> bool {
        name.contains(&self.only)
    }
}
