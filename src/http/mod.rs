//! The HTTP edge: which address leads where, and what is refused before anything is done.
//!
//! Translates and delegates. [`routes`] is one warp filter, so that it mounts in a host app too;
//! [`listener`] serves it to a network that is not trusted. What is said on a WebSocket is the
//! handler's business.

pub mod api;
pub mod caller;
mod carrier;
mod counted;
mod credentials;
mod fallback;
pub mod guard;
pub mod health;
pub mod listener;
mod metrics;
pub mod mount;
mod negotiate;
mod problem;
pub mod proxies;
#[cfg(feature = "cli")]
pub mod relay;
pub mod rights;
pub mod service;
pub mod slots;
pub mod socket;
mod stalled;
pub mod tls;
pub mod upgrade;
pub mod web_app;
pub mod y_sweet;

use std::{
    convert::Infallible,
    future::Future,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

use hyper::upgrade::OnUpgrade;
pub(crate) use problem::{problem, read_only};
use tokio::sync::watch;
use warp::{
    Filter, Rejection,
    filters::BoxedFilter,
    http::{
        HeaderMap, HeaderValue, Method, StatusCode,
        header::{CONTENT_LENGTH, RETRY_AFTER, TRANSFER_ENCODING},
    },
    reply::Response,
};

use crate::{
    auth::Credentials,
    ids::{DocumentName, NameError},
    storage::Health,
    telemetry::meter::Class,
};
use api::{Api, Asked};
pub use carrier::Carrier;
use counted::counted;
use guard::{Guard, Refused};
use health::Readiness;
use mount::{Base, Mounted, mounted};
use rights::{Rights, Whence};
use slots::{NoRoom, Slot, Slots};
use upgrade::Handshake;
use web_app::WebApp;
use y_sweet::YSweet;

/// Longest request target. Names have 256 bytes, three times that when escaped; the rest is query.
const URI_BYTES: usize = 8 * 1024;

/// Who asks through a host app that does not say who asks: counted in total only.
const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Where a connection comes from, as a request extension that the listener sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// That a request came through the listener for those who run the server, as a request extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdminListener;

/// What the routes need to know.
pub struct Site {
    /// Who may reach the server through a browser.
    pub guard: Guard,
    /// Who may do what.
    pub rights: Arc<Rights>,
    /// The pages.
    pub web_app: WebApp,
    /// Documents for programs, and for the pages.
    pub api: Arc<Api>,
    /// Documents for the SDK and the clients of y-sweet.
    pub y_sweet: Arc<YSweet>,
    /// Where browsers find the routes, in front of what the filter itself was mounted under.
    pub base: Base,
    /// Room for WebSockets that come through a host app, which counts no connections for us.
    pub slots: Slots,
    /// How the store is doing now.
    pub health: Box<dyn Fn() -> Health + Send + Sync>,
    /// Turns true when the server stops.
    pub draining: watch::Receiver<bool>,
}

impl std::fmt::Debug for Site {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Site").field("guard", &self.guard).finish_non_exhaustive()
    }
}

/// A WebSocket request that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Where it comes from; `None` when a host app serves the routes and does not say.
    pub peer: Option<SocketAddr>,
    /// The document that the path names, or why it cannot name one; `None` at `/ws`, where frames
    /// name it. A bad name is told on the socket, because a browser cannot read a failed handshake.
    pub document: Result<Option<DocumentName>, NameError>,
    /// The query, decoded, in order.
    pub query: Vec<(String, String)>,
    /// The subprotocol that was agreed on: the first that the client offered.
    pub subprotocol: Option<String>,
    /// What the request shows of who sent it.
    pub credentials: Credentials,
}

