//! The server's settings: what was written (`written.rs`), then what it means (here).
//!
//! A flag beats an environment variable, which beats `coscribe.toml`, which beats the default. All
//! mistakes are reported at once, each with the place where it was written. The only module that
//! reads the environment.

mod otlp;
mod rights;
mod units;
mod webhooks;
mod written;

use std::{
    collections::BTreeMap,
    fmt,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use crate::{
    auth::Secret,
    history::retention::{NoPolicy, Policy},
    http::{
        guard::Guard,
        mount::{BadBase, Base},
        proxies::TrustedProxies,
        tls::TlsFiles,
    },
    limits::Limits,
    telemetry::{LogFilter, LogFormat},
};
pub use otlp::Otlp;
pub use rights::{KeyFile, RightsConfig};
#[cfg(feature = "cli")]
pub(crate) use units::duration;
pub use webhooks::Webhook;
use written::Raw;
pub use written::{Source, Written};

/// The port when only an address is given, and the other way round.
const DEFAULT_ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// Where documents are kept unless something else is said.
pub const DEFAULT_DATA: &str = "data/store";

/// The configuration file that is read when it is there.
pub const DEFAULT_FILE: &str = "coscribe.toml";

/// The names of all settings, as in the file; a flag has two dashes in front, a variable is
/// `COSCRIBE_` and the name in capitals.
const SETTINGS: [&str; 43] = [
    "listen",
    "admin-listen",
    "open",
    "data",
    "memory",
    "tls-cert",
    "tls-key",
    "base",
    "allow-host",
    "allow-origin",
    "trust-proxy",
    "web-dir",
    "log",
    "log-format",
    "journal-file-size",
    "document-threads",
    "max-connections",
    "max-connections-per-address",
    "max-document-size",
    "unload-after",
    "list-documents",
    "keep-deleted",
    "version-pause",
    "retention",
    "auth-secret",
    "auth-key",
    "auth-audience",
    "auth-cookie",
    "auth-role",
    "auth-url",
    "auth-url-cookie",
    "auth-recheck",
    "sign-in-url",
    "y-sweet-auth",
    "y-sweet-url",
    "webhook-url",
    "webhook-secret",
    "webhook-name",
    "webhook-events",
    "webhook-content",
    "webhook-debounce",
    "otlp-endpoint",
    "otlp-interval",
];

/// What the server is to do.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen.
    pub listen: Vec<SocketAddr>,
    /// Where to listen for those who run the server.
    pub admin_listen: Vec<SocketAddr>,
    /// Where documents are kept.
    pub data: Data,
    /// Certificate and key, when the server ends TLS itself.
    pub tls: Option<TlsFiles>,
    /// Who may reach the server through a browser.
    pub guard: Guard,
    /// What stands in front of its addresses in a browser, behind a proxy that serves more than it.
    pub base: Base,
    /// Proxies that say for whom they ask.
    pub proxies: TrustedProxies,
    /// Who may do what.
    pub rights: RightsConfig,
    /// Who is told what happens.
    pub webhooks: Vec<Webhook>,
    /// Who is told the numbers.
    pub otlp: Option<Otlp>,
    /// Serve the web pages from here instead of those built in.
    pub web_dir: Option<PathBuf>,
    /// Which events are told.
    pub log: LogFilter,
    /// How events are written.
    pub log_format: LogFormat,
    /// Size at which a journal file is full; the store's own default when absent.
    pub journal_file_bytes: Option<u64>,
    /// Threads for documents; as many as there are cores, at most four, when absent.
    pub document_threads: Option<usize>,
    /// Whether everybody may see which documents there are. By default only where just this machine
    /// can reach the server: elsewhere a document is for those who know its link.
    pub list_documents: bool,
    /// How much of pasts is kept, where documents do not say otherwise.
    pub retention: Policy,
    /// All bounds, those of the settings moved.
    pub limits: Limits,
    /// What is odd but no mistake, a sentence each, for the log.
    pub warnings: Vec<String>,
}

/// Where documents are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// In this directory.
    Directory(PathBuf),
    /// In memory, gone with the process.
    Memory,
}

