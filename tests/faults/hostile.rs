//! Every hostile input to the running server, in every message that carries bytes, in both
//! framings, on a document that an honest editor has open.

use bytes::Bytes;
use coscribe::{
    crdt::corpus::one_type_deeper,
    limits::TYPE_DEPTH,
    protocol::{ClientMessage, ServerMessage},
};

use crate::{
    alone,
    bench::read_fresh,
    corpus::hostile,
    editor::{Editor, Online},
    long, note,
    server::{Launch, Server},
    wire::{Framing, Gone, PATIENCE, Wire},
};

const SLACK_KIB: u64 = 50 * 1024;

type Wrap = fn(Bytes) -> ClientMessage;

const CARRIERS: [(&str, Wrap); 4] = [
    ("update", ClientMessage::Update),
    ("step 2", ClientMessage::SyncStep2),
    ("step 1", ClientMessage::SyncStep1),
    ("awareness", ClientMessage::Awareness),
];

#[tokio::test(flavor = "multi_thread")]
async fn hostile_bytes_hurt_nobody_but_their_sender() {
    let _turn = alone().await;
    let directory = tempfile::tempdir().expect("a temporary directory");
    let log = directory.path().join("log");
    let mut server = Launch::new(&directory.path().join("store"), &log).start().await;
    read_fresh(server.port, "warm").await.expect("the server answers");
    let before = server.rss_kib();
    let repeats = if long() { 100 } else { 6 };
    let mut sent = 0;
    let mut told = Vec::new();
    for (number, (name, bytes)) in hostile().into_iter().enumerate() {
        for framing in [Framing::YWebsocket, Framing::Hocuspocus] {
            let attack = Attack {
                name,
                framing,
                document: format!("attacked-{number}-{framing:?}"),
                bytes: Bytes::from(bytes.clone()),
            };
            sent += attack.beside_an_editor(&server, repeats).await;
            assert!(server.exited().is_none(), "{name} ended the server: {}", server.log_text());
            // A refusal takes the server a second on purpose, so they are awaited together.
            told.extend(CARRIERS.map(|carrier| tokio::spawn(attack.told(server.port, carrier))));
        }
    }
    let mut untold = Vec::new();
    for told in told {
        let (what, outcome) = told.await.expect("an attacker does not panic");
        untold.extend(outcome.err().map(|gone| format!("{what}: {gone:?}")));
    }
    assert_eq!(untold, Vec::<String>::new(), "senders that hear nothing");
    let grown = server.peak_kib().saturating_sub(before);
    note(&format!("hostile: {sent} messages, the server grew by at most {grown} KiB"));
    // Some inputs are honest, if strange, and stay: the documents themselves have their size.
    assert!(grown < 2 * SLACK_KIB, "the server grew by {grown} KiB");
    assert!(server.exited().is_none(), "the server ended: {}", server.log_text());
}

#[tokio::test(flavor = "multi_thread")]
async fn types_nested_bit_by_bit_are_refused_before_they_are_too_deep() {
    let _turn = alone().await;
    let directory = tempfile::tempdir().expect("a temporary directory");
    let log = directory.path().join("log");
    let mut server = Launch::new(&directory.path().join("store"), &log).start().await;
    let connecting = Wire::connect(server.port, Framing::Hocuspocus, "deep");
    let mut wire = connecting.await.expect("an attacker connects");
    let mut stored = 0;
    for clock in 0..10_000 {
        let deeper = ClientMessage::Update(one_type_deeper(9, clock).into());
        if wire.send(&deeper).await.is_err() {
            break;
        }
    }
    while let Ok(message) = wire.receive().await {
        match message {
            ServerMessage::SyncStatus(true) => stored += 1,
            ServerMessage::SyncStatus(false) => break,
            _ => {}
        }
    }
    assert_eq!(stored, TYPE_DEPTH);
    // Deletes the outermost: client 9, clock 0.
    let connecting = Wire::connect(server.port, Framing::Hocuspocus, "deep");
    let mut wire = connecting.await.expect("an attacker connects");
    let delete = ClientMessage::Update(Bytes::from_static(&[0, 1, 9, 1, 0, 1]));
    wire.send(&delete).await.expect("an edit");
    while !matches!(wire.receive().await.expect("an answer"), ServerMessage::SyncStatus(true)) {}
    read_fresh(server.port, "deep").await.expect("the document opens");
    assert!(server.exited().is_none(), "the server ended: {}", server.log_text());
}

/// An input, and where and how it is sent.
struct Attack {
    name: &'static str,
    framing: Framing,
    document: String,
    bytes: Bytes,
}

