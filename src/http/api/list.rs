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
    /// What their names begin with.
    prefix: String,
    /// In lower case.
    query: String,
    order: Order,
    in_bin: bool,
    after: Option<Place>,
    limit: usize,
}

/// What comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Order {
    /// The newest, then by name. What changes meanwhile moves to pages that were read already.
    #[default]
    Changed,
    /// Names by their bytes: whatever happens meanwhile, what stays is on some page, once.
    Name,
}

/// A line's place in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    /// `None` where only names count.
    time: Option<u64>,
    name: String,
}

impl Api {
    pub(super) async fn list(&self, asked: &Asked) -> Outcome {
        let visible = self.visible(asked).await?;
        let wanted = Wanted::read(asked)?;
        let mut all = self.documents.summaries(&wanted.prefix).await?;
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
        let order = match asked.value("order") {
            None | Some("changed") => Order::Changed,
            Some("name") => Order::Name,
            Some(_) => return Err(bad("order")),
        };
        let after = match asked.value("after").filter(|after| !after.is_empty()) {
            None => None,
            Some(after) => Some(Place::parse(after, order).ok_or_else(|| bad("after"))?),
        };
        let prefix = asked.value("prefix").unwrap_or_default().to_owned();
        let query = asked.value("query").unwrap_or_default().trim().to_lowercase();
        let (in_bin, limit) = (asked.switch("bin"), limit.clamp(1, LIST_PAGE));
        Ok(Self { prefix, query, order, in_bin, after, limit })
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
        match self.order {
            Order::Changed => {
                all.sort_unstable_by(|a, b| time(b).cmp(&time(a)).then_with(|| a.name.cmp(&b.name)))
            }
            Order::Name => all.sort_unstable_by(|a, b| a.name.cmp(&b.name)),
        }
        let more = all.len() > self.limit;
        all.truncate(self.limit);
        let next = all.last().filter(|_| more).map(|last| Place::of(last, self.order).to_string());
        (all, next)
    }
}

/// What the list is sorted by: the last change, or in the bin when it came there.
fn time(summary: &Summary) -> u64 {
    summary.deleted.unwrap_or(summary.changed).0
}

impl Place {
    fn of(summary: &Summary, order: Order) -> Self {
        let time = (order == Order::Changed).then(|| time(summary));
        Self { time, name: summary.name.as_str().to_owned() }
    }

    /// A place in a list of this order.
    fn parse(text: &str, order: Order) -> Option<Self> {
        let (time, name) = text.split_once('-')?;
        let time = match order {
            Order::Changed => Some(time.parse().ok()?),
            Order::Name if time.is_empty() => None,
            Order::Name => return None,
        };
        let name = DocumentName::new(name).ok()?;
        Some(Self { time, name: name.as_str().to_owned() })
    }

    fn is_before(&self, summary: &Summary) -> bool {
        let follows = *summary.name.as_str() > *self.name;
        self.time.is_none_or(|place| time(summary) == place) && follows
            || self.time.is_some_and(|place| time(summary) < place)
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.time {
            Some(time) => write!(f, "{time}-{}", self.name),
            None => write!(f, "-{}", self.name),
        }
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
        let pages = |order| {
            let mut wanted = Wanted { limit: 2, order, ..Wanted::default() };
            let mut seen = Vec::new();
            loop {
                let (page, next) = wanted.page(all.clone());
                seen.extend(names(&page).into_iter().map(str::to_owned));
                let Some(next) = next else { return seen.join(" ") };
                wanted.after = Some(Place::parse(&next, order).unwrap());
            }
        };
        assert_eq!(pages(Order::Changed), "e b-1 a c d");
        assert_eq!(pages(Order::Name), "a b-1 c d e");
    }

    #[test]
    fn a_page_has_something_and_not_too_much() {
        for (limit, taken) in [("0", 1), ("7", 7), ("100000", LIST_PAGE)] {
            let query = vec![("limit".to_owned(), limit.to_owned())];
            let wanted = Wanted::read(&Asked { query, ..Asked::default() }).unwrap();
            assert_eq!(wanted.limit, taken, "{limit}");
        }
    }

    #[test]
    fn a_place_counts_in_the_order_that_it_is_of() {
        for (text, order) in [
            ("5-a", Order::Name),
            ("-a", Order::Changed),
            ("x-a", Order::Changed),
            ("5", Order::Changed),
            ("5-", Order::Changed),
            ("a", Order::Name),
        ] {
            assert_eq!(Place::parse(text, order), None, "{text} {order:?}");
        }
        let place = Place { time: None, name: "a-b".to_owned() };
        assert_eq!(Place::parse(&place.to_string(), Order::Name), Some(place));
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
            let query = query.to_lowercase();
            let wanted = Wanted { query, in_bin, limit: 9, ..Wanted::default() };
            names(&wanted.page(all.clone()).0).join(" ")
        };
        assert_eq!(find("BÄU", false), "x1");
        assert_eq!(find("baum", false), "BAUM");
        assert_eq!(find("", false), "x1 BAUM x2");
        assert_eq!(find("", true), "x3");
    }
}
