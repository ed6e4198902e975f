//! Documents as the program sees them that a server runs in.

use coscribe::{
    Event, Follower, Server,
    identity::{Author, AuthorKind},
    ids::{DocumentName, Seq},
    server::documents::{MetaChanges, Unavailable},
    yrs::{Doc, GetString, ReadTxn, Text, Transact, Update, WriteTxn, updates::decoder::Decode},
};
use futures_util::future::join_all;

use crate::harness::{open, serve};

fn named(name: &str) -> DocumentName {
    DocumentName::new(name).expect("a good name")
}

async fn in_memory() -> Server {
    Server::builder().memory().build().await.expect("the server starts")
}

/// Applies changes to a document of one's own until it says this.
async fn follow_until(follower: &mut Follower, doc: &Doc, text: &str) {
    loop {
        let Some(Event::Changed(update)) = follower.next().await else { continue };
        let update = Update::decode_v1(&update).expect("an update");
        doc.transact_mut().apply_update(update).expect("applies");
        let txn = doc.transact();
        if txn.get_text("text").is_some_and(|it| it.get_string(&txn) == text) {
            return;
        }
    }
}

#[tokio::test]
async fn an_edit_of_the_program_is_kept_under_the_name_it_gives() {
    let server = in_memory().await;
    let plan = server.documents().get(&named("plan"));
    assert_eq!(plan.text().await.expect("reads"), None, "reading makes nothing");
    let length = plan.edit_text(Author::verified("u-7", "Ada"), |text| {
        text.push("Hello");
        text.len()
    });
    assert_eq!(length.await.expect("durable"), 5);
    let edit = plan.edit(Author::server("bot"), |txn| {
        let text = txn.get_or_insert_text("text");
        text.insert(txn, 5, ", world");
    });
    edit.await.expect("durable");
    assert_eq!(plan.text().await.expect("reads").as_deref(), Some("Hello, world"));
    let shown = plan.read(|txn| txn.get_text("text").map(|it| it.get_string(txn)));
    assert_eq!(shown.await.expect("reads").flatten().as_deref(), Some("Hello, world"));
    let id = plan.summary().await.expect("reads").expect("is there").id;
    let past = server.documents().store().history(id, Seq(0), usize::MAX).await.expect("reads");
    let by: Vec<_> = past.iter().map(|it| (it.entry.author.kind, &*it.entry.author.name)).collect();
    assert_eq!(by, [(AuthorKind::Verified, "Ada"), (AuthorKind::Server, "bot")]);
    assert_eq!(&*past[0].entry.author.user, "u-7");
    server.shutdown().await.expect("stops");
}

#[tokio::test]
async fn a_change_that_panics_changes_nothing_and_bytes_are_checked_as_a_clients_are() {
    let server = in_memory().await;
    let plan = server.documents().get(&named("plan"));
    let broken = plan.edit_text(Author::server("bot"), |text| {
        text.push("half");
        panic!("of the app");
    });
    let error = broken.await.map(|(): ()| ()).expect_err("panicked");
    assert!(matches!(error, Unavailable::Refused(_)), "{error}");
    let hostile = plan.apply(vec![1, 1, 1, 0, 0x81].into(), Author::server("bot")).await;
    assert!(matches!(hostile, Err(Unavailable::Refused(_))), "{hostile:?}");
    assert_eq!(plan.text().await.expect("reads"), None);
    plan.edit_text(Author::server("bot"), |text| text.push("whole")).await.expect("durable");
    assert_eq!(plan.text().await.expect("reads").as_deref(), Some("whole"));
    server.shutdown().await.expect("stops");
}

#[tokio::test]
async fn of_ten_who_begin_a_document_at_once_one_does() {
    let server = in_memory().await;
    let content = {
        let doc = Doc::new();
        let text = doc.get_or_insert_text("text");
        let mut txn = doc.transact_mut();
        text.push(&mut txn, "once");
        bytes::Bytes::from(txn.encode_update_v1())
    };
    let (documents, name) = (server.documents(), named("plan"));
    let begin = |_| {
        let author = Author::server("bot");
        documents.create(&name, Some(content.clone()), MetaChanges::default(), author)
    };
    let outcomes = join_all((0..10).map(begin)).await;
    assert_eq!(outcomes.iter().filter(|it| it.is_ok()).count(), 1);
    let refused = outcomes.into_iter().filter_map(Result::err);
    assert!(refused.into_iter().all(|it| matches!(it, Unavailable::Taken)));
    assert_eq!(documents.get(&name).text().await.expect("reads").as_deref(), Some("once"));
    server.shutdown().await.expect("stops");
}

#[tokio::test]
async fn a_follower_hears_what_was_there_what_comes_and_who_is_here() {
    let server = serve(None, "127.0.0.1:0").await;
    let plan = server.documents().get(&named("plan"));
    plan.edit_text(Author::server("bot"), |text| text.push("before. ")).await.expect("durable");
    let mut follower = plan.follow().await.expect("opens");
    let doc = Doc::new();
    follow_until(&mut follower, &doc, "before. ").await;

    let mia = open(&server, "plan");
    mia.set_presence(Some(&serde_json::json!({ "user": { "name": "Mia" } })));
    mia.synced().await.expect("synced");
    mia.edit(|text| text.push("after.")).expect("may edit");
    follow_until(&mut follower, &doc, "before. after.").await;
    while follower.people().all(|(_, state)| state["user"]["name"] != "Mia") {
        follower.next().await.expect("goes on");
    }
    let shown = serde_json::json!({ "user": { "name": "Bot" } });
    follower.set_presence(Some(&shown)).await.expect("open");
    let seen = async {
        let mut changes = mia.changes();
        while mia.presence().iter().all(|(_, state)| *state != shown) {
            changes.changed().await.expect("connected");
        }
    };
    seen.await;
    drop(follower);
    let mut changes = mia.changes();
    while mia.presence().iter().any(|(_, state)| *state == shown) {
        changes.changed().await.expect("connected");
    }
    mia.close().await;
    server.shutdown().await.expect("stops");
}

#[tokio::test]
async fn following_ends_with_the_document_and_with_the_server() {
    let server = in_memory().await;
    let plan = server.documents().get(&named("plan"));
    plan.edit_text(Author::server("bot"), |text| text.push("x")).await.expect("durable");
    let mut follower = plan.follow().await.expect("opens");
    assert!(matches!(follower.next().await, Some(Event::Changed(_))));
    plan.delete().await.expect("ends");
    while follower.next().await.is_some() {}

    let other = server.documents().get(&named("other"));
    let mut follower = other.follow().await.expect("opens");
    server.shutdown().await.expect("stops");
    while follower.next().await.is_some() {}
}
