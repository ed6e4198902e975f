//! Which hosts and origins may reach the server through a browser. Pure functions over headers.
//!
//! A server that asks nobody to sign in is protected by where it listens, and every browser on that
//! machine or network is a way around it. Two attacks matter:
//!
//! - **DNS rebinding.** A page of `evil.example` waits until that name resolves to our address; the
//!   browser then takes us for the page's own server. What gives it away is the `Host` header, which
//!   still says `evil.example`. The attack needs a name, so addresses are always let through, and so
//!   are `localhost` and `*.localhost`, which browsers resolve themselves. Every other name must be
//!   listed, wherever the server listens: an open server on an office network is as reachable from
//!   that office's browsers as one on loopback.
//! - **Cross-site WebSocket hijacking.** Browsers let any page open a WebSocket to any server and say
//!   in `Origin` who asked. A page of the server itself may, a listed one may, and so may a page on
//!   loopback talking to a server on loopback (a developer's own app on another port: whoever can
//!   serve pages there can also connect without a browser). No `Origin` means no browser, and
//!   therefore nobody's browser that could be abused.

use std::{fmt, net::IpAddr, str::FromStr};

use warp::http::{
    HeaderMap, Method, StatusCode,
    header::{HOST, HeaderName, ORIGIN},
};

/// The hosts and origins that an operator lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guard {
    /// Names under which the server is reached.
    pub hosts: Vec<AllowedHost>,
    /// Sites whose pages may connect.
    pub origins: Vec<AllowedOrigin>,
}

/// A name under which the server may be reached, without a port; or any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowedHost {
    /// `*`: the network in front is trusted to check.
    Any,
    /// This name in lower case.
    Name(String),
}

/// A site whose pages may connect: scheme, host and port as browsers write them; or any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowedOrigin {
    /// `*`, which includes pages without an origin of their own.
    Any,
    /// `https://app.example` or `http://localhost:5173`, in lower case, without a default port.
    Exact(String),
}

/// Why a request is refused; the message tells the operator what to set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There must be exactly one sound `Host`.
    #[error("the request must have one Host header")]
    NoHost,
    /// The name is not listed.
    #[error(
        "this server does not know itself as {0}; if that is its name, start it with --allow-host {0}"
    )]
    Host(String),
    /// The page's site is not listed.
    #[error(
        "pages of {0} may not connect to this server; if they should, start it with --allow-origin {0}"
    )]
    Origin(String),
}

impl Guard {
    /// Checks the name under which the server was reached.
    ///
    /// # Errors
    /// When it is missing or not allowed.
    pub fn check_host(&self, headers: &HeaderMap) -> Result<(), Refused> {
        let host = host_name(only(headers, &HOST).ok_or(Refused::NoHost)?);
        let allowed = is_address(&host)
            || is_localhost(&host)
            || self.hosts.iter().any(|allowed| match allowed {
                AllowedHost::Any => true,
                AllowedHost::Name(name) => *name == host,
            });
        if allowed { Ok(()) } else { Err(Refused::Host(host)) }
    }

    /// Checks who asks for something that a foreign page must not do: a WebSocket, or a method that
    /// changes something.
    ///
    /// # Errors
    /// When the page's site is not allowed.
    pub fn check_origin(&self, headers: &HeaderMap) -> Result<(), Refused> {
        if !headers.contains_key(ORIGIN) {
            return Ok(());
        }
        let Some(origin) = only(headers, &ORIGIN).map(normal_origin) else {
            return Err(Refused::Origin("null".into()));
        };
        let host = only(headers, &HOST).unwrap_or_default();
        if self.is_listed(&origin) || is_same_host(&origin, host) || is_near(&origin, host) {
            return Ok(());
        }
        Err(Refused::Origin(origin))
    }

    /// The same for a server whose visitors may be known by a cookie: browsers send cookies of
    /// this machine to all its ports, so that a page on another port is as foreign as any.
    ///
    /// # Errors
    /// When the page is neither of this server nor listed.
    pub fn check_listed_origin(&self, headers: &HeaderMap) -> Result<(), Refused> {
        self.check_origin(headers)?;
        let (Some(origin), Some(host)) =
            (only(headers, &ORIGIN).map(normal_origin), only(headers, &HOST))
        else {
            return Ok(());
        };
        if self.is_listed(&origin) || is_same_host(&origin, host) {
            return Ok(());
        }
        Err(Refused::Origin(origin))
    }

    fn is_listed(&self, origin: &str) -> bool {
        self.origins.iter().any(|allowed| match allowed {
            AllowedOrigin::Any => true,
            AllowedOrigin::Exact(exact) => *exact == origin,
        })
    }
}

impl Refused {
    /// The status that fits.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NoHost => StatusCode::BAD_REQUEST,
            Self::Host(_) => StatusCode::MISDIRECTED_REQUEST,
            Self::Origin(_) => StatusCode::FORBIDDEN,
        }
    }
}

