//! Saved documents there and back, and everything that can be wrong with one.

mod fuzz;

use std::{
    io::Read,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;

use super::{block::BlockKind, *};
use crate::{
    clock::Clock,
    crdt::{self, DocumentState, corpus::hostile_updates, replica::Replica},
    ids::{ClientId, Seq},
    limits::{SAVED_BYTES, SAVED_ENTRIES, SAVED_TIME, SAVED_USERS, SAVED_VERSIONS},
    random::{Random, SeededRandom},
    storage::{Entry, StoredEntry},
};

const BOUNDS: Bounds = Bounds { update_bytes: 1 << 20, bytes: 8 << 20, entries: 10_000 };

fn author(kind: AuthorKind, name: &str) -> Arc<Author> {
    Arc::new(Author { kind, user: "id".into(), name: name.into(), connection: 7 })
}

/// Two people write in turns.
fn entries(count: u64) -> Vec<Entry> {
    let people = [author(AuthorKind::Verified, "Ada"), author(AuthorKind::Claimed, "Bob")];
    let mut replica = Replica::new(ClientId(5), "text");
    (0..count)
        .map(|number| {
            let (_, update) = replica.edit(|text| text.push(&format!("word {number}, ")));
            let author = people[usize::try_from(number / 3 % 2).unwrap()].clone();
            let time = Timestamp(1_700_000_000_000 + number * 250);
            Entry { time, author, update: update.unwrap() }
        })
        .collect()
}

fn subject() -> Subject {
    Subject {
        life: DocumentId::from_bytes([9; 16]),
        title: "Wörter".into(),
        kind: Some(Kind::Markdown),
        lang: String::new(),
        created: Timestamp(1_700_000_000_000),
        saved: Timestamp(1_800_000_000_000),
    }
}

fn version(entry: u64) -> Version {
    let author = author(AuthorKind::Claimed, "Bob");
    Version { name: "v".into(), entry, time: Timestamp(1), author, automatic: false }
}

fn save(entries: &[Entry], versions: &[Version]) -> Vec<u8> {
    save_from(1, subject(), entries, versions)
}

/// Saves a past whose first entry has this seq.
fn save_from(first: u64, subject: Subject, entries: &[Entry], versions: &[Version]) -> Vec<u8> {
    let mut survey = Survey::default();
    let stored = |(entry, seq): (&Entry, u64)| StoredEntry { seq: Seq(seq), entry: entry.clone() };
    entries.iter().zip(first..).for_each(|it| survey.add(&stored(it)));
    versions.iter().for_each(|version| survey.user(&version.author));
    let mut writer = survey.write(Vec::new(), subject, versions).unwrap();
    entries.iter().for_each(|entry| writer.entry(entry).unwrap());
    versions.iter().for_each(|version| writer.version(version).unwrap());
    writer.finish().unwrap()
}

type Found = (Header, Vec<Entry>, Vec<Version>);

fn read(file: &[u8], bounds: Bounds) -> Result<Found, SavedError> {
    read_from(file, bounds)
}

fn read_from(from: impl Read, bounds: Bounds) -> Result<Found, SavedError> {
    let mut reader = Reader::open(from, bounds)?;
    let mut entries = Vec::new();
    while let Some(entry) = reader.next_entry()? {
        entries.push(entry);
    }
    Ok((reader.header().clone(), entries, reader.versions().to_vec()))
}

fn state() -> DocumentState {
    let bounds = crdt::Bounds { update_bytes: 1 << 20, document_bytes: 1 << 20 };
    DocumentState::new(ClientId(99), bounds, Arc::from([]))
}

fn take(file: &[u8]) -> Result<Admitted, SavedError> {
    admit(Reader::open(file, BOUNDS)?, &mut state(), &|| false)
}

fn complaint<T: std::fmt::Debug>(outcome: Result<T, SavedError>) -> String {
    outcome.expect_err("it is refused").to_string()
}

/// A file of one entry whose contents a careless or hostile writer made.
fn forged(header: Header, kinds: &[(BlockKind, Vec<u8>)]) -> Vec<u8> {
    let mut blocks = block::BlockWriter::new(Vec::new()).unwrap();
    blocks.block(BlockKind::Header, &write::header_bytes(&header)).unwrap();
    kinds.iter().for_each(|(kind, contents)| blocks.block(*kind, contents).unwrap());
    let (sum, count) = blocks.so_far();
    let end = [&sum.to_le_bytes()[..], &[u8::try_from(count).unwrap()]].concat();
    blocks.block(BlockKind::End, &end).unwrap();
    blocks.into_inner().unwrap()
}

fn header(users: u64, entries: u64, bytes: u64) -> Header {
    let Subject { life, title, kind, lang, created, saved } = subject();
    Header {
        life,
        title,
        kind,
        lang,
        created,
        saved,
        users,
        entries,
        versions: 0,
        bytes,
        cut: false,
    }
}

#[test]
fn what_is_saved_is_read_back_with_times_authors_and_versions() {
    let (entries, versions) = (entries(500), [version(3), version(500)]);
    let (header, found, moments) = read(&save(&entries, &versions), BOUNDS).unwrap();
    assert_eq!((&header.title[..], header.kind), ("Wörter", Some(Kind::Markdown)));
    assert_eq!((header.users, header.entries, header.versions), (2, 500, 2));
    let anywhere =
        |entry: &Entry| Entry { author: write::anywhere(&entry.author), ..entry.clone() };
    assert_eq!(found, entries.iter().map(anywhere).collect::<Vec<_>>());
    let told: Vec<_> = moments.iter().map(|it| (&it.name[..], it.entry, it.time)).collect();
    assert_eq!(told, [("v", 3, Timestamp(1)), ("v", 500, Timestamp(1))]);
}

#[test]
fn what_nobody_checked_before_is_made_readable_when_it_is_saved() {
    let mut entries = entries(1);
    let name = format!("a\nb{}", "x".repeat(500));
    entries[0].author = author(AuthorKind::Claimed, &name);
    let (_, found, _) = read(&save(&entries, &[]), BOUNDS).unwrap();
    assert_eq!(found[0].author.name.len(), limits::AUTHOR_LETTERS - 1);
    assert!(found[0].author.name.starts_with("abxx"));
}

#[test]
fn an_edit_larger_than_a_block_has_one_for_itself() {
    let mut replica = Replica::new(ClientId(5), "text");
    let mut entries = entries(2);
    let (_, large) = replica.edit(|text| text.push(&"0123456789".repeat(90_000)));
    entries[1].update = large.unwrap();
    let (_, found, _) = read(&save(&entries, &[]), BOUNDS).unwrap();
    assert_eq!(found[1].update, entries[1].update);
}

#[test]
fn an_import_passes_admission_and_vouches_for_nobody() {
    let admitted = take(&save(&entries(200), &[version(7)])).unwrap();
    assert_eq!(admitted.entries.len(), 200);
    let kinds: Vec<_> = admitted.entries[..4].iter().map(|entry| entry.author.kind).collect();
    let import = AuthorKind::Import;
    assert_eq!(kinds, [import, import, import, AuthorKind::Claimed]);
    assert_eq!((&*admitted.entries[0].author.name, admitted.versions[0].entry), ("Ada", 7));
    let mut again = state();
    again.load(admitted.entries.iter().map(|entry| &entry.update[..])).unwrap();
    assert!(again.text("text").ends_with("word 199, "));
}

#[test]
fn an_edit_that_is_known_already_keeps_its_place_and_nothing_else() {
    let mut entries = entries(3);
    entries.insert(1, entries[0].clone());
    let admitted = take(&save(&entries, &[version(2)])).unwrap();
    let sizes: Vec<_> = admitted.entries.iter().map(|entry| entry.update.len()).collect();
    assert_eq!((sizes.len(), &admitted.entries[1].update[..]), (4, &[0, 0][..]), "{sizes:?}");
    assert_eq!(admitted.versions[0].entry, 2);
}

#[test]
fn what_comes_from_the_future_is_of_now() {
    let mut entries = entries(3);
    entries[1].time = Timestamp(u64::from(u32::MAX) * 4000);
    let versions = [Version { time: Timestamp(17_000_000_000_000), ..version(2) }];
    let file = save(&entries, &versions);
    let clock: Arc<dyn crate::clock::Clock> = Arc::new(crate::clock::SystemClock::new());
    let document = crdt::Bounds { update_bytes: 1 << 20, document_bytes: 1 << 20 };
    let admitted = take_in(&file[..], BOUNDS, document, &clock).unwrap();
    let now = clock.now();
    let times: Vec<_> = admitted.entries.iter().map(|entry| entry.time).collect();
    assert_eq!((times[0], times[2]), (entries[0].time, entries[2].time));
    assert!(times[1] > times[0] && times[1] <= now, "{times:?}");
    assert!(admitted.versions[0].time <= now && admitted.header.saved <= now);
}

#[test]
fn versions_are_found_among_the_entries_wherever_seqs_are_missing() {
    let seqs = [Seq(9), Seq(1), Seq(4), Seq(4), Seq(20), Seq(3)];
    let mut survey = Survey::of_moments(seqs);
    for (entry, seq) in entries(5).into_iter().zip([2, 3, 5, 6, 9]) {
        survey.add(&StoredEntry { seq: Seq(seq), entry });
    }
    let found: Vec<_> = seqs.iter().map(|seq| survey.entry_at(*seq)).collect();
    assert_eq!(found, [5, 0, 2, 2, 5, 2]);
    assert_eq!(survey.entry_at(Seq(5)), 0, "nobody asked for it");
}

#[test]
fn hostile_edits_are_refused_wherever_they_are_in_a_file() {
    for (name, update) in hostile_updates() {
        let mut entries = entries(3);
        entries[2].update = Bytes::from(update);
        let Err(error) = take(&save(&entries, &[])) else {
            // The corpus has some that are harmless, and admission made them so.
            continue;
        };
        let told =
            matches!(error, SavedError::Refused { entry: 3, .. } | SavedError::TooLarge { .. });
        assert!(told, "{name}: {error}");
    }
    let mut entries = entries(3);
    entries.remove(1);
    let error = complaint(take(&save(&entries, &[])));
    let expected = "edit 2 of the file is refused: it builds on edits that do not come before it";
    assert_eq!(error, expected);
}

/// A clock that was looked at a while ago, whenever it is looked at again.
struct Leaping {
    is_late: AtomicBool,
    leap: Duration,
}

impl Clock for Leaping {
    fn now(&self) -> Timestamp {
        Timestamp(0)
    }

    fn elapsed(&self) -> Duration {
        if self.is_late.swap(true, Ordering::SeqCst) { self.leap } else { Duration::ZERO }
    }
}

#[test]
fn an_import_that_takes_too_long_is_given_up() {
    let file = save(&entries(200), &[]);
    let reader = Reader::open(&file[..], BOUNDS).unwrap();
    let outcome = admit(reader, &mut state(), &|| true);
    assert!(matches!(outcome, Err(SavedError::TooSlow)));
    let document = crdt::Bounds { update_bytes: 1 << 20, document_bytes: 1 << 20 };
    for (later, is_given_up) in [(Duration::ZERO, false), (Duration::from_millis(1), true)] {
        let clock = Arc::new(Leaping { is_late: false.into(), leap: SAVED_TIME + later });
        let outcome = take_in(&file[..], BOUNDS, document, &(clock as Arc<dyn Clock>));
        assert_eq!(matches!(outcome, Err(SavedError::TooSlow)), is_given_up, "{later:?}");
    }
}

#[test]
fn a_file_that_ends_anywhere_is_refused_and_says_so() {
    let file = save(&entries(50), &[version(3)]);
    for length in 1..file.len() {
        let error = complaint(read(&file[..length], BOUNDS));
        assert!(error.starts_with("the file ends in the middle"), "{length}: {error}");
    }
    assert_eq!(complaint(read(b"", BOUNDS)), "this is not a saved document (.coscribe)");
    assert_eq!(complaint(read(b"# Notes\n", BOUNDS)), "this is not a saved document (.coscribe)");
}

#[test]
fn no_flipped_bit_goes_unnoticed() {
    let file = save(&entries(50), &[version(3)]);
    for at in 0..file.len() {
        for bit in 0..8 {
            let mut flipped = file.clone();
            flipped[at] ^= 1 << bit;
            let error = complaint(read(&flipped, BOUNDS));
            let expected = match at {
                0..8 => error.starts_with("this is not a saved document"),
                8..12 => error.contains("format"),
                _ => error.starts_with("the file is damaged: block"),
            };
            assert!(expected, "{at}: {error}");
        }
    }
}

#[test]
fn blocks_that_are_sound_by_themselves_must_be_the_right_ones() {
    let file = save(&entries(2), &[]);
    let other = [&file[..], b"x"].concat();
    let error = complaint(read(&other, BOUNDS));
    assert_eq!(error, "the file is not sound: something follows its end");
    // The end of one file behind the beginning of another.
    let longer = save(&entries(3), &[]);
    let end = |file: &[u8]| {
        file.len() - block::HEAD_BYTES - zstd::bulk::compress(&[0; 5], 12).unwrap().len()
    };
    let mixed = [&file[..end(&file)], &longer[end(&longer)..]].concat();
    assert_eq!(
        complaint(read(&mixed, BOUNDS)),
        "the file is damaged: the whole fails its checksum"
    );
}

#[test]
fn bounds_are_kept_before_anything_is_unpacked() {
    let of_server = Bounds::of_server(7);
    let taken = (of_server.update_bytes, of_server.bytes, of_server.entries);
    assert_eq!(taken, (7, SAVED_BYTES, SAVED_ENTRIES));
    for (header, told) in [
        (header(SAVED_USERS + 1, 1, 1), format!("{} users", SAVED_USERS + 1)),
        (header(1, SAVED_ENTRIES + 1, 1), format!("{} edits", SAVED_ENTRIES + 1)),
        (header(1, 1, SAVED_BYTES + 1), format!("{} bytes of edits", SAVED_BYTES + 1)),
        (
            Header { versions: SAVED_VERSIONS + 1, ..header(1, 1, 1) },
            format!("{} versions", SAVED_VERSIONS + 1),
        ),
    ] {
        let error = complaint(Reader::open(&forged(header, &[])[..], of_server));
        assert!(error.starts_with(&format!("the file holds {told}, and at most ")), "{error}");
    }

    let file = save(&entries(500), &[]);
    let few = Bounds { entries: 499, ..BOUNDS };
    let error = complaint(Reader::open(&file[..], few));
    assert_eq!(error, "the file holds 500 edits, and at most 499 are taken");
    let error = complaint(Reader::open(&file[..], Bounds { bytes: 100, ..BOUNDS }));
    assert!(error.contains("bytes of edits"), "{error}");
    let error = complaint(read(&file, Bounds { update_bytes: 10, ..BOUNDS }));
    assert!(error.starts_with("the file holds an edit of"), "{error}");

    // A gigabyte of nothing packs into some kilobytes.
    let bomb = forged(header(0, 1, 1), &[(BlockKind::Entries, vec![0; 64 << 20])]);
    assert!(bomb.len() < 10_000, "{}", bomb.len());
    let error = complaint(read(&bomb, BOUNDS));
    assert!(error.starts_with("the file holds a block of 67108864 bytes"), "{error}");
}

#[test]
fn a_block_that_unpacks_to_more_than_it_says_is_stopped() {
    let mut file = forged(header(0, 1, 1), &[(BlockKind::Entries, vec![0; 64 << 20])]);
    // The header's block is the first; the next says that it unpacks to one byte.
    let first =
        12 + block::HEAD_BYTES + u32::from_le_bytes(file[17..21].try_into().unwrap()) as usize;
    file[first + 1..first + 5].copy_from_slice(&1_u32.to_le_bytes());
    let sum = crc32fast::hash(&file[first..first + 13]);
    file[first + 13..first + 17].copy_from_slice(&sum.to_le_bytes());
    let error = complaint(read(&file, BOUNDS));
    assert_eq!(error, "the file is damaged: block 2 does not unpack to its size");
}

#[test]
fn there_are_no_more_versions_in_a_file_than_a_document_may_have() {
    let all = |automatic, count| vec![Version { automatic, ..version(1) }; count];
    let taken = |versions| to_records(versions, &SeededRandom::new(1)).map(|(entries, _)| entries);
    for (automatic, most) in [(false, limits::NAMED_VERSIONS), (true, limits::AUTOMATIC_VERSIONS)] {
        assert_eq!(taken(all(automatic, most)).unwrap().len(), most);
        let error = complaint(taken(all(automatic, most + 1)));
        let kind = if automatic { "automatic" } else { "named" };
        let expected = format!("{} {kind} versions, and at most {most} are taken", most + 1);
        assert!(error.ends_with(&expected), "{error}");
    }
}

#[test]
fn a_past_without_its_beginning_says_so_and_its_versions_from_before_stay_behind() {
    let (entries, versions) = (entries(5), [version(2)]);
    let file = save_from(7, subject(), &entries, &versions);
    let (header, found, moments) = read(&file, BOUNDS).unwrap();
    assert!(header.cut && !read(&save(&entries, &versions), BOUNDS).unwrap().0.cut);
    assert_eq!((found.len(), moments.len(), header.entries), (5, 1, 5));
    assert!(take(&file).unwrap().header.cut);
    let kept = |seq: u64| crate::storage::versions::Version {
        id: seq.to_string(),
        name: "v".into(),
        seq: Seq(seq),
        time: Timestamp(1),
        author: author(AuthorKind::Claimed, "Bob"),
        automatic: false,
        extent: None,
    };
    let kept = [kept(8), kept(3), kept(7)];
    let mut survey = survey(&kept);
    for (entry, seq) in entries.into_iter().zip(7..) {
        survey.add(&StoredEntry { seq: Seq(seq), entry });
    }
    let told: Vec<_> = to_file(&kept, &mut survey).iter().map(|version| version.entry).collect();
    assert_eq!(told, [1, 2]);
}

#[test]
fn contents_that_make_no_sense_are_refused() {
    let user = (BlockKind::Users, vec![1, 0, 1, b'A']);
    let entry = |bytes: &[u8]| (BlockKind::Entries, bytes.to_vec());
    let none: &[(BlockKind, Vec<u8>)] = &[];
    let one = header(1, 1, 2);
    for (file, expected) in [
        (forged(one.clone(), none), "users are missing"),
        (forged(header(0, 0, 0), none), "there is nothing in it"),
        (forged(header(0, 1, 2), std::slice::from_ref(&user)), "its blocks are out of order"),
        (forged(one.clone(), &[user.clone(), user.clone()]), "its blocks are out of order"),
        (
            forged(one.clone(), &[(BlockKind::Users, [user.1.clone(), user.1.clone()].concat())]),
            "more users",
        ),
        (forged(one.clone(), &[(BlockKind::Users, vec![4, 0, 0])]), "a user is of no kind"),
        (forged(one.clone(), &[(BlockKind::Users, vec![1, 0, 1, 0xff])]), "a name is not UTF-8"),
        (forged(one.clone(), &[(BlockKind::Users, vec![1, 0, 1, 7])]), "not of letters"),
        (
            forged(one.clone(), std::slice::from_ref(&user)),
            "there are fewer edits than its header says",
        ),
        (forged(one.clone(), &[user.clone(), entry(&[0, 1, 2, 0, 0])]), "a user who is not there"),
        (forged(one.clone(), &[user.clone(), entry(&[1, 0, 2, 0, 0])]), "from before 1970"),
        (forged(one.clone(), &[user.clone(), entry(&[0, 0, 2, 0])]), "in the middle of something"),
        (forged(one.clone(), &[user.clone(), entry(&[0, 0, 3, 0, 0, 0])]), "more edits"),
        (
            forged(
                one.clone(),
                &[
                    user.clone(),
                    entry(&[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 2, 0, 0]),
                ],
            ),
            "after the year 9999",
        ),
        (
            forged(Header { versions: 1, ..one.clone() }, &[user.clone(), entry(&[0, 0, 2, 0, 0])]),
            "there are fewer versions",
        ),
        (
            forged(
                Header { versions: 1, ..one.clone() },
                &[
                    user.clone(),
                    entry(&[0, 0, 2, 0, 0]),
                    (BlockKind::Versions, vec![2, 0, 0, 0, 0]),
                ],
            ),
            "a version is of an edit that is not there",
        ),
        (
            forged(
                one.clone(),
                &[
                    user.clone(),
                    entry(&[0, 0, 2, 0, 0]),
                    (BlockKind::Versions, vec![1, 0, 0, 0, 0]),
                ],
            ),
            "more versions",
        ),
    ] {
        let error = complaint(read(&file, BOUNDS));
        assert!(
            error.starts_with("the file is not sound: ") && error.contains(expected),
            "{error} / {expected}"
        );
    }
}
