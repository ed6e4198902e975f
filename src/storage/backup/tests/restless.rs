//! A store whose files are replaced while they are copied: they are listed again until it holds still.

use super::*;
use crate::storage::disk::{self, DiskFile};

/// What is not there yet, or not any more, for so many times.
struct Restless {
    disk: FaultyDisk,
    file: PathBuf,
    /// Lists do not have it.
    unlisted: AtomicU64,
    /// It is listed, and gone when it is to be opened.
    vanished: AtomicU64,
}

impl Restless {
    fn of(disk: &FaultyDisk, file: &Path, unlisted: u64, vanished: u64) -> Self {
        let (unlisted, vanished) = (AtomicU64::new(unlisted), AtomicU64::new(vanished));
        Self { disk: FaultyDisk::with_files(&disk.files()), file: file.into(), unlisted, vanished }
    }

    fn take(&self) -> Result<Taken, BackupError> {
        take(self, Path::new(STORE), Path::new(BACKUP), &TestClock::default())
    }
}

fn is_left(times: &AtomicU64) -> bool {
    times.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

impl disk::Disk for Restless {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.disk.create(path)
    }
    fn open(&self, path: &Path, write: bool) -> io::Result<Box<dyn DiskFile>> {
        if path == self.file && is_left(&self.vanished) {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.disk.open(path, write)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk.remove(path)
    }
    fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        let mut listed = self.disk.list(directory)?;
        if listed.contains(&self.file) && is_left(&self.unlisted) {
            listed.retain(|path| *path != self.file);
        }
        Ok(listed)
    }
    fn create_dir(&self, directory: &Path) -> io::Result<()> {
        self.disk.create_dir(directory)
    }
    fn sync_dir(&self, directory: &Path) -> io::Result<()> {
        self.disk.sync_dir(directory)
    }
}

/// A store with an archive and a journal file, and their paths.
async fn sealed() -> (FaultyDisk, PathBuf, PathBuf) {
    let disk = FaultyDisk::new();
    let store = start(&disk, STORE);
    begin(&store, 1).await;
    write(&store, 1, 1..=30).await;
    store.settle_for_test();
    store.close().await.unwrap();
    let of = |root: &str| below(&disk, root).into_keys().next_back().expect("there is one");
    let (archive, journal) = (of("/store/archive"), of("/store/log"));
    (disk, archive, journal)
}

#[tokio::test]
async fn what_is_replaced_meanwhile_is_listed_again_and_nothing_is_missing() {
    let (disk, archive, journal) = sealed().await;
    for (file, unlisted, vanished) in
        [(&archive, 2, 0), (&archive, 0, 2), (&journal, 2, 0), (&journal, 0, 2), (&archive, 3, 3)]
    {
        let restless = Restless::of(&disk, file, unlisted, vanished);
        let taken = restless.take().unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        assert_eq!(taken.damage, Vec::<String>::new(), "{} {unlisted}", file.display());
        put_back(&restless.disk, BACK).unwrap();
        assert_eq!(read(&start(&restless.disk, BACK), 1).await, expected(1, 30));
    }
}

#[tokio::test]
async fn what_is_never_listed_is_missing_and_what_never_holds_still_is_not_copied() {
    let (disk, archive, _) = sealed().await;
    let taken = Restless::of(&disk, &archive, u64::MAX, 0).take().unwrap();
    assert!(taken.damage.iter().any(|it| it.contains("missing")), "{taken:?}");
    let error = Restless::of(&disk, &archive, 0, u64::MAX).take().unwrap_err().to_string();
    assert!(error.contains("changed 50 times"), "{error}");
}
