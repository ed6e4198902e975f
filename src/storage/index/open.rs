//! Opens the index, and puts a damaged one aside.
//!
//! sled cuts what it cannot read off its log without a word, and after a power loss may miss any of
//! its rows. That needs no search here: each snapshot is checked when it is read.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::{
    Index, IndexError,
    backend::{Backend, MemoryRows, OpenError, SledRows},
    rows::{FORMAT, Key},
};
use crate::{storage::Snapshot, telemetry::warnings::IndexCopyStays};

/// How many damaged ones are kept for whoever wants to know what happened.
const KEPT_ASIDE: usize = 2;

/// What opening an index found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexState {
    /// The one that was there.
    Kept,
    /// There was none, and it was made.
    New,
    /// There was one, but it cannot be used, for this reason; this one is empty.
    Lost(String),
}

impl Index {
    /// Opens the index in a directory, or creates it there. Always gives an index that works: a
    /// damaged one is renamed `….damaged-N` and a new one created, and where sled cannot be had at
    /// all (no space, no permission) the index is kept in memory.
    #[must_use]
    pub fn open(path: &Path) -> (Self, IndexState) {
        let existed = path.exists();
        let problem = match SledRows::open(path) {
            Ok(backend) => match Self::check(Box::new(backend), existed) {
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
                Ok(index) => (index, IndexState::Lost(format!("it was set aside: {problem}"))),
                Err(error) => Self::fallback(&error.to_string()),
            },
            Err(OpenError::Damaged(error) | OpenError::Unavailable(error)) => {
                Self::fallback(&format!("{problem}; a new one cannot be created: {error}"))
            }
        }
    }

    /// Copies everything into a new index beside this one, for [`Index::replace`].
    ///
    /// # Errors
    /// When it cannot be written. What is damaged is left out.
    pub fn copy_beside(&self, path: &Path) -> Result<(), IndexError> {
        let beside = beside(path);
        let failed = |error: &dyn std::fmt::Display| IndexError::Failed(error.to_string());
        remove_if_there(&beside).map_err(|error| failed(&error))?;
        let backend = match SledRows::open(&beside) {
            Ok(backend) => backend,
            Err(OpenError::Damaged(error) | OpenError::Unavailable(error)) => {
                return Err(IndexError::Failed(error));
            }
        };
        let copy = Self::fresh(Box::new(backend))?;
        for id in self.documents()? {
            if let Ok(Some(Snapshot { revision, seq, state })) = self.snapshot(id) {
                copy.put_snapshot(id, revision, seq, &state)?;
            }
        }
        copy.flush()
    }

    /// Puts the copy in the place of the index, which must be closed, and opens it. Without a copy it
    /// begins anew.
    #[must_use]
    pub fn replace(path: &Path) -> (Self, IndexState) {
        let copy = beside(path);
        // Without the index nothing is lost but time, so a stop in between does no harm.
        let swapped = remove_if_there(path).and_then(|()| match copy.exists() {
            true => std::fs::rename(&copy, path),
            false => Ok(()),
        });
        match swapped {
            Ok(()) => Self::open(path),
            Err(error) => Self::fallback(&error.to_string()),
        }
    }

    /// Removes a copy that a stop left unfinished.
    pub(in crate::storage) fn remove_copy(path: &Path) {
        if let Err(error) = remove_if_there(&beside(path)) {
            IndexCopyStays { reason: &error }.note();
        }
    }

    /// An index that is kept in memory only.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::new(Box::<MemoryRows>::default())
    }

    fn fallback(problem: &str) -> (Self, IndexState) {
        (Self::in_memory(), IndexState::Lost(format!("it is kept in memory only: {problem}")))
    }

    pub(super) fn fresh(backend: Box<dyn Backend>) -> Result<Self, IndexError> {
        let index = Self::new(backend);
        index.write(vec![(Key::format(), Some(FORMAT.to_le_bytes().to_vec()))])?;
        Ok(index)
    }

    /// Looks at an index that sled could open. The error says why it must be put aside.
    pub(super) fn check(
        backend: Box<dyn Backend>,
        existed: bool,
    ) -> Result<(Self, IndexState), String> {
        let say = |error: IndexError| error.to_string();
        if backend.keys(&[], 1).map_err(say)?.is_empty() {
            let state = match existed {
                true => IndexState::Lost("it was empty".to_owned()),
                false => IndexState::New,
            };
            return Ok((Self::fresh(backend).map_err(say)?, state));
        }
        let index = Self::new(backend);
        match index.row(&Key::format()).map_err(say)? {
            Some(format) if format[..] == FORMAT.to_le_bytes() => Ok((index, IndexState::Kept)),
            _ => Err("it is of another format".to_owned()),
        }
    }
}

fn beside(path: &Path) -> PathBuf {
    path.with_extension("new")
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
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
