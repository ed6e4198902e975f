//! Ten processes that make the same document with the same content at once: the content is there
//! once, and each of them, once it opens the document, has it.
//!
//! Each process is this program again, running the one test that is left out otherwise.

use std::{
    io::{BufRead, BufReader, Lines, Write},
    net::SocketAddr,
    process::{Child, ChildStdout, Command, Stdio},
};

use coscribe::{
    client::{Client, Options},
    ids::DocumentName,
    server::Server,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{harness::serve, http::ask};

const CONTENT: &str = "# Agenda\n\n- once\n";

/// Where the server is, for a process that is one of ten.
const AT: &str = "COSCRIBE_TEST_TEN_AT";

/// What a process says to the one that started it has this in front.
const SAYS: &str = "one of ten: ";

/// A process, told to go on through its standard input.
struct Process {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Process {
    fn start(server: &Server) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("it runs"))
            .args(["--exact", "beginning::one_of_ten", "--ignored", "--nocapture"])
            .env(AT, server.addresses()[0].to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts again");
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        Self { child, lines }
    }

    fn goes_on(&mut self, document: &str) {
        let stdin = self.child.stdin.as_mut().expect("it is piped");
        writeln!(stdin, "{document}").expect("it listens");
    }

    /// The next thing it says.
    fn says(&mut self) -> String {
        let mut said = self.lines.by_ref().map_while(Result::ok);
        let line = said.find(|line| line.starts_with(SAYS)).expect("it goes on");
        line[SAYS.len()..].to_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ended = self.child.kill().and_then(|()| self.child.wait());
    }
}

fn say(what: &str) {
    writeln!(std::io::stdout(), "\n{SAYS}{what}").expect("somebody listens");
}

fn hears() -> Option<String> {
    let mut line = String::new();
    let read = std::io::stdin().read_line(&mut line).expect("it is piped");
    (read > 0).then(|| line.trim_end().to_owned())
}

#[tokio::test]
#[ignore = "one of ten processes that another test starts"]
async fn one_of_ten() {
    let Some(at) = std::env::var_os(AT) else { return };
    let address: SocketAddr = at.to_str().and_then(|it| it.parse().ok()).expect("an address");
    say("ready");
    while let Some(document) = hears() {
        // All but the end of the request is there before anybody goes on.
        let request = format!(
            "POST /api/v1/documents?format=md&kind=markdown&name={document} HTTP/1.1\r\n\
             host: localhost\r\nconnection: close\r\ncontent-type: text/markdown\r\n\
             content-length: {}\r\n\r\n{CONTENT}",
            CONTENT.len()
        );
        let (begin, end) = request.as_bytes().split_at(request.len() - 1);
        let mut stream = TcpStream::connect(address).await.expect("connects");
        stream.write_all(begin).await.expect("it listens");
        say("about to");
        hears();
        stream.write_all(end).await.expect("it listens");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("answers");
        say(answer.split(' ').nth(1).expect("a status"));
        let name = DocumentName::new(&document).expect("a name");
        let url = format!("ws://{address}/ws");
        let client = Client::connect(&url, &name, Options::default()).expect("an address");
        client.synced().await.expect("synced");
        say(&serde_json::json!(client.text()).to_string());
        client.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ten_processes_begin_at_once_with_content_has_it_once() {
    let server = serve(None, "127.0.0.1:0").await;
    let mut processes: Vec<_> = (0..10).map(|_| Process::start(&server)).collect();
    for process in &mut processes {
        assert_eq!(process.says(), "ready");
    }
    for round in 0..5 {
        let document = format!("agenda-{round}");
        for step in ["about to", "answered"] {
            processes.iter_mut().for_each(|process| process.goes_on(&document));
            if step == "about to" {
                processes.iter_mut().for_each(|process| assert_eq!(process.says(), step));
            }
        }
        let mut statuses: Vec<_> = processes.iter_mut().map(Process::says).collect();
        statuses.sort_unstable();
        let one_of_ten: Vec<_> = ["201"].into_iter().chain(["409"; 9]).collect();
        assert_eq!(statuses, one_of_ten, "round {round}");
        for process in &mut processes {
            let text: String = serde_json::from_str(&process.says()).expect("a text");
            assert_eq!(text, CONTENT, "round {round}");
        }
        let text = ask(&server, &format!("GET /documents/{document}/content.txt"), "").await;
        assert_eq!(text.text(), CONTENT);
        let history = ask(&server, &format!("GET /documents/{document}/history/entries"), "").await;
        let entries = history.json()["entries"].as_array().map(Vec::len);
        assert_eq!(entries, Some(1), "and only once in its past");
    }
    drop(processes);
    server.stop().await.expect("stops");
}
