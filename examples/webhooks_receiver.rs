//! Receives webhooks, refuses what is forged, and tells of everything once.
//!
//! `cargo run --example webhooks_receiver`, and beside it
//! `coscribe --webhook-url http://localhost:4000/ --webhook-secret 'a-secret-of-16-bytes-or-more'`.

use std::{
    collections::HashSet,
    io::Write,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, http::StatusCode, routing::post};
use base64::{Engine, engine::general_purpose::STANDARD};
use ring::hmac;

struct Receiver {
    key: hmac::Key,
    /// A database in a real app. An event can come twice, and then has the id that it had.
    seen: Mutex<HashSet<String>>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:4000".into());
    let secret = arguments.next().unwrap_or_else(|| "a-secret-of-16-bytes-or-more".into());
    let key = match secret.strip_prefix("whsec_") {
        Some(encoded) => STANDARD.decode(encoded)?,
        None => secret.into_bytes(),
    };
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let receiver = Arc::new(Receiver { key, seen: Mutex::default() });
    let listener = tokio::net::TcpListener::bind(address).await?;
    say(&format!("listening on {}", listener.local_addr()?));
    let app = Router::new().route("/", post(receive)).with_state(receiver);
    Ok(axum::serve(listener, app).await?)
}

async fn receive(State(it): State<Arc<Receiver>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let Some(id) = verified(&it.key, &headers, &body) else { return StatusCode::UNAUTHORIZED };
    let Ok(event) = serde_json::from_slice::<serde_json::Value>(&body) else {
        return StatusCode::BAD_REQUEST;
    };
    // What is not answered with 2xx comes again; so answer once it is kept.
    if it.seen.lock().expect("nobody panics").insert(id) {
        let (kind, data) = (&event["type"], &event["data"]);
        say(&format!("{} {} {}", kind, data["document"], data["to"]).replace('"', ""));
    }
    StatusCode::NO_CONTENT
}

/// The id of an event that has a good signature and is not from long ago.
fn verified(key: &hmac::Key, headers: &HeaderMap, body: &[u8]) -> Option<String> {
    let header = |name| headers.get(name)?.to_str().ok();
    let (id, seconds) = (header("webhook-id")?, header("webhook-timestamp")?);
    let sent = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.parse().ok()?);
    let apart = sent.elapsed().unwrap_or_else(|ahead| ahead.duration());
    let message = [id.as_bytes(), b".", seconds.as_bytes(), b".", body].concat();
    let signed = header("webhook-signature")?.split(' ').any(|it| {
        let signature = it.strip_prefix("v1,").and_then(|it| STANDARD.decode(it).ok());
        signature.is_some_and(|it| hmac::verify(key, &message, &it).is_ok())
    });
    (signed && apart < Duration::from_secs(300)).then(|| id.to_owned())
}

fn say(line: &str) {
    let mut out = std::io::stdout();
    let _nobody_reads = writeln!(out, "{line}").and_then(|()| out.flush());
}
