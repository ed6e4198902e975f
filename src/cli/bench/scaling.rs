//! `coscribe bench scaling`: the cost of a delivered edit along one axis, point by point.

use std::{fmt::Write, path::PathBuf, sync::Arc, time::Duration};

use clap::{Args, ValueEnum};

use super::{
    files, options,
    options::{RELAY_DIALECT, Server},
    progress::Progress,
};
use crate::load::{
    chart::{Chart, Kind, Series},
    cold, fan_out,
    plan::{Plan, Until},
    report::Report,
    trace::Trace,
};

/// Text that comes in one edit when a large document is made.
const PIECE: usize = 16 << 10;

/// See the command's help.
#[derive(Debug, Args)]
pub(super) struct ScalingArguments {
    /// What grows.
    #[arg(value_enum)]
    axis: Axis,

    #[command(flatten)]
    server: Server,

    /// Where along it, as in 2,10,50 [default: as far as the axis is promised to go].
    #[arg(long, value_delimiter = ',', value_name = "NUMBERS")]
    points: Vec<usize>,

    /// How long writers write at each point.
    #[arg(long, default_value_t = 3.0, value_name = "NUMBER")]
    seconds: f64,

    /// Measure the bare relay as well, where it has the axis: along clients and documents.
    #[arg(long)]
    baseline: bool,

    /// Draw it, as SVG.
    #[arg(long, value_name = "FILE")]
    chart: Option<PathBuf>,
}

/// What grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Axis {
    /// Clients of one document, one of whom writes.
    Clients,
    /// Documents with two clients each, one of whom writes.
    Documents,
    /// Bytes of text that a document holds before; ten clients.
    Size,
    /// Edits that were made of a document before; ten clients.
    History,
}

impl Axis {
    fn name(self) -> &'static str {
        match self {
            Self::Clients => "clients per document",
            Self::Documents => "documents",
            Self::Size => "bytes in the document",
            Self::History => "edits made before",
        }
    }

    fn points(self) -> &'static [usize] {
        match self {
            Self::Clients => &[2, 5, 10, 50, 200, 1_000, 2_000],
            Self::Documents => &[1, 10, 100, 1_000, 10_000],
            Self::Size => &[1_000, 10_000, 100_000, 1_000_000, 10_000_000],
            Self::History => &[1_000, 10_000, 100_000, 1_000_000],
        }
    }

    fn has_relay(self) -> bool {
        matches!(self, Self::Clients | Self::Documents)
    }

    /// How many clients and documents there are at a point.
    fn shape(self, point: usize) -> (usize, usize) {
        match self {
            Self::Clients => (point, 1),
            Self::Documents => (2, point),
            Self::Size | Self::History => (10, 1),
        }
    }

    /// What is in the document before.
    fn before(self, point: usize, seed: u64) -> anyhow::Result<Option<Trace>> {
        Ok(match self {
            Self::Clients | Self::Documents => None,
            Self::History => Some(Trace::drawn(seed, point)),
            Self::Size => {
                let lengths = (0..point).step_by(PIECE).map(|at| PIECE.min(point - at));
                let pieces = lengths.map(|length| (0, 0, "x".repeat(length)));
                Some(Trace::read(&serde_json::to_vec(&pieces.collect::<Vec<_>>())?)?)
            }
        })
    }
}

