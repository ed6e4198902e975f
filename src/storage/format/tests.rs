//! A version of the future that knows formats 1 to 3, stores of each, and every moment at which bringing one
//! to another can be interrupted.

use std::path::PathBuf;

use super::*;
use crate::{
    random::SeededRandom,
    storage::faulty::{Faults, FaultyDisk},
};

/// Rewrites each file of the journal beside itself with a letter more, unless that was done.
fn add(disk: &dyn Disk, directories: &Directories, from: &str, to: &str) -> Result<(), OpenError> {
    let log = &directories.log;
    let failed = |error| OpenError::disk("rewrite", log)(error);
    let mut paths = disk.list(log).map_err(failed)?;
    paths.retain(|path| path.extension().is_some_and(|it| it == from));
    for path in paths {
        let old = disk.open(&path, false).map_err(failed)?;
        let mut bytes = disk::read_all(&*old).map_err(failed)?;
        bytes.extend(to.as_bytes());
        let unfinished = path.with_extension("tmp");
        let _left = disk.remove(&unfinished);
        let new = disk.create(&unfinished).map_err(failed)?;
        new.write_at(&bytes, 0).and_then(|()| new.sync()).map_err(failed)?;
        disk.rename(&unfinished, &path.with_extension(to)).map_err(failed)?;
        disk.sync_dir(log).map_err(failed)?;
        disk.remove(&path).map_err(failed)?;
    }
    disk.sync_dir(log).map_err(failed)
}

const TO_2: Step = |disk, directories| add(disk, directories, "1", "2");
const TO_3: Step = |disk, directories| add(disk, directories, "2", "3");
const OLD: Formats<'_> = Formats { number: 1, steps: &[] };
const NEW: Formats<'_> = Formats { number: 3, steps: &[TO_2, TO_3] };
/// It has forgotten how to read format 1.
const NEWER: Formats<'_> = Formats { number: 4, steps: &[TO_2, TO_2] };

fn directories() -> Directories {
    Directories::new(Path::new("/store"))
}

fn store() -> FaultyDisk {
    let mut files: std::collections::BTreeMap<PathBuf, Vec<u8>> = (1..=3)
        .map(|number| (format!("/store/log/{number}.1").into(), format!("{number}:").into()))
        .collect();
    files.insert("/store/FORMAT".into(), b"coscribe store 1\n".to_vec());
    FaultyDisk::with_files(&files)
}

fn told(outcome: Result<bool, OpenError>) -> String {
    outcome.unwrap_err().to_string()
}

/// Whether every file is there once, and was rewritten as the format asks.
fn is_of_format_3(disk: &FaultyDisk) -> bool {
    let mut files = disk.files();
    files.remove(Path::new("/store/FORMAT"));
    let wanted = (1..=3).map(|it| (format!("/store/log/{it}.3").into(), format!("{it}:23").into()));
    files == wanted.collect()
}

#[test]
fn an_older_store_is_brought_to_the_format_of_the_version_that_opens_it() {
    let disk = store();
    let waits = told(NEW.check(&disk, Path::new("/store")));
    assert!(waits.contains("says format 1, which the server brings to format 3"), "{waits}");
    assert!(NEW.reach(&disk, &directories()).unwrap());
    assert!(is_of_format_3(&disk), "{:?}", disk.files());
    assert!(NEW.check(&disk, Path::new("/store")).unwrap());
    let done = disk.operations();
    assert!(NEW.reach(&disk, &directories()).unwrap());
    assert_eq!(disk.operations(), done, "nothing is left to do");
}

#[test]
fn a_newer_store_and_one_that_is_too_old_are_refused_and_not_touched() {
    let disk = store();
    NEW.reach(&disk, &directories()).unwrap();
    let files = disk.files();
    for formats in [OLD, FORMATS] {
        let refused = told(formats.reach(&disk, &directories()));
        assert!(refused.contains("says format 3, but this version knows 1"), "{refused}");
    }
    assert_eq!(disk.files(), files);
    let disk = store();
    let files = disk.files();
    let refused = told(NEWER.reach(&disk, &directories()));
    assert!(refused.contains("says format 1, but this version knows 4"), "{refused}");
    assert_eq!(disk.files(), files);
    assert!(!NEW.reach(&FaultyDisk::new(), &directories()).unwrap(), "there is none");
}

/// Interrupts it, says whether it was, and looks what the older version makes of what is left before the newer
/// one goes on.
fn interrupted(disk: &FaultyDisk, crash: &dyn Fn(&FaultyDisk)) -> bool {
    let was = NEW.reach(disk, &directories()).is_err() || disk.is_off();
    crash(disk);
    let original = store().files();
    match OLD.reach(disk, &directories()) {
        Ok(_) => {
            let mut files = disk.files();
            files.remove(Path::new("/store/FORMAT.tmp"));
            assert_eq!(files, original, "an older version takes it for its own");
        }
        Err(error) => assert!(error.to_string().contains("says format 3"), "{error}"),
    }
    was
}

#[test]
fn a_stop_at_any_operation_is_gone_on_from_and_no_older_version_takes_half_of_it() {
    let sweep = |fault: &dyn Fn(&mut Faults, u64)| {
        let mut met = 0;
        for at in 1.. {
            let (killed, cut) = (store(), store());
            let clear = |disk: &FaultyDisk| disk.set(|faults| *faults = Faults::default());
            for disk in [&killed, &cut] {
                disk.set(|faults| fault(faults, at));
            }
            let was = interrupted(&killed, &clear);
            interrupted(&cut, &|disk| disk.crash(&SeededRandom::new(at)));
            for disk in [killed, cut] {
                assert!(NEW.reach(&disk, &directories()).unwrap());
                assert!(is_of_format_3(&disk), "stopped at {at}: {:?}", disk.files());
            }
            if !was {
                break;
            }
            met += 1;
        }
        met
    };
    assert!(sweep(&|faults, at| faults.power_off_at = Some(at)) > 40);
    assert!(sweep(&|faults, at| faults.write_error_at = Some(at)) > 10);
    assert!(sweep(&|faults, at| faults.sync_error_at = Some(at)) > 5);
}
