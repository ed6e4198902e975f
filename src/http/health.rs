//! `/healthz` (is the process alive) and `/readyz` (should it be sent work).
//!
//! The second looks at one thing after the other. Only what keeps the server from doing its work makes
//! it not ready: a probe that takes it away for less would leave people with nothing.
//!
//! Both answer under any `Host`: probes address the machine. Strangers are told what is wrong; what the
//! system said of it, which names directories, is for who sits at the machine or asks at the listener for
//! those who run the server. Damage is counted, not described, because descriptions may name documents.

use std::fmt::Write;

use serde::Serialize;
use warp::{
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, VARY},
    },
    reply::Response,
};

use super::negotiate;
use crate::{storage::Health, telemetry::Meter};

/// With less room than this somebody should make some.
const ROOM_LOW: u64 = 1 << 30;

/// More bytes than this wait for no healthy disk.
const WAITING_MANY: u64 = 8 << 20;

/// More bytes of full journal files than this wait when archiving does not keep up.
const BACKLOG_MANY: u64 = 1 << 30;

/// Whether the server should be sent work, and if not, why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Readiness {
    /// Whether it should.
    pub ready: bool,
    /// Why not, a sentence each.
    pub reasons: Vec<String>,
    /// How many pieces of damage the store has found; those documents are not served, the others
    /// are.
    pub damaged: usize,
    /// What an operator should look at although the server is ready, a sentence each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// All that was looked at.
    pub checks: Vec<Check>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What.
    pub name: &'static str,
    /// How it is.
    pub status: Level,
    /// The same in words.
    pub says: String,
    /// What strangers are told instead, where the words name what is on the machine.
    #[serde(skip)]
    pub outside: Option<&'static str>,
}

impl Check {
    fn new(name: &'static str, status: Level, says: impl Into<String>) -> Self {
        Self { name, status, says: says.into(), outside: None }
    }
}

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Well.
    Ok,
    /// Somebody should look; people can work.
    Warn,
    /// The server cannot do its work.
    Fail,
}

impl Level {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

impl Readiness {
    /// Decides from what is known.
    #[must_use]
    pub fn of(draining: bool, store: &Health, meter: &Meter) -> Self {
        let checks = vec![
            serving(draining),
            saving(store),
            waiting(meter),
            room(meter),
            archive(store, meter),
        ];
        let checks = checks.into_iter().chain([index(store), documents(store)]).collect();
        Self::summed_up(checks, store.damage.len())
    }

    fn summed_up(checks: Vec<Check>, damaged: usize) -> Self {
        let of = |status| {
            let told = checks.iter().filter(move |it: &&Check| it.status == status);
            told.map(|it| it.says.clone()).collect::<Vec<_>>()
        };
        let (reasons, warnings) = (of(Level::Fail), of(Level::Warn));
        Self { ready: reasons.is_empty(), reasons, damaged, warnings, checks }
    }

    /// The same for who neither sits at the machine nor runs the server.
    #[must_use]
    pub fn for_strangers(mut self) -> Self {
        for check in &mut self.checks {
            if let Some(outside) = check.outside {
                outside.clone_into(&mut check.says);
            }
        }
        Self::summed_up(self.checks, self.damaged)
    }

    /// Moves the numbers that say so.
    pub fn note(&self, meter: &Meter) {
        meter.ready.set(u64::from(self.ready));
        meter.damage.set(self.damaged as u64);
    }

    /// As the answer to `/readyz`: 200 or 503, in words or, for who asks for it, JSON.
    #[must_use]
    pub fn response(&self, headers: &HeaderMap) -> Response {
        let status = if self.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        let mut response = if negotiate::wants_json(headers) {
            let body = serde_json::to_vec(self).expect("strings and numbers are always JSON");
            fresh(status, "application/json", body)
        } else {
            fresh(status, "text/plain; charset=utf-8", self.words().into_bytes())
        };
        response.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
        response
    }

