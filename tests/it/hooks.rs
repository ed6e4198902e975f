//! Hooks: each moment once, and that one which panics or hangs harms only its own call.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use coscribe::{
    Server,
    auth::{Answering, Authorizer, Grant, Question},
    hooks::{
        Authenticate, Connect, FirstContent, Hooks, Load, Presence, Refusal, Saved, Stateless,
        Stored, Unload, Update, Updated, VersionMade,
    },
    identity::{Access, Author},
    ids::DocumentName,
    limits::Limits,
    yrs::{Doc, Text, Transact},
};
use futures_util::{SinkExt, StreamExt, future::join_all, future::pending};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio_tungstenite::{connect_async, tungstenite::Message};

use crate::{
    harness::open,
    http::{ask, get},
    page::Page,
};

/// Longer than anything takes, so that a test that waits in vain ends.
const PATIENCE: Duration = Duration::from_secs(20);

/// Notes what it is told, and does to a document what its name says.
struct Spy(Sender<String>);

/// More than any test here is told.
const TOLD: usize = 1024;

impl Spy {
    fn note(&self, words: String) {
        // The test may have heard enough.
        let _unheard = self.0.try_send(words).is_err();
    }

    /// What the name of a document asks for at a moment: `hangs at load`, `panics at load`,
    /// `refused at load`.
    async fn act(&self, document: &DocumentName, moment: &str) -> Result<(), Refusal> {
        match document.as_str().split_once(" at ") {
            Some(("hangs", at)) if at == moment => pending().await,
            Some(("panics", at)) if at == moment => panic!("{document}"),
            Some(("refused", at)) if at == moment => Err(Refusal::new("not today")),
            _ => Ok(()),
        }
    }
}

impl Hooks for Spy {
    async fn connect(&self, it: Connect) -> Result<(), Refusal> {
        assert!(it.peer.is_some_and(|peer: SocketAddr| peer.ip().is_loopback()));
        match it.document {
            Some(document) => self.act(&document, "connect").await,
            None => Ok(()),
        }
    }

    async fn authenticate(&self, it: Authenticate) -> Result<Access, Refusal> {
        self.act(&it.document, "authenticate").await?;
        Ok(match it.document.as_str() {
            "to be read" => Access::View,
            _ => Access::Owner,
        })
    }

    async fn load(&self, it: Load) -> Result<(), Refusal> {
        self.act(&it.document, "load").await
    }

    async fn first_content(&self, it: FirstContent) -> Result<Option<Bytes>, Refusal> {
        self.act(&it.document, "first content").await?;
        Ok((it.document.as_str() == "begun").then(|| {
            let doc = Doc::new();
            let text = doc.get_or_insert_text("text");
            let mut txn = doc.transact_mut();
            text.push(&mut txn, "Once upon a time. ");
            txn.encode_update_v1().into()
        }))
    }

    async fn update(&self, it: Update) -> Result<(), Refusal> {
        self.act(&it.document, "update").await
    }

    async fn stateless(&self, it: Stateless) -> Result<String, Refusal> {
        match &it.payload[..] {
            "whisper" => Err(Refusal::new("speak up")),
            payload => Ok(payload.to_uppercase()),
        }
    }

    async fn updated(&self, it: Updated) {
        self.note(format!("updated {} by {}", it.document, it.author.name));
        drop(self.act(&it.document, "updated").await);
    }

    async fn saved(&self, it: Saved) {
        self.note(format!("saved {} {}", it.document, it.last));
    }

    async fn stored(&self, it: Stored) {
        let text = coscribe::crdt::content::text(&it.state).expect("a whole document");
        self.note(format!("stored {} {} {text}", it.document, it.last));
    }

    async fn presence(&self, it: Presence) {
        for (_, state) in it.states {
            self.note(format!("presence {} {}", it.document, String::from_utf8_lossy(&state)));
        }
    }

    async fn version(&self, it: VersionMade) {
        self.note(format!("version {} {} {}", it.document, it.name, it.seq));
    }

    async fn unload(&self, it: Unload) {
        self.note(format!("unload {}", it.document));
    }

    async fn shutdown(&self) {
        self.note("shutdown".into());
    }
}

/// Lets everybody look.
struct Readers;

impl Authorizer for Readers {
    fn authorize<'a>(&'a self, _question: &'a Question) -> Answering<'a, Grant> {
        Box::pin(async { Ok(Grant::of(Access::View)) })
    }
}

struct Watched {
    server: Server,
    told: Receiver<String>,
}

async fn watched() -> Watched {
    watched_with(Limits {
        hook: Duration::from_millis(300),
        rest_after: Duration::from_millis(50),
        unload_after: Duration::from_millis(200),
        ..Limits::default()
    })
    .await
}