/// All routes as one filter. `handler` gets each WebSocket on a task of its own.
///
/// `/ws/{document}` and `/ws`, the same below `/sse` for networks without WebSockets, `/api/v1/…`,
/// `/y-sweet/…`, `/healthz`, `/readyz`, `/metrics`, and the web app for everything else.
pub fn routes<H, F>(site: Arc<Site>, handler: H) -> BoxedFilter<(Response,)>
where
    H: Fn(Carrier, Accepted) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let meter = Arc::clone(site.api.meter());
    let counts = |class, routes| counted(&meter, class, routes);
    counts(Class::Health, health_routes(&site))
        .or(counts(Class::Refused, refusals(&site)))
        .unify()
        .or(counts(Class::Metrics, metrics_route(&site)))
        .unify()
        .or(counts(Class::Fallback, fallback::fallback(&site, handler.clone())))
        .unify()
        .or(counts(Class::Socket, websocket(&site, handler.clone())))
        .unify()
        .or(counts(Class::Api, api_routes(&site)))
        .unify()
        .or(counts(Class::YSweet, y_sweet::routes(&site, handler)))
        .unify()
        .or(counts(Class::Page, pages(site)))
        .unify()
        .boxed()
}

/// The routes of the listener for those who run the server: `/healthz`, `/readyz`, `/metrics`,
/// `/api/v1/server/…`, and the page of the server.
pub fn routes_for_admins(site: &Arc<Site>) -> BoxedFilter<(Response,)> {
    let meter = Arc::clone(site.api.meter());
    let counts = |class, routes| counted(&meter, class, routes);
    let elsewhere = |rest: warp::path::Peek| {
        let path = rest.as_str();
        let ours = path.starts_with("api/v1/server") || web_app::is_of_the_server_page(path);
        let why = "this listener is for those who run the server; documents are at the other one";
        ready_if((!ours).then(|| problem(StatusCode::NOT_FOUND, why)))
    };
    counts(Class::Health, health_routes(site))
        .or(counts(Class::Refused, refusals(site)))
        .unify()
        .or(counts(Class::Metrics, metrics_route(site)))
        .unify()
        .or(counts(Class::Refused, warp::path::peek().and_then(elsewhere).boxed()))
        .unify()
        .or(counts(Class::Api, api_routes(site)))
        .unify()
        .or(counts(Class::Page, pages(Arc::clone(site))))
        .unify()
        .boxed()
}

fn health_routes(site: &Arc<Site>) -> BoxedFilter<(Response,)> {
    let site = Arc::clone(site);
    let alive = warp::path!("healthz").map(health::alive);
    let asked = warp::header::headers_cloned().and(whence());
    let answer = move |headers: HeaderMap, whence: Whence| {
        let draining = *site.draining.borrow();
        let readiness = Readiness::of(draining, &(site.health)(), site.api.meter());
        match whence.near || whence.admin_listener {
            true => readiness.response(&headers),
            false => readiness.for_strangers().response(&headers),
        }
    };
    let ready = warp::path!("readyz").and(asked).map(answer);
    let reading = warp::method().and_then(|method| {
        let reads = matches!(method, Method::GET | Method::HEAD);
        ready_if(reads.then_some(()))
    });
    reading.untuple_one().and(alive.or(ready).unify()).boxed()
}

/// What a request says of where it comes from.
fn whence() -> impl Filter<Extract = (Whence,), Error = Infallible> + Clone + Send + Sync {
    warp::header::headers_cloned()
        .and(warp::ext::optional::<Peer>())
        .and(warp::ext::optional::<AdminListener>())
        .map(|headers: HeaderMap, peer: Option<Peer>, listener: Option<AdminListener>| Whence {
            near: guard::is_from_here(peer.map(|Peer(address)| address.ip()), &headers),
            admin_listener: listener.is_some(),
        })
}

