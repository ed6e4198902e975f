//! How much room a data directory takes, and how much is left, looked at now and then.

use std::{collections::BTreeMap, fs, path::Path, path::PathBuf, sync::Arc, time::Duration};

use tokio::{sync::watch, time::interval};

use super::files;
use crate::telemetry::{Meter, meter::Part};

/// Between two looks. A directory of archives has few files, and an index of sled has fewer.
const EVERY: Duration = Duration::from_secs(10);

/// Looks until `stop` turns true.
pub(super) async fn watch(directory: PathBuf, meter: Arc<Meter>, mut stop: watch::Receiver<bool>) {
    let mut every = interval(EVERY);
    loop {
        tokio::select! {
            _ = every.tick() => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        let (directory, meter) = (directory.clone(), Arc::clone(&meter));
        // A task that panicked or was cancelled leaves the numbers as they were.
        let _looked = tokio::task::spawn_blocking(move || look(&directory, &meter)).await.is_ok();
    }
}

fn look(directory: &Path, meter: &Meter) {
    let (files, backlog) = journal_below(&directory.join("log"));
    meter.journal_files.set(files);
    meter.journal_backlog.set(backlog);
    for (part, name) in [(Part::Journal, "log"), (Part::Archive, "archive"), (Part::Index, "index")]
    {
        meter.store_bytes[part].set(bytes_below(&directory.join(name)));
    }
    if let Some(free) = files::free(directory) {
        meter.disk_free.set(free);
    }
}

/// How many files a journal has, and the bytes of those that are full: all but the newest.
fn journal_below(log: &Path) -> (u64, u64) {
    let Ok(entries) = fs::read_dir(log) else { return (0, 0) };
    let number = |entry: &fs::DirEntry| {
        entry.file_name().to_str()?.strip_suffix(".log")?.parse::<u64>().ok()
    };
    let numbered = |entry: fs::DirEntry| Some((number(&entry)?, entry));
    let files: BTreeMap<u64, fs::DirEntry> = entries.flatten().filter_map(numbered).collect();
    let full = files.values().rev().skip(1);
    let bytes = full.filter_map(|entry| Some(entry.metadata().ok()?.len())).sum();
    (files.len() as u64, bytes)
}

/// What cannot be read, such as a file that just went, counts for nothing.
fn bytes_below(directory: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(directory) else { return 0 };
    let sizes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(found) if found.is_dir() => bytes_below(&entry.path()),
        Ok(found) => found.len(),
        Err(_) => 0,
    });
    sizes.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_count_where_they_lie() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("index/blobs")).unwrap();
        fs::create_dir(root.path().join("log")).unwrap();
        fs::write(root.path().join("log/1.log"), [0; 100]).unwrap();
        fs::write(root.path().join("index/db"), [0; 30]).unwrap();
        fs::write(root.path().join("index/blobs/7"), [0; 5]).unwrap();
        let meter = Meter::default();
        look(root.path(), &meter);
        let bytes = |part| meter.store_bytes[part].get();
        assert_eq!([bytes(Part::Journal), bytes(Part::Archive), bytes(Part::Index)], [100, 0, 35]);
        assert!(meter.disk_free.get() > 0);
    }

    #[test]
    fn full_files_of_the_journal_wait_and_the_newest_does_not() {
        let root = tempfile::tempdir().unwrap();
        let log = root.path().join("log");
        fs::create_dir(&log).unwrap();
        for (name, bytes) in [
            ("00000009.log", 100),
            ("00000010.log", 30),
            ("00000011.log", 7),
            ("00000008.log.damaged", 5000),
        ] {
            fs::write(log.join(name), vec![0; bytes]).unwrap();
        }
        let meter = Meter::default();
        look(root.path(), &meter);
        assert_eq!((meter.journal_files.get(), meter.journal_backlog.get()), (3, 130));
    }
}
