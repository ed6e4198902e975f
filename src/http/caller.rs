//! Calls the user's app over HTTP, to ask it or to tell it something: one connection, one request,
//! one answer. Follows no redirect and trusts the certificates that browsers trust.

use std::{fmt, future::Future, io, pin::Pin, str::FromStr, sync::Arc};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, Error, RootCertStore, crypto::ring::default_provider, pki_types::ServerName,
    },
};
use warp::http::{
    Request, Uri,
    header::{ACCEPT, CONTENT_TYPE, HOST},
};

use crate::{
    auth::{Ask, Reply},
    limits::CALLBACK_BYTES,
    webhooks::{Message, Post, Waiting},
};

/// An address of the user's app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppUrl(Uri);

/// What is said in a call.
struct Call<'a> {
    headers: &'a [(&'static str, String)],
    body: Bytes,
    /// Whether more than the status of the answer counts.
    listens: bool,
}

/// Calls an app.
pub struct Caller {
    url: AppUrl,
    tls: TlsConnector,
}

impl FromStr for AppUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refuse =
            || format!("`{text}` is not an address; write it like http://localhost:3000/rights");
        let uri: Uri = text.parse().map_err(|_| refuse())?;
        let known = matches!(uri.scheme_str(), Some("http" | "https"));
        let named = uri.authority().is_some_and(|it| !it.as_str().contains('@'));
        if known && named { Ok(Self(uri)) } else { Err(refuse()) }
    }
}

impl fmt::Display for AppUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl AppUrl {
    /// The address of what lies below it, unless it is that already.
    ///
    /// # Errors
    /// When the path makes no address of it.
    pub fn below(&self, path: &str) -> Result<Self, String> {
        let own = self.0.path().trim_end_matches('/');
        if own.ends_with(path) {
            return Ok(self.clone());
        }
        let mut parts = self.0.clone().into_parts();
        let path = format!("{own}{path}");
        parts.path_and_query = Some(path.parse().map_err(|_| format!("`{path}` is no path"))?);
        Uri::from_parts(parts).map(Self).map_err(|error| error.to_string())
    }

    fn host(&self) -> &str {
        self.0.host().unwrap_or_default().trim_matches(['[', ']'])
    }

    fn is_secure(&self) -> bool {
        self.0.scheme_str() == Some("https")
    }

    fn port(&self) -> u16 {
        self.0.port_u16().unwrap_or(if self.is_secure() { 443 } else { 80 })
    }
}

impl Caller {
    /// Calls this address.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(url: AppUrl) -> Result<Self, Error> {
        let mut roots = RootCertStore::empty();
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { url, tls: TlsConnector::from(Arc::new(config)) })
    }

    /// Posts JSON; gives the status of the answer, or why there is none.
    ///
    /// # Errors
    /// When there is none.
    pub async fn tell(&self, body: Bytes) -> Result<u16, String> {
        let call = Call { headers: &[], body, listens: false };
        self.call(call).await.map(|reply| reply.status).map_err(|error| error.to_string())
    }

    async fn call(&self, call: Call<'_>) -> io::Result<Reply> {
        let stream = TcpStream::connect((self.url.host(), self.url.port())).await?;
        stream.set_nodelay(true)?;
        if !self.url.is_secure() {
            return self.ask(stream, call).await;
        }
        let name = ServerName::try_from(self.url.host().to_owned()).map_err(io::Error::other)?;
        let stream = self.tls.connect(name, stream).await?;
        self.ask(stream, call).await
    }

    async fn ask<S>(&self, stream: S, call: Call<'_>) -> io::Result<Reply>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        let authority = self.url.0.authority().map_or("", |it| it.as_str());
        let path = self.url.0.path_and_query().map_or("/", |it| it.as_str());
        let mut request = Request::post(path)
            .header(HOST, authority)
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "application/json");
        for (name, value) in call.headers {
            request = request.header(*name, value);
        }
        let request = request.body(Full::new(call.body)).map_err(io::Error::other)?;
        let answering = async {
            let answer = sender.send_request(request).await.map_err(io::Error::other)?;
            let status = answer.status().as_u16();
            if !call.listens {
                return Ok(Reply { status, body: Bytes::new() });
            }
            let body = Limited::new(answer.into_body(), CALLBACK_BYTES).collect().await;
            let body = body.map_err(|error| io::Error::other(error.to_string()))?.to_bytes();
            Ok(Reply { status, body })
        };
        tokio::pin!(answering);
        // The connection moves the bytes, here and now: it lasts as long as the question.
        tokio::select! {
            answer = &mut answering => answer,
            ended = connection => {
                ended.map_err(io::Error::other)?;
                answering.await
            }
        }
    }
}

