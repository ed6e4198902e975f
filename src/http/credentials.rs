//! What a request shows of who sends it: header, query, subprotocol, cookies, address. Pure.

use std::net::SocketAddr;

use warp::http::{
    HeaderMap,
    header::{AUTHORIZATION, COOKIE, ORIGIN, SEC_WEBSOCKET_PROTOCOL},
};

use crate::auth::{Credentials, Secret};

/// What a subprotocol begins with that carries a token, for clients that can set neither header nor
/// query.
pub(super) const SUBPROTOCOL: &str = "token.";

/// Tokens of one request that are looked at.
const TOKENS: usize = 4;

/// Reads a request.
pub(super) fn of(
    headers: &HeaderMap,
    query: &[(String, String)],
    peer: Option<SocketAddr>,
) -> Credentials {
    let text = |value: &warp::http::HeaderValue| value.to_str().ok().map(str::to_owned);
    // Our own pages may have two to show: of a person, and of a link.
    let bearer = headers.get(AUTHORIZATION).and_then(text).and_then(|value| {
        let (scheme, tokens) = value.split_once(' ')?;
        let tokens = tokens.split_ascii_whitespace().map(str::to_owned).collect::<Vec<_>>();
        scheme.eq_ignore_ascii_case("bearer").then_some(tokens)
    });
    let queried = query.iter().filter(|(key, _)| key == "token").map(|(_, token)| token.clone());
    let offered = headers.get_all(SEC_WEBSOCKET_PROTOCOL).into_iter().filter_map(text);
    let offered: Vec<String> = offered
        .flat_map(|line| line.split(',').map(|item| item.trim().to_owned()).collect::<Vec<_>>())
        .filter_map(|item| item.strip_prefix(SUBPROTOCOL).map(str::to_owned))
        .collect();
    let tokens =
        bearer.into_iter().flatten().chain(queried).chain(offered).filter(|it| !it.is_empty());
    let cookies: Vec<String> = headers.get_all(COOKIE).into_iter().filter_map(text).collect();
    Credentials {
        tokens: tokens.take(TOKENS).map(Secret::from).collect(),
        cookies: (!cookies.is_empty()).then(|| Secret::from(cookies.join("; "))),
        address: peer.map(|peer| peer.ip()),
        origin: headers.get(ORIGIN).and_then(text).map(Into::into),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_that_may_hold_a_token_is_looked_at() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("authorization", "bearer one"),
            ("sec-websocket-protocol", "yjs, token.three"),
            ("cookie", "a=1"),
            ("cookie", "session=four; b=2"),
            ("origin", "https://app.example"),
        ] {
            headers.append(name, value.parse().unwrap());
        }
        let query = [("token", "two"), ("epoch", "no"), ("token", "")];
        let query = query.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let shown = of(&headers, &query, Some("192.0.2.1:5000".parse().unwrap()));
        let tokens: Vec<_> = shown.tokens.iter().map(Secret::expose).collect();
        assert_eq!(tokens, ["one", "two", "three"]);
        assert_eq!(shown.cookie("session"), Some("four"));
        assert_eq!(shown.address, Some([192, 0, 2, 1].into()));
        assert_eq!(shown.origin.as_deref(), Some("https://app.example"));
    }

    #[test]
    fn other_schemes_are_no_tokens() {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", "Basic dXNlcjpwYXNz".parse().unwrap());
        assert!(of(&headers, &[], None).is_empty());
    }
}
