//! What a server held over time, and whether it held ever more.

use std::{fmt::Write, fs, path::Path};

use super::chart;
use crate::note;

/// One look at a server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    pub(super) seconds: f64,
    /// Resident, in KiB.
    pub(super) memory: u64,
    pub(super) descriptors: u64,
    pub(super) threads: u64,
    /// That have not ended.
    pub(super) tasks: u64,
    /// KiB of the store.
    pub(super) disk: u64,
    /// Edits that were acknowledged so far.
    pub(super) acked: u64,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Samples(pub(super) Vec<Sample>);

/// A quantity, what it may grow by in the second half (of itself, and at least by that much), and how
/// it is read.
type Quantity = (&'static str, f64, f64, fn(&Sample) -> f64);

/// Every edit is kept, so that it is the disk that an edit takes which stays the same.
const QUANTITIES: [Quantity; 5] = [
    ("memory in MiB", 0.10, 8.0, |it| it.memory as f64 / 1024.0),
    ("open files", 0.10, 60.0, |it| it.descriptors as f64),
    ("threads", 0.10, 8.0, |it| it.threads as f64),
    ("tasks", 0.10, 60.0, |it| it.tasks as f64),
    ("bytes on disk for an edit", 0.25, 20.0, |it| {
        it.disk as f64 * 1024.0 / it.acked.max(1) as f64
    }),
];

impl Samples {
    /// What grew from the middle to the end: by the straight line that lies closest to the samples.
    pub(super) fn swollen(&self) -> Vec<String> {
        let half = &self.0[self.0.len() / 2..];
        let grown = QUANTITIES.iter().filter_map(|(name, part, least, read)| {
            let points: Vec<(f64, f64)> = half.iter().map(|it| (it.seconds, read(it))).collect();
            let (slope, mean) = line(&points);
            let time = points.last()?.0 - points.first()?.0;
            let growth = slope * time;
            let allowed = (mean * part).max(*least);
            note(&format!("  {name}: {mean:.0} on average, {growth:+.1} over the second half"));
            (growth > allowed)
                .then(|| format!("{name} grew by {growth:.1}, {allowed:.1} is allowed"))
        });
        grown.collect()
    }

    /// Writes the samples down, and draws them.
    pub(super) fn keep(&self) {
        let tmp = Path::new(env!("CARGO_TARGET_TMPDIR")).join("soak.csv");
        let path = std::env::var_os("COSCRIBE_SOAK_CSV").map_or(tmp, Into::into);
        fs::write(&path, self.table()).expect("the samples can be written");
        let series = QUANTITIES.map(|(name, _, _, read)| {
            (name, self.0.iter().map(|it| (it.seconds, read(it))).collect::<Vec<_>>())
        });
        let picture = path.with_extension("svg");
        fs::write(&picture, chart::draw(&series)).expect("the graphs can be written");
        note(&format!("  samples: {}, graphs: {}", path.display(), picture.display()));
    }

    /// As CSV.
    pub(super) fn table(&self) -> String {
        let mut out = "seconds,memory_kib,open_files,threads,tasks,disk_kib,acked\n".to_owned();
        for it in &self.0 {
            let Sample { seconds, memory, descriptors, threads, tasks, disk, acked } = it;
            // Writing to a string cannot fail.
            let _ = writeln!(
                out,
                "{seconds:.1},{memory},{descriptors},{threads},{tasks},{disk},{acked}"
            );
        }
        out
    }
}

/// Slope and mean of the straight line closest to these points.
fn line(points: &[(f64, f64)]) -> (f64, f64) {
    let count = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0, y + point.1));
    let (x, y) = (x / count, y / count);
    let (over, under) = points.iter().fold((0.0, 0.0), |(over, under), point| {
        let from = point.0 - x;
        (over + from * (point.1 - y), under + from * from)
    });
    (if under > 0.0 { over / under } else { 0.0 }, y)
}

/// Bytes of all files below a folder, as blocks on the disk.
pub(super) fn bytes_below(folder: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(it) if it.is_dir() => bytes_below(&entry.path()),
        Ok(it) => it.blocks() * 512,
        Err(_) => 0,
    });
    sizes.sum()
}

#[test]
fn what_grows_is_found_and_what_goes_up_and_down_is_not() {
    let samples = |memory: fn(u64) -> u64| {
        let sample = |at: u64| Sample {
            seconds: at as f64,
            memory: memory(at) * 1024,
            descriptors: 20,
            threads: 9,
            tasks: 40 + at % 30,
            disk: at,
            acked: at * 10,
        };
        Samples((1..=60).map(sample).collect())
    };
    assert_eq!(samples(|at| 100 + at % 7).swollen(), Vec::<String>::new());
    assert_eq!(samples(|at| 100 + 40 * u64::from(at < 20)).swollen(), Vec::<String>::new());
    assert!(samples(|at| 100 + at).swollen()[0].starts_with("memory"), "a leak is not seen");
}
