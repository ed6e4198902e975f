//! Reads a pack as `FORMAT.md` draws it, independently of what writes it.

/// A pack, read.
#[derive(Debug, Default)]
pub(super) struct Unpacked {
    pub(super) epoch: [u8; 16],
    pub(super) after: u64,
    pub(super) last: u64,
    pub(super) floor: u64,
    pub(super) users: Vec<(u8, String, String)>,
    pub(super) rows: Vec<Row>,
    /// Client ids and their next clocks before the first row.
    pub(super) starts: Vec<(u64, u32)>,
    pub(super) update: Vec<u8>,
}

#[derive(Debug, Default)]
pub(super) struct Row {
    pub(super) seq: u64,
    pub(super) time: i64,
    pub(super) user: usize,
    pub(super) inserted: Vec<(u64, u32)>,
    pub(super) deleted: Vec<(u64, u32, u32)>,
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count);
        self.0 = rest;
        taken
    }

    fn number(&mut self) -> u64 {
        let (mut number, mut shift) = (0, 0);
        loop {
            let byte = self.take(1)[0];
            number |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                return number;
            }
        }
    }

    fn count(&mut self) -> usize {
        usize::try_from(self.number()).unwrap()
    }

    fn clock(&mut self) -> u32 {
        u32::try_from(self.number()).unwrap()
    }

    fn signed(&mut self) -> i64 {
        let number = self.number();
        if number & 1 == 0 { (number / 2).cast_signed() } else { -((number / 2).cast_signed()) - 1 }
    }

    fn column(&mut self) -> Self {
        let length = self.count();
        Self(self.take(length))
    }

    fn string(&mut self) -> String {
        String::from_utf8(self.column().0.to_vec()).unwrap()
    }
}

pub(super) fn unpack(bytes: &[u8]) -> Unpacked {
    let (body, checksum) = bytes.split_at(bytes.len() - 4);
    assert_eq!(checksum, crc32fast::hash(body).to_le_bytes());
    let mut reader = Reader(body);
    assert_eq!(reader.take(8), b"cscrpak\x01");
    let epoch = reader.take(16).try_into().unwrap();
    let (after, last, floor) = (reader.number(), reader.number(), reader.number());
    let mut pack = Unpacked { epoch, after, last, floor, ..Unpacked::default() };
    for _ in 0..reader.number() {
        pack.users.push((reader.take(1)[0], reader.string(), reader.string()));
    }
    let clients: Vec<u64> = (0..reader.number()).map(|_| reader.number()).collect();
    let count = reader.number();
    let mut columns: Vec<_> = (0..6).map(|_| reader.column()).collect();
    let [seqs, times, authors, shapes, insertions, deletions] = &mut columns[..] else { panic!() };
    let (mut seq, mut time) = (after, 0);
    let mut ends = std::collections::HashMap::new();
    for _ in 0..count {
        seq += seqs.number() + 1;
        time += times.signed();
        let mut row = Row { seq, time, user: authors.count(), ..Row::default() };
        let (inserted, deleted) = (shapes.number(), shapes.number());
        for _ in 0..inserted {
            row.inserted.push((clients[insertions.count()], insertions.clock()));
        }
        for _ in 0..deleted {
            let client = clients[deletions.count()];
            let end = ends.entry(client).or_insert(0);
            let clock = *end + deletions.signed();
            let len = deletions.clock();
            *end = clock + i64::from(len);
            row.deleted.push((client, u32::try_from(clock).unwrap(), len));
        }
        pack.rows.push(row);
    }
    assert!(columns.iter().all(|column| column.0.is_empty()));
    for _ in 0..reader.number() {
        pack.starts.push((clients[reader.count()], reader.clock()));
    }
    pack.update = reader.column().0.to_vec();
    assert!(reader.0.is_empty());
    pack
}
