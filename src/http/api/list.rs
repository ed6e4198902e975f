//! The list of documents: what a line looks like, which lines are wanted, and where the next page begins.

use serde::Serialize;
use warp::http::StatusCode;

use super::{Api, Asked, Failure, Outcome, json};
use crate::{
    clock::Timestamp,
    crdt::Kind,
    document::Summary,
    ids::{DocumentId, DocumentName, Seq},
    limits::LIST_PAGE,
};

/// Documents on a page unless something else is asked for.
const PAGE: usize = 50;

/// A document as JSON.
#[derive(Debug, Serialize)]
pub(super) struct Info<'a> {
    name: &'a str,
    title: &'a str,
    kind: Option<Kind>,
    lang: &'a str,
    epoch: DocumentId,
    seq: Seq,
    created: Timestamp,
    changed: Timestamp,
    bytes: u64,
    people: usize,
    deleted: Option<Timestamp>,
}

impl<'a> From<&'a Summary> for Info<'a> {
    fn from(summary: &'a Summary) -> Self {
        Self {
            name: summary.name.as_str(),
            title: &summary.meta.title,
            kind: summary.meta.kind,
            lang: &summary.meta.lang,
            epoch: summary.id,
            seq: summary.last,
            created: summary.created,
            changed: summary.changed,
            bytes: summary.bytes,
            people: summary.people,
            deleted: summary.deleted,
        }
    }
}

/// Which lines are wanted.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wanted {
    /// In lower case.
    query: String,
    in_bin: bool,
    after: Option<Place>,
    limit: usize,
}

/// A line's place in the list: the newest first, then by name.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    time: u64,
    name: String,
}

impl Api {
    pub(super) async fn list(&self, asked: &Asked) -> Outcome {
        let visible = self.visible(asked).await?;
        let wanted = Wanted::read(asked)?;
        let mut all = self.documents.summaries().await?;
        all.retain(|summary| visible.includes(&summary.name));
        let (page, next) = wanted.page(all);
        let documents: Vec<_> = page.iter().map(Info::from).collect();
        let body = serde_json::json!({ "documents": documents, "next": next });
        Ok(json(StatusCode::OK, &body))
    }
}

impl Wanted {
    fn read(asked: &Asked) -> Result<Self, Failure> {
        let bad = |key: &str| Failure::Bad(format!("`{key}` of the query cannot be understood"));
        let limit = match asked.value("limit") {
            None => PAGE,
            Some(limit) => limit.parse().map_err(|_| bad("limit"))?,
        };
        let after = match asked.value("after").filter(|after| !after.is_empty()) {
            None => None,
            Some(after) => Some(Place::parse(after).ok_or_else(|| bad("after"))?),
        };
        let query = asked.value("query").unwrap_or_default().trim().to_lowercase();
        Ok(Self { query, in_bin: asked.switch("bin"), after, limit: limit.clamp(1, LIST_PAGE) })
    }

    fn wants(&self, summary: &Summary) -> bool {
        let has = |text: &str| text.to_lowercase().contains(&self.query);
        summary.deleted.is_some() == self.in_bin
            && self.after.as_ref().is_none_or(|after| after.is_before(summary))
            && (self.query.is_empty() || has(&summary.meta.title) || has(summary.name.as_str()))
    }

    /// The wanted lines in order, and where the next page begins if there is one.
    fn page(&self, mut all: Vec<Summary>) -> (Vec<Summary>, Option<String>) {
        all.retain(|summary| self.wants(summary));
        all.sort_unstable_by(|a, b| time(b).cmp(&time(a)).then_with(|| a.name.cmp(&b.name)));
        let more = all.len() > self.limit;
        all.truncate(self.limit);
        let next = all.last().filter(|_| more).map(|last| Place::of(last).to_string());
        (all, next)
    }
}

/// What the list is sorted by: the last change, or in the bin when it came there.
fn time(summary: &Summary) -> u64 {
    summary.deleted.unwrap_or(summary.changed).0
}

impl Place {
    fn of(summary: &Summary) -> Self {
        Self { time: time(summary), name: summary.name.as_str().to_owned() }
    }

    fn parse(text: &str) -> Option<Self> {
        let (time, name) = text.split_once('-')?;
        let name = DocumentName::new(name).ok()?;
        Some(Self { time: time.parse().ok()?, name: name.as_str().to_owned() })
    }

    fn is_before(&self, summary: &Summary) -> bool {
        let time = time(summary);
        time < self.time || time == self.time && *summary.name.as_str() > *self.name
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.time, self.name)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::crdt::Meta;

    fn summary(name: &str, title: &str, changed: u64, deleted: Option<u64>) -> Summary {
        Summary {
            name: DocumentName::new(name).unwrap(),
            id: DocumentId::from_bytes([1; 16]),
            meta: Arc::new(Meta { title: title.into(), ..Meta::default() }),
            created: Timestamp(0),
            changed: Timestamp(changed),
            last: Seq(0),
            bytes: 0,
            people: 0,
            deleted: deleted.map(Timestamp),
        }
    }

    fn names(page: &[Summary]) -> Vec<&str> {
        page.iter().map(|summary| summary.name.as_str()).collect()
    }

    #[test]
    fn pages_follow_each_other_newest_first_and_none_is_lost_at_equal_times() {
        let all: Vec<_> = [("a", 5), ("b-1", 7), ("c", 5), ("d", 5), ("e", 9)]
            .map(|(n, t)| summary(n, "", t, None))
            .into();
        let mut wanted = Wanted { limit: 2, ..Wanted::default() };
        let mut seen = Vec::new();
        loop {
            let (page, next) = wanted.page(all.clone());
            seen.extend(names(&page).into_iter().map(str::to_owned));
            let Some(next) = next else { break };
            wanted.after = Some(Place::parse(&next).unwrap());
        }
        assert_eq!(seen, ["e", "b-1", "a", "c", "d"]);
    }

    #[test]
    fn a_query_finds_titles_and_names_without_case_and_the_bin_is_apart() {
        let all = vec![
            summary("x1", "Über Bäume", 3, None),
            summary("BAUM", "", 2, None),
            summary("x2", "Haus", 1, None),
            summary("x3", "Alte Bäume", 1, Some(9)),
        ];
        let find = |query: &str, in_bin| {
            let wanted = Wanted { query: query.to_lowercase(), in_bin, limit: 9, after: None };
            names(&wanted.page(all.clone()).0).join(" ")
        };
        assert_eq!(find("BÄU", false), "x1");
        assert_eq!(find("baum", false), "BAUM");
        assert_eq!(find("", false), "x1 BAUM x2");
        assert_eq!(find("", true), "x3");
    }
}
