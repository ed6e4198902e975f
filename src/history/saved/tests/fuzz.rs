//! Damaged, forged and lying saved documents by the thousand, each made from a seed: they are read or
//! refused, and never worse.
//!
//! A child process does the work: when it dies, the seed is known, and what a file takes of its memory
//! is seen. `COSCRIBE_LONG=1` tries many more, `COSCRIBE_FUZZ_SAVED=FROM..TO` these again.

use std::{fs, io, ops::Range, path::Path, process};

use zstd::bulk::{Decompressor, compress};

use super::{
    super::block::{FORMAT, HEAD_BYTES, MAGIC},
    *,
};
use crate::{
    clock::{Clock, TestClock},
    crdt::corpus::Sample,
    protocol::varint,
};

/// Which seeds are tried, for people.
const SEEDS: &str = "COSCRIBE_FUZZ_SAVED";

/// Which seeds are tried, for a child.
const CHILD: &str = "COSCRIBE_FUZZ_SAVED_CHILD";

/// This test, as it is called from outside.
const NAME: &str = "history::saved::tests::fuzz::whatever_calls_itself_saved_is_read_or_refused";

/// So many seeds, then another child.
const TURN: u64 = 1_000;

/// What reading and admitting one file may take, in KiB: all updates that [`BOUNDS`] let through, a
/// block packed and unpacked, and the window that unpacking looks back in.
const MEMORY: u64 = 40 << 10;

fn range(variable: &str) -> Option<Range<u64>> {
    let text = std::env::var_os(variable)?.into_string().ok()?;
    let (from, to) = text.split_once("..")?;
    Some(from.parse().ok()?..to.parse().ok()?)
}

#[test]
fn whatever_calls_itself_saved_is_read_or_refused() {
    if let Some(seeds) = range(CHILD) {
        return attempt(seeds);
    }
    let long = std::env::var_os("COSCRIBE_LONG").is_some();
    let seeds = range(SEEDS).unwrap_or(0..if long { 20_000 } else { 400 });
    let mut tally = Tally::default();
    for from in seeds.clone().step_by(usize::try_from(TURN).unwrap()) {
        tally.add(&child(from..seeds.end.min(from + TURN)));
    }
    println!("{tally:?}");
    if seeds.end - seeds.start >= 400 {
        assert!(tally.whole > 20 && tally.refused > 100 && tally.not_admitted > 20, "{tally:?}");
    }
}

/// Lets a child try these; fails with the seed that it died of.
fn child(seeds: Range<u64>) -> Tally {
    let output = process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", NAME, "--nocapture"])
        .env(CHILD, format!("{}..{}", seeds.start, seeds.end))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let last = |word: &str| told.lines().rev().find_map(|line| line.strip_prefix(word));
    let seed = last("seed ").unwrap_or("none");
    let why = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "seed {seed}: {}\n{why}", output.status);
    last("tally ").and_then(Tally::read).expect("a tally")
}

/// How it went.
#[derive(Debug, Default)]
struct Tally {
    whole: u64,
    refused: u64,
    not_admitted: u64,
    /// The most that one took, in KiB.
    memory: u64,
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.whole += other.whole;
        self.refused += other.refused;
        self.not_admitted += other.not_admitted;
        self.memory = self.memory.max(other.memory);
    }

    fn read(text: &str) -> Option<Self> {
        let mut numbers = text.split(' ').map(|number| number.parse().ok());
        let mut next = || numbers.next()?;
        Some(Self { whole: next()?, refused: next()?, not_admitted: next()?, memory: next()? })
    }
}

fn attempt(seeds: Range<u64>) {
    let (corpus, updates) = (corpus(), hostile_updates());
    let mut tally = Tally::default();
    // First all files as they are.
    let begins = seeds.start == 0;
    let kept = corpus.iter().flatten().filter(|_| begins).cloned().map(Some);
    println!();
    for (seed, kept) in (0..).zip(kept).chain(seeds.map(|seed| (seed, None))) {
        println!("seed {seed}{}", if kept.is_some() { " of the corpus" } else { "" });
        let random = SeededRandom::new(seed);
        let file = kept.unwrap_or_else(|| {
            Maker { random: &random, corpus: &corpus, updates: &updates }.file()
        });
        forget_peak();
        let before = kib("VmRSS:");
        judge(&file, &random, &mut tally);
        let taken = kib("VmHWM:").saturating_sub(before);
        assert!(taken < MEMORY, "{taken} KiB for a file of {} bytes", file.len());
        tally.memory = tally.memory.max(taken);
    }
    let Tally { whole, refused, not_admitted, memory } = tally;
    println!("tally {whole} {refused} {not_admitted} {memory}");
}

