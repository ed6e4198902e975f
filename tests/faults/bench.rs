//! Rounds of typing and faults on one data directory: start, compare with what was there, reconnect
//! and converge, type, strike, and judge the store before anybody reconnects.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use coscribe::{
    protocol::{ClientMessage, ServerMessage},
    random::{Random, SeededRandom},
};
use tempfile::TempDir;

use crate::{
    checker::violations,
    editor::{Editor, Online},
    journal::Journal,
    note,
    replica::{Content, Replica},
    server::{Launch, Server, coscribe},
    wire::{Framing, Gone, Wire},
};

const PACE: Duration = Duration::from_millis(3);

/// The document all rounds are typed into.
const LIVE: &str = "live";

/// The document only the first round is typed into.
const OLD: &str = "old";

/// What ends a round.
pub(crate) trait Fault {
    /// Changes how the round's server is started.
    fn prepare(&mut self, launch: Launch, random: &SeededRandom) -> Launch;

    /// Strikes while editors type; returns when the store can be read again.
    async fn strike(&mut self, server: Server, random: &SeededRandom);
}

/// A data directory, its editors, and where the test keeps what must outlive the fault.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) data: PathBuf,
    outside: TempDir,
    random: SeededRandom,
    crew: Vec<Editor>,
    retired: Vec<Editor>,
    /// What each document held when it was last judged.
    known: BTreeMap<String, Content>,
}

/// What came of the rounds.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) rounds: usize,
    pub(crate) acked: usize,
    pub(crate) violations: Vec<String>,
}

impl Bench {
    /// Editors for a data directory that does not exist yet, or is empty.
    pub(crate) fn new(data: &Path, seed: u64) -> Self {
        let random = SeededRandom::new(seed);
        let framings = [Framing::Hocuspocus, Framing::YWebsocket, Framing::Hocuspocus];
        let names = ["ann", "bob", "cem"];
        let crew = names.iter().zip(framings).enumerate().map(|(index, (name, framing))| {
            Editor::new(name, LIVE, framing, seed.wrapping_mul(31) + index as u64)
        });
        Self {
            data: data.to_owned(),
            outside: tempfile::tempdir().expect("a temporary directory"),
            crew: crew.collect(),
            random,
            retired: Vec::new(),
            known: BTreeMap::new(),
        }
    }

    /// Plays rounds until one breaks a promise.
    pub(crate) async fn play(&mut self, rounds: usize, fault: &mut impl Fault) -> Report {
        let mut report = Report::default();
        for round in 0..rounds {
            self.hire(round);
            let found = self.round(round, fault).await;
            self.dismiss();
            report.rounds += 1;
            report.acked = self.everyone().map(|editor| editor.journal.acked).sum();
            if !found.is_empty() {
                report.violations = found;
                break;
            }
        }
        let Report { rounds, acked, violations } = &report;
        note(&format!("  {rounds} rounds, {acked} acks checked, {} broken", violations.len()));
        for violation in violations.iter().take(10) {
            note(&format!("    {violation}"));
        }
        report
    }

    pub(crate) fn launch(&self) -> Launch {
        Launch::new(&self.data, &self.outside.path().join("server.log"))
    }

    /// What the servers have written.
    pub(crate) fn log_text(&self) -> String {
        std::fs::read_to_string(self.outside.path().join("server.log")).unwrap_or_default()
    }

    /// Documents of their own for the first round and for this one.
    fn hire(&mut self, round: usize) {
        let seed = 1_000 * (round as u64 + 1);
        if round == 0 {
            self.crew.push(Editor::new("dan", OLD, Framing::YWebsocket, seed));
            self.crew.push(Editor::new("eve", OLD, Framing::Hocuspocus, seed + 1));
        }
        let document = format!("round-{round}");
        self.crew.push(Editor::new("fay", &document, Framing::Hocuspocus, seed + 2));
    }

    fn dismiss(&mut self) {
        let (stay, go) = self.crew.drain(..).partition(|editor| editor.document == LIVE);
        self.crew = stay;
        self.retired.extend(go);
    }

    fn everyone(&self) -> impl Iterator<Item = &Editor> {
        self.crew.iter().chain(&self.retired)
    }

    async fn round(&mut self, round: usize, fault: &mut impl Fault) -> Vec<String> {
        if self.random.below(3) == 0 && round > 0 {
            let after = Duration::from_millis(self.random.below(120));
            self.launch().interrupted(after).await;
        }
        // Now and then documents nobody has open are let go of at once, with a last snapshot.
        let unload = ["60s", "200ms"][self.random.below(2) as usize];
        let launch = self.launch().with(&["--unload-after", unload]);
        let server = fault.prepare(launch, &self.random).start().await;
        let mut found = self.compare_with_known(&server).await;
        if found.is_empty() {
            found = self.reconnect_and_type(round, server, fault).await;
        }
        if found.is_empty() {
            found = self.judge();
        }
        found.iter().map(|it| format!("round {round}: {it}")).collect()
    }

    /// A start must give what the store gave: recovery changes nothing.
    async fn compare_with_known(&self, server: &Server) -> Vec<String> {
        let mut found = Vec::new();
        for (document, known) in &self.known {
            match read_fresh(server.port, document).await {
                Ok(content) if &content == known => {}
                Ok(_) => found.push(format!("{document} is not what the store held before")),
                Err(gone) => found.push(format!("{document} cannot be opened: {gone:?}")),
            }
        }
        found
    }

