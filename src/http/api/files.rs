//! Documents as files: export, import, and conversion of a text that is in no document.
//!
//! What a format is, `convert` knows; what may run at the same time, [`super::turns`].

use std::sync::Arc;

use bytes::Bytes;
use warp::{
    http::{
        HeaderValue, StatusCode,
        header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE},
    },
    reply::Response,
};

use super::{
    Api, Asked, Body, Chunks, Failure, Outcome,
    documents::{as_conflict, lang, title},
};
use crate::{
    convert::{self, About, Format},
    crdt::MetaChanges,
    document::Unavailable,
    identity::AuthorKind,
    ids::{ClientId, DocumentName, percent_encode},
    limits::IMPORT_BYTES,
};

/// What an exported page may do when a browser opens it: show itself, in an origin of its own.
const EXPORTED_PAGE: &str = "sandbox; default-src 'none'; img-src https: data:; \
    style-src 'unsafe-inline'";

/// Letters of a file's name before its extension.
const FILE_NAME_LETTERS: usize = 100;

impl Api {
    pub(super) async fn export(&self, name: &DocumentName, format: Format) -> Outcome {
        let summary = self.living(name).await?;
        let turn = self.turns.take().await?;
        let state = self.documents.state(name).await?.ok_or(Unavailable::Missing)?;
        let file = turn.work(move || convert::export(&state, format)).await?;
        Ok(called(found(file, format.media_type()), name, &summary.meta.title, format.extension()))
    }

    pub(super) async fn import(
        self: &Arc<Self>,
        asked: &Asked,
        body: Body<impl Chunks>,
    ) -> Outcome {
        let format = format(asked, "format")?;
        let name = self.name_or_new(asked.value("name").filter(|name| !name.is_empty()))?;
        let asked = &self.may_make(asked, &name).await?;
        let about = about(asked)?;
        self.check_free(&name).await?;
        let file = self.receive(body, format).await?;
        let client = ClientId::new(self.documents.random());
        let import = move || convert::import(&file, format, &about, client);
        let content = self.turns.take().await?.work(import).await?;
        self.begin(&name, Some(content), MetaChanges::default(), asked.author(AuthorKind::Import))
            .await
    }

    /// Before the body, which may be long: nobody should send it for nothing.
    pub(super) async fn check_free(&self, name: &DocumentName) -> Result<(), Failure> {
        self.documents.check_free(name).await.map_err(|taken| as_conflict(taken.into()))
    }

    pub(super) async fn convert(&self, asked: &Asked, body: Body<impl Chunks>) -> Outcome {
        let (from, to) = (format(asked, "from")?, format(asked, "to")?);
        let text = self.receive(body, from).await?;
        let file = self.turns.take().await?.work(move || convert::convert(&text, from, to)).await?;
        Ok(found(file, to.media_type()))
    }

    pub(super) async fn receive(
        &self,
        body: Body<impl Chunks>,
        format: Format,
    ) -> Result<Bytes, Failure> {
        let limit = match format {
            Format::Update => self.documents.limits().document_bytes,
            Format::Markdown | Format::Html | Format::Text | Format::Json => IMPORT_BYTES,
        };
        self.receive_file(body, limit).await
    }

    /// Takes a file in, a few at a time.
    pub(super) async fn receive_file(
        &self,
        body: Body<impl Chunks>,
        limit: usize,
    ) -> Result<Bytes, Failure> {
        // As much as any request may have takes no place from those that bring more.
        let small = limit.min(self.documents.limits().request_bytes);
        if body.says_at_most(small) {
            return body.bytes(small).await;
        }
        let _room = self.uploads.try_acquire().map_err(|_| Failure::Busy)?;
        body.bytes(limit).await
    }
}

fn format(asked: &Asked, key: &str) -> Result<Format, Failure> {
    let missing =
        || Failure::Bad(format!("the query must have `{key}`: md, html, txt, json or yjs"));
    asked.value(key).ok_or_else(missing)?.parse().map_err(|_| missing())
}

fn about(asked: &Asked) -> Result<About, Failure> {
    let kind = asked.value("kind").filter(|kind| !kind.is_empty());
    let kind = kind.map(|kind| kind.parse().map_err(Failure::Kind));
    Ok(About {
        title: asked.value("title").map(title).transpose()?.filter(|title| !title.is_empty()),
        kind: kind.transpose()?,
        lang: asked.value("lang").map(lang).transpose()?.filter(|lang| !lang.is_empty()),
    })
}

pub(super) fn found(file: Vec<u8>, media_type: &'static str) -> Response {
    let mut response = Response::new(file.into());
    *response.status_mut() = StatusCode::OK;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(EXPORTED_PAGE));
    response
}

/// Names a file after its document.
pub(super) fn called(
    mut response: Response,
    name: &DocumentName,
    title: &str,
    extension: &str,
) -> Response {
    let stem = if title.is_empty() { name.as_str() } else { title };
    if let Ok(disposition) = HeaderValue::from_str(&disposition(stem, extension)) {
        response.headers_mut().insert(CONTENT_DISPOSITION, disposition);
    }
    response
}

/// `Content-Disposition` of a file (RFC 6266): its name in ASCII for old programs, and whole.
fn disposition(stem: &str, extension: &str) -> String {
    let unsafe_in_names = |letter: char| letter.is_control() || "/\\:*?\"<>|".contains(letter);
    let clean: String = stem
        .chars()
        .take(FILE_NAME_LETTERS)
        .map(|letter| if unsafe_in_names(letter) { '-' } else { letter })
        .collect();
    let clean = clean.trim_matches([' ', '.']);
    let clean = if clean.is_empty() { "document" } else { clean };
    let ascii: String =
        clean.chars().map(|letter| if letter.is_ascii() { letter } else { '_' }).collect();
    let whole = percent_encode(&format!("{clean}.{extension}"));
    format!("attachment; filename=\"{ascii}.{extension}\"; filename*=UTF-8''{whole}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_called_like_its_document_and_cannot_leave_the_header_or_the_folder() {
        for (stem, expected) in [
            ("Notes", "attachment; filename=\"Notes.md\"; filename*=UTF-8''Notes.md"),
            ("Über 1", "attachment; filename=\"_ber 1.md\"; filename*=UTF-8''%C3%9Cber%201.md"),
            (
                "../a\"b\r\nx: y",
                "attachment; filename=\"-a-b--x- y.md\"; filename*=UTF-8''-a-b--x-%20y.md",
            ),
            (" .. ", "attachment; filename=\"document.md\"; filename*=UTF-8''document.md"),
        ] {
            assert_eq!(disposition(stem, "md"), expected);
        }
    }
}
