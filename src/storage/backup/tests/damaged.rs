//! Backups of stores that are damaged: what an earlier backup has sound stays, what is damaged is told
//! each time, and nobody else's files are touched.

use super::*;
use crate::storage::{
    disk::{self, DiskFile},
    journal,
};

type Files = BTreeMap<PathBuf, Vec<u8>>;

fn archives(files: &Files) -> Vec<PathBuf> {
    files.keys().filter(|path| path.starts_with("/store/archive")).cloned().collect()
}

/// The newest journal file, and where what was written of it ends.
fn newest(files: &Files) -> (PathBuf, usize) {
    let journals = files.keys().filter(|path| path.starts_with("/store/log"));
    let path = journals.max().expect("there is one").clone();
    let end = files[&path].iter().rposition(|byte| *byte != 0).expect("it has a header");
    (path, end + 1)
}

/// Restores the backup and reads one document of it.
async fn restored(disk: &FaultyDisk, document: u64) -> Vec<String> {
    let disk = FaultyDisk::with_files(&disk.files());
    put_back(&disk, BACK).unwrap();
    read(&start(&disk, BACK), document).await
}

/// A disk with a store of two documents, of which all is in the newest journal file, and its backup.
async fn backed_up_unsealed() -> FaultyDisk {
    let disk = FaultyDisk::new();
    let store = start(&disk, STORE);
    begin(&store, 2).await;
    write(&store, 2, 1..=3).await;
    store.close().await.unwrap();
    back_up(&disk).unwrap();
    disk
}

#[tokio::test]
async fn copies_of_archives_that_are_lost_stay() {
    let disk = backed_up().await;
    let mut files = disk.files();
    for path in archives(&files) {
        files.remove(&path);
    }
    let disk = FaultyDisk::with_files(&files);
    for round in 0..3 {
        let taken = back_up(&disk).unwrap();
        assert!(taken.damage[0].contains("missing"), "{round}: {taken:?}");
        assert_eq!(restored(&disk, 1).await, expected(1, 30), "{round}");
    }
}

#[tokio::test]
async fn copies_of_archives_that_are_cut_or_damaged_at_their_end_stay() {
    let sound = backed_up().await.files();
    for how in 0..3 {
        let mut files = sound.clone();
        for path in archives(&sound) {
            let bytes = files.get_mut(&path).unwrap();
            let end = bytes.len();
            match how {
                0 => bytes.truncate(end - 300),
                1 => bytes[end - 5] ^= 1,
                _ => bytes[end - 400..].fill(0),
            }
        }
        let disk = FaultyDisk::with_files(&files);
        for _ in 0..2 {
            let taken = back_up(&disk).unwrap();
            assert!(taken.damage.iter().any(|it| it.contains("/store/archive/")), "{taken:?}");
            assert_eq!(restored(&disk, 1).await, expected(1, 30), "{how}");
        }
    }
}

#[tokio::test]
async fn the_copy_of_a_journal_file_that_was_damaged_since_stays() {
    let sound = backed_up_unsealed().await.files();
    let (path, end) = newest(&sound);
    for how in 0..4 {
        let mut files = sound.clone();
        let bytes = files.get_mut(&path).unwrap();
        match how {
            0 => bytes[end / 2] ^= 1,
            1 => bytes.truncate(end / 2),
            2 => bytes[end / 2..].fill(0),
            _ => bytes[..1024].fill(7),
        }
        let disk = FaultyDisk::with_files(&files);
        for _ in 0..2 {
            assert_ne!(back_up(&disk).unwrap().damage, Vec::<String>::new(), "{how}");
            for number in 1..=2 {
                assert_eq!(restored(&disk, number).await, expected(number, 3), "{how}");
            }
        }
    }
}

#[tokio::test]
async fn what_a_damaged_journal_file_got_since_is_added_to_its_sound_copy() {
    let disk = FaultyDisk::new();
    let store = start(&disk, STORE);
    begin(&store, 1).await;
    write(&store, 1, 1..=3).await;
    back_up(&disk).unwrap();
    let (path, end) = newest(&disk.files());
    write(&store, 1, 4..=6).await;
    drop(store);
    disk.flip(&path, end - 400, 1);
    assert_ne!(back_up(&disk).unwrap().damage, Vec::<String>::new());
    assert_eq!(restored(&disk, 1).await, expected(1, 6));
}

