//! Opens the index, finds out whether it can be trusted, and puts a damaged one aside.
//!
//! sled cuts what it cannot read off its log without a word, and after a power loss may miss any of
//! its rows. So every row that can be rebuilt is read and added up, and the sum compared with what
//! was kept along with the last change.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Mutex,
};

use bytes::Bytes;

use super::{
    Index, IndexError, IndexedArchive,
    backend::{Backend, MemoryRows, OpenError, SledRows},
    change::Batch,
    rows::{self, Digest, FORMAT, Key, REBUILT},
};

/// How many damaged ones are kept for whoever wants to know what happened.
const KEPT_ASIDE: usize = 2;

/// Rows read at a time while checking.
const PAGE: usize = 1024;

/// A row with its checksum still in front of its value.
pub(super) type StoredRow = (Key, Bytes);

/// What an index that was just opened is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexState {
    /// It is sound and contains these archives.
    Current(Vec<IndexedArchive>),
    /// It contains nothing of use but perhaps snapshots, for this reason: call [`Index::rebuild`].
    Rebuild(String),
}

impl Index {
    /// Opens the index in a directory, or creates it there. Always gives an index that works: a
    /// damaged one is renamed `….damaged-N` and a new one created, and where sled cannot be had at
    /// all (no space, no permission) the index is kept in memory.
    #[must_use]
    pub fn open(path: &Path) -> (Self, IndexState) {
        let problem = match SledRows::open(path) {
            Ok(backend) => match Self::check(Box::new(backend)) {
                Ok((index, state)) => return (index, state),
                Err(problem) => problem,
            },
            Err(OpenError::Damaged(problem)) => problem,
            Err(OpenError::Unavailable(problem)) => return Self::fallback(&problem),
        };
        if let Err(error) = set_aside(path) {
            return Self::fallback(&format!("{problem}; it cannot be set aside: {error}"));
        }
        match SledRows::open(path) {
            Ok(backend) => match Self::fresh(Box::new(backend)) {
                Ok(index) => (index, IndexState::Rebuild(format!("it was set aside: {problem}"))),
                Err(error) => Self::fallback(&error.to_string()),
            },
            Err(OpenError::Damaged(error) | OpenError::Unavailable(error)) => {
                Self::fallback(&format!("{problem}; a new one cannot be created: {error}"))
            }
        }
    }

    /// An index that is kept in memory only.
    #[must_use]
    pub fn in_memory() -> Self {
        let digest = Mutex::new(Digest::default());
        Self { backend: Box::<MemoryRows>::default(), digest }
    }

    fn fallback(problem: &str) -> (Self, IndexState) {
        let reason = format!("it is kept in memory only: {problem}");
        (Self::in_memory(), IndexState::Rebuild(reason))
    }

    fn fresh(backend: Box<dyn Backend>) -> Result<Self, IndexError> {
        let index = Self { backend, digest: Mutex::new(Digest::default()) };
        let mut batch = Batch::default();
        batch.put(Key::format(), FORMAT.to_le_bytes().to_vec());
        index.write(batch)?;
        Ok(index)
    }

    /// Looks at an index that sled could open. The error says why it must be put aside.
    fn check(backend: Box<dyn Backend>) -> Result<(Self, IndexState), String> {
        let say = |error: IndexError| error.to_string();
        if backend.range(&[], &[], 1).map_err(say)?.is_empty() {
            let reason = "there was none".to_owned();
            return Ok((Self::fresh(backend).map_err(say)?, IndexState::Rebuild(reason)));
        }
        let index = Self { backend, digest: Mutex::new(Digest::default()) };
        match index.row(&Key::format()).map_err(say)? {
            Some(format) if format[..] == FORMAT.to_le_bytes() => {}
            _ => return Err("it is of another format".to_owned()),
        }
        let key = Key::digest();
        let kept = index.row(&key).map_err(say)?.ok_or("its digest is missing")?;
        let kept = Digest::read(&key, &kept).map_err(say)?;
        if index.add_up().map_err(say)? != kept {
            return Err("rows of it were lost".to_owned());
        }
        let watermark = index.watermark().map_err(say)?;
        let index = Self { digest: Mutex::new(kept), ..index };
        let state = match watermark {
            Some(archives) => IndexState::Current(archives),
            None => IndexState::Rebuild("a change of it was interrupted".to_owned()),
        };
        Ok((index, state))
    }

    /// Reads and checks all rows that can be rebuilt.
    fn add_up(&self) -> Result<Digest, IndexError> {
        let mut digest = Digest::default();
        self.each_rebuilt(&mut |page| {
            for (key, value) in page {
                rows::unwrap(key, value)?;
                digest.add(key, value);
            }
            Ok(())
        })?;
        if let Some(value) = self.backend.get(Key::watermark().bytes())? {
            digest.add(&Key::watermark(), &value);
        }
        Ok(digest)
    }

    /// Hands out all rows that can be rebuilt but the watermark, a page at a time and as stored.
    pub(super) fn each_rebuilt(
        &self,
        act: &mut dyn FnMut(&[StoredRow]) -> Result<(), IndexError>,
    ) -> Result<(), IndexError> {
        for kind in REBUILT {
            let prefix = Key::kind(*kind);
            let mut start = prefix.clone();
            loop {
                let page = self.backend.range(start.bytes(), prefix.bytes(), PAGE)?;
                let page: Vec<_> =
                    page.into_iter().map(|(key, value)| (Key::read(key), value)).collect();
                act(&page)?;
                match page.last() {
                    Some((last, _)) => start = last.clone().after(),
                    None => break,
                }
            }
        }
        Ok(())
    }
}

/// Renames a directory to the next free `….damaged-N` and removes all but the newest of those.
fn set_aside(path: &Path) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned() + ".damaged-";
    let parent = path.parent().unwrap_or(Path::new("."));
    let mut aside: Vec<(u64, PathBuf)> = Vec::new();
    for entry in std::fs::read_dir(parent)? {
        let entry = entry?;
        let number =
            entry.file_name().to_str().and_then(|file| file.strip_prefix(&name)?.parse().ok());
        aside.extend(number.map(|number| (number, entry.path())));
    }
    aside.sort_unstable();
    let next = aside.last().map_or(1, |(number, _)| number + 1);
    let old = (aside.len() + 1).saturating_sub(KEPT_ASIDE);
    for (_, path) in aside.drain(..old) {
        std::fs::remove_dir_all(path)?;
    }
    std::fs::rename(path, parent.join(format!("{name}{next}")))
}
