//! Time against memory: the workloads on systems whose use of memory can be set, each at several
//! settings.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::process::Command;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::collectors;
use crate::curves::Curves;
use crate::figures::median;
use crate::options::Options;
use crate::peers;
use crate::programs::{Kind, Program, field, output_of};
use crate::tables;

/// The workloads, which allocate and drop objects all the time.
const WORKLOADS: [&str; 5] = ["graph", "long_lived_tree", "queue", "text_index", "trees"];

/// A rule of heap sizing: its name, its number, and the percentages that are measured.
struct Rule {
    name: &'static str,
    number: &'static str,
    percentages: &'static [&'static str],
}

const RULES: [Rule; 3] = [
    Rule {
        name: "balanced",
        number: "0",
        percentages: &["0"],
    },
    Rule {
        name: "ratio",
        number: "1",
        percentages: &["10", "50", "100", "200", "400"],
    },
    Rule {
        name: "time share",
        number: "2",
        percentages: &["5", "10", "20", "40"],
    },
];

/// The limits of heaps, in percent of the live bytes.
const LIMITS: [u64; 4] = [125, 150, 200, 300];

/// The number of the rule that a heap with a limit follows, and its percentage.
const DEFAULT_RULE: [&str; 2] = ["0", "0"];

/// What sets the memory of another system: a variable of the environment, what its values begin
/// with, and how they go on.
struct Knob {
    system: &'static str,
    variable: &'static str,
    prefix: &'static str,
    values: &'static [&'static str],
}

const KNOBS: [Knob; 3] = [
    Knob {
        system: "bdwgc",
        variable: "GC_FREE_SPACE_DIVISOR",
        prefix: "",
        values: &["1", "2", "3", "5", "10", "20"],
    },
    Knob {
        system: "OCaml",
        variable: "OCAMLRUNPARAM",
        prefix: "o=",
        values: &["10", "20", "40", "80", "160", "400"],
    },
    Knob {
        system: "Java Serial",
        variable: "JAVA_TOOL_OPTIONS",
        prefix: "-Xmx",
        values: &["16m", "32m", "64m", "128m"],
    },
];

/// The columns of the table: the most memory, as a multiple of the live bytes.
const COLUMNS: [f64; 9] = [1.3, 1.5, 1.7, 2.0, 2.5, 3.0, 4.0, 6.0, 12.0];

/// Other systems have no rule. In the charts and in the table their knob stands for one.
const RULE_OF_SYSTEMS: &str = "ratio";

/// A way to run the workloads.
struct Setting {
    system: String,
    rule: &'static str,
    value: String,
    command: Vec<String>,
    arguments: Vec<String>,
    variable: Option<(&'static str, String)>,
}

impl Setting {
    /// CPU nanoseconds of a unit, and the greatest resident memory in bytes.
    fn run(&self, workload: &str) -> Result<[f64; 2]> {
        let mut command = Command::new(&self.command[0]);
        command
            .args(&self.command[1..])
            .arg(workload)
            .args(&self.arguments);
        if let Some((variable, value)) = &self.variable {
            command.env(variable, value);
        }
        let line = output_of(&mut command)?;
        Ok([field(&line, 3)? / field(&line, 2)?, field(&line, 4)?])
    }
}

/// What a workload took with one setting: medians over the rounds.
#[derive(Serialize)]
pub struct Point {
    workload: &'static str,
    system: String,
    rule: &'static str,
    value: String,
    /// CPU nanoseconds of a unit.
    nanoseconds: f64,
    peak_bytes: f64,
    /// The greatest number of bytes that are alive at one time.
    live_bytes: f64,
}

impl Point {
    fn ratio(&self) -> f64 {
        self.peak_bytes / self.live_bytes
    }

