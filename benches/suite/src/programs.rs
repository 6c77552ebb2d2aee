//! The programs that the suite runs, and those of the library itself.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::collectors::{self, Collector};
use crate::options::Options;

/// A program that measures operations, or workloads, of one system.
pub struct Program {
    /// The system's name in the tables.
    pub system: String,
    pub kind: Kind,
    /// The command without what follows the operation's or workload's name.
    pub command: Vec<String>,
    /// Arguments after the name, for instance a collector's number.
    pub last_arguments: Vec<String>,
}

/// What a program measures.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// All operations in one process.
    Operations,
    /// One workload in a process.
    Workloads,
}

impl Program {
    pub fn new(system: &str, kind: Kind, command: &[&str]) -> Self {
        Self {
            system: system.to_owned(),
            kind,
            command: command.iter().map(|&part| part.to_owned()).collect(),
            last_arguments: Vec::new(),
        }
    }

    /// The command with arguments.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.command[0]);
        command.args(&self.command[1..]).args(arguments);
        command.args(&self.last_arguments);
        command
    }

    /// The names of its operations or workloads.
    pub fn names(&self) -> Result<Vec<String>> {
        let mut command = Command::new(&self.command[0]);
        let listed = output_of(command.args(&self.command[1..]))?;
        Ok(listed.lines().map(str::to_owned).collect())
    }
}

/// The standard output of a command, which must succeed.
pub fn output_of(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("cannot run {command:?}"))?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        bail!("{command:?}: {}: {}", output.status, message.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A number in a line with tabs between the fields.
pub fn field(line: &str, at: usize) -> Result<f64> {
    let Some(field) = line.trim().split('\t').nth(at) else {
        bail!("not enough fields in {line:?}");
    };
    field
        .parse()
        .with_context(|| format!("not a number in {line:?}"))
}

/// The programs of the library, once for each collector, and for the default one in other forms
/// too. CMake has built them.
pub fn of_the_library(options: &Options) -> Result<Vec<Program>> {
    let programs = [
        (Kind::Operations, "operations"),
        (Kind::Workloads, "gcroots_workload"),
    ];
    let mut made = Vec::new();
    for collector in &collectors::ALL {
        for (kind, name) in programs {
            if kind == Kind::Operations || collector.runs_workloads {
                made.push(of_collector(
                    options,
                    collector,
                    kind,
                    collector.name,
                    name,
                )?);
            }
            if collector.name == collectors::DEFAULT {
                let system = format!("{}, in line", collector.name);
                let name = format!("{name}_inline");
                made.push(of_collector(options, collector, kind, &system, &name)?);
            }
        }
        if collector.name == collectors::DEFAULT {
            made.extend(by_raw_references(options, collector)?);
        }
    }
    Ok(made)
}

/// The workloads by raw references: by calls, with the hot functions in line, and as by the code of
/// a compiler.
fn by_raw_references(options: &Options, collector: &Collector) -> Result<Vec<Program>> {
    let forms = [
        ("raw", "gcroots_workload"),
        ("raw in line", "gcroots_workload_inline"),
        ("compiled", "gcroots_workload_compiled"),
    ];
    let program_of = |(form, name)| {
        let system = format!("{}, {form}", collector.name);
        let mut program = of_collector(options, collector, Kind::Workloads, &system, name)?;
        program.command.push("--raw".to_owned());
        Ok(program)
    };
    forms.into_iter().map(program_of).collect()
}

/// A program that CMake has built, run on a collector.
fn of_collector(
    options: &Options,
    collector: &Collector,
    kind: Kind,
    system: &str,
    name: &str,
) -> Result<Program> {
    let path = options.programs.join(name);
    let path = path.to_str().context("the path is not UTF-8")?;
    let mut program = Program::new(system, kind, &[path]);
    program.last_arguments.push(collector.number.to_owned());
    Ok(program)
}
