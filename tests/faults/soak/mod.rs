//! An hour of churn, or two minutes of it: documents open and close, crowds come and go at once, strangers
//! send garbage, and people type and delete beside them. What the server holds must stay flat.
//!
//! `COSCRIBE_SOAK_SECONDS` says how long (an hour with `COSCRIBE_LONG`); the samples go to
//! `COSCRIBE_SOAK_CSV` and, as graphs, beside it with the ending `.svg`.

mod chart;
mod samples;

use std::{
    path::Path,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use coscribe::{
    protocol::ClientMessage,
    random::{Random, SeededRandom},
};
use futures_util::future::join_all;
use tokio::{io::AsyncWriteExt, net::TcpStream, time::Instant};

use self::samples::{Sample, Samples};
use crate::{
    alone,
    bench::export,
    checker::violations,
    corpus::hostile,
    editor::Editor,
    long, note,
    server::{Launch, Server},
    wire::{Framing, Wire},
};

/// Documents that are opened and closed in turn by each of the people.
const DOCUMENTS: usize = 12;
const PEOPLE: usize = 3;

/// Acknowledged edits after which a document is left for a new one: memory is to be flat while documents
/// are as long as ever, and these keep every edit.
const ENOUGH: usize = 1_000;

/// Connections of a crowd.
const CROWD: usize = 40;

const PACE: Duration = Duration::from_millis(4);

/// What everybody looks at.
struct Day {
    port: u16,
    over: AtomicBool,
    /// The document that one of the people is in, and crowds come to.
    watched: Mutex<String>,
    /// Edits that were acknowledged, crowds that came, strangers that were heard.
    acked: AtomicU64,
    crowds: AtomicU64,
    strangers: AtomicU64,
}

impl Day {
    fn goes_on(&self) -> bool {
        !self.over.load(Ordering::Relaxed)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn churn_leaves_memory_descriptors_threads_and_disk_flat() {
    let _turn = alone().await;
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data = directory.path().join("store");
    let launch = Launch::new(&data, &directory.path().join("log"));
    let mut server = launch.with(&["--unload-after", "300ms"]).start().await;
    let asked = std::env::var_os("COSCRIBE_SOAK_SECONDS");
    let asked = asked.and_then(|text| text.to_str()?.parse().ok());
    let time = Duration::from_secs(asked.unwrap_or(if long() { 3600 } else { 120 }));
    let day = Arc::new(Day {
        port: server.port,
        over: AtomicBool::new(false),
        watched: Mutex::new("0-0".to_owned()),
        acked: AtomicU64::new(0),
        crowds: AtomicU64::new(0),
        strangers: AtomicU64::new(0),
    });
    let people: Vec<_> =
        (0..PEOPLE).map(|number| tokio::spawn(person(Arc::clone(&day), number as u64))).collect();
    let crowd = tokio::spawn(crowds(Arc::clone(&day)));
    let strangers = tokio::spawn(strangers(Arc::clone(&day)));
    let samples = watch(&mut server, &data, &day, time).await;
    day.over.store(true, Ordering::Relaxed);
    let mut editors = Vec::new();
    for person in people {
        editors.extend(person.await.expect("a person does not panic"));
    }
    crowd.await.expect("a crowd does not panic");
    strangers.await.expect("strangers do not panic");
    assert_eq!(server.ready().0, 200, "{}", server.log_text());
    server.kill();
    let mut lost = Vec::new();
    // A document that nobody was told is saved may not be there.
    for editor in editors.iter().filter(|editor| editor.journal.acked > 0) {
        let content = export(&editor.document, &data).expect("the document can be exported");
        lost.extend(violations(&[&editor.journal], &content));
    }
    note(&format!(
        "soak: {:?}, {} acks checked, {} lost, {} crowds of {CROWD}, {} strangers",
        time,
        day.acked.load(Ordering::Relaxed),
        lost.len(),
        day.crowds.load(Ordering::Relaxed),
        day.strangers.load(Ordering::Relaxed),
    ));
    assert_eq!(lost, Vec::<String>::new());
    for (count, of) in
        [(&day.acked, "edits"), (&day.crowds, "crowds"), (&day.strangers, "strangers")]
    {
        assert!(count.load(Ordering::Relaxed) > 0, "no {of}: nothing was tried");
    }
    samples.keep();
    let swollen = samples.swollen();
    assert_eq!(swollen, Vec::<String>::new(), "{}", samples.table());
}

/// Looks at the server sixty times.
async fn watch(server: &mut Server, data: &Path, day: &Day, time: Duration) -> Samples {
    let started = Instant::now();
    let mut samples = Samples::default();
    while started.elapsed() < time {
        tokio::time::sleep(time / 60).await;
        assert!(server.exited().is_none(), "it ended: {}", server.log_text());
        samples.0.push(Sample {
            seconds: started.elapsed().as_secs_f64(),
            memory: server.rss_kib(),
            descriptors: server.count("fd"),
            threads: server.count("task"),
            tasks: server.metric("coscribe_tasks"),
            disk: samples::bytes_below(data) / 1024,
            acked: day.acked.load(Ordering::Relaxed),
        });
    }
    samples
}

/// Visits one document after the other, types and deletes there, and leaves.
async fn person(day: Arc<Day>, number: u64) -> Vec<Editor> {
    let framing = [Framing::Hocuspocus, Framing::YWebsocket][number as usize % 2];
    let random = SeededRandom::new(number);
    let new = |count: usize| {
        let seed = number * 1_000_000 + count as u64;
        Editor::new(&format!("p{number}"), &format!("{number}-{count}"), framing, seed)
    };
    let mut editors: Vec<_> = (0..DOCUMENTS).map(new).collect();
    let mut left = Vec::new();
    while day.goes_on() {
        let editor = &mut editors[random.below(DOCUMENTS as u64) as usize];
        if editor.journal.acked >= ENOUGH {
            left.push(std::mem::replace(editor, new(DOCUMENTS + left.len())));
        }
        if number == 0 {
            *day.watched.lock().expect("nobody panics") = editor.document.clone();
        }
        let before = editor.journal.acked;
        let Ok(mut online) = editor.go_online(day.port).await else { continue };
        let stay = Duration::from_millis(random.below(400));
        editor.type_for(&mut online, PACE, stay).await.expect("typing goes on");
        if random.below(4) > 0 {
            editor.settle(&mut online).await.expect("answers come");
        }
        day.acked.fetch_add((editor.journal.acked - before) as u64, Ordering::Relaxed);
    }
    left.append(&mut editors);
    left
}

/// Many come to the same document at once, look, and are gone.
async fn crowds(day: Arc<Day>) {
    let random = SeededRandom::new(71);
    while day.goes_on() {
        let document = day.watched.lock().expect("nobody panics").clone();
        let coming = (0..CROWD).map(|number| {
            let (document, port) = (document.clone(), day.port);
            async move {
                let framing = [Framing::Hocuspocus, Framing::YWebsocket][number % 2];
                let mut wire = Wire::connect(port, framing, &document).await?;
                wire.send(&ClientMessage::SyncStep1(Bytes::from_static(&[0]))).await?;
                wire.receive().await
            }
        });
        // Some may be told to come later.
        join_all(coming).await;
        day.crowds.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(500 + random.below(500))).await;
    }
}

/// Garbage before the upgrade and after it, and half-open connections.
async fn strangers(day: Arc<Day>) {
    let random = SeededRandom::new(72);
    let hostile = hostile();
    let mut open = Vec::new();
    while day.goes_on() {
        let mut garbage = vec![0; 1 + random.below(2_000) as usize];
        random.fill(&mut garbage);
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", day.port)).await {
            // Some say nothing, and are left open for a while.
            if random.below(3) > 0 {
                let _ = stream.write_all(&garbage).await;
            }
            open.push(stream);
        }
        let framing = [Framing::Hocuspocus, Framing::YWebsocket][random.below(2) as usize];
        if let Ok(mut wire) = Wire::connect(day.port, framing, "garbage").await {
            let bytes = &hostile[random.below(hostile.len() as u64) as usize].1;
            let message = ClientMessage::Update(Bytes::copy_from_slice(bytes));
            let _ = wire.send(&message).await;
            let _ = wire.send_frame(garbage.into()).await;
        }
        let stay = random.below(30) as usize;
        open.drain(..open.len().saturating_sub(stay));
        day.strangers.fetch_add(2, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
