//! The options of the command.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use lexopt::prelude::*;

use crate::programs::output_of;

pub const HELP: &str = "\
scripts/bench [OPTION...]    measures the library and the floor

  --peers             also measures other systems that are installed here
  --readme            like --peers, and writes the README's table
  --rounds N          runs each program N times, in turn (default: 3)
  --instructions      also counts instructions, with callgrind
  --functions         only counts the instructions of each function of the library
  --costs             only counts them, and writes the header's table of costs
  --check-costs       only counts them, and fails if the header's table is far from them
  --curves            only measures work at several sizes
  --memory            only measures the time of workloads against their memory
  --scheme            only runs programs of Scheme and Lua, in the Scheme of the examples and in
                      other interpreters that are installed
  --only TEXT         only operations, workloads, curves and programs whose names contain TEXT
  --run NAME          writes figures.json and the plots to build/bench/NAME, over those of an
                      earlier run of this name (default: the time, in a new folder)
  --help              prints this
";

/// What to measure, and where the programs and results are.
pub struct Options {
    /// Whether other systems are measured as well.
    pub peers: bool,
    /// Whether the README's table is written.
    pub readme: bool,
    /// How often each program runs.
    pub rounds: u32,
    /// Whether instructions are counted.
    pub instructions: bool,
    /// Whether every function is counted, and nothing else is done.
    pub functions: bool,
    /// Whether every function is counted for the header's table of costs, and nothing else is done.
    pub costs: bool,
    /// Whether every function is compared with that table, and nothing else is done.
    pub check_costs: bool,
    /// What the names of the measured operations and workloads contain.
    pub only: String,
    /// Whether work is measured at several sizes, and nothing else.
    pub curves: bool,
    /// Whether the time of workloads is measured against their memory, and nothing else.
    pub memory: bool,
    /// Whether programs of Scheme run in several interpreters, and nothing else is done.
    pub scheme: bool,
    /// The folder for the programs of other systems.
    pub output: PathBuf,
    /// The folder for figures and plots.
    pub results: PathBuf,
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
            readme: false,
            rounds: 3,
            instructions: false,
            functions: false,
            costs: false,
            check_costs: false,
            only: String::new(),
            curves: false,
            memory: false,
            scheme: false,
            output: source.join("build/bench"),
            results: PathBuf::new(),
            programs: source.join("build/programs/benches"),
            source,
        };
        let mut run = None;
        let mut arguments = lexopt::Parser::from_env();
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("peers") => options.peers = true,
                Long("readme") => (options.peers, options.readme) = (true, true),
                Long("rounds") => options.rounds = arguments.value()?.parse()?,
                Long("instructions") => options.instructions = true,
                Long("functions") => options.functions = true,
                Long("costs") => options.costs = true,
                Long("check-costs") => options.check_costs = true,
                Long("only") => options.only = arguments.value()?.string()?,
                Long("curves") => options.curves = true,
                Long("memory") => options.memory = true,
                Long("scheme") => options.scheme = true,
                Long("run") => run = Some(arguments.value()?.string()?),
                Long("help") => return Ok(None),
                other => bail!(other.unexpected()),
            }
        }
        if options.rounds == 0 {
            bail!("--rounds must be at least 1");
        }
        if !options.only.is_empty() && (options.readme || options.costs || options.check_costs) {
            bail!("--only does not go with an option that writes or checks a table of all");
        }
        options.results = options.output.join(match run {
            Some(name) => name,
            None => time_of_run()?,
        });
        Ok(Some(options))
    }

    /// Whether an operation or a workload of this name is measured.
    pub fn measures(&self, name: &str) -> bool {
        name.contains(&self.only)
    }
}

/// The time now, as the name of a folder.
fn time_of_run() -> Result<String> {
    let time = output_of(Command::new("date").args(["-u", "+%Y-%m-%dT%H-%M-%SZ"]))?;
    Ok(time.trim().to_owned())
}