    fn words(&self) -> String {
        let mut words = String::from(if self.ready { "ready\n" } else { "not ready\n" });
        for Check { name, status, says, .. } in &self.checks {
            let line = writeln!(words, "{name:<10} {:<5} {says}", status.word());
            line.expect("writing to a string cannot fail");
        }
        words
    }
}

fn serving(draining: bool) -> Check {
    match draining {
        false => Check::new("serving", Level::Ok, "connections are taken"),
        true => Check::new("serving", Level::Fail, "the server is stopping"),
    }
}

fn saving(store: &Health) -> Check {
    match &store.unwritable {
        None => Check::new("saving", Level::Ok, "edits are saved"),
        Some(reason) => {
            let says = format!("edits cannot be saved: {reason}");
            let outside = Some("edits cannot be saved; the log says why");
            Check { outside, ..Check::new("saving", Level::Fail, says) }
        }
    }
}

fn waiting(meter: &Meter) -> Check {
    let bytes = u64::try_from(meter.commit_waiting.get()).unwrap_or(0);
    let status = if bytes > WAITING_MANY { Level::Warn } else { Level::Ok };
    Check::new("waiting", status, format!("{} wait for the disk", size(bytes)))
}

fn room(meter: &Meter) -> Check {
    match u64::try_from(meter.disk_free.get()).unwrap_or(0) {
        // Nothing has looked yet, or there is no disk.
        0 => Check::new("room", Level::Ok, "nothing is known of free room"),
        free if free < ROOM_LOW => {
            Check::new("room", Level::Warn, format!("only {} are free", size(free)))
        }
        free => Check::new("room", Level::Ok, format!("{} are free", size(free))),
    }
}

fn archive(store: &Health, meter: &Meter) -> Check {
    let backlog = u64::try_from(meter.journal_backlog.get()).unwrap_or(0);
    match &store.warnings[..] {
        [] if backlog > BACKLOG_MANY => {
            let says = format!("{} of the journal wait to be archived", size(backlog));
            Check::new("archive", Level::Warn, says)
        }
        [] => Check::new("archive", Level::Ok, format!("{} wait to be archived", size(backlog))),
        warnings => {
            let outside = Some("the journal cannot be archived or cut; the log says why");
            Check { outside, ..Check::new("archive", Level::Warn, warnings.join("; ")) }
        }
    }
}

fn index(store: &Health) -> Check {
    match &store.index {
        None => Check::new("index", Level::Ok, "snapshots are kept"),
        Some(reason) => {
            let outside = Some("snapshots are not kept; the log says why");
            Check { outside, ..Check::new("index", Level::Warn, reason.clone()) }
        }
    }
}

/// Damage is counted, not described.
fn documents(store: &Health) -> Check {
    let (status, says) = match store.damage.len() {
        0 => (Level::Ok, "no damage was found".to_owned()),
        1 => (Level::Warn, "1 piece of damage was found; the log says where".to_owned()),
        many => (Level::Warn, format!("{many} pieces of damage were found; the log says where")),
    };
    Check::new("documents", status, says)
}

/// For people.
fn size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match UNITS.iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, word)) => format!("{}.{} {word}", bytes / unit, bytes % unit * 10 / unit),
        None => format!("{bytes} bytes"),
    }
}

/// The answer to `/healthz`: being able to answer is the answer.
#[must_use]
pub fn alive() -> Response {
    fresh(StatusCode::OK, "text/plain; charset=utf-8", b"ok\n".to_vec())
}