impl Attack {
    /// Sends the input in all carriers, so often, while somebody edits the document; gives how many
    /// messages went out.
    async fn beside_an_editor(&self, server: &Server, repeats: usize) -> usize {
        let mut editor = Editor::new("honest", &self.document, Framing::Hocuspocus, 7);
        let mut online = editor.go_online(server.port).await.expect("the editor connects");
        let mut sent = 0;
        for (carrier, wrap) in CARRIERS {
            let what = self.describe(carrier);
            let before = server.peak_kib();
            let message = wrap(self.bytes.clone());
            for _ in 0..repeats / 2 {
                sent += send_twice(server.port, self.framing, &self.document, &message).await;
                type_and_hear(&mut editor, &mut online, &what).await;
            }
            let content = read_fresh(server.port, &self.document).await;
            let content =
                content.unwrap_or_else(|gone| panic!("{what}: nobody can open it: {gone:?}"));
            assert_eq!(content.text, editor.replica.content().text, "{what}");
            let grown = server.peak_kib().saturating_sub(before);
            assert!(grown < SLACK_KIB, "{what}: the server grew by {grown} KiB");
        }
        sent
    }

    /// Whether the sender is told what becomes of it.
    fn told(
        &self,
        port: u16,
        (carrier, wrap): (&'static str, Wrap),
    ) -> impl Future<Output = (String, Result<(), Gone>)> + use<> {
        let (what, message) = (self.describe(carrier), wrap(self.bytes.clone()));
        let (framing, document) = (self.framing, self.document.clone());
        async move {
            // Keepalives go on for ever; they tell nobody anything.
            let telling = send_until_told(port, framing, &document, &message);
            let told = tokio::time::timeout(PATIENCE, telling).await;
            (what, told.unwrap_or(Err(Gone::Silent)))
        }
    }

    fn describe(&self, carrier: &str) -> String {
        format!("{} as {carrier} by {:?}", self.name, self.framing)
    }
}

/// Sends it twice, one less than ends a connection, and waits until it was looked at.
async fn send_twice(port: u16, framing: Framing, document: &str, hostile: &ClientMessage) -> usize {
    let mut wire = Wire::connect(port, framing, document).await.expect("an attacker connects");
    let question = ClientMessage::SyncStep1(Bytes::from_static(&[0]));
    for message in [&question, hostile, hostile, &question] {
        if wire.send(message).await.is_err() {
            return 2;
        }
    }
    let mut answers = 0;
    while answers < 2 {
        match wire.receive().await {
            Ok(ServerMessage::SyncStep2(_)) => answers += 1,
            Ok(_) => {}
            Err(Gone::Silent) => panic!("the server answers nobody any more"),
            Err(_) => break,
        }
    }
    2
}

/// Sends it until the server has said something about it: hung up, refused, answered or asked.
async fn send_until_told(
    port: u16,
    framing: Framing,
    document: &str,
    hostile: &ClientMessage,
) -> Result<(), Gone> {
    let mut wire = Wire::connect(port, framing, document).await?;
    wire.send(&ClientMessage::SyncStep1(Bytes::from_static(&[0]))).await?;
    while !matches!(wire.receive().await?, ServerMessage::SyncStep2(_)) {}
    for _ in 0..3 {
        // After the last one the server may have hung up already.
        let _ = wire.send(hostile).await;
    }
    // Presence has no answer of its own, and y-websocket asks for one by a message of its own.
    let question = match hostile {
        ClientMessage::Awareness(_) => ClientMessage::SyncStep1(Bytes::from_static(&[0])),
        _ if framing == Framing::YWebsocket => ClientMessage::Barrier(Bytes::from_static(&[1])),
        _ => ClientMessage::QueryAwareness,
    };
    let _ = wire.send(&question).await;
    loop {
        match wire.receive().await {
            Ok(
                ServerMessage::SyncStep1(_)
                | ServerMessage::SyncStep2(_)
                | ServerMessage::SyncStatus(_)
                | ServerMessage::Barrier(_)
                | ServerMessage::PermissionDenied(_),
            )
            | Err(Gone::Closed(..)) => return Ok(()),
            Ok(_) => {}
            Err(gone) => return Err(gone),
        }
    }
}

async fn type_and_hear(editor: &mut Editor, online: &mut Online, what: &str) {
    let typed = editor.type_and_settle(online).await;
    assert!(typed.is_ok(), "{what}: the honest editor lost its connection: {typed:?}");
    assert_eq!(editor.refused, 0, "{what}: the honest editor was refused");
    assert_eq!(editor.journal.acked, editor.journal.ops.len(), "{what}: not saved");
}
