//! People in one document: text both ways, presence, many at once, names of every kind.

use crate::harness::{open, serve};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edits_reach_the_others_and_are_saved() {
    let server = serve(None, "127.0.0.1:0").await;
    let (ada, linus) = (open(&server, "notes"), open(&server, "notes"));
    linus.synced().await.expect("welcome");
    for number in 0..500 {
        ada.edit(|text| text.push(&format!("{number} "))).expect("may edit");
    }
    ada.saved().await.expect("may edit");
    let text = ada.text();
    assert_eq!(linus.until(|seen| seen == text).await.expect("welcome"), text);
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_people_end_with_the_same_text() {
    let server = serve(None, "127.0.0.1:0").await;
    let people: Vec<_> = (0..50).map(|_| open(&server, "crowd")).collect();
    for (number, person) in people.iter().enumerate() {
        person.edit(|text| text.push(&format!("<{number}>"))).expect("may edit");
    }
    for person in &people {
        person.saved().await.expect("may edit");
    }
    let complete = |text: &str| (0..50).all(|number| text.contains(&format!("<{number}>")));
    let text = people[0].until(complete).await.expect("welcome");
    for person in &people {
        person.until(|seen| seen == text).await.expect("welcome");
    }
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn presence_is_seen_and_gone() {
    let server = serve(None, "127.0.0.1:0").await;
    let (ada, linus) = (open(&server, "notes"), open(&server, "notes"));
    let mut changes = linus.changes();
    ada.set_presence(Some(&serde_json::json!({ "user": { "name": "Ada" } })));
    while linus.presence().is_empty() {
        changes.changed().await.expect("still connected");
    }
    assert_eq!(linus.presence()[0].1["user"]["name"], "Ada");
    ada.close().await;
    while !linus.presence().is_empty() {
        changes.changed().await.expect("still connected");
    }
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_with_anything_in_them_name_one_document_each() {
    let server = serve(None, "127.0.0.1:0").await;
    let long = "ü".repeat(128);
    let names = ["a/b", "a%2Fb", "a b", "😀", "a?b=c#d", "%", &long];
    let writers: Vec<_> = names.iter().map(|name| open(&server, name)).collect();
    for (writer, name) in writers.iter().zip(names) {
        writer.edit(|text| text.push(name)).expect("may edit");
        writer.saved().await.expect("may edit");
    }
    for name in names {
        let reader = open(&server, name);
        reader.synced().await.expect("welcome");
        assert_eq!(reader.text(), name);
    }
    server.stop().await.expect("stops");
}