/// A number from what Linux tells of this process; 0 elsewhere, where nothing is measured.
fn kib(what: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(what));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// From now on `VmHWM` tells the most memory since now.
fn forget_peak() {
    let _elsewhere_nothing_is_measured = fs::write("/proc/self/clear_refs", "5");
}

/// Everything that must hold of a file, whatever is in it.
fn judge(file: &[u8], random: &SeededRandom, tally: &mut Tally) {
    let whole = read(file, BOUNDS);
    let crumbs = read_from(Crumbs { rest: file, random }, BOUNDS);
    let told = |outcome: &Result<_, SavedError>| format!("{outcome:?}");
    assert_eq!(told(&whole), told(&crumbs), "it matters how it comes");
    let clock = Arc::new(TestClock::default());
    clock.advance(std::time::Duration::from_millis(253_402_300_799_999));
    let clock: Arc<dyn Clock> = clock;
    let document = crdt::Bounds { update_bytes: 1 << 20, document_bytes: 1 << 20 };
    let admitted = take_in(file, BOUNDS, document, &clock);
    let (header, entries, versions) = match whole {
        Ok(found) => found,
        Err(error) => {
            assert_clear(&error);
            assert_clear(&admitted.expect_err("what cannot be read is not admitted"));
            tally.refused += 1;
            return;
        }
    };
    let again = write_again(&header, &entries, &versions);
    let (header_again, entries_again, versions_again) = read(&again, BOUNDS).unwrap();
    // Users who did nothing are not saved again.
    assert_eq!(header_again, Header { users: header_again.users, ..header });
    assert_eq!((&entries_again, &versions_again), (&entries, &versions));
    assert_eq!(write_again(&header_again, &entries, &versions), again);
    match admitted {
        Err(error) => {
            assert_clear(&error);
            let refused = matches!(error, SavedError::Refused { .. });
            assert!(refused, "the file is sound: {error}");
            tally.not_admitted += 1;
        }
        Ok(Admitted { header, entries, versions, .. }) => {
            state().load(entries.iter().map(|entry| &entry.update[..])).unwrap();
            let file = write_again(&header, &entries, &versions);
            let again = take_in(&file[..], BOUNDS, document, &clock).unwrap();
            assert_eq!((again.entries, again.versions), (entries, versions));
            tally.whole += 1;
        }
    }
}

/// A sentence for people, and nothing of the kind that should not happen.
fn assert_clear(error: &SavedError) {
    let text = error.to_string();
    let ours = matches!(error, SavedError::Broken | SavedError::Read(_) | SavedError::TooSlow);
    assert!(!ours, "{text}");
    assert!((20..400).contains(&text.len()) && !text.chars().any(char::is_control), "{text:?}");
}

fn write_again(header: &Header, entries: &[Entry], versions: &[Version]) -> Vec<u8> {
    let Header { life, title, kind, lang, created, saved, .. } = header.clone();
    let first = if header.cut { 9 } else { 1 };
    save_from(first, Subject { life, title, kind, lang, created, saved }, entries, versions)
}

/// Gives a few bytes at a time, as networks do.
struct Crumbs<'a> {
    rest: &'a [u8],
    random: &'a SeededRandom,
}

impl io::Read for Crumbs<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.random.below(16) == 0 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let most = usize::try_from(1 + self.random.below(700)).unwrap().min(buffer.len());
        self.rest.read(&mut buffer[..most])
    }
}

fn folder(name: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name);
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut saved: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|it| it == EXTENSION)).collect();
    saved.sort();
    let name = |path: &Path| path.file_stem().unwrap().to_string_lossy().into_owned();
    saved.iter().map(|path| (name(path), fs::read(path).unwrap())).collect()
}