fn metrics_route(site: &Arc<Site>) -> BoxedFilter<(Response,)> {
    let site = Arc::clone(site);
    let query = warp::query::<Vec<(String, String)>>();
    warp::path!("metrics")
        .and(warp::method())
        .and(query)
        .and(warp::header::headers_cloned())
        .and(warp::ext::optional::<Peer>())
        .and(whence())
        .then(
            move |method: Method,
                  query: Vec<(String, String)>,
                  headers: HeaderMap,
                  peer: Option<Peer>,
                  whence: Whence| {
                let site = Arc::clone(&site);
                let peer = peer.map(|Peer(address)| address);
                let credentials = credentials::of(&headers, &query, peer);
                async move {
                    if !guard::is_safe(&method) {
                        return read_only();
                    }
                    metrics::answer(&site, &credentials, whence).await
                }
            },
        )
        .boxed()
}

/// Matches what must not reach a route, and answers it.
fn refusals(site: &Arc<Site>) -> BoxedFilter<(Response,)> {
    let site = Arc::clone(site);
    let query = warp::query::raw().or(warp::any().map(String::new)).unify();
    warp::method()
        .and(warp::path::full())
        .and(warp::path::peek())
        .and(query)
        .and(warp::header::headers_cloned())
        .and_then(
            move |method,
                  path: warp::path::FullPath,
                  rest: warp::path::Peek,
                  query: String,
                  headers| {
                let target_bytes = path.as_str().len() + query.len();
                let takes_body = is_below("api", rest.as_str())
                    || is_below(fallback::PATH, rest.as_str())
                    || y_sweet::is_ours(rest.as_str());
                ready_if(refuse(&site, &method, (target_bytes, takes_body), &headers))
            },
        )
        .boxed()
}

fn refuse(
    site: &Site,
    method: &Method,
    (target_bytes, takes_body): (usize, bool),
    headers: &HeaderMap,
) -> Option<Response> {
    if target_bytes > URI_BYTES {
        let detail = format!("the address may have at most {URI_BYTES} bytes");
        return Some(problem(StatusCode::URI_TOO_LONG, &detail));
    }
    let checked = site
        .guard
        .check_host(headers)
        .and_then(|()| if guard::is_safe(method) { Ok(()) } else { check_origin(site, headers) });
    if let Err(refused) = checked {
        return Some(problem(refused.status(), &refused.to_string()));
    }
    let has_body = headers.contains_key(TRANSFER_ENCODING)
        || headers.get(CONTENT_LENGTH).is_some_and(|length| length != "0");
    let why = "only addresses under /api/v1, /y-sweet and /sse take a body";
    (has_body && !takes_body).then(|| problem(StatusCode::PAYLOAD_TOO_LARGE, why))
}

/// Whether a path, as it is below the mount, begins with this segment.
fn is_below(segment: &str, path: &str) -> bool {
    path.strip_prefix(segment).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn api_routes(site: &Arc<Site>) -> BoxedFilter<(Response,)> {
    let api = Arc::clone(&site.api);
    mounted(&site.base)
        .and(warp::path("api"))
        .and(warp::method())
        .and(warp::query::<Vec<(String, String)>>())
        .and(warp::header::headers_cloned())
        .and(warp::ext::optional::<Peer>())
        .and(whence())
        .and(warp::body::stream())
        .then(
            move |mounted: Mounted,
                  method: Method,
                  query: Vec<(String, String)>,
                  headers: HeaderMap,
                  peer: Option<Peer>,
                  whence: Whence,
                  body| {
                let api = Arc::clone(&api);
                let Mounted { base, path } = mounted;
                let peer = peer.map(|Peer(address)| address);
                let credentials = credentials::of(&headers, &query, peer);
                let asked = Asked { method, query, headers, base, credentials, user: None, whence };
                async move { api.answer(&path, &asked, body).await }
            },
        )
        .boxed()
}

fn websocket<H, F>(site: &Arc<Site>, handler: H) -> BoxedFilter<(Response,)>
where
    H: Fn(Carrier, Accepted) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let site = Arc::clone(site);
    warp::path("ws")
        .and(warp::path::tail())
        .and(warp::method())
        .and(warp::header::headers_cloned())
        .and(warp::query::<Vec<(String, String)>>())
        .and(warp::ext::optional::<OnUpgrade>())
        .and(warp::ext::optional::<Peer>())
        .and(warp::ext::optional::<Slot>())
        .map(
            move |path: warp::path::Tail,
                  method: Method,
                  headers: HeaderMap,
                  query: Vec<(String, String)>,
                  on_upgrade: Option<OnUpgrade>,
                  peer: Option<Peer>,
                  slot: Option<Slot>| {
                let handshake = match Handshake::check(&method, &headers, on_upgrade) {
                    Ok(handshake) => handshake,
                    Err(response) => return *response,
                };
                if let Err(response) = admit(&site, &headers) {
                    return *response;
                }
                let slot = match place(&site, slot, peer) {
                    Ok(slot) => slot,
                    Err(full) => return no_room(full),
                };
                let subprotocol = handshake.subprotocol().map(str::to_owned);
                let accepted = Accepted::new(path.as_str(), query, subprotocol, peer, &headers);
                let handler = handler.clone();
                handshake.accept(Some(slot), move |stream| handler(stream, accepted))
            },
        )
        .boxed()
}