    async fn reconnect_and_type(
        &mut self,
        round: usize,
        server: Server,
        fault: &mut impl Fault,
    ) -> Vec<String> {
        let port = server.port;
        let connecting: Vec<_> = self.crew.drain(..).map(|editor| connect(editor, port)).collect();
        let mut connected = Vec::new();
        let mut found = Vec::new();
        for outcome in
            futures_util::future::join_all(connecting.into_iter().map(tokio::spawn)).await
        {
            let (editor, online) = outcome.expect("an editor does not panic");
            match online {
                Ok(online) => connected.push((editor, online)),
                Err(gone) => {
                    found.push(format!("{} cannot connect: {gone:?}", editor.journal.editor));
                    self.crew.push(editor);
                }
            }
        }
        found.extend(converged(&mut connected).await);
        let mut typing = Vec::new();
        for (mut editor, mut online) in connected {
            typing.push(tokio::spawn(async move {
                // However the connection ends is part of the fault.
                let _ = editor.type_for(&mut online, PACE, Duration::from_secs(20)).await;
                editor
            }));
        }
        fault.strike(server, &self.random).await;
        for editor in futures_util::future::join_all(typing).await {
            self.crew.push(editor.expect("an editor does not panic"));
        }
        for editor in self.crew.iter_mut().filter(|it| it.document == LIVE) {
            for _ in 0..self.random.below(5) + round as u64 % 2 {
                let _unsent = editor.type_something();
            }
        }
        found
    }

    /// Reads the store as it lies there and compares it with what was promised.
    fn judge(&mut self) -> Vec<String> {
        let mut documents = vec![LIVE.to_owned(), OLD.to_owned()];
        documents.extend(self.crew.last().map(|_| self.newest_document()));
        let some = self.random.below(self.retired.len() as u64 + 1) as usize;
        documents.extend(self.retired.get(some).map(|editor| editor.document.clone()));
        documents.sort();
        documents.dedup();
        let mut found = Vec::new();
        self.known.clear();
        for document in documents {
            let journals: Vec<&Journal> = self
                .crew
                .iter()
                .chain(&self.retired)
                .filter(|editor| editor.document == document)
                .map(|editor| &editor.journal)
                .collect();
            match export(&document, &self.data) {
                Ok(content) => {
                    let wrong = violations(&journals, &content);
                    found.extend(wrong.iter().map(|it| format!("{document}: {it}")));
                    self.known.insert(document, content);
                }
                Err(why) if journals.iter().any(|journal| journal.acked > 0) => {
                    found.push(format!("{document} has acknowledged edits and no export: {why}"));
                }
                Err(_) => {}
            }
        }
        found
    }

    fn newest_document(&self) -> String {
        let rounds = self.crew.iter().filter(|editor| editor.document.starts_with("round-"));
        rounds.map(|editor| editor.document.clone()).next_back().unwrap_or_default()
    }
}

async fn connect(mut editor: Editor, port: u16) -> (Editor, Result<Online, Gone>) {
    let online = editor.go_online(port).await;
    (editor, online)
}

/// Everybody has sent all and been answered: now all copies must be the same, and hold it all.
async fn converged(connected: &mut [(Editor, Online)]) -> Vec<String> {
    let mut found = Vec::new();
    for (editor, online) in connected.iter_mut() {
        if let Err(gone) = editor.refresh(online).await {
            found.push(format!("{} cannot refresh: {gone:?}", editor.journal.editor));
        }
    }
    let live: Vec<_> = connected.iter().filter(|(editor, _)| editor.document == LIVE).collect();
    let contents: Vec<_> = live.iter().map(|(editor, _)| editor.replica.content()).collect();
    if contents.windows(2).any(|pair| pair[0] != pair[1]) {
        found.push("editors do not converge".to_owned());
    }
    let unsaved = live.iter().filter(|(editor, _)| editor.journal.acked < editor.journal.ops.len());
    found.extend(unsaved.map(|(it, _)| format!("{} was not told all is saved", it.journal.editor)));
    let journals: Vec<_> = live.iter().map(|(editor, _)| &editor.journal).collect();
    if let Some(content) = contents.first() {
        found.extend(violations(&journals, content).iter().map(|it| format!("live editors: {it}")));
    }
    found
}

/// What `coscribe export` reads from the directory, server running or not.
pub(crate) fn export(document: &str, data: &Path) -> Result<Content, String> {
    let output = coscribe(&["export", document], data);
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    Ok(Replica::of_update(&output.stdout)?.content())
}

/// What a client sees that has never seen the document and brings nothing.
pub(crate) async fn read_fresh(port: u16, document: &str) -> Result<Content, Gone> {
    let mut wire = Wire::connect(port, Framing::YWebsocket, document).await?;
    wire.send(&ClientMessage::SyncStep1(bytes::Bytes::from_static(&[0]))).await?;
    let replica = Replica::new(1);
    loop {
        let (update, last) = match wire.receive().await? {
            ServerMessage::Update(update) => (update, false),
            ServerMessage::SyncStep2(update) => (update, true),
            // A refusal to write is no refusal to read; one to read ends the connection, too.
            _ => continue,
        };
        replica.apply(&update).map_err(Gone::Broken)?;
        if last {
            return Ok(replica.content());
        }
    }
}
