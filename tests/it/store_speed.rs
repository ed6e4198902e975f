//! How fast the local engine acknowledges and opens, on the disk below the temporary directory. Not
//! run by itself, as numbers are for people:
//!
//!     cargo test --release --test it store_speed -- --ignored --nocapture --test-threads 1
//!
//! `COSCRIBE_STORE` names a directory for the store of many documents: a first run makes it and a
//! second run, whose memory holds nothing else, opens it.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use coscribe::{
    clock::{Clock, SystemClock, Timestamp},
    identity::{Author, AuthorKind},
    ids::{DocumentId, DocumentName},
    storage::{
        Entry, Store, StoreError,
        disk::{Disk, DiskFile, Lock, StdDisk},
        local::{Local, LocalOptions},
    },
};

const RUN: Duration = Duration::from_secs(3);
const DOCUMENTS: u64 = 100_000;

/// Counts the syncs of files.
#[derive(Clone, Default)]
struct Counting(Arc<AtomicU64>);

struct CountingFile(Box<dyn DiskFile>, Arc<AtomicU64>);

impl Disk for Counting {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(CountingFile(StdDisk.create(path)?, Arc::clone(&self.0))))
    }
    fn open(&self, path: &Path, write: bool) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(CountingFile(StdDisk.open(path, write)?, Arc::clone(&self.0))))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        StdDisk.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        StdDisk.remove(path)
    }
    fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        StdDisk.list(directory)
    }
    fn create_dir(&self, directory: &Path) -> io::Result<()> {
        StdDisk.create_dir(directory)
    }
    fn sync_dir(&self, directory: &Path) -> io::Result<()> {
        StdDisk.sync_dir(directory)
    }
    fn lock(&self, path: &Path, holder: &str) -> io::Result<Lock> {
        StdDisk.lock(path, holder)
    }
}

impl DiskFile for CountingFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(buffer, offset)
    }
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_at(bytes, offset)
    }
    fn sync(&self) -> io::Result<()> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.sync()
    }
    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.0.set_len(bytes)
    }
    fn reserve(&self, bytes: u64) -> io::Result<()> {
        self.0.reserve(bytes)
    }
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }
}

fn id(number: u64) -> DocumentId {
    let mut bytes = [9; 16];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    DocumentId::from_bytes(bytes)
}

fn entry(author: &Arc<Author>) -> Entry {
    Entry { time: Timestamp(1), author: Arc::clone(author), update: vec![7; 100].into() }
}

fn author() -> Arc<Author> {
    let kind = AuthorKind::Claimed;
    Arc::new(Author { kind, user: "u".into(), name: "Ada".into(), connection: 1 })
}

fn say(text: &str) {
    let mut out = io::stderr();
    writeln!(out, "{text}").expect("somebody reads it");
}

fn per_second(count: u64, time: Duration) -> f64 {
    Duration::from_secs(1).div_duration_f64(time) * f64::from(u32::try_from(count).expect("few"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "tells numbers, which nothing here can judge"]
async fn acknowledged_appends_per_second_beside_a_bare_file() {
    let clock = SystemClock::new();
    for writers in [1, 64, 1024] {
        let directory = tempfile::tempdir().expect("a directory");
        let bare = bare_file(directory.path(), &clock).unwrap();
        let disk = Counting::default();
        let options = LocalOptions::new(directory.path().join("store"));
        let (store, _) = Local::open(options, Arc::new(disk.clone()), Arc::new(clock)).unwrap();
        let store = Arc::new(store);
        for number in 0..writers {
            let name = DocumentName::new(&format!("document {number}")).unwrap();
            store.create(&name, id(number), Timestamp(1)).await.unwrap();
        }
        let (started, before) = (clock.elapsed(), disk.0.load(Ordering::Relaxed));
        let tasks: Vec<_> = (0..writers)
            .map(|number| {
                let (store, author) = (Arc::clone(&store), author());
                tokio::spawn(async move {
                    let mut acks = 0;
                    while clock.elapsed() - started < RUN {
                        store.append(id(number), vec![entry(&author)]).await.unwrap();
                        acks += 1;
                    }
                    acks
                })
            })
            .collect();
        let mut acks = 0;
        for task in tasks {
            acks += task.await.unwrap();
        }
        let time = clock.elapsed() - started;
        let syncs = disk.0.load(Ordering::Relaxed) - before;
        store.close().await.unwrap();
        say(&format!(
            "{writers} writers: {:.0} acks/s with {:.0} syncs/s; a bare file: {bare:.0} syncs/s",
            per_second(acks, time),
            per_second(syncs, time),
        ));
    }
}

/// Writes and syncs of 100 bytes per second, one after the other, in reserved space.
fn bare_file(directory: &Path, clock: &SystemClock) -> io::Result<f64> {
    let file = StdDisk.create(&directory.join("bare"))?;
    file.reserve(64 << 20)?;
    file.sync()?;
    let (started, mut count) = (clock.elapsed(), 0);
    while clock.elapsed() - started < RUN / 3 {
        file.write_at(&[7; 100], count * 100)?;
        file.sync()?;
        count += 1;
    }
    Ok(per_second(count, clock.elapsed() - started))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "tells numbers, which nothing here can judge"]
async fn opening_a_store_of_many_small_documents() {
    let Some(root) = std::env::var_os("COSCRIBE_STORE").map(PathBuf::from) else {
        return say("COSCRIBE_STORE names no directory");
    };
    let clock = SystemClock::new();
    let is_new = !root.join("FORMAT").exists();
    let options = LocalOptions { journal_file_bytes: 8 << 20, ..LocalOptions::new(&root) };
    let (started, memory) = (clock.elapsed(), resident());
    let (store, report) = Local::open(options, Arc::new(StdDisk), Arc::new(clock)).unwrap();
    say(&format!(
        "{report}: opened in {:?}, resident memory grew by {} KiB from {memory}",
        clock.elapsed() - started,
        resident() - memory,
    ));
    if is_new {
        make(&store).await.unwrap();
        let log = root.join("log");
        while fs::read_dir(&log).unwrap().count() > 1 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    store.close().await.unwrap();
}

async fn make(store: &Local) -> Result<(), StoreError> {
    let author = author();
    let mut waiting = std::collections::VecDeque::new();
    for number in 0..DOCUMENTS {
        let name = format!("folder {}/document {number}", number % 100);
        let name = DocumentName::new(&name).expect("it is short");
        drop(store.create(&name, id(number), Timestamp(1)));
        waiting.push_back(store.append(id(number), vec![entry(&author), entry(&author)]));
        if waiting.len() > 2000 {
            waiting.pop_front().expect("there are many").await?;
        }
    }
    for append in waiting {
        append.await?;
    }
    Ok(())
}

/// KiB of this process that are in memory.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