fn fresh(status: StatusCode, content_type: &'static str, body: Vec<u8>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use warp::http::header::ACCEPT;

    use super::*;

    fn of(draining: bool, store: &Health) -> Readiness {
        Readiness::of(draining, store, &Meter::default())
    }

    fn status(readiness: &Readiness, name: &str) -> Level {
        readiness.checks.iter().find(|it| it.name == name).unwrap().status
    }

    /// Asserts that this is all that is wrong, and that the server works on.
    fn only_warns(readiness: &Readiness, name: &str, words: &str) {
        for check in &readiness.checks {
            let expected = if check.name == name { Level::Warn } else { Level::Ok };
            assert_eq!(check.status, expected, "{check:?}");
        }
        assert!(readiness.ready && readiness.reasons.is_empty());
        assert_eq!(readiness.warnings.len(), 1);
        assert!(readiness.warnings[0].contains(words), "{readiness:?}");
        assert_eq!(readiness.response(&HeaderMap::new()).status(), StatusCode::OK);
    }

    async fn answered(readiness: &Readiness, accept: Option<&'static str>) -> (String, String) {
        let mut headers = HeaderMap::new();
        headers.extend(accept.map(|it| (ACCEPT, HeaderValue::from_static(it))));
        let response = readiness.response(&headers);
        let kind = response.headers()[CONTENT_TYPE].to_str().unwrap().to_owned();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (kind, String::from_utf8(body.to_vec()).unwrap())
    }

    #[test]
    fn damage_is_counted_and_not_described_and_other_documents_are_served() {
        let damage = vec!["document `secret plans`: bad checksum".to_owned()];
        let readiness = of(false, &Health { damage, ..Health::default() });
        only_warns(&readiness, "documents", "1 piece of damage");
        let two = Health { damage: vec!["one".into(), "two".into()], ..Health::default() };
        only_warns(&of(false, &two), "documents", "2 pieces of damage");
        let text = serde_json::to_string(&readiness).unwrap();
        assert!(text.contains("\"damaged\":1") && !text.contains("secret"), "{text}");
        assert!(!readiness.words().contains("secret"));
    }

    #[test]
    fn what_keeps_failing_is_told_and_the_server_stays_ready() {
        let store = Health { warnings: vec!["no room to archive".into()], ..Health::default() };
        only_warns(&of(false, &store), "archive", "no room to archive");
        let store = Health { index: Some("snapshots are in memory".into()), ..Health::default() };
        only_warns(&of(false, &store), "index", "in memory");
    }

    #[tokio::test]
    async fn strangers_are_told_what_is_wrong_and_no_directory() {
        let path = || "writing to /srv/secret/journal fails (No space left on device)".to_owned();
        let store = Health {
            unwritable: Some(path()),
            warnings: vec![path()],
            index: Some(path()),
            ..Health::default()
        };
        let whole = of(false, &store);
        assert_eq!(serde_json::to_string(&whole).unwrap().matches("/srv/secret").count(), 6);
        let told = whole.clone().for_strangers();
        for accept in [None, Some("application/json")] {
            let (_, text) = answered(&told, accept).await;
            assert!(!text.contains("secret") && !text.contains("No space"), "{text}");
            assert!(text.contains("edits cannot be saved; the log says why"), "{text}");
        }
        let levels = |it: &Readiness| it.checks.iter().map(|it| it.status).collect::<Vec<_>>();
        assert_eq!((levels(&told), told.ready), (levels(&whole), false));
        assert_eq!((told.reasons.len(), told.warnings.len()), (1, 2));
        // Who is well says the same to all.
        let well = of(false, &Health::default());
        assert_eq!(well.clone().for_strangers(), well);
    }

    #[test]
    fn little_room_and_a_disk_that_does_not_keep_up_are_told() {
        type Moved = fn(&Meter) -> &crate::telemetry::numbers::Gauge;
        let cases: [(&str, Moved, u64, u64, &str); 3] = [
            ("room", |it| &it.disk_free, ROOM_LOW, ROOM_LOW - 1, "only 1023.9 MiB are free"),
            ("waiting", |it| &it.commit_waiting, WAITING_MANY, WAITING_MANY + 1, "8.0 MiB wait"),
            ("archive", |it| &it.journal_backlog, BACKLOG_MANY, BACKLOG_MANY + 1, "1.0 GiB of the"),
        ];
        for (name, number, well, badly, words) in cases {
            let meter = Meter::default();
            number(&meter).set(well);
            assert_eq!(status(&Readiness::of(false, &Health::default(), &meter), name), Level::Ok);
            number(&meter).set(badly);
            only_warns(&Readiness::of(false, &Health::default(), &meter), name, words);
        }
    }

    #[test]
    fn a_stopping_or_full_server_is_not_ready_and_says_why() {
        let store = Health { unwritable: Some("the disk is full".into()), ..Health::default() };
        let readiness = of(true, &store);
        assert_eq!(
            readiness.reasons,
            ["the server is stopping", "edits cannot be saved: the disk is full"]
        );
        for (draining, store) in [(true, Health::default()), (false, store)] {
            let readiness = of(draining, &store);
            let status = readiness.response(&HeaderMap::new()).status();
            assert_eq!((readiness.ready, status), (false, StatusCode::SERVICE_UNAVAILABLE));
        }
    }

    #[tokio::test]
    async fn programs_get_an_entry_for_each_check_and_people_words() {
        let readiness = of(true, &Health::default());
        for accept in [None, Some("*/*"), Some("text/html"), Some("application/json;q=0")] {
            let (kind, text) = answered(&readiness, accept).await;
            assert_eq!(kind, "text/plain; charset=utf-8");
            assert!(
                text.starts_with("not ready\nserving    fail  the server is stopping\n"),
                "{text}"
            );
            assert_eq!(text.lines().count(), 1 + readiness.checks.len());
        }
        let (kind, text) = answered(&readiness, Some("text/html, Application/JSON;q=0.5")).await;
        assert_eq!(kind, "application/json");
        let told: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            (&told["ready"], &told["reasons"][0]),
            (&false.into(), &"the server is stopping".into())
        );
        let names =
            told["checks"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap());
        let names: Vec<_> = names.collect();
        assert_eq!(
            names,
            ["serving", "saving", "waiting", "room", "archive", "index", "documents"]
        );
        assert_eq!(told["checks"][0]["status"], "fail");
    }
}