async fn watched_with(limits: Limits) -> Watched {
    let (tell, told) = channel(TOLD);
    let building = Server::builder().memory().limits(limits).hooks(Spy(tell));
    let server = building.listen(([127, 0, 0, 1], 0).into()).build().await;
    Watched { server: server.expect("the server starts"), told }
}

impl Watched {
    async fn hears(&mut self, words: &str) {
        let heard = async {
            while let Some(told) = self.told.recv().await {
                if told == words {
                    return;
                }
            }
            panic!("nothing more is told");
        };
        let heard = tokio::time::timeout(PATIENCE, heard).await;
        heard.unwrap_or_else(|_| panic!("it is not told: {words}"));
    }

    /// Whether others work as if nothing had happened.
    async fn others_edit(&self) {
        let page = open(&self.server, "others");
        page.edit(|text| text.push("x")).expect("may edit");
        page.saved().await.expect("saved");
        page.close().await;
    }

    /// The code with which somebody is turned away who opens a document.
    async fn turns_away(&self, document: &str) -> u16 {
        let mut page = Page::new(7);
        page.connect(&self.server, &document.replace(' ', "%20")).await;
        page.turned_away().await
    }
}

fn named(name: &str) -> DocumentName {
    DocumentName::new(name).expect("a good name")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_refused_at_the_door_hears_why_and_others_come_in() {
    let it = watched().await;
    for moment in ["connect", "authenticate", "load"] {
        for how in ["refused", "panics", "hangs"] {
            let name = format!("{how} at {moment}");
            assert_eq!(it.turns_away(&name).await, 4403, "{name}");
        }
    }
    it.others_edit().await;
    it.server.shutdown().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rights_can_be_lowered_and_not_raised() {
    let it = watched().await;
    let reader = open(&it.server, "to be read");
    reader.synced().await.expect("synced");
    assert_eq!(reader.access(), Some(Access::View));
    let mut page = Page::new(7);
    page.connect(&it.server, "to%20be%20read").await;
    page.synced().await;
    page.types("scribble").await;
    it.others_edit().await;
    let document = it.server.documents().get(&named("to be read"));
    assert_eq!(document.text().await.expect("reads"), None);
    it.server.shutdown().await.expect("stops");

    let building = Server::builder().memory().hooks(Spy(channel(TOLD).0));
    let building = building.authorizer(Arc::new(Readers)).listen(([127, 0, 0, 1], 0).into());
    let server = building.build().await.expect("the server starts");
    let reader = open(&server, "plan");
    reader.synced().await.expect("synced");
    assert_eq!(reader.access(), Some(Access::View), "the hook would make it an owner");
    server.shutdown().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_document_begins_with_the_programs_content_once() {
    let it = watched().await;
    let pages: Vec<_> = (0..10).map(|_| open(&it.server, "begun")).collect();
    let arrivals = pages.iter().map(|page| page.until(|text| !text.is_empty()));
    for text in join_all(arrivals).await {
        assert_eq!(text.expect("arrives"), "Once upon a time. ");
    }
    pages[0].edit(|text| text.push("The end.")).expect("may edit");
    pages[0].saved().await.expect("saved");
    let document = it.server.documents().get(&named("begun"));
    let text = document.text().await.expect("reads");
    assert_eq!(text.as_deref(), Some("Once upon a time. The end."));
    for how in ["refused", "panics", "hangs"] {
        // Whoever wrote into an empty one would be in the way of its content.
        assert_eq!(it.turns_away(&format!("{how} at first content")).await, 1013, "{how}");
    }
    it.others_edit().await;
    it.server.shutdown().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_that_is_not_allowed_reaches_nobody_and_is_not_called_saved() {
    let it = watched().await;
    for how in ["refused", "panics", "hangs"] {
        let name = format!("{how} at update");
        let mut page = Page::new(7);
        page.connect(&it.server, &name.replace(' ', "%20")).await;
        page.synced().await;
        page.types("no").await;
        it.others_edit().await;
        // Its turn comes after the edit's.
        page.asks_saved().await;
        let document = it.server.documents().get(&named(&name));
        let bot = Author::server("bot");
        document.edit_text(bot, |text| text.push("yes")).await.expect("the program may");
        loop {
            match page.hears().await {
                crate::page::Heard::Update(_) => break,
                heard => assert_ne!(heard, crate::page::Heard::Barrier, "{name}"),
            }
        }
        assert_eq!(document.text().await.expect("reads").as_deref(), Some("yes"), "{name}");
    }
    it.server.shutdown().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_life_of_a_document_is_told_in_order() {
    let mut it = watched().await;
    let mia = open(&it.server, "plan");
    let shown = serde_json::json!({ "user": { "name": "Mia" } });
    mia.set_presence(Some(&shown));
    it.hears(&format!("presence plan {shown}")).await;
    mia.edit(|text| text.push("milk")).expect("may edit");
    it.hears("updated plan by Mia").await;
    it.hears("saved plan 1").await;
    it.hears("stored plan 1 milk").await;
    let made = ask(&it.server, "POST /documents/plan/versions", r#"{"name":"Agreed"}"#).await;
    assert_eq!(made.status, 201);
    it.hears("version plan Agreed 1").await;
    mia.edit(|text| text.push(", bread")).expect("may edit");
    mia.saved().await.expect("saved");
    mia.close().await;
    it.hears("stored plan 2 milk, bread").await;
    it.hears("unload plan").await;
    it.server.shutdown().await.expect("stops");
    it.hears("shutdown").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_that_never_rests_is_told_of_all_the_same() {
    let hour = Duration::from_hours(1);
    let limits = Limits { rest_after: hour, rest_at_most: Duration::ZERO, ..Limits::default() };
    let mut it = watched_with(limits).await;
    let plan = it.server.documents().get(&named("plan"));
    plan.edit_text(Author::server("bot"), |text| text.push("more")).await.expect("durable");
    it.hears("stored plan 1 more").await;
    it.server.shutdown().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_yet_told_when_the_server_stops_is_told_before_it_has() {
    let mut it = watched().await;
    let plan = it.server.documents().get(&named("plan"));
    plan.edit_text(Author::server("bot"), |text| text.push("late")).await.expect("durable");
    it.server.shutdown().await.expect("stops");
    it.hears("stored plan 1 late").await;
    it.hears("unload plan").await;
    it.hears("shutdown").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hook_that_is_told_and_fails_holds_up_nobody() {
    let mut it = watched().await;
    for how in ["panics", "hangs"] {
        let name = format!("{how} at updated");
        let document = it.server.documents().get(&named(&name));
        document.edit_text(Author::server("bot"), |text| text.push("x")).await.expect("durable");
        it.hears(&format!("updated {name} by bot")).await;
        it.others_edit().await;
        it.hears("saved others 1").await;
        it.hears(&format!("stored {name} 1 x")).await;
        let others = it.server.documents().get(&named("others"));
        others.delete().await.expect("ends");
    }
    let told = get(it.server.addresses()[0], "/metrics").await.body;
    let told = String::from_utf8(told).expect("text");
    let failed = |hook: &str| format!("\ncoscribe_hook_failures_total{{hook=\"{hook}\"}} ");
    assert!(told.contains(&format!("{}2\n", failed("updated"))), "{told}");
    assert!(told.contains(&format!("{}0\n", failed("saved"))), "{told}");
    it.server.shutdown().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_between_apps_is_changed_or_dropped_on_its_way() {
    let it = watched().await;
    let url = format!("ws://{}/ws", it.server.addresses()[0]);
    let mut sockets = Vec::new();
    for _ in 0..2 {
        let (mut socket, _) = connect_async(&url).await.expect("upgraded");
        socket
            .send(Message::binary([&[4][..], b"plan", &[0, 0, 1, 0]].concat()))
            .await
            .expect("open");
        loop {
            let frame = socket.next().await.expect("open").expect("sound").into_data();
            if frame[5..].starts_with(&[0, 1]) {
                break;
            }
        }
        sockets.push(socket);
    }
    for words in ["whisper", "hear me"] {
        let length = u8::try_from(words.len()).expect("short");
        let frame = [&[4][..], b"plan", &[5, length], words.as_bytes()].concat();
        sockets[0].send(Message::binary(frame)).await.expect("open");
    }
    let heard = loop {
        let frame = sockets[1].next().await.expect("open").expect("sound").into_data();
        if frame[5..].starts_with(&[5]) {
            break String::from_utf8_lossy(&frame[7..]).into_owned();
        }
    };
    assert_eq!(heard, "HEAR ME");
    it.server.shutdown().await.expect("stops");
}

/// Never comes to an end with being told that the server stops.
struct Endless;

impl Hooks for Endless {
    async fn shutdown(&self) {
        pending().await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hook_that_hangs_does_not_keep_a_server_from_stopping_in_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let limits = Limits { shutdown: Duration::from_secs(2), ..Limits::default() };
    let building = Server::builder().data(folder.path()).limits(limits).hooks(Endless);
    let server = building.build().await.expect("the server starts");
    let plan = server.documents().get(&named("plan"));
    plan.edit_text(Author::server("bot"), |text| text.push("x")).await.expect("durable");
    server.shutdown().await.expect("stops in order");
    drop((server, plan));
    let again = Server::builder().data(folder.path()).build().await.expect("the lock is free");
    let text = again.documents().get(&named("plan")).text().await.expect("reads");
    assert_eq!(text.as_deref(), Some("x"));
    again.shutdown().await.expect("stops");
}