/// Whether a request of this method changes nothing, so that a foreign page may cause it.
#[must_use]
pub fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

impl FromStr for AllowedHost {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let sound = !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
        if sound {
            Ok(Self::Name(text.trim_end_matches('.').to_ascii_lowercase()))
        } else {
            Err(format!("`{text}` is not a host name; write it without scheme and port, or `*`"))
        }
    }
}

impl FromStr for AllowedOrigin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let rest = text.split_once("://").map(|(_, rest)| rest);
        match rest {
            Some(rest) if !rest.is_empty() && !rest.contains(['/', '?', '#', '*', ' ', '@']) => {
                Ok(Self::Exact(normal_origin(text)))
            }
            _ => Err(format!(
                "`{text}` is not an origin; write scheme, host and port as in https://app.example or \
                 http://localhost:5173, or `*`"
            )),
        }
    }
}

impl fmt::Display for AllowedHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "*",
            Self::Name(name) => name,
        })
    }
}

/// Whether a request was sent from this machine, to this machine, and by no proxy that says so.
pub(super) fn is_from_here(peer: Option<IpAddr>, headers: &HeaderMap) -> bool {
    const FORWARDED: [&str; 4] = ["forwarded", "via", "x-forwarded-for", "x-real-ip"];
    peer.is_some_and(|peer| peer.to_canonical().is_loopback())
        && only(headers, &HOST).is_some_and(|host| is_loopback(&host_name(host)))
        && FORWARDED.iter().all(|name| !headers.contains_key(*name))
}

/// The value of a header that must be there once; two could be read differently by a proxy.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value).filter(|value| !value.is_empty())
}

/// The name in `name:port` or `[address]:port`, in lower case.
fn host_name(authority: &str) -> String {
    let name = match authority.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => authority,
    };
    name.trim_end_matches('.').to_ascii_lowercase()
}

fn address(name: &str) -> Option<IpAddr> {
    let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
    bare.parse().ok()
}

fn is_address(name: &str) -> bool {
    address(name).is_some()
}

fn is_localhost(name: &str) -> bool {
    name == "localhost" || name.ends_with(".localhost")
}

fn is_loopback(name: &str) -> bool {
    is_localhost(name) || address(name).is_some_and(|address| address.to_canonical().is_loopback())
}

/// An origin in lower case without its scheme's default port.
fn normal_origin(origin: &str) -> String {
    let origin = origin.to_ascii_lowercase();
    let default_port = match origin.split_once("://") {
        Some(("http" | "ws", _)) => ":80",
        Some(("https" | "wss", _)) => ":443",
        _ => return origin,
    };
    origin.strip_suffix(default_port).map_or(origin.clone(), str::to_owned)
}

/// Whether a page of `origin` (normal form) talks to the server that served it. The scheme is not
/// compared: behind a proxy that ends TLS we cannot know ours.
fn is_same_host(origin: &str, host: &str) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else { return false };
    let host = normal_origin(&format!("{scheme}://{host}"));
    strip_scheme(&host) == authority
}

/// Whether both are on this machine.
fn is_near(origin: &str, host: &str) -> bool {
    is_loopback(&host_name(strip_scheme(origin))) && is_loopback(&host_name(host))
}

