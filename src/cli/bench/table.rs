//! Reports as tables for people.

use std::fmt::Write;

use crate::load::{
    histogram::Summary,
    report::{Figure, Report, as_float},
};

/// A report.
pub(super) fn report(report: &Report) -> String {
    let settings: Vec<_> =
        report.settings.iter().map(|(name, value)| format!("{name} {value}")).collect();
    let mut out = format!("{}: {}\n\n", report.scenario, settings.join(", "));
    let mut rows: Vec<(String, String)> = Vec::new();
    let mut row = |name: &str, value: String| rows.push((name.to_owned(), value));
    if report.edits > 0 {
        let edits = as_float(report.edits) / report.seconds;
        row("edits", format!("{} in {:.2} s, {}/s", report.edits, report.seconds, number(edits)));
    }
    if report.deliveries > 0 {
        let each = as_float(report.deliveries) / report.seconds;
        row("deliveries", format!("{}, {}/s", report.deliveries, number(each)));
    }
    if report.frames > 0 {
        row("received", format!("{} frames, {} bytes", report.frames, report.bytes));
    }
    for (name, summary) in [
        ("delivered in", &report.delivery),
        ("acknowledged in", &report.acknowledged),
        ("in step in", &report.joined),
    ] {
        if let Some(summary) = summary {
            row(name, times(summary));
        }
    }
    if let Some(server) = &report.server {
        let (user, system) = server.cpu();
        row("server CPU", format!("{user:.2} s in the program, {system:.2} s in the system"));
        let after = &server.after;
        let kib = |kib: u64| format!("{:.1} MiB", as_float(kib) / 1024.0);
        let peak = kib(after.peak);
        row("server memory", format!("{}, at most {peak} so far", kib(after.resident)));
    }
    if let Some(cost) = report.cpu_per_delivery() {
        row("CPU per delivery", format!("{} µs", number(cost)));
    }
    for Figure { name, value, unit } in &report.more {
        row(name, format!("{} {unit}", number(*value)).trim_end().to_owned());
    }
    if let Some(found) = &report.convergence {
        let verdict = format!("{} of {} clients have everything", found.converged, found.clients);
        let lost =
            if found.lost > 0 { format!("; {} edits lost", found.lost) } else { String::new() };
        row("converged", verdict + &lost);
        for complaint in &found.complaints {
            row("", complaint.clone());
        }
    }
    if let Some(complaint) = report.complaint() {
        row("not sound", format!("the server {complaint}"));
    }
    for note in &report.notes {
        row("note", note.clone());
    }
    let width = rows.iter().map(|row| row.0.chars().count()).max().unwrap_or(0);
    for (name, value) in rows {
        let _infallible = writeln!(out, "  {name:width$}  {value}");
    }
    out
}

fn times(summary: &Summary) -> String {
    let Summary { count, mean: _, p50, p90, p99, max } = *summary;
    let [p50, p90, p99, max] = [p50, p90, p99, max].map(number);
    format!("p50 {p50} ms, p90 {p90}, p99 {p99}, at most {max} ({count})")
}

/// Three digits that mean something.
pub(super) fn number(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        0.0..0.01 => format!("{value:.4}"),
        0.01..1.0 => format!("{value:.3}"),
        1.0..10.0 => format!("{value:.2}"),
        10.0..100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}