#[tokio::test]
async fn a_journal_file_that_was_read_wrongly_is_copied_anew() {
    let disk = backed_up_unsealed().await;
    let (path, end) = newest(&disk.files());
    let elsewhere = Path::new("/elsewhere");
    let taken = || take(&disk, Path::new(STORE), elsewhere, &TestClock::default()).unwrap();
    disk.flip(&path, end / 2, 1);
    assert_ne!(taken().damage, Vec::<String>::new());
    // Its length is the same.
    disk.flip(&path, end / 2, 1);
    assert_eq!(taken().damage, Vec::<String>::new());
    let (random, clock) = (&SeededRandom::new(3), &TestClock::default());
    restore(&disk, elsewhere, Path::new(BACK), (random, clock)).unwrap();
    for number in 1..=2 {
        assert_eq!(read(&start(&disk, BACK), number).await, expected(number, 3));
    }
}

#[tokio::test]
async fn a_copy_that_was_damaged_itself_stands_for_nothing() {
    let disk = backed_up().await;
    let mut files = disk.files();
    let archive = archives(&files).swap_remove(0);
    let name = archive.file_name().unwrap().to_string_lossy().into_owned();
    files.remove(&archive);
    let is_copy = |path: &PathBuf| path.to_string_lossy().contains(&format!("files/{name}."));
    let copy = files.keys().find(|path| is_copy(path)).cloned().expect("it was copied");
    files.get_mut(&copy).unwrap()[200] ^= 1;
    let disk = FaultyDisk::with_files(&files);
    let taken = back_up(&disk).unwrap();
    assert!(taken.damage.iter().any(|it| it.contains("missing")), "{taken:?}");
    verify(&disk, Path::new(BACKUP)).unwrap();
    assert!(disk.files().contains_key(&copy), "there may be something in it");
}

#[tokio::test]
async fn a_copy_that_somebody_removed_or_cut_is_made_anew() {
    let disk = backed_up().await;
    for copy in below(&disk, "/backup/files").into_keys() {
        for cut in [false, true] {
            let mut files = disk.files();
            match cut {
                false => drop(files.remove(&copy)),
                true => drop(files.get_mut(&copy).unwrap().pop()),
            }
            let disk = FaultyDisk::with_files(&files);
            assert_eq!(back_up(&disk).unwrap().copied, 1, "{} {cut}", copy.display());
            verify(&disk, Path::new(BACKUP)).unwrap();
        }
    }
}

#[tokio::test]
async fn a_copy_that_changes_while_it_is_restored_is_told() {
    let disk = backed_up_unsealed().await;
    let copy = below(&disk, "/backup/files").into_keys().next_back().expect("there is one");
    let (sound, left) = (Arc::new(AtomicU64::new(1)), Arc::new(AtomicU64::new(1)));
    let name = copy.file_name().unwrap().to_string_lossy().into_owned();
    let torn = Torn { disk: disk.clone(), file: copy, at: journal::START + 60, sound, left };
    let (random, clock) = (&SeededRandom::new(3), &TestClock::default());
    let error = restore(&torn, Path::new(BACKUP), Path::new(BACK), (random, clock)).unwrap_err();
    let told = format!("files/{name} changed while it was restored");
    assert!(error.to_string().contains(&told), "{error}");
    assert!(!disk.files().contains_key(Path::new("/back/FORMAT")), "nothing opens it");
}

