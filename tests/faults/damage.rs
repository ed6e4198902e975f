//! Bytes that change on the disk by themselves: every document is then right or says it is not,
//! and never shorter; documents that are not concerned do not notice.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use coscribe::random::{Random, SeededRandom};
use tempfile::TempDir;

use crate::{
    alone,
    bench::{export, read_fresh},
    checker::violations,
    editor::Editor,
    long, note,
    server::{Launch, Server},
    wire::Framing,
};

const PACE: Duration = Duration::from_millis(1);

/// A store with some documents, in journal, archive and index, stopped properly.
struct Sample {
    directory: TempDir,
    editors: Vec<Editor>,
}

/// What became of the documents of a damaged store.
#[derive(Debug, Default)]
struct Outcome {
    refused: Vec<String>,
    wrong: Vec<String>,
    log: String,
}

impl Sample {
    async fn make() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let data = directory.path().join("sound");
        let launch = Launch::new(&data, &directory.path().join("log"));
        let mut editors: Vec<_> = ["a", "b", "c"]
            .iter()
            .zip(1..)
            .map(|(document, seed)| Editor::new("ann", document, Framing::Hocuspocus, seed))
            .collect();
        // Two starts: the first one's files are sealed, the second one's are still a journal.
        for _ in 0..2 {
            let server = launch.start().await;
            for editor in &mut editors {
                let mut online = editor.go_online(server.port).await.expect("a connection");
                let typed = editor.type_for(&mut online, PACE, Duration::from_millis(1_200)).await;
                typed.expect("typing works");
                editor.settle(&mut online).await.expect("answers come");
            }
            assert!(server.stop().await.is_some_and(|status| status.success()), "a clean stop");
        }
        Self { directory, editors }
    }

    /// Damages a copy and starts a server on it.
    async fn damaged(&self, damage: impl FnOnce(&Path)) -> Outcome {
        let data = self.directory.path().join("damaged");
        let _ = std::fs::remove_dir_all(&data);
        let copied = Command::new("cp").arg("-a").arg(self.sound()).arg(&data).status();
        assert!(copied.is_ok_and(|status| status.success()), "the sample can be copied");
        damage(&data);
        let log = self.directory.path().join("damaged.log");
        let _ = std::fs::remove_file(&log);
        let mut outcome = Outcome::default();
        for editor in &self.editors {
            let exported = export(&editor.document, &data);
            outcome.see(editor, "export", exported.map_err(|why| why.trim().to_owned()));
        }
        let server = Launch::new(&data, &log).start().await;
        for editor in &self.editors {
            let read = read_fresh(server.port, &editor.document).await;
            outcome.see(editor, "server", read.map_err(|gone| format!("{gone:?}")));
        }
        others_go_on(&server, Duration::ZERO).await;
        outcome.log = server.log_text();
        outcome
    }

    /// What is seen when the damaged copy has lived on for a while: others typed so much that files
    /// were sealed and archives merged, and the server was started again, twice.
    async fn lived_on(&self) -> Outcome {
        let data = self.directory.path().join("damaged");
        let log = self.directory.path().join("lived-on.log");
        let mut outcome = Outcome::default();
        for _ in 0..2 {
            let server = Launch::new(&data, &log).start().await;
            others_go_on(&server, Duration::from_secs(1)).await;
            assert!(server.stop().await.is_some_and(|status| status.success()), "a clean stop");
        }
        let server = Launch::new(&data, &log).start().await;
        for editor in &self.editors {
            let read = read_fresh(server.port, &editor.document).await;
            outcome.see(editor, "server", read.map_err(|gone| format!("{gone:?}")));
            let exported = export(&editor.document, &data);
            outcome.see(editor, "export", exported.map_err(|why| why.trim().to_owned()));
        }
        outcome.log = server.log_text();
        outcome
    }

    fn sound(&self) -> PathBuf {
        self.directory.path().join("sound")
    }

    /// The largest file of a folder, as its name.
    fn largest(&self, folder: &str) -> PathBuf {
        let files = std::fs::read_dir(self.sound().join(folder)).expect("a folder of the store");
        let files = files.map(|file| file.expect("a directory entry"));
        let file = files.max_by_key(|file| file.metadata().map_or(0, |it| it.len()));
        Path::new(folder).join(file.expect("the folder has files").file_name())
    }
}

