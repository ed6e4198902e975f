//! What a document says, read and written by programs that know no CRDT.
//!
//! Every write is an edit like everybody's: it builds on what the document says when it is read, what
//! others type meanwhile stays, and it is answered once it is durable. `If-Match` asks for more: that
//! nothing has happened since an entry.

use std::sync::Arc;

use bytes::Bytes;
use warp::{
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{ETAG, IF_MATCH, IF_NONE_MATCH},
    },
    reply::Response,
};

use super::{Api, Asked, Body, Chunks, Failure, Outcome, files::found, json};
use crate::{
    convert::{self, Change, ConvertError, Format},
    crdt::content::TextEdit,
    document::Unavailable,
    identity::{Author, AuthorKind},
    ids::{ClientId, DocumentId, DocumentName, Seq},
    limits::{IMPORT_BYTES, TEXT_EDITS},
};

/// What a request writes.
enum Write {
    /// Something that has to be looked for in the document.
    Change(Change),
    /// A Yjs update.
    Merge(Bytes),
}

impl Api {
    pub(super) async fn content(
        &self,
        asked: &Asked,
        name: &DocumentName,
        format: Format,
    ) -> Outcome {
        let summary = self.living(name).await?;
        let known = Condition::read(&asked.headers, IF_NONE_MATCH.as_str());
        if known.is_some_and(|it| it.holds(summary.last, summary.id)) {
            let mut response = Response::default();
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return Ok(tagged(response, summary.last, summary.id));
        }
        let turn = self.turns.take().await?;
        let (state, seq) = self.documents.state_at(name).await?;
        let file = turn.work(move || convert::export(&state, format)).await?;
        let response = found(file, format.media_type());
        Ok(match seq {
            Some(seq) => tagged(response, seq, summary.id),
            None => response,
        })
    }

    pub(super) async fn replace(
        self: &Arc<Self>,
        asked: &Asked,
        name: &DocumentName,
        format: Format,
        body: Body<impl Chunks>,
    ) -> Outcome {
        let file = self.receive(body, format).await?;
        self.write(asked, name, Write::Change(Change::Replace(format, file))).await
    }

    pub(super) async fn append(
        self: &Arc<Self>,
        asked: &Asked,
        name: &DocumentName,
        format: Format,
        body: Body<impl Chunks>,
    ) -> Outcome {
        let file = self.receive(body, format).await?;
        let write = match format {
            Format::Update => Write::Merge(file),
            format => Write::Change(Change::Append(format, file)),
        };
        self.write(asked, name, write).await
    }

    pub(super) async fn edit_text(
        self: &Arc<Self>,
        asked: &Asked,
        name: &DocumentName,
        body: Body<impl Chunks>,
    ) -> Outcome {
        if !body.is_json() {
            return Err(Failure::NotJson);
        }
        let bytes = self.receive_file(body, IMPORT_BYTES).await?;
        let edits: Vec<TextEdit> = serde_json::from_slice(&bytes)
            .map_err(|error| Failure::Bad(format!("the body cannot be understood: {error}")))?;
        if edits.len() > TEXT_EDITS {
            let words = format!("a request may have at most {TEXT_EDITS} edits");
            return Err(Failure::Bad(words));
        }
        self.write(asked, name, Write::Change(Change::Edit(edits))).await
    }

    async fn write(self: &Arc<Self>, asked: &Asked, name: &DocumentName, write: Write) -> Outcome {
        let wanted = Condition::read(&asked.headers, IF_MATCH.as_str());
        let (api, name, author) =
            (Arc::clone(self), name.clone(), asked.author(AuthorKind::Server));
        // What was begun is finished, also when nobody waits for the answer any more.
        let writing = tokio::spawn(async move { api.apply(&name, author, wanted, write).await });
        let (seq, epoch) = writing.await.map_err(|_| Unavailable::Reloading)??;
        let said = serde_json::json!({ "seq": seq, "epoch": epoch });
        Ok(tagged(json(StatusCode::OK, &said), seq, epoch))
    }

    async fn apply(
        &self,
        name: &DocumentName,
        author: Arc<Author>,
        wanted: Option<Condition>,
        write: Write,
    ) -> Result<(Seq, DocumentId), Failure> {
        let turn = self.turns.take().await?;
        self.living(name).await?;
        // Held from here on: whoever takes its place must not get an edit meant for this one.
        let document = self.documents.open(name)?;
        let reading = document.read_at().await?;
        let (epoch, state) = (reading.id, reading.state.clone());
        let seq = reading.settled().await?;
        if wanted.as_ref().is_some_and(|it| !it.holds(seq, epoch)) {
            return Err(Failure::NotAt(seq));
        }
        let update = match write {
            Write::Merge(update) => Some(update),
            Write::Change(change) => {
                let client = ClientId::new(self.documents.random());
                let work = move || convert::change(&state, change, client);
                turn.work::<_, ConvertError>(work).await?
            }
        };
        let expected = wanted.filter(|it| !it.any).map(|_| seq);
        let seq = match update {
            Some(update) => document.edit_if(update, author, expected).await?,
            None => seq,
        };
        Ok((seq, epoch))
    }
}

/// At which entries a document may be, as `If-Match` and `If-None-Match` say it: `"7"`, or
/// `"7.epoch"` as `ETag` does.
#[derive(Debug)]
struct Condition {
    tags: Vec<String>,
    /// Anything that is there will do.
    any: bool,
}

impl Condition {
    fn read(headers: &HeaderMap, name: &str) -> Option<Self> {
        let mut lines = headers.get_all(name).iter().peekable();
        lines.peek()?;
        let words = lines.filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(','));
        let clean = |word: &str| word.trim().trim_start_matches("W/").trim_matches('"').to_owned();
        let tags: Vec<_> = words.map(clean).collect();
        let any = tags.iter().any(|tag| tag == "*");
        Some(Self { tags, any })
    }

    fn holds(&self, seq: Seq, epoch: DocumentId) -> bool {
        let (short, whole) = (seq.0.to_string(), tag(seq, epoch));
        self.any || self.tags.iter().any(|tag| *tag == short || *tag == whole)
    }
}

/// A moment of a life.
pub(super) fn tag(seq: Seq, epoch: DocumentId) -> String {
    format!("{}.{epoch}", seq.0)
}

fn tagged(mut response: Response, seq: Seq, epoch: DocumentId) -> Response {
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", tag(seq, epoch))) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}
