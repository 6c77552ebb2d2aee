//! The benchmark suite: builds the programs, runs them in turn, and prints one table of
//! operations and one of workloads. It also writes the figures as JSON, and plots them.
//!
//! benches/README.md says what is measured and how. `scripts/bench` runs this program.

mod callgrind;
mod collectors;
mod costs;
mod curves;
mod figures;
mod functions;
mod interpreters;
mod memory;
mod options;
mod peers;
mod plots;
mod processes;
mod programs;
mod readme;
mod rounds;
mod scheme;
mod tables;

use anyhow::{Context, Result};

use figures::Figures;
use options::Options;
use programs::Program;

fn main() -> Result<()> {
    let Some(options) = Options::parse()? else {
        print!("{}", options::HELP);
        return Ok(());
    };
    std::fs::create_dir_all(&options.output)
        .with_context(|| format!("cannot make {}", options.output.display()))?;
    if options.functions || options.costs || options.check_costs {
        return counted_functions(&options);
    }
    std::fs::create_dir_all(&options.results)
        .with_context(|| format!("cannot make {}", options.results.display()))?;
    let results = &options.results;
    if options.curves {
        let curves = curves::over_size(&options)?;
        print!("{}", curves.table());
        figures::write_json(&curves, &results.join("curves.json"))?;
        curves.draw(results)?;
    } else if options.memory {
        let points = memory::measure(&options)?;
        let table = memory::table(&points);
        print!("{table}");
        std::fs::write(results.join("memory.md"), table)?;
        figures::write_json(&points, &results.join("memory.json"))?;
        memory::curves(&points).draw(results)?;
    } else if options.scheme {
        let cells = scheme::measure(&options)?;
        print!("{}", scheme::table(&cells));
        figures::write_json(&cells, &results.join("scheme.json"))?;
    } else {
        tables_of_programs(&options)?;
    }
    eprintln!("figures and plots are in {}", options.results.display());
    Ok(())
}

/// Counts the functions, and prints them, or compares them with the header's table of costs.
fn counted_functions(options: &Options) -> Result<()> {
    let rows = functions::count(options)?;
    if options.check_costs {
        return costs::check(&rows, options);
    }
    if options.costs {
        return costs::write(&rows, options);
    }
    print!("{}", functions::tables(rows, options));
    Ok(())
}

/// Measures the operations and workloads of all systems.
fn tables_of_programs(options: &Options) -> Result<()> {
    let programs = build(options)?;
    let mut figures = Figures::default();
    for round in 1..=options.rounds {
        eprintln!("round {round} of {}", options.rounds);
        for program in &programs {
            rounds::measure(program, options, &mut figures)?;
        }
    }
    if options.instructions {
        for program in &programs {
            rounds::count_instructions(program, options, &mut figures)?;
        }
    }
    print!("{}", tables::operations(&figures));
    print!("{}", tables::workloads(&figures));
    figures::write_json(&figures, &options.results.join("figures.json"))?;
    if options.readme {
        readme::write(&figures, options)?;
    }
    plots::draw(&figures, &options.results)
}

/// Builds all programs. A peer that cannot be built is named and left out.
fn build(options: &Options) -> Result<Vec<Program>> {
    let mut programs = peers::floor(options)?;
    programs.extend(programs::of_the_library(options)?);
    if options.peers {
        for peer in peers::ALL {
            match (peer.build)(options) {
                Ok(built) => programs.extend(built),
                Err(error) => eprintln!("not measured: {} ({error:#})", peer.name),
            }
        }
    }
    Ok(programs)
}
