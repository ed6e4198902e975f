//! What a reader's headers say about the form it wants and the form it has (RFC 9110, 12.5.3 and 13).

use warp::http::{
    HeaderMap, HeaderName,
    header::{ACCEPT, ACCEPT_ENCODING, IF_NONE_MATCH},
};

/// A form that a file may be sent in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Brotli,
    Gzip,
    Identity,
}

impl Coding {
    /// Its name in headers.
    pub(crate) fn token(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
            Self::Identity => "identity",
        }
    }
}

/// The form that is wanted most among those there are; of equals the smallest. When none is
/// acceptable it is the plain one, because an answer is of more use than a refusal.
pub(crate) fn choose(headers: &HeaderMap, has: impl Fn(Coding) -> bool) -> Coding {
    let mut chosen = (Coding::Identity, 0.0);
    for coding in [Coding::Brotli, Coding::Gzip, Coding::Identity] {
        let weight = weight(headers, coding);
        if weight > chosen.1 && has(coding) {
            chosen = (coding, weight);
        }
    }
    chosen.0
}

/// How much a coding is wanted, from 0 to 1.
fn weight(headers: &HeaderMap, coding: Coding) -> f32 {
    let mut any = None;
    for item in items(headers, &ACCEPT_ENCODING) {
        let (name, parameter) = item.split_once(';').unwrap_or((item, "q=1"));
        let value = parameter.trim().strip_prefix(['q', 'Q']).map(str::trim_start);
        let value = value.and_then(|it| it.strip_prefix('=')).and_then(|it| it.trim().parse().ok());
        // What cannot be understood is not wanted.
        let value: f32 = value.filter(|it| (0.0..=1.0).contains(it)).unwrap_or(0.0);
        let name = name.trim();
        if name.eq_ignore_ascii_case(coding.token()) {
            return value;
        } else if name == "*" {
            any = Some(value);
        }
    }
    match coding {
        // Plain is acceptable unless it is ruled out, but nobody prefers it without saying so.
        Coding::Identity => any.unwrap_or(f32::MIN_POSITIVE),
        _ => any.unwrap_or(0.0),
    }
}

/// Whether a reader has what this entity tag stands for.
pub(crate) fn has_tag(headers: &HeaderMap, etag: &str) -> bool {
    items(headers, &IF_NONE_MATCH)
        .any(|item| item == "*" || item.strip_prefix("W/").unwrap_or(item) == etag)
}

/// Whether a program asks, which names JSON; people and probes take anything.
pub(crate) fn wants_json(headers: &HeaderMap) -> bool {
    items(headers, &ACCEPT).any(|item| {
        let (kind, parameters) = item.split_once(';').unwrap_or((item, ""));
        let refused = ["q=0", "q=0.0"].contains(&parameters.trim());
        kind.trim().eq_ignore_ascii_case("application/json") && !refused
    })
}

/// The items of a header that is a list, from all its lines.
fn items<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}
