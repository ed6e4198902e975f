//! The examples, run as people run them, without a terminal.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
};

use coscribe::{
    client::{Client, Options},
    ids::DocumentName,
};

use crate::http::{exchange_at, get};

/// Builds an example; the folder of this test's program has theirs beside it. When only this test is
/// run, they are not built, or are old.
fn built(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("this program has a path");
    let folder = test.parent().and_then(|it| it.parent()).expect("it is in target/…/deps");
    let target = folder.parent().expect("it is in target/…");
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--locked", "--quiet", "--features", "conformance"]);
    build.args(["--example", name, "--target-dir"]).arg(target);
    if folder.ends_with("release") {
        build.arg("--release");
    }
    let built = build.current_dir(env!("CARGO_MANIFEST_DIR")).status().expect("cargo runs");
    assert!(built.success(), "{name} builds");
    folder.join("examples").join(name).with_extension(std::env::consts::EXE_EXTENSION)
}

/// Starts an example that goes on until it is ended, with its words to be read.
pub(crate) fn start(name: &str, arguments: &[&str]) -> Child {
    let mut program = Command::new(built(name));
    let started = program.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    started.unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Runs an example to its end.
fn example(name: &str, arguments: &[&str]) -> Output {
    let program = built(name);
    let run = Command::new(&program).args(arguments).stdin(Stdio::null()).output();
    let output = run.unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// An example that serves until somebody presses return.
struct Serving {
    child: Child,
    address: SocketAddr,
}

impl Serving {
    fn start(name: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(built(name));
        let command = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let mut line = String::new();
        let out = child.stdout.as_mut().expect("piped");
        BufReader::new(out).read_line(&mut line).expect("it says where it is");
        let address = line.strip_prefix("http://").and_then(|it| it.split('/').next());
        let address = address.and_then(|it| it.parse().ok());
        Self { child, address: address.unwrap_or_else(|| panic!("{name} said {line}")) }
    }

    fn open(&self, mount: &str, document: &str) -> Client {
        let url = format!("ws://{}{mount}/ws", self.address);
        let name = DocumentName::new(document).expect("a good name");
        Client::connect(&url, &name, Options::default()).expect("a good address")
    }

    /// Presses return.
    fn stop(mut self) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().expect("it ends").success());
    }
}

fn told(name: &str, arguments: &[&str]) -> String {
    String::from_utf8(example(name, arguments).stdout).expect("text")
}

#[test]
fn a_poem_is_replayed() {
    let poem = told("replay", &[]);
    assert!(poem.starts_with("The Last Ferry\n") && poem.ends_with("remember where we are.\n"));
}

#[test]
fn people_are_seen_writing_in_a_server() {
    let meeting = concat!(env!("CARGO_MANIFEST_DIR"), "/data/meeting.coscribe");
    let live = told("live", &[meeting, "max"]);
    assert!(live.starts_with("open http://127.0.0.1:"), "{live}");
    assert!(live.contains("played 698 edits into "), "{live}");
}

#[test]
fn a_mistake_is_found_and_taken_back_by_the_api() {
    let travel = told("time_travel", &[]);
    assert!(
        travel.contains("As baked, by Noor") && travel.contains("The bread is back, by Emil"),
        "{travel}"
    );
    assert!(travel.contains("+ Sorry about that. It was the shopping list."), "{travel}");
    assert!(travel.ends_with("it is done when the crust sings.\n"), "{travel}");
}

#[tokio::test]
async fn the_bot_signs_and_its_words_are_on_disk() {
    let hello = Serving::start("hello", &["127.0.0.1:0"]);
    let page = hello.open("", "hello.md");
    page.until(|text| text.starts_with("# Hello")).await.expect("arrives");
    let url = format!("ws://{}/ws", hello.address);
    let signed = tokio::task::spawn_blocking(move || told("bot", &["guestbook", &url])).await;
    assert!(signed.expect("runs").starts_with("1 visits"));
    hello.open("", "guestbook").until(|text| text.contains("(visit 1)")).await.expect("arrives");
    hello.stop();
}

#[tokio::test]
async fn a_warp_app_reads_what_people_write_below_its_prefix() {
    let app = Serving::start("embed_warp", &["127.0.0.1:0"]);
    let page = app.open("/docs", "plan.md");
    page.edit(|text| text.push("milk")).expect("may edit");
    page.saved().await.expect("saved");
    let length = get(app.address, "/length/plan.md").await;
    assert_eq!(length.text(), "plan.md has 4 letters\n");
    page.close().await;
    app.stop();
}

#[tokio::test]
async fn an_axum_app_lets_in_whom_it_knows() {
    let app = Serving::start("embed_axum", &["127.0.0.1:0"]);
    let handbook = async |cookie: &str| {
        let head = "GET /docs/api/v1/documents/handbook HTTP/1.1\r\nhost: localhost";
        let asking = format!("{head}\r\nconnection: close\r\ncookie: {cookie}\r\n\r\n");
        exchange_at(app.address, asking.as_bytes()).await.status
    };
    assert_eq!(handbook("session=guessed").await, 401);
    let login = b"POST /login HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
                  content-length: 8\r\n\r\nname=Ada";
    let login = exchange_at(app.address, login).await;
    let cookie = login.header("set-cookie").and_then(|it| it.split(';').next());
    assert_eq!(handbook(cookie.expect("a cookie")).await, 404, "she may know that there is none");
    app.stop();
}

#[tokio::test]
async fn a_folder_of_files_is_read_and_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("README.md");
    std::fs::write(&path, "Dear all,\n").expect("written");
    let app = Serving::start("hooks", &[folder.path().to_str().expect("UTF-8"), "127.0.0.1:0"]);
    let page = app.open("", "README.md");
    page.until(|text| text == "Dear all,\n").await.expect("arrives");
    page.edit(|text| text.push("bye.\n")).expect("may edit");
    page.saved().await.expect("saved");
    let outside = app.open("", "../secret.md");
    let denied = outside.synced().await.expect_err("no file");
    assert!(denied.to_string().contains("Markdown"), "{denied}");
    app.stop();
    assert_eq!(std::fs::read_to_string(&path).expect("there"), "Dear all,\nbye.\n");
}

#[test]
fn a_store_of_ones_own_keeps_the_contract() {
    let told = told("custom_store", &[]);
    assert!(told.starts_with("the store keeps the contract\n"), "{told}");
    assert!(told.ends_with(" bytes were written\n"), "{told}");
}