impl Accepted {
    fn new(
        path: &str,
        query: Vec<(String, String)>,
        subprotocol: Option<String>,
        peer: Option<Peer>,
        headers: &HeaderMap,
    ) -> Self {
        let peer = peer.map(|Peer(address)| address);
        let credentials = credentials::of(headers, &query, peer);
        let document = match path {
            "" => Ok(None),
            path => DocumentName::from_url_path(path).map(Some),
        };
        Self { peer, document, query, subprotocol, credentials }
    }
}

/// Room for a connection that is to last, unless it has some already.
fn place(site: &Site, slot: Option<Slot>, peer: Option<Peer>) -> Result<Slot, NoRoom> {
    let from = peer.map_or(LOCALHOST, |Peer(address)| address.ip());
    slot.map_or_else(|| site.slots.take(from), Ok)
}

/// Whether the page that asks may. Where cookies may say who is behind a browser, a page on another
/// port of this machine is foreign as well.
fn check_origin(site: &Site, headers: &HeaderMap) -> Result<(), Refused> {
    if site.rights.is_open() {
        site.guard.check_origin(headers)
    } else {
        site.guard.check_listed_origin(headers)
    }
}

/// Decides whether a sound handshake may go on.
fn admit(site: &Site, headers: &HeaderMap) -> Result<(), Box<Response>> {
    check_origin(site, headers)
        .map_err(|refused| Box::new(problem(refused.status(), &refused.to_string())))?;
    check_draining(site)
}

fn check_draining(site: &Site) -> Result<(), Box<Response>> {
    if *site.draining.borrow() {
        let mut response =
            problem(StatusCode::SERVICE_UNAVAILABLE, "the server is stopping; try again soon");
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("2"));
        return Err(Box::new(response));
    }
    Ok(())
}

fn no_room(full: NoRoom) -> Response {
    problem(StatusCode::SERVICE_UNAVAILABLE, &format!("{full}; try again soon"))
}

fn pages(site: Arc<Site>) -> BoxedFilter<(Response,)> {
    mounted(&site.base)
        .and(warp::method())
        .and(warp::header::headers_cloned())
        .then(move |mounted: Mounted, method: Method, headers: HeaderMap| {
            let site = Arc::clone(&site);
            async move {
                let path = mounted.path.trim_start_matches('/');
                site.web_app.answer(&method, path, &mounted.base, &headers).await
            }
        })
        .boxed()
}

/// Goes on with a value, or lets the next route try.
fn ready_if<T>(value: Option<T>) -> std::future::Ready<Result<T, Rejection>> {
    std::future::ready(value.ok_or_else(warp::reject::not_found))
}

#[cfg(test)]
mod tests;