/// Measures point by point; gives a table and whether everybody converged.
pub(super) async fn scaling(arguments: &ScalingArguments) -> anyhow::Result<(String, bool)> {
    let ScalingArguments { axis, server, .. } = arguments;
    anyhow::ensure!(
        server.url.is_none(),
        "each point is measured on a server that is started for it"
    );
    let points: Vec<usize> = match &arguments.points[..] {
        [] => axis.points().to_vec(),
        points => points.to_vec(),
    };
    let progress = Progress::new();
    let (mut ours, mut relays) = (Vec::new(), Vec::new());
    for point in &points {
        let said = format!("{point} {}", axis.name());
        let told = |what: &str, done, all| progress.tell(&format!("{said}: {what}"), done, all);
        ours.push(measured(arguments, *point, &told).await?);
        if arguments.baseline && axis.has_relay() {
            let target = server.relay().await?;
            let plan = plan(arguments, *point)?;
            relays.push(fan_out::run(&target, RELAY_DIALECT, &plan, None, &told).await?);
        }
    }
    progress.end();
    if let Some(path) = &server.json {
        files::write(path, &ours)?;
    }
    if let Some(path) = &arguments.chart {
        std::fs::write(path, chart(*axis, &points, &ours, &relays).svg())?;
    }
    let sound = ours.iter().chain(&relays).all(Report::is_sound);
    Ok((table(*axis, &points, &ours, &relays), sound))
}

fn plan(arguments: &ScalingArguments, point: usize) -> anyhow::Result<Plan> {
    let (clients, documents) = arguments.axis.shape(point);
    Ok(Plan {
        clients,
        documents,
        until: Until::Time(Duration::try_from_secs_f64(arguments.seconds)?),
        at_once: arguments.server.at_once(),
        seed: arguments.server.seed,
        document: arguments.server.fresh_name(),
        ..Plan::default()
    })
}

async fn measured(
    arguments: &ScalingArguments,
    point: usize,
    told: crate::load::Told<'_>,
) -> anyhow::Result<Report> {
    let server = &arguments.server;
    let plan = plan(arguments, point)?;
    let target = server.target().await?;
    if let Some(trace) = arguments.axis.before(point, server.seed)? {
        let trace = Arc::new(trace);
        cold::write(&target.target, server.dialect, &plan.document, &trace, told).await?;
    }
    let mut report = fan_out::run(&target.target, server.dialect, &plan, None, told).await?;
    report.scenario = "scaling".to_owned();
    report.settings = options::settings(server, &target.target, &plan);
    report.settings.push((arguments.axis.name().to_owned(), point.to_string()));
    Ok(report)
}

fn table(axis: Axis, points: &[usize], ours: &[Report], relays: &[Report]) -> String {
    let mut out =
        format!("{:>22}  {:>16}  {:>12}", axis.name(), "CPU per delivery", "delivered p50");
    out.push_str(if relays.is_empty() { "\n" } else { "     relay   ratio\n" });
    for (index, (point, report)) in points.iter().zip(ours).enumerate() {
        let cost = report.cpu_per_delivery();
        let shown = cost.map_or_else(|| "-".to_owned(), |cost| format!("{cost:.2} µs"));
        let p50 = report.delivery.map_or_else(|| "-".to_owned(), |it| format!("{:.2} ms", it.p50));
        let _infallible = write!(out, "{point:>22}  {shown:>16}  {p50:>13}");
        if let (Some(ours), Some(relays)) =
            (cost, relays.get(index).and_then(Report::cpu_per_delivery))
        {
            let _infallible = write!(out, "  {relays:>5.2} µs  {:>5.2} ×", ours / relays);
        }
        let verdict = if report.is_sound() { "\n" } else { "  did not converge\n" };
        out.push_str(verdict);
    }
    out
}

fn chart(axis: Axis, points: &[usize], ours: &[Report], relays: &[Report]) -> Chart {
    let values = |reports: &[Report]| reports.iter().map(Report::cpu_per_delivery).collect();
    let series = |name: &str, reports| Series {
        name: name.to_owned(),
        values: values(reports),
        colour: None,
    };
    let mut all = vec![series("coscribe", ours)];
    if !relays.is_empty() {
        all.push(series("bare relay", relays));
    }
    Chart {
        title: format!("Server CPU per delivered edit (µs), by {}", axis.name()),
        unit: "µs".to_owned(),
        kind: Kind::Lines,
        log: true,
        along: points.iter().map(ToString::to_string).collect(),
        along_name: axis.name().to_owned(),
        series: all,
    }
}