/// Something that was written and cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    source: Source,
    message: String,
}

/// All of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes(Vec<Mistake>);

impl Mistake {
    fn new(source: Source, message: &str) -> Self {
        Self { source, message: message.to_owned() }
    }
}

impl std::error::Error for Mistakes {}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0.len() {
            1 => "the configuration has a mistake:",
            _ => "the configuration has mistakes:",
        })?;
        self.0
            .iter()
            .try_for_each(|Mistake { source, message }| write!(f, "\n  {source}: {message}"))
    }
}

impl Written {
    /// Adds to the flags what the environment says and what is in the file: the one given, the one
    /// in `COSCRIBE_CONFIG`, or [`DEFAULT_FILE`] if it is there.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(
        flags: Vec<(&'static str, Vec<String>)>,
        file: Option<PathBuf>,
    ) -> Result<Self, Mistakes> {
        // Variables that are not UTF-8 cannot be ours; they would be named in a value otherwise.
        let environment: Vec<_> = std::env::vars_os()
            .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(key, _)| key.starts_with(written::PREFIX))
            .collect();
        let variable = written::variable("config");
        let named = environment.iter().find(|(key, value)| *key == variable && !value.is_empty());
        let (path, source) = match (file, named) {
            (Some(path), _) => (path, Some(Source::Flag("config"))),
            (None, Some((_, value))) => (value.into(), Some(Source::Variable(variable))),
            (None, None) => (DEFAULT_FILE.into(), None),
        };
        let file = match (std::fs::read_to_string(&path), source) {
            (Ok(text), _) => Some((path, text)),
            (Err(error), None) if error.kind() == std::io::ErrorKind::NotFound => None,
            (Err(error), source) => {
                let unnamed = Source::File { path: path.clone(), line: 1, key: String::new() };
                let message = format!("cannot read {}: {error}", path.display());
                return Err(Mistakes(vec![Mistake { source: source.unwrap_or(unnamed), message }]));
            }
        };
        Ok(Self { flags, environment, file })
    }
}

/// The secret that tokens are signed with, as the environment says it.
#[cfg(feature = "cli")]
#[expect(clippy::disallowed_methods, reason = "settings read the environment")]
pub(crate) fn secret_of_environment() -> Option<Secret> {
    let secret = std::env::var(written::variable("auth-secret")).ok();
    secret.filter(|it| !it.is_empty()).map(Secret::from)
}

impl Config {
    /// Decides what was meant.
    ///
    /// # Errors
    /// All mistakes that were found.
    pub fn understand(written: &Written) -> Result<Self, Mistakes> {
        let mut mistakes = Vec::new();
        let chosen = written.choose(&mut mistakes);
        let mut reader = Reader { chosen, mistakes };
        let data = reader.data();
        let tls = reader.tls();
        let open = reader.switch("open");
        let rights = reader.rights();
        let listen = reader.listen(open || rights.is_set());
        let config = Self {
            list_documents: reader.list_documents(&listen, open),
            listen,
            admin_listen: reader
                .many_by("admin-listen", listen_addresses)
                .into_iter()
                .flatten()
                .collect(),
            rights,
            webhooks: reader.webhooks(written),
            otlp: reader.otlp(),
            data,
            tls,
            base: reader.one("base", base).unwrap_or_default(),
            guard: Guard { hosts: reader.many("allow-host"), origins: reader.many("allow-origin") },
            proxies: TrustedProxies(reader.many("trust-proxy")),
            web_dir: reader.web_dir(),
            log: reader.one("log", str::parse).unwrap_or_default(),
            log_format: reader.one("log-format", str::parse).unwrap_or_default(),
            journal_file_bytes: reader.one("journal-file-size", |text| {
                within(units::size(text)?, 4 << 10, 4 << 30, "between 4KiB and 4GiB")
            }),
            document_threads: reader
                .one("document-threads", |text| within(number(text)?, 1, 64, "between 1 and 64")),
            retention: reader
                .one("retention", |text| {
                    text.parse()
                        .map_err(|words: NoPolicy| format!("`{text}` is not known: it {words}"))
                })
                .unwrap_or_default(),
            limits: reader.limits(),
            warnings: written
                .unknown_variables()
                .iter()
                .map(|name| format!("ignored the variable {name}: there is no such setting"))
                .collect(),
        };
        if reader.mistakes.is_empty() { Ok(config) } else { Err(Mistakes(reader.mistakes)) }
    }
}

