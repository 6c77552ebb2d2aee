//! Curves: the cost of a unit of work at several sizes, and the time of workloads against the size
//! of the heap.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};
use serde::Serialize;

use crate::collectors::{self, Collector};
use crate::options::Options;
use crate::plots;
use crate::programs::output_of;
use crate::tables;

/// The sizes at which work is measured. Others are powers of two too.
const SIZES: [u64; 5] = [1 << 10, 1 << 12, 1 << 14, 1 << 16, 1 << 18];

/// The greatest size of work that takes the square of the size.
const GREATEST_SQUARE: u64 = 1 << 14;

/// The limits of heaps, in MiB.
const LIMITS: [u32; 8] = [12, 16, 24, 32, 48, 64, 96, 128];

/// Curves of one kind.
#[derive(Serialize)]
pub struct Curves {
    /// The name of the file.
    pub name: &'static str,
    /// What the horizontal and the vertical axis show.
    pub axes: [&'static str; 2],
    /// Whether the axes are logarithmic.
    pub logarithmic: bool,
    /// For each curve, the points of each collector.
    pub points: BTreeMap<String, BTreeMap<String, Vec<(f64, f64)>>>,
}

impl Curves {
    fn add(&mut self, name: &str, collector: &str, point: (f64, f64)) {
        let curve = self.points.entry(name.to_owned()).or_default();
        curve.entry(collector.to_owned()).or_default().push(point);
    }

    /// The curves as a table: a row for each curve and collector.
    pub fn table(&self) -> String {
        let of_a_row = |points: &Vec<(f64, f64)>| {
            let cell = |&(at, value): &(f64, f64)| format!("{value:.1} ({at:.0})");
            points.iter().map(cell).collect::<Vec<String>>()
        };
        let mut rows = Vec::new();
        for (name, collectors) in &self.points {
            for (collector, points) in collectors {
                rows.push((format!("{name}, {collector}"), of_a_row(points)));
            }
        }
        let columns = rows.iter().map(|row| row.1.len()).max().unwrap_or(0);
        let title = format!("{} ({})", self.axes[1], self.axes[0]);
        let mut table = tables::header(&title, &vec![""; columns]);
        for (name, cells) in rows {
            tables::row(&mut table, &name, cells.into_iter());
        }
        table
    }

    /// Writes the curves as JSON and as a plot.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let path = folder.join(format!("{}.json", self.name));
        let text = serde_json::to_string_pretty(self)?;
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        let path = folder.join(format!("{}.svg", self.name));
        plots::draw_curves(self, &path).map_err(|error| anyhow!("{error}"))
    }
}

/// The cost of a unit of work at several sizes.
pub fn over_size(options: &Options) -> Result<Curves> {
    let program = options.programs.join("curves");
    let mut curves = Curves {
        name: "curves",
        axes: ["size", "CPU ns a unit"],
        logarithmic: true,
        points: BTreeMap::new(),
    };
    for line in output_of(&mut Command::new(&program))?.lines() {
        let (name, kind) = line.split_once('\t').unwrap_or((line, ""));
        if !options.measures(name) {
            continue;
        }
        eprintln!("{name}");
        for Collector {
            name: collector,
            number,
            ..
        } in collectors::of_workloads()
        {
            for size in SIZES {
                if kind == "square" && size > GREATEST_SQUARE {
                    continue;
                }
                let mut command = Command::new(&program);
                command.args(["--time", name, &size.to_string(), number]);
                let time = field(&output_of(&mut command)?, 3)?;
                curves.add(name, collector, (size as f64, time));
            }
        }
    }
    Ok(curves)
}

/// The time of workloads against the limit of the heap. A limit that is too low for a workload is
/// named and left out.
pub fn over_heap_size(options: &Options) -> Result<Curves> {
    let program = options.programs.join("gcroots_workload");
    let mut curves = Curves {
        name: "heap_sizes",
        axes: ["limit of the heap, MiB", "CPU ns a unit"],
        logarithmic: false,
        points: BTreeMap::new(),
    };
    for name in output_of(&mut Command::new(&program))?.lines() {
        if !options.measures(name) {
            continue;
        }
        for Collector {
            name: collector,
            number,
            ..
        } in collectors::of_workloads()
        {
            for limit in LIMITS {
                eprintln!("{name}, {collector}, {limit} MiB");
                let mut command = Command::new(&program);
                command.args([name, number, &limit.to_string()]);
                match output_of(&mut command) {
                    Ok(line) => {
                        let time = field(&line, 3)? / field(&line, 2)?;
                        curves.add(name, collector, (f64::from(limit), time));
                    }
                    Err(error) => eprintln!("not measured: {error:#}"),
                }
            }
        }
    }
    Ok(curves)
}

/// A number in a line with tabs between the fields.
fn field(line: &str, at: usize) -> Result<f64> {
    let Some(field) = line.trim().split('\t').nth(at) else {
        bail!("not enough fields in {line:?}");
    };
    field
        .parse()
        .with_context(|| format!("not a number in {line:?}"))
}