    fn name(&self) -> String {
        format!("{}, {}", self.system, self.rule)
    }
}

/// Measures all workloads with all settings, in rounds. A setting with which a workload does not
/// run is left out.
pub fn measure(options: &Options) -> Result<Vec<Point>> {
    let peers = built_peers(options);
    let mut points = Vec::new();
    for workload in WORKLOADS {
        if !options.measures(workload) {
            continue;
        }
        let live_bytes = live_bytes(options, workload)?;
        let settings = settings(options, &peers, live_bytes)?;
        let mut runs: Vec<Vec<[f64; 2]>> = settings.iter().map(|_| Vec::new()).collect();
        for round in 1..=options.rounds {
            eprintln!("{workload}, round {round} of {}", options.rounds);
            for (setting, runs) in settings.iter().zip(&mut runs) {
                runs.extend(setting.run(workload).ok());
            }
        }
        for (setting, runs) in settings.into_iter().zip(runs) {
            if runs.is_empty() {
                continue;
            }
            points.push(Point {
                workload,
                system: setting.system,
                rule: setting.rule,
                value: setting.value,
                nanoseconds: median(runs.iter().map(|run| run[0])),
                peak_bytes: median(runs.iter().map(|run| run[1])),
                live_bytes: live_bytes as f64,
            });
        }
    }
    Ok(points)
}

/// The greatest number of bytes of a workload that are alive at one time.
fn live_bytes(options: &Options, workload: &str) -> Result<u64> {
    let program = options.programs.join("gcroots_workload");
    let line = output_of(Command::new(program).args(["--live", workload]))?;
    Ok(line.trim().parse()?)
}

/// The other systems that can be built here.
fn built_peers(options: &Options) -> Vec<Program> {
    let has_knob = |name: &str| KNOBS.iter().any(|knob| knob.system == name);
    let mut programs = Vec::new();
    for peer in peers::ALL.iter().filter(|peer| has_knob(peer.name)) {
        match (peer.build)(options) {
            Ok(built) => programs.extend(built),
            Err(error) => eprintln!("not measured: {} ({error:#})", peer.name),
        }
    }
    programs.retain(|program| program.kind == Kind::Workloads);
    programs
}

fn settings(options: &Options, peers: &[Program], live_bytes: u64) -> Result<Vec<Setting>> {
    let program = options.programs.join("gcroots_workload");
    let program = program.to_str().context("the path is not UTF-8")?;
    let mut settings = Vec::new();
    for collector in collectors::of_workloads() {
        let mut add = |rule, value: String, arguments: [&str; 4]| {
            settings.push(Setting {
                system: collector.name.to_owned(),
                rule,
                value,
                command: vec![program.to_owned()],
                arguments: arguments.map(str::to_owned).to_vec(),
                variable: None,
            });
        };
        for rule in &RULES {
            for &percent in rule.percentages {
                let arguments = [collector.number, "0", rule.number, percent];
                add(rule.name, percent.to_owned(), arguments);
            }
        }
        for percent in LIMITS {
            let kibibytes = (live_bytes * percent / 100).div_ceil(1024).to_string();
            let [rule, of_rule] = DEFAULT_RULE;
            let arguments = [collector.number, &kibibytes, rule, of_rule];
            add("limit", percent.to_string(), arguments);
        }
    }
    for program in peers {
        for knob in KNOBS.iter().filter(|knob| knob.system == program.system) {
            for &value in knob.values {
                settings.push(Setting {
                    system: program.system.clone(),
                    rule: RULE_OF_SYSTEMS,
                    value: value.to_owned(),
                    command: program.command.clone(),
                    arguments: Vec::new(),
                    variable: Some((knob.variable, format!("{}{value}", knob.prefix))),
                });
            }
        }
    }
    Ok(settings)
}

/// The curves: for each workload a chart of the systems, and one of the rules for each collector.
pub fn curves(points: &[Point]) -> Curves {
    let mut curves = Curves {
        name: "memory",
        axes: ["peak memory, times the live bytes", "CPU ns a unit"],
        logarithmic: true,
        points: BTreeMap::new(),
    };
    let mut points: Vec<&Point> = points.iter().collect();
    points.sort_by(|a, b| a.ratio().total_cmp(&b.ratio()));
    let is_collector = |name: &str| collectors::ALL.iter().any(|known| known.name == name);
    for point in points {
        let at = (point.ratio(), point.nanoseconds);
        if point.rule == RULE_OF_SYSTEMS {
            curves.add(point.workload, &point.system, at);
        }
        if is_collector(&point.system) {
            let chart = format!("{}, {}", point.workload, point.system);
            curves.add(&chart, point.rule, at);
        }
    }
    curves
}

/// A table in Markdown: for each curve the least time of a unit that it takes with at most so
/// much memory.
pub fn table(points: &[Point]) -> String {
    let mut tables = String::new();
    for workload in WORKLOADS {
        let of_workload = || points.iter().filter(|point| point.workload == workload);
        let Some(first) = of_workload().next() else {
            continue;
        };
        let mut names: Vec<String> = of_workload().map(Point::name).collect();
        names.dedup();
        let live = first.live_bytes / f64::from(1 << 20);
        let title = format!("{workload}, {live:.1} MiB alive");
        let titles = COLUMNS.map(|most| format!("≤ {most}"));
        tables.push_str(&tables::header(
            &title,
            &titles.each_ref().map(String::as_str),
        ));
        for name in names {
            let cell = |most| {
                let fitting = of_workload().filter(|point| point.name() == name);
                let fitting = fitting.filter(|point| point.ratio() <= most);
                let least = fitting.map(|point| point.nanoseconds).reduce(f64::min);
                let mut cell = String::new();
                if let Some(time) = least {
                    let _ = write!(cell, "{time:.0}");
                }
                cell
            };
            tables::row(&mut tables, &name, COLUMNS.into_iter().map(cell));
        }
    }
    tables
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(rule: &'static str, nanoseconds: f64, peak_bytes: f64) -> Point {
        Point {
            workload: "queue",
            system: "copying".to_owned(),
            rule,
            value: String::new(),
            nanoseconds,
            peak_bytes,
            live_bytes: 1000.0,
        }
    }

    #[test]
    fn a_cell_is_the_least_time_with_at_most_its_memory() {
        let points = [
            point("ratio", 50.0, 1400.0),
            point("ratio", 20.0, 2900.0),
            point("ratio", 30.0, 3900.0),
            point("limit", 70.0, 5000.0),
        ];
        let table = table(&points);
        let row = "| copying, ratio |  | 50 | 50 | 50 | 50 | 20 | 20 | 20 | 20 |\n";
        assert!(table.contains(row), "{table}");
        let row = "| copying, limit |  |  |  |  |  |  |  | 70 | 70 |\n";
        assert!(table.contains(row), "{table}");
    }

    #[test]
    fn a_curve_goes_from_little_memory_to_much() {
        let points = [
            point("ratio", 20.0, 2000.0),
            point("ratio", 50.0, 1000.0),
            point("limit", 70.0, 5000.0),
        ];
        let curves = curves(&points);
        let expected = [(1.0, 50.0), (2.0, 20.0)];
        assert_eq!(curves.points["queue"]["copying"], expected);
        assert_eq!(curves.points["queue, copying"]["ratio"], expected);
        assert_eq!(curves.points["queue, copying"]["limit"], [(5.0, 70.0)]);
    }
}