impl Ask for Caller {
    fn post(
        &self,
        body: Bytes,
    ) -> Pin<Box<dyn Future<Output = Result<Reply, String>> + Send + '_>> {
        Box::pin(async {
            let call = Call { headers: &[], body, listens: true };
            self.call(call).await.map_err(|error| error.to_string())
        })
    }
}

impl Post for Caller {
    fn post(&self, message: Message) -> Waiting<'_, Result<u16, String>> {
        Box::pin(async move {
            let Message { id, seconds, signature, body } = message;
            let headers = [
                ("webhook-id", id),
                ("webhook-timestamp", seconds.to_string()),
                ("webhook-signature", signature),
            ];
            let call = Call { headers: &headers, body, listens: false };
            self.call(call).await.map(|reply| reply.status).map_err(|error| error.to_string())
        })
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller").field("url", &self.url).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    #[test]
    fn an_address_is_http_and_holds_no_password() {
        for text in ["http://localhost:3000/rights", "https://app.example", "http://[::1]:80/x?y=1"]
        {
            assert!(text.parse::<AppUrl>().is_ok(), "{text}");
        }
        for text in ["", "localhost:3000", "ftp://x/", "/rights", "http://a:b@c/", "http://"] {
            assert!(text.parse::<AppUrl>().is_err(), "{text}");
        }
        assert_eq!("https://app.example/x".parse::<AppUrl>().unwrap().port(), 443);
        assert_eq!("http://[::1]/x".parse::<AppUrl>().unwrap().host(), "::1");
        let below = |text: &str| text.parse::<AppUrl>().unwrap().below("/v1/metrics").unwrap();
        for (text, expected) in [
            ("http://otel:4318", "http://otel:4318/v1/metrics"),
            ("http://otel:4318/", "http://otel:4318/v1/metrics"),
            ("https://otel/a?x=1", "https://otel/a/v1/metrics"),
            ("https://otel/a/v1/metrics", "https://otel/a/v1/metrics"),
        ] {
            assert_eq!(below(text).to_string(), expected);
        }
    }

    /// Asks a listener that answers with these bytes; gives the answer and what was asked.
    async fn asked(answer: &str) -> (Result<Reply, String>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/rights?app=1", listener.local_addr().unwrap());
        let caller = Caller::new(url.parse().unwrap()).unwrap();
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"{}") {
                let mut buffer = [0; 1024];
                let read = stream.read(&mut buffer).await.unwrap();
                request.extend_from_slice(&buffer[..read]);
            }
            stream.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8(request).unwrap()
        };
        tokio::join!(Ask::post(&caller, Bytes::from_static(b"{}")), serve)
    }

    #[tokio::test]
    async fn the_app_is_asked_with_a_post_and_its_answer_comes_back_as_it_is() {
        let (reply, request) = asked("HTTP/1.1 302 Found\r\ncontent-length: 2\r\n\r\nno").await;
        assert_eq!(reply, Ok(Reply { status: 302, body: "no".into() }));
        let request = request.to_ascii_lowercase();
        assert!(request.starts_with("post /rights?app=1 http/1.1\r\n"), "{request}");
        assert!(request.contains("content-type: application/json"), "{request}");
    }

    #[tokio::test]
    async fn the_app_is_told_with_a_signature_and_only_the_status_of_its_answer_counts() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/told", listener.local_addr().unwrap());
        let caller = Caller::new(url.parse().unwrap()).unwrap();
        let message = Message {
            id: "main_1".to_owned(),
            seconds: 17,
            signature: "v1,abc=".to_owned(),
            body: Bytes::from_static(b"{}"),
        };
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"{}") {
                stream.read_buf(&mut request).await.unwrap();
            }
            let answer = b"HTTP/1.1 204 No Content\r\n\r\n";
            stream.write_all(answer).await.unwrap();
            String::from_utf8(request).unwrap().to_ascii_lowercase()
        };
        let (status, request) = tokio::join!(Post::post(&caller, message), serve);
        assert_eq!(status, Ok(204));
        for header in ["webhook-id: main_1", "webhook-timestamp: 17", "webhook-signature: v1,abc="]
        {
            assert!(request.contains(&format!("\r\n{header}\r\n")), "{request}");
        }
    }

    #[tokio::test]
    async fn an_endless_answer_and_a_broken_one_are_none() {
        let long = "x".repeat(CALLBACK_BYTES + 1);
        let endless = format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{long}");
        for answer in [&endless[..], "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhal", "SSH-2.0"] {
            let (reply, _) = asked(answer).await;
            assert!(reply.is_err(), "{reply:?}");
        }
    }
}
