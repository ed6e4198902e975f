//! The commands that look after a whole data directory.

use std::path::PathBuf;

use bytes::Bytes;

use super::*;
use crate::{
    clock::Timestamp,
    identity::Author,
    ids::DocumentId,
    storage::{Entry, Kept, Store, StoredEntry, archive::Archive, faulty::FaultyDisk},
};

/// Works on the store in `dir` as a server would, and stops.
fn with_store<T>(dir: &Path, work: impl AsyncFnOnce(&Local) -> T) -> T {
    let options = LocalOptions { index_in_memory: true, ..LocalOptions::new(dir.join("store")) };
    let clock = Arc::new(SystemClock::new());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let (store, _) = Local::open(options, Arc::new(StdDisk), clock).unwrap();
        let done = work(&store).await;
        store.close().await.unwrap();
        done
    })
}

fn entry(update: &'static [u8]) -> Entry {
    let author =
        Author { kind: AuthorKind::Server, user: "".into(), name: "".into(), connection: 0 };
    Entry { time: Timestamp(7), author: Arc::new(author), update: Bytes::from_static(update) }
}

/// The newest file of the journal.
fn journal(dir: &Path) -> PathBuf {
    look(dir).files().unwrap().pop().unwrap().path
}

/// Changes a byte where `what` is first found in the newest file of the journal.
fn damage(dir: &Path, what: &[u8]) {
    let path = journal(dir);
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.windows(what.len()).position(|window| window == what).expect("it is there");
    bytes[at] ^= 1;
    std::fs::write(&path, bytes).unwrap();
}

fn json(told: &str) -> serde_json::Value {
    serde_json::from_str(told).unwrap()
}

#[test]
fn check_says_of_every_document_whether_it_is_sound() {
    let dir = with_files();
    run(dir.path(), "import ./hi.yjs other").unwrap();
    run(dir.path(), "import ./more.yjs other").unwrap();
    run(dir.path(), "import ./hi.yjs notes").unwrap();
    let (code, told) = run(dir.path(), "check").unwrap();
    assert_eq!(code, ExitCode::SUCCESS, "{told}");
    assert!(told.contains("sound            2  other\n"), "{told}");
    assert!(told.contains("2 documents, 3 edits, ") && told.ends_with(": all sound\n"), "{told}");

    damage(dir.path(), HI);
    let (code, told) = run(dir.path(), "check").unwrap();
    assert_eq!(code, ExitCode::FAILURE, "{told}");
    assert!(told.contains("sound            2  other\n"), "{told}");
    assert!(told.contains("DAMAGED             notes: "), "{told}");
    assert!(told.contains(" of journal file ") && told.contains(": 1 damaged\n"), "{told}");
    let (_, told) = run(dir.path(), "check --json").unwrap();
    let found = json(&told);
    assert_eq!((&found["sound"], &found["documents"][1]["edits"]), (&false.into(), &2.into()));
    assert_eq!(found["documents"][0]["sound"], false, "{told}");
}

#[test]
fn check_finds_edits_whose_bytes_are_sound_and_which_make_no_document() {
    let dir = with_files();
    let id = |number| DocumentId::from_bytes([number; 16]);
    with_store(dir.path(), async |store| {
        for (number, name) in [(1, "gap"), (2, "junk"), (3, "moment"), (4, "fine")] {
            let name = DocumentName::new(name).unwrap();
            store.create(&name, id(number), Timestamp(1)).await.unwrap();
            store.append(id(number), vec![entry(HI)]).await.unwrap();
        }
        // Builds on a letter that nobody wrote.
        let lost = &[1, 1, 1, 5, 0x84, 1, 4, 1, b'?', 0];
        store.append(id(1), vec![entry(MORE), entry(lost)]).await.unwrap();
        store.append(id(2), vec![entry(b"junk")]).await.unwrap();
        let first_is_missing = |seq, update| StoredEntry { seq, entry: entry(update) };
        for (number, moment) in [(3, MORE), (4, HI)] {
            store.append(id(number), vec![entry(MORE), entry(&[0, 0])]).await.unwrap();
            let kept = Kept { floor: Seq(3), moments: vec![Seq(2)] };
            let whole = &[1, 1, 1, 0, 4, 1, 1, b't', 3, b'h', b'i', b'!', 0];
            let states = vec![first_is_missing(Seq(2), moment), first_is_missing(Seq(3), whole)];
            store.cut(id(number), kept, states).await.unwrap();
        }
    });
    let (code, told) = run(dir.path(), "inspect").unwrap();
    assert_eq!(code, ExitCode::SUCCESS, "the bytes are sound: {told}");
    let (code, told) = run(dir.path(), "check").unwrap();
    assert_eq!(code, ExitCode::FAILURE);
    for line in [
        "DAMAGED             gap: entry 3 cannot be applied: something it depends on is missing\n",
        "DAMAGED             junk: entry 2 cannot be applied: ",
        "DAMAGED             moment: the state that is kept of entry 2 is no document: something it depends on is missing\n",
        "sound            1  fine\n",
        ": 3 damaged\n",
    ] {
        assert!(told.contains(line), "{line:?} in {told}");
    }
}

