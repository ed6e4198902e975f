//! Where clients find the routes: what client tokens name. Pure functions over headers.

use std::str::FromStr;

use warp::http::{HeaderMap, Uri, header::HOST};

use crate::http::mount::Base;

/// How client tokens name the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientAddress {
    /// As whoever asked for the token does; `secure` when the server speaks TLS itself.
    AsAsked {
        /// Whether that is `https`.
        secure: bool,
    },
    /// Always so: `https://docs.example/y-sweet`, without a slash at the end.
    Public(Box<str>),
}

impl ClientAddress {
    /// What the addresses of a document begin with; `None` when nothing says it.
    pub(super) fn base(&self, headers: &HeaderMap, base: &Base) -> Option<String> {
        match self {
            Self::Public(address) => Some(address.to_string()),
            Self::AsAsked { secure } => {
                let scheme = if *secure { "https" } else { "http" };
                let host = headers.get(HOST)?.to_str().ok()?;
                Some(format!("{scheme}://{host}{base}/y-sweet"))
            }
        }
    }
}

impl FromStr for ClientAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refuse =
            || format!("`{text}` is not an address; write it like https://docs.example/y-sweet");
        let uri: Uri = text.parse().map_err(|_| refuse())?;
        let known = matches!(uri.scheme_str(), Some("http" | "https"));
        let named = uri.authority().is_some_and(|it| !it.as_str().contains('@'));
        if !known || !named || uri.query().is_some() {
            return Err(refuse());
        }
        Ok(Self::Public(text.trim_end_matches('/').into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(address: &ClientAddress, host: Option<&str>, base: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.extend(host.map(|host| (HOST, host.parse().unwrap())));
        address.base(&headers, &base.parse().unwrap())
    }

    #[test]
    fn clients_come_the_way_that_the_app_came_unless_another_is_set() {
        let asked = ClientAddress::AsAsked { secure: false };
        let host = Some("localhost:8080");
        assert_eq!(base(&asked, host, "").unwrap(), "http://localhost:8080/y-sweet");
        assert_eq!(base(&asked, host, "/docs").unwrap(), "http://localhost:8080/docs/y-sweet");
        assert_eq!(base(&asked, None, ""), None);
        let secure = ClientAddress::AsAsked { secure: true };
        assert_eq!(base(&secure, host, "").unwrap(), "https://localhost:8080/y-sweet");
        let public: ClientAddress = "https://docs.example/a/y-sweet/".parse().unwrap();
        assert_eq!(base(&public, host, "/docs").unwrap(), "https://docs.example/a/y-sweet");
    }

    #[test]
    fn an_address_is_http_without_password_or_query() {
        for text in ["", "docs.example", "wss://docs.example", "http://a:b@c/", "http://a/?b", "/y"]
        {
            assert!(text.parse::<ClientAddress>().is_err(), "{text}");
        }
    }
}
