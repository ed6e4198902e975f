//! Making, naming, deleting and restoring documents.

use std::{future::Future, sync::Arc};

use bytes::Bytes;
use serde::Deserialize;
use warp::http::StatusCode;

use super::{Api, Asked, Body, Chunks, Failure, Outcome, at, json, list::Info, nothing};
use crate::{
    crdt::{Kind, MetaChanges},
    document::{Summary, Unavailable},
    identity::{Access, Author, AuthorKind},
    ids::DocumentName,
    limits::{LANG_BYTES, TITLE_UNITS},
};

/// The body of a POST that makes a document.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    name: Option<String>,
    title: Option<String>,
    kind: Option<Kind>,
    lang: Option<String>,
}

/// The body of a PATCH.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    name: Option<String>,
    title: Option<String>,
    /// Whether the name that it had leads to it from now on.
    #[serde(default)]
    keep_old_name: bool,
}

/// The body of a POST that makes a copy.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Duplicate {
    name: Option<String>,
    title: Option<String>,
}

impl Api {
    pub(super) async fn create(
        self: &Arc<Self>,
        asked: &Asked,
        body: Body<impl Chunks>,
    ) -> Outcome {
        let new: New = body.json(self.documents.limits().request_bytes).await?;
        let name = self.name_or_new(new.name.as_deref())?;
        let asked = &self.may_make(asked, &name).await?;
        let kind = new.kind.unwrap_or(Kind::Rich);
        let meta = MetaChanges {
            title: new.title.as_deref().map(title).transpose()?,
            kind: Some(kind),
            lang: new.lang.as_deref().map(lang).transpose()?,
        };
        self.begin(&name, None, meta, asked.author(AuthorKind::Server)).await
    }

    pub(super) async fn info(&self, name: &DocumentName) -> Outcome {
        let summary = self.living(name).await?;
        Ok(json(StatusCode::OK, &Info::from(&summary)))
    }

    pub(super) async fn change(
        self: &Arc<Self>,
        asked: &Asked,
        name: &DocumentName,
        body: Body<impl Chunks>,
    ) -> Outcome {
        let change: Change = body.json(self.documents.limits().request_bytes).await?;
        let title = change.title.as_deref().map(title).transpose()?;
        let new_name = change.name.as_deref().map(DocumentName::new).transpose()?;
        let keep_old = change.keep_old_name;
        if keep_old && new_name.is_none() {
            return Err(Failure::Bad("`keep_old_name` goes with a new `name`".to_owned()));
        }
        if let Some(new_name) = &new_name {
            // Another name may put it where others may open it.
            self.allow(asked, name, Access::Owner).await?;
            self.allow(asked, new_name, Access::Edit).await?;
        }
        self.living(name).await?;
        let current = new_name.clone().unwrap_or_else(|| name.clone());
        // First what may fail for good reasons, so that all is done or nothing.
        if let Some(new_name) = new_name {
            let (documents, name) = (self.documents.clone(), name.clone());
            to_the_end(async move { documents.rename(&name, &new_name, keep_old).await })
                .await
                .map_err(as_conflict)?;
        }
        if let Some(title) = title {
            let changes = MetaChanges { title: Some(title), ..MetaChanges::default() };
            self.documents.edit_meta(&current, changes, asked.author(AuthorKind::Server)).await?;
        }
        self.info(&current).await
    }

    pub(super) async fn delete(self: &Arc<Self>, asked: &Asked, name: &DocumentName) -> Outcome {
        let (documents, name) = (self.documents.clone(), name.clone());
        let for_ever = asked.switch("forever");
        to_the_end(async move {
            if for_ever {
                documents.delete(&name).await
            } else {
                documents.put_into_bin(&name).await
            }
        })
        .await?;
        Ok(nothing())
    }

    pub(super) async fn restore(&self, name: &DocumentName) -> Outcome {
        self.documents.restore(name).await?;
        self.info(name).await
    }

