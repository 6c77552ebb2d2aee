//! Runs the programs, and reads what they print.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::callgrind;
use crate::figures::{Figures, Workload};
use crate::options::Options;
use crate::programs::{Kind, Program, output_of};

/// Measures a program once.
pub fn measure(program: &Program, options: &Options, figures: &mut Figures) -> Result<()> {
    match program.kind {
        Kind::Operations => {
            let lines = output_of(&mut program.command(&["--time"]))?;
            read_lines(&lines, program, options, figures)
        }
        Kind::Workloads => {
            for name in program.names()? {
                if options.measures(&name) {
                    let lines = output_of(&mut program.command(&[&name]))?;
                    read_lines(&lines, program, options, figures)?;
                }
            }
            Ok(())
        }
    }
}

/// Reads the lines that benches/measure.h and benches/workloads/requests.h describe.
fn read_lines(
    lines: &str,
    program: &Program,
    options: &Options,
    figures: &mut Figures,
) -> Result<()> {
    for line in lines.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [kind, name, values @ ..] = &fields[..] else {
            bail!("{} printed {line:?}", program.system);
        };
        if !options.measures(name) {
            continue;
        }
        let values: Vec<f64> = values
            .iter()
            .map(|value| {
                value
                    .parse()
                    .with_context(|| format!("not a number in {line:?}"))
            })
            .collect::<Result<_>>()?;
        match (*kind, &values[..]) {
            ("operation", &[time]) => {
                figures
                    .operation(&program.system, name)
                    .nanoseconds
                    .push(time);
            }
            ("workload", &[units, nanoseconds, peak_bytes, ref requests @ ..]) => {
                let requests = requests
                    .try_into()
                    .context("four percentiles are expected")?;
                let run = Workload {
                    units,
                    nanoseconds,
                    peak_bytes,
                    requests,
                };
                figures.add_run(&program.system, name, run);
            }
            _ => bail!("{} printed {line:?}", program.system),
        }
    }
    Ok(())
}

/// How often an operation runs while its instructions are counted.
const COUNTED: u32 = 4096;

/// Counts the instructions of each operation of a program with callgrind.
pub fn count_instructions(
    program: &Program,
    options: &Options,
    figures: &mut Figures,
) -> Result<()> {
    if program.kind != Kind::Operations {
        return Ok(());
    }
    for name in program.names()? {
        if !options.measures(&name) {
            continue;
        }
        let plain = program.command(&[&name, &COUNTED.to_string()]);
        let mut counted = Command::new("valgrind");
        counted
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg("--toggle-collect=measured")
            .arg(plain.get_program())
            .args(plain.get_args());
        let output = counted.output().context("cannot run valgrind")?;
        let log = String::from_utf8_lossy(&output.stderr);
        if let Some(total) = callgrind::collected(&log) {
            let operation = figures.operation(&program.system, &name);
            operation.instructions = Some(total / f64::from(COUNTED));
        }
    }
    Ok(())
}
