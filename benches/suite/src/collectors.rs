//! The library's collectors, as the programs of this folder name them. A new collector is added
//! here.

/// A collector.
pub struct Collector {
    pub name: &'static str,
    /// Its number, as an argument of a program.
    pub number: &'static str,
    /// Whether it runs the workloads and the curves too. The null collector has no room for them,
    /// and the check collector is slow on purpose.
    pub runs_workloads: bool,
}

const fn collector(name: &'static str, number: &'static str, runs_workloads: bool) -> Collector {
    Collector {
        name,
        number,
        runs_workloads,
    }
}

/// All collectors, in the order of the tables' columns.
pub const ALL: [Collector; 5] = [
    collector("copying", "3", true),
    collector("drc", "2", true),
    collector("generational", "4", true),
    collector("null", "1", false),
    collector("check", "5", false),
];

/// The name of the default collector.
pub const DEFAULT: &str = "generational";

/// The number of collectors, from the first, whose instructions are compared with the floor. The
/// check collector is slow on purpose.
pub const COMPARED: usize = 4;

/// The collectors that run workloads and curves.
pub fn of_workloads() -> impl Iterator<Item = &'static Collector> {
    ALL.iter().filter(|collector| collector.runs_workloads)
}
