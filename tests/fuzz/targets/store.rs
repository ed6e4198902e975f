//! The files of a store, as they might lie on a disk: opened, read, written to, opened again.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use bytes::Bytes;
use coscribe::{
    clock::{TestClock, Timestamp},
    identity::Author,
    ids::{DocumentId, DocumentName, Seq},
    random::SeededRandom,
    storage::{
        Entry, Store,
        archive::{Archive, file_name},
        disk::Disk,
        faulty::FaultyDisk,
        local::{Local, LocalOptions},
        payload::{Authors, Change, measure, salvage_name},
        reader::Reader,
        record::{Record, RecordKind},
    },
};

use super::{Input, checksums, messages::sessions};

const JOURNAL: &str = "store/log/00000001.log";

fn options() -> LocalOptions {
    LocalOptions {
        journal_file_bytes: 2 << 10,
        reserve_bytes: 64,
        random: Arc::new(SeededRandom::new(1)),
        index_in_memory: true,
        ..LocalOptions::new("store")
    }
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime =
            tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    }
    RUNTIME.with(|runtime| runtime.block_on(future))
}

fn open(disk: &FaultyDisk) -> Option<Local> {
    Local::open(options(), Arc::new(disk.clone()), Arc::new(TestClock::default()))
        .ok()
        .map(|it| it.0)
}

/// What a store has, as far as it gives it out.
fn contents(store: &dyn Store) -> Vec<(DocumentName, Option<Vec<Bytes>>)> {
    let list = wait(store.list("", None, 1_000)).unwrap_or_default();
    let contents = list.into_iter().map(|info| {
        let opened = wait(store.open(info.id)).ok();
        let updates = opened.map(|it| it.entries.into_iter().map(|it| it.entry.update).collect());
        (info.name, updates)
    });
    contents.collect()
}

fn entry(update: &[u8]) -> Entry {
    let update = Bytes::copy_from_slice(update);
    Entry { time: Timestamp(7), author: Arc::new(Author::server("fuzz")), update }
}

/// A journal file, with right checksums or without. Opening changes nothing of what is there.
pub(super) fn journal(data: &[u8]) {
    let mut input = Input(data);
    let mended = input.byte() & 1 == 0;
    let mut log = input.rest().to_vec();
    if mended {
        checksums::journal(&mut log, 1);
    }
    let files: [(PathBuf, Vec<u8>); 2] =
        [("store/FORMAT".into(), b"coscribe store 1\n".to_vec()), (JOURNAL.into(), log)];
    let disk = FaultyDisk::with_files(&BTreeMap::from(files));
    if let Ok(reader) = Reader::open("store".as_ref(), Arc::new(disk.clone())) {
        let _ = reader.verify();
    }
    let Some(store) = open(&disk) else { return };
    let found = contents(&store);
    let name = DocumentName::new("written after").expect("a good name");
    let id = DocumentId::from_bytes([0xee; 16]);
    let created = wait(store.create(&name, id, Timestamp(9)));
    if created.is_ok_and(|made| made == id) {
        let written = wait(store.append(id, vec![entry(b"x")]));
        assert!(written.is_ok(), "a document that was just made takes no entry: {written:?}");
    }
    let closed = wait(store.close());
    drop(store);
    let Some(store) = open(&disk) else {
        panic!("a store that was opened cannot be again: {closed:?}")
    };
    let again: Vec<_> = contents(&store).into_iter().filter(|(it, _)| *it != name).collect();
    let before: Vec<_> = found.into_iter().filter(|(it, _)| *it != name).collect();
    assert_eq!(again, before, "opening changed what is there");
}

pub(super) fn journal_seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for some in [0, 1, 5] {
        let files = written(some, 64 << 10);
        for (path, mut log) in files {
            if path.ends_with("00000001.log") {
                let used = log.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1);
                log.truncate(used.next_multiple_of(8) + 64);
                seeds.push([&[0][..], &log].concat());
                seeds.push([&[1][..], &log].concat());
            }
        }
    }
    seeds
}

/// The files of a store in which some documents were written, renamed, noted and deleted.
pub(super) fn written(some: usize, journal_file_bytes: u64) -> BTreeMap<PathBuf, Vec<u8>> {
    let disk = FaultyDisk::new();
    let options = LocalOptions { journal_file_bytes, ..options() };
    let (store, _) = Local::open(options, Arc::new(disk.clone()), Arc::new(TestClock::default()))
        .expect("a sound store");
    for (number, session) in sessions().iter().take(some).enumerate() {
        let id = DocumentId::from_bytes([number as u8 + 1; 16]);
        let name = |text: &str| DocumentName::new(text).expect("a good name");
        wait(store.create(&name(&format!("note {number}")), id, Timestamp(1))).expect("it is new");
        for update in session.iter().take(3) {
            wait(store.append(id, vec![entry(update)])).expect("it takes entries");
        }
        wait(store.put_record(id, "key", 0, Some(Bytes::from_static(b"value")))).expect("new");
        match number {
            1 => wait(store.rename(id, &name("other"), Timestamp(2))).expect("it is free"),
            2 => wait(store.delete(id, Timestamp(3), vec![11, 7])).expect("it is there"),
            _ => {}
        }
    }
    wait(store.close()).expect("it closes");
    disk.files()
}

