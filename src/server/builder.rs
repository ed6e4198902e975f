//! Describes a server before it runs: where documents are kept, who may come, what is asked of whom.

use std::{
    net::SocketAddr, path::PathBuf, sync::Arc, thread::available_parallelism, time::Duration,
};

use anyhow::Context;
use futures_util::{FutureExt, future::join_all};
use tokio::{
    runtime::Handle,
    sync::{Mutex, watch},
};

use super::{
    Server,
    config::{Config, Data, Otlp, RightsConfig, Webhook},
    footprint, look, otlp, retention, rights, sweep, webhooks,
};
use crate::{
    auth::{
        Authorizer,
        y_sweet::{self, YSweetTokens},
    },
    clock::{Clock, SystemClock},
    document::{Documents, Setup},
    history::{History, retention::Policy},
    hooks::{Hooks, Runner},
    http::{
        self, Site,
        api::{Api, Running},
        guard::{AllowedHost, AllowedOrigin, Guard},
        listener::{Listener, Options},
        mount::{BadBase, Base},
        proxies::{Network, TrustedProxies},
        rights::Rights,
        service::Routes,
        slots::Slots,
        socket::{Connections, Sockets},
        tls::{Tls, TlsFiles},
        web_app::{SignInUrl, WebApp},
        y_sweet::{ClientAddress, YSweet},
    },
    limits::Limits,
    random::SystemRandom,
    storage::{
        Store,
        disk::StdDisk,
        local::{Local, LocalOptions},
        memory::Memory,
    },
    telemetry::{Log, Meter, stats::Stats, warnings::StoreRecovered},
};

/// Threads for documents unless the configuration says otherwise. Sockets need the other cores.
const DOCUMENT_THREADS: usize = 4;

/// Threads for the pasts of documents, at most.
const HISTORY_THREADS: usize = 2;

/// A server in the making: say where documents are kept, then [`Builder::build`].
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// use coscribe::Server;
///
/// let server = Server::builder().memory().listen("127.0.0.1:0".parse()?).build().await?;
/// println!("http://{}", server.addresses()[0]);
/// server.shutdown().await?;
/// # anyhow::Ok(()) }).unwrap();
/// ```
#[derive(Default)]
#[must_use = "nothing runs before `build`"]
pub struct Builder {
    place: Option<Place>,
    journal_file_bytes: Option<u64>,
    listen: Vec<SocketAddr>,
    admin_listen: Vec<SocketAddr>,
    tls: Option<TlsFiles>,
    guard: Guard,
    base: Base,
    proxies: TrustedProxies,
    web_dir: Option<PathBuf>,
    list_documents: bool,
    retention: Policy,
    document_threads: Option<usize>,
    limits: Limits,
    hooks: Option<MakeHooks>,
    authorizer: Option<Arc<dyn Authorizer>>,
    rights: RightsConfig,
    webhooks: Vec<Webhook>,
    otlp: Option<Otlp>,
    log: Option<Log>,
}

/// Hooks wait for the runtime that they will run on.
type MakeHooks = Box<dyn FnOnce(Handle, Duration, Arc<Meter>) -> Runner + Send + Sync>;

/// Where documents are kept.
enum Place {
    Directory(PathBuf),
    Memory,
    Store(Arc<dyn Store>),
}

impl Builder {
    /// Keeps documents in this directory, which is made if it is not there. Only one server can
    /// have it open.
    pub fn data(mut self, directory: impl Into<PathBuf>) -> Self {
        self.place = Some(Place::Directory(directory.into()));
        self
    }

    /// Keeps documents in memory only: they are gone with the server.
    pub fn memory(mut self) -> Self {
        self.place = Some(Place::Memory);
        self
    }

    /// Keeps documents in a store of your own. What it promises is in [`Store`]; the feature
    /// `conformance` has the tests that it must pass.
    pub fn store(mut self, store: Arc<dyn Store>) -> Self {
        self.place = Some(Place::Store(store));
        self
    }

