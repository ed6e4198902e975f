//! The past of a document: entries and differences as JSON, and files as of a moment; the pack is in
//! `pack`.
//!
//! What the past is, `history` knows; this reads addresses and writes answers.

use std::{str::FromStr, sync::Arc};

use serde::Serialize;
use warp::http::StatusCode;

use super::{Api, Asked, Failure, Outcome, files, json};
use crate::{
    clock::Timestamp,
    convert::{self, Format},
    history::{
        HistoryError, Past,
        changes::{self, State, changes},
        rows::User,
    },
    identity::AuthorKind,
    ids::{DocumentName, Seq},
    limits::HISTORY_PAGE,
};

/// What of the past is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Everything a viewer needs.
    Pack,
    /// The entries, page by page.
    Entries,
    /// The text between two moments.
    Changes,
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
            ["entries"] => Self::Entries,
            ["changes"] => Self::Changes,
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

impl Api {
    pub(super) async fn past(&self, asked: &Asked, name: &DocumentName, part: Part) -> Outcome {
        match part {
            Part::Pack => self.pack(asked, name).await,
            Part::Entries => self.entries(asked, name).await,
            Part::Changes => self.changes(asked, name).await,
            Part::At => self.moment_at(asked, name).await,
            Part::Export(moment, format) => self.export_past(name, moment, format).await,
        }
    }

    async fn entries(&self, asked: &Asked, name: &DocumentName) -> Outcome {
        let after = Seq(number(asked, "after")?.unwrap_or(0));
        let limit: usize = number(asked, "limit")?.unwrap_or(HISTORY_PAGE);
        if !(1..=HISTORY_PAGE).contains(&limit) {
            let words = format!("`limit` is a number from 1 to {HISTORY_PAGE}");
            return Err(Failure::Bad(words));
        }
        let id = self.living(name).await?.id;
        let page = self.history.read(id, move |past| Ok(Entries::of(past, after, limit)));
        Ok(json(StatusCode::OK, &page.await?))
    }

    async fn changes(&self, asked: &Asked, name: &DocumentName) -> Outcome {
        let [from, to] = ["from", "to"].map(|key| number(asked, key));
        let (Some(from), Some(to)) = (from?, to?) else {
            let words = "the query must have `from` and `to`, which are numbers of entries";
            return Err(Failure::Bad(words.into()));
        };
        if from > to {
            return Err(Failure::Bad("`from` may not be after `to`".into()));
        }
        let id = self.living(name).await?.id;
        let changes = self.history.read(id, move |past| Changes::of(past, Seq(from), Seq(to)));
        Ok(json(StatusCode::OK, &changes.await?))
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
        let state = match self.history.read(summary.id, move |past| past.state(moment)).await {
            // What a version said is kept when what is around it is not.
            Err(HistoryError::Cut(floor)) => {
                let base = self.documents.store().base(summary.id, moment).await;
                let base = base.map_err(HistoryError::from)?;
                base.ok_or(HistoryError::Cut(floor))?.entry.update
            }
            state => state?,
        };
        let file = turn.work(move || convert::export(&state, format)).await?;
        let response = files::found(file, format.media_type());
        let ending = format!("{moment}.{}", format.extension());
        Ok(files::called(response, name, &summary.meta.title, &ending))
    }
}

/// An author as JSON.
#[derive(Clone, Debug, Serialize)]
struct Person {
    kind: AuthorKind,
    id: Arc<str>,
    name: Arc<str>,
}

impl Person {
    fn of(past: &Past, user: u32) -> Self {
        let User { kind, id, name } = past.rows().users()[user as usize].clone();
        Self { kind, id, name }
    }
}

#[derive(Debug, Serialize)]
struct Entries {
    entries: Vec<Entry>,
    /// What to ask for to go on; none at the end.
    next: Option<u64>,
    /// Where the past begins, if retention removed what was before; the first entry then is all that
    /// the document said there.
    begins: Option<Begins>,
}

/// The first moment that is kept.
#[derive(Debug, Serialize)]
pub(super) struct Begins {
    pub(super) seq: u64,
    pub(super) time: u64,
}

/// An entry as JSON; what it inserted and deleted is counted in units, which letters are most of.
#[derive(Debug, Serialize)]
struct Entry {
    seq: u64,
    time: u64,
    author: Person,
    inserted: u64,
    deleted: u64,
    bytes: u32,
}

impl Entries {
    fn of(past: &Past, after: Seq, limit: usize) -> Self {
        let first = past.rows().up_to(after);
        let end = past.rows().len().min(first.saturating_add(limit));
        let entries = past.rows().range(first..end).map(|row| Entry {
            seq: row.seq.0,
            time: row.time.0,
            author: Person::of(past, row.user),
            inserted: row.inserted.iter().map(|(_, len)| u64::from(*len)).sum(),
            deleted: row.deleted.iter().map(|units| u64::from(units.len)).sum(),
            bytes: row.bytes,
        });
        let entries: Vec<Entry> = entries.collect();
        let next = entries.last().map(|entry| entry.seq).filter(|_| end < past.rows().len());
        let is_cut = past.floor() > Seq(0) && !past.rows().is_empty();
        let begins = is_cut.then(|| past.rows().row(0));
        let begins = begins.map(|row| Begins { seq: row.seq.0, time: row.time.0 });
        Self { entries, next, begins }
    }
}

#[derive(Debug, Serialize)]
struct Changes {
    from: u64,
    to: u64,
    runs: Vec<Run>,
}

#[derive(Debug, Serialize)]
struct Run {
    state: State,
    text: String,
    author: Person,
}

impl Changes {
    fn of(past: &Past, from: Seq, to: Seq) -> Result<Self, HistoryError> {
        let runs = changes(past, from, to)?.into_iter();
        let runs = runs.map(|run| {
            let changes::Run { state, text, user } = run;
            Run { state, text, author: Person::of(past, user) }
        });
        Ok(Self { from: from.0, to: to.0, runs: runs.collect() })
    }
}

/// A number in the query; `None` when it is not there.
pub(super) fn number<T: FromStr>(asked: &Asked, key: &str) -> Result<Option<T>, Failure> {
    let bad = |_| Failure::Bad(format!("`{key}` in the query is a number from 0"));
    asked.value(key).map(|value| value.parse().map_err(bad)).transpose()
}
