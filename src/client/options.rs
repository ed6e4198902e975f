//! What a caller may choose about a client, and the addresses that follow from it.

use std::{fmt, fmt::Write, ops::RangeInclusive, sync::Arc, time::Duration};

use tokio_rustls::rustls::{
    ClientConfig, RootCertStore, crypto,
    pki_types::{CertificateDer, pem::PemObject},
};
use tokio_tungstenite::{Connector, tungstenite::http::Uri};

use crate::{
    clock::{Clock, SystemClock},
    ids::{DocumentId, DocumentName},
    random::{Random, SystemRandom},
};

/// What a caller may choose; `Options::default()` suits most.
#[derive(Clone)]
pub struct Options {
    /// The name of the shared text within the document; `text` is what the web editor uses.
    pub root: String,
    /// Query parameters for the server, such as a token; names and values as they are meant.
    pub parameters: Vec<(String, String)>,
    /// Trust servers vouched for by these authorities (PEM, one or several), and no others. Empty:
    /// the authorities that browsers trust.
    pub authorities: Vec<u8>,
    /// The first and the longest pause between attempts to connect. In between it doubles; each
    /// pause is drawn from its upper half, so that clients do not come back all at once.
    pub pause: RangeInclusive<Duration>,
    /// Tells how old presence is.
    pub clock: Arc<dyn Clock>,
    /// Chooses the client id and the pauses.
    pub random: Arc<dyn Random>,
}

/// Why a client cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The address does not say where to connect.
    #[error("`{url}` is not the address of a server, which looks like ws://host:port/ws")]
    Url {
        /// As given.
        url: String,
    },
    /// The authorities cannot be used, for the reason given.
    #[error("the certificate authorities cannot be used: {0}")]
    Authorities(String),
}

impl Default for Options {
    fn default() -> Self {
        Self {
            root: "text".to_owned(),
            parameters: Vec::new(),
            authorities: Vec::new(),
            pause: Duration::from_millis(250)..=Duration::from_secs(10),
            clock: Arc::new(SystemClock::new()),
            random: Arc::new(SystemRandom),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Parameters may be secrets.
        f.debug_struct("Options").field("root", &self.root).finish_non_exhaustive()
    }
}

/// Where a document is, without what changes from one connection to the next.
#[derive(Clone)]
pub(super) struct Address {
    base: String,
    connector: Option<Connector>,
}

impl Address {
    pub(super) fn new(
        url: &str,
        document: &DocumentName,
        options: &Options,
    ) -> Result<Self, SetupError> {
        let wrong = || SetupError::Url { url: url.to_owned() };
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let usable = matches!(uri.scheme_str(), Some("ws" | "wss")) && uri.query().is_none();
        if !usable || uri.host().is_none_or(str::is_empty) {
            return Err(wrong());
        }
        let mut base = url.trim_end_matches('/').to_owned();
        base.push('/');
        percent_encode(&mut base, document.as_str());
        base.push_str("?coscribe=1");
        for (name, value) in &options.parameters {
            base.push('&');
            percent_encode(&mut base, name);
            base.push('=');
            percent_encode(&mut base, value);
        }
        Ok(Self { base, connector: connector(&options.authorities)? })
    }

    /// The URL to connect to, given the life of the document that is known.
    pub(super) fn url(&self, epoch: Option<DocumentId>) -> String {
        epoch.map_or_else(|| self.base.clone(), |epoch| format!("{}&epoch={epoch}", self.base))
    }

    pub(super) fn connector(&self) -> Option<Connector> {
        self.connector.clone()
    }
}

/// The pause before the next attempt after so many that failed in a row.
pub(super) fn pause(
    bounds: &RangeInclusive<Duration>,
    failures: u32,
    random: &dyn Random,
) -> Duration {
    let doubled = bounds.start().saturating_mul(2_u32.saturating_pow(failures.saturating_add(1)));
    let longest = doubled.min(*bounds.end());
    let half = longest / 2;
    let micros = u64::try_from(half.as_micros()).unwrap_or(u64::MAX);
    half + Duration::from_micros(random.below(micros.saturating_add(1)))
}

fn connector(authorities: &[u8]) -> Result<Option<Connector>, SetupError> {
    if authorities.is_empty() {
        return Ok(None);
    }
    let unusable = |error: &dyn fmt::Display| SetupError::Authorities(error.to_string());
    let mut roots = RootCertStore::empty();
    for authority in CertificateDer::pem_slice_iter(authorities) {
        let authority = authority.map_err(|error| unusable(&error))?;
        roots.add(authority).map_err(|error| unusable(&error))?;
    }
    if roots.is_empty() {
        return Err(unusable(&"there is no certificate in them (PEM is expected)"));
    }
    let config = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(&error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Some(Connector::Rustls(Arc::new(config))))
}

/// Escapes everything but the unreserved characters of RFC 3986; a slash within a name too.
fn percent_encode(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(byte.into());
        } else {
            write!(out, "%{byte:02X}").expect("a string takes every write");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SeededRandom;

    fn address(url: &str, options: &Options) -> Result<Address, SetupError> {
        Address::new(url, &DocumentName::new("ro om/1").expect("a name"), options)
    }

    #[test]
    fn names_and_parameters_reach_the_server_as_they_are() {
        let options =
            Options { parameters: vec![("token".into(), "a b&c".into())], ..Options::default() };
        let address = address("ws://localhost:1/ws/", &options).expect("an address");
        let url = "ws://localhost:1/ws/ro%20om%2F1?coscribe=1&token=a%20b%26c";
        assert_eq!(address.url(None), url);
        let epoch = DocumentId::from_bytes([0; 16]);
        assert_eq!(address.url(Some(epoch)), format!("{url}&epoch={epoch}"));
    }

    #[test]
    fn an_address_that_leads_nowhere_is_refused_at_once() {
        for url in ["", "localhost:8080", "http://localhost/ws", "ws:///ws", "ws://h/ws?x=1"] {
            let error = address(url, &Options::default()).err().expect(url);
            assert!(error.to_string().contains("ws://host:port/ws"), "{url}: {error}");
        }
    }

    #[test]
    fn authorities_that_are_none_are_refused_at_once() {
        let options = Options { authorities: b"not PEM".to_vec(), ..Options::default() };
        let error = address("wss://localhost/ws", &options).err().expect("unusable").to_string();
        assert!(error.contains("no certificate"), "{error}");
    }

    #[test]
    fn pauses_grow_to_their_bound_and_differ() {
        let (random, bounds) = (SeededRandom::new(1), Options::default().pause);
        let mut seen = std::collections::BTreeSet::new();
        for failures in [0, 1, 2, 3, 10, u32::MAX] {
            let longest = (500_u64.saturating_mul(2_u64.saturating_pow(failures))).min(10_000);
            for _ in 0..20 {
                let pause = pause(&bounds, failures, &random);
                assert!(pause >= Duration::from_millis(longest / 2), "{failures}: {pause:?}");
                assert!(pause <= Duration::from_millis(longest), "{failures}: {pause:?}");
                seen.insert(pause);
            }
        }
        assert!(seen.len() > 100, "pauses are spread");
    }
}