#[tokio::test]
async fn copies_of_what_was_merged_into_a_damaged_archive_stand_for_it() {
    let disk = FaultyDisk::new();
    let store = start(&disk, STORE);
    begin(&store, 1).await;
    let (mut last, mut had) = (0, Vec::new());
    loop {
        write(&store, 1, last + 1..=last + 4).await;
        last += 4;
        store.settle_for_test();
        let now = archives(&disk.files());
        if had.iter().any(|path| !now.contains(path)) {
            break;
        }
        back_up(&disk).unwrap();
        had = now;
    }
    store.close().await.unwrap();
    let now = archives(&disk.files());
    let merged = now.iter().find(|path| !had.contains(path)).expect("one is new");
    disk.flip(merged, 300, 1);
    for _ in 0..2 {
        let taken = back_up(&disk).unwrap();
        assert!(taken.damage.iter().any(|it| it.contains("is damaged at byte")), "{taken:?}");
        let aside = manifest::read(&disk, Path::new(BACKUP)).unwrap().unwrap().aside;
        let found = FaultyDisk::with_files(&disk.files());
        put_back(&found, BACK).unwrap();
        // Either the pieces stand for the whole, or what there is of them is kept.
        if aside.is_empty() {
            assert_eq!(read(&start(&found, BACK), 1).await, expected(1, last));
        } else {
            let sound = |kept: &manifest::Kept| kept.flaws == Some(Vec::new());
            assert!(aside.iter().all(sound), "{aside:?}");
        }
    }
}

#[tokio::test]
async fn a_store_that_was_set_back_does_not_replace_its_newer_backup() {
    let disk = FaultyDisk::new();
    let store = start(&disk, STORE);
    begin(&store, 1).await;
    write(&store, 1, 1..=3).await;
    let then = below(&disk, STORE);
    write(&store, 1, 4..=6).await;
    drop(store);
    back_up(&disk).unwrap();
    let disk = {
        let mut files = disk.files();
        files.retain(|path, _| !path.starts_with(STORE));
        files.extend(then);
        FaultyDisk::with_files(&files)
    };
    for is_sealed in [false, true] {
        let store = start(&disk, STORE);
        write(&store, 1, 4..=4).await;
        if is_sealed {
            store.settle_for_test();
        }
        drop(store);
        let error = back_up(&disk).unwrap_err().to_string();
        assert!(error.contains("of this one when it was newer"), "{is_sealed}: {error}");
    }
    assert_eq!(restored(&disk, 1).await, expected(1, 6));
}

#[tokio::test]
async fn damage_is_told_as_long_as_it_is_there() {
    let disk = backed_up().await;
    let archive = archives(&disk.files()).swap_remove(0);
    disk.flip(&archive, 200, 1);
    let elsewhere = || {
        take(&disk, Path::new(STORE), Path::new("/elsewhere"), &TestClock::default())
            .unwrap()
            .damage
    };
    let first = elsewhere();
    assert_eq!(first.len(), 1, "{first:?}");
    assert_eq!((elsewhere(), elsewhere()), (first.clone(), first));
    disk.flip(&archive, 200, 1);
    assert_eq!(elsewhere(), Vec::<String>::new(), "it is sound again");
}

#[tokio::test]
async fn an_archive_that_the_disk_does_not_give_whole_is_copied_as_far_as_it_does() {
    let disk = FaultyDisk::new();
    let store = start(&disk, STORE);
    begin(&store, 2).await;
    write(&store, 2, 1..=12).await;
    write(&store, 1, 13..=40).await;
    store.settle_for_test();
    store.close().await.unwrap();
    for at in [0, 200, 1 << 40] {
        let disk = FaultyDisk::with_files(&disk.files());
        let path = archives(&disk.files()).swap_remove(0);
        let at = at.min(disk.files()[&path].len() as u64 - 1);
        disk.set(|faults| faults.read_error_at = Some((".arc", at)));
        let taken = back_up(&disk).unwrap();
        let told = format!("{} cannot be read whole", path.display());
        assert!(taken.damage.contains(&told), "{at}: {taken:?}");
        verify(&disk, Path::new(BACKUP)).unwrap();
    }
}

#[tokio::test]
async fn what_cannot_be_read_of_the_newest_file_does_not_pass_for_torn() {
    let disk = backed_up_unsealed().await;
    let (path, end) = newest(&disk.files());
    let other = Path::new("/other");
    disk.set(|faults| faults.read_error_at = Some((".log", end as u64 - 1)));
    let taken = take(&disk, Path::new(STORE), other, &TestClock::default()).unwrap();
    assert!(taken.damage.iter().any(|it| it.contains("are damaged")), "{taken:?}");
    let name = format!("{}.", path.file_name().unwrap().to_string_lossy());
    let copied = below(&disk, "/other/files");
    let copied = copied.iter().find(|(path, _)| path.to_string_lossy().contains(&name));
    assert_eq!(copied.unwrap().1.len(), disk.files()[&path].len());
}

