//! Recorded histories as files hold them: a list of edits, or an editing trace as others publish them,
//! either of them gzipped. Knows no updates.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use serde::Deserialize;

use super::error::Failed;

/// Bytes of a history, unpacked.
const FILE_BYTES: u64 = 512 << 20;

/// How a file that is gzipped begins.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// What offsets count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Counting {
    /// UTF-16 units, as editors do.
    #[default]
    Units,
    /// Unicode code points, as published traces do.
    CodePoints,
}

/// At an offset so many characters went, and this text came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Where.
    pub offset: usize,
    /// How many went, from there on.
    pub deleted: usize,
    /// What came.
    pub inserted: String,
}

/// A history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Its edits in order.
    pub edits: Vec<Edit>,
    /// What their offsets count.
    pub counting: Counting,
}

/// An entry of a list. What is only deleted may say no more.
#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Change(usize, usize, String),
    Deletion(usize, usize),
}

/// A published trace.
#[derive(Deserialize)]
struct Published {
    #[serde(default, rename = "startContent")]
    start_content: String,
    txns: Vec<Transaction>,
}

#[derive(Deserialize)]
struct Transaction {
    patches: Vec<(usize, usize, String)>,
    /// The transactions that it follows, where several people wrote at once.
    parents: Option<serde::de::IgnoredAny>,
}

impl Recorded {
    /// Reads `[[0,0,"H"],[1,0,"i"],[1,1]]`, offsets in UTF-16 units, or
    /// `{"txns": [{"patches": [[0,0,"H"]]}]}`, offsets in code points, where each patch is an edit and
    /// what was there before (`startContent`) is the first one.
    ///
    /// # Errors
    /// When it is neither.
    pub fn read(file: &[u8]) -> Result<Self, Failed> {
        let unpacked;
        let json: &[u8] = if file.starts_with(&GZIP) {
            unpacked = unpack(file, FILE_BYTES)?;
            &unpacked
        } else {
            file
        };
        match json.trim_ascii_start().first() {
            Some(b'{') => Self::published(json),
            _ => Self::list(json),
        }
    }

    fn list(json: &[u8]) -> Result<Self, Failed> {
        let entries: Vec<Entry> = serde_json::from_slice(json).map_err(|error| {
            Failed::Settings(format!(
                "the trace is no list of [offset, deleted, \"inserted\"]: {error}"
            ))
        })?;
        let edit = |entry| match entry {
            Entry::Change(offset, deleted, inserted) => Edit { offset, deleted, inserted },
            Entry::Deletion(offset, deleted) => Edit { offset, deleted, inserted: String::new() },
        };
        let edits = entries.into_iter().map(edit).collect();
        Ok(Self { edits, counting: Counting::Units })
    }

    fn published(json: &[u8]) -> Result<Self, Failed> {
        let trace: Published = serde_json::from_slice(json).map_err(|error| {
            Failed::Settings(format!(
                "the trace has no txns with patches [position, deleted, \"inserted\"]: {error}"
            ))
        })?;
        if trace.txns.iter().any(|it| it.parents.is_some()) {
            let why = "the trace is of several people at once; only one that was written in order can \
                       be typed by one writer";
            return Err(Failed::Settings(why.to_owned()));
        }
        let before = Some(trace.start_content).filter(|it| !it.is_empty());
        let before = before.map(|inserted| Edit { offset: 0, deleted: 0, inserted });
        let patches = trace.txns.into_iter().flat_map(|it| it.patches);
        let edit = |(offset, deleted, inserted)| Edit { offset, deleted, inserted };
        let edits = before.into_iter().chain(patches.map(edit)).collect();
        Ok(Self { edits, counting: Counting::CodePoints })
    }
}

fn unpack(file: &[u8], most: u64) -> Result<Vec<u8>, Failed> {
    let mut unpacked = Vec::new();
    MultiGzDecoder::new(file)
        .take(most + 1)
        .read_to_end(&mut unpacked)
        .map_err(|error| Failed::Settings(format!("the trace cannot be unpacked: {error}")))?;
    if unpacked.len() as u64 > most {
        let why = format!("the trace has more than {most} bytes when it is unpacked");
        return Err(Failed::Settings(why));
    }
    Ok(unpacked)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn edit(offset: usize, deleted: usize, inserted: &str) -> Edit {
        Edit { offset, deleted, inserted: inserted.to_owned() }
    }

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        packer.write_all(bytes).expect("memory");
        packer.finish().expect("memory")
    }

    #[test]
    fn both_formats_are_read_also_gzipped() {
        let list = br#"[[0,0,"H"],[0,1]]"#;
        let edits = vec![edit(0, 0, "H"), edit(0, 1, "")];
        let listed = Recorded { edits: edits.clone(), counting: Counting::Units };
        let published = br#" {"startContent":"H","endContent":"","txns":[{"patches":[[0,1,""]]}]}"#;
        let told = Recorded { edits, counting: Counting::CodePoints };
        for (json, recorded) in [(&list[..], listed), (&published[..], told)] {
            assert_eq!(Recorded::read(json).expect("sound"), recorded);
            assert_eq!(Recorded::read(&packed(json)).expect("sound"), recorded);
        }
    }

    #[test]
    fn what_is_no_history_of_one_writer_is_said_in_words() {
        let concurrent = br#"{"kind":"concurrent","txns":[{"parents":[],"patches":[[0,0,"x"]]}]}"#;
        let broken = packed(b"[[0,0,\"x\"]]");
        for (file, words) in [
            (&b"[[\"x\"]]"[..], "no list of"),
            (b"{}", "no txns"),
            (concurrent, "several people"),
            (&broken[..12], "cannot be unpacked"),
        ] {
            let error = Recorded::read(file).expect_err(words).to_string();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn a_small_file_that_unpacks_without_end_is_refused() {
        let file = packed(&vec![b' '; 1 << 20]);
        assert!(unpack(&file, 1 << 20).is_ok());
        let error = unpack(&file, (1 << 20) - 1).expect_err("too much").to_string();
        assert!(error.contains("when it is unpacked"), "{error}");
    }
}
