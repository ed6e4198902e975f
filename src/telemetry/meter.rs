//! Every number that a server keeps about itself, by name. Shared by all its parts; docs/metrics.md
//! lists what is here, and a test holds them together.
//!
//! Whatever moves these on the way of an edit does so once for a batch, not once for an edit.

use super::{
    exposition::{self, Build, Read, Shown},
    happenings::Happening,
    numbers::{By, Counter, Gauge, Histogram, Label},
    otlp::{self, Times},
    process::{self, Process},
    warnings::Told,
};

/// Declares labels: what they are called, and the values that they have.
macro_rules! labels {
    ($($(#[$doc:meta])* $label:ident $name:literal {
        $($(#[$about:meta])* $value:ident $text:literal,)*
    })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $label { $($(#[$about])* $value,)* }

        impl Label for $label {
            const NAME: &'static str = $name;
            const VALUES: &'static [&'static str] = &[$($text,)*];

            fn index(self) -> usize {
                self as usize
            }
        }
    )*};
}

/// Declares the numbers: the field, the name, what it says.
macro_rules! meter {
    ($($field:ident: $kind:ty, $name:literal, $help:literal;)*) => {
        /// The numbers of one server.
        #[derive(Debug, Default)]
        pub struct Meter { $(#[doc = $help] pub $field: $kind,)* }

        impl Meter {
            fn each(&self, show: &mut dyn FnMut(&'static str, &'static str, &dyn Shown)) {
                $(show($name, $help, &self.$field);)*
            }
        }
    };
}

labels! {
    /// What a session speaks.
    Speaks "dialect" {
        /// y-websocket, as our own pages do.
        Coscribe "coscribe",
        /// y-websocket.
        YWebsocket "y-websocket",
        /// Hocuspocus.
        Hocuspocus "hocuspocus",
    }

    /// Why an edit was refused.
    Cause "cause" {
        /// No Yjs client writes it.
        Malformed "malformed",
        /// Larger than an edit may be.
        TooLarge "too_large",
        /// The document is full.
        Full "full",
        /// Made in an earlier life of the document.
        Retired "retired",
        /// Its sender may not edit.
        Forbidden "forbidden",
        /// Edits cannot be stored.
        Unwritable "unwritable",
    }

    /// Why a connection ended.
    Ended "reason" {
        /// Its client left, or broke off.
        Left "left",
        /// The server stops, or a document was reloaded.
        Restart "restart",
        /// It could not keep up.
        Overloaded "overloaded",
        /// It sent what no client writes.
        Malformed "malformed",
        /// Nobody had signed in.
        Unauthorized "unauthorized",
        /// It might not, or was sent away.
        Forbidden "forbidden",
        /// There is no such document.
        NotFound "not_found",
        /// The document is another one of the same name.
        Replaced "replaced",
        /// It sent too much at once.
        TooLarge "too_large",
        /// The document could not be read or written.
        Storage "storage",
        /// Nothing was heard of it.
        Timeout "timeout",
        /// The usual end.
        Normal "normal",
    }

    /// How something ended.
    Outcome "outcome" {
        /// Well.
        Done "done",
        /// Not at all.
        Failed "failed",
    }

    /// What there was no room for.
    NoRoom "bound" {
        /// Any more connections.
        Total "total",
        /// More from one address.
        Address "address",
    }

    /// What a request was for.
    Class "route" {
        /// `/healthz` and `/readyz`.
        Health "health",
        /// `/metrics`.
        Metrics "metrics",
        /// A WebSocket.
        Socket "socket",
        /// What carries a connection where WebSockets are blocked.
        Fallback "fallback",
        /// `/api`.
        Api "api",
        /// `/y-sweet`.
        YSweet "y-sweet",
        /// Pages, scripts and styles.
        Page "page",
        /// Answered before it came to any of these.
        Refused "refused",
    }

    /// The hundreds of an HTTP status.
    Status "status" {
        /// 101.
        Switched "1xx",
        /// 200 and on.
        Good "2xx",
        /// 300 and on.
        Elsewhere "3xx",
        /// 400 and on.
        Theirs "4xx",
        /// 500 and on.
        Ours "5xx",
    }

    /// Which hook of the program around the server.
    Hook "hook" {
        /// May this connection go on?
        Connect "connect",
        /// How far may this session go?
        Authenticate "authenticate",
        /// May this document be read?
        Load "load",
        /// What does a new document begin with?
        FirstContent "first_content",
        /// May this edit be made?
        Update "update",
        /// What becomes of this message?
        Stateless "stateless",
        /// An edit was made.
        Updated "updated",
        /// Edits are durable.
        Saved "saved",
        /// A document was to be stored elsewhere.
        Stored "stored",
        /// Presence changed.
        Presence "presence",
        /// A version was made.
        Version "version",
        /// A document left memory.
        Unload "unload",
        /// The server stops.
        Shutdown "shutdown",
    }

    /// Where a task runs.
    Runs "on" {
        /// The runtime that serves connections: that of the program, if one embeds the server.
        Server "server",
        /// The threads of documents.
        Documents "documents",
    }

    /// Where bytes of the store lie.
    Part "part" {
        /// The journal.
        Journal "journal",
        /// Archives.
        Archive "archive",
        /// The index.
        Index "index",
    }
}

meter! {
    connections: Gauge, "coscribe_connections", "WebSocket connections that are open.";
    connections_opened: Counter, "coscribe_connections_opened_total", "WebSocket connections that were opened.";
    connections_closed: By<Ended, Counter>, "coscribe_connections_closed_total", "WebSocket connections that ended, by why.";
    connections_refused: By<NoRoom, Counter>, "coscribe_connections_refused_total", "Connections for which there was no room, by the bound.";
    sessions: By<Speaks, Gauge>, "coscribe_sessions", "Documents that connections have open, each counted, by what they speak.";
    sessions_opened: By<Speaks, Counter>, "coscribe_sessions_opened_total", "Documents that connections have opened, each counted.";
    documents: Gauge, "coscribe_documents_open", "Documents in memory.";
    documents_loaded: Counter, "coscribe_documents_loaded_total", "Documents that were read into memory.";
    documents_unloaded: Counter, "coscribe_documents_unloaded_total", "Documents that left memory.";
    documents_failed: Counter, "coscribe_document_load_failures_total", "Documents that could not be read.";
    documents_broken: Counter, "coscribe_documents_reloaded_total", "Documents that were read again because what was in memory could not be trusted.";
    load_time: Histogram, "coscribe_document_load_seconds", "Time to read a document into memory.";
    updates_in: Counter, "coscribe_updates_received_total", "Edits that changed a document.";
    update_bytes_in: Counter, "coscribe_update_bytes_received_total", "Bytes of edits that changed a document.";
    batches: Counter, "coscribe_batches_total", "Times that waiting edits of a document were applied together.";
    updates_out: Counter, "coscribe_updates_sent_total", "Updates that were queued for readers, one for each reader.";
    update_bytes_out: Counter, "coscribe_update_bytes_sent_total", "Bytes of updates that were queued for readers.";
    frame_bytes_in: Counter, "coscribe_socket_bytes_received_total", "Bytes of messages that came on WebSockets.";
    frame_bytes_out: Counter, "coscribe_socket_bytes_sent_total", "Bytes of messages that were written to WebSockets.";
    delivery_time: Histogram, "coscribe_delivery_seconds", "Time from an edit's arrival until it was queued for all readers; the oldest edit of each batch.";
    save_time: Histogram, "coscribe_save_seconds", "Time from an edit's arrival until it was durable; the oldest edit of each append.";
    unsaved: Gauge, "coscribe_unsaved_edits", "Edits that are applied and not yet durable.";
    edits_refused: By<Cause, Counter>, "coscribe_edits_refused_total", "Edits that were refused, by why.";
    behind: Gauge, "coscribe_readers_behind", "Sessions that did not keep up and wait for one difference.";
    fell_behind: Counter, "coscribe_readers_fell_behind_total", "Times that a session did not keep up.";
    catch_ups: Counter, "coscribe_catch_ups_total", "Times that a session was given one difference for all that it had missed.";
    snapshots: By<Outcome, Counter>, "coscribe_snapshots_total", "Snapshots that were to be stored.";
    commits: Counter, "coscribe_journal_commits_total", "Writes to the journal that were synced.";
    commit_records: Counter, "coscribe_journal_records_total", "Records in them.";
    commit_bytes: Counter, "coscribe_journal_bytes_written_total", "Bytes in them.";
    commit_waiting: Gauge, "coscribe_journal_waiting_bytes", "Bytes of edits that wait to be written to the journal.";
    commit_time: Histogram, "coscribe_journal_commit_seconds", "Time to write and sync one of them.";
    commits_failed: Counter, "coscribe_journal_failures_total", "Writes or syncs of the journal that failed.";
    seals: By<Outcome, Counter>, "coscribe_journal_seals_total", "Full journal files that were to become archives.";
    journal_files: Gauge, "coscribe_journal_files", "Files of the journal, of which one is written; looked at every ten seconds.";
    journal_backlog: Gauge, "coscribe_journal_backlog_bytes", "Bytes of full files of the journal, which wait to become archives; looked at every ten seconds.";
    store_bytes: By<Part, Gauge>, "coscribe_store_bytes", "Bytes of files in the data directory, looked at every ten seconds.";
    disk_free: Gauge, "coscribe_disk_free_bytes", "Bytes free where the data directory is, looked at every ten seconds.";
    ready: Gauge, "coscribe_ready", "1 when `/readyz` says so, otherwise 0.";
    tasks: By<Runs, Gauge>, "coscribe_tasks", "Tasks that have not ended, by where they run; looked at every second.";
    damage: Gauge, "coscribe_damage", "Pieces of damage that the store has found.";
    webhooks: By<Outcome, Counter>, "coscribe_webhook_deliveries_total", "Webhooks that were sent, by whether they were taken.";
    webhooks_waiting: Gauge, "coscribe_webhooks_waiting", "Documents of which receivers of webhooks are still to be told, counted for each receiver.";
    hooks_failed: By<Hook, Counter>, "coscribe_hook_failures_total", "Hooks that panicked, took too long, or were left out because too many waited.";
    history_builds: By<Outcome, Counter>, "coscribe_history_builds_total", "Times that a document's past was read from the store, or what is new of it.";
    history_time: Histogram, "coscribe_history_build_seconds", "Time to read a past, or what is new of it.";
    requests: By<Class, By<Status, Counter>>, "coscribe_http_requests_total", "HTTP requests that were answered.";
    request_time: By<Class, Histogram>, "coscribe_http_request_seconds", "Time until an answer began.";
    denied: Counter, "coscribe_auth_failures_total", "Tokens and cookies that counted for nothing.";
}

impl Meter {
    /// Writes a log line about it and moves the numbers that it moves.
    pub fn note(&self, happening: &impl Happening) {
        happening.count(self);
        happening.tell();
    }

    /// Everything as text for Prometheus, with what the process takes.
    #[must_use]
    pub fn exposition(&self) -> String {
        let mut out = String::with_capacity(32 << 10);
        all(self, &mut |name, help, number| exposition::write(&mut out, name, help, number));
        out
    }

    /// The same as JSON for a collector of OpenTelemetry.
    #[must_use]
    pub fn otlp(&self, times: Times) -> String {
        let mut metrics = Vec::new();
        all(self, &mut |name, help, number| metrics.push(otlp::metric(name, help, number, times)));
        otlp::request(metrics).to_string()
    }
}

fn all(meter: &Meter, show: &mut dyn FnMut(&'static str, &'static str, &dyn Shown)) {
    meter.each(show);
    let help = "Warnings and errors in the log, by their event; of the whole process.";
    show("coscribe_warnings_total", help, &Told);
    let help = "Always 1; what the program is.";
    show("coscribe_build_info", help, &Build(env!("CARGO_PKG_VERSION")));
    let mut read = |name, help, kind, value: Option<f64>| {
        // What the system does not tell is left out: 0 would be a claim.
        if let Some(value) = value {
            show(name, help, &Read { kind, value });
        }
    };
    let (process, files) = (Process::read(), process::descriptors());
    let help = "Time that processors spent on the process.";
    read("process_cpu_seconds_total", help, "counter", process.map(|it| it.cpu));
    let help = "Memory of the process.";
    read("process_resident_memory_bytes", help, "gauge", process.map(|it| it.memory));
    read("process_threads", "Threads of the process.", "gauge", process.map(|it| it.threads));
    let help = "When the process began, in seconds since 1970.";
    read("process_start_time_seconds", help, "gauge", process.and_then(|it| it.started()));
    let help = "Files and sockets that are open.";
    read("process_open_fds", help, "gauge", files.map(|(open, _)| open));
    read("process_max_fds", "How many may be open.", "gauge", files.map(|(_, most)| most));
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::telemetry::{happenings::HAPPENINGS, warnings::WARNINGS};

    /// What a reader of the text format makes of it: kinds by name, and values by name and labels.
    #[derive(Default)]
    struct Parsed {
        kinds: BTreeMap<String, String>,
        values: BTreeMap<(String, String), f64>,
    }

    fn is_name(text: &str) -> bool {
        let mut letters = text.bytes();
        letters.next().is_some_and(|it| it.is_ascii_alphabetic() || it == b'_')
            && letters.all(|it| it.is_ascii_alphanumeric() || it == b'_')
    }

    fn parse(text: &str) -> Parsed {
        assert!(text.ends_with('\n'), "the last line must end as well");
        let (mut parsed, mut helped) = (Parsed::default(), BTreeSet::new());
        for line in text.lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, words) = help.split_once(' ').unwrap();
                assert!(!words.is_empty() && helped.insert(name.to_owned()), "{line}");
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').unwrap();
                assert!(helped.contains(name) && is_name(name), "{line}");
                assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
                let before = parsed.kinds.insert(name.to_owned(), kind.to_owned());
                assert_eq!(before, None, "{line}");
            } else {
                let (series, value) = line.rsplit_once(' ').unwrap();
                let (name, labels) = series.split_once('{').unwrap_or((series, ""));
                let ended = labels.is_empty() || labels.ends_with("\"}");
                assert!(is_name(name) && ended, "{line}");
                let family = ["_bucket", "_sum", "_count"].iter().find_map(|ending| {
                    let family = name.strip_suffix(ending)?;
                    (parsed.kinds.get(family)? == "histogram").then_some(family)
                });
                assert!(parsed.kinds.contains_key(family.unwrap_or(name)), "{line}");
                let key = (name.to_owned(), labels.trim_end_matches('}').to_owned());
                let before = parsed.values.insert(key, value.parse().unwrap());
                assert_eq!(before, None, "{line}");
            }
        }
        parsed
    }

    #[test]
    fn prometheus_can_read_it() {
        let meter = Meter::default();
        meter.updates_in.add(3);
        meter.unsaved.add(-1);
        meter.sessions[Speaks::Hocuspocus].add(2);
        meter.requests[Class::Api][Status::Theirs].add(5);
        for millis in [1, 30, 700, 60_000] {
            meter.commit_time.note(std::time::Duration::from_millis(millis));
        }
        let parsed = parse(&meter.exposition());
        let value = |name: &str, labels: &str| parsed.values[&(name.to_owned(), labels.to_owned())];
        assert_eq!(value("coscribe_updates_received_total", ""), 3.0);
        assert_eq!(value("coscribe_unsaved_edits", ""), -1.0);
        assert_eq!(value("coscribe_sessions", "dialect=\"hocuspocus\""), 2.0);
        let refused = "route=\"api\",status=\"4xx\"";
        assert_eq!(value("coscribe_http_requests_total", refused), 5.0);
        let bucket =
            |end: &str| value("coscribe_journal_commit_seconds_bucket", &format!("le=\"{end}\""));
        assert_eq!(
            [bucket("0.001"), bucket("0.5"), bucket("10"), bucket("+Inf")],
            [1., 2., 3., 4.]
        );
        assert_eq!(value("coscribe_journal_commit_seconds_count", ""), 4.0);
        assert_eq!(value("coscribe_journal_commit_seconds_sum", ""), 60.731);
        let version = concat!("version=\"", env!("CARGO_PKG_VERSION"), "\"");
        assert_eq!(value("coscribe_build_info", version), 1.0);
    }

    #[test]
    fn a_name_says_what_it_counts_and_in_what() {
        all(&Meter::default(), &mut |name, help, number| {
            assert_eq!(name.ends_with("_total"), number.kind() == "counter", "{name}");
            assert_eq!(
                name.ends_with("_seconds"),
                number.kind() == "histogram" || name == "process_start_time_seconds",
                "{name}"
            );
            assert!(help.ends_with('.') && !help.contains(['\\', '\n']), "{name}");
        });
    }

    /// The tables of docs/metrics.md as they must be.
    fn documented() -> String {
        let mut rows = String::from("| metric | kind | labels | what |\n|---|---|---|---|\n");
        all(&Meter::default(), &mut |name, help, number| {
            let labels: Vec<_> = number.labels().iter().map(|it| format!("`{it}`")).collect();
            rows += &format!("| `{name}` | {} | {} | {help} |\n", number.kind(), labels.join(", "));
        });
        rows += "\n## Events\n\nEach is a line of the log with the field `event`, and is counted above by the same code; every warning and error in `coscribe_warnings_total`.\n\n";
        rows += "| event | level | part | fields | what |\n|---|---|---|---|---|\n";
        for it in HAPPENINGS.iter().chain(WARNINGS) {
            let fields: Vec<_> = it.fields.iter().map(|field| format!("`{field}`")).collect();
            let (event, level, part) = (it.event, it.level, it.target);
            let level = level.to_ascii_lowercase();
            rows += &format!(
                "| `{event}` | {level} | `{part}` | {} | {} |\n",
                fields.join(", "),
                it.message
            );
        }
        rows
    }

    #[test]
    fn the_document_lists_everything_and_nothing_else() {
        let text = include_str!("../../docs/metrics.md");
        let begin = "<!-- held by a test of src/telemetry/meter.rs -->\n\n";
        let (_, rest) = text.split_once(begin).unwrap();
        let (listed, _) = rest.split_once("\n<!-- until here -->").unwrap();
        let expected = documented();
        assert!(listed == expected, "docs/metrics.md must have these tables:\n\n{expected}");
    }
}