fn strip_scheme(origin: &str) -> &str {
    origin.split_once("://").map_or(origin, |(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use warp::http::HeaderValue;

    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    fn guard(hosts: &[&str], origins: &[&str]) -> Guard {
        Guard {
            hosts: hosts.iter().map(|text| text.parse().unwrap()).collect(),
            origins: origins.iter().map(|text| text.parse().unwrap()).collect(),
        }
    }

    #[test]
    fn a_name_that_dns_could_rebind_is_refused_unless_listed() {
        let open = guard(&[], &[]);
        for host in [
            "localhost",
            "LOCALHOST:8080",
            "localhost.",
            "app.localhost:1",
            "127.0.0.1:8080",
            "127.8.8.8",
            "[::1]:8080",
            "[::1]",
            "192.0.2.7:80",
        ] {
            assert_eq!(open.check_host(&headers(&[("host", host)])), Ok(()), "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:8080",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "evillocalhost",
            "wiki",
        ] {
            let refused = open.check_host(&headers(&[("host", host)])).unwrap_err();
            assert_eq!(refused.status(), StatusCode::MISDIRECTED_REQUEST, "{host}");
        }
        let listed = guard(&["Docs.Example"], &[]);
        assert_eq!(listed.check_host(&headers(&[("host", "docs.example:443")])), Ok(()));
        assert!(listed.check_host(&headers(&[("host", "docs.example.evil.example")])).is_err());
        assert_eq!(guard(&["*"], &[]).check_host(&headers(&[("host", "any.example")])), Ok(()));
    }

    #[test]
    fn only_who_sits_at_the_machine_is_here() {
        fn from(peer: &str, lines: &[(&'static str, &'static str)]) -> bool {
            is_from_here(peer.parse().ok(), &headers(lines))
        }
        assert!(from("127.0.0.1", &[("host", "localhost:8080")]));
        assert!(from("::1", &[("host", "[::1]:8080")]));
        assert!(from("::ffff:127.0.0.1", &[("host", "127.0.0.1")]));
        assert!(!from("", &[("host", "localhost")]), "nobody says where it comes from");
        assert!(!from("192.0.2.1", &[("host", "localhost")]));
        assert!(!from("127.0.0.1", &[]));
        assert!(!from("127.0.0.1", &[("host", "docs.example")]), "a proxy that passes on the name");
        for line in ["forwarded", "via", "x-forwarded-for", "x-real-ip"] {
            assert!(!from("127.0.0.1", &[("host", "localhost"), (line, "127.0.0.1")]), "{line}");
        }
    }

    #[test]
    fn there_must_be_exactly_one_host() {
        for lines in [&[][..], &[("host", "")], &[("host", "localhost"), ("host", "evil.example")]]
        {
            assert_eq!(guard(&["*"], &[]).check_host(&headers(lines)), Err(Refused::NoHost));
        }
    }

    #[test]
    fn a_page_of_another_site_may_not_connect() {
        let check = |origin, host| {
            guard(&[], &[]).check_origin(&headers(&[("origin", origin), ("host", host)]))
        };
        assert_eq!(check("https://docs.example", "docs.example"), Ok(()));
        assert_eq!(check("https://docs.example", "docs.example:443"), Ok(()));
        assert_eq!(check("http://docs.example:8080", "DOCS.example:8080"), Ok(()));
        for (origin, host) in [
            ("https://evil.example", "localhost:8080"),
            ("https://evil.example", "docs.example"),
            ("https://docs.example", "docs.example:8443"),
            ("https://docs.example:8443", "docs.example"),
            ("http://localhost:5173", "docs.example"),
            ("http://localhost.evil.example", "localhost:8080"),
            ("null", "localhost:8080"),
            ("", "localhost:8080"),
        ] {
            let refused = check(origin, host).unwrap_err();
            assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{origin} to {host}");
        }
    }

    #[test]
    fn a_developers_page_on_loopback_may_connect_to_a_server_on_loopback() {
        for (origin, host) in [
            ("http://localhost:5173", "127.0.0.1:8080"),
            ("http://127.0.0.1:3000", "localhost:8080"),
            ("http://[::1]:3000", "[::1]:8080"),
        ] {
            let asked = headers(&[("origin", origin), ("host", host)]);
            assert_eq!(guard(&[], &[]).check_origin(&asked), Ok(()), "{origin} to {host}");
        }
    }

    #[test]
    fn where_cookies_count_another_port_of_this_machine_is_another_site() {
        let check = |origin, host| {
            let listed = guard(&[], &["http://localhost:3000"]);
            listed.check_listed_origin(&headers(&[("origin", origin), ("host", host)]))
        };
        assert_eq!(check("http://localhost:8080", "localhost:8080"), Ok(()));
        assert_eq!(check("http://localhost:3000", "localhost:8080"), Ok(()));
        for origin in ["http://localhost:5173", "http://127.0.0.1:8080", "null"] {
            assert!(check(origin, "localhost:8080").is_err(), "{origin}");
        }
        let none = headers(&[("host", "localhost:8080")]);
        assert_eq!(guard(&[], &[]).check_listed_origin(&none), Ok(()));
    }

    #[test]
    fn no_origin_is_no_browser_and_listed_origins_are_exact() {
        assert_eq!(guard(&[], &[]).check_origin(&headers(&[("host", "docs.example")])), Ok(()));
        let listed = guard(&[], &["https://App.example:443"]);
        let check = |origin| listed.check_origin(&headers(&[("origin", origin), ("host", "h")]));
        assert_eq!(check("https://app.example"), Ok(()));
        assert!(check("http://app.example").is_err());
        assert!(check("https://app.example:444").is_err());
        let any = guard(&[], &["*"]);
        assert_eq!(any.check_origin(&headers(&[("origin", "null"), ("host", "h")])), Ok(()));
    }

    #[test]
    fn what_cannot_be_listed_is_named() {
        for text in ["", "https://docs.example", "docs.example:80", "a b"] {
            assert!(text.parse::<AllowedHost>().is_err(), "{text}");
        }
        for text in ["", "docs.example", "https://", "https://docs.example/", "https://*.example"] {
            assert!(text.parse::<AllowedOrigin>().is_err(), "{text}");
        }
    }
}
