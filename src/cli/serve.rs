//! `coscribe serve`: the flags of the server, and its process.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use crate::server::{
    self, Ended,
    config::{Config, Written},
    shutdown::Signals,
};

/// Flags as they were given. Values stay text, so that mistakes in flags, variables and the file
/// are understood in one place and told together.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct ServeArguments {
    /// Listen here: an address, a port, or both. May be given several times
    /// [default: 127.0.0.1:8080].
    #[arg(short, long, value_name = "ADDRESS", help_heading = "Network")]
    listen: Vec<String>,

    /// Let everybody who reaches the server read and change every document. Needed to listen
    /// beyond this machine where no --auth-… says who may.
    #[arg(long, help_heading = "Network")]
    open: bool,

    /// Believe tokens (JWT) that your app signs with this secret of at least 32 bytes. Better given
    /// as COSCRIBE_AUTH_SECRET: options can be seen by everybody on the machine.
    #[arg(long, value_name = "SECRET", help_heading = "Rights")]
    auth_secret: Option<String>,

    /// Believe tokens signed with a key in a file: HS256, RS256 or EdDSA, with an id if tokens name
    /// one, as in RS256@2026:keys/app.pem. May be given several times.
    #[arg(long, value_name = "ALGORITHM[@ID]:FILE", help_heading = "Rights")]
    auth_key: Vec<String>,

    /// Believe only tokens made for this audience (aud).
    #[arg(long, value_name = "NAME", help_heading = "Rights")]
    auth_audience: Vec<String>,

    /// Look for a token in this cookie as well.
    #[arg(long, value_name = "NAME", help_heading = "Rights")]
    auth_cookie: Option<String>,

    /// What a token allows that names no document: none, view, comment, edit or owner
    /// [default: none].
    #[arg(long, value_name = "ROLE", help_heading = "Rights")]
    auth_role: Option<String>,

    /// Listen here for those who run the server: metrics, its page, levels of the log; loopback unless
    /// an address says otherwise. May be given several times.
    #[arg(long, value_name = "ADDRESS", help_heading = "Operations")]
    admin_listen: Vec<String>,

    /// Ask your app who may do what: a POST of JSON to this address.
    #[arg(long, value_name = "URL", help_heading = "Rights")]
    auth_url: Option<String>,

    /// Show your app this cookie of who asks. May be given several times.
    #[arg(long, value_name = "NAME", help_heading = "Rights")]
    auth_url_cookie: Vec<String>,

    /// Ask your app again after this long, 1s to 1m [default: 10s].
    #[arg(long, value_name = "TIME", help_heading = "Rights")]
    auth_recheck: Option<String>,

    /// Believe tokens of y-sweet that this key has signed, and issue such tokens: what y-sweet was
    /// started with (--auth). Better given as COSCRIBE_Y_SWEET_AUTH. May be given several times.
    #[arg(long, value_name = "KEY", help_heading = "Rights")]
    y_sweet_auth: Vec<String>,

    /// Where people sign in, as in https://app.example/login?next={url}; the pages put their own
    /// address in the place of {url}.
    #[arg(long, value_name = "URL", help_heading = "Rights")]
    sign_in_url: Option<String>,

    /// Where clients of y-sweet find /y-sweet, as in https://docs.example/y-sweet
    /// [default: where their app found it].
    #[arg(long, value_name = "URL", help_heading = "Rights")]
    y_sweet_url: Option<String>,

    /// Speak TLS with this certificate chain (PEM). Read again on SIGHUP.
    #[arg(long, value_name = "FILE", help_heading = "Network")]
    tls_cert: Option<String>,

    /// The certificate's private key (PEM).
    #[arg(long, value_name = "FILE", help_heading = "Network")]
    tls_key: Option<String>,

    /// What stands in front of the server's addresses in a browser, as in /docs, where a proxy
    /// serves more than this server. The proxy may take it off or not.
    #[arg(long, value_name = "PATH", help_heading = "Network")]
    base: Option<String>,

    /// A name under which people reach the server, as behind a proxy; `*` for any. Addresses and
    /// localhost always work.
    #[arg(long, value_name = "NAME", help_heading = "Network")]
    allow_host: Vec<String>,

    /// A site whose pages may connect, such as `https://app.example`; `*` for any. The server's own
    /// pages always may.
    #[arg(long, value_name = "ORIGIN", help_heading = "Network")]
    allow_origin: Vec<String>,

    /// The address or network of a proxy, such as 10.0.0.0/8, that says in X-Forwarded-For for whom
    /// it asks. Nobody else is believed.
    #[arg(long, value_name = "ADDRESS", help_heading = "Network")]
    trust_proxy: Vec<String>,

    /// Keep documents in this directory [default: data/store].
    #[arg(short, long, value_name = "DIR", help_heading = "Documents")]
    data: Option<String>,

    /// Keep documents in memory only; they are gone when the server stops.
    #[arg(long, help_heading = "Documents")]
    memory: bool,

    /// Largest document [default: 50MiB].
    #[arg(long, value_name = "SIZE", help_heading = "Documents")]
    max_document_size: Option<String>,

    /// Let go of a document this long after the last person left it [default: 60s].
    #[arg(long, value_name = "TIME", help_heading = "Documents")]
    unload_after: Option<String>,

    /// Tell everybody which documents there are: true or false [default: true where only this machine
    /// can reach the server, false with --open].
    #[arg(long, value_name = "SWITCH", help_heading = "Documents")]
    list_documents: Option<String>,

    /// Keep a deleted document in the bin for this long [default: 30d].
    #[arg(long, value_name = "TIME", help_heading = "Documents")]
    keep_deleted: Option<String>,

    /// The first edit after a pause of this length makes a version of what was there before; off for
    /// never [default: 30m].
    #[arg(long, value_name = "TIME", help_heading = "Documents")]
    version_pause: Option<String>,

    /// How much of the past is kept: forever, a number of days as in 30d, versions, or forget for
    /// only the present; a document may have a policy of its own [default: forever].
    #[arg(long, value_name = "POLICY", help_heading = "Documents")]
    retention: Option<String>,

    /// Start a new journal file when one has this size [default: 64MiB].
    #[arg(long, value_name = "SIZE", help_heading = "Documents")]
    journal_file_size: Option<String>,

    /// Threads that work on documents [default: one per core, at most 4].
    #[arg(long, value_name = "NUMBER", help_heading = "Documents")]
    document_threads: Option<String>,

    /// Connections at a time [default: 10000].
    #[arg(long, value_name = "NUMBER", help_heading = "Network")]
    max_connections: Option<String>,

    /// Connections at a time from one address, loopback excepted [default: 1000].
    #[arg(long, value_name = "NUMBER", help_heading = "Network")]
    max_connections_per_address: Option<String>,

    /// Tell this address what happens to documents, by POST. Several are written as tables in the
    /// file: [[webhook]].
    #[arg(long, value_name = "URL", help_heading = "Webhooks")]
    webhook_url: Option<String>,

    /// Sign events with this secret (whsec_… or any text; better set as COSCRIBE_WEBHOOK_SECRET). Two,
    /// separated by a comma, while one takes the other's place.
    #[arg(long, value_name = "SECRET", help_heading = "Webhooks")]
    webhook_secret: Option<String>,

    /// Remember the receiver under this name, also when its address changes.
    #[arg(long, value_name = "NAME", help_heading = "Webhooks")]
    webhook_name: Option<String>,

    /// Tell only of these: created, changed, renamed, deleted, restored, version [default: all].
    #[arg(long, value_name = "EVENTS", help_heading = "Webhooks")]
    webhook_events: Vec<String>,

    /// Send the whole document with its changes, as none, text, markdown, html, json or update
    /// [default: none].
    #[arg(long, value_name = "FORMAT", help_heading = "Webhooks")]
    webhook_content: Option<String>,

    /// Tell of changes once there were none for this long, and after five times that at the latest
    /// [default: 2s].
    #[arg(long, value_name = "TIME", help_heading = "Webhooks")]
    webhook_debounce: Option<String>,

    /// Send metrics to this collector of OpenTelemetry (OTLP/HTTP with JSON), as in
    /// http://localhost:4318.
    #[arg(long, value_name = "URL", help_heading = "Operation")]
    otlp_endpoint: Option<String>,

    /// Send them again after this long, 1s to 1h [default: 60s].
    #[arg(long, value_name = "TIME", help_heading = "Operation")]
    otlp_interval: Option<String>,

    /// What to tell: off, error, warn, info, debug or trace, and levels for parts, as in
    /// info,coscribe::storage=debug [default: info].
    #[arg(long, value_name = "FILTER", help_heading = "Operation")]
    log: Option<String>,

    /// How to tell it: human or json [default: human].
    #[arg(long, value_name = "FORMAT", help_heading = "Operation")]
    log_format: Option<String>,

    /// Serve the web pages from this directory instead of those built in, to work on them.
    #[arg(long, value_name = "DIR", help_heading = "Operation")]
    web_dir: Option<String>,

    /// Read settings from this file [default: coscribe.toml, if there is one].
    #[arg(long, value_name = "FILE", help_heading = "Operation")]
    config: Option<PathBuf>,
}

