//! Back in time by the HTTP API: `cargo run --example time_travel`.
//!
//! Starts a server of its own with a recipe that somebody deleted by mistake, lists the versions, tells
//! two of them apart, and brings the first one back. Any HTTP library will do; this one needs none.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};

use coscribe::server::{
    Server,
    config::{Config, Written},
};
use serde_json::{Value, json};

const RECIPE: &[u8] = include_bytes!("../data/mistake.coscribe");

fn main() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let flags = [("memory", vec!["true".into()]), ("listen", vec!["127.0.0.1:0".into()])];
    let written = Written { flags: flags.into_iter().collect(), ..Written::default() };
    let server = runtime.block_on(Server::start(&Config::understand(&written)?))?;
    let host = server.addresses()[0];
    let mut out = std::io::stdout();

    let saved = "application/vnd.coscribe.document";
    ask(host, "POST", "?name=bread", saved, RECIPE)?;

    let versions = json_of(&ask(host, "GET", "/bread/versions", "", b"")?)?;
    let versions = versions["versions"].as_array().cloned().unwrap_or_default();
    for version in &versions {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (name, by) = (text(&version["name"]), text(&version["author"]["name"]));
        writeln!(out, "after edit {}: {name}, by {by}", version["seq"])?;
    }
    let (Some(newest), Some(oldest)) = (versions.first(), versions.last()) else {
        anyhow::bail!("there are no versions");
    };

    let query = format!("/bread/history/changes?from={}&to={}", oldest["seq"], newest["seq"]);
    let changes = json_of(&ask(host, "GET", &query, "", b"")?)?;
    writeln!(out, "\nwhat came (+) and went (-) in between:")?;
    for run in changes["runs"].as_array().into_iter().flatten() {
        let sign = match run["state"].as_str() {
            Some("inserted") => '+',
            Some("deleted") => '-',
            _ => continue,
        };
        for line in run["text"].as_str().unwrap_or_default().lines().filter(|it| !it.is_empty()) {
            writeln!(out, "{sign} {line}")?;
        }
    }

    let moment = json!({ "seq": oldest["seq"] }).to_string();
    ask(host, "POST", "/bread/history/restore", "application/json", moment.as_bytes())?;
    let text = ask(host, "GET", "/bread/export.md", "", b"")?;
    writeln!(out, "\nand as it was:\n\n{}", String::from_utf8_lossy(&text).trim_end())?;
    runtime.block_on(server.stop())?;
    Ok(())
}

/// Asks the API about a document; gives the body of the answer.
fn ask(
    host: SocketAddr,
    method: &str,
    path: &str,
    kind: &str,
    body: &[u8],
) -> anyhow::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(host)?;
    let length = body.len();
    write!(
        stream,
        "{method} /api/v1/documents{path} HTTP/1.0\r\nhost: {host}\r\ncontent-type: {kind}\r\n\
         content-length: {length}\r\n\r\n"
    )?;
    stream.write_all(body)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let end = answer.windows(4).position(|it| it == b"\r\n\r\n").unwrap_or(answer.len() - 4);
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    anyhow::ensure!(head.contains(" 20"), "{head}\n{}", String::from_utf8_lossy(&answer[end..]));
    Ok(answer.split_off(end + 4))
}

fn json_of(body: &[u8]) -> anyhow::Result<Value> {
    Ok(serde_json::from_slice(body)?)
}
