//! The history pack as an answer: compressed as asked for, kept by browsers, and sent in parts.

use bytes::Bytes;
use warp::{
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{
            ACCEPT_RANGES, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_RANGE, CONTENT_TYPE, ETAG,
            IF_RANGE, RANGE, VARY,
        },
    },
    reply::Response,
};

use super::{Api, Asked, Failure, Outcome, history::number};
use crate::{
    history::{Past, pack},
    http::negotiate::{Coding, choose, has_tag},
    ids::{DocumentId, DocumentName, Seq},
};

/// Lets a browser keep a pack, and ask each time whether it is still the newest.
const CACHE: HeaderValue = HeaderValue::from_static("private, no-cache");

/// What a pack is answered with.
enum Answer {
    /// The reader has it.
    Unchanged(String),
    Pack(String, Bytes),
}

impl Api {
    pub(super) async fn pack(&self, asked: &Asked, name: &DocumentName) -> Outcome {
        let after = Seq(number(asked, "after")?.unwrap_or(0));
        let id = self.living(name).await?.id;
        if let Some(epoch) = asked.value("epoch")
            && DocumentId::parse(epoch) != Some(id)
        {
            return Err(Failure::OtherEpoch);
        }
        let coding = choose(&asked.headers, |_| true);
        let headers = asked.headers.clone();
        let answer = self.history.read(id, move |past| {
            let etag = etag(past, after, coding);
            if has_tag(&headers, &etag) {
                return Ok(Answer::Unchanged(etag));
            }
            Ok(Answer::Pack(etag, past.pack(after, as_packed(coding))?))
        });
        Ok(match answer.await? {
            Answer::Unchanged(etag) => {
                let mut response = Response::default();
                *response.status_mut() = StatusCode::NOT_MODIFIED;
                tagged(response, &etag)
            }
            Answer::Pack(etag, pack) => {
                let mut response = ranged(&asked.headers, &etag, pack);
                let lines = response.headers_mut();
                lines.insert(CONTENT_TYPE, HeaderValue::from_static(pack::MEDIA_TYPE));
                lines.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
                if coding != Coding::Identity {
                    lines.insert(CONTENT_ENCODING, HeaderValue::from_static(coding.token()));
                }
                tagged(response, &etag)
            }
        })
    }
}

fn as_packed(coding: Coding) -> pack::Coding {
    match coding {
        Coding::Identity => pack::Coding::Plain,
        Coding::Brotli => pack::Coding::Brotli,
        Coding::Gzip => pack::Coding::Gzip,
    }
}

/// Stands for the very bytes: the past only grows at its end, or is cut at its beginning.
fn etag(past: &Past, after: Seq, coding: Coding) -> String {
    let (id, floor, last, coding) = (past.id(), past.floor(), past.last(), coding.token());
    format!("\"{id}-{floor}-{after}-{last}-{coding}\"")
}

fn tagged(mut response: Response, etag: &str) -> Response {
    let lines = response.headers_mut();
    lines.insert(CACHE_CONTROL, CACHE);
    lines.insert(VARY, HeaderValue::from_static("accept-encoding"));
    lines.insert(ETAG, HeaderValue::try_from(etag).expect("a tag is of letters and digits"));
    response
}

/// The bytes, or the range of them that is asked for, if it is of these very bytes.
fn ranged(headers: &HeaderMap, etag: &str, bytes: Bytes) -> Response {
    let same = headers.get(IF_RANGE).is_none_or(|it| it.as_bytes() == etag.as_bytes());
    let asked = headers.get(RANGE).filter(|_| same).and_then(|it| it.to_str().ok());
    let size = bytes.len();
    let (status, range, body) = match asked.and_then(|asked| one_range(asked, size)) {
        None => return Response::new(bytes.into()),
        Some(Some((from, to))) => {
            let range = format!("bytes {from}-{}/{size}", to - 1);
            (StatusCode::PARTIAL_CONTENT, range, bytes.slice(from..to))
        }
        Some(None) => (StatusCode::RANGE_NOT_SATISFIABLE, format!("bytes */{size}"), Bytes::new()),
    };
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    if let Ok(range) = HeaderValue::try_from(range) {
        response.headers_mut().insert(CONTENT_RANGE, range);
    }
    response
}

/// Reads a `Range` of one range (RFC 9110, 14.2): where it starts and ends, `Some(None)` when it is
/// beyond the end. Anything else may be ignored.
fn one_range(text: &str, size: usize) -> Option<Option<(usize, usize)>> {
    let (first, last) = text.strip_prefix("bytes=")?.trim().split_once('-')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(first) || !digits(last) {
        return None;
    }
    if first.is_empty() {
        let length: usize = last.parse().ok()?;
        return Some((length > 0 && size > 0).then(|| (size.saturating_sub(length), size)));
    }
    let first: usize = first.parse().ok()?;
    if last.is_empty() {
        return Some((first < size).then_some((first, size)));
    }
    let end = last.parse::<usize>().ok()?.checked_add(1)?;
    (first < end).then(|| (first < size).then(|| (first, end.min(size))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_one_stretch_of_bytes() {
        for (text, expected) in [
            ("bytes=0-9", Some(Some((0, 10)))),
            ("bytes=90-", Some(Some((90, 100)))),
            ("bytes=90-200", Some(Some((90, 100)))),
            ("bytes=-7", Some(Some((93, 100)))),
            ("bytes=-700", Some(Some((0, 100)))),
            ("bytes=100-", Some(None)),
            ("bytes=-0", Some(None)),
            ("bytes=5-4", None),
            ("bytes=0-1,5-6", None),
            ("bytes=+1-2", None),
            ("bytes=0-99999999999999999999", None),
            ("lines=0-9", None),
            ("bytes=", None),
        ] {
            assert_eq!(one_range(text, 100), expected, "{text}");
        }
        assert_eq!(one_range("bytes=0-", 0), Some(None));
        assert_eq!(one_range("bytes=-5", 0), Some(None));
    }
}