const AFTER_HELP: &str = "\
Every option but --config can also be written in coscribe.toml (listen = \"127.0.0.1:9000\") or as an
environment variable (COSCRIBE_LISTEN=127.0.0.1:9000). An option beats a variable, which beats the file.

Examples:
  coscribe                                  try it: http://127.0.0.1:8080
  coscribe serve --memory --listen 9000     nothing is kept
  coscribe serve --allow-host docs.example  behind a proxy that people reach as docs.example";

impl ServeArguments {
    /// What was given, by the names of the settings, and the file to read.
    fn into_flags(self) -> (Vec<(&'static str, Vec<String>)>, Option<PathBuf>) {
        let switch = |on: bool| if on { vec!["true".to_owned()] } else { Vec::new() };
        let one = |value: Option<String>| value.into_iter().collect();
        let mut flags = vec![
            ("listen", self.listen),
            ("open", switch(self.open)),
            ("auth-secret", one(self.auth_secret)),
            ("auth-key", self.auth_key),
            ("auth-audience", self.auth_audience),
            ("auth-cookie", one(self.auth_cookie)),
            ("auth-role", one(self.auth_role)),
            ("auth-url", one(self.auth_url)),
            ("auth-url-cookie", self.auth_url_cookie),
            ("auth-recheck", one(self.auth_recheck)),
            ("sign-in-url", one(self.sign_in_url)),
            ("y-sweet-auth", self.y_sweet_auth),
            ("y-sweet-url", one(self.y_sweet_url)),
            ("tls-cert", one(self.tls_cert)),
            ("tls-key", one(self.tls_key)),
            ("base", one(self.base)),
            ("allow-host", self.allow_host),
            ("allow-origin", self.allow_origin),
            ("trust-proxy", self.trust_proxy),
            ("data", one(self.data)),
            ("memory", switch(self.memory)),
            ("max-document-size", one(self.max_document_size)),
            ("unload-after", one(self.unload_after)),
            ("admin-listen", self.admin_listen),
            ("list-documents", one(self.list_documents)),
            ("keep-deleted", one(self.keep_deleted)),
            ("version-pause", one(self.version_pause)),
            ("retention", one(self.retention)),
            ("journal-file-size", one(self.journal_file_size)),
            ("document-threads", one(self.document_threads)),
            ("max-connections", one(self.max_connections)),
            ("max-connections-per-address", one(self.max_connections_per_address)),
            ("webhook-url", one(self.webhook_url)),
            ("webhook-secret", one(self.webhook_secret)),
            ("webhook-name", one(self.webhook_name)),
            ("webhook-events", self.webhook_events),
            ("webhook-content", one(self.webhook_content)),
            ("webhook-debounce", one(self.webhook_debounce)),
            ("otlp-endpoint", one(self.otlp_endpoint)),
            ("otlp-interval", one(self.otlp_interval)),
            ("log", one(self.log)),
            ("log-format", one(self.log_format)),
            ("web-dir", one(self.web_dir)),
        ];
        flags.retain(|(_, values)| !values.is_empty());
        (flags, self.config)
    }
}

/// Runs the server until it is told to stop.
pub(super) fn serve(arguments: ServeArguments) -> anyhow::Result<ExitCode> {
    let (flags, file) = arguments.into_flags();
    let config = match Written::read(flags, file).and_then(|it| Config::understand(&it)) {
        Ok(config) => config,
        Err(mistakes) => return super::not_understood(&mistakes),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ended = runtime.block_on(async {
        let signals = Signals::of_process()?;
        server::run(&config, signals).await
    });
    // Whatever is still running has had its time.
    runtime.shutdown_background();
    Ok(match ended? {
        Ended::InOrder => ExitCode::SUCCESS,
        // As shells report a process that a signal ended.
        Ended::Forced(signal) => ExitCode::from(u8::try_from(128 + signal).unwrap_or(u8::MAX)),
    })
}