/// Somebody types in a document of their own that no damage concerns.
async fn others_go_on(server: &Server, time: Duration) {
    let document = format!("new-{}", server.port);
    let mut stranger = Editor::new("eve", &document, Framing::Hocuspocus, 9);
    let mut online = stranger.go_online(server.port).await.expect("a new document opens");
    stranger.type_for(&mut online, PACE, time).await.expect("a new document can be written");
    stranger.type_and_settle(&mut online).await.expect("a new document can be written");
    assert_eq!(stranger.journal.acked, stranger.journal.ops.len());
}

impl Outcome {
    fn see(&mut self, editor: &Editor, by: &str, content: Result<crate::replica::Content, String>) {
        let document = &editor.document;
        match content {
            Ok(content) => {
                let wrong = violations(&[&editor.journal], &content);
                self.wrong.extend(wrong.iter().map(|it| format!("{document} by {by}: {it}")));
            }
            Err(why) => self.refused.push(format!("{document} by {by}: {why}")),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_byte_is_never_a_shorter_document() {
    let _turn = alone().await;
    let sample = Sample::make().await;
    let sound = sample.damaged(|_| {}).await;
    assert_eq!((&sound.wrong, &sound.refused), (&Vec::new(), &Vec::new()), "{}", sound.log);
    let random = SeededRandom::new(8);
    for folder in ["log", "archive", "index"] {
        let file = sample.largest(folder);
        let (mut noticed, places) = (0, if long() { 60 } else { 6 });
        for place in 0..places {
            let mut at = 0;
            let outcome = sample.damaged(|data| at = flip(&data.join(&file), place, &random)).await;
            let what = format!("byte {at} of {} changed", file.display());
            assert_eq!(outcome.wrong, Vec::<String>::new(), "{what}\n{}", outcome.log);
            noticed += usize::from(!outcome.refused.is_empty());
            if folder == "index" {
                assert_eq!(outcome.refused, Vec::<String>::new(), "{what}: an index is rebuilt");
            }
            let by_server = outcome.refused.iter().filter(|it| it.contains("by server")).count();
            assert!(by_server <= 1 || at < 64, "{what} hits several: {:?}", outcome.refused);
        }
        note(&format!("damage: {noticed} of {places} changed bytes in {folder} cost a document"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_is_not_tidied_away_while_others_type() {
    let _turn = alone().await;
    let sample = Sample::make().await;
    let random = SeededRandom::new(10);
    for folder in ["log", "archive"] {
        let file = sample.largest(folder);
        for place in if long() { 1..8 } else { 1..3 } {
            let mut at = 0;
            let before = sample.damaged(|data| at = flip(&data.join(&file), place, &random)).await;
            let after = sample.lived_on().await;
            let what = format!("byte {at} of {} changed", file.display());
            assert_eq!(after.wrong, Vec::<String>::new(), "{what}\n{}", after.log);
            let (before, after) = (before.refused.len(), after.refused.len());
            note(&format!("damage: {what}, {before} refusals before living on and {after} after"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_is_gone_or_garbage_is_rebuilt() {
    let _turn = alone().await;
    let sample = Sample::make().await;
    let gone = sample.damaged(|data| {
        std::fs::remove_dir_all(data.join("index")).expect("the index can be removed");
    });
    let gone = gone.await;
    assert_eq!((&gone.wrong, &gone.refused), (&Vec::new(), &Vec::new()), "{}", gone.log);
    let file = sample.largest("index");
    let scrambled = sample.damaged(|data| {
        let path = data.join(&file);
        let random = SeededRandom::new(9);
        let mut bytes = std::fs::read(&path).expect("a file of the index");
        random.fill(&mut bytes);
        std::fs::write(&path, bytes).expect("a file of the index");
    });
    let scrambled = scrambled.await;
    let found = (&scrambled.wrong, &scrambled.refused);
    assert_eq!(found, (&Vec::new(), &Vec::new()), "{}", scrambled.log);
}

/// Changes a bit: the first places are the file's beginning, middle and end, then it is chance.
/// Gives where.
fn flip(path: &Path, place: usize, random: &SeededRandom) -> usize {
    let mut bytes = std::fs::read(path).expect("a file of the store");
    let used = bytes.iter().rposition(|byte| *byte != 0).unwrap_or(0);
    let at = match place {
        0 => 9.min(used),
        1 => used / 2,
        2 => used,
        _ => random.below(used as u64 + 1) as usize,
    };
    bytes[at] ^= 1 << random.below(8);
    std::fs::write(path, bytes).expect("a file of the store");
    at
}