/// What is damaged further: sound files, which are those of `data` and one with large edits, and hostile
/// ones.
fn corpus() -> [Vec<Vec<u8>>; 2] {
    let mut large = entries(40);
    let mut replica = Replica::new(ClientId(6), "text");
    let (_, update) = replica.edit(|text| text.push(&"0123456789".repeat(40_000)));
    large.push(Entry { update: update.unwrap(), ..large[0].clone() });
    let made = [save(&large, &[version(3), version(41)]), save(&entries(3), &[version(2)])];
    let [sound, hostile] =
        ["", "hostile-saved"].map(|name| folder(name).into_iter().map(|(_, file)| file));
    [sound.chain(made).collect(), hostile.collect()]
}

#[test]
fn hostile_files_are_refused_with_the_words_that_their_list_gives() {
    let list = include_str!("../../../../data/hostile-saved/README.md");
    let rows = list.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let rows: Vec<Vec<_>> = rows.map(|row| row.split(" | ").collect()).collect();
    let files = folder("hostile-saved");
    assert_eq!(rows.len() - 1, files.len(), "the list is whole");
    for ((name, file), row) in files.iter().zip(&rows[1..]) {
        assert_eq!((row[0], row[1]), (&name[..], &file.len().to_string()[..]));
        let error = complaint(take(file));
        match row[3].strip_suffix('…') {
            Some(beginning) => assert!(error.starts_with(beginning), "{name}: {error}"),
            None => assert_eq!(error, row[3], "{name}"),
        }
    }
}

/// One block as it lies in a file.
#[derive(Clone)]
struct Part {
    kind: u8,
    raw: u32,
    stored: Vec<u8>,
}

impl Part {
    fn of(kind: u8, contents: &[u8]) -> Self {
        Self { kind, raw: contents.len() as u32, stored: compress(contents, 3).unwrap() }
    }

    fn contents(&self) -> Vec<u8> {
        let unpack = |it: &mut Decompressor<'_>| it.decompress(&self.stored, 2 << 20);
        Decompressor::new().and_then(|mut it| unpack(&mut it)).unwrap_or_default()
    }

    fn put(&self, file: &mut Vec<u8>) {
        let mut head = vec![self.kind];
        head.extend(self.raw.to_le_bytes());
        head.extend((self.stored.len() as u32).to_le_bytes());
        head.extend(crc32fast::hash(&self.stored).to_le_bytes());
        head.extend(crc32fast::hash(&head).to_le_bytes());
        file.extend(head);
        file.extend(&self.stored);
    }
}

/// The blocks of a file but its end, as far as there are any.
fn parts(file: &[u8]) -> Vec<Part> {
    let (mut rest, mut parts) = (file.get(12..).unwrap_or_default(), Vec::new());
    while let Some((head, after)) = rest.split_first_chunk::<HEAD_BYTES>() {
        let word = |at: usize| u32::from_le_bytes(head[at..at + 4].try_into().unwrap());
        let (stored, next) = after.split_at((word(5) as usize).min(after.len()));
        parts.push(Part { kind: head[0], raw: word(1), stored: stored.to_vec() });
        rest = next;
    }
    parts.pop_if(|last| last.kind == BlockKind::End as u8);
    parts
}

/// A file of these, with all checksums right and an end that fits.
fn join(parts: &[Part]) -> Vec<u8> {
    let mut file = [&MAGIC[..], &FORMAT.to_le_bytes()].concat();
    parts.iter().for_each(|part| part.put(&mut file));
    let mut end = bytes::BytesMut::from(&crc32fast::hash(&file).to_le_bytes()[..]);
    varint::uint(&mut end, parts.len() as u64);
    Part::of(BlockKind::End as u8, &end).put(&mut file);
    file
}

/// Makes a file from chance.
struct Maker<'a> {
    random: &'a SeededRandom,
    corpus: &'a [Vec<Vec<u8>>; 2],
    updates: &'a [Sample],
}

/// Numbers at which something may change.
const EDGES: [u64; 16] = [
    0,
    1,
    2,
    127,
    128,
    255,
    256 << 10,
    (256 << 10) + 1,
    1 << 20,
    (1 << 20) + 33,
    8 << 20,
    (1 << 31) - 1,
    (1 << 32) - 1,
    1 << 32,
    varint::UINT_MAX,
    varint::UINT_MAX + 1,
];

