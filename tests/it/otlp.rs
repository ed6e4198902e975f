//! A collector of OpenTelemetry is told what `/metrics` tells, and harms nobody when it is gone.

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::{
    harness::{open, serve_with},
    http::get,
};

const SETTINGS: [(&str, &str); 3] =
    [("memory", "true"), ("listen", "127.0.0.1:0"), ("otlp-interval", "1s")];

/// Reads one request: its head in small letters and its body.
async fn request(stream: &mut TcpStream) -> (String, Vec<u8>) {
    let mut read = Vec::new();
    loop {
        let end = read.windows(4).position(|it| it == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8_lossy(&read[..end]).to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.expect("a length").parse().expect("a number");
            if read.len() >= end + 4 + length {
                return (head, read[end + 4..].to_vec());
            }
        }
        assert_ne!(stream.read_buf(&mut read).await.expect("a request"), 0, "it broke off");
    }
}

fn whole(told: &Value, name: &str) -> Option<String> {
    let metrics = told["resourceMetrics"][0]["scopeMetrics"][0]["metrics"].as_array()?;
    let metric = metrics.iter().find(|it| it["name"] == name)?;
    let form = metric.get("sum").or_else(|| metric.get("gauge"))?;
    Some(form["dataPoints"][0]["asInt"].as_str()?.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_hears_what_happens_and_again_after_it_was_gone() {
    let collector = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let endpoint = format!("http://{}/", collector.local_addr().expect("an address"));
    let server = serve_with(&[&SETTINGS[..], &[("otlp-endpoint", &endpoint)]].concat()).await;
    // It refuses, breaks off, and answers with what is no HTTP; the server works on.
    for answer in ["HTTP/1.1 503 Not Now\r\ncontent-length: 0\r\n\r\n", "", "what?\r\n"] {
        let (mut stream, _) = collector.accept().await.expect("another try");
        let (head, _) = request(&mut stream).await;
        assert!(head.starts_with("post /v1/metrics http/1.1\r\n"), "{head}");
        assert!(head.contains("\r\ncontent-type: application/json"), "{head}");
        stream.write_all(answer.as_bytes()).await.expect("answered");
    }
    let page = open(&server, "plan");
    page.edit(|text| text.push("x")).expect("may edit");
    page.saved().await.expect("saved");
    loop {
        let (mut stream, _) = collector.accept().await.expect("another try");
        let (_, body) = request(&mut stream).await;
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
        stream.write_all(answer.as_bytes()).await.expect("answered");
        let told: Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(whole(&told, "coscribe_ready").as_deref(), Some("1"));
        if whole(&told, "coscribe_updates_received_total").as_deref() == Some("1") {
            break;
        }
    }
    let text = get(server.addresses()[0], "/metrics").await.body;
    let text = String::from_utf8(text).expect("text");
    assert!(text.contains("\ncoscribe_updates_received_total 1\n"), "{text}");
    page.close().await;
    server.shutdown().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_stops_although_its_collector_never_answers() {
    let collector = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let endpoint = format!("http://{}", collector.local_addr().expect("an address"));
    let server = serve_with(&[&SETTINGS[..], &[("otlp-endpoint", &endpoint)]].concat()).await;
    let (mut stream, _) = collector.accept().await.expect("a first try");
    request(&mut stream).await;
    server.shutdown().await.expect("stops");
    let mut rest = Vec::new();
    assert_eq!(stream.read_to_end(&mut rest).await.expect("closed"), 0, "it was let go of");
}