fn base(text: &str) -> Result<Base, String> {
    let base: Base = text.parse().map_err(|error: BadBase| error.to_string())?;
    if base.is_ambiguous() {
        return Err(format!(
            "`{text}` begins like an address of the server; write another, like /docs"
        ));
    }
    Ok(base)
}

/// Reads settings one by one and collects what is wrong with them.
struct Reader {
    chosen: BTreeMap<&'static str, Raw>,
    mistakes: Vec<Mistake>,
}

impl Reader {
    fn one<T>(&mut self, name: &str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let Raw { source, values } = self.chosen.get(name)?;
        let read = match &values[..] {
            [value] => parse(value),
            _ => Err("only one value can be given".to_owned()),
        };
        read.map_err(|message| self.mistakes.push(Mistake::new(source.clone(), &message))).ok()
    }

    /// Several values, in a list or separated by commas.
    fn many<T: FromStr<Err = String>>(&mut self, name: &str) -> Vec<T> {
        self.many_by(name, str::parse)
    }

    fn many_by<T>(&mut self, name: &str, parse: impl Fn(&str) -> Result<T, String>) -> Vec<T> {
        let Some(Raw { source, values }) = self.chosen.get(name) else { return Vec::new() };
        let mut read = Vec::new();
        for value in values.iter().flat_map(|value| value.split(',')) {
            match parse(value.trim()) {
                Ok(value) => read.push(value),
                Err(message) => self.mistakes.push(Mistake::new(source.clone(), &message)),
            }
        }
        read
    }

    fn switch(&mut self, name: &str) -> bool {
        self.switch_if_set(name).unwrap_or(false)
    }

    fn switch_if_set(&mut self, name: &str) -> Option<bool> {
        let parse = |text: &str| match text {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" => Ok(false),
            _ => Err(format!("`{text}` is neither true nor false")),
        };
        self.one(name, parse)
    }

    fn listen(&mut self, open: bool) -> Vec<SocketAddr> {
        let addresses: Vec<_> =
            self.many_by("listen", listen_addresses).into_iter().flatten().collect();
        let beyond = addresses.iter().find(|address| !address.ip().to_canonical().is_loopback());
        if let (Some(address), false, Some(raw)) = (beyond, open, self.chosen.get("listen")) {
            let message = format!(
                "{address} can be reached from other machines, and everybody who reaches the server \
                 may read and change every document; say who may with --auth-secret, --auth-key, \
                 --auth-url or --y-sweet-auth, add --open if everybody is what you want, or listen on 127.0.0.1 behind \
                 a proxy that asks people to sign in"
            );
            self.mistakes.push(Mistake::new(raw.source.clone(), &message));
        }
        if self.chosen.contains_key("listen") { addresses } else { vec![DEFAULT_ADDRESS] }
    }

    fn list_documents(&mut self, listen: &[SocketAddr], open: bool) -> bool {
        let loopback = listen.iter().all(|address| address.ip().to_canonical().is_loopback());
        self.switch_if_set("list-documents").unwrap_or(loopback && !open)
    }

    fn data(&mut self) -> Data {
        let directory = self.one("data", path);
        if !self.switch("memory") {
            return Data::Directory(directory.unwrap_or_else(|| DEFAULT_DATA.into()));
        }
        // `--memory` on the command line tries something out beside a configured directory; both
        // in one place contradict each other.
        if let (Some(memory), Some(data)) = (self.chosen.get("memory"), self.chosen.get("data"))
            && memory.source.rank() <= data.source.rank()
        {
            let message = format!("keeps nothing, so {} has no use; drop one of them", data.source);
            let source = memory.source.clone();
            self.mistakes.push(Mistake::new(source, &message));
        }
        Data::Memory
    }

