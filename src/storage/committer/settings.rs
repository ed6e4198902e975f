//! What the one thread that writes the journal is started with.

use std::{path::PathBuf, sync::Arc};

use crate::{
    clock::Clock,
    random::Random,
    storage::{disk::Disk, record::FileKey},
    telemetry::Meter,
};

/// What the committer needs to know and whom to tell.
pub(crate) struct Settings {
    /// The file system.
    pub(crate) disk: Arc<dyn Disk>,
    /// The journal's directory.
    pub(crate) log: PathBuf,
    /// A file that would grow beyond this is followed by another.
    pub(crate) file_bytes: u64,
    /// Most bytes of payloads that may wait.
    pub(crate) queue_bytes: usize,
    /// The number of the next file. It is created when there is something to write.
    pub(crate) next_file: u64,
    /// The number of the next commit.
    pub(crate) next_commit: u64,
    /// For the files' salts.
    pub(crate) random: Arc<dyn Random>,
    /// Measures how long the disk takes.
    pub(crate) clock: Arc<dyn Clock>,
    /// The numbers that writing moves.
    pub(crate) meter: Arc<Meter>,
    /// Told when a file was begun; those before it are full.
    pub(crate) begun: Box<dyn Fn(FileKey) + Send>,
    /// Told when the disk is full; gives room if it can.
    pub(crate) make_room: Box<dyn Fn() + Send>,
}
