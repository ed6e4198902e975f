//! What a Coscribe server counts of itself, as `/metrics` tells it. Another server has none of it, and
//! one that is far away tells nobody: then there is nothing.

use crate::client::download::get;

/// Documents in memory.
pub(super) const OPEN: &str = "coscribe_documents_open";

/// Documents that were read into memory.
pub(super) const LOADED: &str = "coscribe_documents_loaded_total";

/// Sessions that wait for one difference.
pub(super) const BEHIND: &str = "coscribe_readers_behind";

/// Times that a session did not keep up.
pub(super) const FELL_BEHIND: &str = "coscribe_readers_fell_behind_total";

/// Times that a session was given one difference for all that it had missed.
pub(super) const CATCH_UPS: &str = "coscribe_catch_ups_total";

/// All metrics of a server.
const METRICS_BYTES: usize = 1 << 20;

/// Numbers of one moment.
#[derive(Debug)]
pub(super) struct Counted(String);

impl Counted {
    /// What the server at an address of WebSockets counts, if it is one of ours and tells us.
    pub(super) async fn of(url: &str) -> Option<Self> {
        // Whatever goes wrong says that these numbers are not to be had, and nothing else needs them.
        let told = get(&address(url)?, METRICS_BYTES).await.ok()?;
        String::from_utf8(told).ok().map(Self)
    }

    /// A number without labels.
    pub(super) fn get(&self, name: &str) -> Option<f64> {
        let value = |line: &str| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok();
        self.0.lines().find_map(value)
    }

    /// How much a number has grown.
    pub(super) fn since(&self, before: &Self, name: &str) -> Option<f64> {
        Some(self.get(name)? - before.get(name)?)
    }
}

/// Where a server tells them.
fn address(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?']).next()?;
    let secure = matches!(scheme, "wss" | "https" | "yss");
    Some(format!("{}://{authority}/metrics", if secure { "https" } else { "http" }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_by_its_whole_name() {
        let before = "# TYPE a_total counter\na_total 3\na_total_more 9\nb{x=\"y\"} 4\n";
        let (before, after) = (Counted(before.to_owned()), Counted("a_total 10\n".to_owned()));
        assert_eq!(before.get("a_total"), Some(3.0));
        assert_eq!(before.get("a"), None);
        assert_eq!(before.get("b"), None, "it has labels");
        assert_eq!(after.since(&before, "a_total"), Some(7.0));
        assert_eq!(after.since(&before, "a_total_more"), None);
    }

    #[test]
    fn numbers_are_where_the_server_is_whatever_the_dialect() {
        for (url, there) in [
            ("ws://127.0.0.1:9/ws", "http://127.0.0.1:9/metrics"),
            ("wss://host/y-sweet?token=x", "https://host/metrics"),
            ("ys://[::1]:9", "http://[::1]:9/metrics"),
        ] {
            assert_eq!(address(url).as_deref(), Some(there));
        }
        assert_eq!(address("nonsense"), None);
    }
}