    fn tls(&mut self) -> Option<TlsFiles> {
        let certificate = self.one("tls-cert", path);
        let key = self.one("tls-key", path);
        let alone = match (&certificate, &key) {
            (Some(_), None) => Some(("tls-cert", "tls-key")),
            (None, Some(_)) => Some(("tls-key", "tls-cert")),
            _ => None,
        };
        // One that is written but unusable is a mistake already.
        if let Some((given, missing)) = alone
            && !self.chosen.contains_key(missing)
        {
            let source = self.chosen[given].source.clone();
            self.mistakes.push(Mistake::new(source, &format!("TLS needs --{missing} as well")));
        }
        Some(TlsFiles { certificate: certificate?, key: key? })
    }

    fn web_dir(&mut self) -> Option<PathBuf> {
        self.one("web-dir", |text| {
            let directory = path(text)?;
            if directory.join("index.html").is_file() {
                Ok(directory)
            } else {
                Err(format!("there is no index.html in {text}"))
            }
        })
    }

    fn limits(&mut self) -> Limits {
        let mut limits = Limits::default();
        if let Some(connections) = self.one("max-connections", at_least_one) {
            limits.connections = connections;
        }
        if let Some(connections) = self.one("max-connections-per-address", at_least_one) {
            limits.connections_per_address = connections;
        }
        let document = self.one("max-document-size", |text| {
            within(units::size(text)?, 64 << 10, 1 << 30, "between 64KiB and 1GiB")
        });
        if let Some(bytes) = document.and_then(|bytes| usize::try_from(bytes).ok()) {
            limits.document_bytes = bytes;
            // A client that was offline sends its whole difference as one message, which is the
            // document and a few bytes of frame.
            limits.message_bytes = bytes;
            limits.update_bytes = limits.update_bytes.min(bytes);
        }
        if let Some(unload_after) = self.one("unload-after", units::duration) {
            limits.unload_after = unload_after;
        }
        if let Some(keep_deleted) = self.one("keep-deleted", units::duration) {
            limits.keep_deleted = keep_deleted;
        }
        let pause = self.one("version-pause", |text| {
            if text.trim() == "off" { Ok(Duration::ZERO) } else { units::duration(text) }
        });
        if let Some(pause) = pause {
            limits.version_pause = pause;
        }
        limits
    }
}

/// Reads `8080`, `127.0.0.1`, `[::]:8080`, `localhost:8080` (both loopback addresses).
fn listen_addresses(text: &str) -> Result<Vec<SocketAddr>, String> {
    if let Ok(address) = text.parse() {
        return Ok(vec![address]);
    }
    if let Ok(address) = text.trim_matches(['[', ']']).parse::<IpAddr>() {
        return Ok(vec![(address, DEFAULT_ADDRESS.port()).into()]);
    }
    if let Ok(port) = text.strip_prefix(':').unwrap_or(text).parse() {
        return Ok(vec![(DEFAULT_ADDRESS.ip(), port).into()]);
    }
    let (host, port) = text.split_once(':').unwrap_or((text, "8080"));
    if let ("localhost", Ok(port)) = (host, port.parse::<u16>()) {
        let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(std::net::Ipv6Addr::LOCALHOST)];
        return Ok(loopback.map(|address| (address, port).into()).into());
    }
    Err(format!(
        "`{text}` is not an address to listen on; write 127.0.0.1:8080, [::1]:8080, localhost:8080 or \
         just the port"
    ))
}

fn path(text: &str) -> Result<PathBuf, String> {
    if text.is_empty() { Err("the path is empty".into()) } else { Ok(Path::new(text).to_owned()) }
}

fn number<T: FromStr>(text: &str) -> Result<T, String> {
    text.replace('_', "").parse().map_err(|_| format!("`{text}` is not a number"))
}

fn at_least_one(text: &str) -> Result<usize, String> {
    within(number(text)?, 1, usize::MAX, "at least 1")
}

fn within<T: PartialOrd>(value: T, min: T, max: T, words: &str) -> Result<T, String> {
    if value >= min && value <= max { Ok(value) } else { Err(format!("it must be {words}")) }
}

#[cfg(test)]
mod tests;
