//! Backups of a server at work, taken and put back by the program itself: at every chosen second, what
//! is restored says what the server's own history says of that second.

use std::{
    path::Path,
    process::{Command, Output},
};

use coscribe::server::Server;

use crate::{
    harness::{open, serve},
    http::ask,
};

fn coscribe(arguments: &[&str]) -> Output {
    let run = Command::new(env!("CARGO_BIN_EXE_coscribe")).args(arguments).output();
    run.expect("coscribe runs")
}

fn done(arguments: &[&str]) -> String {
    let output = coscribe(arguments);
    let (told, error) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{arguments:?}: {told}{error}");
    told
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn path(directory: &Path) -> &str {
    directory.to_str().expect("a path in UTF-8")
}

/// What the running server says the document said at a time.
async fn past(server: &Server, document: &str, time: u64) -> String {
    let at = format!("GET /documents/{document}/history/at?time={time}");
    let seq = ask(server, &at, "").await.json()["seq"].clone();
    if seq == 0 {
        return String::new();
    }
    let export = format!("GET /documents/{document}/history/{seq}/export.txt");
    ask(server, &export, "").await.text().to_owned()
}

async fn times(server: &Server, document: &str) -> Vec<u64> {
    let (mut times, mut after) = (Vec::new(), 0);
    loop {
        let page = format!("GET /documents/{document}/history/entries?after={after}");
        let page = ask(server, &page, "").await.json();
        let entries = page["entries"].as_array().expect("entries").iter();
        times.extend(entries.map(|entry| entry["time"].as_u64().expect("a time")));
        match page["next"].as_u64() {
            Some(next) => after = next,
            None => return times,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_load_restored_to_a_second_says_what_history_says_of_it() {
    let folder = tempfile::tempdir().expect("a directory");
    let (data, copy) = (folder.path().join("data"), folder.path().join("copy"));
    let server = serve(Some(&data), "127.0.0.1:0").await;
    let documents = ["a", "b", "c"];
    let clients: Vec<_> = documents.iter().map(|document| open(&server, document)).collect();
    let mut backups = 0;
    for round in 0..60 {
        for client in &clients {
            client.edit(|text| text.push(&format!("{round} "))).expect("may edit");
        }
        for client in clients.iter().filter(|_| round % 3 == 0) {
            client.saved().await.expect("may edit");
        }
        if round % 20 == 10 {
            // The others go on while it is taken.
            done(&["backup", path(&copy), "--data", path(&data)]);
            backups += 1;
        }
    }
    for client in &clients {
        client.saved().await.expect("may edit");
    }
    let told = done(&["backup", path(&copy), "--data", path(&data)]);
    assert!(backups == 3 && told.contains("everything saved in "), "{told}");

    let all = times(&server, "a").await;
    let chosen = [all[0], all[all.len() / 3], all[all.len() / 2], all[all.len() - 1]];
    for (number, time) in chosen.into_iter().enumerate() {
        let into = folder.path().join(number.to_string());
        let moment = rfc3339(time);
        let arguments = ["restore", path(&copy), "--data", path(&into), "--at", &moment];
        let told = done(&arguments);
        assert!(told.contains(" is as it was at "), "{told}");
        let checked = done(&["check", "--data", path(&into)]);
        assert!(checked.ends_with(": all sound\n"), "{checked}");
        for document in documents {
            let expected = past(&server, document, time).await;
            let export = ["export", document, "--format", "txt", "--data", path(&into)];
            let found = coscribe(&export);
            if expected.is_empty() {
                let empty = found.stdout.is_empty();
                assert!(empty, "{document} at {moment}: {}", text(&found.stdout));
                continue;
            }
            assert_eq!(text(&found.stdout), expected, "{document} at {moment}");
        }
    }
    // What goes on from there is a life of its own, and what was there goes on meanwhile.
    let restored = serve(Some(&folder.path().join("1")), "127.0.0.1:0").await;
    let client = open(&restored, "a");
    client.synced().await.expect("may look");
    client.edit(|text| text.push("again")).expect("may edit");
    client.saved().await.expect("may edit");
    assert!(client.text().ends_with("again"));
    restored.stop().await.expect("stops");
    server.stop().await.expect("stops");
}

/// To the millisecond, in UTC, by a program that knows the calendar better.
fn rfc3339(time: u64) -> String {
    let day = Command::new("date")
        .args(["--utc", &format!("--date=@{}", time / 1000), "+%Y-%m-%dT%H:%M:%S"])
        .output()
        .expect("date runs");
    format!("{}.{:03}Z", text(&day.stdout).trim(), time % 1000)
}
