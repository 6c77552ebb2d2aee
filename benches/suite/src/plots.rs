//! Plots of the figures, as SVG: a bar for each operation and system, the time of each workload
//! against the memory that it took, and curves.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::coord::ranged1d::ValueFormatter;
use plotters::prelude::*;

use crate::curves::Curves;
use crate::figures::Figures;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Draws all plots into a folder.
pub fn draw(figures: &Figures, folder: &Path) -> Result<()> {
    if !figures.operations.is_empty() {
        let height = 60 + 14 * bars(figures).len() as u32;
        let path = folder.join("operations.svg");
        let area = SVGBackend::new(&path, (900, height)).into_drawing_area();
        draw_bars(figures, &area).map_err(|error| anyhow!("{error}"))?;
    }
    for workload in &figures.workloads {
        let path = folder.join(format!("{workload}.svg"));
        let area = SVGBackend::new(&path, (700, 450)).into_drawing_area();
        draw_workload(figures, workload, &area).map_err(|error| anyhow!("{error}"))?;
    }
    Ok(())
}

/// The bars from the bottom up: label, time, and the number of the system.
fn bars(figures: &Figures) -> Vec<(String, f64, usize)> {
    let mut bars = Vec::new();
    for operation in figures.operations.iter().rev() {
        for (number, system) in figures.systems.iter().enumerate().rev() {
            if let Some(time) = figures.time(system, operation) {
                bars.push((format!("{operation}, {system}"), time, number));
            }
        }
    }
    bars
}

fn draw_bars(figures: &Figures, area: &Area<'_>) -> Result<(), Box<dyn std::error::Error>> {
    let bars = bars(figures);
    let greatest = bars.iter().map(|bar| bar.1).fold(1.0, f64::max);
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(area)
        .caption(
            "CPU time of one operation, in nanoseconds",
            ("sans-serif", 16),
        )
        .margin(8)
        .x_label_area_size(24)
        .y_label_area_size(260)
        .build_cartesian_2d(
            (0.5..greatest * 1.2).log_scale(),
            (0..bars.len()).into_segmented(),
        )?;
    let label = |row: &SegmentValue<usize>| match row {
        SegmentValue::CenterOf(row) => bars.get(*row).map_or(String::new(), |bar| bar.0.clone()),
        SegmentValue::Exact(_) | SegmentValue::Last => String::new(),
    };
    chart
        .configure_mesh()
        .disable_y_mesh()
        .y_labels(bars.len())
        .y_label_formatter(&label)
        .label_style(("sans-serif", 11))
        .draw()?;
    chart.draw_series(bars.iter().enumerate().map(|(row, (_, time, system))| {
        let mut bar = Rectangle::new(
            [
                (0.5, SegmentValue::Exact(row)),
                (*time, SegmentValue::Exact(row + 1)),
            ],
            Palette99::pick(*system).filled(),
        );
        bar.set_margin(2, 2, 0, 0);
        bar
    }))?;
    area.present()?;
    Ok(())
}

/// A point for each system: its time against its memory.
fn draw_workload(
    figures: &Figures,
    workload: &str,
    area: &Area<'_>,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut points = Vec::new();
    for (number, system) in figures.systems.iter().enumerate() {
        let time = figures.run(system, workload, |run| run.nanoseconds / run.units);
        let peak = figures.run(system, workload, |run| run.peak_bytes / f64::from(1 << 20));
        points.extend(
            time.zip(peak)
                .map(|(time, peak)| (system, number, peak, time)),
        );
    }
    let right = points.iter().map(|point| point.2).fold(1.0, f64::max) * 1.4;
    let top = points.iter().map(|point| point.3).fold(1.0, f64::max) * 1.1;
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(area)
        .caption(workload, ("sans-serif", 16))
        .margin(8)
        .x_label_area_size(36)
        .y_label_area_size(48)
        .build_cartesian_2d(0.0..right, 0.0..top)?;
    chart
        .configure_mesh()
        .x_desc("peak memory, MiB")
        .y_desc("CPU ns a unit")
        .draw()?;
    for (system, number, peak, time) in points {
        let color = Palette99::pick(number);
        chart.draw_series([Circle::new((peak, time), 4, color.filled())])?;
        chart.draw_series([Text::new(
            system.clone(),
            (peak + right / 100.0, time),
            ("sans-serif", 12),
        )])?;
    }
    area.present()?;
    Ok(())
}

/// A chart for each curve, with a line for each collector.
pub fn draw_curves(curves: &Curves, path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let columns = curves.points.len().clamp(1, 4);
    let rows = curves.points.len().div_ceil(columns).max(1);
    let size = (300 * columns as u32, 220 * rows as u32);
    let area = SVGBackend::new(path, size).into_drawing_area();
    area.fill(&WHITE)?;
    for ((name, lines), area) in curves.points.iter().zip(area.split_evenly((rows, columns))) {
        let points = || lines.values().flatten();
        let right = points().map(|point| point.0).fold(1.0, f64::max);
        let left = points().map(|point| point.0).fold(right, f64::min);
        let top = points().map(|point| point.1).fold(1.0, f64::max);
        let mut builder = ChartBuilder::on(&area);
        builder
            .caption(name, ("sans-serif", 14))
            .margin(6)
            .margin_right(18)
            .x_label_area_size(34)
            .y_label_area_size(48);
        if curves.logarithmic {
            let chart =
                builder.build_cartesian_2d((left..right).log_scale().base(2.0), 0.0..top * 1.2)?;
            draw_lines(curves, lines, chart)?;
        } else {
            let chart = builder.build_cartesian_2d(0.0..right * 1.1, 0.0..top * 1.2)?;
            draw_lines(curves, lines, chart)?;
        }
    }
    area.present()?;
    Ok(())
}

/// The lines of a chart, and their names.
fn draw_lines<'a, X, Y>(
    curves: &Curves,
    lines: &BTreeMap<String, Vec<(f64, f64)>>,
    mut chart: ChartContext<'a, SVGBackend<'a>, Cartesian2d<X, Y>>,
) -> Result<(), Box<dyn std::error::Error>>
where
    X: Ranged<ValueType = f64> + ValueFormatter<f64> + 'a,
    Y: Ranged<ValueType = f64> + ValueFormatter<f64> + 'a,
{
    chart
        .configure_mesh()
        .x_desc(curves.axes[0])
        .y_desc(curves.axes[1])
        .x_labels(6)
        .x_label_formatter(&|at| format!("{at:.0}"))
        .y_label_formatter(&|value| format!("{value:.0}"))
        .y_labels(5)
        .max_light_lines(0)
        .label_style(("sans-serif", 10))
        .draw()?;
    for (number, (name, points)) in lines.iter().enumerate() {
        let color = Palette99::pick(number).to_rgba();
        chart
            .draw_series(LineSeries::new(
                points.iter().copied(),
                color.stroke_width(2),
            ))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 12, y)], color));
        let circles = points
            .iter()
            .map(|&point| Circle::new(point, 2, color.filled()));
        chart.draw_series(circles)?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .label_font(("sans-serif", 10))
        .draw()?;
    Ok(())
}
