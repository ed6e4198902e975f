//! Each kind of loss is told by its name, and what is there twice is used where one of them is damaged.

use super::*;
use crate::storage::{
    StoreFuture, archive,
    archive::{Archive, SegmentKind},
    index::Index,
    journal,
    local::stepped::Workers,
};

/// The files of a store with two documents, of which the first is in archives only, and a past of the third
/// was cut.
async fn archived() -> Files {
    let disk = FaultyDisk::new();
    let store = start(&disk, "/store");
    for number in 1..=3 {
        store.create(&name(&number.to_string()), id(number), Timestamp(1)).await.unwrap();
    }
    for (number, last) in [(1, 3), (3, 9)] {
        for seq in 1..=last {
            store.append(id(number), vec![entry(text(number, seq))]).await.unwrap();
        }
    }
    let kept = Kept { floor: Seq(8), moments: vec![Seq(3)] };
    let state = |seq| StoredEntry { seq: Seq(seq), entry: entry("state") };
    store.cut(id(3), kept, vec![state(3), state(8)]).await.unwrap();
    for seq in 1..=ENTRIES {
        store.append(id(2), vec![entry(text(2, seq))]).await.unwrap();
    }
    store.settle_for_test();
    store.close().await.unwrap();
    disk.files()
}

/// The same with a byte changed in every segment that is meant.
fn without(files: &Files, is_meant: impl Fn(&archive::SegmentPlace) -> bool) -> FaultyDisk {
    let disk = FaultyDisk::with_files(files);
    let mut hits = 0;
    for path in files.keys().filter(|path| archive::parse_file_name(path).is_some()) {
        for place in Archive::open(&disk, path).unwrap().into_footer().segments {
            if is_meant(&place) {
                disk.flip(path, usize::try_from(place.offset).unwrap() + 90, 1);
                hits += 1;
            }
        }
    }
    assert!(hits > 0, "there is no such segment");
    disk
}

fn of(repaired: &Repaired, number: u64) -> &Outcome {
    let found = repaired.documents.iter().find(|it| it.id == id(number));
    found.unwrap_or_else(|| panic!("nothing is told of {number}: {repaired:?}"))
}

#[tokio::test]
async fn a_document_of_which_nothing_is_left_is_told() {
    let files = archived().await;
    let disk = without(&files, |it| it.kind == SegmentKind::Content && it.document == id(1));
    let repaired = mend(&disk).unwrap();
    assert!(of(&repaired, 1).gone && !repaired.is_whole(), "{repaired:?}");
    assert!(of(&repaired, 2).is_whole(), "{repaired:?}");
    assert_eq!(start(&disk, "/new").find(&name("1")).await.unwrap(), None);
}

#[tokio::test]
async fn a_moment_whose_state_is_lost_is_told() {
    let files = archived().await;
    let disk = without(&files, |it| it.kind == SegmentKind::Base && it.first == Seq(3));
    let repaired = mend(&disk).unwrap();
    assert_eq!(of(&repaired, 3).lost_states, [Seq(3)], "{repaired:?}");
    assert!(!of(&repaired, 3).is_whole() && !repaired.is_whole());
}

#[tokio::test]
async fn a_name_that_was_made_up_is_told() {
    let files = archived().await;
    let is_small = |kind| !matches!(kind, SegmentKind::Content | SegmentKind::Base);
    let repaired = mend(&without(&files, |it| is_small(it.kind))).unwrap();
    let outcome = of(&repaired, 2);
    assert!(outcome.named_anew && !outcome.is_whole(), "{repaired:?}");
    assert_eq!(outcome.name, made_up(id(2)));
    assert_eq!(outcome.kept, ENTRIES);
}

#[tokio::test]
async fn files_that_are_missing_or_damaged_are_told() {
    let files = archived().await;
    let mut less = files.clone();
    let gone = less.keys().find(|path| archive::parse_file_name(path).is_some()).cloned().unwrap();
    less.remove(&gone);
    let repaired = mend(&FaultyDisk::with_files(&less)).unwrap();
    let missing = |flaw: &String| flaw.contains("journal file") && flaw.ends_with("missing");
    assert!(repaired.flaws.iter().any(missing), "{repaired:?}");

    let disk = FaultyDisk::new();
    let store = start(&disk, "/store");
    store.create(&name("1"), id(1), Timestamp(1)).await.unwrap();
    for seq in 1..=3 {
        store.append(id(1), vec![entry(text(1, seq))]).await.unwrap();
    }
    store.close().await.unwrap();
    let log = disk.files().into_keys().find(|path| journal::number(path).is_some()).unwrap();
    let end = disk.files()[&log].iter().rposition(|byte| *byte != 0).unwrap();
    disk.flip(&log, (1024 + end) / 2, 1);
    let repaired = mend(&disk).unwrap();
    assert!(repaired.flaws.iter().any(|flaw| flaw.contains("damaged")), "{repaired:?}");
}

#[tokio::test]
async fn a_second_file_of_the_same_name_has_what_the_first_has_lost() {
    let files = sample().await;
    let log = files.keys().rfind(|path| journal::number(path).is_some()).unwrap();
    let end = files[log].iter().rposition(|byte| *byte != 0).unwrap();
    let disk = FaultyDisk::with_files(&files);
    disk.flip(log, (1024 + end) / 2, 1);
    assert!(!mend(&disk).unwrap().is_whole(), "the damage costs something");
    let mut twice = files.clone();
    twice.insert("/store/log/00000099.log".into(), files[log].clone());
    let disk = FaultyDisk::with_files(&twice);
    disk.flip(log, (1024 + end) / 2, 1);
    let repaired = mend(&disk).unwrap();
    let whole = repaired.documents.iter().all(|it| it.kept == ENTRIES && it.lost.is_empty());
    assert!(whole, "{repaired:?}");
}

/// What is answered, once it is written. Nothing is sealed meanwhile.
fn told<T>(workers: &mut Workers, answer: StoreFuture<T>) -> T {
    use futures_util::FutureExt;
    let mut answer = answer;
    loop {
        if let Some(told) = (&mut answer).now_or_never() {
            return told.unwrap();
        }
        assert!(workers.commit(), "nothing is left to write, and there is no answer");
    }
}

#[test]
fn a_journal_file_that_is_still_there_has_what_its_archive_has_lost() {
    let disk = FaultyDisk::new();
    let options =
        LocalOptions { journal_file_bytes: 4096, reserve_bytes: 0, ..LocalOptions::new("/store") };
    let clock = Arc::new(TestClock::default());
    let opened = Local::open_stepped(options, Arc::new(disk.clone()), clock, Index::in_memory());
    let (store, mut workers, _) = opened.unwrap();
    told(&mut workers, store.create(&name("1"), id(1), Timestamp(1)));
    for seq in 1..=ENTRIES {
        told(&mut workers, store.append(id(1), vec![entry(text(1, seq))]));
    }
    let before = disk.files();
    while workers.tidy() {}
    workers.close(&store);
    let mut files = disk.files();
    let sealed: Vec<_> = before.keys().filter(|path| !files.contains_key(*path)).collect();
    assert!(!sealed.is_empty(), "something was sealed");
    let is_content = |it: &archive::SegmentPlace| it.kind == SegmentKind::Content;
    assert!(!mend(&without(&files, is_content)).unwrap().is_whole(), "the damage costs something");
    for path in sealed {
        files.insert(path.clone(), before[path].clone());
    }
    let repaired = mend(&without(&files, is_content)).unwrap();
    assert!(of(&repaired, 1).lost.is_empty(), "{repaired:?}");
    assert_eq!(of(&repaired, 1).kept, ENTRIES);
}