    /// A copy has the state of the original, client ids and all: nobody goes on writing in the copy
    /// under an id of the original, because an id lives and dies with one open page, and the server's
    /// own is fresh. In return, what was copied can be told from what was written later.
    pub(super) async fn duplicate(
        self: &Arc<Self>,
        asked: &Asked,
        name: &DocumentName,
        body: Body<impl Chunks>,
    ) -> Outcome {
        let change: Duplicate = body.json_if_any(self.documents.limits().request_bytes).await?;
        let title = change.title.as_deref().map(title).transpose()?;
        let copy = self.name_or_new(change.name.as_deref())?;
        let asked = &self.may_make(asked, &copy).await?;
        self.living(name).await?;
        let _turn = self.turns.take().await?;
        let state = self.documents.state(name).await?.ok_or(Unavailable::Missing)?;
        let meta = MetaChanges { title, ..MetaChanges::default() };
        self.begin(&copy, Some(state), meta, asked.author(AuthorKind::Server)).await
    }

    /// A document that is there and not in the bin.
    pub(super) async fn living(&self, name: &DocumentName) -> Result<Summary, Failure> {
        let summary = self.documents.summary(name).await?.ok_or(Unavailable::Missing)?;
        if summary.deleted.is_some() {
            return Err(Unavailable::InBin.into());
        }
        Ok(summary)
    }

    /// Begins a document and says where it is.
    pub(super) async fn begin(
        &self,
        name: &DocumentName,
        content: Option<Bytes>,
        meta: MetaChanges,
        author: Arc<Author>,
    ) -> Outcome {
        let (documents, begun) = (self.documents.clone(), name.clone());
        to_the_end(async move { documents.create(&begun, content, meta, author).await })
            .await
            .map_err(as_conflict)?;
        self.made(name).await
    }

    /// Says where the new document is.
    pub(super) async fn made(&self, name: &DocumentName) -> Outcome {
        let summary = self.living(name).await?;
        let location = format!("/api/v1/documents/{}", name.to_url_segment());
        Ok(at(json(StatusCode::CREATED, &Info::from(&summary)), &location))
    }

    pub(super) fn name_or_new(&self, name: Option<&str>) -> Result<DocumentName, Failure> {
        let new = || Ok(DocumentName::random(self.documents.random()));
        name.map_or_else(new, |name| Ok(DocumentName::new(name)?))
    }
}

/// Finishes what was begun also when nobody waits for the answer any more: half of a deletion would
/// be neither.
pub(in crate::http) async fn to_the_end<E>(
    work: impl Future<Output = Result<(), E>> + Send + 'static,
) -> Result<(), Failure>
where
    E: Into<Failure> + Send + 'static,
{
    tokio::spawn(work).await.map_err(|_| Unavailable::Reloading)?.map_err(Into::into)
}

/// That a name is taken by something in the bin is a conflict, not the answer to a read.
pub(super) fn as_conflict(failure: Failure) -> Failure {
    match failure {
        Failure::Document(Unavailable::InBin) => Failure::NameInBin,
        failure => failure,
    }
}

/// A title that may be written.
pub(super) fn title(text: &str) -> Result<String, Failure> {
    let text: String =
        text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    let text = text.trim().to_owned();
    let units = text.encode_utf16().count();
    if units > TITLE_UNITS {
        let words = format!("a title may have at most {TITLE_UNITS} letters, this one has {units}");
        return Err(Failure::Bad(words));
    }
    Ok(text)
}

/// A language of code that may be written.
pub(super) fn lang(text: &str) -> Result<String, Failure> {
    let sound = text.len() <= LANG_BYTES && text.chars().all(|letter| !letter.is_control());
    if sound {
        Ok(text.to_owned())
    } else {
        Err(Failure::Bad(format!("a language has a name of at most {LANG_BYTES} bytes")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_has_no_control_characters_and_no_space_around_it() {
        for (text, expected) in
            [(" a\tb ", "a b"), ("\0", ""), (" \u{1b}\n ", ""), ("\0a\u{9f}", "a"), ("ä", "ä")]
        {
            assert_eq!(title(text).ok().as_deref(), Some(expected), "{text:?}");
        }
        assert!(title(&"x".repeat(TITLE_UNITS + 1)).is_err());
        let padded = format!("{}{}", "\0".repeat(TITLE_UNITS), "x".repeat(TITLE_UNITS));
        assert_eq!(title(&padded).ok(), Some("x".repeat(TITLE_UNITS)));
    }
}
