//! A machine with little memory: count bombs, edits without end and readers that stop reading go at
//! a server that may have 256 MiB, and it lives.

use std::{fs, path::PathBuf, time::Duration};

use bytes::Bytes;
use coscribe::protocol::ClientMessage;
use tokio::time::timeout;

use crate::{
    alone,
    bench::{export, read_fresh},
    checker::violations,
    corpus::hostile,
    editor::Editor,
    judge, note,
    replica::Replica,
    rounds,
    server::{Launch, Server},
    skip,
    wire::{Framing, Wire},
};

/// What it may have, pages of files that can be given back included.
const MEMORY: u64 = 256 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_little_memory_refuses_and_lives() {
    let _turn = alone().await;
    let group = match Group::new() {
        Ok(group) => group,
        Err(why) => return skip(&format!("a memory limit: {why}")),
    };
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data = directory.path().join("store");
    let launch = Launch::new(&data, &directory.path().join("log")).seldom_sealing();
    let mut server = launch.in_group(&group.0).start().await;
    let mut editor = Editor::new("ann", "note", Framing::Hocuspocus, 6);
    let mut online = editor.go_online(server.port).await.expect("the editor connects");
    let rounds = rounds(1, 20);
    for round in 0..rounds {
        bomb(&server, round).await;
        let pouring: Vec<_> = (0..6).map(|it| tokio::spawn(pour(server.port, round, it))).collect();
        let (pace, time) = (Duration::from_millis(5), Duration::from_secs(2));
        let typing = editor.type_for(&mut online, pace, time);
        typing.await.expect("an editor beside them works on");
        for pouring in pouring {
            pouring.await.expect("an attacker does not panic");
        }
        assert!(server.exited().is_none(), "it ended: {}", server.log_text());
    }
    editor.settle(&mut online).await.expect("answers come");
    assert_eq!((editor.refused, editor.journal.acked), (0, editor.journal.ops.len()));
    read_fresh(server.port, "note").await.expect("others are served");
    note(&format!("256 MiB: the most it had was {} MiB", group.peak() >> 20));
    server.kill();
    let content = export("note", &data).expect("the document can be exported");
    judge("memory", rounds, editor.journal.acked, &violations(&[&editor.journal], &content));
}

/// Every hostile input as an update.
async fn bomb(server: &Server, round: usize) {
    for (name, bytes) in hostile() {
        for framing in [Framing::YWebsocket, Framing::Hocuspocus] {
            let document = format!("bombed-{round}");
            let connecting = Wire::connect(server.port, framing, &document);
            let mut wire = connecting.await.unwrap_or_else(|gone| panic!("{name}: {gone:?}"));
            let update = ClientMessage::Update(Bytes::from(bytes.clone()));
            // Hung up on or not.
            let _ = wire.send(&update).await;
        }
    }
}

/// Inserts and deletes half a megabyte again and again without reading what comes back.
async fn pour(port: u16, round: usize, number: u64) {
    let document = format!("poured-{}", number % 2);
    let connecting = Wire::connect(port, Framing::Hocuspocus, &document);
    let mut wire = connecting.await.expect("a connection");
    let replica = Replica::new(100 + 10 * round as u64 + number);
    let state = ClientMessage::SyncStep1(Bytes::from_static(&[0]));
    wire.send(&state).await.expect("a question");
    let chunk = "x".repeat(500_000);
    for _ in 0..20 {
        for update in [replica.insert(0, &chunk), replica.delete(0, 500_000)] {
            let update = ClientMessage::Update(update);
            let sending = wire.send(&update);
            // While the server does not read, or once it has hung up: enough was tried.
            if !matches!(timeout(Duration::from_secs(1), sending).await, Ok(Ok(()))) {
                return;
            }
        }
    }
}

/// A control group of the kernel with a limit of memory.
struct Group(PathBuf);

impl Group {
    fn new() -> Result<Self, String> {
        if !rustix::process::getuid().is_root() {
            return Err("control groups need root".to_owned());
        }
        let place =
            |root: &str| PathBuf::from(root).join(format!("coscribe-{}", std::process::id()));
        let (root, limit) = if PathBuf::from("/sys/fs/cgroup/memory/tasks").exists() {
            ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
        } else {
            ("/sys/fs/cgroup", "memory.max")
        };
        let group = Self(place(root));
        fs::create_dir(&group.0).map_err(|error| error.to_string())?;
        let set = fs::write(group.0.join(limit), MEMORY.to_string());
        set.map_err(|error| format!("{limit}: {error}"))?;
        Ok(group)
    }

    fn peak(&self) -> u64 {
        let files = ["memory.max_usage_in_bytes", "memory.peak"].map(|file| self.0.join(file));
        let read = files.iter().find_map(|file| fs::read_to_string(file).ok());
        read.and_then(|text| text.trim().parse().ok()).unwrap_or(0)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // Only an empty group can be removed; the server of a failed test may still be going down.
        for _ in 0..100 {
            if fs::remove_dir(&self.0).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
