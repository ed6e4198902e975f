//! The listener against raw sockets: silence, floods and ends.

use std::path::Path;

use tokio_rustls::{TlsConnector, rustls};

use super::*;
use crate::http::{
    tests::{exchange, serve},
    tls::{TlsError, TlsFiles},
};

const ASK: &str = "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// Reads until the server closes.
async fn read_to_close(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut answer = Vec::new();
    let closed = timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await;
    let _reset_counts_too = closed.expect("the server did not close");
    String::from_utf8_lossy(&answer).into_owned()
}

async fn all_closed(slots: &Slots) {
    timeout(Duration::from_secs(10), slots.closed()).await.expect("a connection was kept");
}

async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\nok\n") {
        answer.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(answer).unwrap()
}

fn impatient() -> Limits {
    Limits { header_timeout: Duration::from_millis(50), ..Limits::default() }
}

#[tokio::test]
async fn a_silent_client_is_closed() {
    let served = serve(impatient(), None).await;
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    read_to_close(&mut stream).await;
}

#[tokio::test]
async fn a_client_that_sends_its_head_byte_by_byte_is_closed() {
    let served = serve(impatient(), None).await;
    let stream = TcpStream::connect(served.address).await.unwrap();
    let (mut from, mut to) = stream.into_split();
    let drip = tokio::spawn(async move {
        // Each byte alone is well within the timeout; together they never make a request.
        while to.write_all(b"x").await.is_ok() {
            sleep(Duration::from_millis(5)).await;
        }
    });
    read_to_close(&mut from).await;
    drip.await.unwrap();
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_its_answer() {
    let served = serve(impatient(), None).await;
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream.write_all(ASK.as_bytes()).await.unwrap();
    let answer = read_to_close(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn an_answer_says_how_long_a_silent_connection_stays() {
    for (seconds, expected) in [(7, Some("timeout=7")), (0, None)] {
        let limits = Limits {
            header_timeout: Duration::from_secs(seconds) + Duration::from_millis(900),
            ..Limits::default()
        };
        let served = serve(limits, None).await;
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        stream.write_all(ASK.as_bytes()).await.unwrap();
        let head = read_head(&mut stream).await;
        let told = head.lines().find_map(|line| line.strip_prefix("keep-alive: "));
        assert_eq!(told, expected, "{head}");
    }
}

#[tokio::test]
async fn http2_without_asking_is_refused() {
    let served = serve(Limits::default(), None).await;
    let answer = exchange(served.address, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
}

#[tokio::test]
async fn a_host_without_a_path_is_nothing_here() {
    let served = serve(Limits::default(), None).await;
    for target in ["CONNECT localhost:80", "GET localhost", "POST a~b", "OPTIONS *"] {
        let request = format!("{target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        let answer = exchange(served.address, &request).await;
        assert!(answer.starts_with("HTTP/1.1 40"), "{target}: {answer}");
    }
}

#[tokio::test]
async fn a_head_without_end_is_refused() {
    let served = serve(Limits::default(), None).await;
    let line = format!("x: {}\r\n", "y".repeat(1000));
    let request = format!("GET / HTTP/1.1\r\nhost: localhost\r\n{}", line.repeat(15));
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.write_all(line.repeat(2).as_bytes()).await.unwrap();
    let answer = read_to_close(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[tokio::test]
async fn a_client_that_never_reads_its_answers_is_closed() {
    let limits = Limits { write_timeout: Duration::from_millis(50), ..Limits::default() };
    let served = serve(limits, None).await;
    let stream = TcpStream::connect(served.address).await.unwrap();
    let (_unread, mut to) = stream.into_split();
    // Pipelined requests whose answers nobody takes: the server stops reading when its socket is
    // full, and gives up when that does not change.
    let asking = async { while to.write_all(ASK.repeat(100).as_bytes()).await.is_ok() {} };
    timeout(Duration::from_secs(10), asking).await.expect("the server went on waiting");
    drop((to, _unread));
    all_closed(&served.slots).await;
}

#[tokio::test]
async fn over_the_limit_a_client_is_told_and_the_next_one_served() {
    let limits = Limits { connections: 1, ..Limits::default() };
    let served = serve(limits, None).await;
    let mut first = TcpStream::connect(served.address).await.unwrap();
    first.write_all(ASK.as_bytes()).await.unwrap();
    read_head(&mut first).await;
    let refused = exchange(served.address, ASK).await;
    assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
    assert!(refused.contains("max-connections"), "{refused}");
    drop(first);
    all_closed(&served.slots).await;
    let mut next = TcpStream::connect(served.address).await.unwrap();
    next.write_all(ASK.as_bytes()).await.unwrap();
    assert!(read_head(&mut next).await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn a_websocket_keeps_its_slot() {
    let served = serve(Limits::default(), None).await;
    let stream = TcpStream::connect(served.address).await.unwrap();
    let url = format!("ws://{}/ws/notes", served.address);
    let (socket, _) = tokio_tungstenite::client_async(url, stream).await.unwrap();
    assert_eq!(served.slots.taken(), 1);
    drop(socket);
    all_closed(&served.slots).await;
}

#[tokio::test]
async fn stopping_closes_idle_connections_and_the_port() {
    // So that it is the stop that closes the connection.
    let limits = Limits { header_timeout: Duration::from_secs(3600), ..Limits::default() };
    let served = serve(limits, None).await;
    let mut idle = TcpStream::connect(served.address).await.unwrap();
    idle.write_all(ASK.as_bytes()).await.unwrap();
    read_head(&mut idle).await;
    served.stop.send(true).unwrap();
    read_to_close(&mut idle).await;
    served.running.await.unwrap();
    all_closed(&served.slots).await;
    assert!(TcpStream::connect(served.address).await.is_err());
}

#[tokio::test]
async fn a_taken_address_is_explained() {
    let served = serve(Limits::default(), None).await;
    let error = Listener::bind(&[served.address]).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains(&served.address.to_string()) && text.contains("--listen"), "{text}");
}

#[test]
fn only_errors_about_one_connection_are_retried_at_once() {
    let of = |code| concerns_one_connection(&io::Error::from_raw_os_error(code));
    // Numbers of Linux: ECONNABORTED, EPERM (a firewall), EINTR.
    for code in [103, 1, 4] {
        assert!(of(code), "{code}");
    }
    // EMFILE, ENFILE, ENOBUFS, ENOMEM: the process or the machine has run out of something.
    for code in [24, 23, 105, 12] {
        assert!(!of(code), "{code}");
    }
}

fn test_files() -> TlsFiles {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http/testdata");
    TlsFiles { certificate: folder.join("localhost.pem"), key: folder.join("localhost.key") }
}

fn connector(protocols: &[&[u8]]) -> TlsConnector {
    use rustls::pki_types::{CertificateDer, pem::PemObject};
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(test_files().certificate).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    TlsConnector::from(Arc::new(config))
}

#[tokio::test]
async fn tls_serves_http1_and_websockets() {
    let tls = Arc::new(Tls::load(test_files()).unwrap());
    let served = serve(Limits::default(), Some(tls)).await;
    let connect = async || {
        let stream = TcpStream::connect(served.address).await.unwrap();
        let name = "localhost".try_into().unwrap();
        connector(&[b"h2", b"http/1.1"]).connect(name, stream).await.unwrap()
    };
    let mut plain = connect().await;
    assert_eq!(plain.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    plain.write_all(ASK.as_bytes()).await.unwrap();
    assert!(read_head(&mut plain).await.starts_with("HTTP/1.1 200 "));
    tokio_tungstenite::client_async("wss://localhost/ws/notes", connect().await).await.unwrap();
}

#[tokio::test]
async fn a_client_that_never_finishes_its_tls_handshake_is_closed() {
    let tls = Arc::new(Tls::load(test_files()).unwrap());
    let served = serve(impatient(), Some(tls)).await;
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    read_to_close(&mut stream).await;
    all_closed(&served.slots).await;
}

#[test]
fn a_bad_certificate_leaves_the_old_one_in_use() {
    let dir = tempfile::tempdir().unwrap();
    let files = TlsFiles { certificate: dir.path().join("c.pem"), key: dir.path().join("k.pem") };
    std::fs::copy(test_files().certificate, &files.certificate).unwrap();
    std::fs::copy(test_files().key, &files.key).unwrap();
    let tls = Tls::load(files.clone()).unwrap();
    let before = tls.current();
    std::fs::write(&files.certificate, "not a certificate").unwrap();
    assert!(matches!(tls.reload(), Err(TlsError::Empty(_) | TlsError::Read { .. })));
    assert!(Arc::ptr_eq(&before, &tls.current()));
    std::fs::copy(test_files().certificate, &files.certificate).unwrap();
    tls.reload().unwrap();
    assert!(!Arc::ptr_eq(&before, &tls.current()));
}
