//! Fetches from a server: one request over HTTP, plain or TLS, with a bound on what comes.
//!
//! HTTP 1.0, so that the answer is its bytes until the end and nothing else. Follows nothing and keeps
//! nothing; for more than a file, use a library.

use std::{io, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, RootCertStore, crypto::ring::default_provider, pki_types::ServerName},
};

/// From the first byte to the last.
const PATIENCE: Duration = Duration::from_secs(120);

/// The head of an answer.
const HEAD_BYTES: usize = 64 << 10;

/// Why a file could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// It does not say where.
    #[error("this is not an address that starts with http:// or https://")]
    Address,
    /// No connection, or one that broke.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The server said no.
    #[error("the server answered {0}")]
    Refused(String),
    /// It is not HTTP.
    #[error("the server does not speak HTTP")]
    Foreign,
    /// There is more than was asked for.
    #[error("the file is larger than {0} bytes")]
    TooLarge(usize),
    /// It ended before its end.
    #[error("the connection ended in the middle of the file")]
    BrokenOff,
    /// It took too long.
    #[error("the server does not answer in time")]
    Slow,
}

/// Fetches what is at an address, of at most so many bytes.
///
/// # Errors
/// When it cannot be had whole.
pub async fn get(address: &str, limit: usize) -> Result<Vec<u8>, DownloadError> {
    timeout(PATIENCE, fetch(address, None, limit)).await.map_err(|_| DownloadError::Slow)?
}

/// Brings JSON to an address and fetches the answer, of at most so many bytes.
///
/// # Errors
/// As [`get`].
pub async fn post(address: &str, json: &str, limit: usize) -> Result<Vec<u8>, DownloadError> {
    timeout(PATIENCE, fetch(address, Some(json), limit)).await.map_err(|_| DownloadError::Slow)?
}

async fn fetch(address: &str, json: Option<&str>, limit: usize) -> Result<Vec<u8>, DownloadError> {
    let (scheme, rest) = address.split_once("://").ok_or(DownloadError::Address)?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let sound = |text: &str| !text.contains(|letter: char| letter.is_control() || letter == ' ');
    let port = match scheme {
        "http" => 80,
        "https" => 443,
        _ => return Err(DownloadError::Address),
    };
    if authority.is_empty() || authority.contains('@') || !sound(authority) || !sound(path) {
        return Err(DownloadError::Address);
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, digits)) if !digits.ends_with(']') => {
            (host, digits.parse().map_err(|_| DownloadError::Address)?)
        }
        _ => (authority, port),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let stream = TcpStream::connect((host, port)).await?;
    let headers = format!("host: {authority}\r\naccept: */*\r\n");
    let request = match json {
        None => format!("GET /{path} HTTP/1.0\r\n{headers}\r\n"),
        Some(json) => format!(
            "POST /{path} HTTP/1.0\r\n{headers}content-type: application/json\r\n\
             content-length: {}\r\n\r\n{json}",
            json.len()
        ),
    };
    if scheme == "http" {
        return exchange(stream, &request, limit).await;
    }
    let name = ServerName::try_from(host.to_owned()).map_err(|_| DownloadError::Address)?;
    let stream = tls()?.connect(name, stream).await?;
    exchange(stream, &request, limit).await
}

/// Trusts the authorities that browsers trust.
fn tls() -> Result<TlsConnector, DownloadError> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config).into())
}

async fn exchange(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    request: &str,
    limit: usize,
) -> Result<Vec<u8>, DownloadError> {
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    let most = (limit + HEAD_BYTES) as u64 + 1;
    match stream.take(most).read_to_end(&mut answer).await {
        // Servers that hang up without a goodbye are seen by the length.
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(error.into()),
        _ => {}
    }
    parse(&answer, limit)
}

fn parse(answer: &[u8], limit: usize) -> Result<Vec<u8>, DownloadError> {
    let end = answer.windows(4).position(|it| it == b"\r\n\r\n").ok_or(DownloadError::Foreign)?;
    let (head, body) = (&answer[..end], &answer[end + 4..]);
    let head = std::str::from_utf8(head).map_err(|_| DownloadError::Foreign)?;
    let mut lines = head.split("\r\n");
    let (version, status) =
        lines.next().and_then(|line| line.split_once(' ')).ok_or(DownloadError::Foreign)?;
    if !version.starts_with("HTTP/1.") {
        return Err(DownloadError::Foreign);
    }
    if !status.starts_with("200") {
        let said: Option<serde_json::Value> = serde_json::from_slice(body).ok();
        let detail = said.as_ref().and_then(|it| it["detail"].as_str());
        let told = detail.map_or_else(|| status.trim().to_owned(), |it| format!("{status}: {it}"));
        return Err(DownloadError::Refused(told));
    }
    if body.len() > limit {
        return Err(DownloadError::TooLarge(limit));
    }
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    };
    let length: Option<usize> = lines.find_map(header);
    if length.is_some_and(|length| length != body.len()) {
        return Err(DownloadError::BrokenOff);
    }
    Ok(body.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(answer: &str) -> Result<Vec<u8>, String> {
        parse(answer.as_bytes(), 5).map_err(|error| error.to_string())
    }

    #[test]
    fn a_file_comes_whole_or_not_at_all() {
        assert_eq!(told("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"), Ok(b"abc".to_vec()));
        assert_eq!(told("HTTP/1.0 200 OK\r\n\r\nabc"), Ok(b"abc".to_vec()));
        for (answer, expected) in [
            ("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nabc", "in the middle of the file"),
            ("HTTP/1.1 200 OK\r\n\r\nabcdef", "larger than 5 bytes"),
            ("HTTP/1.1 404 Not Found\r\n\r\n{\"detail\":\"gone\"}", "404 Not Found: gone"),
            ("SSH-2.0\r\n\r\n", "does not speak HTTP"),
            ("HTTP/1.1 200 OK", "does not speak HTTP"),
        ] {
            let error = told(answer).expect_err(answer);
            assert!(error.contains(expected), "{error}");
        }
    }

    #[tokio::test]
    async fn what_is_no_address_is_refused() {
        for address in ["x", "ftp://h/x", "http://", "http://a b/", "http://h:x/", "http://u@h/"] {
            let error = get(address, 5).await.expect_err(address);
            assert!(matches!(error, DownloadError::Address), "{address}: {error}");
        }
    }
}
