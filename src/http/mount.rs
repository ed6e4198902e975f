//! Where the routes are mounted: what stands in front of their paths in a browser.
//!
//! Pages and answers name addresses, which begin with it. A warp app's own prefix is seen from the
//! path; what a router or proxy in front has taken off the path must be said ([`Base`]).

use std::{fmt, str::FromStr, sync::Arc};

use warp::{Filter, filters::BoxedFilter, http::Uri};

/// The beginning of addresses: nothing, or `/like/this` without a slash at the end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Base(Arc<str>);

/// What the server's own addresses begin with that have more than one segment.
const OURS: [&str; 9] = ["api", "client", "d", "src", "sse", "styles", "vendor", "ws", "y-sweet"];

/// Not a beginning of addresses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` cannot stand in front of addresses; write it like /docs")]
pub struct BadBase(String);

/// A request's path in two parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mounted {
    /// What leads to the routes.
    pub(super) base: Base,
    /// The rest, with its slash in front.
    pub(super) path: String,
}

impl Base {
    /// The text: empty, or with a slash in front and none at the end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the server's own addresses begin so, which then could not be told from what is below.
    pub(crate) fn is_ambiguous(&self) -> bool {
        let first = self.0.split('/').nth(1);
        first.is_some_and(|first| OURS.contains(&first))
    }

    /// The address below this one that a proxy asks for which takes nothing off.
    pub(super) fn taken_off(&self, address: &Uri) -> Option<Uri> {
        if self.0.is_empty() {
            return None;
        }
        let rest = address.path().strip_prefix(self.as_str())?;
        let path = match rest {
            "" => "/",
            rest if rest.starts_with('/') => rest,
            _ => return None,
        };
        let target = match address.query() {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        };
        let mut parts = address.clone().into_parts();
        parts.path_and_query = Some(target.parse().ok()?);
        Uri::from_parts(parts).ok()
    }

    /// This one, with another behind it.
    fn then(&self, more: &str) -> Result<Self, BadBase> {
        format!("{self}{more}").parse()
    }
}

impl FromStr for Base {
    type Err = BadBase;

    /// It is written into pages, so that only letters are taken which mean nothing there.
    fn from_str(text: &str) -> Result<Self, BadBase> {
        let text = text.strip_suffix('/').unwrap_or(text);
        let sound = |segment: &str| {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%@:+".contains(&byte);
            !matches!(segment, "" | "." | "..") && segment.bytes().all(plain)
        };
        match text.strip_prefix('/') {
            Some(rest) if rest.split('/').all(sound) => Ok(Self(text.into())),
            None if text.is_empty() => Ok(Self::default()),
            _ => Err(BadBase(text.to_owned())),
        }
    }
}

impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Tells a mount from what is below it. Where the mount could not be written into a page there is
/// nothing.
pub(super) fn mounted(base: &Base) -> BoxedFilter<(Mounted,)> {
    let base = base.clone();
    let path = warp::path::full().and(warp::path::peek());
    path.and_then(move |full: warp::path::FullPath, rest: warp::path::Peek| {
        let split = split(&base, full.as_str(), rest.as_str());
        std::future::ready(split.ok_or_else(warp::reject::not_found))
    })
    .boxed()
}

fn split(base: &Base, full: &str, rest: &str) -> Option<Mounted> {
    let mount = full.strip_suffix(rest)?;
    let mount = mount.strip_suffix('/').unwrap_or(mount);
    Some(Mounted { base: base.then(mount).ok()?, path: format!("/{rest}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_is_plain_segments_or_nothing() {
        for (text, base) in [("", ""), ("/", ""), ("/docs", "/docs"), ("/a/b-c_1/", "/a/b-c_1")] {
            assert_eq!(text.parse::<Base>().unwrap().as_str(), base, "{text}");
        }
        for text in ["docs", "//evil.example", "/a//b", "/a/../b", "/a\"b", "/a<b", "/a b", "/ü"] {
            assert!(text.parse::<Base>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_stands_in_front_is_taken_off_once_where_it_is_there() {
        let base: Base = "/docs".parse().unwrap();
        for (asked, below) in [
            ("/docs", Some("/")),
            ("/docs?a", Some("/?a")),
            ("/docs/", Some("/")),
            ("/docs/d/plan?a=b%2Fc", Some("/d/plan?a=b%2Fc")),
            ("/docs/docs/x", Some("/docs/x")),
            ("http://host/docs/d/a%2Fb", Some("http://host/d/a%2Fb")),
            ("/d/plan", None),
            ("/docsx/d/plan", None),
            ("/", None),
        ] {
            let found = base.taken_off(&asked.parse().unwrap());
            assert_eq!(found.map(|it| it.to_string()).as_deref(), below, "{asked}");
        }
        assert_eq!(Base::default().taken_off(&"/docs/d".parse().unwrap()), None);
        for (base, ambiguous) in [("/docs", false), ("/d", true), ("/api/docs", true), ("", false)]
        {
            assert_eq!(base.parse::<Base>().unwrap().is_ambiguous(), ambiguous, "{base}");
        }
    }

    #[test]
    fn what_a_host_app_mounts_under_and_what_was_taken_off_before_add_up() {
        let cases = [
            ("", "/d/plan", "d/plan", Some(("", "/d/plan"))),
            ("", "/docs/d/plan", "d/plan", Some(("/docs", "/d/plan"))),
            ("/team", "/docs/", "", Some(("/team/docs", "/"))),
            ("/team", "/d/plan", "d/plan", Some(("/team", "/d/plan"))),
            ("", "/docs", "", Some(("/docs", "/"))),
            ("", "/a\"b/d/plan", "d/plan", None),
            ("", "//x/d/plan", "/x/d/plan", Some(("", "//x/d/plan"))),
        ];
        for (base, full, rest, expected) in cases {
            let found = split(&base.parse().unwrap(), full, rest);
            let found = found.as_ref().map(|it| (it.base.as_str(), &*it.path));
            assert_eq!(found, expected, "{base} {full}");
        }
    }
}
