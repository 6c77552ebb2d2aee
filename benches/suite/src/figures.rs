//! What was measured, and its medians.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

/// The figures of a run.
#[derive(Default, Serialize)]
pub struct Figures {
    /// The systems, in the order of the tables.
    pub systems: Vec<String>,
    /// The names of the operations, in the order of the table.
    pub operations: Vec<String>,
    /// The names of the workloads, in the order of the table.
    pub workloads: Vec<String>,
    /// For each system and operation, what was measured.
    pub times: BTreeMap<String, BTreeMap<String, Operation>>,
    /// For each system and workload, what each round measured.
    pub runs: BTreeMap<String, BTreeMap<String, Vec<Workload>>>,
}

/// One operation of one system.
#[derive(Default, Serialize)]
pub struct Operation {
    /// CPU time in nanoseconds, of each round.
    pub nanoseconds: Vec<f64>,
    /// Instructions, if they were counted.
    pub instructions: Option<f64>,
}

/// One run of a workload.
#[derive(Clone, Copy, Serialize)]
pub struct Workload {
    pub units: f64,
    /// CPU time in nanoseconds.
    pub nanoseconds: f64,
    pub peak_bytes: f64,
    /// The median, the 99th and the 99.9th percentile, and the greatest of the times that
    /// requests took, in nanoseconds.
    pub requests: [f64; 4],
}

impl Figures {
    /// The operation of a system, which is added if it is new.
    pub fn operation(&mut self, system: &str, name: &str) -> &mut Operation {
        add(&mut self.systems, system);
        add(&mut self.operations, name);
        let operations = self.times.entry(system.to_owned()).or_default();
        operations.entry(name.to_owned()).or_default()
    }

    /// Adds a run of a workload.
    pub fn add_run(&mut self, system: &str, name: &str, run: Workload) {
        add(&mut self.systems, system);
        add(&mut self.workloads, name);
        let runs = self.runs.entry(system.to_owned()).or_default();
        runs.entry(name.to_owned()).or_default().push(run);
    }

    /// The median time of an operation, in nanoseconds.
    pub fn time(&self, system: &str, operation: &str) -> Option<f64> {
        let times = &self.times.get(system)?.get(operation)?.nanoseconds;
        Some(median(times.iter().copied()))
    }

    pub fn instructions(&self, system: &str, operation: &str) -> Option<f64> {
        self.times.get(system)?.get(operation)?.instructions
    }

    /// The median, over the rounds, of a figure of a workload.
    pub fn run(&self, system: &str, workload: &str, of: fn(&Workload) -> f64) -> Option<f64> {
        let runs = self.runs.get(system)?.get(workload)?;
        Some(median(runs.iter().map(of)))
    }
}

/// Writes what was measured as JSON.
pub fn write_json(figures: &impl Serialize, path: &Path) -> Result<()> {
    let text = serde_json::to_string_pretty(figures)?;
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn add(names: &mut Vec<String>, name: &str) {
    if !names.iter().any(|known| known == name) {
        names.push(name.to_owned());
    }
}

/// The median of at least one value.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_the_median_of_the_rounds() {
        let mut figures = Figures::default();
        figures.operation("floor", "push").nanoseconds = vec![9.0, 1.0, 2.0];
        assert_eq!(figures.time("floor", "push"), Some(2.0));
        assert_eq!(figures.time("floor", "read"), None);
    }
}
