//! The past of a document: the pack, entries and differences as JSON, and files as of a moment.
//!
//! What the past is, `history` knows; this reads addresses and writes answers.

use std::str::FromStr;

use bytes::Bytes;
use serde::Serialize;
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

use super::{Api, Asked, Failure, Outcome, files, json};
use crate::{
    clock::Timestamp,
    convert::{self, Format},
    history::{Past, pack},
    http::negotiate::{Coding, choose, has_tag},
    ids::{DocumentId, DocumentName, Seq},
};

/// Lets a browser keep a pack, and ask each time whether it is still the newest.
const CACHE: HeaderValue = HeaderValue::from_static("private, no-cache");

/// What of the past is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Everything a viewer needs.
    Pack,
    /// Which moment a time is.
    At,
    /// A file of the document as it was.
    Export(Seq, Format),
}

impl Part {
    /// Reads the segments after `history`.
    pub(super) fn parse(segments: &[&str]) -> Result<Self, Failure> {
        Ok(match segments {
            [] => Self::Pack,
            ["at"] => Self::At,
            [moment, export] => {
                let extension = export.strip_prefix("export.").ok_or(Failure::NoAddress)?;
                let moment = moment.parse().map_err(|_| Failure::NoAddress)?;
                Self::Export(Seq(moment), extension.parse().map_err(|_| Failure::Format)?)
            }
            _ => return Err(Failure::NoAddress),
        })
    }
}

/// What a pack is answered with.
enum Answer {
    /// The reader has it.
    Unchanged(String),
    Pack(String, Bytes),
}

impl Api {
    pub(super) async fn past(&self, asked: &Asked, name: &DocumentName, part: Part) -> Outcome {
        match part {
            Part::Pack => self.pack(asked, name).await,
            Part::At => self.moment_at(asked, name).await,
            Part::Export(moment, format) => self.export_past(name, moment, format).await,
        }
    }

    async fn pack(&self, asked: &Asked, name: &DocumentName) -> Outcome {
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

    async fn moment_at(&self, asked: &Asked, name: &DocumentName) -> Outcome {
        #[derive(Serialize)]
        struct Moment {
            seq: u64,
        }
        let time = number(asked, "time")?
            .ok_or_else(|| Failure::Bad("the query must have `time`, in ms since 1970".into()))?;
        let id = self.living(name).await?.id;
        let moment = self.history.read(id, move |past| {
            let rows = past.rows().up_to_time(Timestamp(time));
            Ok(rows.checked_sub(1).map_or(past.floor(), |last| past.rows().row(last).seq))
        });
        Ok(json(StatusCode::OK, &Moment { seq: moment.await?.0 }))
    }

    async fn export_past(&self, name: &DocumentName, moment: Seq, format: Format) -> Outcome {
        let summary = self.living(name).await?;
        let turn = self.turns.take().await?;
        let state = self.history.read(summary.id, move |past| past.state(moment)).await?;
        let file = turn.work(move || convert::export(&state, format)).await?;
        let title = Some(&summary.meta.title[..]).filter(|title| !title.is_empty());
        let stem = format!("{} ({moment})", title.unwrap_or(name.as_str()));
        Ok(files::download(files::found(file, format.media_type()), &stem, format.extension()))
    }
}

/// A number in the query; `None` when it is not there.
fn number<T: FromStr>(asked: &Asked, key: &str) -> Result<Option<T>, Failure> {
    let bad = |_| Failure::Bad(format!("`{key}` in the query is a number from 0"));
    asked.value(key).map(|value| value.parse().map_err(bad)).transpose()
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