    /// Listens on this address as well, which may be called several times. A server that is only
    /// mounted in an app listens nowhere.
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen.push(address);
        self
    }

    /// Listens here for those who run the server: metrics, the page of the server and what it shows.
    /// Everybody who reaches it may read the metrics; on this machine everybody may do the rest.
    pub fn admin_listen(mut self, address: SocketAddr) -> Self {
        self.admin_listen.push(address);
        self
    }

    /// Lets browsers reach the server under this host name (or any, with `*`). Addresses and
    /// `localhost` are always allowed; see [`Guard`] for why names are not.
    pub fn allow_host(mut self, host: AllowedHost) -> Self {
        self.guard.hosts.push(host);
        self
    }

    /// Lets pages of this origin connect, besides the server's own.
    pub fn allow_origin(mut self, origin: AllowedOrigin) -> Self {
        self.guard.origins.push(origin);
        self
    }

    /// Believes this proxy when it says in `X-Forwarded-For` for whom it asks, where the server
    /// listens itself. A mounted one sees the addresses that its app hands on.
    pub fn trust_proxy(mut self, proxy: Network) -> Self {
        self.proxies.0.push(proxy);
        self
    }

    /// Says what stands in front of the routes' addresses in a browser and is taken off before the
    /// routes see them: `/docs` for `nest_service("/docs", server.service())` in axum. What a warp
    /// app mounts under is seen by itself; where the server listens, it takes this off itself if a
    /// proxy in front has not.
    ///
    /// # Errors
    /// When it is not a plain path.
    pub fn base(mut self, base: &str) -> Result<Self, BadBase> {
        self.base = base.parse()?;
        Ok(self)
    }

    /// Serves the pages in this directory, laid out like `web/`, instead of those built in.
    pub fn web_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.web_dir = Some(directory.into());
        self
    }

    /// Lets everybody see which documents there are. Otherwise a document is for those who know its
    /// name.
    pub fn list_documents(mut self, list: bool) -> Self {
        self.list_documents = list;
        self
    }

    /// How much of pasts is kept where documents do not say otherwise; for ever unless it is said.
    pub fn retention(mut self, policy: Policy) -> Self {
        self.retention = policy;
        self
    }

    /// Threads for documents; as many as there are cores, at most four, unless it is said.
    pub fn document_threads(mut self, threads: usize) -> Self {
        self.document_threads = Some(threads);
        self
    }

    /// Asks this who may do what. Without one everybody may do everything. Share links lead to
    /// documents besides.
    pub fn authorizer(mut self, authorizer: Arc<dyn Authorizer>) -> Self {
        self.authorizer = Some(authorizer);
        self
    }

    /// Tells this receiver what happens to documents; may be called several times.
    pub fn webhook(mut self, webhook: Webhook) -> Self {
        self.webhooks.push(webhook);
        self
    }

    /// Has the pages send people here to sign in, where rights let nobody in without it.
    pub fn sign_in_url(mut self, url: SignInUrl) -> Self {
        self.rights.sign_in = Some(url);
        self
    }

    /// Believes tokens of y-sweet that this key has signed, and signs new ones with it if it is the
    /// first that is given.
    pub fn y_sweet_key(mut self, key: y_sweet::Key) -> Self {
        self.rights.y_sweet.push(key);
        self
    }

    /// Names the server so in client tokens of y-sweet, and not as who asks for one does: for a
    /// server behind a proxy that ends TLS.
    pub fn y_sweet_address(mut self, address: ClientAddress) -> Self {
        self.rights.y_sweet_address = Some(address);
        self
    }

    /// The bounds that documents and connections keep.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Calls these at the moments that they want to watch, change or refuse, on the runtime that
    /// [`Builder::build`] is called on.
    pub fn hooks(mut self, hooks: impl Hooks) -> Self {
        self.hooks =
            Some(Box::new(move |on, patience, meter| Runner::new(hooks, on, patience, meter)));
        self
    }

    /// Lets those who run the server change what is logged.
    pub(super) fn log(mut self, log: Option<Log>) -> Self {
        self.log = log;
        self
    }

    /// Opens the store, takes the addresses and begins to serve.
    ///
    /// # Errors
    /// When one of these fails, or nothing says where documents are kept; nothing is left behind
    /// then.
    pub async fn build(mut self) -> anyhow::Result<Server> {
        let tls = self.tls.clone().map(Tls::load).transpose()?.map(Arc::new);
        // Before the store: a second server by mistake should hear about the address first.
        let listener = Listener::bind(&self.listen).await?;
        let admin = Listener::bind(&self.admin_listen).await?;
        let addresses = listener.addresses().to_vec();
        let admin_addresses = admin.addresses().to_vec();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let cores = available_parallelism().map_or(1, usize::from);
        let meter = Arc::new(Meter::default());
        let store = self.open_store(Arc::clone(&clock), &meter).await?;
        let (store, told) = webhooks::watch(store, &clock, &self.webhooks).await?;
        let documents = self.start_documents(store, &clock, cores, &meter)?;
        let connections = Connections::default();
        let y_sweet = YSweetTokens::new(self.rights.y_sweet.clone(), Arc::clone(&clock));
        let y_sweet = Arc::new(y_sweet);
        let authorizer = match &self.authorizer {
            Some(authorizer) => rights::with_links(Arc::clone(authorizer), &y_sweet, &documents),
            None => rights::authorizer(&self.rights, &y_sweet, &documents, &clock)?,
        };
        // An embedder's own authorizer believes tokens of its own kind, if any.
        let issuer = match &self.authorizer {
            Some(_) => None,
            None => rights::issuer(&self.rights)?,
        };
        let rights =
            Arc::new(Rights::new(authorizer, Arc::clone(&clock)).metered(Arc::clone(&meter)));
        let (stop, draining) = watch::channel(false);
        webhooks::start(told, &documents, &clock, &draining);
        let mut options = Options::new(&self.limits, tls.clone());
        let slots = Slots::new(self.limits.connections, self.limits.connections_per_address);
        options.slots = slots.clone();
        options.base = self.base.clone();
        options.proxies = self.proxies.clone();
        options.meter = meter;
        let api = self.api(&documents, cores, &clock, &stop)?;
        let api = api.with_rights(Arc::clone(&rights), connections.clone());
        let api = Arc::new(api.with_issuer(issuer));
        let site =
            self.site(&documents, Arc::clone(&api), &rights, y_sweet, &slots, draining.clone());
        let sockets = Arc::new(Sockets {
            documents: documents.clone(),
            connections: connections.clone(),
            rights: Arc::clone(&rights),
        });
        let serve = move |socket, accepted| sockets.serve(socket, accepted);
        let site = Arc::new(site);
        let for_admins = http::routes_for_admins(&site);
        let routes = Routes::new(http::routes(site, serve));
        let admin_options = Options { admin: true, tls: None, ..options.clone() };
        let serving = [
            listener.serve(routes.filter(), options, draining.clone()),
            admin.serve(for_admins, admin_options, draining),
        ];
        let listens = !addresses.is_empty() || !admin_addresses.is_empty();
        let listening = listens.then(|| tokio::spawn(join_all(serving).map(drop)));
        let listening = Mutex::new(listening);
        let shown = super::Documents::new(documents.clone(), connections.clone());
        Ok(Server {
            routes,
            addresses,
            admin_addresses,
            tls,
            slots,
            connections,
            api,
            all: documents,
            documents: shown,
            stop,
            listening,
        })
    }

    /// The API, and what goes on by itself behind it.
    fn api(
        &mut self,
        documents: &Documents,
        cores: usize,
        clock: &Arc<dyn Clock>,
        stop: &watch::Sender<bool>,
    ) -> anyhow::Result<Api> {
        let history = History::keeping(
            Arc::clone(documents.store()),
            &self.limits,
            (cores / 2).clamp(1, HISTORY_THREADS),
            self.retention,
        )
        .context("cannot start the threads for the past")?
        .metered(documents.meter(), clock);
        let keeping =
            retention::keep_to_policies(history.clone(), Arc::clone(clock), stop.subscribe());
        tokio::spawn(keeping);
        tokio::spawn(sweep(documents.clone(), stop.subscribe()));
        let meter = documents.meter();
        if let Some(Place::Directory(path)) = &self.place {
            let watching = footprint::watch(path.clone(), Arc::clone(meter), stop.subscribe());
            tokio::spawn(watching);
        }
        otlp::start(self.otlp.as_ref(), documents, clock, &stop.subscribe())?;
        let stats = Arc::new(Stats::new(Arc::clone(meter)));
        let looking =
            look(Arc::clone(&stats), documents.clone(), Arc::clone(clock), stop.subscribe());
        tokio::spawn(looking);
        let running = Running::new(stats, self.log.take(), clock.now());
        let api = Api::new(documents.clone(), history, self.list_documents);
        Ok(api.with_running(running))
    }

    fn start_documents(
        &mut self,
        store: Arc<dyn Store>,
        clock: &Arc<dyn Clock>,
        cores: usize,
        meter: &Arc<Meter>,
    ) -> anyhow::Result<Documents> {
        let setup = Setup {
            store,
            clock: Arc::clone(clock),
            random: Arc::new(SystemRandom),
            limits: self.limits.clone(),
            hooks: self.hooks.take().map_or_else(Runner::default, |make| {
                make(Handle::current(), self.limits.hook, Arc::clone(meter))
            }),
            threads: self.document_threads.unwrap_or(cores.min(DOCUMENT_THREADS)).max(1),
        };
        Documents::metered(setup, Arc::clone(meter)).context("cannot start the document threads")
    }

    fn site(
        &self,
        documents: &Documents,
        api: Arc<Api>,
        rights: &Arc<Rights>,
        y_sweet: Arc<YSweetTokens>,
        slots: &Slots,
        draining: watch::Receiver<bool>,
    ) -> Site {
        let store = Arc::clone(documents.store());
        let asked = ClientAddress::AsAsked { secure: self.tls.is_some() };
        let address = self.rights.y_sweet_address.clone().unwrap_or(asked);
        let y_sweet = YSweet::new(documents.clone(), Arc::clone(rights), y_sweet, address);
        let web_app = self.web_dir.clone().map_or_else(WebApp::embedded, WebApp::directory);
        Site {
            guard: self.guard.clone(),
            rights: Arc::clone(rights),
            api,
            y_sweet: Arc::new(y_sweet),
            web_app: web_app.signing_in_at(self.rights.sign_in.clone()),
            base: self.base.clone(),
            slots: slots.clone(),
            health: Box::new(move || store.health()),
            draining,
        }
    }

    /// Opens the engine, off the threads that serve: it reads the whole journal.
    async fn open_store(
        &self,
        clock: Arc<dyn Clock>,
        meter: &Arc<Meter>,
    ) -> anyhow::Result<Arc<dyn Store>> {
        let path = match &self.place {
            Some(Place::Directory(path)) => path,
            Some(Place::Memory) => return Ok(Arc::new(Memory::new())),
            Some(Place::Store(store)) => return Ok(Arc::clone(store)),
            None => anyhow::bail!("nothing says where documents are kept: data, store or memory"),
        };
        let mut options = LocalOptions::new(path);
        options.meter = Arc::clone(meter);
        if let Some(bytes) = self.journal_file_bytes {
            options.journal_file_bytes = bytes;
        }
        let opening = move || Local::open(options, Arc::new(StdDisk), clock);
        let (store, report) = tokio::task::spawn_blocking(opening).await??;
        if report.damage.is_empty() && report.torn_bytes == 0 {
            tracing::debug!("{report}");
        } else {
            StoreRecovered { report: &report }.note();
        }
        Ok(Arc::new(store))
    }
}

impl From<&Config> for Builder {
    fn from(config: &Config) -> Self {
        let Config {
            guard,
            base,
            proxies,
            tls,
            web_dir,
            list_documents,
            limits,
            rights,
            webhooks,
            otlp,
            ..
        } = config.clone();
        Self {
            place: Some(match &config.data {
                Data::Directory(path) => Place::Directory(path.clone()),
                Data::Memory => Place::Memory,
            }),
            journal_file_bytes: config.journal_file_bytes,
            listen: config.listen.clone(),
            admin_listen: config.admin_listen.clone(),
            tls,
            guard,
            base,
            proxies,
            web_dir,
            list_documents,
            retention: config.retention,
            document_threads: config.document_threads,
            limits,
            hooks: None,
            authorizer: None,
            rights,
            webhooks,
            otlp,
            log: None,
        }
    }
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder").field("listen", &self.listen).finish_non_exhaustive()
    }
}