#[test]
fn check_names_documents_whose_names_are_lost() {
    let dir = with_files();
    run(dir.path(), "import ./hi.yjs notes").unwrap();
    let path = journal(dir.path());
    let mut bytes = std::fs::read(&path).unwrap();
    let name = |bytes: &[u8]| bytes.windows(5).position(|window| window == b"notes");
    while let Some(at) = name(&bytes) {
        bytes[at] ^= 1;
    }
    std::fs::write(&path, bytes).unwrap();
    let (code, told) = run(dir.path(), "check").unwrap();
    assert_eq!(code, ExitCode::FAILURE);
    assert!(told.contains(", whose name is lost: "), "{told}");
}

#[test]
fn check_goes_on_where_the_disk_does_not_give_a_sector() {
    let disk = FaultyDisk::new();
    let options = LocalOptions {
        index_in_memory: true,
        reserve_bytes: 0,
        journal_file_bytes: 4096,
        ..LocalOptions::new("/store")
    };
    let clock = Arc::new(SystemClock::new());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let (store, _) = Local::open(options, Arc::new(disk.clone()), clock).unwrap();
        for (number, name) in [(1, "sick"), (2, "fine")] {
            let (id, name) = (DocumentId::from_bytes([number; 16]), DocumentName::new(name));
            store.create(&name.unwrap(), id, Timestamp(1)).await.unwrap();
            for _ in 0..30 {
                store.append(id, vec![entry(HI)]).await.unwrap();
            }
        }
        store.settle_for_test();
        store.close().await.unwrap();
    });
    let archive = Path::new("/store/archive/00000002-00000002.arc");
    let segments = Archive::open(&disk, archive).unwrap().into_footer().segments;
    let sick = segments.iter().position(|it| it.document == DocumentId::from_bytes([1; 16]));
    let end_of_sick = segments[sick.expect("it was sealed") + 1].offset;
    disk.set(|faults| faults.read_error_at = Some(("00000002-00000002.arc", end_of_sick - 1)));

    let mut reader = Reader::open(Path::new("/store"), Arc::new(disk)).unwrap();
    let found = store::on_large_stack(|| check::look_at_all(&mut reader)).unwrap();
    assert!(!found.is_sound());
    for finding in &found.documents {
        let name = finding.name.as_ref().unwrap().as_str();
        assert_eq!(finding.outcome.is_ok(), name == "fine", "{:?}", finding.outcome);
    }
    assert_eq!((found.documents.len(), found.damage.len()), (2, 1), "{:?}", found.damage);
    assert!(found.damage[0].contains("input/output error"), "{:?}", found.damage);
    let told = check::as_text(Path::new("/store"), &found);
    assert!(told.contains("DAMAGED             sick: failed to read the store"), "{told}");
    let found = json(&check::as_json(&found));
    assert_eq!((&found["sound"], &found["documents"][1]["sound"]), (&false.into(), &false.into()));
}