/// The payload of a record of whatever kind.
pub(super) fn record(data: &[u8]) {
    use RecordKind::{Base, Create, Delete, Entry, Keyed, Rename, Version};
    let mut input = Input(data);
    let kind = input.one_of(&[Create, Entry, Delete, Rename, Version, Base, Keyed]);
    let document = DocumentId::from_bytes([7; 16]);
    let payload = Bytes::copy_from_slice(input.rest());
    let _ = salvage_name(&payload);
    let record = Record { kind, document, seq: Seq(9), payload };
    let measured = matches!(kind, Entry | Base).then(|| measure(&record));
    if let Ok(change) = Change::decode(&record, &mut Authors::default()) {
        assert!(measured.is_none_or(|it| it.is_ok()), "it can be read and not be measured");
        let again = change.record(document, Seq(9));
        let read = Change::decode(&again, &mut Authors::default());
        assert_eq!(read, Ok(change), "not what it was");
    }
}

pub(super) fn record_seeds() -> Vec<Vec<u8>> {
    let name = DocumentName::new("notes/monday").expect("a good name");
    let changes = [
        Change::Create { name: name.clone(), time: Timestamp(1) },
        Change::Entry(entry(b"update")),
        Change::Delete { time: Timestamp(3), clients: [1, u64::MAX].into() },
        Change::Rename { name, time: Timestamp(0) },
        Change::Version(Bytes::from_static(b"v")),
        Change::Base(entry(b"")),
        Change::Keyed { key: "k".into(), revision: 3, value: Some(Bytes::from_static(b"v")) },
    ];
    let payload = |change: &Change| change.record(DocumentId::from_bytes([7; 16]), Seq(9)).payload;
    (0..).zip(&changes).map(|(kind, it)| [&[kind][..], &payload(it)].concat()).collect()
}

/// An archive: its bytes, with right checksums or without, or one made of whatever records.
pub(super) fn archive(data: &[u8]) {
    let mut input = Input(data);
    let how = input.byte();
    let path = PathBuf::from("store/archive").join(file_name(&(1..=2)));
    let file = match how % 3 {
        0 => input.rest().to_vec(),
        1 => {
            let mut bytes = input.rest().to_vec();
            checksums::archive(&mut bytes);
            bytes
        }
        _ => of_segment(&mut input),
    };
    let disk = FaultyDisk::with_files(&BTreeMap::from([(path.clone(), file)]));
    let Ok(archive) = Archive::open(&disk as &dyn Disk, &path) else { return };
    let _ = (archive.verify(), archive.meta_records());
    for place in &archive.footer().segments {
        for record in archive.read_segment(place).unwrap_or_default() {
            let _ = Change::decode(&record, &mut Authors::default());
        }
    }
}

/// A sound archive around one segment, which says of itself what it likes.
fn of_segment(input: &mut Input<'_>) -> Vec<u8> {
    let mut place = vec![input.one_of(&[1, 2, 4, 5]), 0, 0, 0];
    place.extend([3; 16]);
    let (first, count) = (u64::from(input.byte() & 7), u32::from(input.byte() & 7));
    place.extend(first.to_le_bytes());
    place.extend((first + u64::from(count).saturating_sub(1)).to_le_bytes());
    place.extend(count.to_le_bytes());
    let lie = input.byte();
    let raw = input.rest();
    let stored = zstd::bulk::compress(raw, 1).expect("it compresses");
    let says = if lie == 1 { u32::MAX } else { raw.len() as u32 };
    place.extend(says.to_le_bytes());
    place.extend((stored.len() as u32).to_le_bytes());
    place.extend([0; 4 + 8 + 8]);
    place.extend(32_u64.to_le_bytes());
    let mut file = b"CosArc\r\n".to_vec();
    file.extend(1_u32.to_le_bytes());
    file.extend([1_u64.to_le_bytes(), 2_u64.to_le_bytes()].concat());
    file.extend([0; 4]);
    file.extend(b"Seg\x1a");
    file.extend(&place);
    file.extend([0; 4]);
    file.extend(&stored);
    let table = file.len() as u64;
    // What the head says of its contents is put right first, and then copied into the table.
    checksums::archive(&mut file);
    let place = file[36..36 + 76].to_vec();
    let mut head = vec![0; 76];
    (head[0], head[36]) = (3, 1);
    head[68..].copy_from_slice(&table.to_le_bytes());
    file.extend(b"Seg\x1a");
    file.extend(head);
    file.extend([0; 4]);
    file.extend(place);
    file.extend([1_u64.to_le_bytes(), 2_u64.to_le_bytes(), table.to_le_bytes()].concat());
    file.extend(1_u32.to_le_bytes());
    file.extend([0; 4]);
    file.extend(b"Arc\x1a");
    file.extend([0; 4]);
    checksums::archive(&mut file);
    file
}

pub(super) fn archive_seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (path, bytes) in written(5, 1 << 10) {
        if path.to_string_lossy().contains("archive/") {
            seeds.push([&[0][..], &bytes].concat());
            seeds.push([&[1][..], &bytes].concat());
        }
    }
    for (kind, record) in [(0, RecordKind::Entry), (1, RecordKind::Create), (3, RecordKind::Base)] {
        let meta = if kind == 1 { &[9_u8; 16][..] } else { &[] };
        let records = |seq: u8| [&[record as u8], meta, &[seq, 3, 1, 2, 3]].concat();
        seeds.push([vec![2, kind, 1, 2, 0], records(1), records(2)].concat());
    }
    seeds
}
