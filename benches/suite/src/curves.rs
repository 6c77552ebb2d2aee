//! Curves: what they are, and the cost of a unit of work at several sizes.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, anyhow};
use serde::Serialize;

use crate::collectors::{self, Collector};
use crate::options::Options;
use crate::plots;
use crate::programs::{field, output_of};
use crate::tables;

/// The sizes at which work is measured. Others are powers of two too.
const SIZES: [u64; 5] = [1 << 10, 1 << 12, 1 << 14, 1 << 16, 1 << 18];

/// The greatest size of work that takes the square of the size.
const GREATEST_SQUARE: u64 = 1 << 14;

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
    /// Adds a point to the curve of a collector, or of another system or setting.
    pub fn add(&mut self, name: &str, collector: &str, point: (f64, f64)) {
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

    /// Draws the curves.
    pub fn draw(&self, folder: &Path) -> Result<()> {
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