impl Maker<'_> {
    fn below(&self, end: usize) -> usize {
        usize::try_from(self.random.below(end.max(1) as u64)).unwrap()
    }

    fn base(&self) -> &[u8] {
        let files = &self.corpus[usize::from(self.below(3) == 0)];
        &files[self.below(files.len())]
    }

    fn file(&self) -> Vec<u8> {
        match self.below(8) {
            0 => self.damaged(),
            1 => self.reframed(),
            2..=4 => self.forged(),
            _ => self.told_otherwise(),
        }
    }

    /// Bytes are changed, and no checksum is right any more.
    fn damaged(&self) -> Vec<u8> {
        let mut file = self.base().to_vec();
        for _ in 0..=self.below(3) {
            self.change(&mut file);
        }
        file
    }

    /// Heads and packing lie; their checksums are right.
    fn reframed(&self) -> Vec<u8> {
        let mut parts = parts(self.base());
        for _ in 0..=self.below(2) {
            let which = self.below(parts.len());
            let edge = EDGES[self.below(EDGES.len())] as u32;
            let Some(part) = parts.get_mut(which) else { break };
            match self.below(7) {
                0 => part.kind = self.below(8) as u8,
                1 => part.raw = edge,
                2 => part.raw = part.raw.wrapping_add(1),
                3 => part.stored.extend(compress(b"more", 3).unwrap()),
                4 => self.change(&mut part.stored),
                5 => part.stored.clear(),
                _ => {
                    *part = Part { raw: edge, ..Part::of(part.kind, &vec![0; self.below(3 << 20)]) }
                }
            }
        }
        join(&parts)
    }

    /// Contents are changed, blocks come and go; all checksums and sizes are right.
    fn forged(&self) -> Vec<u8> {
        let mut parts = parts(self.base());
        for _ in 0..=self.below(3) {
            let (which, other) = (self.below(parts.len()), self.below(parts.len()));
            match self.below(10) {
                _ if parts.is_empty() => parts.push(Part::of(1, b"")),
                0 => drop(parts.remove(which)),
                1 => parts.insert(other, parts[which].clone()),
                2 => parts.swap(which, other),
                _ => {
                    let mut contents = parts[which].contents();
                    self.change(&mut contents);
                    parts[which] = Part::of(parts[which].kind, &contents);
                }
            }
        }
        join(&parts)
    }

    /// Another story, written as the server writes it, so that it comes as far as admission.
    fn told_otherwise(&self) -> Vec<u8> {
        let Ok((header, mut entries, mut versions)) = read(self.base(), BOUNDS) else {
            return self.forged();
        };
        for _ in 0..=self.below(3) {
            let (which, other) = (self.below(entries.len()), self.below(entries.len()));
            match self.below(9) {
                _ if entries.is_empty() => break,
                0 => drop(entries.remove(which)),
                1 => entries.insert(other, entries[which].clone()),
                2 => entries.swap(which, other),
                3 => {
                    entries[which].update =
                        self.updates[self.below(self.updates.len())].1.clone().into()
                }
                4 | 5 => {
                    let mut update = entries[which].update.to_vec();
                    self.change(&mut update);
                    entries[which].update = update.into();
                }
                6 => entries[which].time = Timestamp(self.random.below(253_402_300_800_000)),
                7 => entries.truncate(which),
                _ => versions.extend(versions.last().cloned()),
            }
        }
        versions.retain(|version| version.entry <= entries.len() as u64);
        write_again(&header, &entries, &versions)
    }

    fn change(&self, bytes: &mut Vec<u8>) {
        let (at, other) = (self.below(bytes.len()), self.below(bytes.len()));
        let (from, to) = (at.min(other), at.max(other).min(at.min(other) + 64));
        let byte = self.below(256) as u8;
        match self.below(12) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, byte),
            2 => drop(bytes.drain(from..to)),
            3 => {
                let copy = bytes[from..to].to_vec();
                bytes.splice(at..at, copy);
            }
            4 => {
                let mut number = bytes::BytesMut::new();
                varint::uint(&mut number, EDGES[self.below(EDGES.len())]);
                let end = (at + number.len()).min(bytes.len());
                bytes.splice(at..end, number);
            }
            5 => {
                let piece = self.base();
                let start = self.below(piece.len());
                let piece = piece[start..].iter().take(self.below(200)).copied();
                bytes.splice(at..at, piece.collect::<Vec<_>>());
            }
            6..=8 if !bytes.is_empty() => bytes[at] ^= 1 << self.below(8),
            9 if !bytes.is_empty() => bytes[at] = bytes[at].wrapping_add(1),
            _ if !bytes.is_empty() => bytes[at] = byte,
            _ => {}
        }
    }
}