#[test]
fn what_people_wrote_is_for_the_owner_of_its_files_alone() {
    use std::os::unix::fs::PermissionsExt;
    fn look_below(path: &Path, seen: &mut usize) {
        let mode = std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} is {mode:o}", path.display());
        *seen += 1;
        if path.is_dir() {
            for entry in std::fs::read_dir(path).unwrap() {
                look_below(&entry.unwrap().path(), seen);
            }
        }
    }
    let dir = with_files();
    run(dir.path(), "import ./hi.yjs notes").unwrap();
    run(dir.path(), "backup ./deep/copy").unwrap();
    let index = dir.path().join("store/index");
    std::fs::remove_dir_all(&index).unwrap_or_default();
    std::fs::rename(dir.path().join("store"), dir.path().join("old")).unwrap();
    run(dir.path(), "restore ./deep/copy").unwrap();
    let mut seen = 0;
    for made in ["deep", "store", "old"] {
        look_below(&dir.path().join(made), &mut seen);
    }
    assert!(seen > 12, "{seen} files and directories");
}

#[test]
fn a_backup_is_taken_beside_a_running_server_and_put_back_elsewhere() {
    let dir = with_files();
    run(dir.path(), "import ./hi.yjs notes").unwrap();
    let (first, second) = with_store(dir.path(), async |_| {
        (run(dir.path(), "backup ./copy").unwrap(), run(dir.path(), "backup ./copy").unwrap())
    });
    assert_eq!(first.0, ExitCode::SUCCESS);
    assert!(first.1.contains("everything saved in ") && first.1.contains(" UTC, "), "{}", first.1);
    assert!(second.1.contains("copied 0 files (0 bytes)"), "{}", second.1);
    let verified = execute(
        parse(&format!("restore --verify {}/copy", dir.path().display())).unwrap().command,
        &mut Vec::new(),
    );
    assert_eq!(verified.unwrap(), ExitCode::SUCCESS);

    let error = run(dir.path(), "restore ./copy").unwrap_err();
    assert!(error.contains("is not empty"), "{error}");
    std::fs::rename(dir.path().join("store"), dir.path().join("old")).unwrap();
    let (code, told) = run(dir.path(), "restore ./copy").unwrap();
    assert!(code == ExitCode::SUCCESS && told.contains("is restored: "), "{told}");
    assert_eq!(look(dir.path()).documents()[0].last, Seq(1));
    let (_, exported) = run(dir.path(), "export notes --format yjs -o ./out.yjs").unwrap();
    assert_eq!(exported, "");
    assert_eq!(text(&std::fs::read(dir.path().join("out.yjs")).unwrap()), "hi");
}

#[test]
fn repair_keeps_what_can_be_applied_names_the_rest_and_leaves_the_damaged_store_beside() {
    let dir = with_files();
    let id = |number| DocumentId::from_bytes([number; 16]);
    with_store(dir.path(), async |store| {
        for (number, name) in [(1, "chain"), (2, "fine")] {
            let name = DocumentName::new(name).unwrap();
            store.create(&name, id(number), Timestamp(1)).await.unwrap();
            store.append(id(number), vec![entry(HI)]).await.unwrap();
            store.append(id(number), vec![entry(MORE)]).await.unwrap();
        }
        // Of another client, and of nobody else's making.
        let alone = &[1, 1, 9, 0, 4, 1, 1, b't', 1, b'z', 0];
        store.append(id(1), vec![entry(alone)]).await.unwrap();
    });
    damage(dir.path(), HI);
    let (_, told) = run(dir.path(), "check").unwrap();
    assert!(told.contains("`coscribe repair` saves what is sound"), "{told}");
    // A run that was interrupted.
    std::fs::create_dir_all(dir.path().join("store.repaired/log")).unwrap();
    let (code, told) = run(dir.path(), "repair").unwrap();
    assert_eq!(code, ExitCode::FAILURE, "something was lost");
    let line = "chain: 1 edit kept; edit 1 is lost; edit 2 is of no use without what is lost\n";
    assert!(told.contains(line) && told.contains("kept whole: 1 document of 2\n"), "{told}");
    let (code, told) = run(dir.path(), "check").unwrap();
    assert_eq!(code, ExitCode::SUCCESS, "{told}");
    run(dir.path(), "export chain -o ./chain.yjs").unwrap();
    assert_eq!(text(&std::fs::read(dir.path().join("chain.yjs")).unwrap()), "z");
    run(dir.path(), "export fine -o ./fine.yjs").unwrap();
    assert_eq!(text(&std::fs::read(dir.path().join("fine.yjs")).unwrap()), "hi!");
    let listed = std::fs::read_dir(dir.path()).unwrap().map(|it| it.unwrap().file_name());
    let old: Vec<_> = listed.filter(|it| it.to_string_lossy().contains("before-repair")).collect();
    assert_eq!(old.len(), 1);
    assert!(dir.path().join(&old[0]).join("FORMAT").exists());
    for path in std::fs::read_dir(dir.path().join("store/archive")).unwrap() {
        std::fs::remove_file(path.unwrap().path()).unwrap();
    }
    let (code, told) = run(dir.path(), "repair").unwrap();
    assert!(code == ExitCode::FAILURE && told.contains("nobody can tell whose it was"), "{told}");
    let error = with_store(dir.path(), async |_| run(dir.path(), "repair").unwrap_err());
    assert!(error.contains("in use by another process"), "{error}");
    std::fs::create_dir_all(dir.path().join("store.repaired/mine")).unwrap();
    let error = run(dir.path(), "repair").unwrap_err();
    assert!(error.contains("is in the way"), "{error}");
}

