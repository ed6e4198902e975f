//! Writes the pack that a viewer shows any moment with; `FORMAT.md` draws it.

use std::{collections::HashMap, io::Write as _};

use brotli::enc::BrotliEncoderParams;
use flate2::{Compression, write::GzEncoder};

use super::{HistoryError, Past, bytes::Column, rows::Row};
use crate::{identity::AuthorKind, ids::Seq};

/// The name of the format, and which it is.
const MAGIC: &[u8; 8] = b"cscrpak\x01";

/// The media type of a pack.
pub const MEDIA_TYPE: &str = "application/vnd.coscribe.history";

/// Fast enough to be done when somebody asks; more takes ten times as long for a tenth less.
const BROTLI_QUALITY: i32 = 5;

/// How the bytes of a pack are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Coding {
    /// As they are.
    Plain,
    /// Brotli.
    Brotli,
    /// Gzip.
    Gzip,
}

impl Coding {
    pub(super) fn compress(self, pack: Vec<u8>) -> Vec<u8> {
        let whole = "writing to memory cannot fail";
        match self {
            Self::Plain => pack,
            Self::Brotli => {
                let parameters = BrotliEncoderParams {
                    quality: BROTLI_QUALITY,
                    size_hint: pack.len(),
                    ..BrotliEncoderParams::default()
                };
                let mut bytes = Vec::with_capacity(pack.len() / 2);
                brotli::BrotliCompress(&mut &pack[..], &mut bytes, &parameters).expect(whole);
                bytes
            }
            Self::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(&pack).expect(whole);
                encoder.finish().expect(whole)
            }
        }
    }
}

/// Writes the entries after a seq; 0 for all.
///
/// # Errors
/// When retention has cut behind `after`, or it is beyond the last entry.
pub fn write(past: &Past, after: Seq) -> Result<Vec<u8>, HistoryError> {
    let first = if after == Seq(0) { 0 } else { past.rows_at(after)? };
    let rows = past.rows().len();
    let mut tables = Tables::default();
    let mut columns = Columns { seq: after.0, ..Columns::default() };
    for row in past.rows().range(first..rows) {
        columns.row(&row, &mut tables);
    }
    let count = past.content().clients().len();
    let starts = past.rows().clocks(count, first);
    let ends = past.rows().clocks(count, rows);

    let mut pack = Column::default();
    pack.raw(MAGIC);
    pack.raw(past.id().as_bytes());
    pack.number(after.0);
    pack.number(past.last().0);
    pack.number(past.floor().0);
    write_users(past, &tables.users.members, &mut pack);
    pack.count(tables.clients.members.len());
    for client in &tables.clients.members {
        pack.number(past.content().clients()[*client as usize]);
    }
    pack.count(rows - first);
    for column in columns.all() {
        pack.column(&column.0);
    }
    let started = tables.clients.members.iter().enumerate();
    let started: Vec<_> = started.filter(|(_, client)| starts[**client as usize] > 0).collect();
    pack.count(started.len());
    for (place, client) in started {
        pack.count(place);
        pack.number(u64::from(starts[*client as usize]));
    }
    pack.column(&past.content().inserted(&starts, &ends));
    let checksum = crc32fast::hash(&pack.0);
    pack.raw(&checksum.to_le_bytes());
    Ok(pack.0)
}

fn write_users(past: &Past, users: &[u32], pack: &mut Column) {
    pack.count(users.len());
    for user in users {
        let user = &past.rows().users()[*user as usize];
        pack.raw(&[match user.kind {
            AuthorKind::Verified => 0,
            AuthorKind::Claimed => 1,
            AuthorKind::Server => 2,
            AuthorKind::Import => 3,
        }]);
        pack.column(user.id.as_bytes());
        pack.column(user.name.as_bytes());
    }
}

/// Numbers of this pack for what has other numbers elsewhere, in the order they are met.
#[derive(Default)]
struct Table {
    places: HashMap<u32, u64>,
    members: Vec<u32>,
}

impl Table {
    fn place(&mut self, member: u32) -> u64 {
        *self.places.entry(member).or_insert_with(|| {
            self.members.push(member);
            self.members.len() as u64 - 1
        })
    }
}

#[derive(Default)]
struct Tables {
    users: Table,
    clients: Table,
}

#[derive(Default)]
struct Columns {
    seqs: Column,
    times: Column,
    authors: Column,
    shapes: Column,
    insertions: Column,
    deletions: Column,
    /// Of the row before.
    seq: u64,
    time: i64,
    /// By client: the clock after what was deleted last.
    deleted: HashMap<u32, i64>,
}

impl Columns {
    fn row(&mut self, row: &Row<'_>, tables: &mut Tables) {
        self.seqs.number(row.seq.0 - self.seq - 1);
        self.seq = row.seq.0;
        let time = row.time.0.cast_signed();
        self.times.signed(time.wrapping_sub(self.time));
        self.time = time;
        self.authors.number(tables.users.place(row.user));
        self.shapes.count(row.inserted.len());
        self.shapes.count(row.deleted.len());
        for (client, len) in row.inserted {
            self.insertions.number(tables.clients.place(*client));
            self.insertions.number(u64::from(*len));
        }
        for units in row.deleted {
            let last = self.deleted.entry(units.client).or_insert(0);
            self.deletions.number(tables.clients.place(units.client));
            self.deletions.signed(i64::from(units.clock) - *last);
            self.deletions.number(u64::from(units.len));
            *last = i64::from(units.clock) + i64::from(units.len);
        }
    }

    fn all(&self) -> [&Column; 6] {
        let Self { seqs, times, authors, shapes, insertions, deletions, .. } = self;
        [seqs, times, authors, shapes, insertions, deletions]
    }
}
