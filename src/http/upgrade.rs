//! The WebSocket handshake by hand (RFC 6455 §4.2), so that a connection costs kilobytes.
//!
//! warp's own upgrade gives every connection two buffers of 128 KiB. Knows headers; what is
//! spoken on the stream is the handler's business.

use std::future::Future;

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use warp::{
    http::{
        HeaderMap, HeaderValue, Method, StatusCode,
        header::{
            CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
            SEC_WEBSOCKET_VERSION, UPGRADE,
        },
    },
    reply::Response,
};

use super::{carrier::Carrier, credentials::SUBPROTOCOL, problem, slots::Slot};

/// What the client asked for, once it is known to be a sound handshake.
#[derive(Debug)]
pub(super) struct Handshake {
    accept: HeaderValue,
    subprotocol: Option<HeaderValue>,
    on_upgrade: OnUpgrade,
}

impl Handshake {
    /// Checks a request.
    ///
    /// # Errors
    /// The response to give instead, boxed because it is large.
    pub(super) fn check(
        method: &Method,
        headers: &HeaderMap,
        on_upgrade: Option<OnUpgrade>,
    ) -> Result<Self, Box<Response>> {
        let refuse = |status, detail: &str| Err(Box::new(problem(status, detail)));
        if method != Method::GET {
            return refuse(StatusCode::METHOD_NOT_ALLOWED, "a WebSocket is opened with GET");
        }
        if !has_token(headers, &CONNECTION, "upgrade") || !has_token(headers, &UPGRADE, "websocket")
        {
            return Err(Box::new(upgrade_required(
                "this address speaks WebSocket: open it with a Yjs provider, not as a page",
            )));
        }
        if headers.get(SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
            return Err(Box::new(upgrade_required("only WebSocket version 13 is spoken here")));
        }
        let Some(key) = headers.get(SEC_WEBSOCKET_KEY).filter(|key| is_key(key.as_bytes())) else {
            return refuse(StatusCode::BAD_REQUEST, "Sec-WebSocket-Key is missing or malformed");
        };
        let Some(on_upgrade) = on_upgrade else {
            return refuse(StatusCode::BAD_REQUEST, "this connection cannot become a WebSocket");
        };
        let accept = HeaderValue::try_from(derive_accept_key(key.as_bytes()))
            .expect("base64 is a valid header value");
        Ok(Self { accept, subprotocol: first_subprotocol(headers), on_upgrade })
    }

    /// The subprotocol that the response names: the first that the client offered, because
    /// browsers hang up on a server that picks none of them.
    pub(super) fn subprotocol(&self) -> Option<&str> {
        self.subprotocol.as_ref().and_then(|value| value.to_str().ok())
    }

    /// Answers 101 and runs the handler on a task of its own, which holds `slot`.
    pub(super) fn accept<F>(
        self,
        slot: Option<Slot>,
        handler: impl FnOnce(Carrier) -> F + Send + 'static,
    ) -> Response
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let on_upgrade = self.on_upgrade;
        // Boxed, so that the task does not keep what it needed to begin for as long as it lasts.
        let begin = Box::pin(async move {
            let upgraded = on_upgrade.await?;
            Ok::<_, hyper::Error>(handler(Carrier::Upgraded(TokioIo::new(upgraded))))
        });
        tokio::spawn(async move {
            let _slot = slot;
            match begin.await {
                Ok(serving) => serving.await,
                Err(error) => tracing::debug!(%error, "a client left during its upgrade"),
            }
        });
        let mut response = Response::default();
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_ACCEPT, self.accept);
        if let Some(subprotocol) = self.subprotocol {
            headers.insert(SEC_WEBSOCKET_PROTOCOL, subprotocol);
        }
        response
    }
}

fn upgrade_required(detail: &str) -> Response {
    let mut response = problem(StatusCode::UPGRADE_REQUIRED, detail);
    let headers = response.headers_mut();
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    response
}

/// Whether a comma-separated header, possibly on several lines, names this token.
fn has_token(headers: &HeaderMap, name: &warp::http::HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|item| item.trim().eq_ignore_ascii_case(token))
}

/// Sixteen bytes in base64.
fn is_key(key: &[u8]) -> bool {
    let [body @ .., b'=', b'='] = key else { return false };
    body.len() == 22
        && body.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
}

fn first_subprotocol(headers: &HeaderMap) -> Option<HeaderValue> {
    let offered = headers.get(SEC_WEBSOCKET_PROTOCOL)?.to_str().ok()?;
    let mut items = offered.split(',').map(str::trim);
    let first = items.next()?;
    // A token is not sent back if there is another to pick.
    let secret = first.starts_with(SUBPROTOCOL);
    let plain = items.find(|item| secret && !item.starts_with(SUBPROTOCOL) && !item.is_empty());
    HeaderValue::from_str(plain.unwrap_or(first)).ok().filter(|_| !first.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    fn status(method: &Method, lines: &[(&'static str, &'static str)]) -> StatusCode {
        Handshake::check(method, &headers(lines), None).unwrap_err().status()
    }

    const SOUND: [(&str, &str); 4] = [
        ("connection", "keep-alive, Upgrade"),
        ("upgrade", "WebSocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];

    #[test]
    fn each_missing_piece_is_refused_with_its_own_status() {
        assert_eq!(status(&Method::POST, &SOUND), StatusCode::METHOD_NOT_ALLOWED);
        for (missing, expected) in [
            (0, StatusCode::UPGRADE_REQUIRED),
            (1, StatusCode::UPGRADE_REQUIRED),
            (2, StatusCode::UPGRADE_REQUIRED),
            (3, StatusCode::BAD_REQUEST),
        ] {
            let mut lines = SOUND.to_vec();
            lines.remove(missing);
            assert_eq!(status(&Method::GET, &lines), expected, "without {}", SOUND[missing].0);
        }
        let mut old = SOUND;
        old[2].1 = "8";
        assert_eq!(status(&Method::GET, &old), StatusCode::UPGRADE_REQUIRED);
    }

    #[test]
    fn a_key_is_sixteen_bytes_of_base64() {
        assert!(is_key(b"dGhlIHNhbXBsZSBub25jZQ=="));
        for bad in ["", "==", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBs ZSBub25jZ==", "AAAA=="] {
            assert!(!is_key(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn the_first_subprotocol_is_echoed() {
        let first = |offered| first_subprotocol(&headers(&[("sec-websocket-protocol", offered)]));
        assert_eq!(first(" yjs , other").unwrap(), "yjs");
        assert_eq!(first(" token.abc , other").unwrap(), "other");
        assert_eq!(first("token.abc").unwrap(), "token.abc");
        assert_eq!(first_subprotocol(&headers(&[("sec-websocket-protocol", ",x")])), None);
        assert_eq!(first_subprotocol(&headers(&[])), None);
    }
}
