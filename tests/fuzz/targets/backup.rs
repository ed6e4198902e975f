//! The manifest of a backup, beside the copies that it may name: verified, put back, taken again.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use coscribe::{
    clock::TestClock,
    random::SeededRandom,
    storage::{
        backup::{restore, take, verify},
        faulty::FaultyDisk,
        local::{Local, LocalOptions},
    },
};

use super::{Input, store::written};

const MANIFEST: &str = "backup/MANIFEST";

/// A store and its backup, which were made once.
fn files() -> &'static BTreeMap<PathBuf, Vec<u8>> {
    static FILES: OnceLock<BTreeMap<PathBuf, Vec<u8>>> = OnceLock::new();
    FILES.get_or_init(|| {
        let disk = FaultyDisk::with_files(&written(5, 1 << 10));
        let (store, target) = (Path::new("store"), Path::new("backup"));
        take(&disk, store, target, &TestClock::default()).expect("a sound store can be copied");
        disk.files()
    })
}

fn checksum(body: &[u8]) -> String {
    format!("crc32 {:08x}", crc32fast::hash(body))
}

/// A manifest, with a right checksum or without.
pub(super) fn run(data: &[u8]) {
    let mut input = Input(data);
    let mended = input.byte() & 1 == 0;
    let mut manifest = input.rest().to_vec();
    if mended {
        manifest.retain(|byte| *byte != b'\n');
        let sum = checksum(&manifest);
        manifest.extend(format!("\n{sum}\n").bytes());
    }
    let mut files = files().clone();
    files.insert(MANIFEST.into(), manifest);
    let disk = FaultyDisk::with_files(&files);
    let (backup, back) = (Path::new("backup"), Path::new("back"));
    let verified = verify(&disk, backup);
    let (random, clock) = (SeededRandom::new(1), TestClock::default());
    let restored = restore(&disk, backup, back, (&random, &clock));
    assert!(verified.is_err() || restored.is_ok(), "sound, and not to be restored: {restored:?}");
    for (path, bytes) in &disk.files() {
        let is_there = path.starts_with(back) || files.get(path) == Some(bytes);
        assert!(is_there, "{} was written", path.display());
    }
    if restored.is_ok() {
        // Copies of a store are a store, however few of them there are.
        let options = LocalOptions { index_in_memory: true, ..LocalOptions::new(back) };
        let _ = Local::open(options, Arc::new(disk.clone()), Arc::new(TestClock::default()));
    }
    let disk = FaultyDisk::with_files(&files);
    if take(&disk, Path::new("store"), backup, &clock).is_ok() {
        let again = verify(&disk, backup);
        assert!(again.is_ok(), "what was just taken is not sound: {again:?}");
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let whole = &files()[Path::new(MANIFEST)];
    let body = whole.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let text = String::from_utf8_lossy(body).into_owned();
    let changed = [
        ("log/", "archive/"),
        ("\"files\":[", "\"aside\":["),
        ("\"growing\":true", "\"growing\":false"),
        ("\"flaws\":[]", "\"flaws\":[\"some\"]"),
        ("\"backup\":1", "\"backup\":2"),
        ("\"copy\":\"", "\"copy\":\"../"),
        ("00000001", "99999999"),
        ("\"crc32\":", "\"crc32\":1"),
    ];
    let changed = changed.iter().map(|(from, to)| text.replace(from, to).into_bytes());
    let bodies = changed.chain([body.to_vec()]).map(|body| [&[0][..], &body].concat());
    bodies.chain([[&[1][..], whole].concat()]).collect()
}