#[test]
fn programs_are_told_where_the_repaired_store_is_and_where_the_old_one() {
    let dir = with_files();
    run(dir.path(), "import ./hi.yjs notes").unwrap();
    let (code, told) = run(dir.path(), "repair --json").unwrap();
    assert_eq!(code, ExitCode::SUCCESS, "{told}");
    let path = |key: &str, told: &str| PathBuf::from(json(told)[key].as_str().expect("a path"));
    let (store, old) = (path("store", &told), path("old", &told));
    assert_eq!(store, dir.path().canonicalize().unwrap().join("store"));
    let name = old.file_name().unwrap().to_string_lossy();
    assert!(name.starts_with("store.before-repair-") && old.parent() == store.parent(), "{told}");
    assert!(old.join("FORMAT").exists(), "{told}");
    // Where nothing is exchanged.
    let (_, told) = run(dir.path(), "repair --json --into ./other").unwrap();
    assert_eq!((path("store", &told), path("old", &told)), (dir.path().join("other"), store));
    assert!(dir.path().join("other/FORMAT").exists(), "{told}");
}

#[test]
fn compact_makes_a_store_small_and_changes_nothing_that_can_be_read() {
    let dir = with_files();
    let id = |number| DocumentId::from_bytes([number; 16]);
    with_store(dir.path(), async |store| {
        for (number, name) in [(1, "kept"), (2, "deleted")] {
            let name = DocumentName::new(name).unwrap();
            store.create(&name, id(number), Timestamp(1)).await.unwrap();
            store.append(id(number), vec![entry(HI), entry(MORE)]).await.unwrap();
        }
        store.delete(id(2), Timestamp(2), vec![1]).await.unwrap();
    });
    let (code, told) = run(dir.path(), "compact --json").unwrap();
    let bytes = json(&told);
    assert_eq!(code, ExitCode::SUCCESS);
    assert!(bytes["bytes_after"].as_u64() > Some(0), "{told}");
    let (code, told) = run(dir.path(), "compact").unwrap();
    assert!(code == ExitCode::SUCCESS && told.contains(" before, "), "{told}");
    let (code, told) = run(dir.path(), "check").unwrap();
    assert!(code == ExitCode::SUCCESS && told.contains("sound            2  kept\n"), "{told}");
    run(dir.path(), "export kept -o ./kept.yjs").unwrap();
    assert_eq!(text(&std::fs::read(dir.path().join("kept.yjs")).unwrap()), "hi!");
    let error = with_store(dir.path(), async |_| run(dir.path(), "compact").unwrap_err());
    assert!(error.contains("in use by another process"), "{error}");
}