#[tokio::test]
async fn nobody_elses_files_are_touched() {
    let disk = backed_up().await;
    let with = |path: &str| {
        let mut files = disk.files();
        files.insert(path.into(), b"mine".to_vec());
        FaultyDisk::with_files(&files)
    };
    for path in
        ["/letters/letters/a.txt", "/letters/files/photo.jpg", "/letters/files/a/00000001.log.tmp"]
    {
        let disk = with(path);
        let theirs = Path::new("/letters");
        let refused = take(&disk, Path::new(STORE), theirs, &TestClock::default()).unwrap_err();
        assert!(refused.to_string().contains("is not empty and holds no backup"), "{refused}");
        assert_eq!(below(&disk, "/letters").len(), 1, "nothing was made beside {path}");
    }
    for path in ["/backup/files/photo.jpg", "/backup/files/00000001.log.old", "/backup/notes.txt"] {
        let disk = with(path);
        back_up(&disk).unwrap();
        assert_eq!(disk.files()[Path::new(path)], b"mine", "{path}");
    }
    let disk = with("/backup/files/00000099.log.tmp");
    back_up(&disk).unwrap();
    assert!(!disk.files().contains_key(Path::new("/backup/files/00000099.log.tmp")));
}

/// Gives a byte of one file wrongly for so many times, after it was given as it is for so many.
struct Torn {
    disk: FaultyDisk,
    file: PathBuf,
    at: u64,
    sound: Arc<AtomicU64>,
    left: Arc<AtomicU64>,
}

struct TornFile {
    file: Box<dyn DiskFile>,
    at: u64,
    sound: Arc<AtomicU64>,
    left: Arc<AtomicU64>,
}

fn is_left(times: &AtomicU64) -> bool {
    times.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

impl disk::Disk for Torn {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.disk.create(path)
    }
    fn open(&self, path: &Path, write: bool) -> io::Result<Box<dyn DiskFile>> {
        let file = self.disk.open(path, write)?;
        if path != self.file {
            return Ok(file);
        }
        let (sound, left) = (Arc::clone(&self.sound), Arc::clone(&self.left));
        Ok(Box::new(TornFile { file, at: self.at, sound, left }))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk.remove(path)
    }
    fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        self.disk.list(directory)
    }
    fn create_dir(&self, directory: &Path) -> io::Result<()> {
        self.disk.create_dir(directory)
    }
    fn sync_dir(&self, directory: &Path) -> io::Result<()> {
        self.disk.sync_dir(directory)
    }
}

impl DiskFile for TornFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let count = self.file.read_at(buffer, offset)?;
        let at = usize::try_from(self.at.wrapping_sub(offset)).unwrap_or(usize::MAX);
        if at < count && !is_left(&self.sound) && is_left(&self.left) {
            buffer[at] ^= 1;
        }
        Ok(count)
    }
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_at(bytes, offset)
    }
    fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }
    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.file.set_len(bytes)
    }
    fn reserve(&self, bytes: u64) -> io::Result<()> {
        self.file.reserve(bytes)
    }
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }
}

#[tokio::test]
async fn a_write_that_is_seen_half_is_no_damage() {
    let disk = backed_up_unsealed().await;
    let (path, _) = newest(&disk.files());
    for (times, is_sound) in [(1, true), (u64::MAX, false)] {
        let torn = Torn {
            disk: disk.clone(),
            file: path.clone(),
            at: journal::START + 60,
            sound: Arc::default(),
            left: Arc::new(AtomicU64::new(times)),
        };
        let target = PathBuf::from(format!("/torn{times}"));
        let taken = take(&torn, Path::new(STORE), &target, &TestClock::default()).unwrap();
        assert_eq!(taken.damage.is_empty(), is_sound, "{taken:?}");
    }
}
